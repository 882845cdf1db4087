"""`import handful` is cheap, and every public name is there when asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

import handful as hf


@pytest.mark.parametrize("name", hf.__all__)
def test_every_public_name_loads_and_is_listed(name: str) -> None:
    assert getattr(hf, name) is not None
    assert name in dir(hf)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'plann'"):
        hf.plann  # noqa: B018


def test_the_import_loads_no_numerical_stack() -> None:
    code = (
        "import sys, handful; print({'numpy', 'duckdb', 'sklearn', 'pyarrow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"

"""Every example in a docstring runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest
from source import SRC, module_name, modules


def _runnable() -> list[Path]:
    return [path for path in modules() if ">>>" in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", _runnable(), ids=lambda path: str(path.relative_to(SRC)))
def test_examples_run(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(module_name(path))
    outcome = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert outcome.attempted > 0
    assert outcome.failed == 0, capsys.readouterr().out

"""The layers hold, and the light rooms really start without the heavy libraries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from source import ROOT, SRC

HEAVY = ("duckdb", "narwhals", "pandas", "polars", "pyarrow", "scipy", "sklearn", "xgboost")


def _loaded_by(module: str) -> set[str]:
    code = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    run = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT
    )
    return set(run.stdout.split())


def test_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([linter, "--no-cache"], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize(
    "module",
    sorted(f"handful.policy.{path.stem}" for path in (SRC / "policy").glob("[a-z]*.py")),
)
def test_deciding_loads_no_heavy_library(module: str) -> None:
    assert _loaded_by(module).isdisjoint(HEAVY)


def test_importing_handful_loads_no_heavy_library() -> None:
    loaded = _loaded_by("handful")
    assert "handful" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_the_menu_room_loads_no_statistics() -> None:
    modules = sorted((SRC / "menu").glob("[a-z]*.py"))
    names = ", ".join(f"handful.menu.{path.stem}" for path in modules)
    assert _loaded_by(names).isdisjoint(HEAVY)

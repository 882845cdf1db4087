"""A wheel carries everything the package reads at run time, and nothing else of ours."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from source import ROOT, SRC, tracked_files


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of the files in a wheel built from the published files, without compiled kernels."""
    folder = tmp_path_factory.mktemp("wheel")
    for path in tracked_files():
        name = path.relative_to(ROOT)
        if name.parts[0] == "src" or str(name) in {"pyproject.toml", "README.md", "LICENSE"}:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", folder / "dist", folder], check=True)
    wheel = next((folder / "dist").glob("handful-*.whl"))
    return set(zipfile.ZipFile(wheel).namelist())


def test_wheel_has_every_file_of_the_package(carried: set[str]) -> None:
    published = {
        str(path.relative_to(SRC.parent))
        for path in tracked_files()
        if path.is_relative_to(SRC) and path.suffix not in {".c", ".h"}
    }
    assert published - carried == set()


def test_wheel_has_the_demo_data_and_the_report(carried: set[str]) -> None:
    names = {Path(name).name for name in carried}
    assert {"hillstrom.csv.gz", "thornton_hiv.csv.gz", "PROVENANCE.md", "report.html"} <= names


def test_wheel_installs_nothing_beside_the_package(carried: set[str]) -> None:
    tops = {name.split("/")[0] for name in carried}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"handful"}

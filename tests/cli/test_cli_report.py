"""handful report: the page, its text and its print, from a plan folder that was checked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from handful.cli.main import run
from handful.data import demo_path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "plan"
    assert run(["plan", str(demo_path("thornton")), "--out", str(out), "--quiet"]) == 0
    return out


def test_html_is_the_page_and_markdown_its_words(folder: Path, tmp_path: Path) -> None:
    page, text = tmp_path / "r.html", tmp_path / "r.md"
    assert run(["report", str(folder), "--out", str(page), "--quiet"]) == 0
    assert page.read_bytes() == (folder / "report.html").read_bytes()
    assert run(["report", str(folder), "--format", "md", "--out", str(text), "--quiet"]) == 0
    assert text.read_text(encoding="utf-8").startswith("# One offer for everybody")


@pytest.mark.browser
def test_a_pdf_is_printed(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.pdf"
    assert run(["report", str(folder), "--format", "pdf", "--out", str(out), "--quiet"]) == 0
    assert out.read_bytes().startswith(b"%PDF")


def test_without_a_browser_nothing_is_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    out = tmp_path / "r.pdf"
    assert run(["report", str(folder), "--format", "pdf", "--out", str(out)]) == 4
    assert "X907" in capsys.readouterr().err
    assert not out.exists()


def test_a_changed_page_is_refused(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "plan"
    shutil.copytree(folder, other)
    (other / "report.html").write_text("changed", encoding="utf-8")
    out = tmp_path / "r.md"
    assert run(["report", str(other), "--format", "md", "--out", str(out)]) == 2
    assert not out.exists()

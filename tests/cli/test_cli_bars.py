"""Bars are for people at a terminal, and for stages that take a while."""

from __future__ import annotations

import io
import sys

import pytest

from handful.cli import bars
from handful.cli.bars import Bars, progress_for
from handful.progress import SILENT


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_silence_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert progress_for(quiet=False) is SILENT


def test_silence_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert progress_for(quiet=True) is SILENT
    assert isinstance(progress_for(quiet=False), Bars)


def stages(shown: Terminal) -> str:
    progress = Bars()
    progress.advance()
    progress.start("learning", 10)
    for _ in range(10):
        progress.advance()
    progress.start("valuing", 0)
    progress.advance(65_536)
    progress.finish()
    progress.finish()
    return shown.getvalue()


def test_a_short_stage_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    assert stages(shown).strip() == ""


def test_a_long_stage_is_drawn_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setattr(bars, "_DELAY", 0)
    text = stages(shown)
    assert "learning" in text
    assert "/10" in text
    assert "valuing" in text

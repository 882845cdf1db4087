"""Findings are a short list, block first; names from the data cannot drive a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handful.brief import reader
from handful.cli.console import as_json, finding_lines, printable
from handful.cli.main import run
from handful.errors import Finding, Level

LEVELS: tuple[Level, ...] = ("block", "warn", "note")


def findings(block: int, warn: int, note: int) -> list[Finding]:
    counts = dict(zip(LEVELS, (block, warn, note), strict=True))
    return [
        Finding(f"C{100 + i}", level, f"{level} number {i}.", "Do this.")
        for level in ("note", "block", "warn")
        for i in range(counts[level])
    ]


def test_blocks_come_first_each_with_its_remedy() -> None:
    lines = finding_lines(findings(1, 1, 1))
    assert [level for level, _ in lines] == ["block", "", "warn", "", "note", ""]
    assert lines[0][1] == "block C100  block number 0."
    assert lines[1][1].strip() == "-> Do this."


def test_many_findings_keep_the_blocks_remedies_only() -> None:
    lines = finding_lines(findings(2, 6, 4))
    assert len(lines) == 14
    assert [level for level, _ in lines[:4]] == ["block", "", "block", ""]
    assert sum(level == "" for level, _ in lines) == 2


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_never_twenty_lines_and_nothing_uncounted(block: int, warn: int, note: int) -> None:
    lines = finding_lines(findings(block, warn, note))
    assert len(lines) < 20
    shown = sum(level != "" for level, _ in lines)
    rest = block + warn + note - shown
    if rest:
        assert lines[-1][1] == f"... and {rest} more; --json lists all."
    order = [LEVELS.index(level) for level, _ in lines if level in LEVELS]
    assert order == sorted(order)


def test_long_and_broken_messages_become_one_line() -> None:
    finding = Finding("C100", "block", "a\nb\x1b[31m" + "x" * 1000, "y")
    (_, line), _ = finding_lines([finding])
    assert "\n" not in line
    assert "\x1b" not in line
    assert len(line) < 450


@given(st.text())
def test_printable_text_drives_no_terminal(text: str) -> None:
    assert all(letter.isprintable() or letter == "\n" for letter in printable(text))


def test_json_has_no_nan() -> None:
    assert json.loads(as_json({"value": float("nan"), "more": (1, 2)})) == {
        "value": None,
        "more": [1, 2],
    }


def test_a_wrong_brief_exits_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(tmp_path / "no.toml")]) == 3
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("block B100")


def test_a_refusal_is_json_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(tmp_path / "no.toml"), "--json"]) == 3
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert document["verdict"] == {"kind": "refused"}
    assert document["findings"][0]["code"] == "B100"
    assert shown.err == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [(ZeroDivisionError("oh"), "X903"), (MemoryError(), "X901"), (OSError(5, "bad"), "X902")],
)
def test_the_unexpected_is_one_message_and_a_traceback_only_when_asked(
    error: Exception,
    code: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_path: object) -> None:
        raise error

    monkeypatch.setattr(reader, "read_brief", fail)
    assert run(["check", "handful.toml"]) == 4
    shown = capsys.readouterr()
    assert code in shown.err
    assert "Traceback" not in shown.err
    assert run(["check", "handful.toml", "--debug"]) == 4
    assert "Traceback" in capsys.readouterr().err


def test_an_interruption_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(_path: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reader, "read_brief", stop)
    assert run(["check", "handful.toml"]) == 4
    assert capsys.readouterr().err.strip() == (
        "Stopped before the end; nothing was left half-written."
    )

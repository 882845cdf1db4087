"""What the person sees: findings, results and errors, as text or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from handful.delivery.plan_json import plain
from handful.errors import EXIT_OK, EXIT_WARNED, Finding, Level

_ORDER: tuple[Level, ...] = ("block", "warn", "note")
_COLOURS = {"block": "red", "warn": "yellow", "note": "cyan"}
_MOST_LINES = 16
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Console:
    """How one command speaks: the common flags, chosen once.

    Attributes:
        as_json: one JSON document on stdout and nothing else.
        quiet: errors only.
        strict: warnings make the exit code 1.
    """

    as_json: bool = False
    quiet: bool = False
    strict: bool = False

    def say(self, text: str) -> None:
        """Print a line of the result, unless quiet or for a machine.

        Args:
            text: what to say.
        """
        if not (self.quiet or self.as_json):
            click.echo(printable(text))

    def emit(self, document: object) -> None:
        """Print the one JSON document of the command when asked for.

        Args:
            document: records or plain values.
        """
        if self.as_json:
            print_json(document)

    def list_findings(self, findings: Sequence[Finding], *, err: bool = True) -> None:
        """Print findings, block first, unless quiet or for a machine.

        Args:
            findings: what was noticed.
            err: on stderr (beside a result) or on stdout (as the result).
        """
        if not (self.quiet or self.as_json):
            show_findings(findings, err=err)

    def exit_code(self, findings: Iterable[Finding]) -> int:
        """Tell the exit code of a command that went well.

        Args:
            findings: what was noticed.

        Returns:
            1 under --strict when one is a warning, else 0.
        """
        warned = any(finding.level == "warn" for finding in findings)
        return EXIT_WARNED if self.strict and warned else EXIT_OK


def as_json(document: object) -> str:
    r"""Write plain values or records as indented JSON without NaN.

    Args:
        document: records, mappings, sequences and numbers.

    Returns:
        The text.

    Example:
        >>> as_json({"value": float("nan")})
        '{\n  "value": null\n}'
    """
    value: Any = plain(document)
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)


def print_json(document: object) -> None:
    """Print one JSON document on stdout.

    Args:
        document: records or plain values.
    """
    click.echo(as_json(document))


def show_findings(findings: Sequence[Finding], *, err: bool) -> None:
    """Print a compact list, block first; what does not fit is counted.

    Args:
        findings: what was noticed.
        err: print on stderr instead of stdout.
    """
    lines = finding_lines(findings)
    for level, text in lines:
        head, space, rest = text.partition(" ")
        colour = _COLOURS.get(level)
        click.echo(click.style(head, fg=colour, bold=level == "block") + space + rest, err=err)


def finding_lines(findings: Sequence[Finding], most: int = _MOST_LINES) -> list[tuple[str, str]]:
    """Lay findings out as (level, line): the message, then what to do.

    Blocks come first. When not all fit in `most` lines, only blocks keep their remedy, then none
    does, then the least serious are left out and counted.

    Args:
        findings: what was noticed.
        most: lines at most.

    Returns:
        Pairs of level and line; the level of a remedy's line is empty.

    Example:
        >>> finding_lines([Finding("B101", "block", "unknown key.", "Remove it.")])
        [('block', 'block B101  unknown key.'), ('', '            -> Remove it.')]
    """
    ordered = sorted(findings, key=lambda finding: _ORDER.index(finding.level))
    blocks = sum(finding.level == "block" for finding in ordered)
    wanted = (len(ordered), blocks, 0)
    remedies = next(n for n in wanted if len(ordered) + n <= most or n == 0)
    lines: list[tuple[str, str]] = []
    for position, finding in enumerate(ordered):
        if len(lines) >= most - 1 and len(ordered) - position > 1:
            rest = len(ordered) - position
            return [*lines, ("", f"... and {rest} more; --json lists all.")]
        lines += _pair(finding, full=position < remedies)
    return lines


def _pair(finding: Finding, *, full: bool) -> list[tuple[str, str]]:
    head = f"{finding.level:<5} {finding.code:<5} {_clipped(finding.message)}"
    remedy = [("", f"{'':12}-> {_clipped(finding.remedy)}")] if full and finding.remedy else []
    return [(finding.level, head), *remedy]


def _clipped(text: str) -> str:
    """Make one line of it, and not an endless one."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= _LONGEST else line[: _LONGEST - 3] + "..."


def printable(text: str) -> str:
    r"""Escape what a terminal would act upon (names come from data); line breaks stay.

    Args:
        text: any text.

    Returns:
        The text with control characters written as escapes.

    Example:
        >>> printable("a\x1b[31mb")
        'a\\x1b[31mb'
    """
    return "".join(
        letter if letter.isprintable() or letter == "\n" else repr(letter)[1:-1] for letter in text
    )

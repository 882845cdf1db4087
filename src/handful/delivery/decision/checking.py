"""Checks a decision record against the plan it was written from: number by number."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from handful.delivery.decision.markdown import CITED, ENDS
from handful.delivery.markdown import unescaped
from handful.errors import Finding, blocked

_COSTS: Final = ("setup_cost", "content_cost", "holding_cost", "running_cost")
"""What `frontier.N.cost` is the sum of: plan.json holds the parts."""
_UNDER: Final = ("below ", "< ")
"""What stands before a limit in place of a number too small to be written out."""
_ROW: Final = re.compile(r"^\| (\d+) \| (.+) \| `([^`]+)` \| (.+) \|$")
_MARK: Final = re.compile(r" \[(\d+)\]")
_NUMBER: Final = re.compile(r"[−-]?[^\d\s(−-]{0,4}\s?\d[\d,]*(?:\.\d+)?%?")


def check_decision(document: Mapping[str, Any], text: str) -> list[Finding]:
    """Return what is wrong with the numbers that a decision record cites.

    Args:
        document: plan.json as plain values.
        text: decision.md.

    Returns:
        F850 for every number that is not the plan's, is rounded wrongly, or is cited nowhere;
        F851 where the record has no table of its numbers.

    Cost: O(numbers cited x length of the text).

    Example:
        >>> [found.code for found in check_decision({}, "# Decision record")]
        ['F851']
    """
    body, _, cited = text.partition(CITED)
    rows = [found.groups() for line in cited.splitlines() if (found := _ROW.match(line))]
    if not rows:
        message = "expected decision.md to end with a table of the numbers it cites, found none."
        return [blocked("F851", message, "Make the plan again: it writes the record anew.")]
    wrong = [problem for row in rows for problem in _problems(document, body, row)]
    known = {row[0] for row in rows}
    marks = set(_MARK.findall(body))
    wrong += [f"[{mark}] is not in the table" for mark in sorted(marks - known, key=int)]
    return [
        blocked(
            "F850",
            f"decision.md cites a number that is not plan.json's: {problem}.",
            "Make the plan again: it writes the record anew.",
        )
        for problem in wrong
    ]


def _problems(document: Mapping[str, Any], body: str, row: tuple[str, ...]) -> list[str]:
    mark, shown, name, exact = row
    found: list[str] = []
    if f"{shown} [{mark}]" not in body:
        found.append(f"[{mark}] {shown} does not stand in the text")
    said = _numbers(unescaped(shown))
    kept = [float(part) for part in exact.split("; ") if part != "n/a"]
    true = _true_values(document, name)
    if true != kept:
        found.append(f"[{mark}] {name} is {true}, not {exact}")
    elif not _agree(shown, kept, said):
        found.append(f"[{mark}] {shown} is not {exact} rounded")
    return found


def _true_values(document: Mapping[str, Any], name: str) -> list[float]:
    """Return what plan.json holds at a field: one number, or a value with its two ends."""
    path, _, times = name.partition(" x ")
    held: Any = document
    for step in path.split("."):
        held = _step(held, step)
    values = [held.get(end) for end in ENDS] if isinstance(held, Mapping) else [held]
    factor = float(times) if times else None
    return [
        float(value) if factor is None else float(value) * factor
        for value in values
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]


def _step(held: object, step: str) -> object:
    if isinstance(held, Mapping) and step == "cost" and "setup_cost" in held:
        return sum(float(held.get(part) or 0.0) for part in _COSTS)
    if isinstance(held, Mapping):
        return held.get(step)
    if isinstance(held, list) and step.isdigit() and int(step) < len(held):
        return held[int(step)]
    return None


def _numbers(shown: str) -> list[tuple[float, float]]:
    """Return each number of a text with half a unit of its last digit."""
    found = []
    for token in _NUMBER.findall(shown):
        digits = "".join(c for c in token if c.isdigit() or c == ".")
        places = len(digits.partition(".")[2])
        size = 0.01 if token.endswith("%") else 1.0
        trailing = _trailing(digits) if not places else 1.0
        sign = -1.0 if token.startswith(("−", "-")) else 1.0
        half = 0.5 * 10.0**-places * trailing * size
        found.append((sign * float(digits) * size, half))
    return found


def _trailing(digits: str) -> float:
    """Return the unit that a whole number may have been rounded to: 750,000 to 10,000."""
    bare = digits.rstrip("0")
    return float(10 ** (len(digits) - len(bare))) if bare else 1.0


def _agree(shown: str, kept: list[float], said: list[tuple[float, float]]) -> bool:
    """Tell whether exact numbers are as shown: rounded, or under a limit that was named."""
    if unescaped(shown).startswith(_UNDER) and len(kept) == len(said) == 1:
        return kept[0] < said[0][0]
    if shown.endswith(" exactly") and len(said) == 1:
        said = said * len(kept)
    return len(said) == len(kept) and all(map(_rounds_to, kept, said))


def _rounds_to(value: float, said: tuple[float, float]) -> bool:
    shown, half = said
    return math.isclose(value, shown, abs_tol=half * (1 + 1e-9))

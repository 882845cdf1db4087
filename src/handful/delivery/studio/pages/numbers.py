"""Numbers of a document as the studio shows them: by field name, in the report's words.

A document is plan.json, or the answer to a what-if, which has the same fields. Every number keeps
the field it came from, so that a reader - or a test - can compare a page with plan.json.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from handful.delivery.report.figures import (
    MISSING,
    Figure,
    Interval,
    decimals,
    money_text,
    number_text,
    percent_text,
)

Document: TypeAlias = Mapping[str, Any]

SIZED: Final = 3
"""Significant digits of a number that has no band to be rounded by."""


@dataclass(frozen=True, slots=True)
class _Band:
    value: float
    lo: float
    hi: float


def lookup(document: Document, field: str) -> Any:  # noqa: ANN401 - whatever is there
    """Return what a document holds at a dotted path; digits are positions in a list.

    Example:
        >>> lookup({"frontier": [{"value": 0.4}]}, "frontier.0.value")
        0.4
    """
    found: Any = document
    for step in field.split("."):
        found = found[step] if isinstance(found, Mapping) else found[int(step)]
    return found


def places(bands: Iterable[Document | None]) -> int:
    """Return the decimals that suit some values with bands, as the report counts them.

    Example:
        >>> places([{"value": 0.377, "lo": 0.301, "hi": 0.453}])
        3
    """
    whole = [_Band(b["value"], b["lo"], b["hi"]) for b in bands if b and known(b["lo"])]
    return decimals(whole)


def known(value: object) -> bool:
    """Tell whether there is a finite number."""
    return isinstance(value, int | float) and math.isfinite(value)


def money(
    document: Document, field: str, place: int, currency: str, why_missing: str = "not measured"
) -> Figure:
    """Return a sum of money, "n/a" where the document has none."""
    found = lookup(document, field)
    if not known(found):
        return Figure(MISSING, None, field, None, why_missing)
    return Figure(money_text(float(found), currency, place), float(found), field)


def interval(
    document: Document, field: str, place: int, currency: str, why_missing: str = "not measured"
) -> Interval:
    """Return a value with its band."""
    value, lo, hi = (
        money(document, f"{field}.{end}", place, currency, why_missing)
        for end in ("value", "lo", "hi")
    )
    return Interval(value, lo, hi)


def share(document: Document, field: str, why_missing: str = "too few to be shown") -> Figure:
    """Return a share as a percentage."""
    found = lookup(document, field)
    if not known(found):
        return Figure(MISSING, None, field, None, why_missing)
    return Figure(percent_text(float(found)), float(found), field)


def count(document: Document, field: str) -> Figure:
    """Return a count with thousands commas."""
    found = lookup(document, field)
    if not known(found):
        return Figure(MISSING, None, field, None, "too few to be shown")
    return Figure(number_text(float(found), 0), float(found), field)


def sized(document: Document, field: str, why_missing: str = "none is set") -> Figure:
    """Return a number of unknown size, whole if it is whole, else with three digits that say it."""
    found = lookup(document, field)
    if not known(found):
        return Figure(MISSING, None, field, None, why_missing)
    return Figure(sized_text(float(found)), float(found), field)


def sized_text(value: float) -> str:
    """Write a number of unknown size.

    Example:
        >>> sized_text(2_000_000.0), sized_text(0.04567), sized_text(12.3456), sized_text(0.0)
        ('2,000,000', '0.0457', '12.3', '0')
    """
    if value == int(value):
        return number_text(value, 0)
    text = number_text(value, max(SIZED - 1 - math.floor(math.log10(abs(value))), 0))
    return text.rstrip("0").rstrip(".") if "." in text else text

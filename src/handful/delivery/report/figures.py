"""Numbers as the page shows them: read from the plan by field name, rounded by their own band.

Every number keeps the field it came from, so that a reader - or a test - can compare the page with
plan.json. No number is made here except `value x population`, which is always labelled as a total.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from types import MappingProxyType
from typing import Any, Final, Protocol

from handful.planning.records import Plan

SYMBOLS: Final = MappingProxyType(
    {
        "AUD": "A$",
        "BRL": "R$",
        "CAD": "C$",
        "CNY": "CN¥",
        "EUR": "€",
        "GBP": "£",
        "INR": "₹",
        "JPY": "¥",
        "KRW": "₩",
        "USD": "$",
    }
)
"""Currency codes with a sign that is not mistaken for another; the rest show their code."""

MISSING: Final = "n/a"
_MOST_DECIMALS: Final = 6
_LEAST_DECIMALS: Final = -12


class Banded(Protocol):
    """Anything with a value and a band: an Estimate, a FrontierPoint, a NamedEstimate."""

    @property
    def value(self) -> float:
        """Held-out value."""
        ...

    @property
    def lo(self) -> float:
        """Lower end of the band."""
        ...

    @property
    def hi(self) -> float:
        """Upper end of the band."""
        ...


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the plan and how it is written.

    Attributes:
        text: what the reader sees.
        raw: the number itself, times `times` when that is given; None when the plan has none.
        field: dotted path in the plan, such as "frontier.2.value".
        times: what the plan's number was multiplied by (the population), or None.
        why_missing: the reason in words when `raw` is None.
    """

    text: str
    raw: float | None
    field: str
    times: float | None = None
    why_missing: str = ""


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its band, written "$0.377 ($0.301 to $0.453)"."""

    value: Figure
    lo: Figure
    hi: Figure

    @property
    def exact(self) -> bool:
        """True when the band has no width: a difference of a thing to itself."""
        return self.lo.raw is not None and self.lo.raw == self.hi.raw


def lookup(plan: Plan, field: str) -> Any:  # noqa: ANN401
    """Return a field of the plan by its dotted path; digits are positions in a tuple.

    Args:
        plan: the plan.
        field: such as "reference.best_single.value" or "frontier.0.net".

    Returns:
        Whatever the plan holds there.
    """
    found: Any = plan
    for step in field.split("."):
        if isinstance(found, Mapping):
            found = found[step]
        else:
            found = found[int(step)] if step.isdigit() else getattr(found, step)
    return found


def decimals(estimates: Iterable[Banded], scale: float = 1.0) -> int:
    """Return the decimals that give the typical half-width of the bands two significant digits.

    decimals = 1 - floor(log10(median half-width x scale)); negative rounds to tens, hundreds, ...

    Args:
        estimates: values with bands, money per customer.
        scale: customers, when totals are to be written.

    Returns:
        Decimals between -12 and 6; 2 when no estimate has a band.

    Example:
        >>> from handful.evidence.records import Estimate
        >>> decimals([Estimate(0.377, 0.03, 0.301, 0.453)])
        3
    """
    halves = [(e.hi - e.lo) / 2 * scale for e in estimates]
    widths = [half for half in halves if math.isfinite(half) and half > 0]
    if not widths:
        return 2
    places = 1 - math.floor(math.log10(median(widths)))
    cents = 2 if places == 1 else places
    return max(_LEAST_DECIMALS, min(_MOST_DECIMALS, cents))


def significant(values: Iterable[float]) -> int:
    """Return the decimals that give the smallest of some sums two significant digits.

    Example:
        >>> significant([0.0, 0.0005])
        5
    """
    sizes = [abs(value) for value in values if math.isfinite(value) and value != 0]
    if not sizes:
        return 0
    return min(_MOST_DECIMALS, 1 - math.floor(math.log10(min(sizes))))


def number_text(value: float, places: int) -> str:
    """Return a rounded number with thousands commas and a true minus sign.

    Example:
        >>> number_text(-1234.5678, 2), number_text(754321.0, -4)
        ('−1,234.57', '750,000')
    """
    rounded = round(value, places) + 0.0
    text = f"{abs(rounded):,.{max(places, 0)}f}"
    return f"−{text}" if rounded < 0 else text


def money_text(value: float, currency: str, places: int) -> str:
    r"""Return a sum of money: the currency's sign, or its code, before the number.

    Example:
        >>> money_text(-0.0123, "USD", 3), money_text(12.0, "CHF", 2)
        ('−$0.012', 'CHF\xa012.00')
    """
    sign = SYMBOLS.get(currency, f"{currency}\u00a0")
    text = number_text(value, places)
    return f"−{sign}{text[1:]}" if text.startswith("−") else f"{sign}{text}"


def money(plan: Plan, field: str, places: int, times: float | None = None) -> Figure:
    """Return one sum of money of the plan, times the population when a total is meant.

    Args:
        plan: the plan.
        field: path to a number in money per customer.
        places: decimals, from `decimals`.
        times: customers to multiply by, for a total.

    Returns:
        The figure; "n/a" when the plan has no finite number there.
    """
    found = lookup(plan, field)
    if found is None or not math.isfinite(found):
        return Figure(MISSING, None, field, times, "not measured")
    raw = float(found) if times is None else float(found) * times
    return Figure(money_text(raw, plan.experiment.currency, places), raw, field, times)


def interval(plan: Plan, field: str, places: int, times: float | None = None) -> Interval:
    """Return a value and its band, all three read from the plan."""
    value, lo, hi = (money(plan, f"{field}.{end}", places, times) for end in ("value", "lo", "hi"))
    return Interval(value, lo, hi)


def share(plan: Plan, field: str, why_missing: str = "not measured") -> Figure:
    """Return a share of the plan as a percentage, "n/a" with the reason when there is none."""
    found = lookup(plan, field)
    if found is None or not math.isfinite(found):
        return Figure(MISSING, None, field, None, why_missing)
    return Figure(percent_text(float(found)), float(found), field)


def percent_text(value: float) -> str:
    """Return a share as a percentage with as many digits as it needs to differ from 0 and 100.

    Example:
        >>> percent_text(0.381), percent_text(0.0004), percent_text(0.9997), percent_text(0.0)
        ('38%', '0.04%', '99.97%', '0%')
    """
    edge = min(abs(value), abs(1 - value))
    if edge == 0 or edge >= 0.1 or abs(value) > 1:
        return f"{number_text(100 * value, 0)}%"
    places = 1 if edge >= 0.001 else 2
    return f"{number_text(100 * value, places)}%"


def count(plan: Plan, field: str) -> Figure:
    """Return a count of the plan with thousands commas, "n/a" where it may not be shown."""
    found = lookup(plan, field)
    if found is None:
        return Figure(MISSING, None, field, None, "too few to be shown")
    return Figure(number_text(float(found), 0), found, field)


def plain(plan: Plan, field: str, places: int, why_missing: str = "not measured") -> Figure:
    """Return a number without a unit, such as a p-value or a test statistic."""
    found = lookup(plan, field)
    if found is None or not math.isfinite(found):
        return Figure(MISSING, None, field, None, why_missing)
    return Figure(number_text(float(found), places), float(found), field)


def measured(plan: Plan, field: str) -> Figure:
    """Return a number in no unit of ours: a whole one without decimals, any other with four."""
    found = lookup(plan, field)
    whole = found is not None and math.isfinite(found) and float(found).is_integer()
    return plain(plan, field, 0 if whole else 4)

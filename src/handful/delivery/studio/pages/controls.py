"""What can be turned on the what-if page: a slider and a number box for each setting."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from handful.delivery.studio.pages.numbers import Document, known, sized_text

_STEPS: Final = 100
"""Steps of a slider from end to end."""
_REACH: Final = 2.0
"""A slider goes to this many times what was planned."""


@dataclass(frozen=True, slots=True)
class Control:
    """One setting.

    Attributes:
        name: of the parameter in the address.
        label: in words.
        unit: said behind the label; "" for none.
        planned: as the plan has it; None where the plan leaves it open.
        asked: what the address asks; None where it asks nothing.
        lo, hi, step: of the slider; the box takes any number from `least` on.
        note: what the setting means, or what an empty box means.
        log: whether the slider goes by factors.
        whole: whether only whole numbers make sense.
        when_empty: where the slider stands while the box is empty.
    """

    name: str
    label: str
    unit: str
    planned: float | None
    asked: float | None
    lo: float
    hi: float
    step: float
    note: str
    log: bool = False
    whole: bool = False
    least: float = 0.0
    when_empty: float | None = None

    @property
    def value(self) -> float | None:
        """What the box holds."""
        return self.planned if self.asked is None else self.asked

    @property
    def at(self) -> float:
        """Where the slider stands."""
        value = self.when_empty if self.value is None else self.value
        value = self.lo if value is None else value
        return min(max(value, self.lo), self.hi)


def controls(
    document: Document, settings: Document, question: Mapping[str, Any]
) -> tuple[Control, ...]:
    """Return the settings of a plan that can be turned, in the order of the page.

    Args:
        document: plan.json.
        settings: the answer at the plan's own settings.
        question: what the address asks.
    """
    currency = document["experiment"]["currency"]
    return (
        _offers(settings, question),
        _setup_cost(document, settings, question, currency),
        _population(settings, question),
        *_assumptions(settings, question),
        *_limits(settings, question, currency),
    )


def _offers(settings: Document, question: Mapping[str, Any]) -> Control:
    most = max((point["offers"] for point in settings["frontier"]), default=1)
    return Control(
        name="offers",
        label="Number of offers",
        unit="",
        planned=None,
        asked=question.get("offers"),
        lo=1,
        hi=most,
        step=1,
        note="Empty: as many as the evidence supports.",
        whole=True,
        least=1,
        when_empty=settings["offers"],
    )


def _setup_cost(
    document: Document, settings: Document, question: Mapping[str, Any], currency: str
) -> Control:
    planned = settings["setup_cost"]
    hi = _round_up(max(_REACH * (planned or 0.0), _telling_cost(settings)))
    note = "" if known(planned) else "Empty: as in the brief, where it differs by offer."
    return Control(
        name="setup_cost",
        label="Set-up cost of an offer",
        unit=currency,
        planned=planned,
        asked=question.get("setup_cost"),
        lo=0,
        hi=hi,
        step=_nice(hi / _STEPS),
        note=note,
    )


def _telling_cost(settings: Document) -> float:
    """Return a set-up cost at which the best menu's gain over one offer is surely eaten up."""
    gains = [abs(point["gain_over_single"]["hi"]) for point in settings["frontier"]]
    values = [abs(point["value"]) for point in settings["frontier"] if known(point["value"])]
    found = max(gains, default=0.0) or max(values, default=1.0) / 10
    return float(found) * float(settings["population"])


def _population(settings: Document, question: Mapping[str, Any]) -> Control:
    planned = float(settings["population"])
    return Control(
        name="population",
        label="Customers a campaign reaches",
        unit="",
        planned=planned,
        asked=question.get("population"),
        lo=max(1.0, planned / 100),
        hi=planned * 10,
        step=1,
        note="Set-up costs are spread over them.",
        log=True,
        whole=True,
        least=1,
    )


def _assumptions(settings: Document, question: Mapping[str, Any]) -> tuple[Control, ...]:
    asked = question.get("assumptions") or {}
    return tuple(
        _scaled(f"assumption.{name}", name.replace("_", " "), "", planned, asked.get(name))
        for name, planned in settings["assumptions"].items()
    )


def _limits(settings: Document, question: Mapping[str, Any], currency: str) -> tuple[Control, ...]:
    capacities = question.get("capacities") or {}
    found = []
    for limit in settings["constraints"]:
        name, bound = limit["name"], limit["bound"]
        if name == "budget":
            found.append(_scaled("budget", "Budget", currency, bound, question.get("budget")))
        elif name.startswith("capacity."):
            offer = name.removeprefix("capacity.")
            label = f"Capacity of “{offer}”"
            found.append(
                _scaled(f"capacity.{offer}", label, "customers", bound, capacities.get(offer))
            )
    return tuple(found)


def _scaled(name: str, label: str, unit: str, planned: float, asked: float | None) -> Control:
    """Return a setting whose slider goes from nothing to twice what was planned."""
    hi = 1.0 if 0.5 <= planned <= 1 else _REACH * abs(planned) or 1.0
    label = label[:1].upper() + label[1:]
    lo = -hi if planned < 0 else 0.0
    return Control(name, label, unit, planned, asked, lo, hi, _nice(hi / _STEPS), "", least=lo)


def _nice(size: float) -> float:
    """Return 1, 2 or 5 times a power of ten, the next one down.

    Example:
        >>> _nice(734.0), _nice(0.03)
        (500.0, 0.02)
    """
    power = 10.0 ** math.floor(math.log10(size))
    times = max(times for times in (1, 2, 5) if times * power <= size * (1 + 1e-9))
    return round(times * power, 12)


def _round_up(size: float) -> float:
    """Return the next round number up, two digits long."""
    if size <= 0:
        return 1.0
    unit = 10.0 ** (math.floor(math.log10(size)) - 1)
    return math.ceil(size / unit) * unit


def planned_text(control: Control) -> str:
    """Say what the plan has, "" where it leaves the setting open."""
    return "" if control.planned is None else f"As planned: {sized_text(control.planned)}"


def box_text(value: float | None) -> str:
    """Write a number as a box of a form takes it: no commas, no exponent, every digit.

    Example:
        >>> box_text(2e6), box_text(0.25), box_text(None)
        ('2000000', '0.25', '')
    """
    if value is None:
        return ""
    if value == int(value):
        return str(int(value))
    return f"{value:.12f}".rstrip("0") if abs(value) < 1e-4 else repr(float(value))

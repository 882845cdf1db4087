"""Offers with dials in a brief: [menu.COLUMN] tables, the control's point, points in a list."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from handful.brief.keys import keys_of
from handful.errors import Finding, blocked

MOST_DIALS: Final = 3
"""Dials an offer may have."""

NO_OFFER: Final = "null"
"""experiment.control of offers with dials: rows whose dials are empty received no offer."""

_ENDS: Final = MappingProxyType({"min": "low", "max": "high", "increment": "increment"})
_Locate = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class DialSpec:
    """One [menu.COLUMN] table: the box and the steps of one dial, in the column's own unit.

    Attributes:
        name: column of the log.
        low, high: ends of the box; None for the ends of what was tried.
        increment: step that can be said aloud, counted from `low`; None where any value can.
    """

    name: str
    low: float | None = None
    high: float | None = None
    increment: float | None = None


def point_name(point: Mapping[str, float | str]) -> str:
    """Return a point as it is said, which is the name of its offer.

    Example:
        >>> point_name({"discount": 0.15, "minimum_basket": 30.0})
        'discount 0.15, minimum_basket 30'
    """
    return ", ".join(f"{name} {_said(value)}" for name, value in point.items())


def _said(value: float | str) -> str:
    return value if isinstance(value, str) else number_text(value)


def number_text(value: float) -> str:
    """Return a number without a tail of noughts or of rounding.

    Example:
        >>> number_text(0.1 + 0.2), number_text(30.0), number_text(-0.0)
        ('0.3', '30', '0')
    """
    return f"{value + 0.0:.10g}"


def dial_names(mapping: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns of a list in experiment.offer, () for offers that are names."""
    experiment = mapping.get("experiment")
    offer = experiment.get("offer") if isinstance(experiment, Mapping) else None
    return tuple(map(str, offer)) if isinstance(offer, list | tuple) else ()


def without_dials(content: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return [menu] without the tables of dials, which `read_dials` reads."""
    known = keys_of("menu")
    return {
        key: value
        for key, value in content.items()
        if key in known or key not in names or not isinstance(value, Mapping)
    }


def read_dials(
    found: dict[str, dict[str, Any]], mapping: Mapping[str, Any], where: _Locate
) -> list[Finding]:
    """Read what a brief says of dials into `found`, and return what is wrong with it.

    Args:
        found: tables read so far; it gets `dials` and `pinned`, points in [menu] become names.
        mapping: the brief's tables as written.
        where: place of a key in the file.

    Example:
        >>> found = {"experiment": {"offer": ("rate",)}, "menu": {}}
        >>> read_dials(found, {"menu": {"rate": {"increment": 0.5}}}, lambda _t, _k: "")
        []
        >>> found["dials"]["dials"]
        (DialSpec(name='rate', low=None, high=None, increment=0.5),)
    """
    if "offer" not in found["experiment"]:
        found["menu"] = {k: v for k, v in found["menu"].items() if k not in {"always", "never"}}
        return []
    offer = found["experiment"]["offer"]
    names = offer if isinstance(offer, tuple) else ()
    findings = _check_control(found["experiment"].get("control"), names)
    pinned = _points_to_names(found["menu"], names, findings)
    if not names:
        return findings
    menu = mapping.get("menu")
    tables = menu if isinstance(menu, Mapping) else {}
    specs = []
    for name in names:
        table = tables.get(name, {})
        place = where("menu", name)
        wrong = _wrong_box(name, table, place) if name in tables else []
        findings += wrong
        if not wrong:
            specs.append(DialSpec(name, **{_ENDS[key]: float(v) for key, v in table.items()}))
    found["dials"] = {"dials": tuple(specs), "pinned": pinned}
    return findings + _names_needed(found)


def _wrong_box(name: str, table: object, place: str) -> list[Finding]:
    """Return what is wrong with one [menu.COLUMN] table."""
    path = f"[menu.{name}]{place}"
    if not isinstance(table, Mapping):
        message = f"menu.{name}{place} should be a table of min, max and increment."
        return [blocked("B103", message, f"Write [menu.{name}] on a line of its own.")]
    findings = [
        blocked("B101", f"unknown key '{key}' in {path}.", "There is: min, max, increment.")
        for key in table
        if key not in _ENDS
    ]
    wrong = [key for key, value in table.items() if key in _ENDS and not _is_number(value)]
    for key in wrong:
        message = f"{path}: {key} should be a number."
        findings.append(blocked("B103", message, "Write it in the unit of the column."))
    if findings:
        return findings
    low, high, step = table.get("min"), table.get("max"), table.get("increment")
    if low is not None and high is not None and low >= high:
        message = f"{path}: min = {number_text(low)} should be below max = {number_text(high)}."
        findings.append(blocked("B105", message, "Correct one of the two."))
    if step is not None and step <= 0:
        message = f"{path}: increment should be above 0, found {number_text(step)}."
        findings.append(blocked("B103", message, "Leave it out if any value can be offered."))
    elif step is not None and low is not None and high is not None and low < high < low + step:
        message = f"{path}: increment = {number_text(step)} is wider than the box."
        findings.append(blocked("B105", message, "Make it smaller, or the box wider."))
    return findings


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _check_control(control: object, names: tuple[str, ...]) -> list[Finding]:
    if control is None or (not names and isinstance(control, str)):
        return []
    if not names:
        message = "experiment.control is a point, but the offers are names."
        return [blocked("B106", message, "Name the level of the offer column in quotes.")]
    if control == NO_OFFER or (isinstance(control, Mapping) and set(control) == set(names)):
        return []
    example = ", ".join(f"{name} = 0" for name in names)
    message = f"experiment.control should be a point of {', '.join(names)}, or the word null."
    remedy = f'Write control = {{{example}}}, or control = "null" where empty cells mean no offer.'
    return [blocked("B106", message, remedy)]


def _points_to_names(
    menu: dict[str, Any], names: tuple[str, ...], findings: list[Finding]
) -> tuple[Mapping[str, float | str], ...]:
    """Turn the points of menu.always and menu.never into names; return those of always."""
    pinned: list[Mapping[str, float | str]] = []
    for key in ("always", "never"):
        entries = menu.get(key, ())
        points = [entry for entry in entries if isinstance(entry, Mapping)]
        if any(set(point) != set(names) for point in points):
            wanted = f"each of {', '.join(names)}" if names else "no point: the offers are names"
            message = f"menu.{key} holds a point; expected {wanted}."
            findings.append(blocked("B106", message, "Write it like experiment.offer."))
            menu[key] = tuple(entry for entry in entries if isinstance(entry, str))
            continue
        ordered = [{name: point[name] for name in names} for point in points]
        said = iter(map(point_name, ordered))
        if entries:
            menu[key] = tuple(next(said) if isinstance(e, Mapping) else e for e in entries)
        pinned += ordered if key == "always" else []
    return tuple(MappingProxyType(point) for point in pinned)


def _names_needed(found: Mapping[str, Mapping[str, Any]]) -> list[Finding]:
    """Return a block for each key that goes with offers that are names."""
    tables = {
        "experiment.propensity": found["experiment"].get("propensity"),
        "menu.setup_cost": found["menu"].get("setup_cost"),
    }
    return [
        blocked(
            "B106",
            f"{key} is a table of names, but offers with dials have none before the plan.",
            'Write one number for every offer; propensity = "design", or "column:NAME".',
        )
        for key, value in tables.items()
        if isinstance(value, Mapping)
    ]

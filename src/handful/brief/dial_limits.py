"""Limits on offers with dials: a point of the box stands where a limit names an offer.

"amount 100", "amount = 100" and {amount = 100} are the same offer. A point that a limit names
becomes a candidate, so that menus can hold it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from handful.brief.dials import point_name
from handful.errors import Finding, blocked

_TABLES: Final = ("capacity", "at_least", "eligible")

Point = Mapping[str, float | str]


def read_point(text: str, dials: tuple[str, ...]) -> Point | None:
    """Return the point a text names, None where it names none.

    Args:
        text: "amount 100" or "amount = 100, site = post": every dial, in the brief's order.
        dials: their names.

    Example:
        >>> dict(read_point("rate = 7.50, place desk", ("rate", "place")))
        {'rate': 7.5, 'place': 'desk'}
        >>> read_point("age > 18", ("rate",)) is None
        True
    """
    parts = (rf"{re.escape(name)}(?:\s*=\s*|\s+)(\S|\S.*?\S)" for name in dials)
    found = re.fullmatch(r"\s*,\s*".join(parts), text.strip()) if dials else None
    if found is None:
        return None
    return MappingProxyType(dict(zip(dials, map(_value, found.groups()), strict=True)))


def _value(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def name_points(found: dict[str, Any], dials: tuple[str, ...]) -> tuple[Point, ...]:
    """Write every point in [constraints] as the name of its offer; return the points.

    Args:
        found: the table as read; changed in place.
        dials: names of the dials, () where offers are names.

    Example:
        >>> limits = {"capacity": {"rate = 7.5": 10.0}, "otherwise": {"rate": 0.0}}
        >>> [dict(point) for point in name_points(limits, ("rate",))]
        [{'rate': 7.5}, {'rate': 0.0}]
        >>> dict(limits["capacity"]), limits["otherwise"]
        ({'rate 7.5': 10.0}, 'rate 0')
    """
    named: dict[str, Point] = {}

    def name(entry: str | Point) -> str:
        point = read_point(entry, dials) if isinstance(entry, str) else entry
        if point is None or set(point) != set(dials):
            return str(entry)
        said = point_name({dial: point[dial] for dial in dials})
        named[said] = point
        return said

    for key in _TABLES:
        table = found.get(key)
        if isinstance(table, Mapping):
            found[key] = MappingProxyType({name(offer): v for offer, v in table.items()})
    if "acceptable" in found:
        found["acceptable"] = tuple(name(entry) for entry in found["acceptable"])
    if found.get("otherwise") is not None:
        found["otherwise"] = name(found["otherwise"])
    if "never_together" in found:
        found["never_together"] = tuple((name(a), name(b)) for a, b in found["never_together"])
    return tuple({dial: point[dial] for dial in dials} for point in named.values())


def points_elsewhere(found: Mapping[str, Any], dials: tuple[str, ...]) -> list[Finding]:
    """Return a block for each point in [constraints] that is none of the offers' dials."""
    entries = {"otherwise": (found.get("otherwise"),), "acceptable": found.get("acceptable", ())}
    wanted = f"each of {', '.join(dials)}" if dials else "no point: the offers are names"
    return [
        blocked(
            "B106",
            f"constraints.{key} holds a point; expected {wanted}.",
            "Write it like experiment.offer.",
        )
        for key, values in entries.items()
        for value in values
        if isinstance(value, Mapping) and (not dials or set(value) != set(dials))
    ]

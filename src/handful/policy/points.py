"""The numbers behind the names of offers with dials: for a decision, a table, a JSON entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from handful.policy.records import OfferPoints


def values_of(points: OfferPoints | None, offer: int) -> dict[str, float | str] | None:
    """Return the dials of one offer by name; None for "no offer" and for offers that are names.

    Args:
        points: of the policy.
        offer: code.

    Example:
        >>> values_of(OfferPoints(("rate",), ((7.75,), None)), 0)
        {'rate': 7.75}
    """
    point = None if points is None else points.values[offer]
    if points is None or point is None:
        return None
    return dict(zip(points.dials, point, strict=True))


def sayable(values: Mapping[str, float | str]) -> dict[str, float | int | str]:
    """Return values as people write them: whole numbers without ".0".

    Example:
        >>> sayable({"amount": 100.0, "rate": 7.75})
        {'amount': 100, 'rate': 7.75}
    """
    return {
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in values.items()
    }


def offer_entry(
    points: OfferPoints | None, offers: Sequence[str], name: str
) -> str | dict[str, float | int | str]:
    """Return how plan.json writes an offer: its dials as an object, else its name.

    Args:
        points: of the policy.
        offers: (G,) names.
        name: of the offer.

    Example:
        >>> offer_entry(OfferPoints(("amount",), ((100.0,),)), ("amount 100",), "amount 100")
        {'amount': 100}
    """
    values = values_of(points, offers.index(name)) if name in offers else None
    return name if values is None else sayable(values)


def offer_name(points: OfferPoints | None, offers: Sequence[str], entry: object) -> str:
    """Return the name of an offer as plan.json writes it; `offer_entry` the other way round.

    Example:
        >>> offer_name(OfferPoints(("amount",), ((100.0,),)), ("amount 100",), {"amount": 100})
        'amount 100'
    """
    for code, name in enumerate(offers):
        if entry == name or entry == values_of(points, code):
            return name
    return str(entry)


def points_document(points: OfferPoints) -> dict[str, Any]:
    """Lay points out as what JSON can say: {"dials": [...], "values": [[...], null, ...]}.

    Example:
        >>> points_document(OfferPoints(("rate",), ((7.75,), None)))
        {'dials': ['rate'], 'values': [[7.75], None]}
    """
    values = [None if point is None else list(point) for point in points.values]
    return {"dials": list(points.dials), "values": values}


def read_points(entry: object) -> OfferPoints:
    """Read what `points_document` wrote.

    Raises:
        ValueError: what is wrong with the entry.

    Example:
        >>> read_points({"dials": ["rate"], "values": [[7.75], None]}).values
        ((7.75,), None)
    """
    if not isinstance(entry, dict) or set(entry) != {"dials", "values"}:
        raise ValueError("expected an entry with the keys dials, values")
    dials, values = entry["dials"], entry["values"]
    if not isinstance(dials, list) or not all(isinstance(name, str) for name in dials):
        raise ValueError("expected names of dials")
    if not isinstance(values, list):
        raise ValueError("expected a list of values")
    return OfferPoints(tuple(dials), tuple(_point(point) for point in values))


def _point(entry: object) -> tuple[float | str, ...] | None:
    if entry is None:
        return None
    if not isinstance(entry, list):
        raise ValueError("expected a list of numbers or levels")
    return tuple(_value(value) for value in entry)


def _value(value: object) -> float | str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("expected a number or the name of a level")
    return float(value)


def point_faults(points: OfferPoints, offers: int) -> Iterator[str]:
    """Yield what is wrong with the points of a policy of that many offers."""
    if not points.dials or len(set(points.dials)) != len(points.dials):
        yield "points: expected dials, all different"
    if len(points.values) != offers:
        yield f"points: expected {offers} points"
    given = [point for point in points.values if point is not None]
    if any(len(point) != len(points.dials) for point in given):
        yield "points: expected a value for every dial"
    elif len({tuple(type(value) for value in point) for point in given}) > 1:
        yield "points: a dial holds both numbers and levels"
    numbers = [value for point in given for value in point if isinstance(value, float)]
    if not all(abs(number) <= 1e100 for number in numbers):
        yield "points: a number is not finite or beyond 1e+100"

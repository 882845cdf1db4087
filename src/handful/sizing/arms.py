"""Which offers or dial values to try: a small balanced design that covers the box.

One dial: its levels, from end to end. Two: every pair of levels. Three: a Latin square, every pair
of levels of any two dials once, so that L^2 offers take the place of L^3 (Fisher 1935). Each level
of each dial then has the same number of customers, and no two dials move together. The control is
added where the design does not hold it. What three dials do TOGETHER cannot be told from a square.
"""

from __future__ import annotations

from itertools import product
from typing import Final, TypeAlias

import numpy as np

from handful.brief.dials import DialSpec, point_name

Point: TypeAlias = tuple[tuple[str, float | None], ...]
"""(dial, value) of one offer; None for no offer."""

CONTROL: Final = "no offer"


def dial_levels(dial: DialSpec, levels: int) -> tuple[float, ...]:
    """Return the values to try of one dial: spread evenly from end to end, on its increment.

    Example:
        >>> dial_levels(DialSpec("discount", 0.0, 0.5, 0.05), 3)
        (0.0, 0.25, 0.5)
    """
    low, high = dial.low or 0.0, dial.high or 0.0
    wanted = np.linspace(low, high, levels)
    if dial.increment:
        most = np.floor((high - low) / dial.increment + 1e-9)
        wanted = low + np.minimum(np.round((wanted - low) / dial.increment), most) * dial.increment
    return tuple(dict.fromkeys(float(f"{value:.10g}") for value in wanted))


def dial_points(dials: tuple[DialSpec, ...], levels: int, control: Point | None) -> list[Point]:
    """Return the offers to try, the control first.

    Args:
        dials: one to three, each with a box.
        levels: values of each.
        control: its point; None where empty cells mean "no offer".

    Returns:
        Points, each once.

    Example:
        >>> box = (DialSpec("discount", 0.0, 0.4), DialSpec("basket", 0.0, 60.0))
        >>> len(dial_points(box, 3, (("discount", 0.0), ("basket", 0.0))))
        9
    """
    values = [dial_levels(dial, levels) for dial in dials]
    names = [dial.name for dial in dials]
    first: Point = control if control is not None else tuple((name, None) for name in names)
    rows = _square(values) if len(values) == 3 else list(product(*values))
    points: list[Point] = [tuple(zip(names, row, strict=True)) for row in rows]
    return [first, *(point for point in points if point != first)]


def _square(values: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Return a Latin square: the third dial's level is the sum of the other two's, in a circle.

    Where an increment leaves one dial fewer levels, its levels repeat.
    """
    size = max(map(len, values))
    return list(
        dict.fromkeys(
            (
                values[0][i % len(values[0])],
                values[1][j % len(values[1])],
                values[2][(i + j) % len(values[2])],
            )
            for i in range(size)
            for j in range(size)
        )
    )


def name_of(point: Point) -> str:
    """Return a point as it is said.

    Example:
        >>> name_of((("rate", None),))
        'no offer'
    """
    if all(value is None for _, value in point):
        return CONTROL
    return point_name({name: value for name, value in point if value is not None})

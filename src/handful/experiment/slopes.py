"""How the profit of each row changes with each assumption, found by trying other numbers.

y is linear in theta where y(theta + h) - 2 y(theta) + y(theta - h) = 0 in every row; its slope is
then d = (y(theta + h) - y(theta - h)) / 2 h. Two assumptions add up where no row has more from
moving both than from moving each. Cost: 2 + (A - 1) / 2 more columns per assumption.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

import numpy as np

from handful.brief.assumptions import inlined
from handful.brief.schema import ProfitSpec
from handful.errors import Finding, blocked
from handful.experiment.records import Amount, Slope
from handful.notation import FloatArray

PREFIX: Final = "assumptions."
EXACT: Final = 1e-9
"""A difference below this share of the largest profit is rounding."""


def step_of(value: float) -> float:
    """Return how far an assumption is moved to find its slope.

    Example:
        >>> step_of(0.3), step_of(0.0), step_of(-25.0)
        (0.1, 1.0, 10.0)
    """
    return float(10.0 ** np.floor(np.log10(abs(value)))) if value else 1.0


def moved(value: float, step: float) -> float:
    """Return a number moved by a step, without digits that only rounding put there."""
    return float(f"{value + step:.12g}")


def slope_sql(profit: ProfitSpec, by_name: str | None) -> dict[str, str]:
    """Return the SQL of the profit at other assumptions, by name of the amount.

    Args:
        profit: with assumptions, or none.
        by_name: its SQL as written, names in it.

    Example:
        >>> slope_sql(ProfitSpec("0.3 * spend", assumptions={"m": 0.3}), "m * spend")
        {'assumptions.m+': '0.4 * spend', 'assumptions.m-': '0.2 * spend'}
    """
    if by_name is None:
        return {}
    known = dict(profit.assumptions)
    found = {}
    for name, value in known.items():
        for sign, word in ((1.0, "+"), (-1.0, "-")):
            other = known | {name: moved(value, sign * step_of(value))}
            found[f"{PREFIX}{name}{word}"] = inlined(by_name, other)
    for first, second in combinations(known, 2):
        other = known | {name: moved(known[name], step_of(known[name])) for name in (first, second)}
        found[f"{PREFIX}{first}&{second}"] = inlined(by_name, other)
    return found


def collisions(profit: ProfitSpec, columns: Sequence[str]) -> list[Finding]:
    """Return a block for every assumption that is also a column of the log.

    Example:
        >>> spec = ProfitSpec("0.3", assumptions={"spend": 0.3})
        >>> collisions(spec, ("spend",))[0].code
        'B132'
    """
    return [
        blocked(
            "B132",
            f"profit.assumptions names {name}, which is a column of the log.",
            "Give the assumption another name.",
        )
        for name in profit.assumptions
        if name in columns
    ]


def read_slopes(
    profit: ProfitSpec, values: FloatArray, amounts: Sequence[Amount]
) -> tuple[Slope, ...]:
    """Return the slope of every assumption that the profit is linear in.

    Args:
        profit: the brief's.
        values: (n,) profit as assumed, by unit.
        amounts: the profit at other assumptions, from `slope_sql`.

    Cost: O(n A^2).
    """
    tried = {a.name.removeprefix(PREFIX): a.values for a in amounts if a.name.startswith(PREFIX)}
    if not tried:
        return ()
    least = EXACT * max(1.0, float(np.abs(values).max(initial=0.0)))
    return tuple(_slope(name, at, values, tried, least) for name, at in profit.assumptions.items())


def _slope(
    name: str, at: float, values: FloatArray, tried: Mapping[str, FloatArray], least: float
) -> Slope:
    up, down = tried[f"{name}+"], tried[f"{name}-"]
    linear = bool(np.abs(up + down - 2.0 * values).max(initial=0.0) <= least)
    step = step_of(at)
    width = moved(at, step) - moved(at, -step)
    together = tuple(
        other
        for pair in tried
        if "&" in pair and name in pair.split("&")
        for other in pair.split("&")
        if other != name and _product(values, tried, pair) > least
    )
    return Slope(name, at, (up - down) / width if linear else None, together)


def _product(values: FloatArray, tried: Mapping[str, FloatArray], pair: str) -> float:
    first, second = pair.split("&")
    both = tried[pair] - tried[f"{first}+"] - tried[f"{second}+"] + values
    return float(np.abs(both).max(initial=0.0))

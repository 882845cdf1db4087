"""From a power curve to the rows it takes, and to what the rows at hand can see.

Power rises with rows and with the effect, so both are found by halving an interval of logarithms.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

MOST_ROWS: Final = 1e9
STEPS: Final = 40
LEAST_PER_OFFER: Final = 80
"""Rows planned for an offer, at the least: handful opens one from 50 on, and shares vary."""


def rows_for(power: Callable[[float], float], wanted: float, least: int) -> int | None:
    """Return the fewest rows at which a power curve reaches what is wanted.

    Args:
        power: rows -> chance, rising.
        wanted: chance.
        least: rows that are needed anyhow.

    Returns:
        Rows, or None where a billion are not enough.

    Cost: 40 evaluations.

    Example:
        >>> rows_for(lambda n: n / 1000, 0.8, 100)
        800
    """
    if power(least) >= wanted:
        return least
    if power(MOST_ROWS) < wanted:
        return None
    low, high = math.log(least), math.log(MOST_ROWS)
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if power(math.exp(middle)) >= wanted else (middle, high)
    return math.ceil(math.exp(high) - 1e-6)


def effect_for(power: Callable[[float], float], wanted: float, scale: float) -> float | None:
    """Return the smallest effect that is seen with the power wanted.

    Args:
        power: effect -> chance, rising.
        wanted: chance.
        scale: an effect that is surely large, such as the spread of profit.

    Returns:
        The effect, or None where even `scale` is not seen.

    Cost: 40 evaluations.

    Example:
        >>> effect_for(lambda gain: min(gain, 1.0), 0.8, 1.0)
        0.8
    """
    if power(scale) < wanted:
        return None
    low, high = math.log(scale) - 14.0, math.log(scale)
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if power(math.exp(middle)) >= wanted else (middle, high)
    return float(f"{math.exp(high):.6g}")

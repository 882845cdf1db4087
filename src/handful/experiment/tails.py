"""Do a few rows carry the total? Said in the open; learning (never valuing) may clip them.

share = sum over the top 0.1 % of |y - median| / sum of all |y - median|. Cost O(n log n).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.notation import FloatArray

TOP: Final = 0.001
HEAVY: Final = 0.10
"""Above this share the tail is called heavy: normal profits give 0.004, exponential ones 0.01."""


@dataclass(frozen=True, slots=True)
class TailFacts:
    """Share carried by the top 0.1 % of rows, and the limits a winsorised profit is held within."""

    top_rows: int
    top_share: float
    heavy: bool
    limits: tuple[float, float]


def tail_facts(profit: FloatArray) -> TailFacts:
    """Measure how much of the total deviation the top 0.1 % of rows carry.

    Args:
        profit: (n,) money per row.

    Returns:
        The share, whether it is heavy (over 10 %), and the 0.1 % and 99.9 % quantiles, rounded
        outwards to two digits so that no single fold's outcomes move them.

    Cost: O(n log n).

    Example:
        >>> tail_facts(np.arange(10_000.0)).heavy
        False
    """
    deviation = np.abs(profit - np.median(profit))
    total = float(deviation.sum())
    top = int(np.ceil(TOP * len(profit)))
    carried = float(np.partition(deviation, len(deviation) - top)[-top:].sum())
    share = carried / total if total > 0 else 0.0
    low, high = (float(q) for q in np.quantile(profit, [TOP, 1 - TOP]))
    # Quantiles can coincide when nearly every row is equal (1 % of rows spend): keep the extremes.
    if high <= low:
        low, high = float(profit.min()), float(profit.max())
    limits = (_outwards(low, np.floor), _outwards(high, np.ceil))
    return TailFacts(top, share, share > HEAVY, limits)


def _outwards(value: float, rounding: np.ufunc) -> float:
    if value == 0.0:
        return 0.0
    unit = 10.0 ** (np.floor(np.log10(abs(value))) - 1)
    return float(rounding(value / unit) * unit)


def winsorise(profit: FloatArray, facts: TailFacts) -> FloatArray:
    """Return the profit held within the limits when the tail is heavy, unchanged otherwise."""
    return np.clip(profit, *facts.limits) if facts.heavy else profit

"""Do a few rows carry the total? Said in the open; learning (never valuing) may clip them.

share = sum over the top 0.1 % of |y - median| / sum of all |y - median|. Cost O(n log n).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.notation import FloatArray

TOP: Final = 0.001
HEAVY: Final = 0.05
"""Above this share the tail is called heavy: normal profits give 0.004, exponential ones 0.01."""


@dataclass(frozen=True, slots=True)
class TailFacts:
    """Share carried by the top 0.1 % of rows, and the limits a winsorised profit is held within."""

    top_share: float
    heavy: bool
    limits: tuple[float, float]


def tail_facts(profit: FloatArray) -> TailFacts:
    """Measure how much of the total deviation the top 0.1 % of rows carry.

    Args:
        profit: (n,) money per row.

    Returns:
        The share, whether it is heavy (over 5 %), and the 0.1 % and 99.9 % quantiles.

    Cost: O(n log n).

    Example:
        >>> tail_facts(np.arange(10_000.0)).heavy
        False
    """
    deviation = np.abs(profit - np.median(profit))
    total = float(deviation.sum())
    top = int(np.ceil(TOP * len(profit)))
    carried = float(np.sort(deviation)[-top:].sum())
    share = carried / total if total > 0 else 0.0
    low, high = np.quantile(profit, [TOP, 1 - TOP])
    # Quantiles can coincide when nearly every row is equal (1 % of rows spend): keep the extremes.
    if high <= low:
        low, high = profit.min(), profit.max()
    return TailFacts(top_share=share, heavy=share > HEAVY, limits=(float(low), float(high)))


def winsorise(profit: FloatArray, facts: TailFacts) -> FloatArray:
    """Return the profit held within the limits when the tail is heavy, unchanged otherwise."""
    return np.clip(profit, *facts.limits) if facts.heavy else profit

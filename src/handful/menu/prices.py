"""Fractional menus, which give every customer a price and so make a cut.

A fractional menu y in [0, 1]^G prices a customer at the critical value of their fractional
knapsack: the largest v with sum of y_g over {g: P_ig >= v} at least 1. The dual of the problem
therefore lives in G dimensions, however many customers there are. Any prices give a valid cut.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from handful.kernels.menu import Points
from handful.notation import FloatArray, IntArray

__all__ = ["SMALLEST_SHARE", "Points", "as_points"]

SMALLEST_SHARE = 0.01
"""Shares below this are left out of a point: they cost time and hardly move a price."""


_NOTHING = np.empty(0)


def as_points(menus: Sequence[FloatArray], leaders: IntArray) -> Points:
    """Return dense (G,) fractional menus as points, small shares left out."""
    supports = [np.flatnonzero(menu >= SMALLEST_SHARE) for menu in menus]
    lengths = [len(support) for support in supports]
    return Points(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.concatenate([_NOTHING, *supports]).astype(np.int64),
        np.concatenate([_NOTHING, *(menu[s] for menu, s in zip(menus, supports, strict=True))]),
        np.asarray(leaders, dtype=np.int64),
    )

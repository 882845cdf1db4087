"""The least chance that makes a policy tell no more than it may, in closed form.

A policy whose own offer stays with probability t, and that draws offer o with probability t k_o
otherwise (t = 1 / (1 + sum_o k_o)), shows symbol s to a share t (P(s | group) + k_s). Its upper
limit of LR is within the bound b exactly where

    k_s >= max(0, (hi_1 - b lo_0) / (b - 1), (hi_0 - b lo_1) / (b - 1)),

k_s the sum over the offers behind s. Its profit is (V + sum_o k_o v_o) / (1 + sum_o k_o): the least
odds k are the best, since what is drawn earns less than what is chosen. This is randomised response
(Warner 1965) with its own mix, and the mixture is ln b-differentially private for the trait.
Cost O(panels x symbols).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from handful.guardrails.disclosure_cells import Panel
from handful.notation import BoolArray, FloatArray

SLACK: Final = 1e-9
"""Share by which the odds are raised, so that rounding cannot leave a limit over its bound."""


def tightened(bound: float, factor: float) -> float:
    """Return the bound b^factor: ln b scaled."""
    return float(bound**factor)


def least_odds(
    panels: Sequence[Panel], drawable: BoolArray, values: FloatArray, factor: float = 1.0
) -> FloatArray | None:
    """Return the least odds of drawing each offer that bring every upper limit into its bound.

    Args:
        panels: every trait and onlooker of the policy before chance, with simultaneous limits.
        drawable: (G,) offers that may be drawn: somebody gets them, and they are open to all.
        values: (G,) profit of giving an offer to everybody; where several could be drawn, the best.
        factor: scales ln of every bound.

    Returns:
        (G,) odds k; None where no chance can do it.

    Example:
        >>> from handful.guardrails.disclosure_limits import Shares
        >>> from handful.guardrails.disclosure_sights import Sight
        >>> from handful.guardrails.disclosure_traits import Trait
        >>> trait = Trait("s", "s is yes", np.ones(1, bool), np.ones(1, bool))
        >>> sight = Sight(True, ("a", "b"), np.array([0, 1]), np.array([True, False]))
        >>> with_, without = (Shares(*[np.array([p, 1 - p])] * 3) for p in (0.5, 0.2))
        >>> panel = Panel(trait, sight, 2.0, with_, without, np.ones((2, 2), int))
        >>> least_odds([panel], np.ones(2, bool), np.zeros(2)).round(6).tolist()
        [0.1, 0.0]
    """
    wanted = []
    for panel in panels:
        need = _needed(panel, tightened(panel.bound, factor))
        for symbol in np.flatnonzero(panel.sight.tested & (need > 0.0)):
            behind = np.flatnonzero((panel.sight.code == symbol) & drawable)
            if not behind.size or not np.isfinite(need[symbol]):
                return None
            wanted.append((behind, float(need[symbol]) * (1.0 + SLACK)))
    odds = np.zeros(len(values))
    for behind, need_here in sorted(wanted, key=lambda one: len(one[0])):
        short = need_here - float(odds[behind].sum())
        if short > 0.0:
            odds[behind[np.argmax(values[behind])]] += short
    return odds


def _needed(panel: Panel, bound: float) -> FloatArray:
    """Return the odds that each symbol needs."""
    one, two = panel.having, panel.lacking
    if bound <= 1.0:
        return np.full(one.share.shape, np.inf)
    first, second = one.hi - bound * two.lo, two.hi - bound * one.lo
    return np.maximum(0.0, np.maximum(first, second) / (bound - 1.0))


def mixed_value(value: float, odds: FloatArray, values: FloatArray) -> float:
    """Return (V + sum k v) / (1 + sum k), the profit after chance.

    Example:
        >>> mixed_value(1.0, np.array([1.0, 0.0]), np.array([0.5, 0.9]))
        0.75
    """
    return float((value + odds @ values) / (1.0 + odds.sum()))

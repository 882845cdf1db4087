"""How precisely an experiment of n rows measures: shares, variances, design effects.

Var(mean of offer g over a segment of share p) = v_g deff / (e_g p n),   deff = 1 + (m - 1) icc p.

m customers of a cluster get the same offer; p of them, at random, are in the segment (Kish 1965).
"""

from __future__ import annotations

import math

import numpy as np

from handful.notation import FloatArray
from handful.sizing.records import Facts


def equal_shares(offers: int) -> FloatArray:
    """Return (G,) equal shares.

    Example:
        >>> equal_shares(4).tolist()
        [0.25, 0.25, 0.25, 0.25]
    """
    return np.full(offers, 1.0 / offers)


def root_shares(offers: int) -> FloatArray:
    """Return (G,) shares with sqrt(G - 1) times as many rows in the control as in each offer.

    Every offer is compared with the one control, so its rows count G - 1 times: this split makes
    all these comparisons most precise (Dunnett 1955).

    Example:
        >>> root_shares(5).round(3).tolist()
        [0.333, 0.167, 0.167, 0.167, 0.167]
    """
    weights = np.ones(offers)
    weights[0] = math.sqrt(offers - 1)
    shares: FloatArray = weights / weights.sum()
    return shares


def noise_of(facts: Facts, gain: float) -> float:
    """Return the variance of profit that features leave, at a mean effect of `gain`.

    Where profit is all or nothing it moves with the rate.

    Example:
        >>> noise_of(Facts(("a", "b"), 1.0, 2.0, 0.1, 0.1, 0.05), 0.1)
        4.0
    """
    if facts.margin is None:
        return facts.sd**2 * (1.0 - facts.explained)
    rate = min(max((facts.baseline + gain) / facts.margin, 0.0), 1.0)
    return facts.margin**2 * rate * (1.0 - rate) * (1.0 - facts.explained)


def design_effect(facts: Facts, segment: float = 1.0) -> float:
    """Return what clusters multiply a variance by, for a segment of this share of customers.

    Example:
        >>> design_effect(Facts(("a", "b"), 0, 1, 1, 1, 1, icc=0.1, cluster_size=11))
        2.0
    """
    return 1.0 + (facts.cluster_size - 1) * facts.icc * segment

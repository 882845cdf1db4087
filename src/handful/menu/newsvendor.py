"""What stock costs when demand is split over variants: the newsvendor, one variant at a time.

Variant k is ordered before its demand D_k ~ N(m_k, s_k^2) is known. A unit left over costs the
overage c_o = unit cost - salvage, a unit short the shortage c_u. The best order covers demand with
probability c_u / (c_u + c_o), z its normal quantile, and costs on average (c_o + c_u) s_k phi(z).
The spreads of independent variants add up to more than the spread of their sum (Eppen 1979): that
difference is what variety loses. Cost O(K).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from handful.notation import FloatArray

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Stock:
    """Orders of some variants and what to expect of them, in units.

    Attributes:
        order: (K,) units ordered.
        leftover: (K,) units left over on average.
        short: (K,) units short on average.
        cost: money that leftover and shortage cost on average, in total.
    """

    order: FloatArray
    leftover: FloatArray
    short: FloatArray
    cost: float


def critical_ratio(overage: float, shortage: float) -> float:
    """Return the probability with which the best order covers demand.

    Example:
        >>> critical_ratio(1.0, 3.0)
        0.75
    """
    return shortage / (shortage + overage)


def best_orders(demand: FloatArray, spread: FloatArray, overage: float, shortage: float) -> Stock:
    """Order each variant best.

    Q_k = m_k + z s_k; leftover s_k (z Phi(z) + phi(z)); short s_k (phi(z) - z (1 - Phi(z))). Where
    Q_k is not above 0 nothing is ordered and all demand is short: it is never negative, though its
    normal law would have it so. The cost charged stays that of the normal law, which is more than
    c_u m_k there, since with c_u m_k dearer stock could ask for more variants.

    Args:
        demand: (K,) expected demand m_k, units.
        spread: (K,) its standard deviation s_k.
        overage: money per unit left over, above 0.
        shortage: money per unit short, above 0.

    Returns:
        Orders, none below zero, and expectations.

    Cost O(K).

    Example:
        >>> stock = best_orders(np.array([100.0]), np.array([10.0]), 1.0, 1.0)
        >>> round(float(stock.order[0])), round(stock.cost, 2)
        (100, 7.98)
    """
    below = critical_ratio(overage, shortage)
    z = _NORMAL.inv_cdf(below)
    density = _NORMAL.pdf(z)
    order = np.maximum(demand + z * spread, 0.0)
    stocked = order > 0
    return Stock(
        order=order,
        leftover=np.where(stocked, spread * (z * below + density), 0.0),
        short=np.where(stocked, spread * (density - z * (1.0 - below)), demand),
        cost=float((overage + shortage) * density * spread.sum()),
    )


def best_size(values: FloatArray, costs: FloatArray) -> int:
    """Return K, from 1, with the largest value net of cost, the smallest among equals.

    Raising a cost that never falls as K grows, by any factor, never raises this K.

    Args:
        values: (K,) value of the best menu of each size.
        costs: (K,) what running it costs.

    Example:
        >>> best_size(np.array([1.0, 1.5, 1.6]), np.array([0.1, 0.2, 0.4]))
        2
    """
    return int(np.argmax(values - costs)) + 1


def never_falling(costs: FloatArray) -> FloatArray:
    """Return the costs with each at least that of every smaller size.

    A larger menu can be lopsided and leave less stock to chance than a smaller one; charging it no
    less keeps the law that dearer stock never asks for more offers.

    Example:
        >>> never_falling(np.array([1.0, 3.0, 2.0])).tolist()
        [1.0, 3.0, 3.0]
    """
    charged: FloatArray = np.maximum.accumulate(costs)
    return charged

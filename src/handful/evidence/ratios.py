"""Ratios and shares with intervals: Fieller's for a ratio of two means, Wilson's for a share.

Fieller: the r with |N - r D| <= c se(N - r D), an interval where D is above zero by c of its own
standard errors. Wilson: the p that a test of size 1 - level does not reject. Cost O(1).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from scipy.stats import norm

from handful.evidence.bands import difference_rows
from handful.evidence.ledger import Means
from handful.evidence.records import Estimate
from handful.notation import FloatArray, IntArray

LEVEL: Final = 0.95
ALONE: Final = float(norm.ppf(0.5 + LEVEL / 2))
"""Critical value of an interval of its own."""


def together(count: int) -> float:
    """Return the critical value with which `count` intervals hold together (Bonferroni).

    Example:
        >>> round(together(1), 2), round(together(5), 2)
        (1.96, 2.58)
    """
    return float(norm.ppf(1 - (1 - LEVEL) / 2 / max(count, 1)))


def fieller(value: FloatArray, covariance: FloatArray, critical: float) -> Estimate | None:
    """Return the ratio of the first mean to the second; None where that is not above zero.

    Args:
        value: (2,) numerator and denominator.
        covariance: (2, 2) of the two.
        critical: c.

    Example:
        >>> found = fieller(np.array([1.0, 2.0]), np.diag([0.01, 0.01]), 1.96)
        >>> round(found.value, 2), round(found.lo, 2), round(found.hi, 2)
        (0.5, 0.39, 0.62)
    """
    top, below = float(value[0]), float(value[1])
    a = below**2 - critical**2 * float(covariance[1, 1])
    if below <= 0 or a <= 0:
        return None
    b = top * below - critical**2 * float(covariance[0, 1])
    c = top**2 - critical**2 * float(covariance[0, 0])
    reach = math.sqrt(max(b**2 - a * c, 0.0))
    ratio = top / below
    slope = np.array([1.0, -ratio]) / below
    se = math.sqrt(max(float(slope @ covariance @ slope), 0.0))
    return Estimate(ratio, se, (b - reach) / a, (b + reach) / a)


def gain_ratio(
    means: Means, top: tuple[str, str], below: tuple[str, str], critical: float
) -> Estimate | None:
    """Return one paired difference of the ledger as a share of another.

    Cost: O(M^2).
    """
    rows = difference_rows(means, [top, below])
    return fieller(rows @ means.value, rows @ means.covariance @ rows.T, critical)


def wilson(share: float, count: float, critical: float = ALONE) -> Estimate:
    """Return a share counted on so many, with Wilson's interval.

    Example:
        >>> found = wilson(0.0, 100)
        >>> round(found.lo, 3), round(found.hi, 3)
        (0.0, 0.037)
    """
    z = critical**2 / count
    middle = (share + z / 2) / (1 + z)
    reach = critical / (1 + z) * math.sqrt(share * (1 - share) / count + z / (4 * count))
    se = math.sqrt(share * (1 - share) / count)
    return Estimate(share, se, max(middle - reach, 0.0), min(middle + reach, 1.0))


def clustered_share(values: FloatArray, cluster: IntArray, critical: float = ALONE) -> Estimate:
    """Return a share with Wilson's interval on as many rows as the clusters are worth.

    n* = p (1 - p) / se^2, se the cluster-robust error; never more than the rows, and their number
    where all rows agree and each is a cluster of its own.

    Args:
        values: (n,) shares of each row, from 0 to 1.
        cluster: (n,) codes.
        critical: of the interval.

    Cost: O(n).
    """
    n, share = len(values), float(values.mean())
    _, cluster = np.unique(cluster, return_inverse=True)
    sums = np.bincount(cluster, values - share)
    clusters = len(sums)
    variance = float(np.sum(sums**2)) * clusters / max(clusters - 1, 1) / n**2
    worth = share * (1 - share) / variance if variance > 0 else float(clusters)
    return wilson(share, min(worth, float(n)), critical)


def mean_of(values: FloatArray, cluster: IntArray, critical: float = ALONE) -> Estimate:
    """Return a mean with its cluster-robust interval.

    Cost: O(n).
    """
    n, mean = len(values), float(values.mean())
    _, cluster = np.unique(cluster, return_inverse=True)
    sums = np.bincount(cluster, values - mean)
    se = math.sqrt(float(np.sum(sums**2)) * len(sums) / max(len(sums) - 1, 1)) / n
    return Estimate(mean, se, mean - critical * se, mean + critical * se)

"""Means of groups and their differences, with intervals that hold all together.

m_a = sum w f 1{A=a} / sum w 1{A=a}; the influence of row i on it is
1{A_i=a} w_i (f_i - m_a) / sum w 1{A=a}, summed within clusters. The rows of the log stand for the
customers to come. Differences between all pairs of groups share one critical value,
Student's t at 1 - 0.05 / (2 pairs), with the clusters of the smallest group for degrees of freedom.
The share of a small group that nobody, or everybody, has is given the error of one with two more of
either kind (Agresti and Coull 1998). Cost O(n m) a metric.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from scipy.stats import t as student

from handful.evidence.records import Estimate
from handful.guardrails.fairness_groups import Groups
from handful.guardrails.fairness_records import Ratio
from handful.notation import FloatArray, IntArray

LEVEL: Final = 0.05
LEAST_COUNTED: Final = 30
"""Customers of a group that a metric must count."""
FIRM: Final = 3.0
"""A ratio is told where every group's mean is this many standard errors above 0."""


@dataclass(frozen=True, slots=True)
class Column:
    """One metric of every row.

    Attributes:
        metric, offer, measure: see `MetricFrame`.
        values: (n,) f.
        weights: (n,) w, 1 where the row is counted.
        share: whether f is 0 or 1 (or a probability of it).
        settled: whether every customer has the same f by construction: nothing to estimate.
    """

    metric: str
    offer: str | None
    measure: str
    values: FloatArray
    weights: FloatArray
    share: bool
    settled: bool


@dataclass(frozen=True, slots=True)
class Moments:
    """Means of the groups of one metric, and their covariance.

    Attributes:
        mean: (m,).
        covariance: (m, m), robust to clusters.
        people: independent people in the smallest group.
        share, settled: as in the column.
    """

    mean: FloatArray
    covariance: FloatArray
    people: int
    share: bool
    settled: bool


def moments(column: Column, groups: Groups, cluster: IntArray) -> Moments | None:
    """Return the means of the groups; None where a group has too few rows counted.

    Args:
        column: the metric.
        groups: of one protected column.
        cluster: (n,) codes of people who are not independent.

    Cost: O(n m).

    Example:
        >>> values = np.repeat([0.0, 1.0], 40)
        >>> column = Column("x", None, "", values, np.ones(80), False, False)
        >>> groups = Groups("g", ("a", "b"), np.arange(80) % 2)
        >>> moments(column, groups, np.arange(80)).mean.round(6).tolist()
        [0.5, 0.5]
    """
    count = int(cluster.max()) + 1
    m = len(groups.names)
    mean, people = np.zeros(m), np.zeros(m)
    sums = np.zeros((count, m))
    for a in range(m):
        rows = np.flatnonzero((groups.code == a) & (column.weights > 0))
        people[a] = len(np.unique(cluster[rows]))
        if people[a] < LEAST_COUNTED:
            return None
        weights = column.weights[rows] / column.weights[rows].sum()
        mean[a] = weights @ column.values[rows]
        influence = weights * (column.values[rows] - mean[a])
        sums[:, a] = np.bincount(cluster[rows], influence, minlength=count)
    covariance = sums.T @ sums * (count / max(count - 1, 1))
    if column.share and not column.settled:
        least = _share_errors(mean, people)
        np.fill_diagonal(covariance, np.maximum(np.diag(covariance), least))
    return Moments(mean, covariance, int(people.min()), column.share, column.settled)


def _share_errors(mean: FloatArray, people: FloatArray) -> FloatArray:
    """Return the variance of shares with two more who have it and two who have not."""
    more = people + 4.0
    share = (mean * people + 2.0) / more
    variance: FloatArray = share * (1.0 - share) / more
    return variance


@dataclass(frozen=True, slots=True)
class Family:
    """How many statements hold together: differences of pairs, and values of groups."""

    pairs: int
    groups: int

    def critical(self, statements: int, people: int) -> float:
        """Return the critical value of one of so many two-sided statements."""
        return float(student.ppf(1.0 - LEVEL / (2.0 * max(statements, 1)), max(people - 1, 1)))


def family_of(found: Sequence[Moments]) -> Family:
    """Count the statements of all metrics and columns that are estimated at all."""
    sizes = [len(one.mean) for one in found if not one.settled]
    return Family(sum(m * (m - 1) // 2 for m in sizes), sum(sizes))


def group_estimates(found: Moments, family: Family) -> tuple[Estimate, ...]:
    """Return every group's value; intervals hold for all groups, metrics and columns at once."""
    critical = family.critical(family.groups, found.people)
    errors = np.sqrt(np.diag(found.covariance))
    return tuple(
        _clipped(float(value), float(se), critical, (0.0, 1.0) if found.share else None)
        for value, se in zip(found.mean, errors, strict=True)
    )


def difference(found: Moments, family: Family) -> Estimate:
    """Return the largest less the smallest group value.

    The interval is from the largest lower to the largest upper limit of |m_a - m_b| over all
    pairs: as long as every pair's interval holds, so does this one.

    Example:
        >>> same = Moments(np.array([0.5, 0.7]), np.eye(2) * 0.005, 90, False, False)
        >>> made = difference(same, Family(1, 2))
        >>> round(made.value, 6), round(made.lo, 3), round(made.hi, 2)
        (0.2, 0.001, 0.4)
    """
    pairs = list(combinations(range(len(found.mean)), 2))
    critical = family.critical(family.pairs, found.people)
    gaps = np.array([abs(found.mean[a] - found.mean[b]) for a, b in pairs])
    errors = np.array([_pair_error(found.covariance, a, b) for a, b in pairs])
    lo, hi = gaps - critical * errors, gaps + critical * errors
    at = int(gaps.argmax())
    most = 1.0 if found.share else np.inf
    return Estimate(
        float(gaps[at]), float(errors[at]), max(float(lo.max()), 0.0), min(float(hi.max()), most)
    )


def _pair_error(covariance: FloatArray, a: int, b: int) -> float:
    variance = covariance[a, a] + covariance[b, b] - 2.0 * covariance[a, b]
    return float(np.sqrt(max(variance, 0.0)))


def ratio(found: Moments, family: Family) -> Ratio:
    """Return the smallest over the largest group value, by the delta method on logarithms.

    ln m_a - ln m_b has the influence psi_a / m_a - psi_b / m_b. The interval is from the smallest
    lower to the smallest upper limit over all ordered pairs. Where a mean is not clearly above 0 a
    ratio says nothing.
    """
    if found.settled:
        constant = bool((found.mean > 0).all())
        if constant:
            return Ratio(1.0, 1.0, 1.0)
        return Ratio(None, None, None, "it would divide by nothing")
    errors = np.sqrt(np.diag(found.covariance))
    if (found.mean <= FIRM * errors).any():
        return Ratio(None, None, None, "a group's value is not clearly above 0")
    critical = family.critical(family.pairs, found.people)
    scaled = found.covariance / np.outer(found.mean, found.mean)
    lows, highs = [], []
    for a, b in combinations(range(len(found.mean)), 2):
        log = float(np.log(found.mean[a] / found.mean[b]))
        reach = critical * _pair_error(scaled, a, b)
        lows.append(np.exp(-abs(log) - reach))
        highs.append(np.exp(-abs(log) + reach))
    value = float(found.mean.min() / found.mean.max())
    return Ratio(value, float(min(lows)), min(float(min(highs)), 1.0))


def _clipped(
    value: float, se: float, critical: float, ends: tuple[float, float] | None
) -> Estimate:
    lo, hi = value - critical * se, value + critical * se
    if ends is not None:
        lo, hi = max(lo, ends[0]), min(hi, ends[1])
    return Estimate(value, se, lo, hi)

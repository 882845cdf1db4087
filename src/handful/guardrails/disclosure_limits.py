"""How much a sight tells about a trait: exact, simultaneous limits on a ratio of two shares.

A bystander sees symbol o. LR_o = P(o | trait) / P(o | no trait) is how many times likelier the
trait makes that sight: odds(trait | o) = LR_o x odds(trait). Both shares get Clopper-Pearson
limits; the limits of ln LR combine them by a union bound, which holds whatever links the two
groups (people of both may live in one household). Cost O(n + symbols).

Clopper and Pearson (1934), Biometrika 26(4); clusters: Korn and Graubard (1998), Survey
Methodology 24(2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import betaincinv
from scipy.stats import t as student

from handful.notation import FloatArray, IntArray

FAMILY_LEVEL: Final = 0.05
"""Probability that any limit of one plan misses, over all attributes, levels and offers."""

LIMITS_PER_RATIO: Final = 4
"""Two shares, two ends each: the family's level is split evenly over them."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of a group that see each symbol, with exact limits; arrays of one shape."""

    share: FloatArray
    lo: FloatArray
    hi: FloatArray


@dataclass(frozen=True, slots=True)
class LogRatio:
    """ln LR of each symbol with its limits; -inf or inf where one group never sees it."""

    estimate: FloatArray
    lo: FloatArray
    hi: FloatArray

    @property
    def size(self) -> FloatArray:
        """|ln LR| as estimated."""
        return np.abs(self.estimate)

    @property
    def least(self) -> FloatArray:
        """Lower limit of |ln LR|: above 0 where a leak is proven."""
        return np.maximum(0.0, np.maximum(self.lo, -self.hi))

    @property
    def most(self) -> FloatArray:
        """Upper limit of |ln LR|."""
        return np.maximum(np.abs(self.lo), np.abs(self.hi))


def tail_of(cells: int) -> float:
    """Return the tail of each single limit when `cells` ratios are to hold together.

    tail = level / (4 cells) (Bonferroni).

    Example:
        >>> tail_of(5)
        0.0025
    """
    return FAMILY_LEVEL / (LIMITS_PER_RATIO * max(cells, 1))


def exact_shares(count: FloatArray, total: FloatArray, tail: float) -> Shares:
    """Return binomial shares with Clopper-Pearson limits.

    lo = B^-1(tail; k, m - k + 1), hi = B^-1(1 - tail; k + 1, m - k); k may be a fraction where
    `total` is an effective size.

    Args:
        count: k, those who see the symbol.
        total: m above 0, those in the group.
        tail: probability that one end misses.

    Example:
        >>> found = exact_shares(np.array([0.0, 5.0]), np.array([10.0, 10.0]), 0.025)
        >>> found.lo.round(3).tolist(), found.hi.round(3).tolist()
        ([0.0, 0.187], [0.308, 0.813])
    """
    k, m = np.broadcast_arrays(np.asarray(count, float), np.asarray(total, float))
    left = np.maximum(m - k, 0.0)
    inner_lo, inner_hi = np.maximum(k, 1e-300), np.maximum(left, 1e-300)
    lo = np.where(k > 0, betaincinv(inner_lo, left + 1.0, tail), 0.0)
    hi = np.where(left > 0, betaincinv(k + 1.0, inner_hi, 1.0 - tail), 1.0)
    return Shares(k / m, lo, hi)


def group_shares(symbol: IntArray, symbols: int, cluster: IntArray, tail: float) -> Shares:
    """Return the shares of one group that see each symbol; repeated people count for less.

    The effective size is n / deff (t_{n-1} / t_{C-1})^2 with deff the cluster-robust variance over
    the binomial one, never above n; a share of 0 or 1 has no variance and counts clusters.

    Args:
        symbol: (n,) what each row of the group sees, 0..symbols-1.
        symbols: A.
        cluster: (n,) codes of people who are not independent.
        tail: probability that one end misses.

    Returns:
        (A,) shares.

    Cost: O(n A) with clusters, O(n) without.

    Example:
        >>> seen = np.array([0, 0, 1, 1])
        >>> alone = group_shares(seen, 2, np.arange(4), 0.025)
        >>> pairs = group_shares(seen, 2, np.array([0, 0, 1, 1]), 0.025)
        >>> bool(pairs.hi[0] > alone.hi[0])
        True
    """
    n = symbol.size
    count = np.bincount(symbol, minlength=symbols).astype(float)
    members, code = np.unique(cluster, return_inverse=True)
    if members.size == n:
        return exact_shares(count, np.full(symbols, float(n)), tail)
    size = np.array([_effective(symbol == o, code, members.size, tail) for o in range(symbols)])
    return exact_shares(count / n * size, size, tail)


def _effective(seen: FloatArray, cluster: IntArray, clusters: int, tail: float) -> float:
    """Effective number of independent people behind one share."""
    n, share = seen.size, float(seen.mean())
    plain = share * (1.0 - share) / n
    if plain == 0.0 or clusters < 2:
        return float(clusters)
    sums = np.bincount(cluster, weights=seen - share, minlength=clusters)
    robust = clusters / (clusters - 1) * float(np.sum(sums**2)) / n**2
    if robust == 0.0:
        return float(clusters)
    wider = (student.ppf(tail, n - 1) / student.ppf(tail, clusters - 1)) ** 2
    return float(min(n, n * plain / robust * wider))


def mixed(shares: Shares, keep: float, drawn: FloatArray) -> Shares:
    """Return the shares after offers are drawn by chance: keep x share + drawn.

    The draw is ours and known, so the limits move with it exactly.

    Args:
        shares: of the policy before the draw.
        keep: probability that the policy's own offer stays.
        drawn: (A,) probability that chance shows each symbol; sums to 1 - keep.
    """
    return Shares(*(keep * part + drawn for part in (shares.share, shares.lo, shares.hi)))


def log_ratio(having: Shares, lacking: Shares) -> LogRatio:
    """Return ln LR of every symbol with limits that hold at the level the shares were made for.

    lo = ln(lo_1 / hi_0), hi = ln(hi_1 / lo_0).

    Args:
        having: shares among people with the trait.
        lacking: shares among people without it.

    Example:
        >>> one = Shares(np.array([0.4]), np.array([0.3]), np.array([0.5]))
        >>> two = Shares(np.array([0.2]), np.array([0.1]), np.array([0.3]))
        >>> np.exp(log_ratio(one, two).hi).round(6).tolist()
        [5.0]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return LogRatio(
            np.log(having.share / lacking.share),
            np.log(having.lo / lacking.hi),
            np.log(having.hi / lacking.lo),
        )


def shown_over(ratio: LogRatio, bound: float) -> np.ndarray:
    """Return where a leak is shown that is over the bound.

    The rule of `fail`: the lower limit of |ln LR| is above 0 (some leak is proven, false alarms at
    most 5 % over the whole family) and its estimate is over the bound.

    Args:
        ratio: with simultaneous limits.
        bound: of LR, above 1.
    """
    found: np.ndarray = (ratio.least > 0.0) & (ratio.size > np.log(bound))
    return found


def shown_within(ratio: LogRatio, bound: float) -> np.ndarray:
    """Return where the upper limit of |ln LR| is within the bound: the rule of `pass`."""
    found: np.ndarray = ratio.most <= np.log(bound)
    return found

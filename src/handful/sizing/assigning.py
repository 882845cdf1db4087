"""Gives customers their offers: by the range of shares that a customer's hash falls in.

Every customer is drawn alone, so one who is added later changes nobody else, and shares come out
near what was asked for. With strata the customers of each are put in the order of their hash and
dealt out, so that shares come out exactly, stratum by stratum; then the list has to be whole, since
one customer more moves others. Clusters are hashed in place of their customers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.experiment.checks.sample_ratio import ratio_test
from handful.notation import FloatArray, IntArray
from handful.sizing.hashing import STEPS, Dialect, position

SUSPECT: Final = 0.001
"""Below this p-value the shares of a file are not those that were asked for."""


@dataclass(frozen=True, slots=True)
class HashWords:
    """The words that a hash is made with: whose, the experiment's name, and the salt."""

    dialect: Dialect
    name: str
    salt: str


@dataclass(frozen=True, slots=True)
class Given:
    """Who gets what.

    Attributes:
        offer: (n,) codes.
        propensity: (n,) chance of the offer that was given.
        shares: (G,) chances of all offers; with strata on average over customers.
    """

    offer: IntArray
    propensity: FloatArray
    shares: FloatArray


@dataclass(frozen=True, slots=True)
class RatioCheck:
    """Do the shares of a file match what was asked for?"""

    units: int
    counts: tuple[int, ...]
    p_value: float
    ok: bool


def rounded_shares(shares: FloatArray, dialect: Dialect) -> FloatArray:
    """Return the shares in the whole steps that a dialect can give out, adding up to 1.

    Example:
        >>> rounded_shares(np.array([1 / 3, 1 / 3, 1 / 3]), "unleash").tolist()
        [0.334, 0.333, 0.333]
    """
    steps = STEPS[dialect]
    return shares if steps is None else _dealt(shares, steps) / steps


def _dealt(shares: FloatArray, count: int) -> IntArray:
    """Return whole numbers adding up to `count`, nearest to the shares (largest remainders)."""
    exact = shares * count
    whole: IntArray = np.floor(exact + 1e-9).astype(np.int64)
    left = count - int(whole.sum())
    order = np.argsort(-(exact - whole), kind="stable")
    whole[order[:left]] += 1
    return whole


def draw_offers(units: Sequence[str], shares: FloatArray, words: HashWords) -> Given:
    """Give every unit the offer whose range its hash falls in.

    Args:
        units: (n,) ids of customers, or of their clusters.
        shares: (G,) asked for.
        words: of the hash.

    Cost: O(n).

    Example:
        >>> words = HashWords("handful", "spring", "pepper")
        >>> draw_offers(["a", "b", "a"], np.array([0.5, 0.5]), words).offer.tolist()
        [1, 0, 1]
    """
    given = rounded_shares(shares, words.dialect)
    edges = np.cumsum(given)[:-1]
    offer = np.searchsorted(edges, _positions(units, words) + 1e-12, side="right").astype(np.int64)
    return Given(offer, given[offer], given)


def _positions(units: Sequence[str], words: HashWords) -> FloatArray:
    place = position(words.dialect, words.name, words.salt)
    known: dict[str, float] = {unit: place(unit) for unit in dict.fromkeys(units)}
    return np.array([known[unit] for unit in units])


def deal_offers(
    units: Sequence[str], stratum: Sequence[str], shares: FloatArray, words: HashWords
) -> Given:
    """Deal offers out within each stratum, in the order of the hash: shares come out exactly.

    Args:
        units: (n,) ids of customers, or of their clusters.
        stratum: (n,) stratum of each; of a cluster its first customer's.
        shares: (G,) asked for.
        words: of the hash.

    Returns:
        Offers; the propensity is the share of its stratum's units that got the offer.

    Cost: O(n log n).

    Example:
        >>> words = HashWords("handful", "spring", "pepper")
        >>> dealt = deal_offers(list("abcd"), ["x"] * 4, np.array([0.5, 0.5]), words)
        >>> np.bincount(dealt.offer).tolist()
        [2, 2]
    """
    home = dict(zip(reversed(units), reversed(stratum), strict=True))
    place = position(words.dialect, words.name, words.salt)
    chosen: dict[str, tuple[int, float]] = {}
    for label in sorted(set(home.values())):
        mine = sorted((place(unit), unit) for unit, its in home.items() if its == label)
        counts = _dealt_within(shares, len(mine), place(f"stratum {label}"))
        codes = np.repeat(np.arange(len(shares)), counts)
        for (_, unit), code in zip(mine, codes, strict=True):
            chosen[unit] = (int(code), float(counts[code] / len(mine)))
    offer = np.array([chosen[unit][0] for unit in units], dtype=np.int64)
    propensity = np.array([chosen[unit][1] for unit in units])
    return Given(offer, propensity, np.bincount(offer, minlength=len(shares)) / len(offer))


def _dealt_within(shares: FloatArray, count: int, turn: float) -> IntArray:
    """Return how many units of a stratum get each offer; who gets the odd ones is drawn by hash."""
    exact = shares * count
    whole: IntArray = np.floor(exact + 1e-9).astype(np.int64)
    left = count - int(whole.sum())
    rest = exact - whole
    # Systematic sampling: offer g gets an odd unit with chance rest_g.
    ticks = turn + np.arange(left)
    bounds = np.cumsum(rest)
    extra = np.minimum(np.searchsorted(bounds, ticks, side="right"), len(shares) - 1)
    np.add.at(whole, extra, 1)
    return whole


def check_ratio(given: Given, units: Sequence[str]) -> RatioCheck:
    """Test the shares of what was given out, each unit counted once.

    Cost: O(n).

    Example:
        >>> words = HashWords("handful", "spring", "pepper")
        >>> ids = [str(i) for i in range(1000)]
        >>> check_ratio(draw_offers(ids, np.array([0.5, 0.5]), words), ids).ok
        True
    """
    first = np.unique(np.asarray(units, dtype=object).astype(str), return_index=True)[1]
    counts = np.bincount(given.offer[first], minlength=len(given.shares))
    p_value = ratio_test(counts, given.shares, "all").p_value
    return RatioCheck(len(first), tuple(map(int, counts)), p_value, p_value >= SUSPECT)

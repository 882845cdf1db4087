"""Power of the third question: does a menu of two beat EVERY single offer, and is one more better?

Two offers a, b of the menu, their difference over customers normal with mean mu and sd d. A plan
learned on four fifths of n rows predicts it with correlation rho, so it gives b to the share
P(mu + rho d Z > 0) and gains over a

    E max(0, mu + rho d Z)   (for mu = 0: rho d / sqrt(2 pi)).

Its least t over all singles must exceed the critical value of all menus at once (intersection-union
inside sup-t); both are drawn from the normal law of segment means. Cost O(draws G).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from handful.notation import FloatArray
from handful.sizing.lead import DRAWS, _normals
from handful.sizing.learning import PLAN_SPEND, correlation, spend_of
from handful.sizing.noise import design_effect, noise_of
from handful.sizing.records import Facts

LEARNED: Final = 0.8
"""Share of the rows that a fold's policy is learned on."""

MENUS_ALIKE: Final = 0.97
"""Correlation between the leads of menus of different sizes over the best single offer: they give
most customers the same. Measured in studies/sizing.py."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The two offers of the menu: their codes, the mean of b - a, and its sd over customers."""

    a: int
    b: int
    mean: float
    sd: float


def pair_of(facts: Facts, spread: float) -> Pair:
    """Return the pair that is hardest to tell from a single offer.

    Two equally good offers whose own effects are independent; with one offer beside the control,
    that offer and the control.

    Example:
        >>> pair_of(Facts(("none", "a", "b"), 0.0, 1.0, 0.2, 0.1, 0.05), 0.1).mean
        0.0
    """
    if facts.n_offers == 2:
        return Pair(0, 1, facts.gain, spread)
    return Pair(1, 2, 0.0, math.sqrt(2.0) * spread)


def targeting_gain(pair: Pair, rho: float = 1.0) -> float:
    """Return what assigning by predictions of this quality gains over the better of the two.

    E max(0, mu + rho d Z) - max(0, mu).

    Example:
        >>> round(targeting_gain(Pair(1, 2, 0.0, 1.0)), 4)
        0.3989
    """
    scale = rho * pair.sd
    if scale <= 0.0:
        return 0.0
    ratio = pair.mean / scale
    best = scale * float(norm.pdf(ratio)) + pair.mean * float(norm.cdf(ratio))
    return best - max(0.0, pair.mean)


def spread_for(facts: Facts, targeting: float) -> float:
    """Return the sd of customers' own effects that a targeting gain means.

    Example:
        >>> round(spread_for(Facts(("none", "a", "b"), 0.0, 1.0, 0.2, 0.1, 0.05), 0.5642), 3)
        1.0
    """
    top = 100.0 * (targeting + facts.gain)
    return float(brentq(lambda s: targeting_gain(pair_of(facts, s)) - targeting, 1e-12, top))


def quality(facts: Facts, shares: FloatArray, rows: float, pair: Pair) -> float:
    """Return rho of the predicted difference between the two offers.

    Cost: O(1).
    """
    noise = noise_of(facts, facts.gain) * (1.0 / shares[pair.a] + 1.0 / shares[pair.b])
    spend = spend_of(PLAN_SPEND, facts.features)
    return correlation(pair.sd**2, noise, LEARNED * rows, spend)


def menu_power(facts: Facts, shares: FloatArray, rows: float, spread: float) -> float:
    """Return the chance that handful's verdict is a handful.

    Args:
        facts: what is known beforehand.
        shares: (G,) of the offers, the control first.
        rows: of the experiment.
        spread: sd of customers' own effects, money per customer.

    Returns:
        A probability.

    Cost: O(draws G).

    Example:
        >>> from handful.sizing.noise import equal_shares
        >>> facts = Facts(("none", "a", "b"), 0.0, 1.0, 0.2, 0.1, 0.05)
        >>> menu_power(facts, equal_shares(3), 500, 0.01) < 0.05
        True
    """
    pair = pair_of(facts, spread)
    rho = quality(facts, shares, rows, pair)
    gain = targeting_gain(pair, rho)
    if gain <= 0.0:
        return 0.0
    gets_b = float(norm.cdf(pair.mean / (rho * pair.sd)))
    segments = np.array([1.0 - gets_b, gets_b])
    t = _contrasts(facts, shares, rows, (pair, segments), gain)
    return float(np.mean(t.min(axis=1) > critical_value(facts.n_offers - 1)))


def _contrasts(
    facts: Facts,
    shares: FloatArray,
    rows: float,
    menu: tuple[Pair, FloatArray],
    gain: float,
) -> FloatArray:
    """Draw (draws, G) t statistics of the menu against every single offer."""
    pair, segments = menu
    offers = facts.n_offers
    worth = np.zeros(offers)
    worth[[pair.a, pair.b]] = (0.0, pair.mean) if offers == 2 else (facts.gain, facts.gain)
    noise = np.array([noise_of(facts, w) for w in worth])
    clusters = np.array([design_effect(facts, p) for p in segments])
    # The mean of offer g over segment s, times the segment's share: (2, G) variances.
    variance = segments[:, None] * clusters[:, None] * noise / (shares * rows)
    drawn = _normals(DRAWS, 2 * offers).reshape(DRAWS, 2, offers) * np.sqrt(variance)
    given = np.stack([drawn[:, 0, pair.a], drawn[:, 1, pair.b]], axis=1)
    held = np.stack([variance[0, pair.a], variance[1, pair.b]])
    t = np.empty((DRAWS, offers))
    for g in range(offers):
        differs = np.array([g != pair.a, g != pair.b])
        lead = max(worth[pair.a], worth[pair.b]) + gain - worth[g]
        error = math.sqrt(float(((held + variance[:, g]) * differs).sum()))
        t[:, g] = (lead + ((given - drawn[:, :, g]) * differs).sum(axis=1)) / error
    return t


def critical_value(menus: int) -> float:
    """Return the 95 % quantile of the largest |t| of this many menus' leads.

    Example:
        >>> round(critical_value(1), 1)
        2.0
    """
    if menus <= 1:
        return float(norm.ppf(0.975))
    z = _normals(20_000, menus + 1)
    alike, own = math.sqrt(MENUS_ALIKE), math.sqrt(1.0 - MENUS_ALIKE)
    t = alike * z[:, :1] + own * z[:, 1:]
    return float(np.quantile(np.abs(t).max(axis=1), 0.95))


def next_power(facts: Facts, shares: FloatArray, rows: float, gain: float, offers: int) -> float:
    """Return the chance that a menu of `offers` is taken over the menu of one less.

    handful takes the smaller menu when it is within one paired standard error of the best, so this
    is a choice at t > 1 and not a test at 5 %. The extra offer goes to 1 / offers of customers.

    Cost: O(1).

    Example:
        >>> from handful.sizing.noise import equal_shares
        >>> facts = Facts(("none", "a", "b"), 0.0, 1.0, 0.2, 0.1, 0.05)
        >>> round(next_power(facts, equal_shares(3), 1000, 0.0, 3), 2)
        0.16
    """
    share = 1.0 / offers
    noise = noise_of(facts, facts.gain) * 2.0 / shares[-1]
    error = math.sqrt(share * noise * design_effect(facts, share) / rows)
    return float(norm.cdf(gain / error - 1.0))

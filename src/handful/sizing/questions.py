"""The questions in order: what each takes, what the rows at hand can do, and the curve of power."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.notation import FloatArray
from handful.sizing.differing import differing_power
from handful.sizing.lead import lead_power
from handful.sizing.menus import (
    menu_power,
    next_power,
    pair_of,
    quality,
    spread_for,
    targeting_gain,
)
from handful.sizing.records import CurvePoint, Facts, Need, Question
from handful.sizing.solving import LEAST_PER_OFFER, effect_for, rows_for

LARGEST_NEXT: Final = 4
"""Menus are told apart up to this one; the demands grow fast."""

CURVE_POINTS: Final = 25


@dataclass(frozen=True, slots=True)
class Asked:
    """One question with everything needed to answer it.

    `power(rows, effect)` is the chance; `effect` money per customer.
    """

    question: Question
    effect: float
    power: Callable[[float, float], float]
    offers: int | None = None


def questions(facts: Facts, shares: FloatArray) -> list[Asked]:
    """Return the questions that these offers leave open."""
    asked = [
        Asked("best offer", facts.gain, lambda n, e: lead_power(facts, shares, n, e)),
        Asked("heterogeneity", facts.spread, lambda n, e: differing_power(facts, shares, n, e)),
        Asked(
            "menu of two",
            facts.targeting,
            lambda n, e: menu_power(facts, shares, n, spread_for(facts, e)),
        ),
    ]
    return asked + [_next(facts, shares, k) for k in range(3, _largest(facts) + 1)]


def _largest(facts: Facts) -> int:
    return min(facts.n_offers, LARGEST_NEXT)


def _next(facts: Facts, shares: FloatArray, offers: int) -> Asked:
    return Asked(
        "next offer",
        facts.targeting,
        lambda n, e: next_power(facts, shares, n, e, offers),
        offers,
    )


def least_rows(shares: FloatArray) -> int:
    """Return the rows below which handful would leave an offer out.

    Example:
        >>> least_rows(np.array([0.5, 0.5]))
        160
    """
    return int(np.ceil(LEAST_PER_OFFER / float(shares.min()) - 1e-9))


def answer(
    facts: Facts, shares: FloatArray, wanted: float, available: int | None
) -> tuple[Need, ...]:
    """Answer every question.

    Args:
        facts: what is known.
        shares: (G,) of the offers.
        wanted: power.
        available: rows at hand; None where not stated.

    Cost: some 80 evaluations of power for each question.
    """
    return tuple(_need(facts, shares, one, wanted, available) for one in questions(facts, shares))


def _need(
    facts: Facts, shares: FloatArray, one: Asked, wanted: float, available: int | None
) -> Need:
    rows = rows_for(lambda n: one.power(n, one.effect), wanted, least_rows(shares))
    detectable = at_hand = None
    if available is not None:
        at_hand = one.power(available, one.effect)
        most = facts.sd if facts.margin is None else facts.margin - facts.baseline
        detectable = effect_for(lambda e: one.power(available, e), wanted, most)
    return Need(
        question=one.question,
        effect=one.effect,
        rows=rows,
        power=0.0 if rows is None else one.power(rows, one.effect),
        detectable=detectable,
        at_hand=at_hand,
        offers=one.offers,
        realised=_realised(facts, shares, one, rows),
        why="" if rows is not None else "even a billion show it too seldom",
    )


def _realised(facts: Facts, shares: FloatArray, one: Asked, rows: int | None) -> float | None:
    """Return what share of the targeting gain a plan learned on these rows keeps, on average."""
    if one.question != "menu of two" or rows is None:
        return None
    pair = pair_of(facts, facts.spread)
    whole = targeting_gain(pair)
    return targeting_gain(pair, quality(facts, shares, rows, pair)) / whole if whole > 0 else None


def curve(
    facts: Facts, shares: FloatArray, needs: tuple[Need, ...], available: int | None
) -> tuple[CurvePoint, ...]:
    """Return power over rows for the first three questions, on rows evenly spaced in logarithms.

    Cost: 75 evaluations.
    """
    known = [need.rows for need in needs if need.rows is not None]
    known += [] if available is None else [available]
    low, high = least_rows(shares), 3.0 * max(known, default=10_000)
    grid = np.unique(np.round(np.geomspace(low, max(high, 2.0 * low), CURVE_POINTS)).astype(int))
    return tuple(
        CurvePoint(one.question, int(n), one.power(float(n), one.effect))
        for one in questions(facts, shares)[:3]
        for n in grid
    )

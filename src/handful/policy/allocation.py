"""Who gets which within limits: one price per limit, marginal customers rounded exactly.

With the right price l_c on each limit everybody takes the best of P_ik - sum_c l_c a_c,ik. Prices
come from a sample; then only customers whose choice hangs on the prices' last digits go into an
exact programme, until nobody outside it would choose otherwise. The bound is the dual's over all
customers: sum_i max_k (P_ik - sum_c l_c a_c,ik) + sum_c l_c b_c.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from handful.errors import BriefError, Finding, blocked
from handful.notation import BoolArray, FloatArray, IntArray
from handful.policy.allocation_programme import Relaxed, relax
from handful.policy.allocation_records import Allocation, Limit, Problem, priced, used_by
from handful.policy.allocation_rounding import (
    amounts_over,
    fill_up,
    mend_counts,
    spread_whole,
)
from handful.policy.conflicts import refuse_conflict

SAMPLE: Final = 20_000
"""Customers the first prices are found on; also how many are kept open to the programme."""
MOST_ROUNDS: Final = 20
MOST_TIGHTER: Final = 12


def allocate(problem: Problem) -> Allocation:
    """Give every customer one offer within the limits, at the most value.

    max sum_i P_i,pi(i) subject to low_c <= sum_i a_c,i,pi(i) <= high_c.

    Args:
        problem: (n, K) values, open cells and limits; every customer has an open offer.

    Returns:
        Offers, prices of the limits, and the bound: limits on counts hold exactly, limits on
        amounts to rounding error; ties go to the first offer.

    Raises:
        BriefError: P730 the limits conflict: the smallest set of them that does, by name; P731 no
            whole assignment was found though shares of customers would fit.

    Cost: O(n K m) a pass, 3 to 6 passes, and an exact programme over a few ten thousand.

    Example:
        >>> values = np.array([[0.0, 1.0], [0.0, 3.0], [0.0, 2.0]])
        >>> found = allocate(Problem(values, None, (Limit("mail", high=2.0, offers=(1,)),)))
        >>> found.offer.tolist(), found.value
        ([0, 1, 1], 5.0)
    """
    offers = problem.values.shape[1]
    limits = problem.limits
    if not limits:
        given = priced(problem, np.zeros(0)).argmax(axis=1)
        value = _value(problem, given)
        return Allocation(given, np.zeros(0), np.zeros(0), value, value)
    rows, given, relaxed = _settle(problem)
    if (relaxed.broken > 1e-6 * (1.0 + _sizes(limits))).any():
        refuse_conflict(problem)
    inner = _residual(problem, rows, given)
    whole = _round(inner, relaxed)
    if whole is None:
        raise BriefError(_no_whole(limits))
    given = given.copy()
    given[rows] = whole
    used = np.array([used_by(limit, given, offers) for limit in limits])
    bound = float(dual_bound(problem, relaxed.prices))
    return Allocation(given, relaxed.prices, used, _value(problem, given), bound)


def dual_bound(problem: Problem, prices: FloatArray) -> float:
    """Return what no assignment within the limits can exceed, whatever the prices are.

    D(l) = sum_i max_k (P_ik - sum_c l_c a_c,ik) + sum_c (l_c+ high_c - l_c- low_c).

    Args:
        problem: values, cells, limits.
        prices: (m,) of any sign where both sides are bounded; a side without bound must have none.

    Cost: O(n K m).
    """
    prices = _sane(problem.limits, prices)
    total = float(priced(problem, prices).max(axis=1).sum())
    for limit, price in zip(problem.limits, prices, strict=True):
        if price:
            total += float(price) * (limit.high if price > 0 else limit.low)
    return total


def _sane(limits: tuple[Limit, ...], prices: FloatArray) -> FloatArray:
    """Drop what is left of a price on a side that has no bound."""
    low = [-np.inf if np.isfinite(limit.low) else 0.0 for limit in limits]
    high = [np.inf if np.isfinite(limit.high) else 0.0 for limit in limits]
    return np.clip(prices, low, high)


def _settle(problem: Problem) -> tuple[IntArray, IntArray, Relaxed]:
    """Return the customers in the programme, everybody's offer outside it, and its optimum."""
    n = len(problem.values)
    everybody = np.arange(n)
    if n <= 2 * SAMPLE:
        return everybody, np.zeros(n, dtype=np.int64), relax(problem)
    relaxed = _sample_prices(problem)
    inside = np.zeros(n, dtype=np.bool_)
    best = np.zeros(n, dtype=np.int64)
    for _ in range(MOST_ROUNDS):
        best, margin = _choices(problem, relaxed.prices)
        inside |= _near(margin, 2 * SAMPLE)
        rows = np.flatnonzero(inside)
        relaxed = relax(_residual(problem, rows, best))
        after, _ = _choices(problem, relaxed.prices)
        wrong = ~inside & (after != best)
        if not wrong.any():
            return rows, best, relaxed
        inside |= wrong
    return everybody, best, relax(problem)


def _sample_prices(problem: Problem) -> Relaxed:
    n = len(problem.values)
    rows = np.sort(np.random.default_rng(0).choice(n, SAMPLE, replace=False))
    part, share = problem.take(rows), SAMPLE / n
    scaled = tuple(replace(x, low=x.low * share, high=x.high * share) for x in part.limits)
    return relax(replace(part, limits=scaled))


def _choices(problem: Problem, prices: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return everybody's best offer at the prices, and by how much it beats the next."""
    left = priced(problem, prices)
    best = np.full(len(left), -np.inf)
    second = np.full(len(left), -np.inf)
    offer = np.zeros(len(left), dtype=np.int64)
    for k in range(left.shape[1]):
        column = left[:, k]
        better = column > best
        np.maximum(second, np.where(better, best, column), out=second)
        np.copyto(best, column, where=better)
        np.copyto(offer, k, where=better)
    return offer, best - second


def _near(margin: FloatArray, count: int) -> BoolArray:
    """Return the customers with the smallest margins, everyone at the last one's included."""
    near: BoolArray = margin <= np.partition(margin, count)[count]
    return near


def _residual(problem: Problem, rows: IntArray, given: IntArray) -> Problem:
    """Return the problem of some customers, the others keeping what they are given."""
    if len(rows) == len(given):
        return problem
    outside = np.ones(len(given), dtype=np.bool_)
    outside[rows] = False
    others = problem.take(np.flatnonzero(outside))
    kept = given[outside]
    part = problem.take(rows)
    limits = []
    for limit, rest in zip(part.limits, others.limits, strict=True):
        used = used_by(rest, kept, problem.values.shape[1])
        limits.append(replace(limit, low=limit.low - used, high=limit.high - used))
    return replace(part, limits=tuple(limits))


def _round(inner: Problem, relaxed: Relaxed) -> IntArray | None:
    """Return whole offers within every limit, asking for less of an amount while it is over."""
    asked = inner
    for tries in range(MOST_TIGHTER):
        left = priced(asked, relaxed.prices)
        whole = mend_counts(inner, left, spread_whole(relaxed.share, relaxed.kind))
        if whole is None:
            return None
        over = amounts_over(inner, whole)
        if not over.any():
            return fill_up(inner, whole)
        # Less and less: a customer rounded up stays so until their share has shrunk enough.
        less = over * 2.0**tries
        limits = tuple(
            replace(x, high=x.high - max(o, 0.0), low=x.low - min(o, 0.0)) if o else x
            for x, o in zip(asked.limits, less, strict=True)
        )
        asked = replace(asked, limits=limits)
        relaxed = relax(asked)
    return None


def _value(problem: Problem, given: IntArray) -> float:
    return float(problem.values[np.arange(len(given)), given].sum())


def _sizes(limits: tuple[Limit, ...]) -> FloatArray:
    return np.array([min(abs(limit.low), abs(limit.high)) for limit in limits])


def _no_whole(limits: tuple[Limit, ...]) -> Finding:
    names = ", ".join(limit.name for limit in limits)
    message = f"no assignment of whole customers was found within the limits {names}."
    return blocked("P731", message, "Loosen the tightest of them a little.")

"""Menus chosen with the limits in mind: menus and prices in turn, with an honest bound.

For any prices l the value of the best menu of K under the limits is at most

    sum_i base_i + max_{|S| = K} sum_i max(0, max_{g in S} (v_ig - base_i)) + sum_c l_c b_c,

v the values less prices: the menu engine bounds the middle term. Cost: a menu path for each set of
prices tried and an allocation for each menu.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Final

import numpy as np

from handful.evidence.branches import branches
from handful.evidence.limits import Rows, limited_problem, menu_columns
from handful.evidence.terms import Terms
from handful.menu.choose import choose_menu
from handful.menu.records import MenuChoice
from handful.notation import FloatArray
from handful.policy.allocation import dual_bound
from handful.policy.allocation_programme import relax
from handful.policy.allocation_records import Problem, priced

SAMPLE: Final = 10_000
"""Rows that menus are compared on; the menu paths themselves read all rows."""
ENOUGH: Final = 1e-3
"""A menu this near its bound, as a share of its value over the base, is not improved."""
BROKEN: Final = 1e-6
FEW_MENUS: Final = 16
"""A size with no more menus than this is settled by trying them all, if it has to be."""


@dataclass(frozen=True, slots=True)
class LimitedChoice:
    """A menu under limits; the base is not in it.

    Attributes:
        offers: K.
        menu: offer codes, ascending.
        value: most it is worth on these rows over giving everybody the base, set-up costs paid.
        bound: what no menu of K can exceed, on the same rows.
    """

    offers: int
    menu: tuple[int, ...]
    value: float
    bound: float

    @property
    def gap(self) -> float:
        """How far the menu can be from the best, as a share of its value over the base."""
        excess = max(self.bound - self.value, 0.0)
        return excess / self.value if self.value > 0 else float("nan")


@dataclass(frozen=True, slots=True)
class _Market:
    """All allowed offers on some rows, under the limits."""

    rows: Rows
    terms: Terms
    problem: Problem
    columns: tuple[int, ...]
    base: FloatArray


def limited_menus(rows: Rows, terms: Terms) -> dict[int, LimitedChoice]:
    """Return the menu of every size that can keep within the limits.

    Args:
        rows: the customers; menus are compared on at most 10,000 of them.
        terms: with limits.

    Returns:
        K -> choice; a size is left out where no menu tried of it can keep the limits.

    Cost: see the module.
    """
    picked = _sampled(rows)
    market = _market(picked, terms)
    free = np.zeros(len(market.problem.limits))
    every = relax(market.problem).prices
    bounds: dict[int, float] = {}
    best: dict[int, tuple[float, tuple[int, ...], FloatArray]] = {}
    for prices in (free, every):
        _try(market, prices, bounds, best)
    for offers in sorted(best):
        value = best[offers][0]
        if bounds[offers] - value > ENOUGH * abs(value):
            _try(market, best[offers][2], bounds, best)
    _try_all(market, bounds, best)
    scale = len(rows.index) / len(picked.index)
    return {
        offers: LimitedChoice(offers, menu, value * scale, bounds[offers] * scale)
        for offers, (value, menu, _) in sorted(best.items())
    }


def _sampled(rows: Rows) -> Rows:
    if len(rows.index) <= SAMPLE:
        return rows
    draw = np.random.default_rng(0).choice(len(rows.index), SAMPLE, replace=False)
    return rows.take(np.sort(draw))


def _market(rows: Rows, terms: Terms) -> _Market:
    if terms.limits is None:
        raise ValueError("the terms hold no limits")
    columns = menu_columns(terms.allowed, terms.limits)
    problem = limited_problem(rows, terms.allowed, terms.limits)
    base = problem.values[:, int(np.searchsorted(columns, terms.limits.base))]
    return _Market(rows, terms, problem, tuple(columns.tolist()), base)


def _try(
    market: _Market,
    prices: FloatArray,
    bounds: dict[int, float],
    best: dict[int, tuple[float, tuple[int, ...], FloatArray]],
) -> None:
    """Choose menus at these prices; keep better menus and tighter bounds."""
    total, constant = market.base.sum(), 0.0
    for limit, price in zip(market.problem.limits, prices, strict=True):
        constant += 0.0 if not price else price * (limit.high if price > 0 else limit.low)
    over, base = _over_base(market, prices)
    ceiling = float(base.sum() + constant - total)
    for offers, (menu, bound) in _paths(market, over).items():
        bounds[offers] = min(bounds.get(offers, np.inf), bound + ceiling)
        if offers in best and best[offers][1] == menu:
            continue
        found = _worth(market, menu)
        if found is not None and (offers not in best or found[0] > best[offers][0]):
            best[offers] = (found[0], menu, found[1])


def _try_all(
    market: _Market,
    bounds: dict[int, float],
    best: dict[int, tuple[float, tuple[int, ...], FloatArray]],
) -> None:
    """Settle the sizes that are still open and have few menus by trying every one."""
    terms, base = market.terms, _base(market)
    free = [g for g in terms.allowed if g not in (base, *terms.always, *terms.never)]
    must = [g for g in terms.always if g != base]
    for offers in sorted(bounds):
        more = offers - len(must)
        value = best[offers][0] if offers in best else -np.inf
        near = offers in best and bounds[offers] - value <= ENOUGH * abs(value)
        if near or not 0 <= more <= len(free) or comb(len(free), more) > FEW_MENUS:
            continue
        bounds[offers] = -np.inf
        for chosen in combinations(free, more):
            menu = tuple(sorted((*must, *chosen)))
            if any(a in menu and b in menu for a, b in terms.exclusive):
                continue
            found = _worth(market, menu)
            if found is not None:
                bounds[offers] = max(bounds[offers], found[0])
                if offers not in best or found[0] > best[offers][0]:
                    best[offers] = (found[0], menu, found[1])


def _over_base(market: _Market, prices: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (n, columns) values less prices over the base's, at least 0, and the base's."""
    left = priced(market.problem, prices)
    at = market.columns.index(_base(market))
    base = left[:, at].copy()
    return np.ascontiguousarray(np.maximum(left - base[:, None], 0.0)), base


def _base(market: _Market) -> int:
    if market.terms.limits is None:
        raise ValueError("the terms hold no limits")
    return market.terms.limits.base


def _paths(market: _Market, over: FloatArray) -> dict[int, tuple[tuple[int, ...], float]]:
    """Return the best menu of every size at the prices, and its bound, net of set-up costs."""
    terms, columns = market.terms, market.columns
    place = {code: at for at, code in enumerate(columns)}
    base = _base(market)
    found: dict[int, tuple[tuple[int, ...], float]] = {}
    values: dict[int, float] = {}
    for without in branches(terms):
        never = sorted({place[g] for g in (base, *without) if g in place})
        always = [place[g] for g in terms.always if g != base]
        if set(always) & set(never) or len(never) == len(columns):
            continue
        path = choose_menu(
            over,
            max_offers=min(terms.max_offers, len(columns) - len(never)),
            setup_cost=terms.setup[list(columns)] * len(over),
            always=always,
            never=never,
        )
        for choice in path:
            _keep_better(choice, columns, found, values)
    return found


def _keep_better(
    choice: MenuChoice,
    columns: tuple[int, ...],
    found: dict[int, tuple[tuple[int, ...], float]],
    values: dict[int, float],
) -> None:
    menu = tuple(columns[at] for at in choice.menu)
    bound = choice.bound if np.isfinite(choice.bound) else np.inf
    known = found.get(choice.offers)
    bound = bound if known is None else max(bound, known[1])
    if known is None or choice.net > values[choice.offers]:
        found[choice.offers], values[choice.offers] = (menu, bound), choice.net
    else:
        found[choice.offers] = (known[0], bound)


def _worth(market: _Market, menu: tuple[int, ...]) -> tuple[float, FloatArray] | None:
    """Return a menu's value over the base under the limits, and the limits' prices."""
    terms = market.terms
    if terms.limits is None:
        return None
    problem = limited_problem(market.rows, menu, terms.limits)
    found = relax(problem)
    size = np.array([min(abs(x.low), abs(x.high)) for x in problem.limits])
    if (found.broken > BROKEN * (1.0 + size)).any():
        return None
    setup = float(terms.setup[list(menu)].sum()) * len(market.rows.index)
    return dual_bound(problem, found.prices) - float(market.base.sum()) - setup, found.prices

"""A budget or capacities asked about: who gets what is decided again, by prices on what is scarce.

Menus of every size stay those of the plan. A fold is a campaign of its own at its share of every
total: prices come from an allocation of a sample of its rows; with them every row of the fold takes
its best offer, by predictions that never saw it, and is valued by its scores:

    pi(x_i) = argmax over g in S of P_ig - sum_c price_c use_ic(g).

Only the first split is counted. The use of a limit is near its bound, and told as it comes out.
Beyond 150,000 rows a fixed sample of clusters answers, with intervals as wide as it asks for.
Cost: J allocations of a sample for every menu, and O(n K) each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from handful.effects.crossfit import CrossFit
from handful.effects.records import AmountFit
from handful.effects.scores import doubly_robust
from handful.errors import BriefError, blocked
from handful.evidence.instability import FIXED
from handful.evidence.limit_records import LimitRule, LimitTerms
from handful.evidence.limit_use import held_out_use
from handful.evidence.limits import Rows, limited_problem, menu_columns
from handful.evidence.names import BEST_SINGLE, ONE_TO_ONE, menu_name, single_name
from handful.evidence.segments import critical_of, mean_inside
from handful.evidence.terms import Terms
from handful.evidence.whatif_columns import (
    Column,
    Table,
    clipped_means,
    follow_shares,
    means_of,
    tells_apart,
    write_column,
)
from handful.evidence.whatif_records import KeptAmount
from handful.experiment.records import Experiment
from handful.notation import Float32Array, FloatArray, IntArray
from handful.planning.constrained import in_campaign, kind_of, unit_of
from handful.planning.records import ConstraintUse
from handful.planning.whatif_judge import (
    Choices,
    Judged,
    choices_at,
    fixed_column,
    judge,
    menus_of,
    table_of,
)
from handful.planning.whatif_limits import thinned
from handful.planning.whatif_records import AnswerSegment, WhatIf
from handful.policy.allocation_programme import relax
from handful.policy.policy import assign_codes

SAMPLE: Final = 600
"""Rows of a fold that prices are found on, at most."""
LOT: Final = 1e-3
"""Share of the offers' differences that lots part equal customers by."""
BROKEN: Final = 1e-3
"""A limit broken by more than this share of its bound cannot be kept by a menu."""

Menu = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Market:
    """The log under limits.

    Attributes:
        whatif: what was kept; `table` its rows.
        terms: with the question's limits; `limits` are these.
        prices: (menu, fold) -> price of each limit, None where the menu cannot keep them; fold -1
            is all rows by the model's claims. Filled as asked.
        lots: offer -> (n,) what parts customers whom the model cannot tell apart; filled as asked.
        size: of these lots, money: far below what offers differ by.
    """

    whatif: WhatIf
    table: Table
    terms: Terms
    limits: LimitTerms
    prices: dict[tuple[Menu, int], FloatArray | None]
    lots: dict[int, FloatArray]
    size: float

    def drawn(self, offers: IntArray, rows: IntArray) -> FloatArray:
        """Return (K, r) lots of some offers and rows, the same ones every time."""
        n = self.whatif.log.n_rows
        for g in offers.tolist():
            if g not in self.lots:
                self.lots[g] = np.random.default_rng([n, 21, g]).random(n) * self.size
        return np.array([self.lots[g][rows] for g in offers.tolist()])


@dataclass(frozen=True, slots=True)
class Limited:
    """The verdict under limits, and the market that any of its menus can be looked at in."""

    market: Market
    judged: Judged


def limited(whatif: WhatIf, terms: Terms) -> Limited:
    """Reach the verdict under other limits.

    Args:
        whatif: what was kept.
        terms: with the question's limits and costs.

    Raises:
        BriefError: F866 no menu of the plan can keep the limits.

    Cost: see the module.
    """
    if terms.limits is None:
        raise ValueError("the terms hold no limits")
    part, terms = thinned(whatif, terms)
    if terms.limits is None:
        raise ValueError("the terms hold no limits")
    limits = replace(terms.limits, inward=False)
    table = table_of(part)
    first = replace(table, halves=table.halves[:1])
    lots = LOT * _spread(part, limits.base)
    market = Market(part, first, terms, limits, {}, {}, lots)
    held = _ledger(market)
    # Where not even all offers together can keep the limits, no menu of some of them can.
    judged = judge(held, terms) if ONE_TO_ONE in held.kept.means.names else None
    if judged is None or not judged.frontier:
        message = "no menu of the plan can keep these limits."
        raise BriefError(blocked("F866", message, "Loosen one of them, or plan again."))
    return Limited(market, judged)


def _spread(whatif: WhatIf, base: int) -> float:
    """Return what offers differ by from the base, on average, as predicted."""
    values = whatif.kept.splits[0].predicted
    return float(np.abs(values - values[base]).mean(axis=1).max())


def _source(market: Market, fold: int) -> tuple[Float32Array, Sequence[KeptAmount], IntArray]:
    """Return predictions, amounts and rows of a fold; the model's claims on all rows for -1."""
    whatif = market.whatif
    if fold >= 0:
        half, split = market.table.halves[0], whatif.kept.splits[0]
        return half.predicted, split.amounts, half.folds[fold]
    if whatif.kept.own is None:
        raise ValueError("the plan kept no predictions")
    return whatif.kept.own, whatif.amounts, np.arange(whatif.log.n_rows)


def _prices(market: Market, menu: Menu, fold: int) -> FloatArray | None:
    """Return the prices of the limits in a fold under a menu; None where it cannot keep them."""
    if (menu, fold) not in market.prices:
        market.prices[menu, fold] = _priced(market, menu, fold)
    return market.prices[menu, fold]


def _priced(market: Market, menu: Menu, fold: int) -> FloatArray | None:
    predicted, amounts, rows = _source(market, fold)
    if len(rows) > SAMPLE:
        draw = np.random.default_rng([len(rows), 9]).choice(len(rows), SAMPLE, replace=False)
        rows = rows[np.sort(draw)]
    cells = market.whatif.log.design.support[market.whatif.log.stratum[rows]]
    expected = tuple(_expected(amount, rows) for amount in amounts)
    values = predicted[:, rows].T.astype(np.float64)
    columns = menu_columns(menu, market.limits)
    values[:, columns] += market.drawn(columns, rows).T
    single = len(menu) == 1  # held to no minimum that it cannot keep, as in the plan
    problem = limited_problem(
        Rows(rows, values, cells, expected), menu, market.limits, upper_only=single
    )
    if not problem.limits:  # nothing is left of limits that are minimums alone
        return np.zeros(len(market.limits.rules))
    found = relax(problem)
    bound = np.array([min(abs(limit.low), abs(limit.high)) for limit in problem.limits])
    if (found.broken > BROKEN * (1.0 + bound)).any():
        return None
    if len(found.prices) == len(market.limits.rules):
        return found.prices
    upper = [np.isfinite(rule.high) for rule in market.limits.rules]
    prices = np.zeros(len(upper))
    prices[upper] = found.prices
    return prices


def _expected(amount: KeptAmount, rows: IntArray) -> FloatArray:
    if amount.predicted is not None:
        return amount.predicted[:, rows].T.astype(np.float64)
    if amount.table is None:
        raise ValueError("an amount has a table or predictions")
    return amount.table[None, :]


def _given(market: Market, menu: Menu, fold: int) -> IntArray:
    """Return what the rows of a fold take from a menu and the base at the prices of the limits."""
    predicted, amounts, rows = _source(market, fold)
    prices = _prices(market, menu, fold)
    if prices is None:
        prices = np.zeros(len(market.limits.rules))
    columns = menu_columns(menu, market.limits)
    left = predicted[columns[:, None], rows].astype(np.float64)
    if prices.any():
        left += market.drawn(columns, rows)
    for rule, price in zip(market.limits.rules, prices, strict=True):
        if not price:
            continue
        if rule.amount is not None:
            left -= price * _expected(amounts[rule.amount], rows)[:, columns].T
            continue
        counted = np.isin(columns, rule.offers)[:, None]
        left -= price * (counted if rule.rows is None else counted & rule.rows[rows])
    cells = None if market.table.cells is None else market.table.cells[rows][:, columns]
    found = assign_codes(left.T, range(len(columns)), cells, -1)
    return np.where(found >= 0, columns[found], market.table.fallback[rows])


def _held(market: Market, menus: Sequence[Menu]) -> IntArray:
    """Return (n,) what the folds take from their menus."""
    codes = np.empty(market.whatif.log.n_rows, np.int64)
    for fold, (mine, menu) in enumerate(zip(market.table.halves[0].folds, menus, strict=True)):
        codes[mine] = _given(market, menu, fold)
    return codes


def _ledger(market: Market) -> WhatIf:
    """Return what was kept with the ledger under the limits in place of its own."""
    whatif, terms = market.whatif, market.terms
    choices = choices_at(whatif, whatif.terms)
    columns = _columns(market, choices)
    plain = means_of(columns, whatif.log.n_rows)
    chosen = [n for n in columns if n not in FIXED and not n.startswith("single:")]
    apart = {}
    for known in whatif.kept.facts:
        column = columns.get(menu_name(known.offers))
        if column is not None and column.codes is not None:
            apart[known.offers] = tells_apart(market.table, column.codes, terms.allowed)
    kept = replace(
        whatif.kept,
        means=plain,
        clipped=None if whatif.limits is None else clipped_means(columns, plain),
        follows=follow_shares(columns, chosen),
        apart=apart,
        facts=tuple(replace(known, certified_gap=None) for known in whatif.kept.facts),
    )
    return replace(whatif, terms=terms, kept=kept, cache={"table": market.table})


def _columns(market: Market, choices: Choices) -> dict[str, Column]:
    """Write every column; a size that cannot keep the limits in some world is left out."""
    whatif, terms = market.whatif, market.terms
    found: dict[str, Column] = {}
    written: dict[tuple[Menu, ...], Column] = {}
    alone = {single_name(g): g for g in terms.singles}
    for name in whatif.kept.means.names:
        menus = menus_of(name, terms, choices)
        if name in alone:
            menus = tuple(tuple((alone[name],) for _ in split) for split in choices)
        if menus is None:
            found[name] = fixed_column(whatif, market.table, name, terms)
            continue
        own = menus[0]
        if name != BEST_SINGLE and any(
            len(menu) > 1 and _prices(market, menu, fold) is None for fold, menu in enumerate(own)
        ):
            continue
        if own not in written:
            written[own] = write_column(market.table, [_held(market, own)])
        found[name] = written[own]
    return found


def limit_uses(market: Market, menu: Menu) -> tuple[ConstraintUse, ...]:
    """Say what each limit uses and is worth: by the model's claims, and on held-out rows.

    Cost: O(n K) and J + 1 allocations of a sample.
    """
    whatif, limits = market.whatif, market.limits
    log = whatif.log
    claimed = _given(market, menu, -1)
    held = _held(market, [menu] * len(market.table.halves[0].folds))
    prices = _prices(market, menu, -1)
    fit = _fit_of(market)
    found = []
    for at, rule in enumerate(limits.rules):
        price = 0.0 if prices is None else float(prices[at])
        found.append(
            ConstraintUse(
                name=rule.name,
                bound=rule.low if kind_of(rule) == "at_least" else rule.high,
                used=in_campaign(rule, _used(market, rule, claimed), log, limits),
                shadow_price=abs(price) if price else None,
                kind=kind_of(rule),
                unit=unit_of(rule, log),
                held_out=held_out_use(log, fit, held, market.terms, rule, listed=False),
            )
        )
    return tuple(found)


def _used(market: Market, rule: LimitRule, given: IntArray) -> float:
    rows = np.arange(len(given))
    if rule.amount is None:
        counted = np.isin(given, rule.offers)
        return float(np.sum(counted if rule.rows is None else counted & rule.rows))
    amount = market.whatif.amounts[rule.amount]
    if amount.predicted is not None:
        return float(amount.predicted[given, rows].sum(dtype=np.float64))
    return 0.0 if amount.table is None else float(amount.table[given].sum())


def _fit_of(market: Market) -> CrossFit:
    """Return the first split as `held_out_use` reads it: the amounts alone."""
    log: Experiment = market.whatif.log
    nothing = np.zeros((0, log.n_offers))
    amounts = []
    for at, kept in enumerate(market.whatif.kept.splits[0].amounts):
        expected = _expected(kept, np.arange(log.n_rows))
        scores = expected
        if kept.predicted is not None:
            seen = log.amounts[at].values
            scores = doubly_robust(expected, seen, log.offer, log.design.received)
        amounts.append(AmountFit(kept.name, expected, scores, ()))
    return CrossFit(np.zeros(0, np.int64), nothing, nothing, (), amounts=tuple(amounts))


def limited_segments(market: Market, menu: Menu, rows_in_all: int) -> tuple[AnswerSegment, ...]:
    """Return who gets which offer, the base among them; sizes are claims, values held out.

    Cost: O(n K).
    """
    log, half = market.whatif.log, market.table.halves[0]
    rows = np.arange(log.n_rows)
    held = _held(market, [menu] * len(half.folds))
    scores = half.predicted[held, rows] + np.where(held == log.offer, half.missed, 0.0)
    picked = scores.astype(np.float64)
    claimed = _given(market, menu, -1)
    offers = [int(g) for g in menu_columns(menu, market.limits)]
    critical = critical_of(len(offers))
    found = []
    for g in offers:
        count = round(float(np.mean(claimed == g)) * rows_in_all)
        worth = mean_inside(picked, held == g, log.cluster, critical)
        found.append(AnswerSegment(log.offers[g], count, count / rows_in_all, worth))
    return tuple(found)

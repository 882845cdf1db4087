"""What of every limit is used on customers that the decision never saw, and how prices alone do.

A limit on customers is counted; the use of an amount is its doubly robust mean, with an interval.
Prices alone are tried on strangers: those of one fold decide the next. Cost: J allocations.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from scipy.stats import norm

from handful.effects.crossfit import CrossFit
from handful.effects.records import AmountFit
from handful.effects.scores import close_cells
from handful.effects.weighted_amounts import known_parts
from handful.errors import BriefError
from handful.evidence.limit_records import BudgetPoint, LimitRule, LimitTerms
from handful.evidence.limits import (
    base_to_fallback,
    codes_by_fold,
    fold_rows,
    limited_codes,
    limited_problem,
    menu_columns,
)
from handful.evidence.records import Estimate
from handful.evidence.terms import Terms
from handful.experiment.records import Amount, Experiment
from handful.notation import FloatArray, IntArray
from handful.policy.allocation import allocate
from handful.policy.allocation_records import priced

FIRM: Final = 1e-6
"""Prices that decide alone are this share firmer, so that ties keep within the limit."""
CURVE: Final = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
"""Budgets of the curve, as multiples of the brief's."""


def firmer(prices: FloatArray) -> FloatArray:
    """Return prices that keep ties within the limits: whom it is all the same gets the base."""
    firm: FloatArray = prices * (1.0 + FIRM)
    return firm


def held_out_use(
    experiment: Experiment,
    fit: CrossFit,
    given: IntArray,
    terms: Terms,
    rule: LimitRule,
    *,
    listed: bool = True,
) -> Estimate:
    """Return what a campaign would use of a limit, by decisions made out of fold.

    Args:
        experiment: the log.
        fit: one split, amounts included.
        given: (n,) offers out of fold.
        terms: with limits.
        rule: one of them.
        listed: whether the offers were given to a list as a whole, which counts exactly; where
            prices decide alone a count is that of a sample of customers.

    Returns:
        In the unit of the brief, with its own 95 % interval, robust to clusters.

    Cost: O(n G).
    """
    limits = terms.limits
    if limits is None:
        raise ValueError("the terms hold no limits")
    if rule.amount is None:
        counted = np.isin(given, rule.offers)
        rows = np.ones(len(given), dtype=np.bool_) if rule.rows is None else rule.rows
        total = rows.sum() if rule.share else len(given) / limits.population
        used = float((counted & rows).sum() / total)
        if listed:
            return Estimate(used, 0.0, used, used)
        share = (counted & rows).sum() / rows.sum()
        spread = mean_estimate(np.where(rows, counted - share, 0.0), experiment)
        scale = len(given) / float(total)
        return Estimate(used, scale * spread.se, used + scale * spread.lo, used + scale * spread.hi)
    if experiment.amounts[rule.amount].weights is not None:
        return _weighted_use(experiment, experiment.amounts[rule.amount], given)
    mean = mean_estimate(_amounts(experiment, fit.amounts[rule.amount], given, terms), experiment)
    scale = 1.0 if rule.share else limits.population
    return Estimate(*(scale * x for x in (mean.value, mean.se, mean.lo, mean.hi)))


def _weighted_use(experiment: Experiment, amount: Amount, given: IntArray) -> Estimate:
    """Return sum_k E[u_k c_k(offer)] for weights u of mean 1, the error that of means of groups.

    The influence of a row is sum_k u_ik (c_ik - E[u_k c_k]): the share of each group in the log is
    itself only a sample.
    """
    weights, by_offer = known_parts(amount)
    counted = by_offer[given]
    mean = (weights * counted).mean(axis=0)
    spread = mean_estimate((weights * (counted - mean)).sum(axis=1), experiment)
    value = float(mean.sum())
    return Estimate(value, spread.se, value + spread.lo, value + spread.hi)


def _amounts(
    experiment: Experiment, amount: AmountFit, given: IntArray, terms: Terms
) -> FloatArray:
    scores = np.broadcast_to(amount.scores, (experiment.n_rows, experiment.n_offers))
    held = close_cells(scores, experiment.open_cells, terms.fallback)
    return np.asarray(held[np.arange(len(given)), given])


def mean_estimate(values: FloatArray, experiment: Experiment) -> Estimate:
    """Return a mean with its own 95 % interval, robust to clusters.

    Cost: O(n).
    """
    mean = float(values.mean())
    sums = np.bincount(experiment.cluster, values - mean)
    se = float(np.sqrt(np.sum(sums**2) * len(sums) / max(len(sums) - 1, 1))) / len(values)
    reach = float(norm.ppf(0.975)) * se
    return Estimate(mean, se, mean - reach, mean + reach)


def codes_by_price(
    experiment: Experiment, fit: CrossFit, menu: tuple[int, ...], limits: LimitTerms, terms: Terms
) -> IntArray:
    """Return (n,) what every row gets when the prices of another fold decide alone.

    Cost: J allocations.
    """
    given = np.empty(experiment.n_rows, np.int64)
    folds = [np.flatnonzero(fit.fold == j) for j in range(len(fit.worlds))]
    columns = menu_columns(menu, limits)
    for j, mine in enumerate(folds):
        known = limited_problem(fold_rows(experiment, fit, folds[j - 1]), menu, limits)
        rows = fold_rows(experiment, fit, mine)
        left = priced(limited_problem(rows, menu, limits), firmer(allocate(known).prices))
        given[mine] = base_to_fallback(rows, columns[left.argmax(axis=1)], terms.fallback)
    return given


def budget_curve(
    experiment: Experiment, fit: CrossFit, menu: tuple[int, ...], limits: LimitTerms, terms: Terms
) -> tuple[BudgetPoint, ...]:
    """Return the menu's held-out value at several budgets, all other limits as they are.

    Cost: J allocations a budget.
    """
    at = next((c for c, rule in enumerate(limits.rules) if rule.name == "budget"), None)
    if at is None:
        return ()
    scores = close_cells(fit.scores, experiment.open_cells, terms.fallback)
    rows = np.arange(experiment.n_rows)
    free = replace(limits, rules=(*limits.rules[:at], *limits.rules[at + 1 :]))
    plenty = codes_by_fold(experiment, fit, menu, free, terms.fallback)
    points = []
    for share in CURVE:
        rule = replace(limits.rules[at], high=share * limits.rules[at].high)
        asked = replace(limits, rules=(*limits.rules[:at], rule, *limits.rules[at + 1 :]))
        given = _within_budget(experiment, fit, menu, asked, (rule, plenty), terms)
        if given is None:
            continue
        value = mean_estimate(np.asarray(scores[rows, given]), experiment)
        points.append(BudgetPoint(rule.high, value.value, value.se, value.lo, value.hi))
    return tuple(points)


def _within_budget(
    experiment: Experiment,
    fit: CrossFit,
    menu: tuple[int, ...],
    limits: LimitTerms,
    budget: tuple[LimitRule, IntArray],
    terms: Terms,
) -> IntArray | None:
    """Return what the folds get at a budget; what they would get with plenty where that fits."""
    rule, plenty = budget
    if rule.amount is None:
        return None
    given = plenty.copy()
    expected = np.broadcast_to(fit.amounts[rule.amount].predicted, fit.predicted.shape)
    for j in range(len(fit.worlds)):
        mine = np.flatnonzero(fit.fold == j)
        if expected[mine, plenty[mine]].sum() <= rule.high * len(mine) / limits.population:
            continue
        rows = fold_rows(experiment, fit, mine)
        try:
            given[mine] = limited_codes(rows, menu, limits, terms.fallback)
        except BriefError:
            return None
    return given

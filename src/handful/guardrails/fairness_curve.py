"""The price of fairness: what the plan's menu is worth, held out, with tighter and looser bounds.

Each point allocates the menu to the folds with all bounds on differences so many times as wide,
other limits as they are, by models that never saw the fold. Cost J + 1 allocations a point.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from handful.effects.scores import close_cells
from handful.errors import BriefError
from handful.evidence.limit_records import LimitTerms
from handful.evidence.limit_use import mean_estimate
from handful.evidence.limits import codes_by_fold, fold_rows, limited_allocation
from handful.experiment.records import Experiment
from handful.guardrails.fairness_bounds import fair_groups, is_fair_rule, rule_subject
from handful.guardrails.fairness_decisions import Decisions
from handful.guardrails.fairness_groups import Groups
from handful.guardrails.fairness_measures import share_columns
from handful.guardrails.fairness_moments import Column, difference, family_of, moments
from handful.guardrails.fairness_records import Achieved, FairPoint
from handful.guardrails.records import Facts
from handful.notation import FloatArray, IntArray

TIMES: Final = (0.1, 0.25, 0.5, 1.0, 2.0, None)
"""Bounds of the curve, as multiples of the brief's; None: no bounds on differences at all."""


def fairness_curve(facts: Facts) -> tuple[FairPoint, ...]:
    """Return the held-out value and the differences achieved at several bounds.

    Args:
        facts: the plan; bounds that are enforced are among its limits.

    Returns:
        The points, the tightest bounds first; a bound that some fold cannot keep has none. () where
        no bound is enforced.

    Cost: see the module.
    """
    limits, experiment = facts.terms.limits, facts.experiment
    if limits is None or not any(is_fair_rule(rule) for rule in limits.rules):
        return ()
    fit, fallback = facts.evidence.first, facts.terms.fallback
    scores = close_cells(fit.scores, experiment.open_cells, fallback)
    rows = np.arange(experiment.n_rows)
    given: dict[float | None, IntArray] = {}
    for times in TIMES:
        asked = replace(_scaled(limits, times), inward=False)
        try:
            given[times] = codes_by_fold(experiment, fit, facts.policy.menu, asked, fallback)
        except BriefError:
            continue
    if None not in given:
        return ()
    free = scores[rows, given[None]]
    points = []
    for times, codes in given.items():
        worth = scores[rows, codes]
        value, cost = (mean_estimate(x, experiment) for x in (worth, free - worth))
        points.append(FairPoint(times, value, cost, _achieved(facts, limits, times, codes)))
    return tuple(points)


def _scaled(limits: LimitTerms, times: float | None) -> LimitTerms:
    rules = []
    for rule in limits.rules:
        if not is_fair_rule(rule):
            rules.append(rule)
        elif times is not None:
            rules.append(replace(rule, low=rule.low * times, high=rule.high * times))
    return replace(limits, rules=tuple(rules))


def _achieved(
    facts: Facts, limits: LimitTerms, times: float | None, codes: IntArray
) -> tuple[Achieved, ...]:
    brief, experiment = facts.brief, facts.experiment
    if brief is None:
        return ()
    subjects: dict[tuple[str, str], float] = {}
    for rule in filter(is_fair_rule, limits.rules):
        subjects.setdefault(rule_subject(rule, experiment), rule.high)
    prices = _prices(facts, _scaled(limits, times))
    columns = [
        column
        for column in share_columns(experiment, brief, Decisions(codes, None), facts.policy.menu)
        if isinstance(column, Column)
    ]
    by_column = {groups.column: groups for groups in fair_groups(experiment, brief)}
    made = []
    for (column, metric), bound in subjects.items():
        mine = [one for one in columns if one.metric == metric]
        gap = _largest(mine, by_column[column], experiment)
        if gap is not None:
            asked = None if times is None else times * bound
            price = prices.get((column, metric), 0.0)
            made.append(replace(gap, bound=asked, shadow_price=price))
    return tuple(made)


def _largest(columns: list[Column], groups: Groups, experiment: Experiment) -> Achieved | None:
    """Return the largest difference of some metrics; its interval holds for all of them."""
    pairs = [(one, moments(one, groups, experiment.cluster)) for one in columns]
    found = [(one, mine) for one, mine in pairs if mine is not None]
    if not found:
        return None
    family = family_of([mine for _, mine in found])
    gaps = [difference(mine, family) for _, mine in found]
    at = int(np.argmax([gap.value for gap in gaps]))
    return Achieved(groups.column, columns[0].metric, None, gaps[at], 0.0)


def _prices(facts: Facts, limits: LimitTerms) -> dict[tuple[str, str], float]:
    """Return what one more unit of difference would be worth, money per customer."""
    experiment = facts.experiment
    rows = fold_rows(experiment, facts.evidence.first, np.arange(experiment.n_rows))
    try:
        prices: FloatArray = limited_allocation(rows, facts.policy.menu, limits).prices
    except BriefError:
        return {}
    found: dict[tuple[str, str], float] = {}
    for rule, price in zip(limits.rules, prices, strict=True):
        if is_fair_rule(rule):
            subject = rule_subject(rule, experiment)
            found[subject] = found.get(subject, 0.0) + abs(float(price))
    return found

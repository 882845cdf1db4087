"""Bounds on differences between groups as limits of the allocation.

Mean of f(offer) in group a less that in group b = mean over all customers of
(1{A=a}/p_a - 1{A=b}/p_b) f(offer): a sum over customers, so it has a price like any limit. The
signed weight is in the log, but the decision reads the features alone: it is learned from them
(effects/weighted_amounts.py). Cost O(n G) for each pair of groups and metric.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Final

import numpy as np

from handful.brief.fairness import ENFORCED, Metric
from handful.brief.schema import Brief
from handful.errors import BriefError, blocked
from handful.evidence.limit_records import LimitRule
from handful.experiment.records import Amount, Experiment
from handful.guardrails.fairness_groups import Groups, groups_of
from handful.guardrails.fairness_prices import no_offer_code, prices_of
from handful.notation import FloatArray

MOST_RULES: Final = 60
"""Limits that bounds may come to: pairs of groups, times offers for a bound on each offer."""
PREFIX: Final = "fairness."


def fair_groups(experiment: Experiment, brief: Brief) -> tuple[Groups, ...]:
    """Return the groups of every protected column that the log can compare.

    Cost: O(n) a column.
    """
    held = experiment.held_apart
    if held is None:
        return ()
    asked = brief.guardrails
    found = (
        groups_of(held, name, brief.fairness.cuts, experiment.cluster, asked.minimum_reported)
        for name in asked.protected
    )
    return tuple(groups for groups in found if groups.names)


def fair_limits(
    experiment: Experiment, brief: Brief
) -> tuple[tuple[Amount, ...], tuple[LimitRule, ...]]:
    """Return what bounds on differences count, and the limits on it.

    Args:
        experiment: the log, with its own amounts.
        brief: its [fairness] table.

    Returns:
        Amounts to add to those of the log, and limits on them: mean per customer within the bound
        both ways. None where nothing is to be enforced.

    Raises:
        BriefError: G088 a bound that whole customers cannot keep, or too many groups.

    Cost: O(n G) for each limit.
    """
    asked = brief.fairness
    if not asked.enforce or not asked.bounded:
        return (), ()
    amounts: list[Amount] = []
    rules: list[LimitRule] = []
    for groups in fair_groups(experiment, brief):
        weights = groups.weights()
        for metric in ENFORCED:
            bound = asked.bound(metric, groups.column)
            if bound is None:
                continue
            for what, counted in _counted(metric, experiment, brief):
                for a, b in combinations(range(len(groups.names)), 2):
                    signed = np.zeros((experiment.n_offers, weights.shape[1]))
                    signed[:, a], signed[:, b] = counted, -counted
                    name = f"{PREFIX}{what}: {groups.names[a]} and {groups.names[b]}"
                    given = (weights * signed[experiment.offer]).sum(axis=1)
                    at = len(experiment.amounts) + len(amounts)
                    amounts.append(Amount(name, given, weights, signed, groups.column))
                    rules.append(LimitRule(name, -bound, bound, amount=at, share=True))
    _refuse(rules)
    return tuple(amounts), tuple(rules)


def _counted(
    metric: Metric, experiment: Experiment, brief: Brief
) -> Iterator[tuple[str, FloatArray]]:
    """Yield what is compared in words, and (G,) what each offer counts for it."""
    nothing = no_offer_code(experiment, brief)
    code = np.arange(experiment.n_offers)
    if metric == "price":
        price = prices_of(experiment, brief).price
        if price is not None and not np.isnan(price).any():
            yield metric, price
    elif metric == "offer_share":
        for g, name in enumerate(experiment.offers):
            if g != nothing:
                yield f"{metric} of {name}", (code == g).astype(np.float64)
    elif nothing is not None:
        yield metric, (code == nothing if metric == "exclusion" else code != nothing).astype(float)


def _refuse(rules: list[LimitRule]) -> None:
    if any(rule.high == 0 for rule in rules):
        message = "a bound of 0 under [fairness] cannot be kept by whole customers."
        raise BriefError(blocked("G088", message, "Allow a small difference, such as 0.01."))
    if len(rules) > MOST_RULES:
        message = f"bounds under [fairness] come to {len(rules)} limits, more than {MOST_RULES}: "
        message += "one for each pair of groups, and for each offer under offer_share."
        remedy = "Cut numbers in two with fairness.cuts, bound fewer columns, or bound "
        raise BriefError(blocked("G088", message, remedy + "selection_rate instead."))


def is_fair_rule(rule: LimitRule) -> bool:
    """Tell whether a limit is a bound on a difference between groups.

    Example:
        >>> is_fair_rule(LimitRule("budget", high=5.0))
        False
    """
    return rule.amount is not None and rule.name.startswith(PREFIX)


def rule_subject(rule: LimitRule, experiment: Experiment) -> tuple[str, str]:
    """Return the protected column and the metric that a bound is on."""
    if rule.amount is None:
        raise ValueError("a bound on a difference counts an amount")
    metric = rule.name.removeprefix(PREFIX).split(":")[0].split(" of ")[0]
    return experiment.amounts[rule.amount].source, metric

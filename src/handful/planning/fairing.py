"""Fairness in the main job: bounds become limits before learning, groups are compared after."""

from __future__ import annotations

from dataclasses import replace

from handful.brief.schema import Brief
from handful.evidence.limit_records import LimitRule
from handful.experiment.records import Experiment
from handful.guardrails.fairness import measure_fairness
from handful.guardrails.fairness_bounds import fair_limits
from handful.guardrails.fairness_curve import fairness_curve
from handful.guardrails.records import Facts


def with_fair_amounts(
    experiment: Experiment, brief: Brief | None
) -> tuple[Experiment, tuple[LimitRule, ...]]:
    """Return the log with what bounds on differences count, and the limits they make.

    Raises:
        BriefError: G088 bounds that cannot be held.

    Cost: O(n G) for each limit.
    """
    if brief is None:
        return experiment, ()
    amounts, rules = fair_limits(experiment, brief)
    return replace(experiment, amounts=(*experiment.amounts, *amounts)), rules


def with_fairness(facts: Facts) -> Facts:
    """Return the facts with groups compared, and the price of the bounds where they are enforced.

    Cost: that of `measure_fairness` and `fairness_curve`.
    """
    found = measure_fairness(facts)
    if found is None:
        return facts
    return replace(facts, fairness=replace(found, curve=fairness_curve(facts)))

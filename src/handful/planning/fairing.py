"""Fairness in the main job: bounds become limits before learning, groups are compared after."""

from __future__ import annotations

from dataclasses import replace

from handful.brief.schema import Brief
from handful.evidence.limit_records import LimitRule
from handful.experiment.records import Experiment
from handful.guardrails.fairness_bounds import fair_limits


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

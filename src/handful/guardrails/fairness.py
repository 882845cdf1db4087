"""Fairness between groups: measured for the protected columns of the brief.

Metrics are held out, differences come first and ratios second, and the intervals of all
differences of a plan hold together. Cost O(n G) and a small fit for each group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from handful.brief.schema import Brief
from handful.experiment.records import Experiment
from handful.guardrails.fairness_bounds import fair_groups
from handful.guardrails.fairness_decisions import Decisions, held_decisions
from handful.guardrails.fairness_frames import compared, frames_of, hidden_columns
from handful.guardrails.fairness_groups import Groups
from handful.guardrails.fairness_measures import outcome_columns, share_columns
from handful.guardrails.fairness_moments import Column
from handful.guardrails.fairness_proxies import proxies_of
from handful.guardrails.fairness_records import Fairness, Unmeasured
from handful.guardrails.fairness_regret import regret_lines
from handful.guardrails.pricing import price_lines
from handful.guardrails.records import Facts


def measure_fairness(facts: Facts) -> Fairness | None:
    """Compare the groups of every protected column, and list prices.

    Args:
        facts: the plan; the rows of its log stand for the customers to come.

    Returns:
        Frames, regret, proxies and prices (the curve is made where bounds are enforced); None where
        the brief asks for nothing.

    Cost: O(n G) and a small fit for each group.
    """
    brief, experiment = facts.brief, facts.experiment
    if brief is None or not (brief.guardrails.protected or brief.fairness.given):
        return None
    groups = fair_groups(experiment, brief)
    least, offer = facts.asked.minimum_reported, facts.assignment.offer
    lines = price_lines(experiment, brief, offer, least)
    if not groups:
        return Fairness(prices=lines, unmeasured=tuple(_ungrouped(brief, groups)))
    evidence, menu = facts.evidence, facts.policy.menu
    held = held_decisions(
        experiment, facts.policy, evidence, facts.terms, facts.random_state, facts.fallen
    )
    columns, without = _split(
        (
            *share_columns(experiment, brief, held.plan, menu),
            *outcome_columns(experiment, held, evidence.single, experiment.currency),
        )
    )
    own, _ = _split(share_columns(experiment, brief, Decisions(offer, None), menu))
    found, few = compared(columns, own, groups, experiment.cluster)
    mail = brief.evidence.direct_mail
    return Fairness(
        frames=frames_of(found, brief.fairness, least),
        regrets=regret_lines(experiment, held, groups, least, hidden_columns(found, least)),
        proxies=proxies_of(experiment, offer, groups, mail, facts.random_state),
        prices=lines,
        unmeasured=(*without, *few, *_ungrouped(brief, groups)),
        notes=_notes(groups, experiment),
    )


def _split(made: Iterable[Column | Unmeasured]) -> tuple[list[Column], list[Unmeasured]]:
    every = list(made)
    return (
        [one for one in every if isinstance(one, Column)],
        [one for one in every if isinstance(one, Unmeasured)],
    )


def _ungrouped(brief: Brief, groups: tuple[Groups, ...]) -> Iterator[Unmeasured]:
    told = {one.column for one in groups}
    for name in brief.guardrails.protected:
        if name not in told:
            yield Unmeasured(name, "the log holds no two groups of 30 customers or more")


def _notes(groups: tuple[Groups, ...], experiment: Experiment) -> tuple[str, ...]:
    notes = []
    for one in groups:
        left = int((one.code < 0).sum())
        if left:
            notes.append(
                f"{left / experiment.n_rows:.1%} of customers are in no group of {one.column}: "
                "the log does not know, or the value is too rare to be compared."
            )
    if len(groups) > 1:
        crossed = np.prod([len(one.names) for one in groups])
        notes.append(
            f"Groups are compared column by column. Crossing the columns would make {crossed} "
            "groups; differences between those are not tested."
        )
    return tuple(notes)

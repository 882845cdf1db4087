"""Segments that are worse off than under the default get the default: found, done and told.

A policy that is held to limits on all customers together, or mended against telling too much, is
left as it is, and so is an offer that the brief asks for by name; the guardrail then fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from handful.brief.guardrails import GuardrailsSpec
from handful.errors import BriefError, Finding, blocked
from handful.evidence.contrasts import rows_of_groups
from handful.evidence.coverage_records import WorseOffFacts
from handful.evidence.evidence import Evidence
from handful.evidence.limits import codes_by_fold
from handful.evidence.records import Estimate
from handful.evidence.ruling import rule_out_of_fold
from handful.evidence.segments import SegmentRows, everybody
from handful.evidence.worse_off import (
    Comparison,
    after_falling,
    compare,
    fallen,
    regrets,
    standings,
)
from handful.experiment.records import Experiment
from handful.notation import IntArray
from handful.planning.changed import (
    Changed,
    base_column,
    changed_gain,
    changed_point,
    ratio,
    single_by_fold,
)
from handful.planning.job import Job
from handful.planning.records import Plan
from handful.planning.settings import PlanSettings
from handful.policy.policy import assign_codes
from handful.policy.records import GiveWay, Policy, RuleTree

Z95: Final = 1.959964
UNPROVEN: Final = "After that the plan is not shown to earn more than one offer for everybody."


@dataclass(frozen=True, slots=True)
class FallBack:
    """The plan's segments against the default, and which of them get it.

    Attributes:
        before: the plan's offers out of fold, beside the default's.
        menu: codes of the offers compared, before any of them fell back.
        fallen: codes of the offers that fall back.
        default: code of the default.
        fixed: whether the default was settled beforehand.
        after: (n,) the offers out of fold, the fall-back of each fold decided on the others.
    """

    before: Comparison
    menu: tuple[int, ...]
    fallen: tuple[int, ...]
    default: int
    fixed: bool
    after: IntArray


def check_default(experiment: Experiment, settings: PlanSettings) -> None:
    """Refuse names in [coverage] and [worse_off] that are no offers.

    Raises:
        BriefError: E570 an offer that the log does not have; all at once.
    """
    default, offers = settings.worse_off.default, experiment.offers
    named = [] if default is None else [("worse_off.default", default)]
    named += [("coverage.acceptable", name) for name in settings.coverage.acceptable]
    wrong: list[Finding] = [
        blocked(
            "E570",
            f"{key} names '{name}'; the log has the offers {', '.join(offers[:12])}.",
            "Use one of these.",
        )
        for key, name in named
        if name not in offers
    ]
    if wrong:
        raise BriefError(wrong)


def find_fall_back(job: Job, evidence: Evidence, policy: Policy, asked: GuardrailsSpec) -> FallBack:
    """Compare every segment with the default, and settle which of them get it.

    Args:
        job: the log, its terms and settings.
        evidence: with the cross-fit of the first split.
        policy: the plan's, its menu settled.
        asked: the [guardrails] table.

    Cost: O(J n K), and J rules where a rule decides.
    """
    experiment, fit = job.experiment, evidence.first
    default, held_default, fixed = _default(job, evidence)
    given = _held(job, evidence, policy)
    case = compare(experiment, fit, job.terms, (given, held_default), job.random_state)
    menu = policy.menu
    gone: tuple[int, ...] = ()
    after = given
    if _may_act(job, policy, asked, default):
        stay = job.terms.always
        gone = fallen(case, menu, np.ones(len(given), dtype=np.bool_), stay)
        after = after_falling(case, fit.fold, menu, stay) if gone else given
    return FallBack(case, menu, gone, default, fixed, after)


def _may_act(job: Job, policy: Policy, asked: GuardrailsSpec, default: int) -> bool:
    mends = bool(asked.sensitive) and asked.repair != "none"
    free = job.terms.limits is None and not mends
    allowed = default not in job.terms.never
    asks = job.settings.worse_off.act == "fall_back"
    return free and allowed and asks and len(policy.menu) > 1


def _default(job: Job, evidence: Evidence) -> tuple[int, IntArray, bool]:
    """Return the default's code, what it is for every row, and whether it was settled before."""
    experiment, named = job.experiment, job.settings.worse_off.default
    code = experiment.control if named is None else experiment.offers.index(named)
    if code is not None:
        return code, np.full(experiment.n_rows, code), True
    return evidence.single, single_by_fold(experiment, evidence.first, job.terms), False


def _held(job: Job, evidence: Evidence, policy: Policy) -> IntArray:
    """Return (n,) what models that never saw a row's fold give it."""
    experiment, fit, terms, menu = job.experiment, evidence.first, job.terms, policy.menu
    if terms.limits is not None:
        return codes_by_fold(experiment, fit, menu, terms.limits, terms.fallback)
    if len(menu) == 1 and menu[0] == evidence.single and evidence.verdict.kind != "no_offer":
        return single_by_fold(experiment, fit, terms)
    if terms.by_rule and len(menu) > 1:
        return rule_out_of_fold(experiment, fit, terms, menu, job.random_state)
    return assign_codes(fit.predicted, menu, experiment.open_cells, terms.fallback)


def fallen_policy(policy: Policy, found: FallBack) -> Policy:
    """Return the policy that gives the default to the segments that fall back.

    Args:
        policy: before.
        found: from `find_fall_back`.
    """
    if not found.fallen:
        return policy
    menu = tuple(sorted({*policy.menu} - {*found.fallen} | {found.default}))
    if len(menu) == 1:
        return replace(policy, menu=menu, rule=None)
    if policy.rule is not None:
        return replace(policy, menu=menu, rule=_rule(policy.rule, found))
    return replace(policy, menu=menu, give_way=GiveWay(policy.menu, found.default))


def _rule(rule: RuleTree, found: FallBack) -> RuleTree:
    leaves = tuple(found.default if g in found.fallen else g for g in rule.leaves)
    return replace(rule, leaves=leaves)


def with_fallen_rows(rows: SegmentRows, found: FallBack, *, by_rule: bool) -> SegmentRows:
    """Return the rows of the segments with what they get after falling back.

    Args:
        rows: of the menu that is left.
        found: what fell back; the rows are unchanged where nothing did.
        by_rule: whether a rule decides.
    """
    if not found.fallen:
        return rows
    rule = found.after if by_rule else rows.rule
    return replace(rows, policy=found.after, rule=rule, free=found.after)


def worse_off_facts(
    job: Job, evidence: Evidence, found: FallBack, protected: Sequence[str], least: int
) -> WorseOffFacts | None:
    """Say how segments and protected groups stand against the default.

    Args:
        job: the log and its settings.
        evidence: with the cross-fit of the first split.
        found: from `find_fall_back`.
        protected: names of the columns that groups are compared by.
        least: smallest number of customers that is shown.

    Returns:
        The facts; None where the plan gives everybody the default.

    Cost: O(n (S + G)).
    """
    if found.menu == (found.default,):
        return None
    experiment, margin = job.experiment, job.settings.worse_off.margin
    names = experiment.offers
    alone = len(found.menu) == 1
    rows = [np.logical_or(found.before.given == g, alone) for g in found.menu]
    seen = [(g, inside) for g, inside in zip(found.menu, rows, strict=True) if inside.any()]
    members = [(names[g], inside) for g, inside in seen]
    known = standings(found.before, members, margin)
    forgone = regrets(found.before, evidence.first, job.terms, [inside for _, inside in seen])
    segments = tuple(
        replace(standing, falls_back=g in found.fallen, regret=regret)
        for standing, (g, _), regret in zip(known, seen, forgone, strict=True)
        if standing.customers >= least
    )
    now = replace(found.before, given=found.after)
    groups = standings(now, rows_of_groups(experiment, protected), margin)
    return WorseOffFacts(
        default=names[found.default],
        fixed=found.fixed,
        margin=margin,
        segments=segments,
        groups=tuple(group for group in groups if group.customers >= least),
        fell_back=tuple(names[g] for g in found.fallen),
        effect=_effect(found) if found.fallen else None,
    )


def _effect(found: FallBack) -> Estimate:
    case, at = found.before, np.arange(len(found.after))
    change = case.scores[at, found.after] - case.scores[at, case.given]
    return ratio(change, np.ones(len(change)), case.experiment.cluster, Z95)


def with_fall_back(plan: Plan, job: Job, evidence: Evidence, found: FallBack) -> Plan:
    """Return the plan with verdict, frontier point and segments of the policy after falling back.

    Args:
        plan: assembled with that policy.
        job: the log and its terms.
        evidence: with the cross-fit of the first split.
        found: what fell back; the plan is unchanged where nothing did.

    Cost: O(n (G + K)).
    """
    if not found.fallen:
        return plan
    experiment, menu = job.experiment, plan.policy.menu
    changed = _changed(job, evidence, found)
    gain = changed_gain(plan, changed)
    unproven = (UNPROVEN,) if len(menu) > 1 and gain.targeting.lo <= 0.0 else ()
    verdict = replace(
        plan.verdict,
        offers=len(menu),
        menu=tuple(experiment.offers[g] for g in menu),
        gain=gain,
        reasons=(_reason(plan, job, found), *unproven, *plan.verdict.reasons),
    )
    if len(menu) == 1 and verdict.kind == "handful":
        none = menu[0] == experiment.control
        verdict = replace(verdict, kind="no_offer" if none else "one_offer")
    frontier = tuple(
        changed_point(plan, point, changed) if point.offers == len(menu) else point
        for point in plan.frontier
    )
    made = replace(plan, verdict=verdict, frontier=frontier)
    if len(menu) > 1:
        return made
    critical = plan.valuation.critical_value
    worth = ratio(changed.given, np.ones(len(changed.given)), experiment.cluster, critical)
    return replace(made, segments=everybody(experiment, worth, menu[0], plan.assignment.offer))


def _changed(job: Job, evidence: Evidence, found: FallBack) -> Changed:
    experiment, scores = job.experiment, found.before.scores
    at = np.arange(experiment.n_rows)
    return Changed(
        experiment=experiment,
        terms=job.terms,
        given=scores[at, found.after],
        best=scores[at, single_by_fold(experiment, evidence.first, job.terms)],
        base=base_column(experiment, scores),
        held=found.after,
    )


def _reason(plan: Plan, job: Job, found: FallBack) -> str:
    """Say who gets the default instead, and what the offer would have done to them."""
    names, currency = job.experiment.offers, plan.experiment.currency
    members = [(names[g], found.before.given == g) for g in found.menu]
    known = {one.name: one for one in standings(found.before, members, 0.0)}
    default = names[found.default]
    said = []
    for g in found.fallen:
        one, gap = known[names[g]], known[names[g]].difference
        if gap is None:
            raise ValueError("a segment that falls back was compared")
        said.append(
            f"the {one.customers:,} customers who would get '{names[g]}' bring {-gap.value:,.3g} "
            f"{currency} less each with it ({-gap.hi:,.3g} to {-gap.lo:,.3g}), held out"
        )
    return (
        f"Nobody is left worse off: {'; '.join(said)}. They get '{default}' instead. That was "
        "decided fold by fold on other customers in the values shown. The reasons below are of the "
        "menu before that."
    )

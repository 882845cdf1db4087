"""A plan that tells too much is mended before its guardrails look at it, if the brief says so.

Policy, assignments, verdict, segments and the frontier's point of the chosen size are then those of
the mended plan; the other sizes and the ladder show what menus earn without repair.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.stats import norm

from handful.effects.scores import close_cells
from handful.evidence.records import (
    Segment,
    Verdict,
    VerdictKind,
)
from handful.evidence.segments import SegmentRows, everybody, segment_rows
from handful.guardrails.repair_records import Repair, RepairCase
from handful.guardrails.repair_search import held_codes
from handful.notation import FloatArray, IntArray
from handful.planning.changed import (
    Changed,
    base_column,
    changed_gain,
    changed_point,
    ratio,
    single_by_fold,
)
from handful.planning.records import Plan
from handful.policy.records import Chance, Policy

UNPROVEN = "As mended, the plan is not shown to earn more than one offer for everybody."


def mended_policy(case: RepairCase, repair: Repair | None) -> Policy:
    """Return the policy with the repair in it, where the brief asks for one and one was found."""
    if repair is None or repair.point is None or case.asked.repair == "none":
        return case.policy
    rule = case.policy.rule if repair.menu == case.policy.menu else None
    return replace(case.policy, menu=repair.menu, chance=repair.chance, rule=rule)


def with_repair(plan: Plan, case: RepairCase, repair: Repair) -> Plan:
    """Return the plan with verdict and segments of the mended policy.

    Args:
        plan: assembled with the mended policy.
        case: the plan before.
        repair: what was changed.

    Cost: one pass of the log; J rules where a menu of several is left.
    """
    experiment, menu = case.experiment, plan.policy.menu
    names = tuple(experiment.offers[g] for g in menu)
    verdict = replace(
        plan.verdict,
        kind=_kind(plan.verdict, menu, experiment.control),
        offers=len(menu),
        menu=names,
        reasons=(_reason(plan, case, repair), *plan.verdict.reasons),
    )
    changed = _changed(case, repair)
    gain = changed_gain(plan, changed)
    if len(menu) > 1 and gain.targeting.lo <= 0.0:
        verdict = replace(verdict, reasons=(verdict.reasons[0], UNPROVEN, *verdict.reasons[1:]))
    verdict = replace(verdict, gain=gain)
    return replace(
        plan,
        verdict=verdict,
        segments=_segments(plan, case, repair),
        frontier=tuple(
            changed_point(plan, point, changed) if point.offers == len(menu) else point
            for point in plan.frontier
        ),
    )


def _kind(verdict: Verdict, menu: tuple[int, ...], control: int | None) -> VerdictKind:
    if verdict.kind == "by_hand" or len(menu) > 1:
        return verdict.kind
    return "no_offer" if menu[0] == control else "one_offer"


def _reason(plan: Plan, case: RepairCase, repair: Repair) -> str:
    """Say what was changed and what it costs."""
    offers, currency = case.experiment.offers, plan.experiment.currency
    dropped = [offers[g] for g in case.policy.menu if g not in repair.menu]
    what = [f"{' and '.join(dropped)} taken off the menu"] if dropped else []
    if repair.chance is not None:
        what.append(
            f"{1.0 - repair.chance.keep:.1%} of customers given an offer by chance".replace(
                "%", " %"
            )
        )
    point = repair.point
    cost = (
        ""
        if point is None
        else (
            f" It costs {point.cost.value:.4f} {currency} per customer "
            f"({point.cost.lo:.4f} to {point.cost.hi:.4f})."
        )
    )
    return f"Mended so that no offer tells too much: {', and '.join(what)}.{cost}"


def _scores(case: RepairCase) -> FloatArray:
    experiment = case.experiment
    return close_cells(case.fit.scores, experiment.open_cells, case.terms.fallback)


def _mixed(chance: Chance | None, own: FloatArray, scores: FloatArray) -> FloatArray:
    """Return (n,) scores after chance."""
    if chance is None:
        return own
    drawn: FloatArray = scores[:, list(chance.offers)] @ np.array(chance.probability)
    return chance.keep * own + drawn


def _changed(case: RepairCase, repair: Repair) -> Changed:
    experiment, rows = case.experiment, np.arange(case.experiment.n_rows)
    scores, held = _scores(case), held_codes(case, repair.menu)
    return Changed(
        experiment=experiment,
        terms=case.terms,
        given=_mixed(repair.chance, scores[rows, held], scores),
        best=scores[rows, single_by_fold(experiment, case.fit, case.terms)],
        base=base_column(experiment, scores),
        held=held,
    )


def _segments(plan: Plan, case: RepairCase, repair: Repair) -> tuple[Segment, ...]:
    experiment, menu = case.experiment, plan.policy.menu
    critical = float(norm.ppf(0.5 + 0.5 * 0.95 ** (1 / len(menu))))
    if len(menu) == 1:
        ones = np.ones(experiment.n_rows)
        worth = ratio(_scores(case)[:, menu[0]], ones, experiment.cluster, critical)
        return everybody(experiment, worth, menu[0], plan.assignment.offer)
    if repair.chance is None:
        return plan.segments
    rows = segment_rows(experiment, case.fit, case.terms, menu, case.seed)
    drawn = dict(zip(repair.chance.offers, repair.chance.probability, strict=True))
    return tuple(
        _segment(segment, g, rows, (repair.chance.keep, drawn.get(g, 0.0)), experiment.cluster)
        for segment, g in zip(plan.segments, menu, strict=True)
    )


def _segment(
    segment: Segment,
    offer: int,
    rows: SegmentRows,
    chance: tuple[float, float],
    cluster: IntArray,
) -> Segment:
    """Value a segment over those who get its offer by choice or by chance."""
    keep, drawn = chance
    weight = keep * (rows.policy == offer) + drawn
    at = np.arange(len(weight))
    critical = (segment.value.hi - segment.value.value) / (segment.value.se or 1.0)
    gets, said = rows.scores[:, offer], rows.scores[at, rows.rule]
    agree = float(np.average(rows.rule == offer, weights=weight))
    by_chance = f" {drawn:.1%} of all customers get it by chance alone.".replace("%", " %")
    return replace(
        segment,
        value=ratio(gets, weight, cluster, critical),
        rule_fidelity=agree,
        rule_loss=ratio(gets - said, weight, cluster, critical),
        card=segment.card.split(" The rule agrees")[0]
        + f"{by_chance} The rule agrees with the plan for {agree:.0%} of them.",
    )

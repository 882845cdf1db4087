"""A plan that tells too much is mended before its guardrails look at it, if the brief says so.

Policy, assignments, verdict, segments and the frontier's point of the chosen size are then those of
the mended plan; the other sizes and the ladder show what menus earn without repair.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import norm

from handful.effects.scores import close_cells
from handful.evidence.records import (
    Estimate,
    FrontierPoint,
    GainSplit,
    Segment,
    Verdict,
    VerdictKind,
)
from handful.evidence.segments import SegmentRows, everybody, segment_rows
from handful.evidence.splits import best_single
from handful.evidence.variety import holding_cost
from handful.guardrails.repair_records import Repair, RepairCase
from handful.guardrails.repair_search import held_codes
from handful.notation import FloatArray, IntArray
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
    columns = _columns(case, repair)
    gain = _gain(plan, case, columns)
    if len(menu) > 1 and gain.targeting.lo <= 0.0:
        verdict = replace(verdict, reasons=(verdict.reasons[0], UNPROVEN, *verdict.reasons[1:]))
    verdict = replace(verdict, gain=gain)
    return replace(
        plan,
        verdict=verdict,
        segments=_segments(plan, case, repair),
        frontier=tuple(
            _point(plan, case, point, columns) if point.offers == len(menu) else point
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


@dataclass(frozen=True, slots=True)
class _Columns:
    """(n,) held-out scores, before set-up: the mended plan, the best single offer, the base."""

    given: FloatArray
    best: FloatArray
    base: FloatArray


def _columns(case: RepairCase, repair: Repair) -> _Columns:
    experiment, rows = case.experiment, np.arange(case.experiment.n_rows)
    scores, single = _scores(case), np.empty(case.experiment.n_rows, dtype=np.int64)
    for j, world in enumerate(case.fit.worlds):
        cells = experiment.open_cells[world.rows]
        single[case.fit.fold == j] = best_single(world.scores, cells, case.terms, world.rows)
    held = scores[rows, held_codes(case, repair.menu)]
    control = experiment.control
    return _Columns(
        given=_mixed(repair.chance, held, scores),
        best=scores[rows, single],
        base=experiment.profit if control is None else scores[:, control],
    )


def _gain(plan: Plan, case: RepairCase, columns: _Columns) -> GainSplit:
    """Split the mended plan's gain, paired and held out, before set-up costs."""

    def over(first: FloatArray, second: FloatArray) -> Estimate:
        ones, critical = np.ones(len(first)), plan.valuation.critical_value
        return _ratio(first - second, ones, case.experiment.cluster, critical)

    return GainSplit(
        better_single=over(columns.best, columns.base),
        targeting=over(columns.given, columns.best),
        total=over(columns.given, columns.base),
    )


def _point(plan: Plan, case: RepairCase, point: FrontierPoint, columns: _Columns) -> FrontierPoint:
    """Return the frontier's point of the mended plan: its menu, its values, no bound on its gap."""
    cluster, critical = case.experiment.cluster, plan.valuation.critical_value
    ones = np.ones(len(columns.given))
    worth = _ratio(columns.given, ones, cluster, critical)
    gain = _ratio(columns.given - columns.best, ones, cluster, critical)
    codes = list(plan.policy.menu)
    setup, content, cells = (
        0.0 if each is None else float(each[codes].sum())
        for each in (case.terms.setup, case.terms.content, case.terms.cells)
    )
    held = holding_cost(held_codes(case, plan.policy.menu), codes, case.terms)
    return replace(
        point,
        menu=tuple(case.experiment.offers[g] for g in codes),
        value=worth.value,
        se=worth.se,
        lo=worth.lo,
        hi=worth.hi,
        gain_over_single=gain,
        share_of_one_to_one=_share_of(plan, gain),
        claimed=float(np.nanmean(plan.assignment.expected_profit)),
        certified_gap=None,
        setup_cost=setup - content,
        content_cost=content,
        contents=cells,
        holding_cost=held,
        net=worth.value - setup - held - point.running_cost,
    )


def _share_of(plan: Plan, gain: Estimate) -> float | None:
    """Return the gain as a share of one-to-one's, where the plan's own frontier shows shares."""
    known = [p for p in plan.frontier if p.share_of_one_to_one]
    if not known:
        return None
    whole = known[-1].gain_over_single.value / (known[-1].share_of_one_to_one or 1.0)
    return gain.value / whole


def _segments(plan: Plan, case: RepairCase, repair: Repair) -> tuple[Segment, ...]:
    experiment, menu = case.experiment, plan.policy.menu
    critical = float(norm.ppf(0.5 + 0.5 * 0.95 ** (1 / len(menu))))
    if len(menu) == 1:
        ones = np.ones(experiment.n_rows)
        worth = _ratio(_scores(case)[:, menu[0]], ones, experiment.cluster, critical)
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
        value=_ratio(gets, weight, cluster, critical),
        rule_fidelity=agree,
        rule_loss=_ratio(gets - said, weight, cluster, critical),
        card=segment.card.split(" The rule agrees")[0]
        + f"{by_chance} The rule agrees with the plan for {agree:.0%} of them.",
    )


def _ratio(values: FloatArray, weight: FloatArray, cluster: IntArray, critical: float) -> Estimate:
    """Weighted mean with the cluster-robust error of a ratio."""
    total = float(weight.sum())
    mean = float(weight @ values) / total
    sums = np.bincount(cluster, weight * (values - mean))
    se = float(np.sqrt(np.sum(sums**2) * sums.size / max(sums.size - 1, 1))) / total
    return Estimate(mean, se, mean - critical * se, mean + critical * se)

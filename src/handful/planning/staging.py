"""What the plan says of how far to personalise: stages, and whether the case is one for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from handful.brief.execution import ExecutionSpec
from handful.brief.guardrails import GuardrailsSpec
from handful.brief.schema import Brief
from handful.evidence.evidence import Evidence, final_codes
from handful.evidence.fitness import (
    advise,
    baselines,
    by_hand,
    commodity,
    one_to_one_lead,
    wasted_contacts,
)
from handful.evidence.names import NO_OFFER
from handful.evidence.regret import segment_regret, wrong_offers
from handful.evidence.scorecard import scorecard
from handful.evidence.stage_records import Complexity, FitFacts, Stage, StageFacts
from handful.evidence.stages import (
    StageCase,
    base_of,
    by_fold,
    first_unpaid,
    make_stages,
    marginals,
    priced_stage,
)
from handful.evidence.variety import per_offer, population
from handful.notation import IntArray
from handful.planning.differentiating import differentiate
from handful.planning.fit_words import fit_reasons
from handful.planning.job import Job
from handful.planning.records import Plan

BASES: Final = {NO_OFFER: "no offer"}
AS_GIVEN: Final = "the offers as they were given"


def with_stages(
    made: Plan,
    job: Job,
    evidence: Evidence,
    brief: Brief | None,
    moved: tuple[IntArray, bool],
) -> Plan:
    """Add the stages, the advice and the worth of own data to a plan; its numbers stay.

    Args:
        made: the plan, small offers merged.
        job: the log, the settings and the terms.
        evidence: with the ledger's means.
        brief: for channels and the execution scorecard.
        moved: (n,) what the plan gives out of fold, and whether segments fell back to the default.

    Cost: O(n (K + G)) and predictions of some rows for every field; a cross-fit where asked.
    """
    if evidence.means is None:
        return made
    given = _given(made, job, evidence, moved)
    stages = _stages(made, job, evidence, brief, given)
    if moved[1]:
        stages = _after_falling(stages, made, job, evidence, given)
    asked = None if brief is None else brief.differentiation
    return replace(
        made,
        stages=stages,
        fit=_fit(made, job, evidence, brief, (stages, given, moved[1])),
        differentiation=differentiate(job, evidence, made.verdict, asked),
    )


def _given(made: Plan, job: Job, evidence: Evidence, moved: tuple[IntArray, bool]) -> IntArray:
    """Return (n,) what the plan gives to rows that it was not learned on."""
    log, first, menu = job.experiment, evidence.first, made.policy.menu
    if moved[1] or (job.terms.by_rule and len(menu) > 1):
        return moved[0]
    return final_codes(log, first, first.predicted, menu, job.terms)


def _after_falling(
    stages: StageFacts, made: Plan, job: Job, evidence: Evidence, given: IntArray
) -> StageFacts:
    """Put the plan after segments fell back in the place of its menu before that."""
    gain, menu = made.verdict.gain, made.verdict.menu
    point = next((p for p in made.frontier if p.menu == menu), None)
    if gain is None or point is None:
        return stages
    known = stages.stages[stages.plan]
    effective = min(by_fold(given, evidence.first.fold), float(len(menu)))
    spec = job.settings.stages
    case = StageCase(evidence, job.terms, spec, own_offer_cost(job), population(job.experiment))
    name = f"{known.name}, after falling back"
    gains = (gain.total, gain.targeting)
    found = priced_stage(case, (name, len(menu), menu), effective, gains, (point.cost, None))
    listed = list(stages.stages)
    listed[stages.plan] = found
    return replace(stages, stages=tuple(listed))


def _stages(
    made: Plan, job: Job, evidence: Evidence, brief: Brief | None, given: IntArray
) -> StageFacts:
    log, spec, means = job.experiment, job.settings.stages, evidence.means
    if means is None:
        raise ValueError("stages need the ledger's means")
    case = StageCase(evidence, job.terms, spec, own_offer_cost(job), population(log))
    found = make_stages(means, case, job.random_state)
    steps = marginals(means, evidence.frontier, job.random_state)
    menus = {p.offers: evidence.menus[p.offers] for p in evidence.frontier}
    menu, first = made.policy.menu, evidence.first
    return StageFacts(
        base=BASES.get(base_of(means), AS_GIVEN),
        customers=population(log),
        stages=found,
        plan=_place(found, made),
        marginal=steps,
        first_unpaid=first_unpaid(steps),
        complexity=_complexity(made, job, brief),
        wrong_offers=wrong_offers(log, first, job.terms, menus),
        regret=segment_regret(log, first, job.terms, given, menu, _least_shown(brief)),
    )


def own_offer_cost(job: Job) -> float:
    """Return what making one customer an offer of their own costs; 0 where nobody says."""
    spec, asked = job.settings.stages, job.settings
    if spec.one_to_one_cost is not None:
        return spec.one_to_one_cost
    return (asked.minutes_per_card or 0.0) / 60.0 * (spec.hourly_rate or 0.0)


def _least_shown(brief: Brief | None) -> int:
    return (GuardrailsSpec() if brief is None else brief.guardrails).minimum_reported


def _place(stages: Sequence[Stage], made: Plan) -> int:
    """Return where the plan stands: its number of offers, else the nearest below."""
    offers = made.verdict.offers
    below = [at for at, found in enumerate(stages[:-1]) if found.offers <= offers]
    return below[-1] if below else 0


def _complexity(made: Plan, job: Job, brief: Brief | None) -> Complexity:
    """Count what there is to run."""
    log, menu = job.experiment, made.policy.menu
    channels = {} if brief is None else brief.guardrails.channels
    lengths = [] if made.rule is None else list(_questions(made.rule.tree["questions"], 0, 0))
    contents = per_offer(job.settings.variety.contents, log)
    return Complexity(
        offers=len(menu),
        segments=len(made.segments),
        contents=float(contents[list(menu)].sum()),
        rules=max(len(lengths), 1),
        questions=sum(lengths) / len(lengths) if lengths else 0.0,
        channels=len({channels[name] for name in made.verdict.menu if name in channels}) or None,
        fields=len(made.policy.model.schema.names) if len(menu) > 1 else 0,
        decisions=round(population(log)),
    )


def _questions(tree: Sequence[Mapping[str, Any] | None], at: int, asked: int) -> Iterator[int]:
    """Return how many questions are asked on the way to each leaf."""
    if at >= len(tree):
        yield asked
        return
    yield from _questions(tree, 2 * at + 1, asked + (tree[at] is not None))
    if tree[at] is not None:
        yield from _questions(tree, 2 * at + 2, asked + 1)


def _fit(
    made: Plan,
    job: Job,
    evidence: Evidence,
    brief: Brief | None,
    known: tuple[StageFacts, IntArray, bool],
) -> FitFacts:
    log, asked, means = job.experiment, job.settings, evidence.means
    if means is None:
        raise ValueError("the advice needs the ledger's means")
    stages, given, fallen = known
    costs = (stages.stages[-1].cost, stages.stages[stages.plan].cost)
    lead = one_to_one_lead(log, evidence, job.terms, made.verdict, costs)
    # The ledger knows the plan's menu before segments fell back, which is not what is advised.
    lead = None if fallen else lead
    why = {rung.name: rung.why_absent for rung in evidence.ladder}
    matters = commodity(log, evidence, asked.stages)
    found = FitFacts(
        advice=advise(made.verdict, lead, differ=matters.verdict == "differs"),
        reasons=(),
        preset=asked.preset,
        by_hand=by_hand(population(log), asked.minutes_per_card, asked.hours),
        commodity=matters,
        execution=scorecard(log, ExecutionSpec() if brief is None else brief.execution),
        wasted=wasted_contacts(log, evidence, job.terms, given),
        baselines=baselines(means, made.verdict, why),
    )
    return replace(found, reasons=fit_reasons(found, made.verdict, lead, log.currency))

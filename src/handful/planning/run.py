"""The main job: from a checked experiment to the plan, in the order of the rooms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from threadpoolctl import threadpool_limits

from handful.brief.guardrails import GuardrailsSpec
from handful.brief.schema import Brief
from handful.brief.sensitivity import SensitivitySpec
from handful.effects.crossfit import learn_whole
from handful.effects.given import GivenEffects, give_effects
from handful.effects.heterogeneity import HeterogeneityTest, measure_heterogeneity
from handful.effects.predict import predict_profit
from handful.effects.records import EffectsModel
from handful.effects.slopes import SlopeSplits
from handful.errors import DataError, Finding
from handful.evidence.evidence import Claims, Evidence, keep_ledgers, weigh_evidence
from handful.evidence.ladder import RivalColumns, rival_columns
from handful.evidence.records import (
    Estimate,
    FrontierPoint,
    NamedEstimate,
    Premium,
    RuleFacts,
    Segment,
)
from handful.evidence.ruling import RuleCase, rule_facts
from handful.evidence.running import with_running
from handful.evidence.segments import everybody, make_segments, segment_rows
from handful.evidence.terms import make_terms
from handful.evidence.variety import population, with_variety
from handful.experiment.checks import CheckResult, check_experiment
from handful.experiment.given import turn
from handful.experiment.records import Box, Experiment
from handful.guardrails.disclosure_checks import check_disclosure
from handful.guardrails.fairness_inputs import check_fairness
from handful.guardrails.records import Facts
from handful.planning.by_hand import or_by_hand
from handful.planning.constrained import AmountSplits
from handful.planning.covering import with_coverage_told
from handful.planning.demanding import (
    check_prices,
    demand_facts,
    kept_offers,
    refusals,
    with_refusals,
)
from handful.planning.dials import plan_dials, plan_limited_dials
from handful.planning.evaluate import evaluate, evaluate_policy
from handful.planning.facts import experiment_facts
from handful.planning.fairing import with_fair_amounts
from handful.planning.falling_back import check_default, with_fall_back, with_fallen_rows
from handful.planning.guarding import guarded
from handful.planning.job import Job
from handful.planning.limiting import with_limits
from handful.planning.merging import with_merge
from handful.planning.moving import with_moves
from handful.planning.plane import offer_plane
from handful.planning.readying import contacts_of, with_cells
from handful.planning.records import Plan
from handful.planning.repairing import with_repair
from handful.planning.rollout import make_rollout
from handful.planning.sensitivity import sensitivity_of
from handful.planning.settings import PlanSettings, settings_of
from handful.planning.settling import Settled, settle_policy
from handful.planning.splits import OwnSplits
from handful.planning.staging import with_stages
from handful.planning.varying import can_author, with_variety_told
from handful.planning.whatif_build import keep_whatif
from handful.progress import SILENT, Progress

__all__ = ["evaluate", "evaluate_policy", "make_plan", "plan"]


def make_plan(
    experiment: Experiment,
    *,
    brief: Brief | None = None,
    settings: PlanSettings | None = None,
    effects: GivenEffects | None = None,
    random_state: int = 0,
    progress: Progress = SILENT,
) -> Plan:
    """Check the log, learn effects, choose menus, value them held out, reach a verdict.

    Args:
        experiment: the log.
        brief: where it came from; its settings hold unless `settings` is given.
        settings: limits and splits.
        effects: (n, G) predicted profits of another library, or a function that fits them.
        random_state: seed of everything that draws.
        progress: told of every stage.

    Returns:
        The plan.

    Raises:
        DataError: every blocking finding of the checks at once.
        BriefError: E501-E503 limits that the log cannot meet; G020-G022 guardrails that do not fit
            it.

    Cost: `repetitions` cross-fits of J (J - 1) / 2 + J fits, each O(l m^2 + trees l q).
    """
    asked = settings or (settings_of(brief) if brief else PlanSettings())
    checked = check_experiment(experiment, brief)
    findings = checked.findings
    blocking = [f for f in findings if f.level == "block"]
    if blocking:
        raise DataError(findings)
    check_prices(checked.experiment, asked)
    check_default(checked.experiment, asked)
    before: tuple[Premium, ...] = ()
    while True:
        made = _plan_once(checked, asked, brief, effects, random_state, progress)
        gone = refusals(made, checked.experiment.offers, kept_offers(checked.experiment, asked))
        if made.demand is None or not gone:
            return with_refusals(made, before)
        before += tuple(premium for premium in made.demand.premiums if premium.offer in gone)
        asked = replace(asked, never=(*asked.never, *gone))


def _plan_once(
    checked: CheckResult,
    asked: PlanSettings,
    brief: Brief | None,
    effects: GivenEffects | None,
    random_state: int,
    progress: Progress,
) -> Plan:
    """Plan a log that passed its checks."""
    if brief is not None:
        check_fairness(brief, checked.experiment)
    experiment, fair = with_fair_amounts(checked.experiment, brief)
    checked = replace(checked, experiment=experiment)
    findings = checked.findings
    asked = replace(asked, variety=with_cells(asked.variety, brief, checked.experiment))
    terms = make_terms(
        checked.experiment,
        max_offers=asked.max_offers,
        setup_cost=asked.setup_cost,
        always=asked.always,
        never=asked.never,
    )
    terms = replace(terms, by_rule=asked.by_rule, rule_depth=asked.rule_depth)
    terms = with_limits(terms, checked.experiment, asked.constraints, fair)
    amounts = AmountSplits(checked.experiment, asked, terms, random_state, progress)
    terms = with_variety(terms, checked.experiment, asked.variety, can_author(asked.team))
    terms = with_running(terms, checked.experiment, asked.stages, asked.team, asked.preset)
    if brief is not None:
        check_disclosure(brief.guardrails, checked.experiment)
    job = Job(checked.experiment, asked, terms, random_state, progress, amounts)
    job = replace(job, contacts=contacts_of(brief), rollout=make_rollout(brief, checked.experiment))
    if asked.studio and effects is None:
        slopes = SlopeSplits(checked.experiment, asked.learn_rows, random_state, progress)
        job = replace(job, slopes=slopes)
    # One thread in the numerical libraries: the same bits whatever the machine's number of cores.
    with threadpool_limits(limits=1):
        if job.experiment.dials is not None and effects is None:
            return _with_dials(job, findings, brief)
        evidence, model, notes = _evidence(job, effects)
        return _assemble(job, evidence, model, (*findings, *notes), brief)


def plan(  # noqa: PLR0913 - the signature that users were promised
    log: Experiment,
    *,
    max_offers: int = 8,
    setup_cost: float | Mapping[str, float] = 0.0,
    population: float | None = None,
    dials: Mapping[str, Box] = MappingProxyType({}),
    effects: GivenEffects | None = None,
    settings: PlanSettings | None = None,
    random_state: int = 0,
    progress: Progress = SILENT,
) -> Plan:
    """Make a plan from an experiment: how many offers, which, for whom, worth what.

    Args:
        log: the experiment.
        max_offers: largest menu to consider.
        setup_cost: money per live offer, one number or a table by offer.
        population: customers one campaign reaches; set-up costs are spread over it.
        dials: column -> (min, max, increment) of a dial of the log's offers, other than it was
            read with; None for what the log itself says.
        effects: (n, G) predicted profits of another library, or a function that fits them.
        settings: everything else; its max_offers and setup_cost give way to the arguments.
        random_state: seed of everything that draws.
        progress: told of every stage.

    Raises:
        DataError: every blocking finding of the checks at once.
        BriefError: E501-E503 limits that the log cannot meet.

    Cost: see `make_plan`.

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> log = simulate("null", n=600, offers=2, random_state=1).experiment
        >>> plan(log, settings=PlanSettings(repetitions=1)).verdict.offers <= 1
        True
    """
    if dials:
        log = turn(log, dials)
    if population is not None:
        log = replace(log, population=population)
    asked = replace(settings or PlanSettings(), max_offers=max_offers, setup_cost=setup_cost)
    return make_plan(
        log, settings=asked, effects=effects, random_state=random_state, progress=progress
    )


def _with_dials(job: Job, findings: tuple[Finding, ...], brief: Brief | None) -> Plan:
    """Plan offers with dials: the polished points join the candidates as offers.

    Under limits the candidates stand alone: their capacities and volumes are of named points.
    """
    asked = job.settings
    own = OwnSplits(job.experiment, asked, job.random_state, job.progress)
    if job.terms.limits is not None:
        found, amounts = plan_limited_dials(own, job.terms, _rivals(job), job.amounts)
        wide = replace(job, amounts=amounts)
        return _assemble(wide, found.evidence, found.model, findings, brief)
    found = plan_dials(own, job.terms, _rivals(job))
    wide = replace(job, experiment=found.experiment, terms=found.terms)
    return _assemble(wide, found.evidence, found.model, findings, brief)


def _rivals(job: Job) -> RivalColumns | None:
    asked = job.settings
    if not asked.ladder:
        return None
    return rival_columns(job.experiment, asked.engaged, asked.direct_mail)


def _evidence(
    job: Job, effects: GivenEffects | None
) -> tuple[Evidence, EffectsModel, tuple[Finding, ...]]:
    experiment, asked = job.experiment, job.settings
    own = OwnSplits(experiment, asked, job.random_state, job.progress)
    given = None if effects is None else give_effects(experiment, effects, job.random_state)
    source = own.split if given is None else lambda r: given.split(own.folds(r), r)
    source = source if job.slopes is None else job.slopes.source(source)
    source = source if job.terms.limits is None else job.amounts.source(source)
    ledgers = keep_ledgers(
        experiment, source, asked.repetitions, job.terms, _rivals(job), job.random_state
    )
    if given is None:
        learned = learn_whole(experiment, own.first)
        test = measure_heterogeneity(own.first)
        predicted = predict_profit(learned.model, experiment.features)
        model, claims = learned.model, Claims(predicted, test, learned)
        notes: tuple[Finding, ...] = ()
    else:
        untested = HeterogeneityTest(None, None)
        model, claims, notes = given.model, Claims(given.whole, untested), given.findings
    found = weigh_evidence(experiment, ledgers, claims, job.terms, job.random_state)
    return found, model, notes


def _assemble(
    job: Job,
    evidence: Evidence,
    model: EffectsModel,
    findings: tuple[Finding, ...],
    brief: Brief | None,
) -> Plan:
    asked = GuardrailsSpec() if brief is None else brief.guardrails
    settled = settle_policy(job, evidence, model, asked)
    made = _drafted(job, evidence, settled, findings, brief)
    made = _told(job, made, evidence, settled)
    outcomes = {} if brief is None else brief.outcomes
    made = with_coverage_told(made, job, evidence, settled.fall, (asked, outcomes))
    made = with_stages(made, job, evidence, brief, (settled.fall.after, bool(settled.fall.fallen)))
    made = with_moves(made, job.experiment, evidence.menus, asked.minimum_reported)
    facts = _facts(job, made, evidence, brief)
    fallen = settled.fall.after if settled.fall.fallen else None
    facts = replace(
        facts, fallen=fallen, repair=settled.repair, merge=settled.merge, rule=settled.tree
    )
    done = guarded(made, facts, job.progress)
    kept = keep_whatif(job, evidence, done, facts)
    if kept is None:
        return done
    if kept.terms.limits is not None and not kept.kept.splits:
        # Dials under limits: who gets what is not kept, so nothing can be asked again.
        return replace(done, whatif=kept)
    ranges = SensitivitySpec() if brief is None else brief.sensitivity
    return replace(done, whatif=kept, sensitivity=sensitivity_of(kept, ranges))


def _drafted(
    job: Job,
    evidence: Evidence,
    settled: Settled,
    findings: tuple[Finding, ...],
    brief: Brief | None,
) -> Plan:
    """Lay evidence and policy out as a plan."""
    experiment = job.experiment
    policy, assignment, limited = settled.policy, settled.assignment, settled.limited
    segments, rule = _segments(job, evidence, settled)
    verdict = or_by_hand(
        evidence.verdict,
        population(experiment),
        job.settings.minutes_per_card,
        job.settings.hours,
    )
    return Plan(
        experiment=experiment_facts(experiment, job.random_state, brief),
        findings=findings,
        heterogeneity=evidence.heterogeneity,
        reference=evidence.references,
        frontier=evidence.frontier,
        ladder=evidence.ladder,
        verdict=verdict,
        segments=segments,
        tails=evidence.tails,
        valuation=evidence.valuation,
        policy=policy,
        customers=experiment.customers,
        assignment=assignment,
        rule=rule,
        consent=experiment.consent,
        plane=offer_plane(experiment, policy, evidence.menus, assignment.offer),
        constraints=() if limited is None else limited.constraints,
        allocation=None if limited is None else limited.allocation,
        limits=None if limited is None else limited.limits,
        rollout=job.rollout,
    )


def _told(job: Job, made: Plan, evidence: Evidence, settled: Settled) -> Plan:
    """Return the plan with what was merged, mended and kept various told in its verdict."""
    made = made if settled.merge is None else with_merge(made, settled.merge)
    made = with_fall_back(made, job, evidence, settled.fall)
    if settled.mended and settled.case is not None and settled.repair is not None:
        made = with_repair(made, settled.case, settled.repair)
    moved = settled.fall.after if settled.fall.fallen else None
    made = replace(made, demand=demand_facts(job, evidence, settled.menu, moved))
    return with_variety_told(made, job.experiment, evidence, job.terms, moved)


def _facts(job: Job, made: Plan, evidence: Evidence, brief: Brief | None) -> Facts:
    """Gather what guardrails may read of a plan."""
    return Facts(
        experiment=job.experiment,
        policy=made.policy,
        assignment=made.assignment,
        evidence=evidence,
        terms=job.terms,
        verdict=made.verdict,
        segments=made.segments,
        brief=brief,
        random_state=job.random_state,
        worse_off=made.worse_off,
        outcomes=made.outcomes,
        coverage=made.coverage,
        contacts=job.contacts,
    )


def _segments(
    job: Job, evidence: Evidence, settled: Settled
) -> tuple[tuple[Segment, ...], RuleFacts | None]:
    menu, tree, assigned = settled.menu, settled.tree, settled.assignment.offer
    if tree is None:
        known = evidence.references
        first = evidence.frontier[0]
        line: FrontierPoint | NamedEstimate = first if first.offers == 1 else known.best_single
        if evidence.verdict.kind == "no_offer" and known.no_offer is not None:
            line = known.no_offer
        worth = Estimate(line.value, line.se, line.lo, line.hi)
        return everybody(job.experiment, worth, menu[0], assigned), None
    rows = segment_rows(job.experiment, evidence.first, job.terms, menu, job.random_state)
    rows = with_fallen_rows(rows, settled.fall, by_rule=job.terms.by_rule)
    case = RuleCase(rows.free, rows.rule, rows.scores)
    rule = rule_facts(job.experiment, case, tree, decides=job.terms.by_rule)
    return make_segments(job.experiment, rows, assigned, menu, tree), rule

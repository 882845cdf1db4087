"""What a plan says of coverage: who is worse off, what else got worse, who is shut out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from handful.brief.guardrails import GuardrailsSpec
from handful.brief.outcomes import OutcomeSpec
from handful.effects.amounts import fit_amounts, open_amounts
from handful.effects.crossfit import CrossFit
from handful.effects.scores import kernel_scores
from handful.evidence.contrasts import rows_of_groups
from handful.evidence.coverage import CoverageCase, coverage_facts
from handful.evidence.coverage_curve import CurveCase, coverage_curve
from handful.evidence.coverage_records import CoverageFacts, OutcomeFacts
from handful.evidence.evidence import Evidence
from handful.evidence.outcomes import Measured, outcome_facts
from handful.evidence.worse_off import Comparison
from handful.experiment.records import Amount
from handful.notation import FloatArray
from handful.planning.falling_back import FallBack, worse_off_facts
from handful.planning.job import Job
from handful.planning.records import Plan
from handful.policy.policy import assign_codes


def with_coverage_told(
    plan: Plan,
    job: Job,
    evidence: Evidence,
    fall: FallBack,
    asked: tuple[GuardrailsSpec, Mapping[str, OutcomeSpec]],
) -> Plan:
    """Return the plan with what it says of coverage.

    Args:
        plan: its policy settled.
        job: the log, its terms and settings.
        evidence: with the cross-fit of the first split.
        fall: the segments beside the default.
        asked: the [guardrails] table and the [outcomes].

    Cost: O(n (S + G)); a cross-fit for each further outcome and for take-up where coverage asks
        for it; J allocations a floor of the curve.
    """
    guards, outcomes = asked
    now = replace(fall.before, given=fall.after)
    return replace(
        plan,
        worse_off=worse_off_facts(job, evidence, fall, guards.protected, guards.minimum_reported),
        outcomes=_outcomes(
            job, evidence, now, outcomes, (plan.policy.menu, guards.minimum_reported)
        ),
        coverage=_coverage(plan, job, evidence, fall, guards),
    )


def held_out_amounts(job: Job, fit: CrossFit, amounts: Sequence[Amount]) -> list[FloatArray]:
    """Return the doubly robust scores of some outcomes, (n, G), or (1, G) where offers settle them.

    Each is cross-fitted on the folds of the profit by the learner of the profit. Offers with dials
    have scores without a model: the outcome's mean, and near what was received its kernel.

    Args:
        job: the log, its settings and seed.
        fit: of the profit.
        amounts: the outcomes.

    Cost: a cross-fit each.
    """
    if fit.kernel is not None:
        found = []
        for amount in amounts:
            mean = float(amount.values.mean())
            flat = np.full(fit.kernel.shape, mean)
            level = np.full(len(amount.values), mean)
            found.append(kernel_scores(flat, amount.values, level, fit.kernel))
        return found
    log = replace(job.experiment, amounts=tuple(amounts))
    shops = open_amounts(
        log, fit.fold, learn_rows=job.settings.learn_rows, random_state=job.random_state
    )
    made = fit_amounts(log, fit, shops, job.progress)
    return [amount.scores for amount in made.amounts]


def _outcomes(
    job: Job,
    evidence: Evidence,
    now: Comparison,
    specs: Mapping[str, OutcomeSpec],
    shown: tuple[tuple[int, ...], int],
) -> tuple[OutcomeFacts, ...]:
    """Test the further outcomes; `shown` is the menu and the smallest number that is shown."""
    amounts, (menu, least) = job.experiment.outcomes, shown
    if not amounts:
        return ()
    scores = held_out_amounts(job, evidence.first, amounts)
    measured = [
        Measured(amount.name, specs[amount.name], amount.values, found)
        for amount, found in zip(amounts, scores, strict=True)
    ]
    names = job.experiment.offers
    used = [g for g in menu if int((now.given == g).sum()) >= least]
    members = [(names[g], now.given == g) for g in used] if len(menu) > 1 else []
    return outcome_facts(now, job.terms.fallback, measured, members)


def _coverage(
    plan: Plan, job: Job, evidence: Evidence, fall: FallBack, guards: GuardrailsSpec
) -> CoverageFacts | None:
    spec, fit = job.settings.coverage, evidence.first
    named = spec.acceptable or job.settings.constraints.acceptable
    if not (named or fall.fixed or spec.asked):
        return None
    names = job.experiment.offers
    acceptable = tuple(
        g
        for g, name in enumerate(names)
        if (name in named if named else not fall.fixed or g != fall.default)
    )
    take_up = job.experiment.take_up
    taken = None
    if take_up is not None and spec.asked:
        taken = held_out_amounts(job, fit, [Amount("take_up", take_up)])[0]
    given = fall.after
    if len(plan.policy.menu) == 1:
        cells = job.experiment.open_cells
        given = assign_codes(fit.predicted, plan.policy.menu, cells, job.terms.fallback)
    found = coverage_facts(
        CoverageCase(
            case=replace(fall.before, given=given),
            fit=fit,
            terms=job.terms,
            assigned=plan.assignment.offer,
            acceptable=acceptable,
            take_up=taken,
            spec=spec,
            groups=tuple(rows_of_groups(job.experiment, guards.protected)),
            least=guards.minimum_reported,
        )
    )
    if not (spec.curve or spec.floor is not None) or not fall.fixed:
        return found
    return _with_curve(found, plan, job, evidence, (acceptable, fall.default))


def _with_curve(
    found: CoverageFacts,
    plan: Plan,
    job: Job,
    evidence: Evidence,
    offers: tuple[tuple[int, ...], int],
) -> CoverageFacts:
    """Draw what coverage costs; `offers` are those that count, and the default."""
    acceptable, base = offers
    floor, names = job.settings.coverage.floor, job.experiment.offers
    largest = evidence.menus[max(evidence.menus)]
    menu = tuple(sorted({*largest, *plan.policy.menu, base}))
    case = CurveCase(
        job.experiment, evidence.first, job.terms, menu, acceptable, base, job.random_state
    )
    curve = coverage_curve(case, () if floor is None else (floor,))
    return replace(found, menu=tuple(names[g] for g in menu), curve=curve)

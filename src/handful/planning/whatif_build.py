"""What a plan keeps so that it can be asked again: no ids, and no more than questions need."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from handful.brief.guardrails import GuardrailsSpec
from handful.effects.predict import predict_profit
from handful.evidence.evidence import Evidence, final_codes
from handful.evidence.records import Segment
from handful.evidence.variety import per_offer, population, shares_of
from handful.evidence.whatif_keep import drawn, narrowed, pool_of, small_codes, worths
from handful.evidence.whatif_records import KeptAmount, KeptSample, KeptWorld
from handful.experiment.records import Experiment, Features, FeatureSchema, SourceFacts
from handful.experiment.tails import tail_facts
from handful.guardrails.records import Facts
from handful.guardrails.results import GuardrailResult
from handful.notation import Float32Array, FloatArray, IntArray
from handful.planning.job import Job
from handful.planning.records import Plan
from handful.planning.whatif_records import (
    AnswerGuardrail,
    AnswerSegment,
    Assumption,
    Planned,
    WhatIf,
)


def keep_whatif(job: Job, evidence: Evidence, made: Plan, facts: Facts) -> WhatIf | None:
    """Keep what questions to a plan are answered from.

    Args:
        job: the log, its terms and settings.
        evidence: of all splits.
        made: the finished plan.
        facts: what its guardrails read.

    Returns:
        All that `ask` reads; None where the settings say that nothing is to be kept.

    Cost: O(2^G n) for few offers, O(n) for many.
    """
    if not job.settings.studio or evidence.kept is None:
        return None
    tails = tail_facts(job.experiment.profit)
    return WhatIf(
        log=plain_log(job.experiment),
        schema=job.experiment.features.schema,
        columns=tuple(narrow(column) for column in job.experiment.features.values.T),
        terms=job.terms,
        kept=evidence.kept,
        whole=_whole(job, evidence),
        shares=_shares(job, evidence),
        limits=tails.limits if tails.heavy else None,
        assigned=small_codes(made.assignment.offer, len(made.policy.model.offers)),
        planned=_planned(job, made, facts),
        assumptions=_assumptions(job, evidence),
        slope_rows=_slope_rows(job, evidence),
        slopes=_own_slopes(job, evidence),
        amounts=_own_amounts(job, made),
        seed=job.random_state,
        folds=made.valuation.folds,
        policy=made.policy,
    )


def plain_log(log: Experiment) -> Experiment:
    """Return the log without ids, times, names of strata and what only guardrails read.

    What consent closes to a customer is closed by a stratum of its own.

    Cost: O(n G).

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> plain_log(simulate("null", n=600, offers=2, random_state=1).experiment).strata
        ('0',)
    """
    stratum, support = _closed_strata(log)
    return Experiment(
        customers=np.arange(log.n_rows),
        cluster=log.cluster,
        stratum=stratum,
        strata=tuple(str(s) for s in range(len(support))),
        strata_columns=(),
        offer=log.offer,
        offers=log.offers,
        control=log.control,
        profit=log.profit,
        features=Features(FeatureSchema((), (), ()), np.zeros((log.n_rows, 0))),
        design=replace(
            log.design, by_stratum=np.zeros(support.shape), support=support, kind="design"
        ),
        source=SourceFacts("", "", log.n_rows, log.n_rows, ""),
        currency=log.currency,
        population=population(log),
        amounts=log.amounts,
    )


def narrow(column: FloatArray) -> np.ndarray:
    """Return a column in the fewest bytes that hold each of its values exactly.

    Example:
        >>> narrow(np.array([3.0, 255.0])).dtype, narrow(np.array([0.5, np.nan])).dtype
        (dtype('uint8'), dtype('float32'))
    """
    whole = bool(np.isfinite(column).all())
    for kind in (np.uint8, np.int16, np.int32, np.float32):
        if not whole and kind is not np.float32:
            continue
        with np.errstate(invalid="ignore", over="ignore"):
            found = column.astype(kind)
        if np.array_equal(found.astype(np.float64), column, equal_nan=True):
            return found
    return column.copy()


def _closed_strata(log: Experiment) -> tuple[IntArray, np.ndarray]:
    if log.consent is None:
        return log.stratum, log.design.support
    cells = np.column_stack([log.stratum, log.consent.closed])
    kinds, stratum = np.unique(cells, axis=0, return_inverse=True)
    support = log.design.support[kinds[:, 0]] & (kinds[:, 1:] == 0)
    return stratum.reshape(-1).astype(np.int64), support


def _whole(job: Job, evidence: Evidence) -> KeptWorld:
    """Keep what the final menus were chosen from."""
    pool = () if job.terms.limits is not None or job.terms.by_rule else pool_of(job.terms)
    if not evidence.kept or not evidence.kept.splits:
        pool = ()
    cells = job.experiment.open_cells
    worth: FloatArray = np.zeros(0)
    if pool:
        worth = worths(evidence.first.predicted, cells, job.terms.fallback, pool)
    sample = _whole_sample(evidence) if evidence.first.slopes else None
    return KeptWorld(evidence.menus, evidence.single, pool, worth, np.zeros(0), sample)


def _whole_sample(evidence: Evidence) -> KeptSample:
    fit = evidence.first
    rows = drawn(len(fit.predicted))
    return KeptSample(
        rows=rows,
        predicted=narrowed(fit.predicted[rows]),
        slopes=tuple(
            None if slope.predicted is None else narrowed(slope.predicted[rows])
            for slope in fit.slopes
        ),
        means=np.zeros((len(fit.slopes), fit.predicted.shape[1])),
    )


def _assumptions(job: Job, evidence: Evidence) -> tuple[Assumption, ...]:
    kept = {slope.name for slope in evidence.first.slopes}
    found = []
    for slope in job.experiment.slopes:
        why = ""
        if slope.values is None:
            why = "profit is not linear in it"
        elif slope.name not in kept:
            why = "the plan kept no slopes: it has dials, or its effects came from elsewhere"
        elif job.terms.limits is not None or job.terms.by_rule:
            why = "the plan has limits or a rule, which would have to be found again"
        found.append(Assumption(slope.name, slope.at, not why, slope.together, why))
    return tuple(found)


def _slope_rows(job: Job, evidence: Evidence) -> tuple[Float32Array, ...]:
    values = {slope.name: slope.values for slope in job.experiment.slopes}
    found = [values[slope.name] for slope in evidence.first.slopes]
    return tuple(rows.astype(np.float32) for rows in found if rows is not None)


def _own_slopes(job: Job, evidence: Evidence) -> tuple[Float32Array | None, ...]:
    """Return what the final models of learned slopes predict."""
    names = [slope.name for slope in evidence.first.slopes]
    learned = {} if job.slopes is None else job.slopes.whole(names)
    return tuple(narrowed(learned[name]) if name in learned else None for name in names)


def _own_amounts(job: Job, made: Plan) -> tuple[KeptAmount, ...]:
    """Return what the final models expect of every amount that a limit counts."""
    if made.limits is None or job.experiment.dials is not None:
        return ()
    found = []
    for amount, model in zip(job.experiment.amounts, made.limits.models, strict=True):
        if model.terms or model.forest is not None:
            learned = predict_profit(model, job.experiment.features)
            found.append(KeptAmount(amount.name, None, narrowed(learned)))
        else:
            found.append(KeptAmount(amount.name, model.constant, None))
    return tuple(found)


def _shares(job: Job, evidence: Evidence) -> dict[int, FloatArray]:
    if job.terms.stock is None:
        return {}
    log, first = job.experiment, evidence.first
    return {
        k: shares_of(final_codes(log, first, first.predicted, menu, job.terms), menu)
        for k, menu in evidence.menus.items()
    }


def _planned(job: Job, made: Plan, facts: Facts) -> Planned:
    asked = job.settings
    guardrails = GuardrailsSpec() if facts.brief is None else facts.brief.guardrails
    uniform = asked.setup_cost if isinstance(asked.setup_cost, int | float) else None
    return Planned(
        reference=made.reference,
        frontier=made.frontier,
        verdict=made.verdict,
        segments=tuple(_segment(segment) for segment in made.segments),
        constraints=made.constraints,
        guardrails=tuple(as_planned(result) for result in made.guardrails),
        menu=made.policy.menu,
        settled=facts.merge is not None or made.frontier != facts.evidence.frontier,
        setup=per_offer(asked.setup_cost, job.experiment),
        uniform=None if uniform is None else float(uniform),
        people=population(job.experiment),
        per_decision=asked.stages.cost_per_decision,
        hours=asked.hours,
        minutes_per_card=asked.minutes_per_card,
        reported=guardrails.minimum_reported,
        audience=guardrails.minimum_audience,
    )


def _segment(segment: Segment) -> AnswerSegment:
    return AnswerSegment(segment.offer, segment.customers, segment.share, segment.value)


def as_planned(result: GuardrailResult) -> AnswerGuardrail:
    """Return a guardrail's result as an answer shows it."""
    return AnswerGuardrail(
        name=result.name,
        measure=result.measure,
        value=result.value,
        bound=result.bound,
        verdict=result.verdict,
        remedy=result.remedy,
        as_planned=True,
    )

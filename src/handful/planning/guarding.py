"""The last step of the main job: every guardrail looks at the plan before anybody may use it."""

from __future__ import annotations

from dataclasses import replace

from handful.errors import BriefError, blocked
from handful.experiment.consent_recount import recounted_rights
from handful.guardrails.audience import hide_small
from handful.guardrails.data_use import data_use
from handful.guardrails.importance import field_values
from handful.guardrails.minimise import minimise
from handful.guardrails.pressure import measure_pressure
from handful.guardrails.records import Facts
from handful.guardrails.registry import run_guardrails
from handful.guardrails.releasing import overrides_of
from handful.guardrails.samples import review_sheet
from handful.guardrails.tracing import trace_policy
from handful.planning.fairing import with_fairness
from handful.planning.readying import with_readiness
from handful.planning.records import Plan
from handful.progress import SILENT, Progress


def guarded(plan: Plan, facts: Facts, progress: Progress = SILENT) -> Plan:
    """Return the plan with what its guardrails say, and who answers for those that failed.

    Args:
        plan: assembled.
        facts: what the guardrails may read of it.
        progress: told of the fits of minimising, where the brief asks for it.

    Raises:
        BriefError: G002, G003 a guardrail of the brief's own that cannot be used; G004 an override
            of a guardrail that this plan does not have.

    Cost: the sum of the guardrails'.
    """
    facts = with_fairness(facts)
    facts = with_readiness(_recounted(_minimised(_traced(facts), progress)))
    results = run_guardrails(facts)
    overrides = overrides_of(facts.asked, results)
    return replace(
        plan,
        segments=hide_small(plan.segments, facts.asked.minimum_reported),
        guardrails=results,
        overrides=overrides,
        data_use=data_use(facts),
        review=review_sheet(facts),
        orchestration=facts.matrix,
        readiness=facts.scorecard,
        pressure=measure_pressure(facts),
        fairness=facts.fairness,
    )


def _recounted(facts: Facts) -> Facts:
    """Read the consent table a second time, by the plain rules, for the customers really used."""
    found = facts.experiment.consent
    if found is None or facts.brief is None:
        return facts
    register, customers = found.gate.register, facts.experiment.customers
    rights = recounted_rights(found.spec, facts.brief.folder, register, customers)
    return replace(facts, recounted=rights)


def _traced(facts: Facts) -> Facts:
    """Find out which fields the policy reads, and what those that decide are worth."""
    log, policy = facts.experiment, facts.policy
    trace = trace_policy(policy, log.features, log.stratum, random_state=facts.random_state)
    names = set(policy.model.schema.names)
    deciding = [use.field for use in trace.uses if use.decides and use.field in names]
    if policy.ranking is not None:
        # Within limits an offer taken from one goes to another: no field has a worth of its own.
        return replace(facts, trace=trace)
    values = field_values(log, facts.evidence.first, facts.terms, policy, deciding)
    return replace(facts, trace=trace, values=values)


def _minimised(facts: Facts, progress: Progress) -> Facts:
    """Find the fewest features that keep the gain, where the brief asks for it."""
    log = facts.experiment
    if not facts.asked.minimise:
        return facts
    if log.dials is not None:
        message = "guardrails.minimise does not work for offers with dials."
        remedy = "Leave it out; the manifest still tells which features decide."
        raise BriefError(blocked("G055", message, remedy))
    found = minimise(
        log,
        facts.evidence.first.scores,
        facts.terms,
        facts.policy,
        random_state=facts.random_state,
        progress=progress,
    )
    return replace(facts, minimised=found)

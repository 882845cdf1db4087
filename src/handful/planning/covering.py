"""What a plan says of coverage: who is worse off, what else got worse, who is shut out."""

from __future__ import annotations

from dataclasses import replace

from handful.brief.guardrails import GuardrailsSpec
from handful.evidence.evidence import Evidence
from handful.planning.falling_back import FallBack, worse_off_facts
from handful.planning.job import Job
from handful.planning.records import Plan


def with_coverage_told(
    plan: Plan, job: Job, evidence: Evidence, fall: FallBack, asked: GuardrailsSpec
) -> Plan:
    """Return the plan with what it says of coverage.

    Args:
        plan: its policy settled.
        job: the log, its terms and settings.
        evidence: with the cross-fit of the first split.
        fall: the segments beside the default.
        asked: the [guardrails] table.

    Cost: O(n (S + G)); a cross-fit for each further outcome and for take-up where coverage asks
        for it; J allocations a floor of the curve.
    """
    least, protected = asked.minimum_reported, asked.protected
    return replace(
        plan,
        worse_off=worse_off_facts(job, evidence, fall, protected, least),
    )

"""The last step of the main job: every guardrail looks at the plan before anybody may use it."""

from __future__ import annotations

from dataclasses import replace

from handful.guardrails.records import Facts
from handful.guardrails.registry import run_guardrails
from handful.guardrails.releasing import overrides_of
from handful.planning.records import Plan


def guarded(plan: Plan, facts: Facts) -> Plan:
    """Return the plan with what its guardrails say, and who answers for those that failed.

    Args:
        plan: assembled.
        facts: what the guardrails may read of it.

    Raises:
        BriefError: G002, G003 a guardrail of the brief's own that cannot be used; G004 an override
            of a guardrail that this plan does not have.

    Cost: the sum of the guardrails'.
    """
    results = run_guardrails(facts)
    return replace(plan, guardrails=results, overrides=overrides_of(facts.asked, results))

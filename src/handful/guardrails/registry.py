"""Every guardrail in the order of the report; one more is one line here and one file beside."""

from __future__ import annotations

from typing import Final

from handful.guardrails.disclosure import disclosure
from handful.guardrails.plugins import load_plugins
from handful.guardrails.records import Facts, Guardrail, GuardrailResult

GUARDRAILS: Final[tuple[tuple[str, Guardrail], ...]] = (("disclosure", disclosure),)
"""(name, function) of each; a function that has nothing to look at returns ()."""


def run_guardrails(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Run every guardrail, then those that the brief names, in order.

    Args:
        facts: what they may read.

    Returns:
        Their results, one after the other.

    Raises:
        BriefError: G002, G003 a guardrail of the brief that cannot be loaded or used.

    Cost: the sum of theirs.
    """
    named = (*GUARDRAILS, *load_plugins(facts))
    return tuple(result for _, guardrail in named for result in guardrail(facts))

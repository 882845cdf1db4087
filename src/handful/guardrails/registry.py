"""Every guardrail in the order of the report; one more is one line here and one file beside."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from handful.guardrails.audience_check import check_audience, check_cells, check_paths
from handful.guardrails.consent import (
    check_binding,
    check_exported,
    check_targeted,
    check_trained,
)
from handful.guardrails.continuity import check_continuity
from handful.guardrails.copy_check import check_copy
from handful.guardrails.coverage import check_coverage, check_outcomes, check_worse_off
from handful.guardrails.data_use import check_minimised, check_trace
from handful.guardrails.deny_list import check_bystanders, check_children, check_words
from handful.guardrails.disclosure import disclosure
from handful.guardrails.fairness_check import check_differences
from handful.guardrails.matrix import check_matrix
from handful.guardrails.maturity import check_step
from handful.guardrails.plugins import load_plugins
from handful.guardrails.pressure import check_pressure
from handful.guardrails.provenance import check_creepiness, check_provenance
from handful.guardrails.records import Facts, Guardrail, GuardrailResult
from handful.guardrails.repair_result import repair_price
from handful.guardrails.staleness import check_staleness

GUARDRAILS: Final[tuple[tuple[str, Guardrail], ...]] = (
    ("consent_trained", check_trained),
    ("consent_targeted", check_targeted),
    ("consent_exported", check_exported),
    ("purpose_binding", check_binding),
    ("staleness", check_staleness),
    ("disclosure", disclosure),
    ("disclosure_repair", repair_price),
    ("fairness", check_differences),
    ("weird_things", check_words),
    ("children", check_children),
    ("bystanders", check_bystanders),
    ("copy", check_copy),
    ("provenance", check_provenance),
    ("creepiness", check_creepiness),
    ("minimum_audience", check_audience),
    ("smallest_cell", check_cells),
    ("reidentification", check_paths),
    ("worse_off", check_worse_off),
    ("outcomes", check_outcomes),
    ("coverage", check_coverage),
    ("data_use", check_trace),
    ("minimised", check_minimised),
    ("continuity", check_continuity),
    ("orchestration", check_matrix),
    ("contact_pressure", check_pressure),
    ("one_step_at_a_time", check_step),
)
"""(name, function) of each; a function that has nothing to look at returns ()."""


def run_guardrails(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Run every guardrail, then those that the brief names; each sees the results before it.

    Args:
        facts: what they may read.

    Returns:
        Their results, one after the other.

    Raises:
        BriefError: G002, G003 a guardrail of the brief that cannot be loaded or used.

    Cost: the sum of theirs.
    """
    named = (*GUARDRAILS, *load_plugins(facts))
    for _, guardrail in named:
        facts = replace(facts, results=(*facts.results, *guardrail(facts)))
    return facts.results

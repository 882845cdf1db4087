"""The guardrails in words: may the plan be used, what failed, who answers for it, what to watch."""

from __future__ import annotations

from dataclasses import dataclass

from handful.delivery.report.tables import offers_text
from handful.planning.records import Plan


@dataclass(frozen=True, slots=True)
class GuardWords:
    """What the page says of the guardrails.

    Attributes:
        status: one sentence: may the plan be used?
        failed: (name, what was measured, what to do) of each that stops the plan.
        answered: (name, sentence) of each that failed and somebody answers for.
        warned: (name, what to do) of each that warns.
        consent: sentences on the consent that the plan was made under; () without any.
    """

    status: str
    failed: tuple[tuple[str, str, str], ...]
    answered: tuple[tuple[str, str], ...]
    warned: tuple[tuple[str, str], ...]
    consent: tuple[str, ...]


def guard_words(plan: Plan) -> GuardWords | None:
    """Say what the guardrails found; None where none had anything to look at.

    Args:
        plan: the plan.

    Returns:
        Sentences in plain words.
    """
    if not plan.guardrails:
        return None
    stops = {result.name for result in plan.failed}
    answers = {override.name: override for override in plan.overrides}
    passed = sum(result.verdict == "pass" for result in plan.guardrails)
    counted = sum(result.verdict != "not_applicable" for result in plan.guardrails)
    status = f"{passed} of {counted} guardrails passed. "
    status += (
        f"{_listed(tuple(sorted(stops)))} failed, so this plan may not be used: "
        "“handful assign” refuses it."
        if stops
        else "The plan may be used."
    )
    return GuardWords(
        status=status,
        failed=tuple((r.name, _measured(r.measure, r.value), r.remedy) for r in plan.failed),
        answered=tuple(
            (r.name, f"{answers[r.name].by} answers for it: {answers[r.name].reason}")
            for r in plan.guardrails
            if r.verdict == "fail" and r.name in answers
        ),
        warned=tuple((r.name, r.remedy) for r in plan.guardrails if r.verdict == "warn"),
        consent=_consent(plan),
    )


def _listed(names: tuple[str, ...]) -> str:
    return offers_text(tuple(f"“{name}”" for name in names))


def _measured(measure: str, value: float | None) -> str:
    return measure if value is None else f"{measure}: {value:,.4g}"


def _consent(plan: Plan) -> tuple[str, ...]:
    """Say whose yes the plan rests on, and what became of the noes."""
    found = plan.consent
    if found is None:
        return ()
    facts = found.gate.register.facts
    rows = plan.experiment.rows
    refuse = {p: int(found.rights.says_no(p).sum()) for p in ("personalise", "contact", "share")}
    return (
        f"Consent: {facts.description}, {facts.events:,} events of {facts.customers:,} customers, "
        f"read as of {facts.as_of}.",
        f"{found.rows_left_out:,} of {rows + found.rows_left_out:,} rows were left out, because "
        "their customers do not agree to be learned from. Every value is that of the others.",
        f"Of the {rows:,} rows that are left, {refuse['personalise']:,} have a customer who is not "
        f"personalised for, {refuse['contact']:,} one who is not contacted, {refuse['share']:,} "
        "one who is not shared. What they get instead is in every value.",
    )

"""The guardrails in words: may the plan be used, what failed, who answers for it, what to watch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from handful.delivery.report.figures import plain
from handful.delivery.report.names import title_of
from handful.delivery.report.sections import rail_places
from handful.delivery.report.tables import offers_text
from handful.delivery.report.wording import Sentence
from handful.planning.records import GuardrailResult, Plan

ALL_NIL: Final = "Every guardrail that passed found nothing where nothing may be."

_TO_WRITE_DOWN: Final = ("provenance",)
"""Guardrails that warn of what nobody has written down yet, and can never fail."""


@dataclass(frozen=True, slots=True)
class GuardWords:
    """What the page says of the guardrails.

    Attributes:
        status: one sentence: may the plan be used?
        failed: (name, what was measured, what to do) of each that stops the plan.
        answered: (name, sentence) of each that failed and somebody answers for.
        warned: (name, what to do) of each that warns.
        consent: sentences on the consent that the plan was made under; () without any.
        passed: (name, what was measured and its bound, why it holds) of each that passed.
        closest: which guardrail is closest to failing, and by how much.
        notes: what is still to be written down; it stops nothing.
    """

    status: str
    failed: tuple[tuple[str, str, str], ...]
    answered: tuple[tuple[str, str], ...]
    warned: tuple[tuple[str, str], ...]
    consent: tuple[str, ...]
    passed: tuple[tuple[str, Sentence, str], ...] = ()
    closest: Sentence = ()
    notes: tuple[str, ...] = ()


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
    counted = sum(result.verdict in ("pass", "fail") for result in plan.guardrails)
    watched = sum(result.name not in _TO_WRITE_DOWN for result in _warned(plan))
    more = f", {watched} more ask to be watched" if watched else ""
    status = f"{passed} of {counted} guardrails passed{more}. "
    status += (
        f"{_listed(tuple(sorted(stops)))} failed, so this plan may not be used: "
        "“handful assign” refuses it."
        if stops
        else "The plan may be used."
    )
    return GuardWords(
        status=status,
        failed=tuple((_both(r.name), _measured(r.measure, r.value), r.remedy) for r in plan.failed),
        answered=tuple(
            (_both(r.name), f"{answers[r.name].by} answers for it: {answers[r.name].reason}")
            for r in plan.guardrails
            if r.verdict == "fail" and r.name in answers
        ),
        warned=tuple(
            (title_of(r.name), r.remedy) for r in _warned(plan) if r.name not in _TO_WRITE_DOWN
        ),
        consent=_consent(plan),
        passed=tuple(
            (title_of(r.name), numbers(plan, at), r.remedy)
            for at, r in enumerate(plan.guardrails)
            if r.verdict == "pass"
        ),
        closest=closest(plan),
        notes=tuple(r.remedy for r in _warned(plan) if r.name in _TO_WRITE_DOWN),
    )


def _warned(plan: Plan) -> tuple[GuardrailResult, ...]:
    return tuple(result for result in plan.guardrails if result.verdict == "warn")


def numbers(plan: Plan, at: int) -> Sentence:
    """Say what was measured, its interval and its bound; no bound where none is set."""
    rail, field = plan.guardrails[at], f"guardrails.{at}"
    said: Sentence = (f"{rail.measure[:1].upper()}{rail.measure[1:]}",)
    if rail.value is None:
        return (*said, ".")
    places = rail_places(rail.value, rail.bound)
    said = (*said, ": ", plain(plan, f"{field}.value", places))
    if rail.lo is not None and rail.hi is not None and rail.lo < rail.hi:
        low, high = (plain(plan, f"{field}.{end}", places) for end in ("lo", "hi"))
        said = (*said, " (", low, " to ", high, ")")
    if rail.bound is None:
        return (*said, ".")
    return (*said, "; bound ", plain(plan, f"{field}.bound", places), ".")


def closest_at(plan: Plan) -> int | None:
    """Return the position of the guardrail, passed or warning, that is closest to failing.

    Room = distance from the end of the interval that is nearer to the bound (from the value where
    there is no interval) to the bound, as a share of the larger of value and bound in size.
    A count of faults that is nil where none is allowed has no room to measure. One that warns
    because its interval reaches over the bound has room below zero.

    Example:
        >>> closest_at.__name__
        'closest_at'
    """
    rooms = {
        at: _room(rail)
        for at, rail in enumerate(plan.guardrails)
        if rail.verdict in ("pass", "warn")
    }
    known = {at: room for at, room in rooms.items() if room is not None}
    return min(known, key=lambda at: known[at]) if known else None


def _room(rail: GuardrailResult) -> float | None:
    if rail.value is None or rail.bound is None:
        return None
    scale = max(abs(rail.value), abs(rail.bound))
    if scale == 0:
        return None
    above = rail.value >= rail.bound
    near = rail.lo if above else rail.hi
    if rail.verdict == "warn":
        beyond = near is not None and (near < rail.bound if above else near > rail.bound)
        return -abs((near or 0.0) - rail.bound) / scale if beyond else None
    return abs((rail.value if near is None else near) - rail.bound) / scale


def closest(plan: Plan) -> Sentence:
    """Say which guardrail is closest to failing; one that failed comes first."""
    stops = tuple(sorted(result.name for result in plan.failed))
    if stops:
        return (f"{_listed(stops)} failed already.",)
    at = closest_at(plan)
    if at is None:
        return ("None is near. ", ALL_NIL)
    return (f"{title_of(plan.guardrails[at].name)}. ", *nearness(plan, at))


def nearness(plan: Plan, at: int) -> Sentence:
    """Say what was measured, and whether the log leaves room for a failure."""
    if plan.guardrails[at].verdict == "warn":
        return (*numbers(plan, at), " That it fails cannot be excluded.")
    return numbers(plan, at)


def _both(name: str) -> str:
    """Return a guardrail's name in words and as the brief writes it, for whoever must act."""
    return f"{title_of(name)} ({name})"


def _listed(names: tuple[str, ...]) -> str:
    return offers_text(tuple(f"“{title_of(name)}”" for name in names))


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

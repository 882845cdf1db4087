"""What the firm's own data are worth beyond features that every competitor has."""

from __future__ import annotations

from handful.delivery.report.figures import MISSING, Figure, Interval, decimals, interval, share
from handful.delivery.report.section import Listed, Section, Words
from handful.delivery.report.tables import Cell, Column, Row, Table
from handful.delivery.report.wording import Sentence
from handful.evidence.stage_records import DifferentiationFacts
from handful.planning.records import Plan

NOT_ABOVE = "the gain on all features is not shown to be above zero"


def section(plan: Plan) -> Section | None:
    """Return the comparison; None where the brief does not ask for it."""
    facts = plan.differentiation
    if facts is None:
        return None
    blocks = (Words(_lead(plan, facts)), Listed(_table(plan, facts)), Words(_which(facts), "quiet"))
    return Section("own-data", "What are our own data worth?", "Own data", blocks)


def _lead(plan: Plan, facts: DifferentiationFacts) -> Sentence:
    found, field = facts.policies[0], "differentiation.policies.0"
    places = decimals([found.difference])
    lead: Sentence = (
        "Learned again on features that every competitor has too, the ",
        found.policy,
        " gains ",
        interval(plan, f"{field}.commodity", places),
        " per customer over the best single offer; our own features add ",
        interval(plan, f"{field}.difference", places),
        ". ",
    )
    if found.difference.lo > 0:
        return (*lead, "They are worth having.")
    return (*lead, "That they add anything is not shown.")


def _which(facts: DifferentiationFacts) -> Sentence:
    guess = "Guessed by their names; correct it with differentiation.commodity"
    how = guess if facts.guessed else "As the brief names them"
    own = ", ".join(facts.own) if facts.own else "none"
    return (f"Features everybody has: {', '.join(facts.commodity)}. {how}. Our own: {own}.",)


def _table(plan: Plan, facts: DifferentiationFacts) -> Table:
    places = decimals([found.gain for found in facts.policies])
    rows = []
    for at, found in enumerate(facts.policies):
        field = f"differentiation.policies.{at}"
        kept: Cell = Figure(MISSING, None, f"{field}.survives", None, NOT_ABOVE)
        if found.survives is not None:
            ends = (share(plan, f"{field}.survives.{end}") for end in ("value", "lo", "hi"))
            kept = Interval(*ends)
        rows.append(
            Row(
                (
                    found.policy,
                    interval(plan, f"{field}.gain", places),
                    interval(plan, f"{field}.commodity", places),
                    interval(plan, f"{field}.difference", places),
                    kept,
                ),
                chosen=at == 0 and plan.verdict.offers >= 2,
            )
        )
    columns = (
        Column("Policy"),
        Column("Gain on all features", numeric=True),
        Column("Gain on what everybody has", numeric=True),
        Column("Our own add", numeric=True),
        Column("Kept without our own", numeric=True),
    )
    caption = "Gain over the best single offer, per customer, held out; all bands hold together"
    return Table("own-data", caption, columns, tuple(rows))

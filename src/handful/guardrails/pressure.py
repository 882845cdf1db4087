"""Contact pressure: what all programmes together ask of a customer, and who has had enough.

Counted, not estimated: no interval. Cost O(n + m).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handful.experiment.contacts import ContactRegister, at_the_cap, sent_to
from handful.guardrails.records import Facts, GuardrailResult

_WEEK = 7.0


@dataclass(frozen=True, slots=True)
class Pressure:
    """The pressure on the log's customers.

    Attributes:
        description: the table of messages, in words.
        as_of: last day of the window, ISO 8601.
        days: its length.
        at_most: messages that one customer may get within it; None where nothing is held back.
        customers: of the log.
        before: messages per customer and week, of all programmes, before this plan.
        after: the same with one message more for everybody to whom the plan sends an offer.
        most: messages that the busiest customer of the log got within the window.
        held_back: customers to whom nothing is sent because they had as many as is allowed.
        programmes: (name, messages within the window).
        columns: of the table: customer, time and, where there is one, programme.
    """

    description: str
    as_of: str
    days: float
    at_most: int | None
    customers: int
    before: float
    after: float
    most: int
    held_back: int
    programmes: tuple[tuple[str, int], ...]
    columns: tuple[str, ...] = ()


def measure_pressure(facts: Facts) -> Pressure | None:
    """Measure the pressure on the log's customers; None where the brief names no messages.

    Cost: O(n + m).
    """
    register = facts.contacts
    if register is None:
        return None
    ids, first = np.unique(facts.experiment.customers, return_index=True)
    counts = sent_to(register, ids)
    sends = facts.assignment.offer[first] != facts.experiment.control
    weeks = register.days / _WEEK
    full = at_the_cap(register, ids)
    return Pressure(
        description=register.description,
        as_of=register.as_of,
        days=register.days,
        at_most=register.at_most,
        customers=len(ids),
        before=float(counts.mean()) / weeks,
        after=float((counts + sends).mean()) / weeks,
        most=int(counts.max(initial=0)),
        held_back=int((full & ~sends).sum()),
        programmes=register.programmes,
        columns=register.columns,
    )


def check_pressure(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Count customers who would get more messages than allowed: must be 0.

    Cost: O(n + m).
    """
    register, found = facts.contacts, measure_pressure(facts)
    if register is None or found is None or register.at_most is None:
        return ()
    over = _over(facts, register)
    week = f"{found.before:.2f} messages per customer and week before, {found.after:.2f} with it"
    holds = (
        f"{found.held_back:,} of {found.customers:,} customers had {register.at_most} messages or "
        f"more in {register.days:g} days: they get none. {week}. The values above do not know of "
        "this: they are of everybody."
    )
    fails = (
        f"{over:,} customers would get more than {register.at_most} messages in "
        f"{register.days:g} days, and the log has no offer that means “nothing is sent”: name it "
        "as experiment.control."
    )
    return (
        GuardrailResult(
            "contact_pressure",
            f"customers who would get more than {register.at_most} messages of all programmes in "
            f"{register.days:g} days",
            float(over),
            None,
            None,
            0.0,
            "fail" if over else "pass",
            fails if over else holds,
            detail={
                "per_week_before": found.before,
                "per_week_after": found.after,
                "programmes": [list(pair) for pair in found.programmes],
                "as_of": found.as_of,
            },
        ),
    )


def _over(facts: Facts, register: ContactRegister) -> int:
    """Count rows that are sent an offer although the customer has had as many as is allowed."""
    full = at_the_cap(register, facts.experiment.customers)
    return int((full & (facts.assignment.offer != facts.experiment.control)).sum())

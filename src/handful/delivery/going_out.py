"""A stored plan's roll-out and contact cap, applied to every block of customers it decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from handful.brief.contacts import ContactsSpec
from handful.delivery.stored import StoredPlan
from handful.errors import BriefError, DataError, Finding, blocked
from handful.experiment.consent_records import ConsentGate
from handful.experiment.contacts import ContactRegister, read_contacts
from handful.planning.rollout import Rollout, kept_from, wave_of
from handful.policy.records import Assignment

if TYPE_CHECKING:
    # Loads what reads tables of customers; a studio that only serves does not pay for it.
    from handful.experiment.sources import CustomerBlock

WAVE = "wave"
"""Column of the wave a customer is in, where a plan goes out in waves."""


@dataclass(frozen=True, slots=True)
class GoingOut:
    """What keeps a decision from going out, or from going out yet.

    Attributes:
        rollout: waves and holdout; None where the plan has none.
        contacts: messages sent so far; None where nothing is capped.
        control: code of "no offer"; None where there is none.
    """

    rollout: Rollout | None
    contacts: ContactRegister | None
    control: int | None


def going_out(stored: StoredPlan, contacts: str | None, customer: str | None) -> GoingOut:
    """Read what a plan says of going out, and the messages of today.

    Args:
        stored: the plan.
        contacts: table of the messages that all programmes sent, of today.
        customer: column of ids of the customers to decide; None where there is none.

    Raises:
        BriefError: G128 a plan with a cap, and no table of messages, or the other way round.
        DataError: G126 messages dated ahead; G132 a holdout, waves or a cap, and customers
            without ids.

    Cost: O(messages).
    """
    said, rollout = stored_cap(stored), stored_rollout(stored)
    capped = said is not None
    if capped != (contacts is not None):
        message = (
            f"the plan sends at most {said['at_most']} messages in {said['days']:g} days to a "
            "customer, and no table of messages was given."
            if said is not None
            else "the plan has no cap on messages, but a table of messages was given."
        )
        remedy = "Give the messages of all programmes up to today with --contacts."
        other = "Leave --contacts out, or set contacts.at_most in the brief and plan again."
        raise BriefError(blocked("G128", message, remedy if capped else other))
    if (capped or rollout is not None) and customer is None:
        message = "who is held out, held back and in which wave is told by customer ids."
        raise DataError(blocked("G132", message, "Name their column with --customer."))
    return GoingOut(
        rollout=rollout,
        contacts=_read(said, contacts),
        control=control_code(stored),
    )


def stored_rollout(stored: StoredPlan) -> Rollout | None:
    """Return how a stored plan goes out; None where its brief does not say."""
    said = stored.document.get("rollout")
    if said is None:
        return None
    lists = {key: tuple(value) for key, value in said.items() if isinstance(value, list)}
    cuts = tuple((value, ties) for value, ties in said["cuts"])
    return Rollout(**{**said, **lists, "cuts": cuts})


def _tomorrow() -> str:
    return (datetime.now(tz=UTC).date() + timedelta(days=1)).isoformat()


def stored_cap(stored: StoredPlan) -> Mapping[str, Any] | None:
    """Return what a stored plan says of a cap on messages; None where it has none."""
    said: Mapping[str, Any] | None = stored.document.get("pressure")
    return said if said is not None and said["at_most"] is not None else None


def _read(said: Mapping[str, Any] | None, source: str | None) -> ContactRegister | None:
    if said is None:
        return None
    customer, time, *programme = said["columns"]
    spec = ContactsSpec(
        source=source,
        customer=customer,
        time=time,
        programme=programme[0] if programme else None,
        at_most=said["at_most"],
        days=said["days"],
    )
    found = read_contacts(spec, ".")
    # The window ends with the latest message: one dated ahead would leave all others out of it.
    if found is not None and found.as_of > _tomorrow():
        message = f"the messages go up to {found.as_of}, which is still to come."
        raise DataError(blocked("G126", message, "Leave out what was not sent yet."))
    return found


def control_code(stored: StoredPlan) -> int | None:
    """Return the code of "no offer" in the plan's policy; None where there is none."""
    offers = stored.policy.model.offers
    for offer in stored.document["experiment"]["offers"]:
        if offer["control"] and offer["name"] in offers:
            return offers.index(offer["name"])
    return None


def kept(going: GoingOut, block: CustomerBlock, decided: Assignment) -> Assignment:
    """Return the decisions with "no offer" for who is held out or has had enough messages."""
    return kept_from(decided, block.customers, going.control, going.contacts, going.rollout)


def with_wave(
    table: pa.Table, going: GoingOut, block: CustomerBlock, gate: ConsentGate | None
) -> pa.Table:
    """Return the table with the wave of each customer, where the plan goes out in waves."""
    if going.rollout is None or not going.rollout.waves:
        return table
    wave = wave_of(going.rollout, block.customers, block.features, gate)
    return table.append_column(WAVE, pa.array(wave, pa.int32()))


def refuse_campaign(stored: StoredPlan) -> None:
    """Refuse to allocate a whole campaign for a plan that keeps customers out of it afterwards.

    Raises:
        BriefError: G129 the plan has a holdout, waves, or a cap on messages.
    """
    if stored_cap(stored) is not None or stored.document.get("rollout") is not None:
        message = "--campaign allocates all customers at once; this plan keeps some out of it."
        remedy = "Assign without --campaign: prices then keep the limits on average."
        raise BriefError(blocked("G129", message, remedy))


def refuse_statement(stored: StoredPlan) -> None:
    """Refuse to say a plan as one statement where who gets its offers hangs on more than features.

    Raises:
        DataError: G138 the plan has a holdout, waves, or a cap on messages.
    """
    said = _beyond_features(stored)
    if said:
        message = f"the plan has {said}, which an SQL statement cannot keep."
        raise DataError(blocked("G138", message, "Use `handful assign`, and load its file."))


def of_the_day(stored: StoredPlan) -> tuple[Finding, ...]:
    """Return what a list of the day of the plan leaves out of the plan's roll-out, as a warning."""
    cap, rollout = stored_cap(stored), stored_rollout(stored)
    lacks = [] if cap is None else ["messages sent since the plan was made are not counted"]
    if rollout is not None and rollout.waves:
        lacks.append("it does not say who is in which wave")
    if not lacks:
        return ()
    message = f"the list is that of the day of the plan: {', and '.join(lacks)}."
    return (Finding("G139", "warn", message, "Use `handful assign` on the day of sending."),)


def _beyond_features(stored: StoredPlan) -> str:
    """Return in words what keeps a plan's offer from somebody whom the policy gives it."""
    rollout = stored_rollout(stored)
    found = ["a cap on messages"] if stored_cap(stored) is not None else []
    found += ["a holdout"] if rollout is not None and rollout.holdout else []
    found += ["waves"] if rollout is not None and rollout.waves else []
    return " and ".join(found)

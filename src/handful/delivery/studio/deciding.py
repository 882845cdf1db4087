"""POST /api/decide: one customer, by the plan that is served, through the consent gate.

Nothing is stored and nothing is logged: this is a counter to try a released plan at, not the
decision service with its durable log.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from handful.delivery.consent_file import read_gate
from handful.delivery.going_out import control_code, stored_cap, stored_rollout
from handful.delivery.studio.bodies import Asked
from handful.delivery.studio.refusing import BAD_BODY, UNFIT, refusal
from handful.delivery.studio.shelf import Shelved
from handful.experiment.units import JOIN, MISSING_STRATUM
from handful.planning.one_customer import OneGate, decide_one, one_gate, rights_of_one
from handful.planning.rollout import Rollout, held_out
from handful.policy.points import offer_name, sayable, values_of
from handful.policy.records import REASON_CONTACT_CAP, REASON_HELD_OUT, REASONS, Decision

_ID_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Counter:
    """What decides for one customer after the other.

    Attributes:
        plan: that is served.
        gate: the consent to ask; None for a plan made without.
        segments: offer -> number of its segment in plan.json, from 1.
        rollout: who is held out; None where nobody is.
        cap: messages that a customer may have, and within how many days; None without.
        control: code of "no offer"; None where there is none.
    """

    plan: Shelved
    gate: OneGate | None
    segments: Mapping[str, int]
    rollout: Rollout | None
    cap: tuple[int, float] | None
    control: int | None


def open_counter(plan: Shelved) -> Counter:
    """Prepare a plan to decide for single customers.

    Raises:
        DataError: G071 the plan's copy of the consent register is gone.

    Cost: O(customers of the register), once.
    """
    stored = plan.stored
    offers, points = stored.policy.model.offers, stored.policy.points
    gate = read_gate(stored.document, stored.folder, offers)
    segments: dict[str, int] = {}
    for number, part in enumerate(stored.document["segments"], start=1):
        segments.setdefault(offer_name(points, offers, part["offer"]), number)
    rollout, capped = stored_rollout(stored), stored_cap(stored)
    return Counter(
        plan=plan,
        gate=None if gate is None else one_gate(gate),
        segments=segments,
        rollout=rollout if rollout is not None and rollout.holdout else None,
        cap=None if capped is None else (int(capped["at_most"]), float(capped["days"])),
        control=control_code(stored),
    )


def decide_asked(counter: Counter, asked: Asked) -> dict[str, Any]:
    """Decide what a body asks.

    Args:
        counter: of the plan that is served.
        asked: features, with the columns of the stratum among them where the policy has some.

    Returns:
        offer, segment, reason, expected_profit (None where the customer was not scored), plan.

    Raises:
        RefusalError: 400 F880 an id that is none; 422 F889 features that the policy does not know;
            422 F895 a holdout and no id, or a cap and no number of messages.
        DataError: P710, P711 as `decide`; G046 every offer is closed to the customer.
    """
    policy, gate = counter.plan.stored.policy, counter.gate
    customer = _customer(asked.customer)
    _refuse_untold(counter, asked)
    _refuse_strange(asked.features, {*policy.model.schema.names, *policy.strata_columns})
    stratum = _stratum(policy.strata_columns, asked.features)
    bound = None if gate is None else (rights_of_one(gate, customer), gate.gate.binding)
    # Somebody anonymous is drawn by a number that nobody keeps, so that the draw hides no less.
    drawn = secrets.token_hex(16) if customer is None else customer
    made = _kept_back(counter, asked, decide_one(policy, asked.features, stratum, drawn, bound))
    return {
        "offer": made.offer if made.values is None else sayable(made.values),
        "segment": counter.segments.get(made.offer),
        "reason": made.reason,
        "expected_profit": None if math.isnan(made.expected_profit) else made.expected_profit,
        "plan": counter.plan.id,
    }


def _refuse_untold(counter: Counter, asked: Asked) -> None:
    """Refuse to decide where who is held out, or has had enough messages, cannot be told."""
    if counter.rollout is not None and asked.customer is None:
        message = "the plan holds customers out by their id, and none was given."
        raise refusal(UNFIT, "F895", message, "Send `customer`.")
    if counter.cap is not None and asked.messages is None:
        most, days = counter.cap
        message = f"the plan sends at most {most} messages in {days:g} days to a customer."
        remedy = "Send `messages`: how many all programmes sent them within these days."
        raise refusal(UNFIT, "F895", message, remedy)


def _kept_back(counter: Counter, asked: Asked, made: Decision) -> Decision:
    """Return "no offer" for who is held out or has had enough messages, as `assign` does."""
    policy, control = counter.plan.stored.policy, counter.control
    if control is None or made.offer == policy.model.offers[control]:
        return made
    held = counter.rollout is not None and bool(held_out(counter.rollout, [asked.customer])[0])
    full = counter.cap is not None and (asked.messages or 0) >= counter.cap[0]
    if not held and not full:
        return made
    reason = REASONS[REASON_HELD_OUT if held else REASON_CONTACT_CAP]
    name, values = policy.model.offers[control], values_of(policy.points, control)
    return Decision(name, reason, math.nan, values)


def _customer(said: str | int | None) -> str | int | None:
    if isinstance(said, str) and (not said or len(said) > _ID_LONGEST or not said.isprintable()):
        message = f"expected the id of a customer as 1 to {_ID_LONGEST} printed characters."
        raise refusal(BAD_BODY, "F880", message, "Leave it out for somebody anonymous.")
    return said


def _refuse_strange(features: Mapping[str, object], known: set[str]) -> None:
    strange = sorted(set(features) - known)
    if strange:
        message = f"{len(strange)} features are not of this plan, the first is {strange[0][:80]!r}."
        raise refusal(UNFIT, "F889", message, f"It reads: {', '.join(sorted(known))}.")


def _stratum(columns: tuple[str, ...], features: Mapping[str, object]) -> str | None:
    """Return the label of the stratum; None where there is one only, or a column is not given."""
    if not columns or not set(columns) <= set(features):
        return None
    return JOIN.join(_label(features[name]) for name in columns)


def _label(value: object) -> str:
    """Return a value as the labels of strata write it: whole numbers as digits."""
    if value is None:
        return MISSING_STRATUM
    if isinstance(value, bool):
        return "true" if value else "false"
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole and isinstance(value, float) else str(value)

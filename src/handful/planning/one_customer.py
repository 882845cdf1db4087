"""Decide for one customer at a time, as far as that customer allows it.

The same answer as `decide_block` gives for a block, row by row; a law holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from handful.experiment.consent_ids import plainest
from handful.experiment.consent_records import Binding, ConsentGate, Rights, no_rights
from handful.experiment.consent_rows import (
    closed_cells,
    kept_offers,
    not_personalised,
    refuse_nothing_left,
)
from handful.notation import BoolArray
from handful.planning.consenting import why_closed
from handful.policy.decide import decide
from handful.policy.points import values_of
from handful.policy.policy import UNKNOWN_STRATUM
from handful.policy.records import REASON_NO_PERSONALISE, REASONS, Decision, Policy


@dataclass(frozen=True, slots=True)
class OneGate:
    """A consent gate that finds one customer without reading all.

    Attributes:
        gate: the register, and what it binds.
        places: id -> row of the register.
        alike: how the ids of those who refuse look without zeros, blanks and case.
    """

    gate: ConsentGate
    places: Mapping[str, int]
    alike: frozenset[str]


def one_gate(gate: ConsentGate) -> OneGate:
    """Prepare a gate for single customers.

    Cost: O(customers of the register), once.
    """
    ids = gate.register.ids
    refusing = ids.filter(gate.register.refused.any(axis=1))
    places = {name: row for row, name in enumerate(ids.to_pylist())}
    return OneGate(gate, places, frozenset(plainest(refusing).to_pylist()))


def rights_of_one(found: OneGate, customer: object) -> Rights:
    """Return what one customer allows; None is somebody of whom nothing is known.

    An id that differs from that of somebody who refuses only by case, blanks or zeros is taken to
    be theirs, so that nobody's no is lost to a spelling.

    Cost: O(1).
    """
    register = found.gate.register
    row = found.places.get(str(customer))
    if customer is not None and row is not None:
        return Rights(
            register.refused[row : row + 1],
            register.channel_refused[row : row + 1],
            register.member[row : row + 1],
            np.ones(1, dtype=np.bool_),
        )
    rights = no_rights(1, register)
    if customer is None or not _looks_refusing(found, customer):
        return rights
    everything = np.ones_like(rights.refused)
    return replace(rights, refused=everything, channel_refused=np.ones_like(rights.channel_refused))


def decide_one(
    policy: Policy,
    row: Mapping[str, object],
    stratum: str | None,
    customer: object = None,
    bound: tuple[Rights, Binding] | None = None,
) -> Decision:
    """Decide which offer one customer gets, as far as they allow it.

    Args:
        policy: who gets which.
        row: features by name; not read where the customer refuses to be personalised for.
        stratum: label; None where the policy has one only.
        customer: id, needed only where the policy draws offers by it.
        bound: what the customer allows, one row, and what that binds; None without consent.

    Returns:
        Offer, reason and expected profit, NaN where the customer was not scored.

    Raises:
        DataError: G046 every offer is closed to the customer; and those of `decide`.

    Cost: that of `decide`, twice where the best offer is closed to the customer.
    """
    if bound is None:
        return decide(policy, row, stratum, customer)
    rights, binding = bound
    closed = closed_cells(rights, binding)
    refuse_nothing_left(closed)
    kept = _kept(policy, stratum, rights, binding)
    if not_personalised(rights)[0]:
        return _unscored(policy, kept, REASON_NO_PERSONALISE)
    first = decide(policy, row, stratum, customer)
    code = policy.model.offers.index(first.offer)
    if not closed[0, code]:
        return first
    reason = int(why_closed(rights, binding, np.zeros(1, np.int64), np.array([code]))[0])
    return _other(policy, (row, stratum, customer), closed[0], kept, reason)


def _other(
    policy: Policy,
    asked: tuple[Mapping[str, object], str | None, object],
    closed: BoolArray,
    kept: int,
    reason: int,
) -> Decision:
    """Decide anew with the closed offers left out; what is kept where none is open."""
    narrow = replace(policy, support=policy.support & ~closed)
    again = decide(narrow, *asked)
    if closed[policy.model.offers.index(again.offer)]:
        return _unscored(policy, kept, reason)
    return replace(again, reason=REASONS[reason])


def _kept(policy: Policy, stratum: str | None, rights: Rights, binding: Binding) -> int:
    known = stratum in policy.strata if stratum is not None else len(policy.strata) == 1
    code = UNKNOWN_STRATUM
    if known:
        code = 0 if stratum is None else policy.strata.index(stratum)
    return int(kept_offers(rights, binding, policy.fallback[[code]])[0])


def _unscored(policy: Policy, offer: int, reason: int) -> Decision:
    values = values_of(policy.points, offer)
    return Decision(policy.model.offers[offer], REASONS[reason], float("nan"), values)


def _looks_refusing(found: OneGate, customer: object) -> bool:
    return plainest(pa.array([str(customer)]))[0].as_py() in found.alike

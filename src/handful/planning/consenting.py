"""What a policy decides, brought under what each customer allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from handful.experiment.consent_records import Binding, Rights
from handful.experiment.consent_rows import (
    closed_cells,
    kept_offers,
    not_personalised,
    refuse_nothing_left,
)
from handful.experiment.records import Features
from handful.notation import BoolArray, IntArray
from handful.policy.policy import assign
from handful.policy.records import (
    REASON_NO_CHANNEL,
    REASON_NO_CONTACT,
    REASON_NO_PERSONALISE,
    REASON_NO_TIER,
    Assignment,
    Policy,
)


def assign_with_consent(
    policy: Policy,
    features: Features,
    stratum: IntArray,
    rights: Rights,
    binding: Binding,
    ids: Sequence[object] | None = None,
) -> Assignment:
    """Decide which offer each customer gets, as far as each allows it.

    Who refuses to be personalised for gets the default offer and is never scored; who refuses an
    offer's channel, or is no member of its tier, gets the best of the others.

    Args:
        policy: who gets which.
        features: (n, p) features.
        stratum: (n,) stratum codes, -1 where never seen.
        rights: of the n customers.
        binding: what consent binds among the offers.
        ids: of the customers, for a policy that draws.

    Returns:
        Offers, reasons and expected profits; NaN where nobody was scored.

    Raises:
        DataError: G046 customers to whom every offer is closed; and those of `assign`.

    Cost: as `assign`, and once more for those whose best offer is closed to them.
    """
    closed = closed_cells(rights, binding)
    refuse_nothing_left(closed)
    blind = not_personalised(rights)
    seen = np.flatnonzero(~blind)
    rows = np.arange(len(blind))
    kept = kept_offers(rights, binding, policy.fallback[stratum])
    offer, reason = kept.copy(), np.full(len(rows), REASON_NO_PERSONALISE)
    profit = np.full(len(rows), np.nan)
    decided = assign(policy, features.rows(seen), stratum[seen], _some(ids, seen))
    offer[seen], reason[seen], profit[seen] = decided.offer, decided.reason, decided.expected_profit
    again = np.flatnonzero(closed[rows, offer] & ~blind)
    if again.size:
        why = why_closed(rights, binding, again, offer[again])
        people = (features, stratum, ids)
        offer[again], profit[again] = _others(policy, people, closed, again)
        stuck = again[closed[again, offer[again]]]
        offer[stuck], profit[stuck] = kept[stuck], np.nan
        reason[again] = why
    return Assignment(offer, reason, profit)


def _some(ids: Sequence[object] | None, rows: IntArray) -> list[object] | None:
    return None if ids is None else [ids[row] for row in rows.tolist()]


def _others(
    policy: Policy,
    people: tuple[Features, IntArray, Sequence[object] | None],
    closed: BoolArray,
    rows: IntArray,
) -> tuple[IntArray, np.ndarray]:
    """Decide anew with the closed offers left out, once for each set of closed offers."""
    features, stratum, ids = people
    patterns, which = np.unique(closed[rows], axis=0, return_inverse=True)
    offer, profit = np.empty(len(rows), np.int64), np.empty(len(rows))
    for at, pattern in enumerate(patterns):
        mine = np.flatnonzero(which.ravel() == at)
        chosen = rows[mine]
        narrow = replace(policy, support=policy.support & ~pattern)
        drawn = _some(ids, chosen)
        decided = assign(narrow, features.rows(chosen), stratum[chosen], drawn)
        offer[mine], profit[mine] = decided.offer, decided.expected_profit
    return offer, profit


def why_closed(rights: Rights, binding: Binding, rows: IntArray, offer: IntArray) -> IntArray:
    """Return why each customer may not be given the offer that would have been best."""
    channel = binding.channel[offer]
    contact = rights.says_no("contact")[rows]
    refused = np.zeros(len(rows), dtype=np.bool_)
    named = channel >= 0
    refused[named] = rights.channel_refused[rows[named], channel[named]]
    refused[~named] = contact[~named]
    by_channel = np.where(contact, REASON_NO_CONTACT, REASON_NO_CHANNEL)
    return np.where(refused, by_channel, REASON_NO_TIER)

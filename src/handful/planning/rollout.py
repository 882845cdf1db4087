"""Who is held back, held out, and in which wave: what happens to a decision before it goes out.

Held back: customers who have had as many messages as is allowed get "no offer". Held out: a share
of customers, drawn by a hash of their id, gets the standard offer for as long as the programme
runs, so that its worth can be measured at any time. Waves: the engaged who opted in come first.
Cost O(n) hashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from handful.brief.schema import Brief
from handful.errors import BriefError, blocked
from handful.experiment.consent_records import ConsentGate
from handful.experiment.consent_rows import rights_of
from handful.experiment.contacts import ContactRegister, at_the_cap
from handful.experiment.records import Experiment, Features
from handful.notation import BoolArray, IntArray
from handful.policy.chance import uniform
from handful.policy.records import REASON_CONTACT_CAP, REASON_HELD_OUT, Assignment


@dataclass(frozen=True, slots=True)
class Rollout:
    """How a plan goes out; plan.json's `rollout`, which `handful assign` reads again.

    Attributes:
        waves: cumulative share of customers after each wave; () for all at once.
        holdout: share of customers kept on the standard offer.
        salt: word that draws them.
        engaged: feature that tells the engaged; None: the wave is drawn.
        engaged_is: "high" or "low".
        cuts: (value, share) that ends each wave but the last, as found in the log: who is more
            engaged than the value is in, and that share of those who are just as engaged.
        opted_in: whether only customers who opted in may be in the first wave.
        counts: customers of the log in each wave, the held-out left out.
        held_out: customers of the log that are held out.
    """

    waves: tuple[float, ...]
    holdout: float
    salt: str
    engaged: str | None
    engaged_is: str
    cuts: tuple[tuple[float, float], ...]
    opted_in: bool
    counts: tuple[int, ...] = ()
    held_out: int = 0


def make_rollout(brief: Brief | None, log: Experiment) -> Rollout | None:
    """Settle how a plan goes out; None where the brief has no [rollout].

    Args:
        brief: waves, holdout, who is engaged.
        log: whose customers the cuts are read off.

    Raises:
        BriefError: G130 a holdout without an offer that means "no offer", or of everybody;
            G131 the column of engagement is no number among the features.

    Cost: O(n log n).
    """
    if brief is None or not (brief.rollout.waves or brief.rollout.holdout):
        return None
    spec = brief.rollout
    if spec.holdout and (log.control is None or spec.holdout >= 1):
        message = "rollout.holdout keeps customers on “no offer”, and leaves some to the plan."
        remedy = "Name experiment.control, and hold out less than everybody."
        raise BriefError(blocked("G130", message, remedy))
    engaged = spec.engaged or brief.evidence.engaged
    engaged = engaged if spec.waves else None
    cuts: tuple[tuple[float, float], ...] = ()
    if engaged is not None:
        values = _engagement(log.features, engaged, spec.engaged_is)
        cuts = tuple(_cut(values, share) for share in spec.waves[:-1])
    made = Rollout(
        waves=spec.waves,
        holdout=spec.holdout,
        salt=spec.salt,
        engaged=engaged,
        engaged_is=spec.engaged_is,
        cuts=cuts,
        opted_in=log.consent is not None,
    )
    out = held_out(made, log.customers)
    gate = None if log.consent is None else log.consent.gate
    wave = wave_of(made, log.customers, log.features, gate)
    counts = np.bincount(wave[~out], minlength=len(spec.waves) + 1)[1:]
    return replace(made, counts=tuple(counts.tolist()), held_out=int(out.sum()))


def _cut(values: np.ndarray, share: float) -> tuple[float, float]:
    """Return the value that a share of customers reaches, and how many of its ties belong to it."""
    ordered = np.sort(values[np.isfinite(values)])[::-1]
    wanted = share * len(values)
    if not len(ordered):
        return (0.0, 0.0)
    value = float(ordered[min(int(wanted), len(ordered) - 1)])
    above, ties = int((ordered > value).sum()), int((ordered == value).sum())
    return (value, min(max((wanted - above) / ties, 0.0), 1.0))


def _engagement(features: Features, name: str, side: str) -> np.ndarray:
    """Return (n,) how engaged each is, the most engaged with the highest number."""
    schema = features.schema
    if name not in schema.names or schema.kinds[schema.names.index(name)] != "number":
        message = f"the column of engagement, '{name}', is no number among the features."
        raise BriefError(blocked("G131", message, "Name a numeric feature under rollout.engaged."))
    values = features.values[:, schema.names.index(name)]
    return values if side == "high" else -values


def held_out(rollout: Rollout, customers: Sequence[object] | np.ndarray) -> BoolArray:
    """Return (n,) who is held out: the same customers each time, on any machine.

    Example:
        >>> rollout = Rollout((), 0.5, "s", None, "high", (), False)
        >>> held_out(rollout, [1, 2, 3]).tolist() == held_out(rollout, ["1", "2", "3"]).tolist()
        True
    """
    if not rollout.holdout:
        return np.zeros(len(customers), dtype=np.bool_)
    salt = f"{rollout.salt}:holdout"
    drawn = [uniform(salt, customer) < rollout.holdout for customer in _plain(customers)]
    return np.array(drawn, dtype=np.bool_)


def _plain(customers: Sequence[object] | np.ndarray) -> list[object]:
    found: list[object] = customers.tolist() if hasattr(customers, "tolist") else list(customers)
    return found


def wave_of(
    rollout: Rollout,
    customers: Sequence[object] | np.ndarray,
    features: Features,
    gate: ConsentGate | None,
) -> IntArray:
    """Return (n,) the wave of each customer, from 1; 1 for all where there are no waves.

    Who is not engaged enough, whose engagement is not known, or who did not opt in where others
    did, comes later.

    Cost: O(n) hashes, or O(n log waves).
    """
    n = len(customers)
    wave = np.ones(n, dtype=np.int64)
    if not rollout.waves:
        return wave
    last = len(rollout.waves)
    drawn = np.array([uniform(f"{rollout.salt}:wave", one) for one in _plain(customers)])
    if rollout.engaged is None:
        wave = 1 + np.searchsorted(np.array(rollout.waves[:-1]), drawn, side="right")
    else:
        values = _engagement(features, rollout.engaged, rollout.engaged_is)
        for cut, ties in rollout.cuts:
            wave += ~((values > cut) | ((values == cut) & (drawn < ties)))
    if gate is not None and rollout.opted_in and last > 1:
        rights = rights_of(gate.register, np.asarray(customers))
        opted = rights.known & ~rights.says_no("contact") & ~rights.says_no("personalise")
        wave = np.where(opted, wave, np.maximum(wave, 2))
    return wave.astype(np.int64)


def kept_from(
    decided: Assignment,
    customers: Sequence[object] | np.ndarray,
    control: int | None,
    contacts: ContactRegister | None,
    rollout: Rollout | None,
) -> Assignment:
    """Return the decisions with "no offer" for who is held out or has had enough messages.

    Args:
        decided: as the policy and consent have it.
        customers: (n,) ids.
        control: code of "no offer"; None: nobody can be kept from anything.
        contacts: what all programmes sent.
        rollout: the holdout.

    Cost: O(n) hashes.
    """
    if control is None:
        return decided
    offer, reason = decided.offer.copy(), decided.reason.copy()
    profit = decided.expected_profit.copy()
    marks = (
        (None if rollout is None else held_out(rollout, customers), REASON_HELD_OUT),
        (None if contacts is None else at_the_cap(contacts, np.asarray(customers)),
         REASON_CONTACT_CAP),
    )  # fmt: skip
    for mine, why in marks:
        if mine is None:
            continue
        kept = mine & (offer != control)
        offer[kept], reason[kept], profit[kept] = control, why, np.nan
    return replace(decided, offer=offer, reason=reason, expected_profit=profit)

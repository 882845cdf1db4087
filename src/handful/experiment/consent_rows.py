"""Consent met with customers: rows left out of a log, rights row by row, offers closed to a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from handful.brief.consent import ConsentSpec
from handful.brief.schema import Brief
from handful.errors import BriefError, DataError, Finding, blocked
from handful.experiment.consent import consent_channels, read_register
from handful.experiment.consent_ids import as_text, refuse_lookalikes
from handful.experiment.consent_records import (
    KEEPS_OUT,
    PURPOSES,
    Binding,
    Consented,
    ConsentGate,
    ConsentRegister,
    Rights,
)
from handful.experiment.leaving_out import LeaveOut, LeftOut
from handful.notation import BoolArray, IntArray

FEW_KNOWN: Final = 0.5
"""Below this share of customers found in the consent table, the two may not be about the same."""


def asked_of(brief: Brief) -> LeaveOut | None:
    """Read the register that a brief names; None where it names none.

    Raises:
        BriefError: G038 [consent] names no source; G039 the brief names no column of customers;
            and those of `read_register`.
        DataError, MachineError: as `read_register`.
    """
    if brief.consent == ConsentSpec():
        return None
    if brief.experiment.customer is None or brief.experiment.customer in brief.columns:
        message = "[consent] needs experiment.customer, a column of the source itself."
        raise BriefError(blocked("G039", message, "Name the column that holds the same ids."))
    register = read_register(brief.consent, brief.folder, consent_channels(brief))
    return LeaveOut(register, brief.experiment.customer)


def rights_of(register: ConsentRegister, customers: np.ndarray | pa.Array) -> Rights:
    """Look customers up in a register.

    Args:
        register: who refuses what.
        customers: (n,) ids, text or whole numbers.

    Returns:
        Rights of the n customers, in their order.

    Cost: O(n + m).
    """
    asked = as_text(customers)
    found = pc.index_in(asked, value_set=register.ids)
    known = np.asarray(found.is_valid())
    place = np.asarray(found.fill_null(0))
    contact = register.unseen[PURPOSES.index("contact")]
    if not len(register.ids):
        place, known = np.zeros(0, np.int64), np.zeros(len(asked), np.bool_)
    return Rights(
        refused=_looked_up(register.refused, place, known, register.unseen),
        channel_refused=_looked_up(register.channel_refused, place, known, contact),
        member=_looked_up(register.member, place, known, False),
        known=known,
    )


def _looked_up(table: BoolArray, place: Any, known: BoolArray, unseen: Any) -> BoolArray:  # noqa: ANN401
    found = np.empty((len(known), table.shape[1]), dtype=np.bool_)
    found[:] = unseen
    found[known] = table[place[known]]
    return found


def bind(
    brief: Brief, offers: tuple[str, ...], control: int | None, register: ConsentRegister, most: int
) -> Binding:
    """Say what consent binds among the offers of a log.

    Args:
        brief: names channels, tiers and the default offer.
        offers: (G,) names.
        control: code of "no offer".
        register: whose channels and tiers are counted.
        most: code of the offer tried most.

    Raises:
        BriefError: G045 an offer is named that the log does not have.
    """
    channels = {name: c.strip().lower() for name, c in brief.guardrails.channels.items()}
    tiers = {name: t.strip().lower() for name, t in brief.consent.requires_tier.items()}
    default = brief.consent.default_offer
    named = {
        "guardrails.channels": tuple(channels),
        "consent.requires_tier": tuple(tiers),
        "consent.default_offer": () if default is None else (default,),
    }
    strange = [
        blocked(
            "G045",
            f"{key} names '{name}'; the log has the offers {', '.join(offers[:12])}.",
            "Use one of these.",
        )
        for key, names in named.items()
        for name in names
        if name not in offers
    ]
    if strange:
        raise BriefError(strange)
    return Binding(
        default=offers.index(default) if default else most if control is None else control,
        control=control,
        channel=_places(offers, channels, register.channels),
        tier=_places(offers, tiers, register.tiers),
    )


def _places(
    offers: tuple[str, ...], named: Mapping[str, str], among: tuple[str, ...]
) -> np.ndarray:
    places = [among.index(named[name]) if name in named else -1 for name in offers]
    return np.array(places, dtype=np.int64)


def closed_cells(rights: Rights, binding: Binding) -> BoolArray:
    """Return (n, G) the offers that customers may not be given; the control is always open.

    Who refuses contact or an offer's channel, or is no member of its tier, never gets it; who
    refuses to be collected or personalised for may get nothing but the default offer.

    Cost: O(n G).
    """
    contact = rights.says_no("contact")
    closed = np.empty((len(contact), len(binding.channel)), dtype=np.bool_)
    for g, (channel, tier) in enumerate(zip(binding.channel, binding.tier, strict=True)):
        closed[:, g] = contact if channel < 0 else rights.channel_refused[:, channel]
        if tier >= 0:
            closed[:, g] |= ~rights.member[:, tier]
        if g != binding.default:
            closed[:, g] |= rights.says_no("personalise") | rights.says_no("collect")
    if binding.control is not None:
        closed[:, binding.control] = False
    return closed


def kept_offers(rights: Rights, binding: Binding, fallback: IntArray) -> IntArray:
    """Return (n,) what customers get where nothing is chosen for them.

    The default offer for those who refuse to be personalised for, whatever they are like; the
    fallback of their stratum for everybody else; where that is closed the default, then "no offer",
    then the first open one.

    Args:
        rights: of n customers.
        binding: what consent binds.
        fallback: (n,) offer codes.

    Cost: O(n G).
    """
    closed = closed_cells(rights, binding)
    rows = np.arange(len(fallback))
    kept = np.where(not_personalised(rights), binding.default, fallback)
    kept = np.where(closed[rows, kept], binding.default, kept)
    last = closed.argmin(axis=1) if binding.control is None else binding.control
    offers: IntArray = np.where(closed[rows, kept], last, kept)
    return offers


def not_personalised(rights: Rights) -> BoolArray:
    """Return (n,) whose features may not be read for a decision."""
    return rights.says_no("personalise") | rights.says_no("collect")


def consented(
    brief: Brief,
    register: ConsentRegister,
    left_out: LeftOut,
    log: tuple[np.ndarray, np.ndarray, tuple[str, ...], int | None],
) -> Consented:
    """Settle the consent that the rows of a log are used under.

    Args:
        brief: what binds which offer.
        register: who refuses what.
        left_out: rows that were not read.
        log: (n,) customers, (n,) offer codes, offer names, code of "no offer".

    Raises:
        BriefError: G045 an offer that the log does not have.
        DataError: G046 customers who may be given nothing, and no level that means "no offer";
            G042 no customer of the log is in the consent table; G048 ids written in two ways.
    """
    customers, offer, offers, control = log
    rights = rights_of(register, customers)
    refuse_lookalikes(register, customers, rights)
    if not (rights.known.any() or _named_only_refusals(register, left_out)):
        message = (
            f"none of the {len(customers):,} rows kept has a customer that the consent table names."
        )
        raise DataError(blocked("G042", message, "Check that both hold the same ids."))
    most = int(np.bincount(offer, minlength=len(offers)).argmax())
    binding = bind(brief, offers, control, register, most)
    closed = closed_cells(rights, binding)
    refuse_nothing_left(closed)
    gate = ConsentGate(register, binding)
    return Consented(brief.consent, gate, rights, closed, left_out.by_purpose, left_out.rows)


def _named_only_refusals(register: ConsentRegister, left_out: LeftOut) -> bool:
    """Was a row left out that the table names, as a list of opt-outs does and nothing else?"""
    silent = [register.unseen[PURPOSES.index(purpose)] for purpose in KEEPS_OUT]
    return left_out.rows > 0 and not any(silent)


def refuse_nothing_left(closed: BoolArray) -> None:
    """Refuse customers to whom every offer is closed.

    Raises:
        DataError: G046 there are some.
    """
    stuck = int(closed.all(axis=1).sum())
    if stuck:
        message = (
            f"{stuck:,} of {len(closed):,} customers refuse every offer, and none of the offers "
            'means "no offer".'
        )
        remedy = (
            "Name experiment.control. Where offers are shown and nobody is contacted, write "
            'consent.purposes = {contact = "none"} and take "contact" out of consent.consent_only.'
        )
        raise DataError(Finding("G046", "block", message, remedy, stuck, stuck / len(closed)))


def consent_findings(found: Consented) -> tuple[Finding, ...]:
    """Return what a reader should know of the consent that a log was read under."""
    n = len(found.rights.known)
    findings = list(found.gate.register.findings)
    if found.rows_left_out:
        why = ", ".join(f"{purpose} {count:,}" for purpose, count in found.left_out.items())
        whole = n + found.rows_left_out
        findings.append(
            Finding(
                "G043",
                "note",
                f"{found.rows_left_out:,} of {whole:,} rows were left out because the customer "
                f"does not agree (by purpose: {why}); every value is that of those who do.",
                "Nothing: they are neither learned from nor valued.",
                found.rows_left_out,
                found.rows_left_out / whole,
            )
        )
    unknown = int((~found.rights.known).sum())
    if unknown > (1 - FEW_KNOWN) * n and found.gate.register.unseen.any():
        message = f"{unknown:,} of {n:,} rows have a customer that the consent table does not name."
        remedy = "Check that the ids are written alike in both."
        findings.append(Finding("G044", "warn", message, remedy, unknown, unknown / n))
    return tuple(findings)

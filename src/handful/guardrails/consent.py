"""Respect the no: nobody who refused was learned from, targeted, or given what they refused.

The counts are taken from what was really used: the customers of the rows that were learned from,
and the offers that the plan gives. What each allows is read again from the events of the consent
table, by other means than the register that left rows out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from handful.experiment.apart import bound_elsewhere, tier_of
from handful.experiment.consent_records import KEEPS_OUT, Consented, Rights
from handful.experiment.consent_rows import rights_of
from handful.guardrails.records import Facts, GuardrailResult, GuardrailVerdict
from handful.notation import BoolArray

ZERO: Final = 0.0


def check_trained(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Count customers who refuse and were learned from or valued all the same: must be 0.

    Cost: O(n + m).
    """
    found = facts.experiment.consent
    if found is None:
        return ()
    rights = _rights(facts, found)
    counts = {purpose: int(rights.says_no(purpose).sum()) for purpose in KEEPS_OUT}
    register = found.gate.register
    refusing = {purpose: int(register.says_no(purpose).sum()) for purpose in KEEPS_OUT}
    return (
        _counted(
            "consent_trained",
            "customers who refuse to be collected, trained on or measured, among those who were",
            sum(counts.values()),
            f"None of the {facts.experiment.n_rows:,} rows learned from and valued is of one of "
            "them.",
            "Leave these rows out before anything is learned.",
            {
                "used_although_refused": counts,
                "refusing_in_the_register": refusing,
                "rows_left_out": found.rows_left_out,
                "rows_left_out_by_purpose": dict(found.left_out),
                "as_of": register.facts.as_of,
                "latest_event": register.facts.latest,
                "events": register.facts.events,
                "customers_in_the_register": register.facts.customers,
            },
        ),
    )


def check_targeted(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Count customers who are given what they refused: personalised, contacted, on a channel.

    Cost: O(n + m).
    """
    found = facts.experiment.consent
    if found is None:
        return ()
    rights = _rights(facts, found)
    counts = {
        "personalise": int(_personalised(facts, found, rights).sum()),
        "contact": int(_contacted(facts, found, rights).sum()),
    }
    return (
        _counted(
            "consent_targeted",
            "customers who are personalised for or contacted although they refuse",
            sum(counts.values()),
            f"{_refusing(rights, 'personalise'):,} customers refuse to be personalised for: they "
            "get the same whatever they are like. "
            f"{_refusing(rights, 'contact'):,} refuse contact, others a channel: nothing is sent "
            "to them there.",
            "Give them the default offer, or nothing.",
            {"targeted_although_refused": counts},
        ),
        *_tiers(facts, found, rights),
    )


def check_binding(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Count features that the policy reads and that were declared for another purpose.

    Data declared to join a tier may be read where every live offer is that tier's own.

    Cost: O(features).
    """
    if facts.brief is None or not facts.brief.consent.feature_purpose:
        return ()
    spec = facts.brief.consent
    read = set(facts.policy.model.schema.names)
    control = facts.experiment.control
    live = [facts.experiment.offers[g] for g in facts.policy.menu if g != control]
    wrong = sorted(
        name
        for name, purpose in spec.feature_purpose.items()
        if name in read
        and bound_elsewhere(purpose)
        and not _only_tier(spec.requires_tier, purpose, live)
    )
    listed = ", ".join(wrong)
    return (
        _counted(
            "purpose_binding",
            "features read that were declared for another purpose",
            len(wrong),
            "Every feature is used for what it was declared for.",
            f"Take out of experiment.features: {listed}.",
            {"features": wrong},
        ),
    )


def check_exported(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Say how many customers an export will leave out; a plan itself exports nobody.

    Cost: O(n + m).
    """
    found = facts.experiment.consent
    if found is None:
        return ()
    rights = _rights(facts, found)
    refusing = _refusing(rights, "share")
    return (
        GuardrailResult(
            "consent_exported",
            "customers who refuse to be shared, among those exported",
            None,
            None,
            None,
            ZERO,
            "not_applicable",
            f"A plan exports nobody. “handful export” leaves out the {refusing:,} customers of the "
            "log who refuse to be shared, and counts again in the file that it wrote.",
        ),
    )


def _rights(facts: Facts, found: Consented) -> Rights:
    """What the customers of the rows allow: read again from the events where that was done."""
    if facts.recounted is not None:
        return facts.recounted
    return rights_of(found.gate.register, facts.experiment.customers)


def _counted(
    name: str, measure: str, count: int, holds: str, remedy: str, detail: dict[str, object]
) -> GuardrailResult:
    verdict: GuardrailVerdict = "fail" if count else "pass"
    said = remedy if count else holds
    return GuardrailResult(
        name, measure, float(count), None, None, ZERO, verdict, said, detail=detail
    )


def _refusing(rights: Rights, purpose: str) -> int:
    return int(rights.says_no(purpose).sum())


def _personalised(facts: Facts, found: Consented, rights: Rights) -> BoolArray:
    """Who refuses, and gets something else than everybody who refuses alike gets."""
    offer, control = facts.assignment.offer, found.gate.binding.control
    refuses = rights.says_no("personalise") | rights.says_no("collect")
    targeted: BoolArray = refuses & (offer != found.gate.binding.default) & (offer != control)
    if control is None:
        targeted &= ~found.closed[:, found.gate.binding.default]
    scored = refuses & np.isfinite(facts.assignment.expected_profit)
    return targeted | scored


def _contacted(facts: Facts, found: Consented, rights: Rights) -> BoolArray:
    """Who gets an offer although they refuse contact, or its channel."""
    binding, offer = found.gate.binding, facts.assignment.offer
    contacted = np.zeros(len(offer), dtype=np.bool_)
    for g, channel in enumerate(binding.channel):
        if g != binding.control:
            no = rights.says_no("contact") if channel < 0 else rights.channel_refused[:, channel]
            contacted |= (offer == g) & no
    return contacted


def _tiers(facts: Facts, found: Consented, rights: Rights) -> tuple[GuardrailResult, ...]:
    binding, offer = found.gate.binding, facts.assignment.offer
    if not (binding.tier >= 0).any():
        return ()
    wrong = np.zeros(len(offer), dtype=np.bool_)
    for g, tier in enumerate(binding.tier):
        if tier >= 0 and g != binding.control:
            wrong |= (offer == g) & ~rights.member[:, tier]
    members = dict(zip(found.gate.register.tiers, rights.member.sum(axis=0).tolist(), strict=True))
    return (
        _counted(
            "tiers",
            "customers who get an offer of a tier that they did not join",
            int(wrong.sum()),
            "Only members get an offer of their tier.",
            "Give these customers an offer that is for everybody.",
            {"members": members},
        ),
    )


def _only_tier(requires: Mapping[str, str], purpose: str, live: list[str]) -> bool:
    """May data of this tier be read: is every live offer one of that tier?"""
    tier = tier_of(purpose)
    own = [requires.get(name, "").strip().lower() == tier for name in live]
    return tier is not None and bool(own) and all(own)

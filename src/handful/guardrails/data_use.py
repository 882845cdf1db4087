"""The data-use manifest: every field a policy really reads, why, and what it is worth.

The list is traced, never declared: the artefact tells what can matter, permuting tells what does.
The manifest carries the sha256 of the policy it speaks of and its own, so that neither can be
changed without the other being found out. Cost O(fields).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from handful.brief.origins import Origin, origin_of
from handful.evidence.records import Estimate
from handful.experiment.records import Features
from handful.guardrails.minimise import KEEP, Minimised
from handful.guardrails.records import Facts, GuardrailResult
from handful.guardrails.tracing import FieldUse


@dataclass(frozen=True, slots=True)
class ManifestField:
    """One field of the manifest.

    Attributes:
        field: its name.
        status: "decides", "read but never decides" or "asked for but never read".
        changed: share of customers whose offer changes when it is permuted.
        worth: money per customer that it brings, held out; None where it does not decide or
            cannot be valued.
        origin: what the brief says of it.
        made_from: the SQL of a derived column.
        reason: "chooses the offer", "tells which offers are open", "draws part of the offers".
        missing: share of the log's customers of whom it is not known; None for other columns.
    """

    field: str
    status: str
    changed: float
    worth: Estimate | None
    origin: Origin
    made_from: str | None
    reason: str
    missing: float | None = None


@dataclass(frozen=True, slots=True)
class DataUse:
    """What a plan uses of its customers, and why: the manifest before it is bound to a policy.

    Attributes:
        purpose: of the plan, from the brief.
        contact: where customers say no or ask, from the brief.
        currency: of `worth`.
        offers: live offers that are chosen between.
        fields: in the order of what they are worth.
        traced_on: customers that every field was permuted over.
        apart: columns held for testing only, never read by a decision.
        minimised: the fewest features that keep the gain; None when it was not asked for.
    """

    purpose: str | None
    currency: str
    offers: tuple[str, ...]
    fields: tuple[ManifestField, ...]
    traced_on: int
    apart: tuple[str, ...]
    contact: str | None = None
    minimised: Minimised | None = None


def data_use(facts: Facts) -> DataUse:
    """Lay out what the plan uses of its customers.

    Args:
        facts: trace, values and provenance.

    Cost: O(fields).
    """
    brief = facts.brief
    derived: Mapping[str, str] = {} if brief is None else brief.columns
    worth = {found.field: found.worth for found in facts.values}
    fields = [
        _field(facts, use, worth.get(use.field), derived.get(use.field)) for use in facts.trace.uses
    ]
    if facts.policy.chance is not None:
        fields.append(_drawn(facts))
    fields.sort(key=lambda f: (not f.changed, -(f.worth.value if f.worth else 0.0), -f.changed))
    offers = facts.policy.model.offers
    return DataUse(
        purpose=facts.asked.purpose,
        currency=facts.experiment.currency,
        offers=tuple(offers[code] for code in facts.policy.menu),
        fields=tuple(fields),
        traced_on=facts.trace.rows,
        apart=facts.held_apart.schema.names,
        contact=facts.asked.contact,
        minimised=facts.minimised,
    )


def _field(
    facts: Facts, use: FieldUse, worth: Estimate | None, made_from: str | None
) -> ManifestField:
    strata = use.field in facts.policy.strata_columns
    return ManifestField(
        field=use.field,
        status=use.status,
        changed=use.changed,
        worth=worth,
        origin=origin_of(facts.asked.provenance, use.field),
        made_from=made_from,
        reason="tells which offers are open" if strata else "chooses the offer",
        missing=_missing(facts.experiment.features, use.field),
    )


def _missing(features: Features, field: str) -> float | None:
    names = features.schema.names
    if field not in names:
        return None
    return float(np.mean(np.isnan(features.values[:, names.index(field)])))


def _drawn(facts: Facts) -> ManifestField:
    """Return the entry of the customer's id, where it draws part of the offers by a hash."""
    log = None if facts.brief is None else facts.brief.experiment.customer
    field = log or "customer id"
    origin = origin_of(facts.asked.provenance, field)
    return ManifestField(field, "decides", 1.0, None, origin, None, "draws part of the offers")


def check_trace(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Hold the two ways of finding what a policy reads against each other.

    A field that changes decisions and that the artefact does not read would be a defect: fail.

    Returns:
        One result: value = fields that decide.

    Cost: O(fields).
    """
    trace = facts.trace
    idle = [use.field for use in trace.uses if not use.decides]
    deciding = [use.field for use in trace.uses if use.decides]
    hidden = [use.field for use in trace.uses if use.decides and not use.read]
    remedy = f"Decides by {', '.join(deciding)}." if deciding else "No field of a customer decides."
    if idle:
        remedy += f" Never decides by {', '.join(idle)}: it need not be collected for this."
    if hidden:
        remedy = f"{', '.join(hidden)} changes decisions, but the artefact does not read it."
    return (
        GuardrailResult(
            name="data_use",
            measure="fields of a customer that decide which offer is given",
            value=float(len(deciding)),
            lo=None,
            hi=None,
            bound=None,
            verdict="fail" if hidden else "pass",
            remedy=remedy,
            detail={"fields": {use.field: use.status for use in trace.uses}},
        ),
    )


def check_minimised(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Say which features the gain does not need, where minimising was asked for.

    Returns:
        One result: value = features needed; a warning where others could be left out.

    Cost: O(features).
    """
    found = facts.minimised
    if found is None:
        return ()
    listed = ", ".join(found.not_needed)
    if not found.proven:
        remedy = f"No gain over one offer for all is proven: nothing is needed, not {listed}."
    elif found.not_needed:
        kept = ", ".join(found.needed)
        remedy = f"{kept} keeps {KEEP:.0%} of the gain. Not needed, stop collecting: {listed}."
    else:
        remedy = f"No feature can go without losing more than {1 - KEEP:.0%} of the gain."
    return (
        GuardrailResult(
            name="minimised",
            measure=f"fewest features that keep {KEEP:.0%} of the held-out gain",
            value=float(len(found.needed)),
            lo=None,
            hi=None,
            bound=None,
            verdict="warn" if found.not_needed else "pass",
            remedy=remedy,
            detail={
                "needed": list(found.needed),
                "not_needed": list(found.not_needed),
                "curve": [
                    {"features": p.features, "gain": p.gain.value, "lo": p.gain.lo, "hi": p.gain.hi}
                    for p in found.curve
                ],
            },
        ),
    )

"""Guardrails on small groups: the audience of an offer, and who could be told from the rest."""

from __future__ import annotations

import numpy as np

from handful.evidence.records import Estimate
from handful.guardrails.audience import few
from handful.guardrails.records import Facts, GuardrailResult
from handful.guardrails.uniqueness import Crowd, crowds


def check_audience(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Refuse a plan in which a live offer has fewer customers than `guardrails.minimum_audience`.

    "No offer" needs no audience. Customers are counted, not rows.

    Returns:
        One result: value = customers of the smallest live offer; () when nobody gets any offer.

    Cost: O(n log n).
    """
    counts = audience_counts(facts)
    least, shown = facts.asked.minimum_audience, facts.asked.minimum_reported
    if not counts:
        return ()
    smallest = min(counts.values())
    small = [name for name, count in counts.items() if count < least]
    listed = ", ".join(f"'{name}' ({few(counts[name], shown)})" for name in small)
    remedy = (
        f"Too few customers get {listed}: leave the offer out (menu.never), plan on a larger log, "
        "or answer for it with an override."
        if small
        else "Every live offer is shared by enough customers of the log."
    )
    return (
        GuardrailResult(
            name="minimum_audience",
            measure="customers of the log who get the rarest live offer",
            value=float(smallest) if smallest >= shown else None,
            lo=None,
            hi=None,
            bound=float(least),
            verdict="fail" if small else "pass",
            remedy=remedy,
            detail={"customers": {name: few(count, shown) for name, count in counts.items()}},
        ),
    )


def audience_counts(facts: Facts) -> dict[str, int]:
    """Return the customers who get each live offer, "no offer" left out.

    Cost: O(n log n).
    """
    offers, control = facts.experiment.offers, facts.experiment.control
    _, person = np.unique(facts.experiment.customers, return_inverse=True)
    live = set(np.unique(facts.assignment.offer).tolist()) | set(facts.policy.menu)
    return {
        offers[code]: len(np.unique(person[facts.assignment.offer == code]))
        for code in sorted(live)
        if code != control
    }


def check_paths(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Measure how well what the policy reads would single a customer out.

    Returns:
        One result: value = share of customers who are alone on their decision path; a warning
        where there are any. () where the policy reads nothing.

    Cost: O(n log n) per feature that is read.
    """
    order = sorted(facts.trace.uses, key=lambda use: -use.changed)
    readings = crowds(facts.policy, facts.experiment.features, [use.field for use in order])
    if not readings:
        return ()
    last = readings[-1]
    shown = facts.asked.minimum_reported
    return (
        GuardrailResult(
            name="reidentification",
            measure="share of customers whom the fields that the policy reads would single out",
            value=last.unique,
            lo=None,
            hi=None,
            bound=None,
            verdict="warn" if last.unique > 0 else "pass",
            remedy=_paths_remedy(readings, shown),
            detail={
                "as_features_are_added": [_as_row(reading, shown) for reading in readings],
            },
        ),
    )


def _paths_remedy(readings: tuple[Crowd, ...], shown: int) -> str:
    last = readings[-1]
    alone = next((r.feature for r in readings if r.unique > 0), None)
    crowd = f"A customer is one of {last.effective:,.1f} on the same decision path, on average"
    if alone is None:
        return f"{crowd}; the smallest path has {few(last.smallest, shown)}."
    return (
        f"{crowd}, and some are alone once '{alone}' is read: keep the policy's inputs and its log "
        "of decisions as personal data, and collect fewer fields (guardrails.minimise = true)."
    )


def _as_row(reading: Crowd, shown: int) -> dict[str, object]:
    return {
        "feature": reading.feature,
        "paths": reading.paths,
        "share_unique": reading.unique,
        "smallest": few(reading.smallest, shown),
        "effective_people_per_path": reading.effective,
    }


def merge_words(dropped: tuple[str, ...], cost: Estimate, least: int) -> str:
    """Say which offers were merged for want of customers, and what that costs, held out.

    Example:
        >>> merge_words(("A",), Estimate(0.01, 0.0, 0.005, 0.015), 50)[:28]
        "'A' would have had fewer tha"
    """
    named = ", ".join(f"'{name}'" for name in dropped)
    price = f"{cost.value:.4g} per customer ({cost.lo:.4g} to {cost.hi:.4g})"
    return (
        f"{named} would have had fewer than {least} customers of the log; they get their next best "
        f"offer instead, which costs {price}, held out."
    )

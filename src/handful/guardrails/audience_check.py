"""Guardrails on small groups: the audience of an offer, and who could be told from the rest."""

from __future__ import annotations

import numpy as np

from handful.guardrails.audience import few
from handful.guardrails.records import Facts, GuardrailResult
from handful.guardrails.uniqueness import Crowd, crowds
from handful.notation import IntArray
from handful.policy.rules import leaf_of
from handful.policy.wording import rule_text


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
    if facts.merge is not None:
        remedy = f"{facts.merge.words(facts.experiment.currency)} {remedy}"
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
    person = _persons(facts)
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


def check_cells(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Refuse a rule with a leaf that fewer than `guardrails.minimum_reported` customers are in.

    Returns:
        One result: value = customers in the smallest leaf; () where there is no rule.

    Cost: O(n depth).
    """
    if facts.rule is None:
        return ()
    schema, offers = facts.experiment.features.schema, facts.experiment.offers
    leaf = leaf_of(facts.rule.questions, facts.experiment.features)
    people = np.unique(np.column_stack([leaf, _persons(facts)]), axis=0)[:, 0]
    counts = np.bincount(people, minlength=len(facts.rule.leaves))
    said = rule_text(facts.rule, schema, offers)
    asked = [int(count) for count in counts if count > 0]
    least, smallest = facts.asked.minimum_reported, min(asked)
    small = smallest < least
    return (
        GuardrailResult(
            name="smallest_cell",
            measure="customers of the log in the smallest cell of the rule that is said aloud",
            value=None if small else float(smallest),
            lo=None,
            hi=None,
            bound=float(least),
            verdict="fail" if small else "pass",
            remedy="A rule that finds so few tells who they are: lower policy.depth."
            if small
            else "Every cell of the rule holds enough customers of the log.",
            detail={
                "cells": [few(count, least) for count in asked],
                "sentences": [f"{offer}: {sentence}" for offer, sentence in said],
            },
        ),
    )


def _persons(facts: Facts) -> IntArray:
    _, person = np.unique(facts.experiment.customers, return_inverse=True)
    return person.astype(np.int64)

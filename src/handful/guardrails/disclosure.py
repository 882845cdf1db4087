"""The pregnancy test: what does the offer tell whoever sees it about a sensitive attribute?

For every trait and every sight o: LR_o = P(o | trait) / P(o | no trait), with exact limits that
hold for all of a plan's sights and traits together at 95 %. Verdicts:

    pass: the upper limit of |ln LR| is within the bound for every sight;
    fail: for some sight the lower limit is above 0 (a leak is shown; false alarms at most 5 %)
          and the estimate is over the bound;
    warn: anything else. Too little power is never a pass.

The rows are the log's customers whose trait is known, with the offer the policy gives them.
Cost O(traits n) and, for each attribute, two small fits of the attacker.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from handful.brief.guardrails import GuardrailsSpec
from handful.experiment.records import Experiment, Features, FeatureSchema
from handful.guardrails.disclosure_attack import Attack, attack
from handful.guardrails.disclosure_cells import Draw, Panel
from handful.guardrails.disclosure_measures import (
    Cell,
    cells_of,
    information,
    is_shown_over,
    is_shown_within,
    least_of,
    most_of,
    needed,
    size_of,
    worst_of,
)
from handful.guardrails.disclosure_panels import panels_for
from handful.guardrails.disclosure_proxies import proxies
from handful.guardrails.disclosure_traits import Trait
from handful.guardrails.disclosure_withheld import is_small, told, two_digits
from handful.guardrails.disclosure_words import (
    failed_words,
    passed_words,
    untestable_words,
    warned_words,
)
from handful.guardrails.records import Facts, GuardrailResult, GuardrailVerdict
from handful.notation import IntArray
from handful.policy.policy import assign
from handful.policy.records import (
    REASON_BEST,
    REASON_DRAWN,
    REASON_FALLBACK,
    REASON_RULE,
    Chance,
)

DRAWABLE = (REASON_BEST, REASON_FALLBACK, REASON_RULE, REASON_DRAWN)
"""Reasons of rows that the policy itself decided, chance included."""

MEASURE = "largest likelihood ratio of any sight for a trait, the same both ways"


def disclosure(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Test every sensitive attribute of the brief: one result each, named disclosure_ATTRIBUTE.

    Args:
        facts: the plan; `guardrails.sensitive` names the attributes.

    Returns:
        The results; () where the brief names no sensitive attribute.

    Cost: see the module.
    """
    asked = facts.asked
    offer, draw = before_chance(facts)
    panels = panels_for(facts.experiment, offer, asked) if asked.sensitive else ()
    tested = {panel.trait.attribute for panel in panels}
    results = []
    for attribute in asked.sensitive:
        if len(np.unique(offer)) < 2:
            results.append(_same_for_all(attribute, asked))
        elif attribute in tested:
            mine = tuple(panel for panel in panels if panel.trait.attribute == attribute)
            results.append(_tested(attribute, mine, draw, facts))
        else:
            results.append(_untestable(attribute, facts))
    missing = [_untestable(attribute, facts) for attribute in asked.sensitive_not_in_log]
    return (*results, *missing)


def verdict_of(cells: tuple[Cell, ...]) -> GuardrailVerdict:
    """Return the verdict over the cells of one attribute: fail, pass or warn."""
    if any(is_shown_over(cell) for cell in cells):
        return "fail"
    return "pass" if all(is_shown_within(cell) for cell in cells) else "warn"


def before_chance(facts: Facts) -> tuple[IntArray, Draw | None]:
    """Return the policy's own offers and the chance mixed into them.

    The chance is known, so the limits are those of the policy's own offers moved by it exactly.
    Where some rows were decided outside the policy (consent, unknown strata) the offers given are
    tested as they are.
    """
    chance, decided = facts.policy.chance, facts.assignment
    if chance is None or not np.isin(decided.reason, DRAWABLE).all():
        return decided.offer, None
    experiment = facts.experiment
    own = assign(replace(facts.policy, chance=None), experiment.features, experiment.stratum)
    return own.offer, draw_of(chance, experiment.n_offers)


def draw_of(chance: Chance, offers: int) -> Draw:
    """Return a policy's chance over all G offers."""
    drawn = np.zeros(offers)
    drawn[list(chance.offers)] = chance.probability
    return Draw(chance.keep, drawn)


def _tested(
    attribute: str, panels: tuple[Panel, ...], draw: Draw | None, facts: Facts
) -> GuardrailResult:
    by_panel = [(panel, cells_of(panel, draw)) for panel in panels]
    cells = tuple(cell for _, some in by_panel for cell in some)
    worst, verdict = worst_of(cells), verdict_of(cells)
    panel = next(panel for panel, some in by_panel if worst in some)
    people = int(panel.people.sum())
    few = any(is_small(cell) for cell in cells if cell.trait == worst.trait)
    rounded = two_digits if few else float
    words = {
        "fail": failed_words(worst),
        "warn": warned_words(worst, people, needed(worst, people)),
        "pass": passed_words(worst),
    }
    return GuardrailResult(
        name=f"disclosure_{attribute}",
        measure=MEASURE,
        value=rounded(math.exp(size_of(worst))),
        lo=rounded(math.exp(least_of(worst))),
        hi=rounded(math.exp(most_of(worst))),
        bound=worst.bound,
        verdict=verdict,
        remedy=words[verdict],
        detail=_detail(panel, cells, worst, facts),
        components={name: rounded(x) for name, x in _components(panel, worst, draw).items()},
    )


def _detail(
    panel: Panel, cells: tuple[Cell, ...], worst: Cell, facts: Facts
) -> Mapping[str, object]:
    trait = panel.trait
    people = int(panel.people.sum())
    found = _attack(trait, facts)
    return {
        "attribute": trait.attribute,
        "worst": {"trait": worst.trait, "sight": worst.sight},
        "customers_known": people,
        "customers_unknown": int(facts.experiment.n_rows - people),
        "customers_needed": needed(worst, people),
        "cells": list(told(cells)),
        "attacker": None if found is None else asdict(found),
    }


def _components(panel: Panel, worst: Cell, draw: Draw | None) -> Mapping[str, float]:
    bits, limit = information(panel, draw)
    return {
        "base_rate": worst.base_rate,
        "posterior": worst.posterior,
        "posterior_lo": worst.posterior_lo,
        "posterior_hi": worst.posterior_hi,
        "lift": worst.lift,
        "distance": worst.distance,
        "information_bits": bits,
        "information_bits_hi": limit,
    }


def _attack(trait: Trait, facts: Facts) -> Attack | None:
    rows = np.flatnonzero(trait.known)
    return attack(
        trait.words,
        trait.holds[rows],
        facts.assignment.offer[rows],
        bystander_facts(facts.experiment, facts.asked).rows(rows),
        facts.experiment.cluster[rows],
        facts.random_state,
    )


def bystander_facts(experiment: Experiment, asked: GuardrailsSpec) -> Features:
    """Return the columns that a bystander knows, from the features and those held apart."""
    sources = [experiment.features]
    if experiment.held_apart is not None:
        sources.append(experiment.held_apart)
    picked: list[Any] = []
    for name in asked.known_to_bystanders:
        for source in sources:
            if name in source.schema.names:
                picked.append((source.schema, source.schema.names.index(name), source.values))
                break
    schema = FeatureSchema(
        tuple(s.names[at] for s, at, _ in picked),
        tuple(s.kinds[at] for s, at, _ in picked),
        tuple(s.levels[at] for s, at, _ in picked),
    )
    values = np.empty((experiment.n_rows, len(picked)), order="F")
    for column, (_, at, source_values) in enumerate(picked):
        values[:, column] = source_values[:, at]
    return Features(schema, values)


def _same_for_all(attribute: str, asked: GuardrailsSpec) -> GuardrailResult:
    return GuardrailResult(
        name=f"disclosure_{attribute}",
        measure=MEASURE,
        value=1.0,
        lo=1.0,
        hi=1.0,
        bound=asked.disclosure_bounds.get(attribute, asked.disclosure_shared),
        verdict="pass",
        remedy="Everybody gets the same offer: whoever sees it learns nothing.",
    )


def _untestable(attribute: str, facts: Facts) -> GuardrailResult:
    named = proxies(facts.experiment.features, facts.assignment.offer)
    return GuardrailResult(
        name=f"disclosure_{attribute}",
        measure=MEASURE,
        value=None,
        lo=None,
        hi=None,
        bound=None,
        verdict="warn",
        remedy=untestable_words(attribute, named),
        components=dict(named),
    )

"""Every trait of the brief under every onlooker that its channels make possible."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from handful.brief.guardrails import GuardrailsSpec
from handful.experiment.records import Experiment
from handful.guardrails.disclosure_cells import Panel, panels_of
from handful.guardrails.disclosure_sights import sights_of
from handful.guardrails.disclosure_traits import Trait, traits_of
from handful.notation import IntArray


def panels_for(
    experiment: Experiment, offer: IntArray, asked: GuardrailsSpec, plans: int = 1
) -> tuple[Panel, ...]:
    """Return the panels of all sensitive attributes of a log for the offers given.

    Args:
        experiment: holds the sensitive columns apart.
        offer: (n,) codes given.
        asked: the [guardrails] table.
        plans: how many plans are looked at to choose one.

    Cost: O(traits n).
    """
    traits = traits_for(experiment, asked)
    if not traits:
        return ()
    known = np.any([trait.known for trait in traits], axis=0)
    counts = np.bincount(offer[known], minlength=experiment.n_offers)
    sights = sights_of(experiment.offers, experiment.control, counts, asked)
    return panels_of(traits, sights, offer, experiment.cluster, bounds_of(traits, asked), plans)


def traits_for(experiment: Experiment, asked: GuardrailsSpec) -> tuple[Trait, ...]:
    """Return the traits of all sensitive attributes that the log can test."""
    held = experiment.held_apart
    if held is None:
        return ()
    return tuple(
        trait for name in asked.sensitive for trait in traits_of(held, name, asked.sensitive_cuts)
    )


def bounds_of(traits: tuple[Trait, ...], asked: GuardrailsSpec) -> Mapping[tuple[str, bool], float]:
    """Return the likelihood ratio allowed for each attribute on shared and private channels."""
    by_kind = {True: asked.disclosure_shared, False: asked.disclosure_private}
    return {
        (trait.attribute, shared): asked.disclosure_bounds.get(trait.attribute, bound)
        for trait in traits
        for shared, bound in by_kind.items()
    }

"""What telling customers apart and the team's hours cost: charged before a menu is chosen.

Hours of authoring are a set-up cost of every offer. Deciding and keeping data fall due once a menu
has two offers or more, whatever its size, so they weigh on the verdict and never on which offers.
Cost O(G + K).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from handful.brief.presets import PRESETS
from handful.brief.schema import TeamSpec
from handful.brief.stages import StagesSpec
from handful.evidence.frontier import MenuFacts
from handful.evidence.terms import Terms
from handful.evidence.variety import population
from handful.experiment.records import Experiment


def with_running(
    terms: Terms, experiment: Experiment, asked: StagesSpec, team: TeamSpec, preset: str | None
) -> Terms:
    """Add the team's hours, the cost of deciding and the weights of the preset to the terms.

    Args:
        terms: limits of the menu.
        experiment: the log; every feature of it is a field that is kept.
        asked: the [stages] table.
        team: the [team] table.
        preset: of the menu; None for neither.

    Cost: O(G).
    """
    people = population(experiment)
    hours = (team.hours_per_offer or 0.0) * (asked.hourly_rate or 0.0)
    authored = np.full(experiment.n_offers, hours / people)
    if experiment.control is not None:
        authored[experiment.control] = 0.0
    fields = len(experiment.features.schema.names)
    weights = PRESETS[preset]
    return replace(
        terms,
        setup=terms.setup + authored if hours else terms.setup,
        running=asked.cost_per_decision + asked.cost_per_field * fields / people,
        cost_weight=weights.cost_weight,
        slack=weights.slack,
    )


def charged(facts: Sequence[MenuFacts], terms: Terms) -> list[MenuFacts]:
    """Charge every menu of two offers or more with what telling customers apart costs.

    Cost: O(K).
    """
    if not terms.running:
        return list(facts)
    return [
        replace(known, running_cost=terms.running) if known.offers >= 2 else known
        for known in facts
    ]

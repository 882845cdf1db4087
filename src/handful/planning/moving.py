"""Who would move: which customers would get another offer if the menu had one offer more or less.

Everybody takes the best offer of each menu by the final model's predictions, before limits, rules
and repairs. The shares say how the menus differ; they are no measurement and carry no money.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np

from handful.effects.predict import predict_profit
from handful.evidence.move_records import Move
from handful.experiment.records import Experiment
from handful.guardrails.audience import suppress
from handful.notation import FloatArray, IntArray
from handful.planning.records import Plan
from handful.policy.policy import assign_codes
from handful.policy.records import Policy

MOST_CUSTOMERS: Final = 20_000
"""Customers who are followed, spread evenly over the log."""


def menu_moves(
    experiment: Experiment,
    policy: Policy,
    menus: Mapping[int, tuple[int, ...]],
    offers: int,
    least: int,
) -> tuple[Move, ...]:
    """Return who gets what under the menus of K - 1, K and K + 1 offers, stream by stream.

    Args:
        experiment: the log.
        policy: its model predicts every offer.
        menus: K -> offer codes.
        offers: K of the plan.
        least: smallest count of people that is shown.

    Returns:
        The streams between menus that follow each other; () where there is no second menu. A
        stream that would tell of few people is left out, and one more where it could be worked out.

    Cost: O(m (trees + G)) for m <= 20,000 customers.

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> menu_moves(simulate("types", n=500).experiment, None, {1: (0,)}, 1, 11)
        ()
    """
    near = [k for k in sorted(menus) if abs(k - max(offers, 1)) <= 1]
    if len(near) < 2 or policy.model.offers != experiment.offers:
        return ()
    sample = np.unique(
        np.linspace(0, experiment.n_rows - 1, min(experiment.n_rows, MOST_CUSTOMERS)).astype(int)
    )
    profit = predict_profit(policy.model, experiment.features.rows(sample))
    stratum = experiment.stratum[sample]
    cells, fallback = policy.support[stratum], policy.fallback[stratum]
    given = {k: assign_codes(profit, menus[k], cells, fallback) for k in near}
    return tuple(
        move
        for k, more in pairwise(near)
        for move in _streams((given[k], given[more]), (k, more), experiment.offers, least)
    )


def with_moves(
    made: Plan, experiment: Experiment, menus: Mapping[int, tuple[int, ...]], least: int
) -> Plan:
    """Return the plan with who would move; a menu beyond what the team can author is left out.

    Cost: see `menu_moves`.
    """
    known = {point.offers: menus[point.offers] for point in made.frontier if point.offers in menus}
    moves = menu_moves(experiment, made.policy, known, made.verdict.offers, least)
    return replace(made, moves=moves)


def _streams(
    given: tuple[IntArray, IntArray], sizes: tuple[int, int], names: tuple[str, ...], least: int
) -> tuple[Move, ...]:
    """Count who goes from each offer to each, the widest stream first."""
    before, after = given
    pairs, counts = np.unique(np.column_stack((before, after)), axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    shown = suppress(counts.tolist(), least)
    shares: FloatArray = counts / len(before)
    return tuple(
        Move(sizes[0], sizes[1], names[pairs[at][0]], names[pairs[at][1]], float(shares[at]))
        for at in order.tolist()
        if shown[at] is not None
    )

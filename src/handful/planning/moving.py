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
from handful.notation import FloatArray, IntArray
from handful.planning.records import Plan
from handful.policy.policy import assign_codes
from handful.policy.records import Policy

MOST_CUSTOMERS: Final = 20_000
"""Customers who are followed, spread evenly over the log."""

LEAST_SEEN: Final = 10
"""A stream of fewer customers than this is left out: it would tell of single persons."""


def menu_moves(
    experiment: Experiment, policy: Policy, menus: Mapping[int, tuple[int, ...]], offers: int
) -> tuple[Move, ...]:
    """Return who gets what under the menus of K - 1, K and K + 1 offers, stream by stream.

    Args:
        experiment: the log.
        policy: its model predicts every offer.
        menus: K -> offer codes.
        offers: K of the plan.

    Returns:
        The streams between menus that follow each other; () where there is no second menu.

    Cost: O(m (trees + G)) for m <= 20,000 customers.

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> menu_moves(simulate("types", n=500).experiment, None, {1: (0,)}, 1)
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
        for move in _streams(given[k], given[more], (k, more), experiment.offers)
    )


def with_moves(made: Plan, experiment: Experiment, menus: Mapping[int, tuple[int, ...]]) -> Plan:
    """Return the plan with who would move; a menu beyond what the team can author is left out.

    Cost: see `menu_moves`.
    """
    known = {point.offers: menus[point.offers] for point in made.frontier if point.offers in menus}
    moves = menu_moves(experiment, made.policy, known, made.verdict.offers)
    return replace(made, moves=moves)


def _streams(
    before: IntArray, after: IntArray, sizes: tuple[int, int], names: tuple[str, ...]
) -> tuple[Move, ...]:
    """Count who goes from each offer to each, the widest stream first."""
    pairs, counts = np.unique(np.column_stack((before, after)), axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    shares: FloatArray = counts / len(before)
    return tuple(
        Move(sizes[0], sizes[1], names[pairs[at][0]], names[pairs[at][1]], float(shares[at]))
        for at in order.tolist()
        if counts[at] >= LEAST_SEEN
    )

"""What was kept, moved to other assumptions: P(theta) = P + sum (theta - theta_0) B, and the rest.

Every world chooses its menus again, on up to 20,000 of its rows, from P(theta); the ledger is then
written for that. Scores at theta are doubly robust as before: they are the same sums of the same
models' predictions and of the profit at theta. The rivals of the ladder keep their segments.
Cost O(R n (G + K M)).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from handful.evidence.splits import WorldChoice
from handful.evidence.terms import Terms
from handful.evidence.whatif_choice import best_menus
from handful.evidence.whatif_keep import worths
from handful.evidence.whatif_records import KeptSlope, KeptSplit, KeptWorld
from handful.experiment.tails import tail_facts
from handful.notation import Float32Array
from handful.planning.whatif_judge import changed_sums, choices_at, final_claims
from handful.planning.whatif_records import WhatIf

Moves = tuple[float, ...]
"""theta - theta_0 of every slope, in their order."""


def moves_of(whatif: WhatIf, assumptions: Mapping[str, float]) -> Moves:
    """Return how far every assumption that can be moved is moved."""
    slopes = whatif.kept.splits[0].slopes if whatif.kept.splits else ()
    return tuple(float(assumptions.get(slope.name, slope.at)) - slope.at for slope in slopes)


def moved_whatif(whatif: WhatIf, moves: Moves) -> WhatIf:
    """Return what was kept as it is at other assumptions.

    Args:
        whatif: at the plan's.
        moves: of every slope.

    Cost: see the module.
    """
    log, kept = whatif.log, whatif.kept
    slopes = kept.splits[0].slopes
    profit = log.profit.copy()
    for move, rows in zip(moves, whatif.slope_rows, strict=True):
        if move:
            profit += move * rows
    tails = tail_facts(profit)
    own = kept.own
    if own is not None:
        own = moved_values(own, slopes, whatif.slopes, moves)
    other = replace(
        whatif,
        log=replace(log, profit=profit),
        kept=replace(
            kept,
            own=own,
            splits=tuple(_split(whatif, split, moves) for split in kept.splits),
        ),
        whole=_world(whatif, whatif.whole, slopes, moves),
        limits=tails.limits if tails.heavy else None,
        cache={},
    )
    choices = choices_at(other, other.terms)
    sums = changed_sums(other, other.terms, choices)
    facts = tuple(final_claims(other, known) for known in kept.facts)
    return replace(
        other,
        kept=replace(
            other.kept,
            means=sums.means,
            clipped=sums.clipped,
            follows=sums.follows,
            apart=dict(sums.apart),
            facts=facts,
        ),
    )


def moved_values(
    values: Float32Array,
    slopes: Sequence[KeptSlope],
    learned: Sequence[Float32Array | None],
    moves: Moves,
) -> Float32Array:
    """Return (G, m) predictions at other assumptions.

    Args:
        values: (G, m) P.
        slopes: share and table of each.
        learned: (G, m) B of each; None where share and table say it.
        moves: of each.

    Cost: O(G m A).
    """
    scale = 1.0 + sum(m * s.share for m, s in zip(moves, slopes, strict=True))
    level = np.zeros(len(values))
    for move, slope in zip(moves, slopes, strict=True):
        level += move * slope.table
    found = values * np.float32(scale)
    found += level.astype(np.float32)[:, None]
    for move, more in zip(moves, learned, strict=True):
        if move and more is not None:
            found += np.float32(move) * more
    return found


def _split(whatif: WhatIf, split: KeptSplit, moves: Moves) -> KeptSplit:
    learned = [slope.predicted for slope in split.slopes]
    return replace(
        split,
        predicted=moved_values(split.predicted, split.slopes, learned, moves),
        worlds=tuple(_world(whatif, world, split.slopes, moves) for world in split.worlds),
    )


def _world(
    whatif: WhatIf, world: KeptWorld, slopes: Sequence[KeptSlope], moves: Moves
) -> KeptWorld:
    """Return a world that has chosen again; near ties stay as planned."""
    sample, terms = world.sample, whatif.terms
    if sample is None:
        return world
    mean = world.mean
    if len(mean):
        mean = mean + np.array(moves) @ sample.means
    worth = world.worth
    if world.pool:
        values = moved_values(sample.predicted, slopes, sample.slopes, moves).T
        cells = whatif.log.design.support[whatif.log.stratum[sample.rows]]
        worth = worths(values.astype(np.float64), cells, terms.fallback[sample.rows], world.pool)
    again = replace(world, mean=mean, worth=worth)
    choice = _choice(again, terms)
    return replace(again, single=choice.single, menus=choice.menus)


def _choice(world: KeptWorld, terms: Terms) -> WorldChoice:
    single = world.single
    if len(world.mean):
        single = max(terms.allowed, key=lambda g: float(world.mean[g] - terms.setup[g]))
    return WorldChoice(single, best_menus(world, terms) if world.pool else world.menus)

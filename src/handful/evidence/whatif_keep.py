"""Keeps what another question needs of a split, while the split is at hand.

Where menus of every size are few, each world keeps what all of them earn there: at other costs its
choice is then a look-up, F(S) / l - sum of set-up costs over S. Cost O(n G), and O(2^G l) a world.
"""

from __future__ import annotations

from math import comb
from typing import Final

import numpy as np

from handful.effects.crossfit import CrossFit, World
from handful.effects.scores import close_cells
from handful.evidence.frontier import RIVALS
from handful.evidence.splits import WorldChoice, relative_values
from handful.evidence.terms import Terms
from handful.evidence.whatif_records import (
    KeptAmount,
    KeptSample,
    KeptSlope,
    KeptSplit,
    KeptWorld,
    SmallArray,
)
from handful.experiment.records import Experiment
from handful.notation import BoolArray, Float32Array, FloatArray, IntArray

SAMPLE: Final = 20_000
"""Rows of a world that menus are chosen on under other assumptions, at most."""
MOST_MENUS: Final = 512
"""Menus that a world values one by one; with more, menus stay as planned at other costs."""
Menus = tuple[tuple[int, ...], ...]


def pool_of(terms: Terms) -> Menus:
    """Return every menu that may be chosen, in an order where each follows its beginning.

    Returns:
        Menus of 1 to `max_offers` offers, ascending within; () where there are over 512.

    Cost: O(2^G).
    """
    free = len(terms.allowed)
    most = min(terms.max_offers, free)
    if sum(comb(free, k) for k in range(1, most + 1)) > MOST_MENUS:
        return ()
    found: list[tuple[int, ...]] = []

    def grow(menu: tuple[int, ...], rest: tuple[int, ...]) -> None:
        for at, offer in enumerate(rest):
            longer = (*menu, offer)
            found.append(longer)
            if len(longer) < most:
                grow(longer, rest[at + 1 :])

    grow((), terms.allowed)
    return tuple(found)


def worths(predicted: FloatArray, cells: BoolArray, fallback: IntArray, pool: Menus) -> FloatArray:
    """Return what every menu of the pool earns, money per customer over the fallback.

    Args:
        predicted: (l, G) money per customer.
        cells: (l, G) True where open.
        fallback: (l,) codes.
        pool: from `pool_of`.

    Cost: O(|pool| l).
    """
    values = np.ascontiguousarray(relative_values(predicted, cells, fallback).T)
    grown: dict[int, FloatArray] = {}
    found = np.empty(len(pool))
    for at, menu in enumerate(pool):
        column = values[menu[-1]]
        best = column if len(menu) == 1 else np.maximum(grown[len(menu) - 1], column)
        grown[len(menu)] = best
        found[at] = best.mean()
    return found


def keep_world(
    world: World,
    choice: WorldChoice,
    cells: BoolArray,
    terms: Terms,
    pool: Menus,
    sample: KeptSample | None = None,
) -> KeptWorld:
    """Keep what a world chose, and what it would need to choose at other costs.

    Cost: O(|pool| l).
    """
    open_cells, fallback = cells[world.rows], terms.fallback[world.rows]
    return KeptWorld(
        menus=choice.menus,
        single=choice.single,
        pool=pool,
        worth=worths(world.predicted, open_cells, fallback, pool),
        mean=close_cells(world.scores, open_cells, fallback).mean(axis=0),
        sample=sample,
    )


def keep_sample(experiment: Experiment, fit: CrossFit, at: int, terms: Terms) -> KeptSample | None:
    """Keep up to 20,000 rows of a world to choose on under other assumptions.

    Args:
        experiment: the log.
        fit: with slopes, else there is nothing to move.
        at: the world's number.
        terms: with fallbacks.

    Cost: O(l G).
    """
    if not fit.slopes:
        return None
    world, cells = fit.worlds[at], experiment.open_cells
    open_cells, fallback = cells[world.rows], terms.fallback[world.rows]
    picked = drawn(len(world.rows))
    mean = close_cells(world.scores, open_cells, fallback).mean(axis=0)
    means = []
    for slope in fit.slopes:
        if slope.predicted is None:
            # Closing cells gives the fallback's table too: its share of rows is the mean's own.
            table = np.broadcast_to(slope.table, world.scores.shape)
            closed = close_cells(table, open_cells, fallback).mean(axis=0)
            means.append(slope.share * mean + closed)
        else:
            means.append(close_cells(slope.scores[at], open_cells, fallback).mean(axis=0))
    return KeptSample(
        rows=world.rows[picked],
        predicted=narrowed(world.predicted[picked]),
        slopes=tuple(
            None if slope.predicted is None else narrowed(slope.worlds[at][picked])
            for slope in fit.slopes
        ),
        means=np.array(means),
    )


def drawn(rows: int) -> IntArray:
    """Return up to 20,000 of the rows, the same ones every time."""
    if rows <= SAMPLE:
        return np.arange(rows)
    return np.sort(np.random.default_rng([rows, 5]).choice(rows, SAMPLE, replace=False))


def narrowed(values: FloatArray) -> Float32Array:
    """Return (n, G) values as (G, n) in single precision."""
    return np.ascontiguousarray(values.T, dtype=np.float32)


def keep_split(
    experiment: Experiment,
    fit: CrossFit,
    terms: Terms,
    codes: dict[str, IntArray],
    chosen: tuple[WorldChoice, ...],
) -> KeptSplit:
    """Keep one split in single precision.

    Args:
        experiment: the log.
        fit: the split.
        terms: limits of the menu.
        codes: policy -> (n,) offers given; the rivals' are kept, the others follow from the menus.
        chosen: by every world.

    Cost: O(n G), and what `keep_world` takes.
    """
    names = tuple(name for name in codes if name in RIVALS)
    pool = () if terms.limits is not None or terms.by_rule else pool_of(terms)
    cells = experiment.open_cells
    return KeptSplit(
        fold=fit.fold.astype(np.uint8),
        predicted=narrowed(fit.predicted),
        names=names,
        codes=small_codes(
            np.array([codes[name] for name in names], dtype=np.int64).reshape(
                len(names), experiment.n_rows
            ),
            experiment.n_offers,
        ),
        worlds=tuple(
            keep_world(world, choice, cells, terms, pool, keep_sample(experiment, fit, at, terms))
            for at, (world, choice) in enumerate(zip(fit.worlds, chosen, strict=True))
        ),
        slopes=tuple(
            KeptSlope(
                slope.name,
                slope.at,
                slope.share,
                slope.table,
                None if slope.predicted is None else narrowed(slope.predicted),
            )
            for slope in fit.slopes
        ),
        amounts=tuple(
            kept_amount(amount.name, amount.predicted, experiment.n_rows) for amount in fit.amounts
        ),
    )


def kept_amount(name: str, predicted: FloatArray, rows: int) -> KeptAmount:
    """Return an amount as a table where offers alone settle it, in single precision elsewhere."""
    if predicted.shape == (1, predicted.shape[1]) and rows != 1:
        return KeptAmount(name, predicted[0], None)
    return KeptAmount(name, None, narrowed(predicted))


def small_codes(codes: IntArray, offers: int) -> SmallArray:
    """Return offer codes in one byte each, in two where there are over 256 offers."""
    return codes.astype(np.uint8) if offers <= 256 else codes.astype(np.uint16)

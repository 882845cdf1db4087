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
from handful.evidence.whatif_records import KeptSplit, KeptWorld, SmallArray
from handful.experiment.records import Experiment
from handful.notation import BoolArray, FloatArray, IntArray

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
    world: World, choice: WorldChoice, cells: BoolArray, terms: Terms, pool: Menus
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
    )


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
        predicted=np.ascontiguousarray(fit.predicted.T, dtype=np.float32),
        names=names,
        codes=small_codes(
            np.array([codes[name] for name in names], dtype=np.int64).reshape(
                len(names), experiment.n_rows
            ),
            experiment.n_offers,
        ),
        worlds=tuple(
            keep_world(world, choice, cells, terms, pool)
            for world, choice in zip(fit.worlds, chosen, strict=True)
        ),
    )


def small_codes(codes: IntArray, offers: int) -> SmallArray:
    """Return offer codes in one byte each, in two where there are over 256 offers."""
    return codes.astype(np.uint8) if offers <= 256 else codes.astype(np.uint16)

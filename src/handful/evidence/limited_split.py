"""One split of the log under limits: every policy held to them on the fold it never saw.

A fold is a list of customers: it is assigned as a campaign would be, at its share of every total,
by predictions that never saw it. Single offers are given as far as the limits let them;
rivals too choose within all limits, by what their segments earned outside the fold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from handful.effects.crossfit import CrossFit, World
from handful.effects.scores import close_cells
from handful.errors import BriefError
from handful.evidence.limit_records import LimitTerms
from handful.evidence.limited_menus import limited_menus
from handful.evidence.limits import (
    Rows,
    fold_rows,
    has_minimum,
    limited_codes,
    single_codes,
    world_rows,
)
from handful.evidence.names import BEST_SINGLE, NO_OFFER, ONE_TO_ONE, menu_name, single_name
from handful.evidence.terms import Terms
from handful.experiment.records import Experiment
from handful.notation import FloatArray, IntArray


def limits_of(terms: Terms) -> LimitTerms:
    """Return the terms' limits, to be applied to part of the log."""
    if terms.limits is None:
        raise ValueError("the terms hold no limits")
    return replace(terms.limits, inward=False)


def single_is_menu(terms: Terms) -> bool:
    """Tell whether the menu of one is the best single offer: no offer must stay, and no minimum.

    A single offer is valued without the minimums that it cannot keep; a menu keeps them all.
    """
    return not terms.always and not has_minimum(terms.limits)


@dataclass(frozen=True, slots=True)
class WorldChoice:
    """What a world chooses for the fold it never saw: the best single offer, menus by size."""

    single: int
    menus: dict[int, tuple[int, ...]]


def choose_limited_worlds(
    experiment: Experiment, fit: CrossFit, terms: Terms
) -> tuple[WorldChoice, ...]:
    """Return what every world chooses with the limits in mind.

    Cost: J limited menu paths and J G allocations.
    """
    limits, chosen = limits_of(terms), []
    for j, world in enumerate(fit.worlds):
        known = world_rows(experiment, fit, j)
        found = limited_menus(known, replace(terms, limits=limits))
        menus = {offers: choice.menu for offers, choice in found.items()}
        chosen.append(WorldChoice(_best_single(experiment, world, known, terms), menus))
    return tuple(chosen)


def limited_standard_codes(
    experiment: Experiment, fit: CrossFit, terms: Terms, chosen: Sequence[WorldChoice]
) -> dict[str, IntArray]:
    """Return the offers of no offer, every single offer, every menu and one-to-one, out of fold.

    A menu size that cannot keep the limits in some fold is left out.

    Args:
        experiment: the log.
        fit: one split, amounts included.
        terms: with limits.
        chosen: by every world.

    Cost: J (G + K) allocations.
    """
    limits, n = limits_of(terms), experiment.n_rows
    by_fold: list[dict[str, IntArray]] = []
    folds = [np.flatnonzero(fit.fold == j) for j in range(len(fit.worlds))]
    for mine, choice in zip(folds, chosen, strict=True):
        rows = fold_rows(experiment, fit, mine)
        codes = {
            single_name(g): single_codes(rows, g, limits, terms.fallback) for g in terms.allowed
        }
        codes[ONE_TO_ONE] = limited_codes(rows, terms.allowed, limits, terms.fallback)
        codes[BEST_SINGLE] = codes[single_name(choice.single)]
        codes |= _menu_codes(rows, choice.menus, terms)
        if menu_name(1) in codes and single_is_menu(terms):
            codes[menu_name(1)] = codes[BEST_SINGLE]
        by_fold.append(codes)
    names = [name for name in by_fold[0] if all(name in codes for codes in by_fold)]
    whole = {name: np.empty(n, np.int64) for name in names}
    for mine, codes in zip(folds, by_fold, strict=True):
        for name in names:
            whole[name][mine] = codes[name]
    if experiment.control is not None:
        whole[NO_OFFER] = np.full(n, experiment.control)
    return whole


def _menu_codes(
    rows: Rows, menus: Mapping[int, tuple[int, ...]], terms: Terms
) -> dict[str, IntArray]:
    limits, codes = limits_of(terms), {}
    for offers, menu in menus.items():
        try:
            given = limited_codes(rows, menu, limits, terms.fallback)
        except BriefError:
            continue
        codes[menu_name(offers)] = given
    return codes


def _best_single(experiment: Experiment, world: World, known: Rows, terms: Terms) -> int:
    """Return the single offer that earns most outside the fold, given as far as it may be."""
    scores = close_cells(
        world.scores, experiment.open_cells[world.rows], terms.fallback[world.rows]
    )
    at = np.arange(len(scores))
    limits = limits_of(terms)
    net = {
        g: float(scores[at, single_codes(known, g, limits, terms.fallback)].mean()) - terms.setup[g]
        for g in terms.allowed
    }
    return max(net, key=lambda g: net[g])


def limited_rival(
    experiment: Experiment, fit: CrossFit, test: IntArray, values: FloatArray, terms: Terms
) -> IntArray:
    """Return what a rival gives a fold's rows within the limits.

    Args:
        experiment: the log.
        fit: whose expected amounts count.
        test: (t,) rows of the fold.
        values: (t, G) what the row's segment earned with each offer outside the fold.
        terms: with limits.

    Cost: one allocation.
    """
    rows = replace(fold_rows(experiment, fit, test), values=values)
    return limited_codes(rows, terms.allowed, limits_of(terms), terms.fallback)

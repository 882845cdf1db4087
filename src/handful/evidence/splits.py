"""One split of the log: every policy learned on the other folds, valued on the fold it never saw.

For fold j the menus of every size, the best single offer, one-to-one and the rivals are chosen on
the world without j and applied to j; their scores there fill one column each.
Cost: J menu paths, J rivals and O(n K) for J folds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from handful.effects.crossfit import CrossFit, World, rescore
from handful.effects.scores import close_cells
from handful.evidence.authoring import found_control, largest_within, named_menus, work
from handful.evidence.branches import best_of_paths, branches
from handful.evidence.limited_split import (
    WorldChoice,
    choose_limited_worlds,
    limited_standard_codes,
)
from handful.evidence.names import BEST_SINGLE, NO_OFFER, ONE_TO_ONE, menu_name, single_name
from handful.evidence.ruling import menu_codes
from handful.evidence.terms import Terms
from handful.experiment.records import Experiment
from handful.experiment.tails import TailFacts
from handful.menu.choose import choose_menu
from handful.menu.records import MenuChoice, MenuPath
from handful.notation import BoolArray, FloatArray, IntArray
from handful.policy.policy import assign_codes

__all__ = [
    "BEST_SINGLE",
    "NO_OFFER",
    "ONE_TO_ONE",
    "Split",
    "WorldChoice",
    "best_single",
    "choose_worlds",
    "menu_choices",
    "menu_name",
    "menu_path",
    "relative_values",
    "single_name",
    "standard_codes",
    "value_split",
    "world_menus",
    "world_single",
]


def node_name(node: int) -> str:
    """Return the column name of the scores at a node of a response surface."""
    return f"node:{node}"


@dataclass(frozen=True, slots=True)
class Split:
    """What one split says of every row.

    Attributes:
        codes: policy name -> (n,) offer each row gets from a policy that never saw its fold.
        columns: policy name -> (n,) held-out scores of these offers.
        clipped: the same with the profit winsorised; empty unless the tail is heavy.
    """

    codes: dict[str, IntArray]
    columns: dict[str, FloatArray]
    clipped: dict[str, FloatArray]


def relative_values(predicted: FloatArray, open_cells: BoolArray, fallback: IntArray) -> FloatArray:
    """Return predicted profit over the row's fallback offer, for the menu engine.

    A closed cell holds the row's worst open value: the policy gives the best OPEN offer of a menu
    even where the fallback would be better, so a closed offer must not look as good as keeping it.
    """
    kept = predicted[np.arange(len(predicted)), fallback]
    over = predicted - kept[:, None]
    worst = np.where(open_cells, over, np.inf).min(axis=1, keepdims=True)
    relative: FloatArray = np.where(open_cells, over, np.where(np.isfinite(worst), worst, 0.0))
    return relative


def menu_path(
    predicted: FloatArray, open_cells: BoolArray, fallback: IntArray, terms: Terms
) -> MenuPath:
    """Choose the menus of every size on these rows.

    Cost: that of `choose_menu`.
    """
    values = relative_values(predicted, open_cells, fallback)
    paths = [
        choose_menu(
            values,
            max_offers=terms.max_offers,
            setup_cost=terms.setup * len(predicted),
            always=terms.always,
            never=without,
        )
        for without in branches(terms)
        if not set(without) & set(terms.always)
    ]
    return paths[0] if len(paths) == 1 else best_of_paths(paths)


def menu_choices(
    predicted: FloatArray, open_cells: BoolArray, fallback: IntArray, terms: Terms
) -> dict[int, MenuChoice]:
    """Choose the menus of every size that the team can author, and one past them.

    "No offer" is no work, so the largest menu within the cap holds it.

    Cost: that of one menu path, or two.
    """
    found = {choice.offers: choice for choice in menu_path(predicted, open_cells, fallback, terms)}
    top = largest_within(terms)
    if terms.author is None or top not in found or work(found[top].menu, terms) <= terms.author:
        return found
    holding = tuple(sorted({*terms.always, *found_control(terms)}))
    again = replace(terms, always=holding, max_offers=top)
    return found | {
        c.offers: c for c in menu_path(predicted, open_cells, fallback, again) if c.offers == top
    }


def best_single(scores: FloatArray, open_cells: BoolArray, terms: Terms, rows: IntArray) -> int:
    """Return the offer with the highest mean score, net of set-up, if everybody got it."""
    closed = close_cells(scores, open_cells, terms.fallback[rows])
    net = closed.mean(axis=0) - terms.setup
    return max(terms.allowed, key=lambda g: net[g])


def choose_worlds(experiment: Experiment, fit: CrossFit, terms: Terms) -> tuple[WorldChoice, ...]:
    """Return what every world chooses without its fold: the best single offer and its menus.

    Cost: J menu paths; J limited ones under limits.
    """
    if terms.limits is not None:
        return choose_limited_worlds(experiment, fit, terms)
    cells = experiment.open_cells
    return tuple(
        WorldChoice(world_single(world, cells, terms), world_menus(world, cells, terms))
        for world in fit.worlds
    )


def standard_codes(
    experiment: Experiment,
    fit: CrossFit,
    terms: Terms,
    chosen: tuple[WorldChoice, ...] | None = None,
) -> dict[str, IntArray]:
    """Return the offers given by no offer, best single, every menu and one-to-one, out of fold.

    Args:
        experiment: the log.
        fit: one split.
        terms: limits of the menu.
        chosen: by every world, from `choose_worlds`; chosen here where None.

    Cost: J menu paths and O(n K).
    """
    chosen = choose_worlds(experiment, fit, terms) if chosen is None else chosen
    if terms.limits is not None:
        return limited_standard_codes(experiment, fit, terms, chosen)
    n = experiment.n_rows
    cells = experiment.open_cells
    codes: dict[str, IntArray] = {BEST_SINGLE: np.empty(n, np.int64)}
    if experiment.control is not None:
        codes[NO_OFFER] = np.full(n, experiment.control)
    codes[ONE_TO_ONE] = np.empty(n, np.int64)
    for j, world in enumerate(fit.worlds):
        mine = np.flatnonzero(fit.fold == j)
        codes[BEST_SINGLE][mine] = chosen[j].single
        allowed = terms.allowed if world.shortlist is None else world.shortlist.allowed
        codes[ONE_TO_ONE][mine] = assign_codes(
            fit.predicted[mine], allowed, cells[mine], terms.fallback[mine]
        )
        for name, menu in named_menus(chosen[j].menus, terms).items():
            column = codes.setdefault(name, np.empty(n, np.int64))
            column[mine] = menu_codes(experiment, fit, world, mine, menu, terms)
    # The menu of one IS the best single offer, chosen by mean score, unless one offer must stay.
    if menu_name(1) in codes and not terms.always:
        codes[menu_name(1)] = codes[BEST_SINGLE]
    return codes


def world_single(world: World, cells: BoolArray, terms: Terms) -> int:
    """Return the best single offer on the world's own scores."""
    if world.shortlist is not None:
        return world.shortlist.single
    return best_single(world.scores, cells[world.rows], terms, world.rows)


def world_menus(world: World, cells: BoolArray, terms: Terms) -> dict[int, tuple[int, ...]]:
    """Return the menu of every size chosen on the world's own out-of-fold predictions."""
    if world.shortlist is not None:
        return world.shortlist.menus
    rows = world.rows
    found = menu_choices(world.predicted, cells[rows], terms.fallback[rows], terms)
    return {offers: choice.menu for offers, choice in found.items()}


def value_split(
    experiment: Experiment,
    fit: CrossFit,
    terms: Terms,
    codes: dict[str, IntArray],
    tails: TailFacts,
) -> Split:
    """Look up the held-out score of every row under every policy.

    Cost: O(n (M + G)) for M policies.
    """
    cells = experiment.open_cells
    closed = close_cells(fit.scores, cells, terms.fallback)
    columns = _columns(closed, codes, terms)
    if fit.at_nodes is not None:
        columns |= {node_name(k): column for k, column in enumerate(fit.at_nodes.T)}
    if not tails.heavy:
        return Split(codes, columns, {})
    scores = rescore(experiment, fit, np.clip(experiment.profit, *tails.limits))
    held = close_cells(scores, cells, terms.fallback)
    return Split(codes, columns, _columns(held, codes, terms))


def _columns(scores: FloatArray, codes: dict[str, IntArray], terms: Terms) -> dict[str, FloatArray]:
    rows = np.arange(len(scores))
    columns = {name: scores[rows, given] for name, given in codes.items()}
    columns |= {
        single_name(g): scores[:, g].copy() for g in terms.singles if single_name(g) not in columns
    }
    return {name: np.asarray(column, dtype=np.float64) for name, column in columns.items()}

"""Greedy start and best-swap local search, every K in one pass over the customers.

Reference: Resende and Werneck (2007), a fast swap-based local search for the p-median problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from handful.menu.sums import SwapSums
from handful.notation import BoolArray, FloatArray, IntArray

Menu: TypeAlias = tuple[int, ...]
SwapPass: TypeAlias = Callable[[IntArray], SwapSums]
"""Takes (M, K) menus padded with -1 and returns their swap sums over all customers."""

RELATIVE_TOLERANCE = 1e-12
"""A move must gain more than this share of the value, so that rounding cannot make it cycle."""

FINALISTS = 6
"""Swaps of each menu that are valued on more customers beside the menu itself."""

BATCH_CELLS = 1 << 21
"""Most cells (menus x places x offers) of the swap sums of one pass."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Which menus are allowed and what they cost.

    Attributes:
        costs: (G,) set-up cost of each offer.
        always: (G,) offers that every menu holds.
        never: (G,) offers that no menu holds.
        first, last: smallest and largest K of the path.
    """

    costs: FloatArray
    always: BoolArray
    never: BoolArray
    first: int
    last: int

    @property
    def forced(self) -> Menu:
        """Columns that every menu holds."""
        return as_menu(np.flatnonzero(self.always))

    @property
    def free(self) -> IntArray:
        """Columns that a menu may hold or not."""
        return np.flatnonzero(~self.always & ~self.never)

    def cost(self, menu: Menu) -> float:
        """Return what the offers of the menu cost to set up."""
        return float(self.costs[list(menu)].sum())


@dataclass(frozen=True, slots=True)
class Found:
    """A menu, its net value (value less set-up costs) and, once counted, who takes what.

    Attributes:
        menu: columns, ascending.
        net: value less set-up costs.
        taken: weight of the customers of each member; empty until a pass has counted it.
    """

    menu: Menu
    net: float
    taken: tuple[float, ...] = ()


def as_menu(columns: IntArray | list[int]) -> Menu:
    """Return the columns as a menu: ascending plain integers."""
    return tuple(sorted(int(g) for g in columns))


def padded(menus: list[Menu]) -> IntArray:
    """Return menus as rows padded with -1 to the longest."""
    longest = max((len(menu) for menu in menus), default=1)
    out = np.full((len(menus), longest), -1, dtype=np.int64)
    for row, menu in enumerate(menus):
        out[row, : len(menu)] = menu
    return out


def greedy(rules: Rules, totals: FloatArray, swaps: SwapPass) -> dict[int, Menu]:
    """Return a menu for each K by adding, one at a time, the offer that gains most.

    Args:
        rules: allowed menus and costs.
        totals: (G,) column sums sum_i w_i P_ig, exact values of the menus of one offer.
        swaps: the pass over the customers; called once per K.
    """
    menu = rules.forced
    menus = {}
    while len(menu) < rules.last:
        gains = totals if not menu else swaps(padded([menu])).inside[0].sum(axis=0)
        score = np.where(rules.always | rules.never, -np.inf, gains - rules.costs)
        score[list(menu)] = -np.inf
        menu = as_menu([*menu, int(np.argmax(score))])
        menus[len(menu)] = menu
    if rules.forced:
        menus[len(rules.forced)] = rules.forced
    return {k: menu for k, menu in menus.items() if rules.first <= k <= rules.last}


def improve(rules: Rules, menus: dict[int, Menu], swaps: SwapPass) -> dict[int, Found]:
    """Apply best swaps, best adds to K + 1 and cheapest drops to K - 1 until none gains.

    Each round is one pass over the customers for all proposed menus. No menu is tried twice, so
    the search ends whatever the rounding of the sums.
    """
    found: dict[int, Found] = {}
    moves: list[Found] = []
    tried: set[Menu] = set()
    proposed = dict(menus)
    while proposed:
        tried.update(proposed.values())
        for batch in _batches(list(proposed.values()), len(rules.costs)):
            sums = swaps(padded(batch))
            for row, menu in enumerate(batch):
                taken = tuple(sums.taken[row, : len(menu)].tolist())
                candidate = Found(menu, float(sums.value[row]) - rules.cost(menu), taken)
                _keep(found, candidate)
                moves += neighbours(rules, candidate, sums, row)
        proposed = _better(found, moves, tried)
    return found


def best_of(candidates: Sequence[Found]) -> dict[int, Found]:
    """Return the best menu of each size; ties go to the earlier one."""
    found: dict[int, Found] = {}
    for candidate in candidates:
        _keep(found, candidate)
    return found


def _keep(found: dict[int, Found], candidate: Found) -> None:
    k = len(candidate.menu)
    if k not in found or candidate.net > found[k].net:
        found[k] = candidate


def finalists(rules: Rules, menus: dict[int, Menu], swaps: SwapPass) -> list[Menu]:
    """Return the menus and the few best swaps of each: one may be best on more customers."""
    chosen: set[Menu] = set(menus.values())
    for batch in _batches([menu for menu in menus.values() if len(menu) > 1], len(rules.costs)):
        sums = swaps(padded(batch))
        for row, menu in enumerate(batch):
            gains = swap_gains(rules, menu, sums, row)
            for flat in np.argsort(-gains, axis=None, kind="stable")[:FINALISTS]:
                place, entering = divmod(int(flat), gains.shape[1])
                if np.isfinite(gains[place, entering]):
                    chosen.add(as_menu([*_without(menu, place), entering]))
    return sorted(chosen)


def _batches(menus: list[Menu], n_offers: int) -> Iterator[list[Menu]]:
    """Yield the menus in groups whose swap sums fit into memory."""
    each = max(len(menu) for menu in menus) * n_offers
    step = max(1, BATCH_CELLS // each)
    for start in range(0, len(menus), step):
        yield menus[start : start + step]


def neighbours(rules: Rules, found: Found, sums: SwapSums, row: int) -> Iterator[Found]:
    """Yield the best swap, the best add and the cheapest drop of one menu, with their nets."""
    menu, k = found.menu, len(found.menu)
    gain = _add_gains(rules, menu, sums, row)
    entering = int(np.argmax(gain))
    if np.isfinite(gain[entering]):
        yield Found(as_menu([*menu, entering]), found.net + float(gain[entering]))
    droppable = [place for place in range(k) if not rules.always[menu[place]]]
    if k == 1 or not droppable:
        return
    saved = rules.costs[list(menu)] - sums.loss[row, :k]
    leaving = max(droppable, key=lambda place: saved[place])
    yield Found(_without(menu, leaving), found.net + float(saved[leaving]))
    swap = swap_gains(rules, menu, sums, row)
    place, entering = divmod(int(np.argmax(swap)), swap.shape[1])
    if np.isfinite(swap[place, entering]):
        swapped = as_menu([*_without(menu, place), entering])
        yield Found(swapped, found.net + float(swap[place, entering]))


def _add_gains(rules: Rules, menu: Menu, sums: SwapSums, row: int) -> FloatArray:
    gain: FloatArray = sums.inside[row].sum(axis=0) - rules.costs
    gain[rules.never] = -np.inf
    gain[list(menu)] = -np.inf
    return gain


def swap_gains(rules: Rules, menu: Menu, sums: SwapSums, row: int) -> FloatArray:
    """Return (K, G): what putting offer g in the place of each member gains; -inf if not allowed.

    For menus of at least two offers.
    """
    k = len(menu)
    saved = rules.costs[list(menu)] - sums.loss[row, :k]
    gain = _add_gains(rules, menu, sums, row)
    swap: FloatArray = gain - sums.inside[row, :k] + sums.removed[row, :k] + saved[:, None]
    swap[rules.always[list(menu)]] = -np.inf
    return swap


def _without(menu: Menu, place: int) -> Menu:
    return menu[:place] + menu[place + 1 :]


def _better(found: dict[int, Found], moves: list[Found], tried: set[Menu]) -> dict[int, Menu]:
    """Return, for each K, the best proposed menu where it beats the one found."""
    proposals: dict[int, Found] = {}
    for candidate in moves:
        k = len(candidate.menu)
        if k not in found or candidate.menu in tried:
            continue
        needed = found[k].net + RELATIVE_TOLERANCE * abs(found[k].net)
        if candidate.net > max(needed, proposals[k].net if k in proposals else -np.inf):
            proposals[k] = candidate
    return {k: proposal.menu for k, proposal in proposals.items()}

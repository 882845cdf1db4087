"""Menus and bounds for all K at once: a sample first, then streamed passes over everybody.

The sample gives menus and the points at which cuts bind; carried to all customers they leave only
a few rounds of new cuts to make. One pool of cuts serves every K.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from handful.menu import passes
from handful.menu.look import checked
from handful.menu.master import CutPool, Master, Node, best_columns
from handful.menu.passes import Customers
from handful.menu.prices import as_points
from handful.menu.search import (
    Found,
    Menu,
    Rules,
    as_menu,
    best_of,
    finalists,
    improve,
    padded,
)
from handful.menu.sums import CutSums, SwapSums, ValueSums
from handful.menu.tree import Tree
from handful.notation import FloatArray, IntArray

BINDING = 0.03
"""Cuts whose multiplier reaches this in some group of some leaf are carried to more customers."""
TIED = 1e-9
"""Nets this close, as a share, may be equal: of two such menus that of smaller columns is named."""
STALLED_ROUNDS = 4
RESTING_ROUNDS = 2
PROGRESS = 0.2
"""A K rests once its bound moved by less than this share of its gap in that many rounds."""


@dataclass(frozen=True, slots=True)
class Warm:
    """What one level hands to the next.

    Attributes:
        menus: a menu per K.
        nodes: the branchings of each K's leaves.
        points: fractional menus at which cuts bind.
        leaders: columns that split customers into groups.
        finalists: menus that may be best: they are valued instead of searching from `menus`.
        resting: sizes whose bound had stopped moving: more customers will not change that.
    """

    menus: dict[int, Menu]
    nodes: dict[int, list[Node]]
    points: list[FloatArray]
    leaders: IntArray
    finalists: list[Menu] = field(default_factory=list)
    resting: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Proof:
    """The menu of one K with its bound.

    Attributes:
        found: best menu.
        bound: on the net value of any menu of K.
        proven_in: columns of every better menu.
        proven_out: columns of no better menu.
    """

    found: Found
    bound: float
    proven_in: Menu
    proven_out: Menu


class Level:
    """The search on one set of customers (a sample, or all)."""

    def __init__(
        self,
        customers: Customers,
        rules: Rules,
        warm: Warm,
        solved: frozenset[int] = frozenset(),
    ) -> None:
        self.customers, self.rules, self.leaders = customers, rules, warm.leaders
        self.pool = CutPool(len(rules.costs), len(warm.leaders))
        self.points: list[FloatArray] = []
        self.found: dict[int, Found] = {}
        shares = [indicator(menu, rules) for menu in warm.menus.values()]
        everything = (~rules.never).astype(np.float64)
        points = _distinct(warm.points or [everything, *shares])
        # One reading serves the column sums, the first swaps or the finalists, and the first cuts.
        searched = {} if warm.finalists else warm.menus
        start, rivals = padded(list(searched.values())), padded(warm.finalists)
        wanted = passes.request(start, rivals, as_points(points, self.leaders))
        reading = passes.read(customers, wanted)
        self.columns = checked(customers, reading.columns)
        self.ready = {start.tobytes(): reading.swaps}
        self.found = best_of(valued(rules, warm.finalists, reading.values))
        self.found |= improve(rules, searched, self.swaps)
        self._add(points, reading.cuts)
        likely = np.flatnonzero(np.max([*shares, *warm.points], axis=0) > 0)
        scale = max(abs(found.net) for found in self.found.values()) or 1.0
        # One offer alone needs no proof: the column sums give the best.
        self.trees: dict[int, Tree] = {
            k: Tree(
                Master(self.pool, rules, scale, likely),
                root(rules, k),
                warm.nodes.get(k, [root(rules, k)]),
            )
            for k in self.found
            if k > 1 and k not in solved
        }
        self.resting = warm.resting
        self.history: dict[int, list[float]] = {k: [] for k in self.trees}

    def swaps(self, menus: IntArray) -> SwapSums:
        """Pass over the customers for the local search, where it was not made already."""
        ready = self.ready.pop(menus.tobytes(), None)
        if ready is not None:
            return ready
        return passes.swap_sums(self.customers, menus)

    def tighten(self, gap: float, rounds: int) -> None:
        """Add cuts, all K in one pass per round, until every gap is closed or no K moves."""
        for _ in range(rounds):
            asked: list[FloatArray] = []
            for k, tree in self.trees.items():
                slack = gap * abs(self.found[k].net + self.rules.cost(self.found[k].menu))
                if tree.bound - self.found[k].net > slack and not self._rests(k):
                    asked += tree.ask(self.found[k], slack)
                    self.history[k].append(tree.bound - self.found[k].net)
            if not asked:
                break
            self._cut(_distinct(asked))
        uncounted = {k: found.menu for k, found in self.found.items() if not found.taken}
        if uncounted:
            self.try_menus(uncounted)

    def try_menus(self, menus: dict[int, Menu]) -> bool:
        """Search locally from other menus; return whether any K improved."""
        better = False
        for k, found in improve(self.rules, menus, self.swaps).items():
            known = self.found[k]
            tie = TIED * abs(known.net)
            better |= found.net > known.net + tie
            least = known.net + (tie if found.menu > known.menu else -tie)
            if found.menu == known.menu or found.net > least:
                self.found[k] = found
        return better

    def open(self, gap: float) -> list[int]:
        """Return the sizes whose gap is wider."""
        return [
            k
            for k, tree in self.trees.items()
            if tree.bound - self.found[k].net > gap * abs(self.found[k].net)
        ]

    def rounded(self) -> dict[int, Menu]:
        """Return the menu nearest to each K's fractional one, where it is not the best known."""
        menus = {}
        for k, tree in self.trees.items():
            leaf = tree.heap[0][2]
            if leaf.dual is not None:
                menus[k] = as_menu(best_columns(leaf.dual.menu, leaf.node))
        return {k: menu for k, menu in menus.items() if menu != self.found[k].menu}

    def menus(self) -> dict[int, Menu]:
        """Return the best menu of each K."""
        return {k: found.menu for k, found in self.found.items()}

    def finalists(self, rules: Rules, menus: dict[int, Menu]) -> list[Menu]:
        """Return the menus and those next to them, which may be best on more customers."""
        return finalists(rules, menus, self.swaps)

    def warm(self) -> Warm:
        """Return what a level of more customers should start from."""
        weight = np.zeros(len(self.points))
        for tree in self.trees.values():
            for leaf in tree.leaves:
                if leaf.dual is not None:
                    alpha = leaf.dual.alpha.max(axis=1)
                    weight[: len(alpha)] = np.maximum(weight[: len(alpha)], alpha)
        return Warm(
            self.menus(),
            {k: [leaf.node for leaf in tree.leaves] for k, tree in self.trees.items()},
            [self.points[t] for t in np.flatnonzero(weight >= BINDING)],
            self.leaders,
            resting=frozenset(k for k in self.trees if self._rests(k)),
        )

    def proof(self, k: int) -> Proof:
        """Return the menu, bound and fixed offers of one K."""
        found, tree = self.found[k], self.trees[k]
        proven_in, proven_out = fixed_offers(tree, found)
        return Proof(found, max(tree.bound, found.net), proven_in, proven_out)

    def _cut(self, points: list[FloatArray]) -> None:
        self._add(points, passes.cut_sums(self.customers, as_points(points, self.leaders)))

    def _add(self, points: list[FloatArray], cuts: CutSums) -> None:
        self.pool.add(cuts)
        self.points += points
        for point, constant, slope in zip(points, cuts.constant, cuts.slope, strict=True):
            # The cut at a menu is tight there, so its value comes with it.
            menu = as_menu(np.flatnonzero(point))
            if len(menu) in self.found and point.max() == point[list(menu)].min() == 1.0:
                value = float(constant.sum() + slope.sum(axis=0)[list(menu)].sum())
                candidate = Found(menu, value - self.rules.cost(menu))
                known = self.found[len(menu)]
                tie = TIED * abs(known.net)
                better = candidate.net > known.net + tie and candidate.menu != known.menu
                if better and allowed(menu, self.rules):
                    self.found[len(menu)] = candidate

    def _rests(self, k: int) -> bool:
        if k in self.resting and len(self.history[k]) >= RESTING_ROUNDS:
            return True
        history = self.history[k][-STALLED_ROUNDS - 1 :]
        if len(history) <= STALLED_ROUNDS or not np.isfinite(history[0]):
            return False
        return history[0] - history[-1] < PROGRESS * history[0]


def valued(rules: Rules, menus: list[Menu], sums: ValueSums) -> list[Found]:
    """Return menus with what they were found to be worth."""
    return [
        Found(menu, float(sums.value[row]) - rules.cost(menu), tuple(taken[: len(menu)].tolist()))
        for row, (menu, taken) in enumerate(zip(menus, sums.taken, strict=True))
    ]


def root(rules: Rules, offers: int) -> Node:
    """Return the node of all allowed menus of that many offers."""
    return Node(offers, rules.always, rules.never)


def indicator(menu: Menu, rules: Rules) -> FloatArray:
    """Return the menu as a point."""
    point = np.zeros(len(rules.costs))
    point[list(menu)] = 1.0
    return point


def allowed(menu: Menu, rules: Rules) -> bool:
    """Return whether the menu holds all forced offers and no excluded one."""
    chosen = set(menu)
    return chosen.issuperset(rules.forced) and not rules.never[list(menu)].any()


def fixed_offers(tree: Tree, found: Found) -> tuple[Menu, Menu]:
    """Return the columns that every better menu holds and those that none holds.

    Exchanging offer g into a leaf's bound changes it by its worth less that of the least chosen
    one; where the changed bound does not exceed the known net value in any leaf, g is ruled out
    (and likewise for taking a chosen offer out).
    """
    every, never = None, None
    for leaf in tree.leaves:
        if leaf.bound <= found.net:
            continue
        if leaf.dual is None:
            return (), ()
        worth, node = leaf.dual.worth, leaf.node
        chosen = np.zeros(len(worth), dtype=np.bool_)
        chosen[best_columns(worth, node)] = True
        free = ~node.held & ~node.barred
        least = worth[chosen & free].min(initial=np.inf)
        most = worth[~chosen & free].max(initial=-np.inf)
        entering = leaf.dual.bound + worth - least
        leaving = leaf.dual.bound - worth + most
        out = node.barred | (free & ~chosen & (entering <= found.net))
        inside = node.held | (free & chosen & (leaving <= found.net))
        every = inside if every is None else every & inside
        never = out if never is None else never & out
    if every is None or never is None:
        return (), ()
    return as_menu(np.flatnonzero(every)), as_menu(np.flatnonzero(never))


def _distinct(points: list[FloatArray]) -> list[FloatArray]:
    seen: dict[bytes, FloatArray] = {}
    for point in points:
        seen.setdefault(np.round(point, 6).tobytes(), point)
    return list(seen.values())

"""Branch and bound over the cut pool for one K: first cuts, then branches, never a claim untested.

Leaves partition the allowed menus. A leaf's bound is the program's, recomputed; it is lowered by
new cuts as long as they help and by branching on the most fractional offer afterwards. Leaves of
a tree grown on a sample start the tree on all customers: only their branchings are carried over,
never their bounds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from heapq import heappop, heappush

import numpy as np

from handful.menu.master import Dual, Master, Node, best_columns
from handful.menu.search import Found
from handful.notation import FloatArray

SOLVES_PER_ROUND = 20
CUTS_PER_ROUND = 4
HELPFUL = 0.2
"""A cut is worth another while it takes this share of what a leaf's bound exceeds the target by."""
INTEGRAL = 1e-6


@dataclass(frozen=True, slots=True)
class Leaf:
    """A set of menus that is not yet ruled out.

    Attributes:
        bound: on the net value of its menus.
        node: its branchings.
        asked: cuts made for it since it was branched.
        dual: the last solution; None before the first.
    """

    bound: float
    node: Node
    asked: int = 0
    dual: Dual | None = None


class Tree:
    """The leaves of one K, best bound first."""

    def __init__(self, master: Master, whole: Node, nodes: list[Node]) -> None:
        self.master = master
        self.born = 0
        self.heap: list[tuple[float, int, Leaf]] = []
        # One bound for all, so that a leaf that is never reached does not stay without any.
        bound = master.solve(whole).bound if len(nodes) > 1 else np.inf
        for node in nodes:
            self._push(Leaf(bound, node))

    @property
    def bound(self) -> float:
        """Bound on the net value of every allowed menu."""
        return -self.heap[0][0]

    @property
    def leaves(self) -> list[Leaf]:
        """All leaves."""
        return [leaf for _, _, leaf in self.heap]

    def ask(self, best: Found, slack: float) -> list[FloatArray]:
        """Lower the bound as far as the pool allows and return points at which to cut next.

        Args:
            best: the best menu known, for the in-out point and for pruning.
            slack: leaves within `slack` of its net value are left alone.

        Returns:
            Fractional menus; none when the whole tree is within `slack`.
        """
        target = best.net + slack
        asked: list[FloatArray] = []
        waiting: list[Leaf] = []
        for _ in range(SOLVES_PER_ROUND):
            if not self.heap or self.bound <= target or len(asked) >= CUTS_PER_ROUND:
                break
            before = heappop(self.heap)[2]
            dual = self.master.solve(before.node)
            leaf = replace(before, bound=min(before.bound, dual.bound), dual=dual)
            if leaf.bound <= target:
                waiting.append(leaf)
            elif _wants_cut(before, leaf, target):
                asked.append(_point(leaf.node, dual, best))
                waiting.append(replace(leaf, asked=leaf.asked + 1))
            else:
                for node in _branches(leaf.node, dual.menu):
                    self._push(Leaf(leaf.bound, node))
        for leaf in waiting:
            self._push(leaf)
        return asked

    def _push(self, leaf: Leaf) -> None:
        self.born += 1
        heappush(self.heap, (-leaf.bound, self.born, leaf))


def _wants_cut(before: Leaf, leaf: Leaf, target: float) -> bool:
    if leaf.asked == 0:
        return True
    if leaf.dual is None or not _fractional(leaf.node, leaf.dual.menu).any():
        return True
    return before.bound - leaf.bound >= HELPFUL * (before.bound - target)


def _fractional(node: Node, menu: FloatArray) -> FloatArray:
    """Return how far each free share is from 0 and 1, zero where it is neither."""
    distance = np.minimum(menu, 1.0 - menu)
    distance[node.held | node.barred | (distance < INTEGRAL)] = 0.0
    return distance


def _point(node: Node, dual: Dual, best: Found) -> FloatArray:
    """Return the in-out point: half way from a known menu to the program's solution."""
    if not _fractional(node, dual.menu).any():
        return np.round(dual.menu)
    centre = np.zeros(len(dual.menu))
    centre[list(best.menu)] = 1.0
    if (centre < node.held).any() or (centre > ~node.barred).any():
        centre[:] = 0.0
        centre[best_columns(dual.worth, node)] = 1.0
    return 0.5 * dual.menu + 0.5 * centre


def _branches(node: Node, menu: FloatArray) -> list[Node]:
    """Return the node without and with its most fractional offer, where a menu is left."""
    offer = int(np.argmax(_fractional(node, menu)))
    barred, held = node.barred.copy(), node.held.copy()
    barred[offer] = held[offer] = True
    branches = []
    if len(barred) - int(barred.sum()) >= node.offers:
        branches.append(replace(node, barred=barred))
    if int(held.sum()) <= node.offers:
        branches.append(replace(node, held=held))
    return branches

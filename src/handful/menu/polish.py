"""Menus off the grid: where each customer's profit is known between the grid's points too.

With P_i(t) = phi(t) . nodes_i the profit of a segment is phi(t) . (sum of its members' nodes), so
the segment's best point is found on q numbers, whatever its size. Assign, move every point to its
segment's best, repeat while it pays (Lloyd 1982); then, on a lattice, try the neighbours of every
point with everybody free to move. Points never leave the box, nor what is open to every group they
serve. A point is only ever moved to a better one: the grid's menu is the worst that can come out.

Cost O(n K q) a round and O(L q) a point, L points of the lattice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.notation import BoolArray, FloatArray, IntArray

ROUNDS: Final = 60
SWEEPS: Final = 10
BLOCK: Final = 128
LEAST_GAIN: Final = 1e-13
"""Gain of a round, as a share of the value, below which it counts as none."""

FIRST_LOOK: Final = {1: 65, 2: 17, 3: 9}
"""Points along each dial of the first look at a box, by the number of dials."""

ZOOMS: Final = 34
"""Halvings of the window around the best point: 65 points and 34 halvings reach 1e-12."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """The customers a menu is polished for.

    Attributes:
        nodes: (n, q) profit at the nodes.
        floor: (n,) worth of the menu's offers that stay as they are; -inf where there is none.
        fallback: (n,) worth of what a customer keeps where nothing of the menu is open.
        group: (n,) codes 0..S-1: what is open differs between groups only.
    """

    nodes: FloatArray
    floor: FloatArray
    fallback: FloatArray
    group: IntArray


@dataclass(frozen=True, slots=True)
class Lattice:
    """The points that may be offered.

    Attributes:
        phi: (L, q) weights of the nodes at each point.
        open: (S, L) True where a point may be offered to a group.
        shape: points along each dial, the last running fastest; their product is L.
    """

    phi: FloatArray
    open: BoolArray
    shape: tuple[int, ...]

    def around(self, point: int) -> IntArray:
        """Return the points one step away in any directions."""
        at = np.array(np.unravel_index(point, self.shape))
        steps = np.indices((3,) * len(self.shape)).reshape(len(self.shape), -1) - 1
        near = at[:, None] + steps
        inside = ((near >= 0) & (near < np.array(self.shape)[:, None])).all(axis=0)
        inside &= steps.any(axis=0)
        found: IntArray = np.ravel_multi_index(tuple(near[:, inside]), self.shape).astype(np.int64)
        return found


def polish_on_lattice(crowd: Crowd, lattice: Lattice, start: Sequence[int]) -> tuple[int, ...]:
    """Move the points of a menu over the lattice while the menu's worth grows.

    max over z_1..z_K of sum_i max(floor_i, max_k P_i(z_k))

    Args:
        crowd: the customers.
        lattice: the points.
        start: lattice numbers of the menu's points, each open to somebody.

    Returns:
        Lattice numbers in the order of `start`, worth at least as much.

    Cost: O(n K q) a round, O(L q) a point.

    Example:
        >>> crowd = Crowd(np.array([[0.0, 1.0], [1.0, 0.0]]), np.full(2, -np.inf), np.zeros(2),
        ...               np.zeros(2, dtype=np.int64))
        >>> line = Lattice(np.array([[1, 0], [0.5, 0.5], [0, 1.0]]), np.ones((1, 3), bool), (3,))
        >>> polish_on_lattice(crowd, line, (0, 1))
        (0, 2)
    """
    points = list(start)
    best = _worth(crowd, _columns(crowd, lattice, points))
    for _ in range(SWEEPS):
        settled = _lloyd(crowd, lattice, points)
        found = _worth(crowd, _columns(crowd, lattice, settled))
        if found > best:
            points, best = settled, found
        points, found = _step(crowd, lattice, points, best)
        if found <= best + LEAST_GAIN * abs(best):
            break
        best = found
    return tuple(points)


def menu_worth(crowd: Crowd, lattice: Lattice, points: Sequence[int]) -> float:
    """Return sum_i max(floor_i, max_k P_i(z_k)), the fallback where nothing is open."""
    return _worth(crowd, _columns(crowd, lattice, list(points)))


def _columns(crowd: Crowd, lattice: Lattice, points: Sequence[int] | IntArray) -> FloatArray:
    """Return (n, K) the worth of each point, -inf where it is closed."""
    values = crowd.nodes @ lattice.phi[points].T
    shown = lattice.open[:, points]
    return values if shown.all() else np.where(shown[crowd.group], values, -np.inf)


def _worth(crowd: Crowd, columns: FloatArray) -> float:
    top = np.maximum(crowd.floor, columns.max(axis=1, initial=-np.inf))
    return float(np.where(np.isneginf(top), crowd.fallback, top).sum())


def _lloyd(crowd: Crowd, lattice: Lattice, start: Sequence[int]) -> list[int]:
    points = list(start)
    before = -np.inf
    for _ in range(ROUNDS):
        columns = _columns(crowd, lattice, points)
        worth = _worth(crowd, columns)
        if worth <= before + LEAST_GAIN * abs(worth):
            break
        before = worth
        taken = np.where(columns.max(axis=1) > crowd.floor, columns.argmax(axis=1), -1)
        for k in range(len(points)):
            members = taken == k
            if members.any():
                groups = np.unique(crowd.group[members])
                score = lattice.phi @ crowd.nodes[members].sum(axis=0)
                score = np.where(lattice.open[groups].all(axis=0), score, -np.inf)
                points[k] = int(np.argmax(score))
    return points


def _step(
    crowd: Crowd, lattice: Lattice, points: list[int], worth: float
) -> tuple[list[int], float]:
    """Move one point at a time to its best neighbour, or anywhere if nobody takes it.

    Everybody chooses again after each move.
    """
    points = list(points)
    for k in range(len(points)):
        others = _columns(crowd, lattice, points[:k] + points[k + 1 :])
        rest = np.maximum(crowd.floor, others.max(axis=1, initial=-np.inf))
        idle = not np.any(_columns(crowd, lattice, [points[k]])[:, 0] > rest)
        near = np.flatnonzero(lattice.open.any(axis=0)) if idle else lattice.around(points[k])
        if not len(near):
            continue
        tried = np.concatenate(
            [
                _with_each(crowd, lattice, rest, near[at : at + BLOCK])
                for at in range(0, len(near), BLOCK)
            ]
        )
        if tried.max() > worth + LEAST_GAIN * abs(worth):
            points[k], worth = int(near[np.argmax(tried)]), float(tried.max())
    return points, worth


def _with_each(crowd: Crowd, lattice: Lattice, rest: FloatArray, near: IntArray) -> FloatArray:
    """Return the menu's worth with each of these points added to what the others give."""
    tried = np.maximum(_columns(crowd, lattice, near), rest[:, None])
    total: FloatArray = np.where(np.isneginf(tried), crowd.fallback[:, None], tried).sum(axis=0)
    return total


Phi = Callable[[FloatArray], FloatArray]
"""(m, d) points -> (m, q) weights of the nodes."""


def polish_in_box(
    nodes: FloatArray, phi: Phi, start: FloatArray, low: FloatArray, high: FloatArray
) -> tuple[FloatArray, float]:
    """Move the points of a menu anywhere in a box while the menu's worth grows.

    Args:
        nodes: (n, q) profit at the nodes.
        phi: weights of the nodes at any points.
        start: (K, d) points of the menu.
        low: (d,) least of the box.
        high: (d,) most of the box.

    Returns:
        The points and sum_i max_k P_i(t_k), no less than at the start.

    Cost: O(n K q) a round.

    Example:
        >>> curve = np.array([[0.0, 0.75, 1.0]])  # 2 t - t^2 at 0, 1/2 and 1
        >>> def phi(t):
        ...     return np.column_stack([(1 - t) * (1 - 2 * t), 4 * t * (1 - t), t * (2 * t - 1)])
        >>> polish_in_box(curve, phi, np.array([[0.2]]), np.zeros(1), np.ones(1))[0].round(6)
        array([[1.]])
    """
    points = np.array(start, dtype=np.float64)
    worth = -np.inf
    while True:
        columns = nodes @ phi(points).T
        found = float(columns.max(axis=1).sum())
        if found <= worth + LEAST_GAIN * abs(found):
            return points, found
        worth = found
        taken = columns.argmax(axis=1)
        for k in range(len(points)):
            total = nodes[taken == k].sum(axis=0)
            moved = best_in_box(total, phi, low, high)
            if phi(moved[None])[0] @ total > phi(points[k][None])[0] @ total:
                points[k] = moved


def best_in_box(total: FloatArray, phi: Phi, low: FloatArray, high: FloatArray) -> FloatArray:
    """Return the (d,) point of the box with the largest phi(t) . total, by ever closer looks.

    Cost: O(q) for each of some thousands of points, fewer on a line.
    """
    count = FIRST_LOOK[len(low)]
    best = _look(total, phi, [np.linspace(a, b, count) for a, b in zip(low, high, strict=True)])
    window = (high - low) / (count - 1)
    for _ in range(ZOOMS):
        sides = [
            np.clip(np.linspace(m - w, m + w, 5), a, b)
            for m, w, a, b in zip(best, window, low, high, strict=True)
        ]
        best = _look(total, phi, sides)
        window = window / 2.0
    return best


def _look(total: FloatArray, phi: Phi, sides: list[FloatArray]) -> FloatArray:
    points = np.stack([side.ravel() for side in np.meshgrid(*sides, indexing="ij")], axis=1)
    best: FloatArray = points[int(np.argmax(phi(points) @ total))]
    return best

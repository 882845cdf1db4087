"""Prices for limits by a primal-dual interior point method: the linear programme, solved exactly.

max sum p_ik x_ik over x >= 0 with sum_k x_ik = w_i and A x <= b, where breaking a limit costs
`dear` a unit, so that there is always a start inside and no price above that. Eliminating x and the
customers' own duals leaves one small system per step, as large as there are limits (Mehrotra 1992;
the elimination is that of generalised upper bounds). Cost O(steps n K m), some 20 steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.notation import FloatArray

MOST_STEPS: Final = 80
TOLERANCE: Final = 1e-10
STAY_INSIDE: Final = 0.995


@dataclass(frozen=True, slots=True)
class Programme:
    """The linear programme in units of its own.

    Attributes:
        gain: (n, K) value of each cell.
        free: (n, K) 1.0 where a cell is open, else 0.0.
        weight: (n,) customers that a row stands for.
        use: (m, n, K) what a customer in each cell uses of each limit; 0 in closed cells.
        bound: (m,) most that may be used.
        dear: money a unit that breaking a limit costs.
    """

    gain: FloatArray
    free: FloatArray
    weight: FloatArray
    use: FloatArray
    bound: FloatArray
    dear: float


@dataclass(frozen=True, slots=True)
class Solved:
    """Shares of each row's customers (n, K), prices (m,), and how far each limit is broken (m,)."""

    share: FloatArray
    price: FloatArray
    broken: FloatArray


@dataclass(frozen=True, slots=True)
class _Point:
    """A point inside: shares x with reduced costs z, slack and excess of limits, prices.

    `rest` is what a price lacks of being dear, kept on its own: their difference would cancel.
    """

    x: FloatArray
    z: FloatArray
    slack: FloatArray
    excess: FloatArray
    price: FloatArray
    rest: FloatArray


@dataclass(frozen=True, slots=True)
class _System:
    """The eliminated system at a point: D = x / z, its row sums, A D E' and the matrix."""

    ratio: FloatArray
    total: FloatArray
    summed: FloatArray
    matrix: FloatArray


def solve_programme(task: Programme) -> Solved:
    """Solve the programme to a relative duality gap of 1e-10.

    Cost: O(steps n K m), some 20 steps.

    Example:
        >>> task = Programme(np.array([[0.0, 1.0], [0.0, 3.0]]), np.ones((2, 2)), np.ones(2),
        ...                  np.array([[[0.0, 1.0], [0.0, 1.0]]]), np.ones(1), 100.0)
        >>> solved = solve_programme(task)
        >>> solved.share.round(3).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    point = _start(task)
    scale = float(task.weight.sum())
    pairs = float(task.free.sum()) + 2 * len(task.bound)
    for _ in range(MOST_STEPS):
        gap = _gap(point)
        if gap <= TOLERANCE * scale:
            break
        system = _system(task, point)
        aim = np.zeros_like(point.x), np.zeros_like(point.slack), np.zeros_like(point.slack)
        guess = _direction(task, point, system, aim)
        mean = gap / pairs
        reached = _gap(_move(point, guess, 1.0)) / pairs
        centre = (reached / mean) ** 3 * mean
        aim = (
            centre - guess.x * guess.z,
            centre - guess.slack * guess.price,
            centre - guess.excess * guess.rest,
        )
        ahead = _move(point, _direction(task, point, system, aim), STAY_INSIDE)
        if not np.isfinite(_gap(ahead)):
            break
        point = ahead
    return Solved(point.x, point.price, point.excess)


def _start(task: Programme) -> _Point:
    """Share every row evenly; take slack, excess and price so that each limit holds."""
    x = task.free * (task.weight / task.free.sum(axis=1))[:, None]
    left = task.bound - _used(task, x)
    middle = float(np.mean(np.abs(left))) + float(task.weight.mean())
    # slack - excess = left, both at least `middle`.
    slack, excess = np.maximum(left, 0.0) + middle, np.maximum(-left, 0.0) + middle
    price = np.minimum(np.ones_like(slack), task.dear / 2)
    cost = _costs(task, price)
    floor = np.where(task.free > 0, cost, np.inf).min(axis=1, keepdims=True)
    z = np.where(task.free > 0, cost - floor + 1.0, 1.0)
    return _Point(x, z, slack, excess, price, task.dear - price)


def _used(task: Programme, x: FloatArray) -> FloatArray:
    used: FloatArray = task.use.reshape(len(task.use), -1) @ x.ravel()
    return used


def _costs(task: Programme, price: FloatArray) -> FloatArray:
    """Return A' lambda - p, (n, K)."""
    return np.tensordot(price, task.use, 1) - task.gain


def _gap(point: _Point) -> float:
    """Return sum xz + slack price + excess rest: the duality gap, both sides being inside."""
    cells = float(np.vdot(point.x, point.z))
    return cells + float(point.slack @ point.price + point.excess @ point.rest)


def _system(task: Programme, point: _Point) -> _System:
    limits = len(task.bound)
    ratio = point.x / point.z
    total = ratio.sum(axis=1)
    summed = np.einsum("cnk,nk->cn", task.use, ratio)
    # About each row's own mean: a difference of large sums would not stay positive.
    centred = task.use - (summed / total)[:, :, None]
    matrix = (centred * ratio).reshape(limits, -1) @ centred.reshape(limits, -1).T
    own = point.slack / point.price + point.excess / point.rest
    matrix[np.diag_indices(limits)] += own
    return _System(ratio, total, summed, matrix)


def _direction(
    task: Programme,
    point: _Point,
    system: _System,
    aim: tuple[FloatArray, FloatArray, FloatArray],
) -> _Point:
    """Solve for the step that takes every complementary product to its aim."""
    cells = np.where(task.free > 0, aim[0] / point.z - point.x, 0.0)
    slack = aim[1] / point.price - point.slack
    excess = aim[2] / point.rest - point.excess
    by_row = cells.sum(axis=1)
    right = _used(task, cells) - system.summed @ (by_row / system.total) + slack - excess
    price = _solve(system.matrix, right)
    own = (price @ system.summed - by_row) / system.total
    z = np.tensordot(price, task.use, 1) - own[:, None]
    return _Point(
        x=cells - system.ratio * z,
        z=np.where(task.free > 0, z, 0.0),
        slack=slack - point.slack / point.price * price,
        excess=excess + point.excess / point.rest * price,
        price=price,
        rest=-price,
    )


def _solve(matrix: FloatArray, right: FloatArray) -> FloatArray:
    """Solve the small system in units where its diagonal is 1; both sides of an equality share."""
    unit = 1.0 / np.sqrt(np.diag(matrix))
    found = np.linalg.lstsq(matrix * np.outer(unit, unit), right * unit, rcond=1e-15)[0]
    solved: FloatArray = found * unit
    return solved


def _move(point: _Point, step: _Point, inside: float) -> _Point:
    """Go as far along the step as everything stays positive, times `inside`."""
    primal = inside * min(
        _longest(point.x, step.x),
        _longest(point.slack, step.slack),
        _longest(point.excess, step.excess),
        1.0 / inside,
    )
    dual = inside * min(
        _longest(point.z, step.z),
        _longest(point.price, step.price),
        _longest(point.rest, step.rest),
        1.0 / inside,
    )
    return _Point(
        x=point.x + primal * step.x,
        z=point.z + dual * step.z,
        slack=point.slack + primal * step.slack,
        excess=point.excess + primal * step.excess,
        price=point.price + dual * step.price,
        rest=point.rest + dual * step.rest,
    )


def _longest(at: FloatArray, step: FloatArray) -> float:
    """Return the longest step that keeps `at` from falling below zero."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        reach = np.where(step < 0, -at / step, np.inf)
    return float(reach.min(initial=np.inf))

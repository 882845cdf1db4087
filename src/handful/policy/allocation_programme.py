"""From a problem with limits to a linear programme: like customers merged, units taken out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.notation import FloatArray, IntArray
from handful.policy.allocation_records import Problem, coefficients
from handful.policy.interior import Programme, solve_programme

DEAR: Final = (20.0, 1e3, 1e5)
"""What breaking a limit costs, in spreads of value per typical use: raised while one is broken."""
SAME: Final = 1e-9
"""Values closer than this share of their spread are the same: like customers merge into a type."""
NO_PRICE: Final = 1e-8
"""A price below this many spreads of value per typical use is none."""
WORTH_MERGING: Final = 0.7


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The programme's optimum: shares need not be whole.

    Attributes:
        share: (t, K) customers of each type who get each offer.
        kind: (n,) type of each customer.
        prices: (m,) money per unit of each limit; see `Allocation`.
        broken: (m,) how far each limit is broken, in its own unit: above 0 where they conflict.
    """

    share: FloatArray
    kind: IntArray
    prices: FloatArray
    broken: FloatArray


def relax(problem: Problem, *, dear: tuple[float, ...] = DEAR) -> Relaxed:
    """Solve the linear programme of a problem, a limit broken only where it must be.

    Args:
        problem: any number of customers that fits in memory once per limit.
        dear: what breaking a limit costs; the next is tried while one is broken.

    Cost: O(steps n K m).

    Example:
        >>> from handful.policy.allocation_records import Limit
        >>> values = np.array([[0.0, 1.0], [0.0, 3.0]])
        >>> relaxed = relax(Problem(values, None, (Limit("mail", high=1.0, offers=(1,)),)))
        >>> bool(1.0 <= relaxed.prices[0] <= 3.0)
        True
    """
    first, kind, weight = merge(problem)
    merged = problem if len(first) == len(kind) else problem.take(first)
    spread = value_spread(merged)
    sides = _sides(merged)
    for penalty in dear:
        solved = solve_programme(_programme(merged, weight, sides, spread, penalty))
        broken = solved.broken * sides.unit
        if (broken <= 1e-7 * (1.0 + np.abs(sides.bound))).all():
            break
    prices, broken_limits = np.zeros(len(problem.limits)), np.zeros(len(problem.limits))
    money = solved.price * spread / sides.unit
    # What is left of a price that should be 0 is worth less than the certificate can tell.
    money[solved.price < NO_PRICE] = 0.0
    np.add.at(prices, sides.limit, sides.sign * money)
    np.add.at(broken_limits, sides.limit, broken)
    return Relaxed(solved.share, kind, prices, broken_limits)


def value_spread(problem: Problem) -> float:
    """Return the largest difference that the offer makes to one customer, 1 where it makes none."""
    values, cells = problem.values, problem.open_cells
    best = values.max(axis=1, initial=-np.inf, where=True if cells is None else cells)
    worst = values.min(axis=1, initial=np.inf, where=True if cells is None else cells)
    return float((best - worst).max(initial=0.0)) or 1.0


def merge(problem: Problem) -> tuple[IntArray, IntArray, FloatArray]:
    """Merge customers who are alike in everything that matters here.

    Returns:
        First customer of each type, type of each customer, customers of each type.

    Cost: O(n (K m + log n)).
    """
    n = len(problem.values)
    key = _keys(problem)
    _, first, kind, count = np.unique(
        key, return_index=True, return_inverse=True, return_counts=True
    )
    if len(first) > WORTH_MERGING * n:
        everybody = np.arange(n)
        return everybody, everybody, np.ones(n)
    return first, kind.astype(np.int64), count.astype(np.float64)


def _keys(problem: Problem) -> IntArray:
    """Hash each customer's values over their best, uses and groups, rounded, into one number."""
    values = problem.values
    columns = [values.max(axis=1)[:, None] - values]
    steps = [SAME * value_spread(problem)]
    for limit in problem.limits:
        if limit.amounts is not None and len(limit.amounts) > 1:
            columns.append(limit.amounts)
            steps.append(SAME * float(np.abs(limit.amounts).max(initial=0.0)) or 1.0)
        if limit.rows is not None:
            columns.append(limit.rows[:, None])
            steps.append(1.0)
    if problem.open_cells is not None:
        columns.append(problem.open_cells)
        steps.append(1.0)
    key = np.zeros(len(values), dtype=np.uint64)
    odd = np.random.default_rng(0)
    for block, step in zip(columns, steps, strict=True):
        for column in block.T:
            whole = np.rint(np.clip(column / step, -9e18, 9e18)).astype(np.int64)
            mixed = (key ^ whole.view(np.uint64)) * (odd.integers(1 << 62, dtype=np.uint64) * 2 + 1)
            key = mixed ^ (mixed >> np.uint64(29))
    return key.view(np.int64)


@dataclass(frozen=True, slots=True)
class _Sides:
    """The limits' sides, one row for each that is bounded, all as "at most".

    Attributes:
        limit: (m,) position of the limit.
        sign: (m,) 1 for `high`, -1 for `low`.
        use: (m, n, K) signed use of each cell; 0 in closed cells.
        unit: (m,) typical size of what a cell uses; 1 where it uses nothing.
        bound: (m,) signed bound.
    """

    limit: IntArray
    sign: FloatArray
    use: FloatArray
    unit: FloatArray
    bound: FloatArray


def _sides(problem: Problem) -> _Sides:
    shape = problem.values.shape
    cells = True if problem.open_cells is None else problem.open_cells
    found = [
        (c, sign, sign * bound)
        for c, limit in enumerate(problem.limits)
        for sign, bound in ((1.0, limit.high), (-1.0, limit.low))
        if np.isfinite(bound)
    ]
    use = np.array(
        [s * np.where(cells, coefficients(problem.limits[c], shape), 0.0) for c, s, _ in found]
    ).reshape(len(found), *shape)
    size, count = np.abs(use).sum(axis=(1, 2)), np.count_nonzero(use, axis=(1, 2))
    return _Sides(
        limit=np.array([c for c, _, _ in found], dtype=np.int64),
        sign=np.array([sign for _, sign, _ in found]),
        use=use,
        unit=np.where(size > 0, size / np.maximum(count, 1), 1.0),
        bound=np.array([bound for _, _, bound in found]),
    )


def _programme(
    problem: Problem, weight: FloatArray, sides: _Sides, spread: float, dear: float
) -> Programme:
    free = np.ones(problem.values.shape)
    if problem.open_cells is not None:
        free = problem.open_cells.astype(np.float64)
    best = np.where(free > 0, problem.values, -np.inf).max(axis=1, keepdims=True)
    gain = np.where(free > 0, problem.values - best, 0.0) / spread
    use = sides.use / sides.unit[:, None, None]
    return Programme(gain, free, weight, use, sides.bound / sides.unit, dear)

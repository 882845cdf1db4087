"""The passes over one block of customers in plain numpy, for where nothing was compiled.

A block is (b, G), -inf marks a masked cell and counts as 0; menus are rows of column numbers
padded with -1.
"""

from __future__ import annotations

import numpy as np

from handful.kernels.menu import Request
from handful.menu.prices import Points
from handful.menu.sums import ColumnSums, CutSums, Reading, SwapSums, ValueSums
from handful.notation import AnyFloatArray, FloatArray, IntArray


def read(block: AnyFloatArray, weights: FloatArray | None, request: Request) -> Reading:
    """Return everything that is asked for of one block; cost the sum of its parts."""
    return Reading(
        scan(block, weights),
        swap(block, weights, request.swapped),
        value(block, weights, request.valued),
        cut(block, weights, request.points),
    )


def scan(block: AnyFloatArray, weights: FloatArray | None) -> ColumnSums:
    """Return the column sums of one block; cost O(b G)."""
    cells, weight = _clean(block, weights)
    masked = int(np.count_nonzero(np.isneginf(block)))
    return ColumnSums(weight @ cells, float(weight.sum()), masked, len(block))


def swap(block: AnyFloatArray, weights: FloatArray | None, menus: IntArray) -> SwapSums:
    """Return the swap sums of each menu over one block; cost O(b M K G) through BLAS."""
    cells, weight = _clean(block, weights)
    (m, k), g = menus.shape, block.shape[1]
    value, taken, loss = np.zeros(m), np.zeros((m, k)), np.zeros((m, k))
    inside, removed = np.zeros((m, k, g)), np.zeros((m, k, g))
    for row in range(m):
        members = menus[row][menus[row] >= 0]
        place, first, second = best_two(cells, members)
        mine = np.zeros((len(cells), k))
        mine[np.arange(len(cells)), place] = weight
        value[row] = weight @ first
        taken[row] = mine.sum(axis=0)
        loss[row] = (first - second) @ mine
        inside[row] = mine.T @ np.maximum(cells - first[:, None], 0.0)
        if len(members) > 1:
            removed[row] = mine.T @ np.maximum(cells - second[:, None], 0.0)
    return SwapSums(value, taken, loss, inside, removed)


def value(block: AnyFloatArray, weights: FloatArray | None, menus: IntArray) -> ValueSums:
    """Return what each menu is worth over one block; cost O(b M K)."""
    cells, weight = _clean(block, weights)
    worth, taken = np.zeros(len(menus)), np.zeros(menus.shape)
    for row, menu in enumerate(menus):
        place, first, _ = best_two(cells, menu[menu >= 0])
        worth[row] = weight @ first
        taken[row] = np.bincount(place, weight, menus.shape[1])
    return ValueSums(worth, taken)


def cut(block: AnyFloatArray, weights: FloatArray | None, points: Points) -> CutSums:
    """Return the cut of each point over one block; cost O(b T (s log s + C G))."""
    cells, weight = _clean(block, weights)
    groups, count = len(points.leaders), len(points.begin) - 1
    if not count:
        return CutSums(np.zeros((0, groups)), np.zeros((0, groups, block.shape[1])))
    mine = np.zeros((len(cells), groups))
    mine[np.arange(len(cells)), cells[:, points.leaders].argmax(axis=1)] = weight
    constant, slope = np.zeros((count, groups)), np.zeros((count, groups, block.shape[1]))
    for point in range(count):
        support = slice(points.begin[point], points.begin[point + 1])
        price = critical_price(cells[:, points.columns[support]], points.shares[support])
        constant[point] = price @ mine
        slope[point] = mine.T @ np.maximum(cells - price[:, None], 0.0)
    return CutSums(constant, slope)


def best_two(cells: FloatArray, members: IntArray) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return each customer's best place in the menu, its value and the second-best value.

    Ties go to the first place. With a single member the second-best value is the best one.
    """
    values = cells[:, members]
    place = values.argmax(axis=1)
    rows = np.arange(len(cells))
    first = values[rows, place]
    if len(members) == 1:
        return place, first, first
    others = values.copy()
    others[rows, place] = -np.inf
    return place, first, others.max(axis=1)


def critical_price(values: FloatArray, shares: FloatArray) -> FloatArray:
    """Return each row's largest value v with the shares of the values >= v summing to 1."""
    order = np.argsort(-values, axis=1, kind="stable")
    reached = np.cumsum(shares[order], axis=1) >= 1 - 1e-5
    reached[:, -1] = True
    first = reached.argmax(axis=1)
    rows = np.arange(len(values))
    price: FloatArray = values[rows, order[rows, first]]
    return price


def _clean(block: AnyFloatArray, weights: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    cells = block.astype(np.float64)
    cells[np.isneginf(cells)] = 0.0
    return cells, np.ones(len(block)) if weights is None else weights

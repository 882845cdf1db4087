"""The passes over one block of customers in plain numpy.

A block is (b, G) float64 with weights (b,); menus are rows of column numbers padded with -1.
"""

from __future__ import annotations

import numpy as np

from handful.menu.sums import SwapSums
from handful.notation import FloatArray, IntArray


def swap_sums(block: FloatArray, weights: FloatArray, menus: IntArray) -> SwapSums:
    """Return the swap sums of each menu over one block; cost O(b M K G) through BLAS."""
    m, k = menus.shape
    g = block.shape[1]
    value, loss = np.zeros(m), np.zeros((m, k))
    inside, removed = np.zeros((m, k, g)), np.zeros((m, k, g))
    for row in range(m):
        members = menus[row][menus[row] >= 0]
        place, first, second = best_two(block, members)
        mine = np.zeros((len(block), k))
        mine[np.arange(len(block)), place] = weights
        value[row] = weights @ first
        loss[row] = (first - second) @ mine
        inside[row] = mine.T @ np.maximum(block - first[:, None], 0.0)
        removed[row] = mine.T @ np.maximum(block - second[:, None], 0.0)
    return SwapSums(value, loss, inside, removed)


def best_two(block: FloatArray, members: IntArray) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return each customer's best place in the menu, its value and the second-best value.

    Ties go to the first place. With a single member the second-best value is the best one.
    """
    values = block[:, members]
    place = values.argmax(axis=1)
    rows = np.arange(len(block))
    first = values[rows, place]
    if len(members) == 1:
        return place, first, first
    others = values.copy()
    others[rows, place] = -np.inf
    return place, first, others.max(axis=1)

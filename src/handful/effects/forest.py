"""Walk boosted trees for a block of customers: compiled where the kernels were built, else numpy.

Both add each tree's leaf to the running sum in tree order, so both give the same bits.
"""

from __future__ import annotations

import numpy as np

from handful import kernels
from handful.effects.records import Forest
from handful.notation import BoolArray, Float32Array, FloatArray, IntArray


def add_forest(
    forest: Forest, values: FloatArray, categorical: BoolArray, profit: FloatArray
) -> None:
    """Add sum_trees leaf_g(x) to the predicted profit of every offer, in place and in tree order.

    Args:
        forest: T trees in flat arrays.
        values: (m, p) numbers and level codes, NaN where missing.
        categorical: (p,) True where a feature is a category.
        profit: (m, G) money per customer, row-major, changed in place.

    Cost O(m T (depth + G)).

    Example:
        >>> leaf = np.zeros(1, dtype=np.int64)
        >>> stump = Forest(leaf, leaf - 1, np.zeros(1, np.float32), leaf, leaf,
        ...                np.zeros(1, np.bool_), np.array([[2.5]]))
        >>> profit = np.zeros((1, 1))
        >>> add_forest(stump, np.zeros((1, 1)), np.zeros(1, np.bool_), profit)
        >>> profit.item()
        2.5
    """
    if not kernels.available():
        walk_forest(forest, values, categorical, profit)
        return
    kernels.score_forest(
        values,
        forest.roots,
        forest.feature,
        forest.threshold,
        forest.left,
        forest.right,
        forest.missing_left,
        forest.leaves,
        categorical,
        profit,
    )


def walk_forest(
    forest: Forest, values: FloatArray, categorical: BoolArray, profit: FloatArray
) -> None:
    """Do what `add_forest` does in numpy alone, one level of one tree at a time.

    Args, result and cost as for `add_forest`.

    Example:
        >>> leaf = np.zeros(1, dtype=np.int64)
        >>> stump = Forest(leaf, leaf - 1, np.zeros(1, np.float32), leaf, leaf,
        ...                np.zeros(1, np.bool_), np.array([[2.5]]))
        >>> profit = np.zeros((1, 1))
        >>> walk_forest(stump, np.zeros((1, 1)), np.zeros(1, np.bool_), profit)
        >>> profit.item()
        2.5
    """
    # A number beyond the range of float32 becomes infinite, which is on the right side of any
    # threshold: every other reader rounds in the same way.
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    rows = np.arange(values.shape[0])
    for root in forest.roots:
        node = np.full(values.shape[0], root, dtype=np.int64)
        walking = rows[forest.feature[node] >= 0]
        while walking.size:
            at = node[walking]
            node[walking] = _step(forest, at, single[walking, forest.feature[at]], categorical)
            walking = walking[forest.feature[node[walking]] >= 0]
        profit += forest.leaves[forest.left[node]]


def _step(forest: Forest, at: IntArray, values: Float32Array, categorical: BoolArray) -> IntArray:
    """Return the child that each value goes to from its node."""
    threshold = forest.threshold[at]
    goes_left = np.where(categorical[forest.feature[at]], values == threshold, values < threshold)
    goes_left = np.where(np.isnan(values), forest.missing_left[at], goes_left)
    children: IntArray = np.where(goes_left, forest.left[at], forest.right[at])
    return children

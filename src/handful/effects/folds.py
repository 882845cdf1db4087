"""Folds by cluster: everybody of a household, shop or customer is in the same fold."""

from __future__ import annotations

import numpy as np

from handful.notation import IntArray


def make_folds(cluster: IntArray, folds: int, rng: np.random.Generator) -> IntArray:
    """Deal clusters into folds at random, as evenly as can be.

    Args:
        cluster: (n,) codes 0..C-1.
        folds: number of folds, at least 2.
        rng: source of the shuffle.

    Returns:
        (n,) fold numbers 0..folds-1.

    Cost: O(n + C).

    Example:
        >>> bool((np.diff(make_folds(np.array([0, 0, 1, 1]), 2, np.random.default_rng(0))) != 0)[1])
        True
    """
    count = int(cluster.max()) + 1
    dealt = np.arange(count) % folds
    rng.shuffle(dealt)
    fold: IntArray = dealt[cluster].astype(np.int64)
    return fold

"""Folds by cluster: everybody of a household, shop or customer is in the same fold."""

from __future__ import annotations

from typing import Final

import numpy as np

from handful.errors import BriefError, blocked
from handful.notation import IntArray

LEAST_FOLDS: Final = 4
"""A world leaves two folds out, predicts a third, and chooses its penalties on a fourth."""


def count_folds(cluster: IntArray, asked: int) -> int:
    """Return how many folds to make: as many as asked for, or one per cluster if they are fewer.

    Raises:
        BriefError: E504 fewer than 4 folds or 4 clusters.

    Example:
        >>> count_folds(np.arange(100), 5)
        5
    """
    clusters = int(cluster.max()) + 1
    folds = min(asked, clusters)
    if folds < LEAST_FOLDS:
        raise BriefError(
            blocked(
                "E504",
                f"expected {LEAST_FOLDS} folds and as many clusters, or more; found "
                f"evidence.folds = {asked} and {clusters} clusters.",
                "Ask for 5 folds; with fewer clusters than that, randomise more of them.",
            )
        )
    return folds


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

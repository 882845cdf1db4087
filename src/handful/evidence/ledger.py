"""The ledger: for every policy a column of held-out scores, one entry per row of the log.

V(pi) = mean_i Gamma_{i, pi(x_i)}. Columns of several splits of the log are averaged entry by entry
(influence functions averaged), then summed within clusters; the covariance of all means follows,
and with it every paired difference. Cost O(n M + C M^2) for M columns and C clusters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handful.notation import FloatArray, IntArray

BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class Ledger:
    """Columns of scores by name: `columns[name]` is (n,), averaged over `splits` splits."""

    columns: dict[str, FloatArray]
    splits: int = 0


@dataclass(frozen=True, slots=True)
class Means:
    """Means of all columns, their covariance, and the number of clusters behind them."""

    names: tuple[str, ...]
    value: FloatArray
    covariance: FloatArray
    clusters: int

    def at(self, name: str) -> int:
        """Return the position of a column."""
        return self.names.index(name)


def add_split(ledger: Ledger, columns: dict[str, FloatArray]) -> Ledger:
    """Average one more split into the ledger.

    Cost: O(n M).
    """
    if not ledger.splits:
        return Ledger(columns, 1)
    count = ledger.splits
    mixed = {
        name: (ledger.columns[name] * count + column) / (count + 1)
        for name, column in columns.items()
        if name in ledger.columns  # a menu size that limits rule out in one split is left out
    }
    return Ledger(mixed, count + 1)


def means(ledger: Ledger, cluster: IntArray) -> Means:
    """Return the mean of every column and their cluster-robust covariance.

    Cov = C / (C - 1) / n^2 sum_c (sum_{i in c} d_i)(sum_{i in c} d_i)', d_i the deviations of the
    columns from their means.

    Cost: O(n M + C M^2).
    """
    names = tuple(ledger.columns)
    n = len(cluster)
    count = int(cluster.max()) + 1
    value = np.array([float(ledger.columns[name].mean()) for name in names])
    sums = np.empty((count, len(names)))
    for at, name in enumerate(names):
        sums[:, at] = np.bincount(cluster, ledger.columns[name] - value[at], minlength=count)
    total = np.zeros((len(names), len(names)))
    for start in range(0, count, BLOCK):
        block = sums[start : start + BLOCK]
        total += block.T @ block
    factor = count / max(count - 1, 1) / n**2
    return Means(names, value, total * factor, count)

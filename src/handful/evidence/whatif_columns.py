"""The ledger's columns written again from what was kept, for policies that the plan did not value.

A column is (1 / R) sum over R splits of Gamma_{i, pi(x_i)}, summed within clusters; covariances
follow as in the ledger. Single precision throughout. Cost O(n K) a column, O(C M^2) for the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.evidence.ledger import BLOCK, Means
from handful.evidence.names import BEST_SINGLE
from handful.evidence.verdict import AS_LOGGED, LEAST_CLUSTERS
from handful.evidence.whatif_keep import small_codes
from handful.evidence.whatif_records import SmallArray
from handful.experiment.records import Experiment
from handful.notation import AnyFloatArray, BoolArray, Float32Array, FloatArray, IntArray
from handful.policy.policy import assign_codes

FEW_ROWS: Final = 20_000
"""Rows looked through first for clusters that tell two policies apart."""


@dataclass(frozen=True, slots=True)
class Half:
    """One split as columns are written from it.

    Attributes:
        folds: row numbers of each fold.
        predicted: (G, n) P.
        missed: (n,) (y - P_t) / e_t.
        cut: (n,) what winsorising takes from `missed`; None without a heavy tail.
    """

    folds: tuple[IntArray, ...]
    predicted: Float32Array
    missed: Float32Array
    cut: Float32Array | None


@dataclass(frozen=True, slots=True)
class Table:
    """The log as columns are written from it.

    Attributes:
        log: offers, clusters, open cells.
        cells: (n, G) open cells; None where all are open.
        fallback: (n,) codes.
        halves: one per split.
        alone: whether every row is a cluster of its own, in order.
    """

    log: Experiment
    cells: BoolArray | None
    fallback: IntArray
    halves: tuple[Half, ...]
    alone: bool


@dataclass(frozen=True, slots=True)
class Column:
    """A policy's column.

    Attributes:
        value: mean; `clipped` with the profit winsorised.
        sums: (C,) deviations from the mean, summed within clusters.
        codes: (n,) offers given in the first split; None for the log's own mix.
    """

    value: float
    clipped: float
    sums: Float32Array
    codes: SmallArray | None


def make_half(
    log: Experiment,
    fold: SmallArray,
    predicted: Float32Array,
    limits: tuple[float, float] | None,
) -> Half:
    """Return a split ready for columns.

    Args:
        log: realised profit, offers received and their probabilities.
        fold: (n,) folds.
        predicted: (G, n).
        limits: that a heavy tail is winsorised to.

    Cost: O(n).
    """
    rows = np.arange(log.n_rows)
    missed = (log.profit - predicted[log.offer, rows]) / log.design.received
    cut = None
    if limits is not None:
        cut = ((log.profit - np.clip(log.profit, *limits)) / log.design.received).astype(np.float32)
    count = int(fold.max()) + 1
    folds = tuple(np.flatnonzero(fold == j) for j in range(count))
    return Half(folds, predicted, missed.astype(np.float32), cut)


def menu_column(table: Table, menus: Sequence[Sequence[tuple[int, ...]]]) -> Column:
    """Return the column of a menu that every world chose for its fold.

    Args:
        table: the log.
        menus: for every split, for every fold, offer codes.

    Cost: O(R n K).
    """
    return write_column(
        table, [menu_given(table, half, own) for half, own in zip(table.halves, menus, strict=True)]
    )


def menu_given(table: Table, half: Half, menus: Sequence[tuple[int, ...]]) -> IntArray:
    """Return (n,) what each row gets from the menu of its fold, by predictions without the fold.

    Cost: O(n K).
    """
    given = np.empty(table.log.n_rows, np.int64)
    for mine, menu in zip(half.folds, menus, strict=True):
        cells = None if table.cells is None else table.cells[mine]
        if len(menu) == 1 and cells is None:
            given[mine] = menu[0]
            continue
        place = np.array(menu)
        if cells is None:
            given[mine] = place[best_place([half.predicted[g][mine] for g in menu])]
            continue
        values = half.predicted[place[:, None], mine].T
        found = assign_codes(values, range(len(menu)), cells[:, place], -1)
        given[mine] = np.where(found >= 0, place[found], table.fallback[mine])
    return given


def best_place(columns: Sequence[Float32Array]) -> IntArray:
    """Return the place of the largest value of each row, ties to the first.

    Cost: O(n K), in single precision.

    Example:
        >>> best_place([np.float32([1, 2]), np.float32([1, 3])]).tolist()
        [0, 1]
    """
    best = columns[0].copy()
    place = np.zeros(len(best), dtype=np.int8)
    for k, column in enumerate(columns[1:], 1):
        np.putmask(place, column > best, np.int8(k))
        np.maximum(best, column, out=best)
    return place.astype(np.int64)


def write_column(table: Table, given: Sequence[IntArray]) -> Column:
    """Return the column of a policy from what it gives in every split; closed offers fall back.

    Cost: O(R n).
    """
    log, rows = table.log, np.arange(table.log.n_rows)
    total = np.zeros(log.n_rows, dtype=np.float32)
    cut = 0.0
    kept = None
    for half, codes in zip(table.halves, given, strict=True):
        if table.cells is not None:
            codes = np.where(table.cells[rows, codes], codes, table.fallback)
        kept = small_codes(codes, log.n_offers) if kept is None else kept
        received = codes == log.offer
        if codes.strides == (0,):  # one offer for everybody, broadcast
            total += half.predicted[codes[0]]
        else:
            total += half.predicted.reshape(-1).take(codes * log.n_rows + rows)
        total += half.missed * received
        if half.cut is not None:
            cut += float(half.cut[received].sum(dtype=np.float64)) / log.n_rows
    total /= len(table.halves)
    value = float(total.mean(dtype=np.float64))
    return Column(value, value - cut / len(table.halves), _cluster_sums(table, total, value), kept)


def logged_column(table: Table) -> Column:
    """Return the column of what really happened: the log's own mix of offers.

    Cost: O(n).
    """
    profit = table.log.profit
    value = float(profit.mean())
    return Column(value, value, _cluster_sums(table, profit, value), None)


def _cluster_sums(table: Table, column: AnyFloatArray, mean: float) -> Float32Array:
    if table.alone:
        return (column - column.dtype.type(mean)).astype(np.float32, copy=False)
    return np.bincount(table.log.cluster, column - mean).astype(np.float32)


def means_of(columns: Mapping[str, Column], rows: int) -> Means:
    """Return means and cluster-robust covariance of columns, as the ledger would.

    Cost: O(C M^2).
    """
    names = tuple(columns)
    count = len(columns[names[0]].sums)
    total = np.zeros((len(names), len(names)))
    for start in range(0, count, BLOCK):
        block = np.stack([columns[name].sums[start : start + BLOCK] for name in names])
        total += block @ block.T
    factor = count / max(count - 1, 1) / rows**2
    value = np.array([columns[name].value for name in names])
    return Means(names, value, total * factor, count)


def clipped_means(columns: Mapping[str, Column], raw: Means) -> Means:
    """Return the means with the profit winsorised; only they are read, not their covariance."""
    names = tuple(name for name in columns if name != AS_LOGGED)
    value = np.array([columns[name].clipped for name in names])
    return Means(names, value, np.zeros((len(names), len(names))), raw.clusters)


def follow_shares(columns: Mapping[str, Column], chosen: Sequence[str]) -> FloatArray:
    """Return (M,) the share of rows to which a chosen policy gives the best single offer.

    Args:
        columns: by name, the best single offer's among them.
        chosen: names of the policies that were chosen on this log.

    Cost: O(n M).
    """
    single = columns[BEST_SINGLE].codes
    return np.array(
        [
            float(np.mean(column.codes == single))
            if name in chosen and column.codes is not None
            else 0.0
            for name, column in columns.items()
        ]
    )


def tells_apart(table: Table, given: SmallArray, singles: Sequence[int]) -> bool:
    """Tell whether enough clusters of both arms tell a policy from every single offer.

    Args:
        table: the log.
        given: (n,) what the policy gives in the first split.
        singles: codes of the single offers.

    Cost: O(n G) at most; a few rows settle it where policies differ much.
    """
    return all(
        any(_apart(table, given, g, rows) for rows in (slice(0, FEW_ROWS), slice(None)))
        for g in singles
    )


def _apart(table: Table, given: SmallArray, single: int, rows: slice) -> bool:
    """Tell whether enough clusters among some rows tell a policy from one offer for all."""
    log, own = table.log, given[rows]
    other: int | IntArray = single
    if table.cells is not None:
        other = np.where(table.cells[rows][:, single], single, table.fallback[rows])
    differs = own != other
    received = log.offer[rows]
    return all(
        len(np.unique(log.cluster[rows][differs & (received == arm)])) >= LEAST_CLUSTERS
        for arm in (own, other)
    )

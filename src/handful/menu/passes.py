"""One pass over the customers: block sums on several threads, added in the order of the rows.

The compiled kernels release the interpreter's lock, so threads run them side by side; waiting
threads sleep. Sums are added block by block in row order, so the result does not depend on the
number of threads.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

import numpy as np

from handful import kernels
from handful.kernels import menu as compiled
from handful.menu import blockwise
from handful.menu.checks import wrong_length
from handful.menu.prices import Points
from handful.menu.sources import MatrixSource, Source
from handful.menu.sums import ColumnSums, CutSums, SwapSums
from handful.notation import AnyFloatArray, FloatArray, IntArray


class Addable(Protocol):
    """A record of sums over customers."""

    def __add__(self, other: Self, /) -> Self:
        """Return the sums over both sets of customers."""


Sums = TypeVar("Sums", bound=Addable)


@dataclass(frozen=True, slots=True)
class Customers:
    """Where the customers are, their weights, and how many threads may pass over them.

    Attributes:
        source: gives (b, G) blocks.
        weights: (n,) or None for ones.
        threads: at least 1.
    """

    source: Source
    weights: FloatArray | None
    threads: int


def default_threads() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def scan(customers: Customers) -> ColumnSums:
    """Return the column sums; cost one read of the values."""
    return total(customers, scan_block)


def swap_sums(customers: Customers, menus: IntArray) -> SwapSums:
    """Return what every swap of each menu is worth; cost O(n M G)."""
    return total(customers, lambda block, weights: swap_block(block, weights, menus))


def cut_sums(customers: Customers, points: Points) -> CutSums:
    """Return the cut of each fractional menu; cost O(n T (s + G))."""
    return total(customers, lambda block, weights: cut_block(block, weights, points))


def scan_block(block: AnyFloatArray, weights: FloatArray | None) -> ColumnSums:
    """Return the column sums of one block."""
    if not kernels.available():
        return blockwise.scan(block, weights)
    totals, weight, masked = compiled.scan(block, weights)
    return ColumnSums(totals, weight, masked, len(block))


def swap_block(block: AnyFloatArray, weights: FloatArray | None, menus: IntArray) -> SwapSums:
    """Return the swap sums of one block."""
    if not kernels.available() or menus.shape[1] > compiled.MOST_MEMBERS:
        return blockwise.swap(block, weights, menus)
    return SwapSums(*compiled.swap(block, weights, menus))


def cut_block(block: AnyFloatArray, weights: FloatArray | None, points: Points) -> CutSums:
    """Return the cuts of one block."""
    if not kernels.available():
        return blockwise.cut(block, weights, points)
    sparse = (points.begin, points.columns, points.shares, points.leaders)
    return CutSums(*compiled.cut(block, weights, *sparse))


def total(customers: Customers, task: Callable[[AnyFloatArray, FloatArray | None], Sums]) -> Sums:
    """Return the sum of a task's records over all blocks.

    At most two blocks per thread are held at a time, so a stream needs no more memory than that.
    """
    if customers.threads == 1:
        return _added(task(*piece) for piece in pieces(customers))
    with ThreadPoolExecutor(customers.threads) as pool:
        return _added(_in_order(pool, task, pieces(customers), 2 * customers.threads))


def pieces(customers: Customers) -> Iterator[tuple[AnyFloatArray, FloatArray | None]]:
    """Yield each block with its customers' weights."""
    start = 0
    for block in customers.source.blocks():
        stop = start + len(block)
        if customers.weights is not None and stop > len(customers.weights):
            raise wrong_length(len(customers.weights), stop)
        yield block, None if customers.weights is None else customers.weights[start:stop]
        start = stop


def _in_order(
    pool: ThreadPoolExecutor,
    task: Callable[[AnyFloatArray, FloatArray | None], Sums],
    work: Iterator[tuple[AnyFloatArray, FloatArray | None]],
    window: int,
) -> Iterator[Sums]:
    running: deque[Future[Sums]] = deque()
    for piece in work:
        running.append(pool.submit(task, *piece))
        if len(running) >= window:
            yield running.popleft().result()
    while running:
        yield running.popleft().result()


def _added(parts: Iterator[Sums]) -> Sums:
    result = next(parts)
    for part in parts:
        result = result + part
    return result


def sample(customers: Customers, rows: int, rng: np.random.Generator) -> Customers:
    """Return a simple random sample of the customers, in their order, as an array in memory.

    Every customer draws a key and the smallest keys are kept, so one reading of a stream of
    unknown length is enough, and the sample does not depend on how the rows are cut into blocks.
    """
    blocks: list[AnyFloatArray] = []
    weights: list[FloatArray] = []
    keys = np.empty(0)
    limit = 1.0
    for block, weight in pieces(customers):
        drawn = rng.random(len(block))
        kept = np.flatnonzero(drawn < limit)
        blocks.append(block[kept])
        weights.append(np.ones(len(kept)) if weight is None else weight[kept])
        keys = np.concatenate([keys, drawn[kept]])
        if len(keys) > 2 * rows:
            limit = float(np.partition(keys, rows)[rows])
            stays = keys < limit
            blocks, weights = [np.concatenate(blocks)[stays]], [np.concatenate(weights)[stays]]
            keys = keys[stays]
    chosen = np.sort(np.argsort(keys, kind="stable")[:rows])
    values = np.ascontiguousarray(np.concatenate(blocks)[chosen])
    importance = None if customers.weights is None else np.concatenate(weights)[chosen]
    return Customers(MatrixSource(values), importance, customers.threads)

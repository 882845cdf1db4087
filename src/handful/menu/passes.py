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
from typing import Protocol, Self, TypeAlias, TypeVar

import numpy as np

from handful import kernels
from handful.kernels import menu as compiled
from handful.menu import blockwise
from handful.menu.checks import wrong_length
from handful.menu.prices import Points, as_points
from handful.menu.sources import Source
from handful.menu.sums import ColumnSums, CutSums, SwapSums
from handful.notation import AnyFloatArray, FloatArray, IntArray


class Addable(Protocol):
    """A record of sums over customers."""

    def __add__(self, other: Self, /) -> Self:
        """Return the sums over both sets of customers."""


Sums = TypeVar("Sums", bound=Addable)
Task: TypeAlias = Callable[[AnyFloatArray, FloatArray | None], Sums]
Watch: TypeAlias = Callable[[AnyFloatArray, FloatArray | None], None]


@dataclass(frozen=True, slots=True)
class Pair:
    """Swap sums and cuts of the same customers."""

    swaps: SwapSums
    cuts: CutSums

    def __add__(self, other: Pair) -> Pair:
        return Pair(self.swaps + other.swaps, self.cuts + other.cuts)


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


def scan(customers: Customers, watch: Watch | None = None) -> ColumnSums:
    """Return the column sums; cost one read of the values."""
    return total(customers, scan_block, watch)


def swap_sums(customers: Customers, menus: IntArray) -> SwapSums:
    """Return what every swap of each menu is worth; cost O(n M G)."""
    return total(customers, lambda block, weights: swap_block(block, weights, menus))


def cut_sums(customers: Customers, points: Points) -> CutSums:
    """Return the cut of each fractional menu; cost O(n T (s + G))."""
    return total(customers, lambda block, weights: cut_block(block, weights, points))


def pair_gains(customers: Customers) -> FloatArray:
    """Return W (G, G): W_gh = sum_i w_i (P_ih - P_ig)+, as cuts priced by one column each.

    Cost O(n G^2).
    """
    singles = as_points(list(np.eye(customers.source.offers)), np.array([0]))
    return cut_sums(customers, singles).slope[:, 0, :]


def swap_and_cut_sums(
    customers: Customers, menus: IntArray, points: Points
) -> tuple[SwapSums, CutSums]:
    """Return both in one pass, for where reading is dear."""
    sums = total(
        customers,
        lambda block, weights: Pair(
            swap_block(block, weights, menus), cut_block(block, weights, points)
        ),
    )
    return sums.swaps, sums.cuts


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


def total(customers: Customers, task: Task[Sums], watch: Watch | None = None) -> Sums:
    """Return the sum of a task's records over all blocks.

    At most two blocks per thread are held at a time, so a stream needs no more memory than that.

    Args:
        customers: everybody to sum over.
        task: takes a block and its weights, returns their sums; called on several threads.
        watch: sees every block and its weights too, in order and on the calling thread.
    """
    work = pieces(customers) if watch is None else _watched(pieces(customers), watch)
    if customers.threads == 1:
        return _added(task(*piece) for piece in work)
    with ThreadPoolExecutor(customers.threads) as pool:
        return _added(_in_order(pool, task, work, 2 * customers.threads))


def pieces(customers: Customers) -> Iterator[tuple[AnyFloatArray, FloatArray | None]]:
    """Yield each block with its customers' weights."""
    start = 0
    for block in customers.source.blocks():
        stop = start + len(block)
        if customers.weights is not None and stop > len(customers.weights):
            raise wrong_length(len(customers.weights), stop)
        yield block, None if customers.weights is None else customers.weights[start:stop]
        start = stop


def _watched(
    work: Iterator[tuple[AnyFloatArray, FloatArray | None]], watch: Watch
) -> Iterator[tuple[AnyFloatArray, FloatArray | None]]:
    for block, weights in work:
        watch(block, weights)
        yield block, weights


def _in_order(
    pool: ThreadPoolExecutor,
    task: Task[Sums],
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

"""One pass over the customers: block sums on several threads, added in the order of the rows.

The compiled kernels release the interpreter's lock, so threads run them side by side; waiting
threads sleep. A thread takes a part of the source at a time, decodes it where need be and sums it
block by block; parts are added in row order, so the result does not depend on the number of
threads.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Protocol, Self, TypeAlias, TypeVar

import numpy as np

from handful import kernels
from handful.kernels import menu as compiled
from handful.kernels.menu import Columns, Request
from handful.menu import blockwise
from handful.menu.blocks import Part, dense
from handful.menu.checks import wrong_length, wrong_shape
from handful.menu.prices import Points, as_points
from handful.menu.sources import Source
from handful.menu.sums import ColumnSums, CutSums, Reading, SwapSums, ValueSums
from handful.notation import AnyFloatArray, FloatArray, IntArray


class Addable(Protocol):
    """A record of sums over customers."""

    def __add__(self, other: Self, /) -> Self:
        """Return the sums over both sets of customers."""


Sums = TypeVar("Sums", bound=Addable)
Task: TypeAlias = Callable[[AnyFloatArray, FloatArray | None], Sums]
Watch: TypeAlias = Callable[[AnyFloatArray, FloatArray | None], None]


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


def read(customers: Customers, request: Request) -> Reading:
    """Return column sums, and what else is asked for, in one pass.

    Cost O(n (M G + V K + T (s + G))) for M menus to swap, V to value and T points of s columns,
    and one reading of the values.
    """

    def part_sums(part: Part, weights: FloatArray | None) -> Reading:
        blocks = part.blocks() if part.apart is None else part.apart()
        return _added(read_block(*piece, request) for piece in _weighted(blocks, weights))

    return _over(customers.threads, lambda share: part_sums(*share), shares(customers))


def scan(customers: Customers, watch: Watch | None = None) -> ColumnSums:
    """Return the column sums; cost one read of the values."""
    return total(customers, scan_block, watch)


def swap_sums(customers: Customers, menus: IntArray) -> SwapSums:
    """Return what every swap of each menu is worth; cost O(n M G)."""
    return read(customers, request(swapped=menus)).swaps


def cut_sums(customers: Customers, points: Points) -> CutSums:
    """Return the cut of each fractional menu; cost O(n T (s + G))."""
    return read(customers, request(points=points)).cuts


def pair_gains(customers: Customers) -> FloatArray:
    """Return W (G, G): W_gh = sum_i w_i (P_ih - P_ig)+, as cuts priced by one column each.

    Cost O(n G^2).
    """
    singles = as_points(list(np.eye(customers.source.offers)), np.array([0]))
    return cut_sums(customers, singles).slope[:, 0, :]


def request(
    swapped: IntArray | None = None, valued: IntArray | None = None, points: Points | None = None
) -> Request:
    """Return what a reading is asked for; nothing of what is left out."""
    none = np.empty((0, 1), dtype=np.int64)
    return Request(
        none if swapped is None else swapped,
        none if valued is None else valued,
        as_points([], none[:, 0]) if points is None else points,
    )


def read_block(
    block: AnyFloatArray | Columns, weights: FloatArray | None, request: Request
) -> Reading:
    """Return column sums, and what else is asked for, of one block."""
    widest = max(request.swapped.shape[1], request.valued.shape[1], len(request.points.leaders))
    if not kernels.available() or widest > compiled.MOST_MEMBERS:
        return blockwise.read(dense(block), weights, request)
    sums = compiled.read(block, weights, request)
    totals, weight, masked = sums.scan
    return Reading(
        ColumnSums(totals, float(weight[0]), int(masked[0]), len(block)),
        SwapSums(*sums.swaps),
        ValueSums(*sums.values),
        CutSums(*sums.cuts),
    )


def scan_block(block: AnyFloatArray, weights: FloatArray | None) -> ColumnSums:
    """Return the column sums of one block."""
    return read_block(block, weights, request()).columns


def swap_block(block: AnyFloatArray, weights: FloatArray | None, menus: IntArray) -> SwapSums:
    """Return the swap sums of one block."""
    return read_block(block, weights, request(swapped=menus)).swaps


def cut_block(block: AnyFloatArray, weights: FloatArray | None, points: Points) -> CutSums:
    """Return the cuts of one block."""
    return read_block(block, weights, request(points=points)).cuts


def total(customers: Customers, task: Task[Sums], watch: Watch | None = None) -> Sums:
    """Return the sum of a task's records over all blocks.

    At most two parts per thread are under way at a time, so a stream needs no more memory.

    Args:
        customers: everybody to sum over.
        task: takes a block and its weights, returns their sums; called on several threads.
        watch: sees every block and its weights too, in order and on the calling thread.
    """
    if watch is not None:
        watched = (_seen(piece, watch) for piece in pieces(customers))
        return _over(customers.threads, lambda piece: task(*piece), watched)
    return _over(customers.threads, lambda share: _part_sums(*share, task), shares(customers))


def pieces(customers: Customers) -> Iterator[tuple[AnyFloatArray, FloatArray | None]]:
    """Yield each block with its customers' weights."""
    for part, weights in shares(customers):
        yield from _weighted(part.blocks(), weights)


Piece: TypeAlias = tuple[AnyFloatArray, FloatArray | None]
Work = TypeVar("Work")
Block = TypeVar("Block", AnyFloatArray, "AnyFloatArray | Columns")


def shares(customers: Customers) -> Iterator[tuple[Part, FloatArray | None]]:
    """Yield each part of the source with its customers' weights."""
    start = 0
    for part in customers.source.parts():
        stop = start + part.rows
        if customers.weights is not None and stop > len(customers.weights):
            raise wrong_length(len(customers.weights), stop)
        yield part, None if customers.weights is None else customers.weights[start:stop]
        start = stop


def _weighted(
    blocks: Iterator[Block], weights: FloatArray | None
) -> Iterator[tuple[Block, FloatArray | None]]:
    start = 0
    for block in blocks:
        stop = start + len(block)
        yield block, None if weights is None else weights[start:stop]
        start = stop


def _part_sums(part: Part, weights: FloatArray | None, task: Task[Sums]) -> Sums:
    return _added(task(*piece) for piece in _weighted(part.blocks(), weights))


def _seen(piece: Piece, watch: Watch) -> Piece:
    watch(*piece)
    return piece


def _over(threads: int, job: Callable[[Work], Sums], work: Iterator[Work]) -> Sums:
    if threads == 1:
        return _added(map(job, work))
    with ThreadPoolExecutor(threads) as pool:
        return _added(_in_order(pool, job, work, 2 * threads))


def _added(parts: Iterator[Sums]) -> Sums:
    first = next(parts, None)
    if first is None:
        raise wrong_shape("no row")
    return reduce(add, parts, first)


def _in_order(
    pool: ThreadPoolExecutor, job: Callable[[Work], Sums], work: Iterator[Work], window: int
) -> Iterator[Sums]:
    running: deque[Future[Sums]] = deque()
    for item in work:
        running.append(pool.submit(job, item))
        if len(running) >= window:
            yield running.popleft().result()
    while running:
        yield running.popleft().result()

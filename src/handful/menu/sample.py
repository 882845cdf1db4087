"""A random sample of the customers: drawn at once where that is possible, or while reading them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from handful.menu.checks import wrong_length
from handful.menu.passes import Customers
from handful.menu.sources import MatrixSource
from handful.notation import AnyFloatArray, FloatArray, IntArray

SPARE = 1.25
"""Rows kept before the largest keys are dropped, as a multiple of the sample."""
SAMPLE_CELLS = 20_000 * 64
SAMPLE_ROWS = (10_000, 20_000)
REACH = 15
"""More customers than this many samples need a larger sample in between: a tenth of them, up to
this many samples or so many cells."""
LARGE_CELLS = 40_000_000


class Samples(Protocol):
    """Samples of several sizes, the smaller nested in the larger."""

    def sample(self, rows: int, customers: Customers) -> Customers:
        """Return a sample of at most that many rows, in their order, as customers in memory."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A sample that a source could draw without reading everything.

    Attributes:
        values: (s, G).
        weights: (s,) or None.
        order: (s,) a random order; smaller samples take its first rows.
    """

    values: AnyFloatArray
    weights: FloatArray | None
    order: IntArray

    def sample(self, rows: int, customers: Customers) -> Customers:
        """Return a sample of at most that many rows, in their order, as customers in memory."""
        if rows >= len(self.order):
            return Customers(MatrixSource(self.values), self.weights, customers.threads)
        chosen = np.sort(self.order[:rows])
        weights = None if self.weights is None else self.weights[chosen]
        return Customers(MatrixSource(self.values[chosen]), weights, customers.threads)


def drawn(customers: Customers, seed: int) -> Drawn | None:
    """Return the largest sample that the search needs, where the source can draw one.

    Nothing is returned where no sample is needed, or where it shows a value that is not finite:
    reading everybody then says how many there are.
    """
    rows, weights = customers.source.rows, customers.weights
    if rows is None:
        return None
    if weights is not None and len(weights) != rows:
        raise wrong_length(len(weights), rows)
    sizes = sample_sizes(rows, customers.source.offers)
    rng = np.random.default_rng(seed)
    sample = customers.source.sample(max(sizes), rng) if sizes else None
    if sample is None or np.isnan(sample.values).any() or np.isposinf(sample.values).any():
        return None
    kept = None if weights is None else weights[sample.numbers]
    return Drawn(sample.values, kept, rng.permutation(len(sample.numbers)))


def sample_sizes(rows: int | None, offers: int) -> list[int]:
    """Return the sizes of the samples to search first; all that may be needed for unknown rows."""
    size = int(np.clip(SAMPLE_CELLS // offers, *SAMPLE_ROWS))
    most = min(size * REACH, max(LARGE_CELLS // offers, 2 * size))
    if rows is None:
        return [size, most]
    if rows <= size:
        return []
    if rows <= size * REACH:
        return [size]
    return [size, min(most, rows // 10)]


class Reservoir:
    """Keeps the rows that drew the smallest keys; smaller samples are nested in larger ones.

    Every customer draws one key in order, so the sample neither depends on how the rows are cut
    into blocks nor needs to know how many there are.
    """

    def __init__(self, rows: int, rng: np.random.Generator) -> None:
        self.rows, self.rng = rows, rng
        self.limit = 1.0
        self.keys = np.empty(0)
        self.blocks: list[AnyFloatArray] = []
        self.weights: list[FloatArray] = []

    def see(self, block: AnyFloatArray, weights: FloatArray | None) -> None:
        """Offer the rows of one block."""
        drawn = self.rng.random(len(block))
        kept = np.flatnonzero(drawn < self.limit)
        self.keys = np.concatenate([self.keys, drawn[kept]])
        self.blocks.append(block[kept])
        self.weights.append(np.ones(len(kept)) if weights is None else weights[kept])
        if len(self.keys) > SPARE * self.rows:
            self._drop()

    def sample(self, rows: int, customers: Customers) -> Customers:
        """Return a sample of at most that many rows, in their order, as customers in memory."""
        if len(self.blocks) > 1:
            self.blocks, self.weights = (
                [np.concatenate(self.blocks)],
                [np.concatenate(self.weights)],
            )
        chosen = np.sort(np.argsort(self.keys, kind="stable")[:rows])
        weights = None if customers.weights is None else self.weights[0][chosen]
        return Customers(MatrixSource(self.blocks[0][chosen]), weights, customers.threads)

    def _drop(self) -> None:
        """Keep the smallest keys only, block by block, so that nothing is held twice."""
        self.limit = float(np.partition(self.keys, self.rows)[self.rows])
        start = 0
        for place, block in enumerate(self.blocks):
            stays = self.keys[start : start + len(block)] < self.limit
            start += len(block)
            self.blocks[place] = block[stays]
            self.weights[place] = self.weights[place][stays]
        self.keys = self.keys[self.keys < self.limit]

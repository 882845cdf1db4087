"""A simple random sample of the customers, drawn while something else reads them."""

from __future__ import annotations

import numpy as np

from handful.menu.passes import Customers
from handful.menu.sources import MatrixSource
from handful.notation import AnyFloatArray, FloatArray

SPARE = 1.25
"""Rows kept before the largest keys are dropped, as a multiple of the sample."""


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

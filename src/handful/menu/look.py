"""The first reading of the customers: column sums, a sample, and what is wrong with the values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handful.menu import passes
from handful.menu.checks import not_finite, too_large, wrong_length, wrong_shape
from handful.menu.passes import Customers
from handful.menu.sample import Reservoir, sample_sizes
from handful.menu.sources import all_blocks
from handful.menu.sums import ColumnSums


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What the first reading of the customers gives.

    Attributes:
        sums: column sums, weight, rows.
        reservoir: rows to draw samples from.
    """

    sums: ColumnSums
    reservoir: Reservoir


def first_look(customers: Customers, seed: int) -> FirstLook:
    """Return the column sums and a sample in one reading, or say what is wrong with the values."""
    sizes = sample_sizes(customers.source.rows, customers.source.offers)
    reservoir = Reservoir(max(sizes, default=0), np.random.default_rng(seed))
    sums = passes.scan(customers, reservoir.see if sizes else None)
    return FirstLook(checked(customers, sums), reservoir)


def checked(customers: Customers, sums: ColumnSums) -> ColumnSums:
    """Return the sums, or say what is wrong with the values that they sum."""
    if not sums.rows:
        raise wrong_shape("no row")
    if customers.weights is not None and len(customers.weights) != sums.rows:
        raise wrong_length(len(customers.weights), sums.rows)
    if np.isfinite(sums.totals).all():
        return sums
    bad = sum(
        int(np.count_nonzero(np.isnan(block) | np.isposinf(block)))
        for block in all_blocks(customers.source)
    )
    raise not_finite(bad) if bad else too_large()

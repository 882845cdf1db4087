"""What was randomised: rows, or clusters when the offer was given to whole clusters.

A unit is one (cluster, stratum, offer): one row where every cluster is a row, one cluster where
clusters are pure. Where more than `MIXED` of the clusters with several rows hold several offers,
the draw was evidently by row, and rows are the units. Under the design, the offers of the units of
a stratum are exchangeable.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handful.experiment.records import Experiment
from handful.notation import FloatArray, IntArray

MIXED = 0.2


@dataclass(frozen=True, slots=True)
class Units:
    """Units of randomisation.

    Attributes:
        of_row: (n,) unit of each row; None when every row is its own unit.
        cell: (U,) code s G + g of each unit's stratum and offer.
        counts: (S, G) units of each offer in each stratum.
        rows: (S, G) rows of each offer in each stratum.
    """

    of_row: IntArray | None
    cell: IntArray
    counts: IntArray
    rows: IntArray

    def total(self, values: FloatArray) -> FloatArray:
        """Return the (U,) sums of a row-level column over units. Cost O(n)."""
        if self.of_row is None:
            return values
        sums = np.bincount(self.of_row, weights=values, minlength=self.cell.shape[0])
        return sums.astype(np.float64)

    def by_cell(self, values: FloatArray) -> FloatArray:
        """Return the (S, G) sums of a unit-level column over cells. Cost O(U)."""
        sums = np.bincount(self.cell, weights=values, minlength=self.counts.size)
        return sums.astype(np.float64).reshape(self.counts.shape)


def randomised_units(experiment: Experiment) -> Units:
    """Return the units that were randomised. Cost O(n), O(n log n) with clusters."""
    shape = (len(experiment.strata), experiment.n_offers)
    cell = experiment.stratum * shape[1] + experiment.offer
    rows = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    sizes = np.bincount(experiment.cluster)
    if sizes.size == experiment.n_rows:
        return Units(None, cell, rows, rows)
    key = experiment.cluster * rows.size + cell
    units, of_row = np.unique(key, return_inverse=True)
    parts = np.bincount(units // rows.size, minlength=sizes.size)
    if float(np.mean(parts[sizes > 1] > 1)) > MIXED:
        return Units(None, cell, rows, rows)
    unit_cell = units % rows.size
    counts = np.bincount(unit_cell, minlength=rows.size).reshape(shape)
    return Units(of_row, unit_cell, counts, rows)

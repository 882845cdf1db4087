"""Customers who repeat, customers and clusters with several offers, rows that repeat exactly.

Cost O(n) by hashing for customers, O(n log n) for repeated rows. No id is ever printed.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from handful.brief.schema import Brief, Unit
from handful.errors import Finding, Level
from handful.experiment.records import Experiment
from handful.notation import IntArray

CROSSOVER_BLOCK = 0.001
MIXED_CLUSTERS = 0.001
TOLD_WHILE_READING = "S216"
"""Crossovers that the reader of the log has already settled or allowed."""

MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def people_findings(experiment: Experiment, brief: Brief | None = None) -> list[Finding]:
    """Return what repeated customers and mixed clusters mean for the analysis."""
    codes = _customer_codes(experiment.customers)
    n_customers = int(codes.max()) + 1 if codes.size else 0
    findings = []
    if n_customers < experiment.n_rows:
        unit = None if brief is None else brief.experiment.unit
        if unit != "row" and not any(f.code == TOLD_WHILE_READING for f in experiment.findings):
            findings += _crossovers(experiment, codes, n_customers)
        findings += _repeats(experiment, codes, n_customers, unit)
    return findings + _mixed_clusters(experiment) + _repeated_rows(experiment)


def _customer_codes(customers: np.ndarray) -> IntArray:
    indices = pa.array(customers).dictionary_encode().indices.fill_null(0)
    codes: IntArray = indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


def _groups_with_several(group: IntArray, value: IntArray, n_values: int) -> int:
    """Return how many groups hold two values or more."""
    pairs = np.unique(group * n_values + value)
    return int((np.bincount(pairs // n_values) > 1).sum())


def _crossovers(experiment: Experiment, codes: IntArray, n_customers: int) -> list[Finding]:
    count = _groups_with_several(codes, experiment.offer, experiment.n_offers)
    if count == 0:
        return []
    share = count / n_customers
    message = (
        f"{count:,} of {n_customers:,} customers ({share:.2%}) received two offers or more: whose "
        "profit is whose cannot be told."
    )
    remedy = 'Write crossovers = "drop" (leave them out) or "first" (keep the first by time).'
    level: Level = "block" if share > CROSSOVER_BLOCK else "warn"
    return [Finding("C480", level, message, remedy, count, share)]


def _repeats(
    experiment: Experiment, codes: IntArray, n_customers: int, unit: Unit | None
) -> list[Finding]:
    """Rows of one customer must share a cluster, or errors come out too small."""
    repeated = int((np.bincount(codes) > 1).sum())
    share = repeated / n_customers
    split = _groups_with_several(codes, experiment.cluster, int(experiment.cluster.max()) + 1)
    message = (
        f"{repeated:,} of {n_customers:,} customers ({share:.1%}) have several rows, {split:,} of "
        "them in several clusters."
    )
    if split:
        remedy = (
            'Write unit = "customer" (profit summed) or unit = "row" with cluster = the customer.'
        )
        return [Finding("C481", "block", message, remedy, repeated, share)]
    remedy = 'Errors are clustered by customer; write unit = "customer" to sum profit instead.'
    return [Finding("C482", "warn" if unit is None else "note", message, remedy, repeated, share)]


def _mixed_clusters(experiment: Experiment) -> list[Finding]:
    n_clusters = int(experiment.cluster.max()) + 1
    if n_clusters == experiment.n_rows:
        return []
    count = _groups_with_several(experiment.cluster, experiment.offer, experiment.n_offers)
    if count <= MIXED_CLUSTERS * n_clusters:
        return []
    message = (
        f"{count:,} of {n_clusters:,} clusters hold several offers: clusters serve for errors, and "
        "the draw is taken to be by row."
    )
    remedy = "Nothing, if rows were randomised; otherwise name the unit that was as `cluster`."
    return [Finding("C483", "note", message, remedy, count, count / n_clusters)]


def _repeated_rows(experiment: Experiment) -> list[Finding]:
    """Count rows equal to another in offer, profit and every feature: legitimate, noted."""
    key = experiment.offer.astype(np.uint64) * MULTIPLIER
    for column in [experiment.profit, *experiment.features.values.T]:
        bits = np.ascontiguousarray(column, dtype=np.float64).view(np.uint64)
        key = (key ^ bits) * MULTIPLIER
        key ^= key >> np.uint64(29)
    _, counts = np.unique(key, return_counts=True)
    repeats = experiment.n_rows - counts.size
    if repeats == 0:
        return []
    share = repeats / experiment.n_rows
    message = (
        f"{repeats:,} rows ({share:.1%}) repeat another row in offer, profit and every feature."
    )
    remedy = "Nothing, if they are different customers; otherwise name `customer`."
    return [Finding("C484", "note", message, remedy, repeats, share)]

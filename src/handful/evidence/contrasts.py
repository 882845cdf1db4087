"""Means over several groups of rows at once, with bands that hold for all of them together.

v_s = mean over group s of d; its error is that of a ratio, robust to clusters, and all groups share
one critical value: the 95 % quantile of max_s |Z_s|, Z normal with the groups' own correlation.
Cost O(n q + C q^2 + draws q^2) for q groups and C clusters.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from handful.evidence.bands import critical_value
from handful.evidence.records import Estimate
from handful.experiment.records import Experiment
from handful.notation import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Group:
    """Rows whose mean is wanted.

    Attributes:
        rows: (n,) True for the rows inside.
        values: (n,) what is averaged.
        weights: (n,) weights above 0 for a mean in proportion; None for a plain mean.
    """

    rows: BoolArray
    values: FloatArray
    weights: FloatArray | None = None


def group_means(groups: Sequence[Group], cluster: IntArray, seed: int) -> list[Estimate | None]:
    """Return the mean of every group with its simultaneous 95 % band; None for an empty group.

    Args:
        groups: whose means are wanted.
        cluster: (n,) codes of the unit that was randomised.
        seed: of the draws behind the critical value.

    Returns:
        One estimate per group, in order.

    Example:
        >>> rows, values = np.array([True, True, False]), np.array([1.0, 3.0, 9.0])
        >>> group_means([Group(rows, values)], np.arange(3), 0)[0].value
        2.0
    """
    known = [place for place, group in enumerate(groups) if _total(group) > 0]
    if not known:
        return [None] * len(groups)
    count = int(cluster.max()) + 1
    value, sums = np.empty(len(known)), np.empty((count, len(known)))
    for at, place in enumerate(known):
        value[at], sums[:, at] = _influence(groups[place], cluster, count)
    covariance = sums.T @ sums * (count / max(count - 1, 1))
    se = np.sqrt(np.diag(covariance))
    se = np.where(se > 1e-12 * max(float(np.abs(value).max()), 1e-300), se, 0.0)
    reach = critical_value(covariance, se, seed) * se
    found: list[Estimate | None] = [None] * len(groups)
    for at, place in enumerate(known):
        mean, spread = float(value[at]), float(reach[at])
        found[place] = Estimate(mean, float(se[at]), mean - spread, mean + spread)
    return found


def _total(group: Group) -> float:
    weights = group.rows if group.weights is None else group.weights[group.rows]
    return float(weights.sum())


def _influence(group: Group, cluster: IntArray, count: int) -> tuple[float, FloatArray]:
    """Return the group's mean and what each cluster moves it by."""
    rows = group.rows
    weights = np.ones(int(rows.sum())) if group.weights is None else group.weights[rows]
    values, total = group.values[rows], float(weights.sum())
    mean = float(weights @ values) / total
    moved = np.bincount(cluster[rows], weights * (values - mean), minlength=count) / total
    return mean, moved


def rows_of_groups(experiment: Experiment, columns: Sequence[str]) -> list[tuple[str, BoolArray]]:
    """Return (name, rows) of every group of some columns held apart; numbers are cut in four.

    Missing values are in no group.

    Args:
        experiment: the log.
        columns: their names.

    Cost: O(n) a group.
    """
    apart = experiment.held_apart
    if apart is None:
        return []
    found = []
    schema = apart.schema
    for column, (name, kind) in enumerate(zip(schema.names, schema.kinds, strict=True)):
        if name not in columns:
            continue
        values = apart.values[:, column]
        if kind == "category":
            levels = schema.levels[column]
            found += [(f"{name} = {level}", values == g) for g, level in enumerate(levels)]
        else:
            found += _number_groups(name, values)
    return [(name, rows) for name, rows in found if rows.any()]


def _number_groups(name: str, values: FloatArray) -> list[tuple[str, BoolArray]]:
    known = values[~np.isnan(values)]
    distinct = np.unique(known)
    if len(distinct) <= 5:
        return [(f"{name} = {value:g}", values == value) for value in distinct.tolist()]
    cuts = np.unique(np.quantile(known, [0.25, 0.5, 0.75], method="inverted_cdf"))
    band = np.searchsorted(cuts, values, side="left")
    ends = ["up to " + f"{cuts[0]:g}"]
    ends += [f"{low:g} to {high:g}" for low, high in itertools.pairwise(cuts)]
    ends += [f"over {cuts[-1]:g}"]
    return [(f"{name} {end}", (band == at) & ~np.isnan(values)) for at, end in enumerate(ends)]

"""Do features differ along a dial more than a fair draw allows?

The draw of a dial is told by columns R: the rank of each dial and its square, products of ranks,
levels of a categorical dial, and whether there was an offer at all. For a feature x, centred within
strata and summed over units of randomisation to Z_u, and R centred within strata:

    U = sum_u Z_u R_u,   V = sum_s a_s R_s' R_s,   a_s = sum_{u in s} Z_u^2 / (N_s - 1)
    W = U' V^+ U  ~  chi-square(rank V)

V is the exact covariance of U when the offers of a stratum are permuted among its units; with the
indicators of offers as R it is the test of `balance`. Where each row has a density of its own, R is
centred at its stratum's mean, rows weigh e(stratum) / e_i, and every column of R is tested alone.
Cost O(n p k), k <= 10 columns of R.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import norm, rankdata

from handful.experiment.checks.balance import (
    Balance,
    centred,
    chi_square_tail,
    code_balance,
    feature_balance,
    feature_columns,
    kurtosis,
    level_columns,
)
from handful.experiment.checks.units import Units, randomised_units
from handful.experiment.dials import categorical
from handful.experiment.records import Dials, Experiment
from handful.notation import BoolArray, FloatArray, IntArray

LEAST_EFFECTIVE: Final = 30.0
"""Units, over the column's kurtosis, below which a column is not tested."""

PARTS: Final = 3
"""Equal parts of a dial that means are compared between, to say how large a difference is."""


@dataclass(frozen=True, slots=True)
class _Draw:
    """How the dials were drawn: R (n, k) centred within strata, and (n, m) parts with names."""

    columns: FloatArray
    parts: FloatArray
    names: tuple[str, ...]


def balance_of(experiment: Experiment) -> tuple[Balance, ...]:
    """Return the balance of every feature, for offers that are names or have dials.

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> found = balance_of(simulate("quadratic_dial", n=2000).experiment)
        >>> min(b.p_value for b in found) > 1e-4
        True
    """
    if experiment.dials is None:
        return feature_balance(experiment)
    units, draw = randomised_units(experiment), _draw_of(experiment, experiment.dials)
    found = [
        _joint(experiment, units, draw, (name, feature_columns(experiment, j)))
        for j, name in enumerate(experiment.features.schema.names)
    ]
    return tuple(b for b in found if b is not None)


def code_balance_of(experiment: Experiment, name: str, codes: IntArray) -> Balance | None:
    """Return the balance of a column of codes 0..L-1 (periods of time, say)."""
    if experiment.dials is None:
        return code_balance(experiment, name, codes)
    columns = level_columns(codes.astype(np.float64), int(codes.max()) + 1)
    draw = _draw_of(experiment, experiment.dials)
    return _joint(experiment, randomised_units(experiment), draw, (name, columns))


def _draw_of(experiment: Experiment, dials: Dials) -> _Draw:
    """Return the columns that tell what each row drew."""
    offered: BoolArray = np.logical_not(np.isnan(dials.received).any(axis=1))
    ranks: list[FloatArray] = []
    columns: list[FloatArray] = []
    parts: list[FloatArray] = []
    names: list[str] = []
    for j, levels in enumerate(categorical(dials)):
        values = dials.received[:, j]
        if levels:
            told = [(values == code).astype(np.float64) for code in range(len(dials.levels[j]))]
            columns += told[1:]
            parts += told
            names += [f"{dials.names[j]} {level}" for level in dials.levels[j]]
            continue
        rank: FloatArray = np.zeros(len(values))
        rank[offered] = rankdata(values[offered]) / max(int(offered.sum()), 1) - 0.5
        ranks.append(rank)
        columns += [rank, np.square(rank)]
        for part, name in _thirds(dials, j, offered):
            parts.append(part)
            names.append(name)
    columns += [np.multiply(ranks[a], ranks[b]) for a in range(len(ranks)) for b in range(a)]
    if not offered.all():
        columns.append(offered.astype(np.float64))
        parts.append((~offered).astype(np.float64))
        names.append("no offer")
    strata = len(experiment.strata)
    told = [centred(column, experiment.stratum, strata) for column in columns]
    return _Draw(np.column_stack(told), np.column_stack(parts), tuple(names))


def _thirds(dials: Dials, j: int, offered: BoolArray) -> Iterator[tuple[FloatArray, str]]:
    values = dials.received[:, j]
    cuts = np.unique(np.quantile(values[offered], np.arange(1, PARTS) / PARTS))
    part = np.searchsorted(cuts, values, side="left")
    for k in range(cuts.size + 1):
        mine = offered & (part == k)
        if not mine.any():
            continue
        ends = [f"{values[mine].min():.4g}", f"{values[mine].max():.4g}"]
        said = ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
        yield mine.astype(np.float64), f"{dials.names[j]} {said}"


def _joint(
    experiment: Experiment,
    units: Units,
    draw: _Draw,
    feature: tuple[str, Iterator[FloatArray]],
) -> Balance | None:
    name, columns = feature
    tests = [_column_test(experiment, units, draw, column) for column in columns]
    kept = [test for test in tests if test is not None]
    if not kept:
        return None
    p_value, difference, part = min(kept)
    return Balance(name, min(1.0, p_value * len(kept)), -difference, draw.names[part])


def _column_test(
    experiment: Experiment, units: Units, draw: _Draw, x: FloatArray
) -> tuple[float, float, int] | None:
    """Return (p-value, minus the largest difference of a part, the part) of one column."""
    z = centred(x, experiment.stratum, len(experiment.strata))
    spread = float(np.sqrt(np.mean(z**2)))
    if spread <= 1e-12 * max(1.0, float(np.nanmax(np.abs(x)))):
        return None
    z = z / spread
    weight = np.ones(z.size)
    weighted = experiment.design.kind in {"column", "estimate"}
    if weighted:
        share = experiment.design.by_stratum[experiment.stratum, experiment.offer]
        weight = share / experiment.design.received
    unit = units.total(z * weight)
    if unit.size / kurtosis(unit) < LEAST_EFFECTIVE:
        return None
    held = draw.parts * weight[:, None]
    difference = np.abs(held.T @ z) / np.maximum(held.sum(axis=0), 1.0)
    worst = int(np.argmax(difference))
    p_value = _weighted(experiment, draw, z * weight) if weighted else _exact(units, draw, unit)
    return p_value, -float(difference[worst]), worst


def _exact(units: Units, draw: _Draw, unit: FloatArray) -> float:
    """Return the p-value under permutation of offers among the units of a stratum."""
    told = draw.columns
    if units.of_row is not None:
        first = np.zeros(units.cell.size, dtype=np.int64)
        first[units.of_row[::-1]] = np.arange(units.of_row.size)[::-1]
        told = told[first]
    stratum = units.cell // units.counts.shape[1]
    n_strata = units.counts.shape[0]
    told = np.column_stack([centred(column, stratum, n_strata) for column in told.T])
    around = centred(unit, stratum, n_strata)
    squares = np.bincount(stratum, weights=around**2, minlength=n_strata)
    scale = squares / np.maximum(units.counts.sum(axis=1) - 1.0, 1.0)
    return chi_square_tail(told.T @ around, (told * scale[stratum, None]).T @ told)


def _weighted(experiment: Experiment, draw: _Draw, z: FloatArray) -> float:
    """Return Bonferroni's p-value over the columns of R, errors clustered."""
    product = z[:, None] * draw.columns
    sums = np.column_stack(
        [np.bincount(experiment.cluster, weights=column) for column in product.T]
    )
    error = np.sqrt(np.maximum((sums**2).sum(axis=0), 1e-300))
    largest = float(np.max(np.abs(product.sum(axis=0)) / error))
    return min(1.0, float(2.0 * norm.sf(largest) * product.shape[1]))

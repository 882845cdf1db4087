"""Do features differ between offers more than a fair draw allows?

For a feature x, centred within strata and summed over units of randomisation to Z_u:

    U_g = sum of Z_u over the units that received g
    V   = sum_s a_s (diag(n_s) - n_s n_s' / N_s),   a_s = sum_{u in s} Z_u^2 / (N_s - 1)
    W   = U' V^+ U  ~  chi-square(rank V)

V is the exact covariance of U when offers are permuted among the units of a stratum. Where each row
has a probability of its own (logged or estimated), every offer is tested alone, Bonferroni:

    U_g = sum_i z_i (1{t_i = g} / e_i - 1), divided by the root of its units' squares.

Numbers are clipped at their 0.5 % and 99.5 % quantiles, missing values and category levels are
columns of their own, and offers with too few units for the approximation are pooled (left out where
weighted). A feature's p-value is the smallest of its columns' times their number.
Cost O(n p + p G^3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2, norm

from handful.experiment.checks.units import Units, randomised_units
from handful.experiment.records import Experiment
from handful.notation import BoolArray, FloatArray, IntArray

CLIP = 0.005
MAX_LEVELS = 12
SAMPLE = 20_000
MIN_EFFECTIVE_UNITS = 5.0
RANK_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Balance:
    """How a feature differs between offers.

    Attributes:
        name: the feature.
        p_value: of "offers were drawn without regard to it", before correcting for many features.
        difference: largest distance of an offer's mean from its strata's, in standard deviations.
        offer: the offer where that is.
    """

    name: str
    p_value: float
    difference: float
    offer: str


def feature_balance(experiment: Experiment) -> tuple[Balance, ...]:
    """Return the balance of every feature that varies within strata. Cost O(n p + p G^3).

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> drawn = simulate("observational", n=2000).experiment
        >>> min(feature_balance(drawn), key=lambda b: b.p_value).name
        'x1'
    """
    units = randomised_units(experiment)
    found = []
    for j, name in enumerate(experiment.features.schema.names):
        columns = feature_columns(experiment, j)
        found.append(_joint(experiment, units, name, columns))
    return tuple(b for b in found if b is not None)


def code_balance(experiment: Experiment, name: str, codes: IntArray) -> Balance | None:
    """Return the balance of a column of codes 0..L-1 (periods of time, say)."""
    columns = level_columns(codes.astype(np.float64), int(codes.max()) + 1)
    return _joint(experiment, randomised_units(experiment), name, columns)


def _joint(
    experiment: Experiment, units: Units, name: str, columns: Iterator[FloatArray]
) -> Balance | None:
    tests = [_column_test(experiment, units, column) for column in columns]
    kept = [test for test in tests if test is not None]
    if not kept:
        return None
    p_value, difference, code = min(kept)
    return Balance(name, min(1.0, p_value * len(kept)), -difference, experiment.offers[code])


def feature_columns(experiment: Experiment, j: int) -> Iterator[FloatArray]:
    """Yield the columns that tell a feature: numbers clipped, levels, missing values."""
    x = experiment.features.values[:, j]
    missing = np.isnan(x)
    if experiment.features.schema.kinds[j] == "category":
        codes = np.where(missing, -1.0, x)
        yield from level_columns(codes, len(experiment.features.schema.levels[j]))
    elif not missing.all():
        yield _clipped(x)
    if missing.any() and not missing.all():
        yield missing.astype(np.float64)


def level_columns(codes: FloatArray, n_levels: int) -> Iterator[FloatArray]:
    """Yield an indicator of each of the commonest levels."""
    known = codes[codes >= 0].astype(np.int64)
    counts = np.bincount(known, minlength=n_levels)
    for level in np.argsort(-counts, kind="stable")[:MAX_LEVELS]:
        if counts[level] > 0:
            yield (codes == level).astype(np.float64)


def _clipped(x: FloatArray) -> FloatArray:
    """Clip at the outer quantiles; a column that this makes constant becomes "not the median"."""
    step = max(1, x.shape[0] // SAMPLE)
    low, median, high = np.nanquantile(x[::step], [CLIP, 0.5, 1.0 - CLIP])
    if low < high:
        clipped: FloatArray = np.clip(x, low, high)
        return clipped
    return np.where(np.isnan(x), np.nan, (x != median).astype(np.float64))


def centred(x: FloatArray, stratum: IntArray, n_strata: int) -> FloatArray:
    """Centre within strata, missing values at the centre."""
    known = ~np.isnan(x)
    filled = np.where(known, x, 0.0)
    sums = np.bincount(stratum, weights=filled, minlength=n_strata)
    counts = np.bincount(stratum, weights=known.astype(np.float64), minlength=n_strata)
    centre = sums / np.maximum(counts, 1.0)
    return np.where(known, filled - centre[stratum], 0.0)


def _column_test(
    experiment: Experiment, units: Units, x: FloatArray
) -> tuple[float, float, int] | None:
    """Return (p-value, minus the largest difference, its offer) of one column."""
    z = centred(x, experiment.stratum, len(experiment.strata))
    spread = float(np.sqrt(np.mean(z**2)))
    if spread <= 1e-12 * max(1.0, float(np.nanmax(np.abs(x)))):
        return None
    z = z / spread
    unit = units.total(z)
    if experiment.design.kind in {"column", "estimate"}:
        return _weighted_test(experiment, units, z, unit)
    u, v, weight = _permuted(units, unit)
    pooled = _pooling(units, unit)
    if pooled.shape[0] < 2:
        return None
    u, v, weight = pooled @ u, pooled @ v @ pooled.T, pooled @ weight
    difference = np.abs(u) / np.maximum(weight, 1.0)
    worst = int(np.argmax(difference))
    code = int(np.argmax(pooled[worst] * units.rows.sum(axis=0)))
    return chi_square_tail(u, v), -float(difference[worst]), code


def _permuted(units: Units, unit: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    sums = units.by_cell(unit).sum(axis=0)
    n = units.counts.astype(np.float64)
    size = n.sum(axis=1)
    scale = units.by_cell(unit**2).sum(axis=1) / np.maximum(size - 1.0, 1.0)
    each = np.divide(scale, size, out=np.zeros_like(scale), where=size > 0)
    v: FloatArray = np.diag(scale @ n) - (n * each[:, None]).T @ n
    return sums, v, units.rows.sum(axis=0).astype(np.float64)


def _weighted_test(
    experiment: Experiment, units: Units, z: FloatArray, unit: FloatArray
) -> tuple[float, float, int] | None:
    weight = 1.0 / experiment.design.received
    weighted = units.total(z * weight)
    u = units.by_cell(weighted).sum(axis=0)
    cross = units.by_cell(weighted * (weighted - 2.0 * unit)).sum(axis=0)
    total, square = offer_totals(experiment, weight), offer_totals(experiment, weight**2)
    # Few rows of a rare level make their own squares too small an error: then the average's serves.
    average = float(np.mean(z**2)) * (square - experiment.n_rows)
    error = np.sqrt(np.maximum(np.maximum(cross + float(unit @ unit), average), 1e-300))
    effective = total**2 / np.maximum(square, 1e-300)
    tested = np.flatnonzero(effective / kurtosis(unit) >= MIN_EFFECTIVE_UNITS)
    if tested.size == 0:
        return None
    p_value = 2.0 * float(norm.sf(np.max(np.abs(u / error)[tested]))) * tested.size
    difference = np.abs(u)[tested] / total[tested]
    worst = int(np.argmax(difference))
    return min(1.0, p_value), -float(difference[worst]), int(tested[worst])


def offer_totals(experiment: Experiment, values: FloatArray) -> FloatArray:
    """Return the (G,) sums of a row-level column over the rows of each offer. Cost O(n)."""
    totals = np.bincount(experiment.offer, weights=values, minlength=experiment.n_offers)
    return totals.astype(np.float64)


def _pooling(units: Units, unit: FloatArray) -> FloatArray:
    """Return the (H, G) matrix that adds up offers with too few units for this column's tails."""
    fourth = kurtosis(unit)
    enough: BoolArray = units.counts.sum(axis=0) / fourth >= MIN_EFFECTIVE_UNITS
    identity = np.eye(enough.size)
    rest = (~enough).astype(np.float64)[None, :]
    pooled = identity[enough]
    if float((units.counts.sum(axis=0) * ~enough).sum()) / fourth >= MIN_EFFECTIVE_UNITS:
        pooled = np.vstack([pooled, rest])
    return pooled


def kurtosis(unit: FloatArray) -> float:
    """Return the fourth moment over the squared second."""
    square = unit * unit
    return float(square @ square) * unit.size / float(square.sum()) ** 2


def chi_square_tail(u: FloatArray, v: FloatArray) -> float:
    """Return the p-value of u against its covariance v, of whatever rank."""
    values, vectors = np.linalg.eigh(v)
    kept = values > RANK_TOLERANCE * max(float(values[-1]), 1e-300)
    if not kept.any():
        return 1.0
    statistic = float(np.sum((vectors[:, kept].T @ u) ** 2 / values[kept]))
    return float(chi2.sf(statistic, int(kept.sum())))

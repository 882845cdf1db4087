"""Do customers differ in what the offers do to them? A one-sided test on later folds.

t = sum_j sum_{i in j} h_j(x_i) . (D_i - c_j) / se, where D are the contrast scores, and h_j what
models of the folds BEFORE j predict beyond "same for everyone", c_j, centred within the fold. Each
fold's sum has mean zero given all that came before, so the sums add up to a martingale and t is
close to standard normal under the null (studies/verdicts.py: a true null falls below p = 0.05 in
10 % and below 0.01 in 2 % of logs). (Predicting every fold from all the others would count each
pair of folds twice and reject a true null far too often; in the spirit of the best linear predictor
test of Chernozhukov, Demirer, Duflo and Fernandez-Val.) Cost J - 1 small fits and O(n m).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import norm

from handful.effects import ridge
from handful.effects.boosting import grow
from handful.effects.outcome import FoldSet
from handful.effects.worlds import Workshop, targets_of
from handful.notation import Float32Array, FloatArray

TEST_ROUNDS: Final = 15
"""Trees the test reads: fixed beforehand, so that the number is not chosen on the rows tested."""

TEST_PENALTY: Final = (1_000.0, 10_000.0)
"""Penalties on lines and steps: fixed beforehand too."""

NAME: Final = "later folds' scores against earlier folds' predictions, cluster-robust, one-sided"


@dataclass(frozen=True, slots=True)
class HeterogeneityTest:
    """The t statistic and its one-sided p-value; None when there is nothing to test."""

    statistic: float | None
    p_value: float | None


def measure_heterogeneity(shop: Workshop) -> HeterogeneityTest:
    """Test whether predictions of who gains more are right more often than by chance.

    Args:
        shop: a workshop.

    Returns:
        Statistic (about standard normal under the null) and one-sided p-value.

    Cost: J - 1 fits of fixed size and O(n m).
    """
    products, clusters = [], []
    for j in range(1, len(shop.sample.folds)):
        rows = shop.sample.folds[j]
        seen = targets_of(shop, frozenset(), j).contrast[:, : shop.sample.learned]
        columns, targets = _before(shop, j)
        constant = targets.mean(axis=0)
        signal = _unit(_additive(shop, j)[:, : shop.sample.learned]) + _unit(
            _boosted(shop, columns, targets - constant, rows.trees)
        )
        products.append(np.sum(signal * (seen - constant), axis=1))
        clusters.append(rows.cluster)
    sums = np.bincount(np.concatenate(clusters), np.concatenate(products))
    error = float(np.sqrt(np.sum(sums**2)))
    if error == 0.0:
        return HeterogeneityTest(None, None)
    statistic = float(sums.sum()) / error
    return HeterogeneityTest(statistic, float(norm.sf(statistic)))


def _before(shop: Workshop, fold: int) -> tuple[Float32Array, FloatArray]:
    """Tree columns and targets of the folds before one, scored without it."""
    world: FoldSet = frozenset({fold})
    columns = np.concatenate([shop.sample.folds[k].trees for k in range(fold)])
    targets = np.concatenate([targets_of(shop, world, k).contrast for k in range(fold)])
    return columns, targets[:, : shop.sample.learned]


def _additive(shop: Workshop, fold: int) -> FloatArray:
    """What a ridge on the folds before one predicts for its rows, at a fixed penalty."""
    world: FoldSet = frozenset({fold})
    sums = ridge.add(
        ridge.Moments(
            shop.sample.folds[k].gram,
            shop.sample.folds[k].basis.astype(np.float64).T @ targets_of(shop, world, k).contrast,
        )
        for k in range(fold)
    )
    coefficients = ridge.solve(sums, ridge.penalties(shop.sample.basis, *TEST_PENALTY))
    predicted: FloatArray = shop.sample.folds[fold].basis.astype(np.float64) @ coefficients
    return predicted


def _boosted(
    shop: Workshop, columns: Float32Array, targets: FloatArray, test: Float32Array
) -> FloatArray:
    """What a few trees on the folds before one predict for its rows."""
    grown = grow(
        columns,
        targets,
        bins=shop.sample.bins,
        at_least=TEST_ROUNDS,
        seed=shop.sample.seed % (2**31),
    )
    return grown.predict(test, TEST_ROUNDS)


def _unit(predicted: FloatArray) -> FloatArray:
    """Centre within the fold and scale to unit spread, so that neither model drowns the other."""
    centred = predicted - predicted.mean(axis=0)
    spread = float(np.sqrt(np.mean(centred**2)))
    # A constant prediction says nothing; rounding noise must not be blown up to look like one.
    if spread <= 1e-9:
        return np.zeros_like(centred)
    unit: FloatArray = centred / spread
    return unit

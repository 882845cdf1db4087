"""Do customers differ in what the offers do to them? A one-sided test on held-out predictions.

t = sum_i h_i . (D_i - c) / (sqrt(2) se), where D are the contrast scores, c "same for everyone",
and h what models that never saw the row's fold predict beyond c, centred within the fold. Under the
null E[h_i . (D_i - c)] = 0 whatever h is; predictions that find real differences make it positive.
The folds' sums are not independent: what fold j teaches about fold k, fold k teaches about fold j,
so that under the null every pair of folds is counted twice and the variance is twice that of
independent folds. Hence the 2; where customers do differ it makes the test cautious.
(In the spirit of the best linear predictor test of Chernozhukov, Demirer, Duflo and
Fernandez-Val.) Cost O(n (m G + trees)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import norm

from handful.effects.outcome import FoldSet
from handful.effects.worlds import (
    Additive,
    Workshop,
    additive_fits,
    grow_all,
    held_predictions,
    targets_of,
)
from handful.notation import FloatArray

TEST_ROUNDS: Final = 15
"""Trees the test reads: fixed beforehand, so that the number is not chosen on the rows tested."""

NAME: Final = "covariance of held-out predicted and scored differences, cluster-robust, one-sided"


@dataclass(frozen=True, slots=True)
class HeterogeneityTest:
    """The t statistic and its one-sided p-value; None when there is nothing to test."""

    statistic: float | None
    p_value: float | None


def measure_heterogeneity(shop: Workshop) -> HeterogeneityTest:
    """Test whether held-out predictions of who gains more are right more often than by chance.

    Args:
        shop: a workshop; ensembles missing in it are grown.

    Returns:
        Statistic (about standard normal under the null) and one-sided p-value.

    Cost: J fits where the workshop is fresh, O(n) otherwise.
    """
    world: FoldSet = frozenset()
    folds = shop.inside(world)
    missing = [
        (frozenset({k}), TEST_ROUNDS, True) for k in folds if frozenset({k}) not in shop.grown
    ]
    grow_all(shop, missing)
    held = held_predictions(shop, world, _additive(shop), dict.fromkeys(folds, TEST_ROUNDS))
    products = []
    for piece in held:
        residual = targets_of(shop, world, piece.fold).contrast - piece.constant
        signal = _unit(piece.additive) + _unit(piece.boosted)
        products.append(np.sum(signal * residual, axis=1))
    cluster = np.concatenate([shop.sample.folds[p.fold].cluster for p in held])
    sums = np.bincount(cluster, np.concatenate(products))
    error = float(np.sqrt(2.0 * np.sum(sums**2)))
    if error == 0.0:
        return HeterogeneityTest(None, None)
    statistic = float(sums.sum()) / error
    return HeterogeneityTest(statistic, float(norm.sf(statistic)))


def _additive(shop: Workshop) -> Additive:
    """Coefficients without each fold, their penalty chosen without it too."""
    alone = [frozenset({k}) for k in shop.inside(frozenset())]
    return Additive({fold: additive_fits(shop, fold).by_removed[fold] for fold in alone})


def _unit(predicted: FloatArray) -> FloatArray:
    """Centre within the fold and scale to unit spread, so that neither model drowns the other."""
    centred = predicted - predicted.mean(axis=0)
    spread = float(np.sqrt(np.mean(centred**2)))
    # A constant prediction says nothing; rounding noise must not be blown up to look like one.
    if spread <= 1e-9:
        return np.zeros_like(centred)
    unit: FloatArray = centred / spread
    return unit

"""Amounts that are known for the log but not for a customer: weights of a column held apart.

The amount of row i under offer g is sum_k u_ik c_gk with u_ik known for every row of the log and
c_gk given. What a decision may use is E[u_k | x], learned from the features on the folds of the
profit by the learner of the profit: no offer and no outcome comes into it. Held out, the weights
themselves count. Cost: one more cross-fit for each source of weights.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np

from handful.effects.crossfit import CrossFit, cross_fit, learn_whole, open_workshop
from handful.effects.dials import spread_model
from handful.effects.records import AmountFit, EffectsModel
from handful.effects.sample import to_contrast
from handful.effects.worlds import Targets, Workshop
from handful.experiment.records import Amount, Design, Experiment
from handful.notation import FloatArray, IntArray
from handful.progress import SILENT, Progress


def open_weights(
    experiment: Experiment, weights: FloatArray, fold: IntArray, *, learn_rows: int, seed: int
) -> Workshop:
    """Return a workshop whose scores are the weights themselves, whatever is left out.

    Args:
        experiment: the log; only its features, clusters and strata are read.
        weights: (n, m) u, m of 2 or more.
        fold: (n,) folds.
        learn_rows: most rows to learn on.
        seed: of the draw.

    Cost: O(n p + l m^2).
    """
    shop = open_workshop(
        _weights_log(experiment, weights), fold, learn_rows=learn_rows, random_state=seed
    )
    folds = range(len(shop.sample.folds))
    for k in folds:
        known = _targets(shop, weights, k)
        others = [j for j in folds if j != k]
        for size in (0, 1, 2):
            shop.targets.update(
                {(frozenset(left), k): known for left in combinations(others, size)}
            )
    return shop


def _weights_log(experiment: Experiment, weights: FloatArray) -> Experiment:
    """Return the log as one of m candidates, each given to everybody alike."""
    n, m = weights.shape
    even = np.full((len(experiment.strata), m), 1.0 / m)
    return replace(
        experiment,
        offer=np.arange(n) % m,
        offers=tuple(f"weight {k}" for k in range(m)),
        control=None,
        profit=weights[:, 0],
        design=Design("design", even, np.full(n, 1.0 / m), np.ones(even.shape, dtype=np.bool_)),
        dials=None,
        consent=None,
        amounts=(),
        take_up=None,
    )


def _targets(shop: Workshop, weights: FloatArray, fold: int) -> Targets:
    scores = weights[shop.sample.folds[fold].rows] / shop.sample.unit
    level = scores @ shop.sample.weights
    contrast = to_contrast(shop.sample, scores - level[:, None])
    return Targets(contrast, level, np.zeros(weights.shape[1]))


def fit_weights(
    experiment: Experiment,
    weights: FloatArray,
    shop: Workshop,
    fold: IntArray,
    progress: Progress = SILENT,
) -> CrossFit:
    """Cross-fit the weights: `predicted` (n, m) and those of every world.

    Cost: that of `cross_fit`.
    """
    return cross_fit(_weights_log(experiment, weights), shop, fold, progress)


def weighted_fit(amount: Amount, found: CrossFit, fit: CrossFit) -> AmountFit:
    """Return an amount under every offer from its cross-fitted weights.

    Args:
        amount: with weights.
        found: from `fit_weights` with the folds of `fit`.
        fit: of the profit.

    Cost: O(n G m).
    """
    weights, by_offer = known_parts(amount)
    predicted = found.predicted @ by_offer.T
    worlds = tuple(
        own.predicted @ by_offer.T
        if np.array_equal(own.rows, world.rows)
        else predicted[world.rows]
        for own, world in zip(found.worlds, fit.worlds, strict=True)
    )
    return AmountFit(amount.name, predicted, weights @ by_offer.T, worlds)


def weighted_model(amount: Amount, learned: EffectsModel, offers: tuple[str, ...]) -> EffectsModel:
    """Return the final model of an amount under every offer from that of its weights."""
    return spread_model(learned, known_parts(amount)[1], offers)


def learn_weights(experiment: Experiment, weights: FloatArray, shop: Workshop) -> EffectsModel:
    """Learn the weights on every fold.

    Cost: one fit more where `fit_weights` has run.
    """
    return learn_whole(_weights_log(experiment, weights), shop).model


def known_parts(amount: Amount) -> tuple[FloatArray, FloatArray]:
    """Return the weights of an amount and what they count for under every offer.

    Raises:
        ValueError: the amount has none.
    """
    if amount.weights is None or amount.by_offer is None:
        raise ValueError("the amount has no weights")
    return amount.weights, amount.by_offer

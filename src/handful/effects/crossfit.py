"""Cross-fitting: what every row is worth under every offer, by fits that never saw its fold.

For each fold j a world without j makes predictions P for the rows of j, and these make their
scores Gamma = P + 1{t = g} (y - P_t) / e_t. Cost: J (J - 1) / 2 + J + 1 fits for J folds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handful.effects.basis import basis_terms
from handful.effects.boosting import to_forest
from handful.effects.outcome import FoldSet
from handful.effects.predict import predict_profit
from handful.effects.records import EffectsModel
from handful.effects.sample import LearnSample, make_sample
from handful.effects.scores import doubly_robust
from handful.effects.stacking import StackWeights
from handful.effects.worlds import (
    Additive,
    Held,
    Workshop,
    additive_fits,
    constant_of,
    grow_all,
    held_predictions,
    held_rounds,
    restored_of,
    rounds_of,
    targets_of,
    weigh,
)
from handful.experiment.records import Experiment
from handful.notation import FloatArray, IntArray
from handful.progress import SILENT, Progress

WHOLE: FoldSet = frozenset()


@dataclass(frozen=True, slots=True)
class World:
    """The learning rows outside one fold, as they look without it: menus are chosen here.

    Attributes:
        rows: (l,) experiment rows.
        predicted: (l, G) out-of-fold predicted profit, money per customer.
        scores: (l, G) doubly robust scores, money per customer.
    """

    rows: IntArray
    predicted: FloatArray
    scores: FloatArray


@dataclass(frozen=True, slots=True)
class CrossFit:
    """One split of the log, every row predicted and scored without its own fold.

    Attributes:
        fold: (n,) fold of each row.
        predicted: (n, G) P of the world without the row's fold.
        scores: (n, G) Gamma.
        worlds: one per fold.
        models: the model each fold was predicted with; () where effects came from elsewhere.
    """

    fold: IntArray
    predicted: FloatArray
    scores: FloatArray
    worlds: tuple[World, ...]
    models: tuple[EffectsModel, ...] = ()


@dataclass(frozen=True, slots=True)
class Learned:
    """The final model, learned on every fold, and how it was mixed."""

    model: EffectsModel
    weights: StackWeights
    trees: int
    rows: int


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A world's pieces: coefficients, trees, weights, and its held-out predictions."""

    additive: Additive
    rounds: int
    weights: StackWeights
    held: tuple[Held, ...]


def open_workshop(
    experiment: Experiment, fold: IntArray, *, learn_rows: int, random_state: int
) -> Workshop:
    """Lay the learning rows out by fold, ready to fit any world.

    Cost: O(n p + l m^2).
    """
    return Workshop(make_sample(experiment, fold, learn_rows=learn_rows, seed=random_state))


def cross_fit(
    experiment: Experiment, shop: Workshop, fold: IntArray, progress: Progress = SILENT
) -> CrossFit:
    """Predict and score every row by the world without its fold.

    Args:
        experiment: the log.
        shop: from `open_workshop` with the same folds.
        fold: (n,) folds.
        progress: told of every fold.

    Returns:
        Predictions, scores, and for every fold the rows its menus are chosen on.

    Cost: J (J - 1) / 2 + J fits of O(l m^2 + trees l q).
    """
    folds = range(len(shop.sample.folds))
    pairs = [(frozenset({j, k}), 0, True) for j in folds for k in folds if j < k]
    progress.start("effects: pairs of folds left out", len(pairs) + len(folds))
    for at in range(0, len(pairs), 2):
        grow_all(shop, pairs[at : at + 2])
        progress.advance(len(pairs[at : at + 2]))
    singles = [(frozenset({j}), rounds_of(shop, frozenset({j})), True) for j in folds]
    grow_all(shop, singles)
    predicted = np.empty((experiment.n_rows, experiment.n_offers))
    worlds, models = [], []
    for j in folds:
        removed = frozenset({j})
        fitted = _fit(shop, removed)
        mine = fold == j
        model = _model(shop, experiment.offers, removed, fitted)
        predicted[mine] = predict_profit(model, experiment.features.rows(mine))
        worlds.append(_world(shop, removed, fitted))
        models.append(model)
        progress.advance()
    progress.finish()
    scores = doubly_robust(
        predicted, experiment.profit, experiment.offer, experiment.design.received
    )
    return CrossFit(fold, predicted, scores, tuple(worlds), tuple(models))


def learn_whole(experiment: Experiment, shop: Workshop) -> Learned:
    """Learn the final model on every fold of the sample.

    Cost: one fit more where `cross_fit` has run on the same workshop, J + 1 fits otherwise.
    """
    folds = range(len(shop.sample.folds))
    missing = [(frozenset({j}), 0, True) for j in folds if frozenset({j}) not in shop.grown]
    grow_all(shop, missing)
    fitted = _fit(shop, WHOLE)
    grow_all(shop, [(WHOLE, fitted.rounds, False)])
    model = _model(shop, experiment.offers, WHOLE, fitted)
    return Learned(model, fitted.weights, fitted.rounds, shop.sample.n_rows)


def _fit(shop: Workshop, world: FoldSet) -> _Fitted:
    additive = additive_fits(shop, world)
    rounds = rounds_of(shop, world)
    held = held_predictions(shop, world, additive, held_rounds(shop, world, rounds))
    return _Fitted(additive, rounds, weigh(shop, world, held), tuple(held))


def _model(
    shop: Workshop, offers: tuple[str, ...], world: FoldSet, fitted: _Fitted
) -> EffectsModel:
    sample, weights = shop.sample, fitted.weights
    money = sample.unit / np.sqrt(sample.weights)
    coefficients = fitted.additive.by_removed[world]
    mixed = weights.additive * coefficients[:, :-1] * money
    level = coefficients[:, -1:] * sample.unit
    constant, terms = basis_terms(sample.basis, mixed + level)
    kept = (1.0 - weights.additive) * constant_of(shop, world) * money
    constant = constant + kept + restored_of(shop, world) * sample.unit
    forest = (
        to_forest(shop.grown[world], sample.trees, fitted.rounds, weights.boosted * money)
        if weights.boosted
        else None
    )
    return EffectsModel(sample.basis.schema, offers, constant, terms, forest)


def _world(shop: Workshop, removed: FoldSet, fitted: _Fitted) -> World:
    sample = shop.sample
    return World(
        rows=np.concatenate([sample.folds[h.fold].rows for h in fitted.held]),
        predicted=np.concatenate(
            [
                _held_profit(sample, h, fitted.weights, restored_of(shop, removed | {h.fold}))
                for h in fitted.held
            ]
        ),
        scores=np.concatenate([_raw_scores(shop, removed, h.fold) for h in fitted.held]),
    )


def _held_profit(
    sample: LearnSample, held: Held, weights: StackWeights, restored: FloatArray
) -> FloatArray:
    contrast = (
        held.constant + weights.additive * held.additive + weights.boosted * held.boosted
    ) / np.sqrt(sample.weights)
    profit: FloatArray = (held.level[:, None] + contrast + restored) * sample.unit
    return profit


def _raw_scores(shop: Workshop, world: FoldSet, fold: int) -> FloatArray:
    sample, rows = shop.sample, shop.sample.folds[fold]
    seen = targets_of(shop, world, fold)
    scores = seen.level[:, None] + seen.contrast / np.sqrt(sample.weights)
    scores[np.arange(len(rows.rows)), rows.offer] += rows.clipped / rows.received
    raw: FloatArray = scores * sample.unit
    return raw

"""Cross-fitting: what every row is worth under every offer, by fits that never saw its fold.

For each fold j a world without j makes predictions P for the rows of j, and these make their
scores Gamma = P + 1{t = g} (y - P_t) / e_t. Cost: J (J - 1) / 2 + J + 1 fits for J folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from handful.effects.basis import basis_terms
from handful.effects.boosting import to_forest
from handful.effects.nodes import NodeWeights
from handful.effects.outcome import FoldSet
from handful.effects.predict import predict_profit
from handful.effects.records import AmountFit, EffectsModel, Forest, SlopeFit
from handful.effects.sample import LearnSample, from_contrast, make_sample
from handful.effects.scores import doubly_robust, kernel_scores
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
from handful.notation import Float32Array, FloatArray, IntArray
from handful.progress import SILENT, Progress

WHOLE: FoldSet = frozenset()


@dataclass(frozen=True, slots=True)
class Shortlist:
    """Menus chosen beforehand from more offers than the log's candidates (dials, polished).

    Attributes:
        menus: offer codes by number of offers.
        gaps: certified gap of the candidates' own menus; None where a cell is closed.
        single: code of the best single offer.
        allowed: codes that these rows may choose among: no other world's polished points.
    """

    menus: dict[int, tuple[int, ...]]
    gaps: dict[int, float | None]
    single: int
    allowed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class World:
    """The learning rows outside one fold, as they look without it: menus are chosen here.

    Attributes:
        rows: (l,) experiment rows.
        predicted: (l, G) out-of-fold predicted profit, money per customer.
        scores: (l, G) doubly robust scores, money per customer.
        shortlist: what was chosen on these rows already; None where menus are chosen from G.
    """

    rows: IntArray
    predicted: FloatArray
    scores: FloatArray
    shortlist: Shortlist | None = None


@dataclass(frozen=True, slots=True)
class CrossFit:
    """One split of the log, every row predicted and scored without its own fold.

    Attributes:
        fold: (n,) fold of each row.
        predicted: (n, G) P of the world without the row's fold.
        scores: (n, G) Gamma.
        worlds: one per fold.
        models: the model each fold was predicted with; () where effects came from elsewhere.
        kernel: (n, G) weight of each row's outcome in each score, for offers with dials.
        at_received: (n,) prediction at what the row received, None where only offers are predicted.
        at_nodes: (n, q) scores at the nodes of the surface; the mean curve is read from them.
        shortlist: the final menus, of all rows, where they were chosen beforehand.
        amounts: what limits count, cross-fitted on the same folds.
        slopes: what assumptions do to profit, on the same folds.
    """

    fold: IntArray
    predicted: FloatArray
    scores: FloatArray
    worlds: tuple[World, ...]
    models: tuple[EffectsModel, ...] = ()
    kernel: Float32Array | None = None
    at_received: FloatArray | None = None
    at_nodes: FloatArray | None = None
    shortlist: Shortlist | None = None
    amounts: tuple[AmountFit, ...] = ()
    slopes: tuple[SlopeFit, ...] = ()


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


@dataclass(frozen=True, slots=True)
class HeldOut:
    """One fold predicted without it: (n_fold, G) predictions, the world, and the model used."""

    predicted: FloatArray
    world: World
    model: EffectsModel


def rescore(experiment: Experiment, fit: CrossFit, profit: FloatArray) -> FloatArray:
    """Return the (n, G) scores of a cross-fit with another profit in place of the realised one.

    Cost: O(n G).
    """
    if fit.kernel is not None:
        return kernel_scores(fit.predicted, profit, fit.at_received, fit.kernel)
    return doubly_robust(fit.predicted, profit, experiment.offer, experiment.design.received)


def open_workshop(
    experiment: Experiment,
    fold: IntArray,
    *,
    learn_rows: int,
    random_state: int,
    nodes: NodeWeights | None = None,
) -> Workshop:
    """Lay the learning rows out by fold, ready to fit any world.

    Args:
        experiment: the log.
        fold: (n,) folds.
        learn_rows: most rows to learn on.
        random_state: seed of the draw.
        nodes: of the response surface, for offers with dials; offers are then its nodes.

    Cost: O(n p + l m^2).
    """
    return Workshop(
        make_sample(experiment, fold, learn_rows=learn_rows, seed=random_state, nodes=nodes)
    )


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
    predicted = np.empty((experiment.n_rows, experiment.n_offers))
    held = hold_out(experiment, shop, fold, folds, progress)
    for j in folds:
        predicted[fold == j] = held[j].predicted
    scores = doubly_robust(
        predicted, experiment.profit, experiment.offer, experiment.design.received
    )
    worlds, models = tuple(h.world for h in held), tuple(h.model for h in held)
    return CrossFit(fold, predicted, scores, worlds, models)


def hold_out(
    experiment: Experiment,
    shop: Workshop,
    fold: IntArray,
    asked: Sequence[int],
    progress: Progress = SILENT,
) -> list[HeldOut]:
    """Predict each fold asked for by the world without it.

    Args:
        experiment: the log.
        shop: from `open_workshop` with the same folds.
        fold: (n,) folds.
        asked: folds to predict.
        progress: told of every fold.

    Cost: a fit for each pair of folds that one asked for is part of, and one for each asked for.
    """
    folds = range(len(shop.sample.folds))
    pairs = [
        (frozenset({j, k}), 0, True)
        for j in folds
        for k in folds
        if j < k and (j in asked or k in asked)
    ]
    progress.start("effects: pairs of folds left out", len(pairs) + len(asked))
    for at in range(0, len(pairs), 2):
        grow_all(shop, pairs[at : at + 2])
        progress.advance(len(pairs[at : at + 2]))
    singles = [(frozenset({j}), rounds_of(shop, frozenset({j})), True) for j in asked]
    grow_all(shop, singles)
    held = []
    for j in asked:
        removed = frozenset({j})
        fitted = _fit(shop, removed)
        model = _model(shop, experiment.offers, removed, fitted)
        predicted = predict_profit(model, experiment.features.rows(fold == j))
        held.append(HeldOut(predicted, _world(shop, removed, fitted), model))
        progress.advance()
    progress.finish()
    return held


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
    coefficients = fitted.additive.by_removed[world]
    mixed = _money(sample, weights.additive * coefficients[:, :-1])
    level = coefficients[:, -1:] * sample.unit
    constant, terms = basis_terms(sample.basis, mixed + level)
    kept = _money(sample, (1.0 - weights.additive) * constant_of(shop, world))
    constant = constant + kept + restored_of(shop, world) * sample.unit
    named = offers if sample.nodes is None else tuple(f"node {k}" for k in range(len(constant)))
    forest = _forest(shop, world, fitted)
    return EffectsModel(sample.basis.schema, named, constant, terms, forest)


def _money(sample: LearnSample, contrast: FloatArray) -> FloatArray:
    """Turn contrasts of unit noise into money."""
    if sample.nodes is not None:
        return from_contrast(sample, contrast) * sample.unit
    scaled: FloatArray = contrast * (sample.unit / np.sqrt(sample.weights))
    return scaled


def _forest(shop: Workshop, world: FoldSet, fitted: _Fitted) -> Forest | None:
    sample, share = shop.sample, fitted.weights.boosted
    if not share:
        return None
    if sample.nodes is None:
        scale = share * (sample.unit / np.sqrt(sample.weights))
        return to_forest(shop.grown[world], sample.trees, fitted.rounds, scale)
    learned = sample.nodes.learned
    forest = to_forest(shop.grown[world], sample.trees, fitted.rounds, np.full(learned, share))
    if forest is None:
        return None
    leaves = forest.leaves @ sample.nodes.back[:learned] * sample.unit
    return replace(forest, leaves=np.ascontiguousarray(leaves))


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
    contrast = from_contrast(
        sample, held.constant + weights.additive * held.additive + weights.boosted * held.boosted
    )
    profit: FloatArray = (held.level[:, None] + contrast + restored) * sample.unit
    return profit


def _raw_scores(shop: Workshop, world: FoldSet, fold: int) -> FloatArray:
    sample, rows = shop.sample, shop.sample.folds[fold]
    seen = targets_of(shop, world, fold)
    scores = seen.level[:, None] + from_contrast(sample, seen.contrast)
    if rows.inverse is None:
        scores[np.arange(len(rows.rows)), rows.offer] += rows.clipped / rows.received
    else:
        scores += rows.inverse * rows.clipped[:, None]
    raw: FloatArray = scores * sample.unit
    return raw

"""Effects learned without a set of folds: targets, additive and boosted fits, stacked.

A world is a set of folds that nothing inside may see. World {} makes the final model; world {j}
makes what fold j is valued with. Inside a world W the row of fold k gets its score, and its
out-of-fold prediction, from fits on W + {k} left out, so a pair of folds {j, k} is fitted once and
serves both W = {j} and W = {k}. With J folds that is J (J - 1) / 2 + J + 1 fits in all.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from handful.effects import ridge
from handful.effects.boosting import Boosted, Watched, best_rounds, grow
from handful.effects.outcome import FoldSet
from handful.effects.sample import LearnFold, LearnSample, to_contrast
from handful.effects.scores import doubly_robust, node_scores
from handful.effects.stacking import StackWeights, stack
from handful.notation import FloatArray

THREADS: Final = 2
"""Ensembles grown side by side; each on one thread, so results do not depend on this number."""


@dataclass(frozen=True, slots=True)
class Targets:
    """What is learned from the rows of one fold, in units of the sample.

    Gamma_g = level + contrast_g / sqrt(w_g): the level is common to all offers, the contrasts are
    what offers do differently, scaled so that each carries noise of about unit spread (mixed too,
    where offers are nodes of a response surface, so that their noise is not correlated).

    Attributes:
        contrast: (n, G).
        level: (n,).
        restored: (G,) mean over rows of the score that winsorising took away.
    """

    contrast: FloatArray
    level: FloatArray
    restored: FloatArray


@dataclass(frozen=True, slots=True)
class Additive:
    """Ridge coefficients: contrasts (m, G) and level (m,), by the set of folds left out."""

    by_removed: dict[FoldSet, FloatArray]


@dataclass(frozen=True, slots=True)
class Workshop:
    """The sample and everything fitted so far, each fit made once and shared between worlds."""

    sample: LearnSample
    targets: dict[tuple[FoldSet, int], Targets] = field(default_factory=dict)
    solved: dict[tuple[FoldSet, int], FloatArray] = field(default_factory=dict)
    sums: dict[FoldSet, ridge.Moments] = field(default_factory=dict)
    grown: dict[FoldSet, Boosted] = field(default_factory=dict)

    def inside(self, removed: FoldSet) -> list[int]:
        """Return the folds that are not removed."""
        return [k for k in range(len(self.sample.folds)) if k not in removed]


def targets_of(shop: Workshop, world: FoldSet, fold: int) -> Targets:
    """Return the targets of a fold, scored without it and without the world.

    Cost: O(n_fold (m + G)).
    """
    key = (world, fold)
    if key not in shop.targets:
        rows = shop.sample.folds[fold]
        outcome = shop.sample.outcome.predict(world, fold)
        scores = _scores(shop, rows, outcome)
        level = scores @ shop.sample.weights
        contrast = to_contrast(shop.sample, scores - level[:, None])
        shop.targets[key] = Targets(contrast, level, _restored(rows, scores.shape[1]))
    return shop.targets[key]


def _scores(shop: Workshop, rows: LearnFold, outcome: FloatArray) -> FloatArray:
    if rows.columns is not None and rows.inverse is not None:
        return node_scores(outcome, rows.profit, rows.columns, rows.inverse)
    scores = doubly_robust(outcome, rows.profit, rows.offer, rows.received)
    return np.where(rows.open_cells, scores, outcome + _noise(shop, rows, scores - outcome))


def _restored(rows: LearnFold, offers: int) -> FloatArray:
    if rows.inverse is not None:
        return rows.clipped @ rows.inverse / len(rows.rows)
    total = np.bincount(rows.offer, rows.clipped / rows.received, minlength=offers)
    mean: FloatArray = total / len(rows.offer)
    return mean


def _noise(shop: Workshop, rows: LearnFold, correction: FloatArray) -> FloatArray:
    """What the outcome model missed, by the row's open offers: (n, 1), for its closed cells.

    Left out of closed cells, the misfit would stand in every contrast of an open offer with a
    closed one and be learned as if it were an effect.
    """
    # A stratum too thin for any offer has no open cell: there every offer counts.
    counts = rows.open_cells | ~rows.open_cells.any(axis=1, keepdims=True)
    weight = counts * shop.sample.weights
    total = (correction * weight).sum(axis=1, keepdims=True)
    noise: FloatArray = total / weight.sum(axis=1, keepdims=True)
    return noise


def _fold_moments(shop: Workshop, world: FoldSet, fold: int) -> ridge.Moments:
    rows, seen = shop.sample.folds[fold], targets_of(shop, world, fold)
    both = np.column_stack([seen.contrast, seen.level]).astype(np.float32)
    return ridge.Moments(rows.gram, (rows.basis.T @ both).astype(np.float64))


def _solved(shop: Workshop, removed: FoldSet, choice: int) -> FloatArray:
    """Ridge coefficients (m, G + 1) learned without `removed`, at one penalty of the grid."""
    key = (removed, choice)
    if key not in shop.solved:
        if removed not in shop.sums:
            kept = [_fold_moments(shop, removed, k) for k in shop.inside(removed)]
            shop.sums[removed] = ridge.add(kept)
        penalty = ridge.penalties(shop.sample.basis, *ridge.GRID[choice])
        shop.solved[key] = ridge.solve(shop.sums[removed], penalty)
    return shop.solved[key]


def additive_fits(shop: Workshop, world: FoldSet) -> Additive:
    """Choose penalties by out-of-fold loss inside the world; return its coefficients.

    Contrasts and level choose their own penalty: a level can be easy to predict where effects
    are not.

    Returns:
        Coefficients (m, G + 1), contrasts then level, without the world and without each of its
        folds in turn.

    Cost: O(choices m^3).
    """
    folds = shop.inside(world)
    held = {k: _fold_moments(shop, world, k) for k in folds}
    losses = np.array(
        [
            np.sum(
                [ridge.excess_loss(held[k], _solved(shop, world | {k}, c)) for k in folds], axis=0
            )
            for c in range(len(ridge.GRID))
        ]
    )
    contrast = int(np.argmin(losses[:, :-1][:, : shop.sample.learned].sum(axis=1)))
    level = int(np.argmin(losses[:, -1]))

    def chosen(removed: FoldSet) -> FloatArray:
        first, second = _solved(shop, removed, contrast), _solved(shop, removed, level)
        found = np.column_stack([first[:, :-1], second[:, -1]])
        if shop.sample.learned is not None:  # the other contrasts are the same for everyone
            common = slice(shop.sample.learned, -1)
            found[:, common] = 0.0
            found[0, common] = constant_of(shop, removed)[common.start :]
        return found

    return Additive({r: chosen(r) for r in [world, *(world | {k} for k in folds)]})


def constant_of(shop: Workshop, removed: FoldSet) -> FloatArray:
    """Return (G,) the mean contrast over the rows that are left: "same for everyone"."""
    folds = shop.inside(removed)
    total = np.sum([targets_of(shop, removed, k).contrast.sum(axis=0) for k in folds], axis=0)
    mean: FloatArray = total / sum(len(shop.sample.folds[k].rows) for k in folds)
    return mean


def restored_of(shop: Workshop, removed: FoldSet) -> FloatArray:
    """Return (G,) the mean score that winsorising took away, over the rows that are left."""
    folds = shop.inside(removed)
    sizes = np.array([len(shop.sample.folds[k].rows) for k in folds])
    means = np.array([targets_of(shop, removed, k).restored for k in folds])
    mean: FloatArray = sizes @ means / sizes.sum()
    return mean


def grow_without(shop: Workshop, removed: FoldSet, *, at_least: int, watch: bool) -> Boosted:
    """Grow the ensemble of the folds left, following its loss on each removed fold's own world."""
    centre = constant_of(shop, removed)
    folds = shop.inside(removed)
    columns = np.concatenate([shop.sample.folds[k].trees for k in folds])
    targets = np.concatenate([targets_of(shop, removed, k).contrast for k in folds]) - centre
    learned = slice(shop.sample.learned)
    watched = tuple(
        Watched(
            shop.sample.folds[k].trees,
            (targets_of(shop, removed - {k}, k).contrast - centre)[:, learned],
        )
        for k in sorted(removed)
        if watch
    )
    return grow(
        columns,
        targets[:, learned],
        bins=shop.sample.bins,
        watched=watched,
        at_least=at_least,
        seed=shop.sample.seed % (2**31),
    )


def grow_all(shop: Workshop, jobs: list[tuple[FoldSet, int, bool]]) -> None:
    """Grow several ensembles side by side: (folds left out, least trees, follow the loss)."""
    for removed, _, watch in jobs:  # targets are cached: make them before threads share the cache
        for k in shop.inside(removed):
            targets_of(shop, removed, k)
        for k in removed if watch else ():
            targets_of(shop, removed - {k}, k)
    with ThreadPoolExecutor(THREADS) as pool:
        made = pool.map(lambda job: grow_without(shop, job[0], at_least=job[1], watch=job[2]), jobs)
        for (removed, _, _), boosted in zip(jobs, made, strict=True):
            shop.grown[removed] = boosted


def rounds_of(shop: Workshop, world: FoldSet) -> int:
    """Return the number of trees with the least out-of-fold loss inside the world."""
    curves = []
    for k in shop.inside(world):
        removed = world | {k}
        curves.append(shop.grown[removed].curves[sorted(removed).index(k)])
    return best_rounds(curves)


@dataclass(frozen=True, slots=True)
class Held:
    """Out-of-fold pieces for the rows of one fold inside a world: constant, additive, boosted."""

    fold: int
    constant: FloatArray
    additive: FloatArray
    boosted: FloatArray
    level: FloatArray


def held_rounds(shop: Workshop, world: FoldSet, rounds: int) -> dict[int, int]:
    """Return the trees used for each fold of a world: `rounds`, or where its own loss stalled.

    An ensemble without {j, k} grows until both losses stall. How far it went for j must not show
    in what the world without j predicts for k.
    """
    used = {}
    for k in shop.inside(world):
        removed = world | {k}
        used[k] = min(rounds, shop.grown[removed].followed(sorted(removed).index(k)))
    return used


def held_predictions(
    shop: Workshop, world: FoldSet, additive: Additive, rounds: dict[int, int]
) -> list[Held]:
    """Return, for each fold of the world, what the fits without it predict for its rows.

    Args:
        shop: the workshop.
        world: folds left out of everything.
        additive: coefficients without the world and each fold in turn.
        rounds: trees used for each fold.

    Cost: O(n (m G + trees)).
    """
    held = []
    for k in shop.inside(world):
        removed = world | {k}
        rows, constant = shop.sample.folds[k], constant_of(shop, removed)
        linear = rows.basis.astype(np.float64) @ additive.by_removed[removed]
        held.append(
            Held(
                fold=k,
                constant=constant,
                additive=linear[:, :-1] - constant,
                boosted=_padded(shop.grown[removed].predict(rows.trees, rounds[k]), len(constant)),
                level=linear[:, -1],
            )
        )
    return held


def _padded(boosted: FloatArray, width: int) -> FloatArray:
    """Put zeros for the contrasts that trees were not grown on."""
    missing = width - boosted.shape[1]
    return np.pad(boosted, ((0, 0), (0, missing))) if missing else boosted


def weigh(shop: Workshop, world: FoldSet, held: list[Held]) -> StackWeights:
    """Stack the held-out predictions of a world against its targets.

    Cost: O(n G).
    """
    residual = np.concatenate([targets_of(shop, world, h.fold).contrast - h.constant for h in held])
    return stack(
        residual,
        np.concatenate([h.additive for h in held]),
        np.concatenate([h.boosted for h in held]),
        np.concatenate([shop.sample.folds[h.fold].cluster for h in held]),
    )

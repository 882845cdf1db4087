"""Boosted trees with a vector of all offers in each leaf (XGBoost), turned into plain arrays.

One ensemble serves every offer, so a split is made where customers differ in what the offers do to
them. Categories become one column per frequent level, missing values go where the gain is larger.
Cost O(rounds n q) for q columns.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from handful.effects.records import Forest
from handful.experiment.records import Features
from handful.notation import Float32Array, FloatArray

if TYPE_CHECKING:
    # Loaded where trees are grown: who only asks about a plan that was made grows none.
    import xgboost

ROUNDS: Final = 120
STRIDE: Final = 2
"""Trees between two looks at the watched losses."""
PATIENCE: Final = 12
MAX_BINS: Final = 64
MAX_ONE_HOT: Final = 32
"""Levels of a category that get a column of their own, most frequent first."""


@dataclass(frozen=True, slots=True)
class TreeColumns:
    """The columns trees are grown on: (feature, level code), level None for a number."""

    pairs: tuple[tuple[int, int | None], ...]


@dataclass(frozen=True, slots=True)
class Watched:
    """Rows on which the loss is followed while trees are added; never grown on."""

    columns: Float32Array
    targets: FloatArray


@dataclass(frozen=True, slots=True)
class Boosted:
    """A grown ensemble; for each watched set, the mean squared error after 0, STRIDE, ... trees.

    A curve ends where its own loss has stalled, whatever the ensemble went on to grow for others.
    """

    booster: xgboost.Booster
    rounds: int
    curves: tuple[FloatArray, ...]

    def predict(self, columns: Float32Array, rounds: int) -> FloatArray:
        """Return (n, G) predictions of the first `rounds` trees."""
        used = min(rounds, self.rounds)
        width = self.booster.num_features()
        if used == 0 or width == 0:
            return np.zeros((len(columns), self._outputs()))
        predicted = self.booster.inplace_predict(columns, iteration_range=(0, used))
        return np.asarray(predicted, dtype=np.float64).reshape(len(columns), -1)

    def followed(self, at: int) -> int:
        """Return the number of trees after which a watched set's loss was last looked at."""
        return STRIDE * (len(self.curves[at]) - 1)

    def _outputs(self) -> int:
        return int(
            json.loads(self.booster.save_config())["learner"]["learner_model_param"]["num_target"]
        )


def tree_columns(features: Features) -> TreeColumns:
    """Choose the columns trees may split on, from the feature values alone.

    Cost: O(n p).
    """
    pairs: list[tuple[int, int | None]] = []
    for column, kind in enumerate(features.schema.kinds):
        if kind == "number":
            pairs.append((column, None))
            continue
        codes = features.values[:, column]
        counts = np.bincount(codes[~np.isnan(codes)].astype(np.int64))
        frequent = np.sort(np.argsort(-counts, kind="stable")[:MAX_ONE_HOT])
        pairs += [(column, int(level)) for level in frequent if counts[level]]
    return TreeColumns(tuple(pairs))


def tree_matrix(columns: TreeColumns, values: FloatArray) -> Float32Array:
    """Return the (n, q) float32 matrix trees are grown on.

    Cost: O(n q).
    """
    out = np.empty((values.shape[0], len(columns.pairs)), dtype=np.float32)
    for at, (feature, level) in enumerate(columns.pairs):
        column = values[:, feature]
        out[:, at] = column if level is None else column == level
        if level is not None:
            out[np.isnan(column), at] = np.nan
    return out


def quantile_bins(columns: Float32Array) -> xgboost.QuantileDMatrix:
    """Choose where columns may be cut, once for every ensemble; reads no outcome.

    Cost: O(n q log n).
    """
    import xgboost

    return xgboost.QuantileDMatrix(columns, max_bin=MAX_BINS, nthread=1)


def grow(
    columns: Float32Array,
    targets: FloatArray,
    *,
    bins: xgboost.QuantileDMatrix,
    watched: tuple[Watched, ...] = (),
    at_least: int = 0,
    seed: int,
) -> Boosted:
    """Grow trees until no watched loss has improved for a while, or exactly `at_least` unwatched.

    Args:
        columns: (n, q) tree columns.
        targets: (n, G) targets of unit spread, centred.
        bins: from `quantile_bins`: where columns may be cut, shared by all ensembles.
        watched: sets whose loss decides when to stop.
        at_least: trees grown whatever the losses say.
        seed: XGBoost's seed (ties only: no rows or columns are sampled).

    Cost: O(rounds n q).
    """
    import xgboost

    rows, outputs = targets.shape
    matrix = xgboost.QuantileDMatrix(columns, targets, max_bin=MAX_BINS, nthread=1, ref=bins)
    booster = xgboost.Booster(_settings(rows, outputs, seed), [matrix])
    predicted = [np.zeros_like(w.targets) for w in watched]
    curves: list[list[float]] = [[float(np.mean(w.targets**2))] for w in watched]
    grown = 0
    while grown < (ROUNDS if watched else at_least):
        booster.update(matrix, grown)
        grown += 1
        if grown % STRIDE or not watched:
            continue
        for w, so_far, curve in zip(watched, predicted, curves, strict=True):
            if _stalled(curve):  # where a curve ends must not depend on anybody else's loss
                continue
            step = booster.inplace_predict(w.columns, iteration_range=(grown - STRIDE, grown))
            so_far += np.asarray(step).reshape(so_far.shape)
            curve.append(float(np.mean((w.targets - so_far) ** 2)))
        if grown >= at_least and all(_stalled(curve) for curve in curves):
            break
    return Boosted(booster, grown, tuple(np.array(c) for c in curves))


def _stalled(curve: list[float]) -> bool:
    return STRIDE * (len(curve) - 1 - int(np.argmin(curve))) >= PATIENCE


def _settings(rows: int, outputs: int, seed: int) -> dict[str, object]:
    return {
        "tree_method": "hist",
        "multi_strategy": "multi_output_tree",
        "objective": "reg:squarederror",
        "base_score": 0.0,
        "max_depth": 4,
        "eta": 0.1,
        "max_bin": MAX_BINS,
        "reg_lambda": 30.0,
        "min_child_weight": max(20.0, rows / 1000) * outputs,
        "nthread": 1,
        "seed": seed,
        "verbosity": 0,
    }


def best_rounds(curves: list[FloatArray]) -> int:
    """Return the number of trees with the least loss on average over watched sets."""
    longest = max(len(c) for c in curves)
    padded = [np.pad(c / c[0], (0, longest - len(c)), mode="edge") for c in curves]
    return STRIDE * int(np.argmin(np.mean(padded, axis=0)))


def to_forest(
    grown: Boosted, columns: TreeColumns, rounds: int, scale: FloatArray
) -> Forest | None:
    """Turn the first `rounds` trees into flat arrays over the original features.

    Args:
        grown: the ensemble.
        columns: what each tree column means.
        rounds: trees to keep.
        scale: (G,) factor on each leaf value, into money.

    Returns:
        The forest, or None when there is nothing in it.

    Cost: O(nodes).
    """
    if rounds == 0 or not np.any(scale):
        return None
    document = json.loads(grown.booster.save_raw("json"))
    trees = document["learner"]["gradient_booster"]["model"]["trees"][:rounds]
    parts = [_tree_arrays(tree, columns, len(scale)) for tree in trees]
    nodes = np.cumsum([0] + [len(p["feature"]) for p in parts])
    leaves = np.cumsum([0] + [len(p["leaves"]) for p in parts])
    left, right = [], []
    for part, node, leaf in zip(parts, nodes, leaves, strict=False):
        is_leaf = part["feature"] < 0
        left.append(np.where(is_leaf, part["leaf"] + leaf, part["left"] + node))
        right.append(np.where(is_leaf, -1, part["right"] + node))
    return Forest(
        roots=nodes[:-1].astype(np.int64),
        feature=np.concatenate([p["feature"] for p in parts]),
        threshold=np.concatenate([p["threshold"] for p in parts]).astype(np.float32),
        left=np.concatenate(left).astype(np.int64),
        right=np.concatenate(right).astype(np.int64),
        missing_left=np.concatenate([p["missing_left"] for p in parts]),
        leaves=np.concatenate([p["leaves"] for p in parts]) * scale,
    )


def _tree_arrays(
    tree: dict[str, list[float]], columns: TreeColumns, outputs: int
) -> dict[str, np.ndarray]:
    left = np.array(tree["left_children"], dtype=np.int64)
    right = np.array(tree["right_children"], dtype=np.int64)
    split = np.array(tree["split_indices"], dtype=np.int64)
    missing_left = np.array(tree["default_left"], dtype=bool)
    is_leaf = left < 0
    feature = np.array([columns.pairs[s][0] for s in split], dtype=np.int64)
    level = np.array([-1 if columns.pairs[s][1] is None else columns.pairs[s][1] for s in split])
    threshold = np.array(tree["split_conditions"], dtype=np.float32)
    is_level = (level >= 0) & ~is_leaf
    # A one-hot column goes left when it is 0; ours goes left when the level matches: swap sides.
    # A cut above 1 or below 0 sends every level the same way and tells only missing apart: no
    # level has the code -1.
    swapped = is_level & (threshold > 0)
    level = np.where((threshold > 0) & (threshold <= 1), level, -1)
    swapped_left = np.where(swapped, right, left)
    swapped_right = np.where(swapped, left, right)
    return {
        "feature": np.where(is_leaf, -1, feature),
        "threshold": np.where(is_leaf, 0, np.where(is_level, level, threshold)),
        "left": swapped_left,
        "right": swapped_right,
        "leaf": right,
        "missing_left": np.where(swapped, ~missing_left, missing_left) & ~is_leaf,
        "leaves": np.array(tree["leaf_weights"], dtype=np.float32)
        .astype(np.float64)
        .reshape(-1, outputs),
    }

"""Trees kept as plain arrays predict what the library that grew them predicts."""

from __future__ import annotations

import numpy as np
import pytest

from handful.effects import boosting
from handful.effects.boosting import (
    Watched,
    best_rounds,
    grow,
    quantile_bins,
    to_forest,
    tree_columns,
    tree_matrix,
)
from handful.effects.predict import predict_profit
from handful.effects.records import EffectsModel
from handful.experiment.records import Features, FeatureSchema

LEVELS = tuple(f"level {g:02d}" for g in range(40))


def _features(n: int = 3000, seed: int = 0) -> Features:
    """A number and two categories, one of more levels than get a column; a quarter is missing."""
    rng = np.random.default_rng(seed)
    number = rng.normal(size=n)
    few = rng.integers(0, 3, n).astype(float)
    many = np.floor(40 * rng.random(n) ** 2)
    for column in (number, few, many):
        column[rng.random(n) < 0.25] = np.nan
    schema = FeatureSchema(
        ("number", "few", "many"), ("number", "category", "category"), ((), ("a", "b", "c"), LEVELS)
    )
    return Features(schema, np.asfortranarray(np.column_stack([number, few, many])))


def _targets(features: Features, told_by: str) -> np.ndarray:
    number, few, many = features.values.T
    noise = np.random.default_rng(9).normal(size=(len(number), 3))
    if told_by == "levels":
        return np.column_stack([few == 1.0, many < 3, number > 0.3]) * 3.0 + 0.3 * noise
    return np.column_stack([np.isnan(few), np.isnan(many), np.isnan(number)]) * 3.0 + 0.3 * noise


@pytest.mark.parametrize("told_by", ["levels", "missing"])
@pytest.mark.parametrize("rounds", [1, 17, 40])
def test_arrays_predict_what_the_library_does(told_by: str, rounds: int) -> None:
    features = _features()
    columns = tree_columns(features)
    matrix = tree_matrix(columns, features.values)
    targets = _targets(features, told_by)
    scale = np.array([1.0, 10.0, 0.1])
    grown = grow(
        matrix, targets - targets.mean(axis=0), bins=quantile_bins(matrix), at_least=40, seed=0
    )
    forest = to_forest(grown, columns, rounds, scale)
    model = EffectsModel(features.schema, ("A", "B", "C"), np.zeros(3), (), forest)
    fresh = _features(seed=1)
    expected = grown.predict(tree_matrix(columns, fresh.values), rounds) * scale
    found = predict_profit(model, fresh)
    # the library adds trees in single precision, the arrays in double
    assert np.abs((found - expected) / scale).max() < 1e-5
    assert np.abs(found).max() > 0.05


def test_no_trees_no_forest() -> None:
    features = _features(500)
    columns = tree_columns(features)
    matrix = tree_matrix(columns, features.values)
    grown = grow(matrix, np.ones((500, 3)), bins=quantile_bins(matrix), at_least=2, seed=0)
    assert to_forest(grown, columns, 0, np.ones(3)) is None
    assert to_forest(grown, columns, 2, np.zeros(3)) is None


def test_only_frequent_levels_get_a_column() -> None:
    features = _features()
    pairs = tree_columns(features).pairs
    levels = [level for feature, level in pairs if feature == 2]
    assert len(levels) == boosting.MAX_ONE_HOT
    seen = features.values[:, 2]
    counts = np.bincount(seen[~np.isnan(seen)].astype(int), minlength=40)
    left_out = np.setdiff1d(np.arange(40), levels)
    assert counts[left_out].max() <= counts[levels].min()


def test_where_a_curve_ends_is_its_own_affair() -> None:
    """Rows whose loss cannot improve stop alone; the ensemble goes on for the others."""
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(2000, 2)).astype(np.float32)
    targets = np.tanh(columns[:, :1]) + 0.1 * rng.normal(size=(2000, 1))
    bins = quantile_bins(columns)
    good = Watched(columns[:500], targets[:500])
    hopeless = Watched(columns[:500], -targets[:500])
    alone = grow(columns, targets, bins=bins, watched=(hopeless,), seed=0)
    both = grow(columns, targets, bins=bins, watched=(good, hopeless), seed=0)
    assert alone.followed(0) == both.followed(1) == boosting.PATIENCE
    np.testing.assert_array_equal(alone.curves[0], both.curves[1])
    assert both.rounds == both.followed(0) > both.followed(1)


def test_the_number_of_trees_has_the_least_average_loss() -> None:
    short, long = np.array([2.0, 1.0, 1.4]), np.array([1.0, 0.9, 0.6, 0.2])
    # shares of the first loss, the short one held: 1, .7, .65, .45
    assert best_rounds([short, long]) == 3 * boosting.STRIDE
    assert best_rounds([short]) == boosting.STRIDE


def test_a_curve_starts_at_the_loss_without_trees() -> None:
    rng = np.random.default_rng(1)
    columns = rng.normal(size=(500, 1)).astype(np.float32)
    targets = rng.normal(size=(500, 2))
    watched = Watched(columns, targets)
    grown = grow(columns, targets, bins=quantile_bins(columns), watched=(watched,), seed=0)
    curve = grown.curves[0]
    assert curve[0] == pytest.approx(np.mean(targets**2))
    rounds = boosting.STRIDE * 2
    expected = np.mean((targets - grown.predict(columns, rounds)) ** 2)
    assert curve[2] == pytest.approx(expected, rel=1e-5)

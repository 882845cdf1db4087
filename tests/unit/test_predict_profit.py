"""Predicted profit, by hand and by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_policy import SCHEMA, made_features, made_model

from handful.effects import forest as forest_module
from handful.effects.predict import BLOCK_ROWS, predict_profit, restrict_offers
from handful.effects.records import EffectsModel, Forest, Term
from handful.errors import DataError
from handful.experiment.records import Features, FeatureSchema

ONE = FeatureSchema(("age",), ("number",), ((),))


def _one(values: list[float]) -> Features:
    return Features(ONE, np.array(values)[:, np.newaxis])


def test_a_number_adds_its_bin_and_its_clipped_slope() -> None:
    term = Term(
        feature=0,
        edges=np.array([10.0, 20.0]),
        table=np.array([[-1.0], [1.0], [2.0], [3.0]]),
        slope=np.array([0.5]),
        low=0.0,
        high=30.0,
        centre=10.0,
    )
    model = EffectsModel(ONE, ("mail",), np.array([100.0]), (term,), None)
    profit = predict_profit(model, _one([np.nan, 10.0, 10.5, 25.0, 90.0, -90.0, np.inf]))
    # missing: 100 - 1; an edge belongs to the bin below it; beyond 30 and below 0 the line is flat
    by_hand = [99.0, 101.0, 102.25, 110.5, 113.0, 96.0, 113.0]
    assert profit[:, 0].tolist() == by_hand


def test_a_category_adds_its_level_and_a_missing_one_row_zero() -> None:
    schema = FeatureSchema(("zip",), ("category",), (("rural", "urban"),))
    term = Term(0, np.empty(0), np.array([[7.0], [1.0], [2.0]]), np.zeros(1), 0.0, 0.0, 0.0)
    model = EffectsModel(schema, ("mail",), np.zeros(1), (term,), None)
    values = np.array([[0.0], [1.0], [np.nan]])
    assert predict_profit(model, Features(schema, values))[:, 0].tolist() == [1.0, 2.0, 7.0]


def test_a_tree_compares_in_single_precision_and_sends_missing_its_own_way() -> None:
    stump = Forest(
        roots=np.array([0]),
        feature=np.array([0, -1, -1]),
        threshold=np.array([0.1, 0.0, 0.0], dtype=np.float32),
        left=np.array([1, 0, 1]),
        right=np.array([2, 0, 0]),
        missing_left=np.array([True, False, False]),
        leaves=np.array([[1.0], [2.0]]),
    )
    model = EffectsModel(ONE, ("mail",), np.zeros(1), (), stump)
    # 0.1 rounds up to the threshold in float32, although the double 0.1 is below it
    profit = predict_profit(model, _one([0.1, 0.09999, 1e300, -1e300, np.nan]))
    assert profit[:, 0].tolist() == [2.0, 1.0, 2.0, 1.0, 1.0]


def test_numpy_walks_trees_to_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    model, features = made_model(), made_features(1_000)
    compiled = predict_profit(model, features)
    monkeypatch.setattr(forest_module.kernels, "available", lambda: False)
    assert np.array_equal(predict_profit(model, features), compiled)


def test_columns_are_matched_by_name_and_levels_by_label() -> None:
    features = made_features()
    renamed = FeatureSchema(
        ("colour", "zip", "spend", "age"),
        ("category", "category", "number", "number"),
        (("red",), ("urban", "moon", "rural", "suburban"), (), ()),
    )
    values = np.zeros((features.values.shape[0], 4))
    values[:, 1] = features.values[:, 1]
    for old, new in ((0, 2), (1, 3), (2, 0)):
        values[features.values[:, 1] == old, 1] = new
    values[:, 2], values[:, 3] = features.values[:, 2], features.values[:, 0]
    model = made_model()
    expected = predict_profit(model, features)
    assert np.array_equal(predict_profit(model, Features(renamed, values)), expected)


def test_a_level_the_model_never_saw_is_missing() -> None:
    schema = replace(SCHEMA, levels=((), ("moon",), ()))
    moon = Features(schema, np.array([[0.0, 0.0, 0.0]]))
    missing = Features(SCHEMA, np.array([[0.0, np.nan, 0.0]]))
    model = made_model()
    assert np.array_equal(predict_profit(model, moon), predict_profit(model, missing))


def test_missing_features_and_other_kinds_are_all_named_at_once() -> None:
    have = FeatureSchema(("zip", "other"), ("number", "number"), ((), ()))
    with pytest.raises(DataError) as caught:
        predict_profit(made_model(), Features(have, np.zeros((1, 2))))
    assert [f.code for f in caught.value.findings] == ["E590", "E591", "E590"]
    assert "'age'" in caught.value.findings[0].message


def test_blocks_do_not_show() -> None:
    model, features = made_model(), made_features(BLOCK_ROWS + 77)
    whole = predict_profit(model, features)
    tail = features.rows(np.arange(BLOCK_ROWS - 5, BLOCK_ROWS + 77))
    assert np.array_equal(whole[BLOCK_ROWS - 5 :], predict_profit(model, tail))


def test_out_is_filled_and_checked() -> None:
    model, features = made_model(), made_features(10)
    out = np.full((10, 4), -5.0)
    assert predict_profit(model, features, out=out) is out
    assert np.array_equal(out, predict_profit(model, features))
    for wrong in (np.empty((10, 3)), np.empty((10, 4), order="F"), np.empty((10, 4), np.float32)):
        with pytest.raises(DataError, match="E592"):
            predict_profit(model, features, out=wrong)


def test_some_offers_alone_keep_their_bits() -> None:
    model, features = made_model(), made_features()
    some = restrict_offers(model, (3, 1))
    assert some.offers == ("gift", "mail")
    assert np.array_equal(
        predict_profit(some, features), predict_profit(model, features)[:, [3, 1]]
    )


def test_no_rows_give_no_profit() -> None:
    assert predict_profit(made_model(), made_features(0)).shape == (0, 4)

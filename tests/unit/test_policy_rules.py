"""Rules: round numbers, wording, SQL, leaf sizes."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.errors import DataError
from handful.experiment.records import Features, FeatureSchema
from handful.policy.records import RuleTree, Split
from handful.policy.rules import assign_tree, best_tree
from handful.policy.splits import bin_feature, roundest
from handful.policy.wording import rule_sql, rule_text

SCHEMA = FeatureSchema(
    ("history", "womens", "zip", 'odd "name'),
    ("number", "number", "category", "number"),
    ((), (), ("rural", "it's urban"), ()),
)
OFFERS = ("none", "it's mail", "gift")


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-1.0, 2.0, 0.0),
        (0.0, 1.0, 0.0),
        (3.0, 4.0, 3.0),
        (248.7, 251.2, 250.0),
        (29.99, 31.0, 30.0),
        (0.1312, 0.1389, 0.135),
        (-7.3, -6.9, -7.0),
        (1234567.0, 1234568.0, 1234567.0),
        (0.1, 0.1000000000000001, 0.1),
        (5e-324, 1e-323, 5e-324),
        (1e308, 1.7e308, 1e308),
    ],
)
def test_the_roundest_number_of_a_gap(low: float, high: float, said: float) -> None:
    assert roundest(low, high) == said


@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300))
def test_the_roundest_number_is_inside(one: float, other: float) -> None:
    low, high = min(one, other), max(one, other)
    if low < high:
        assert low <= roundest(low, high) < high


def test_many_values_are_cut_near_their_quantiles_at_round_numbers() -> None:
    values = np.random.default_rng(0).lognormal(5.0, 1.0, 10_000)
    binned = bin_feature(0, "number", values, 16)
    cuts = [split.value for split in binned.splits]
    assert 12 <= len(cuts) <= 16
    assert np.bincount(binned.codes)[1:].max() < 2 * 10_000 / 16
    assert all(len(f"{cut:g}".replace(".", "").rstrip("0")) <= 3 for cut in cuts)


def test_constant_and_empty_features_ask_nothing() -> None:
    for kind in ("number", "category"):
        assert bin_feature(0, kind, np.zeros(9), 4).splits == ()
        assert bin_feature(0, kind, np.full(9, np.nan), 4).splits == ()


def test_infinite_values_stay_on_their_side() -> None:
    values = np.array([-np.inf, 1.0, 2.0, np.inf] * 5)
    features = Features(FeatureSchema(("x",), ("number",), ((),)), values[:, np.newaxis])
    scores = np.column_stack([np.zeros(20), np.where(values > 1.5, 1.0, -1.0)])
    tree = best_tree(scores, features, (0, 1), min_rows=1)
    assert tree.value == 10.0
    assert assign_tree(tree, features)[:4].tolist() == [0, 0, 1, 1]


def test_every_leaf_holds_enough_rows() -> None:
    rng = np.random.default_rng(1)
    features = Features(
        FeatureSchema(("a", "b"), ("number",) * 2, ((), ())), rng.normal(size=(300, 2))
    )
    scores = rng.standard_t(2, size=(300, 3))
    tree = best_tree(scores, features, (0, 1, 2), min_rows=60)
    labelled = RuleTree(tree.questions, (0, 1, 2, 3), 0.0)
    sizes = np.bincount(assign_tree(labelled, features), minlength=4)
    assert sizes[sizes > 0].min() >= 60


def test_only_offers_of_the_menu_are_given() -> None:
    rng = np.random.default_rng(2)
    features = Features(FeatureSchema(("a",), ("number",), ((),)), rng.normal(size=(200, 1)))
    scores = rng.normal(size=(200, 5))
    scores[:, 0] += 100.0
    tree = best_tree(scores, features, (2, 4), min_rows=10)
    assert set(tree.leaves) <= {2, 4}


def test_a_weight_of_two_is_a_row_twice() -> None:
    rng = np.random.default_rng(3)
    values = np.round(rng.normal(size=(60, 2)), 1)
    scores = np.round(rng.normal(size=(60, 3)), 2)
    twice = rng.integers(1, 3, 60)
    schema = FeatureSchema(("a", "b"), ("number",) * 2, ((), ()))
    weighted = best_tree(
        scores, Features(schema, values), (0, 1, 2), weights=twice.astype(float), min_rows=1
    )
    rows = np.repeat(np.arange(60), twice)
    repeated = best_tree(scores[rows], Features(schema, values[rows]), (0, 1, 2), min_rows=1)
    assert weighted.value == pytest.approx(repeated.value)


def test_no_heterogeneity_is_one_offer_for_everyone() -> None:
    features = Features(FeatureSchema(("a",), ("number",), ((),)), np.arange(100.0)[:, np.newaxis])
    scores = np.tile([0.0, 1.0], (100, 1))
    tree = best_tree(scores, features, (0, 1))
    assert tree.root is None
    assert rule_text(tree, features.schema, OFFERS) == (("it's mail", "everyone"),)
    assert rule_sql(tree, features.schema, OFFERS) == "'it''s mail'"


def test_rules_read_like_sentences() -> None:
    tree = RuleTree(
        (
            Split(0, "over", 250.0, False, True),
            Split(1, "over", 0.0, False, False, (0.0, 1.0)),
            Split(2, "is", 1.0, False, True),
        ),
        (1, 2, 1, 0),
        0.0,
    )
    assert rule_text(tree, SCHEMA, OFFERS) == (
        (
            "it's mail",
            "history over 250 and womens is 1, "
            "or history up to 250 (or missing) and zip is it's urban",
        ),
        ("gift", "history over 250 and womens is 0"),
        ("none", "history up to 250 (or missing) and zip is not it's urban"),
    )
    missing = RuleTree((Split(3, "missing", 0.0, True, True),), (1, 0), 0.0)
    assert rule_text(missing, SCHEMA, OFFERS) == (
        ("it's mail", 'odd "name is missing'),
        ("none", 'odd "name is known'),
    )


def test_without_rows_or_offers_there_is_no_rule() -> None:
    features = Features(FeatureSchema(("a",), ("number",), ((),)), np.zeros((0, 1)))
    with pytest.raises(DataError, match="P720"):
        best_tree(np.zeros((0, 2)), features, (0, 1))
    with pytest.raises(DataError, match="P720"):
        best_tree(np.zeros((3, 2)), Features(features.schema, np.zeros((3, 1))), ())


def test_scores_that_are_not_finite_are_refused() -> None:
    features = Features(FeatureSchema(("a",), ("number",), ((),)), np.zeros((3, 1)))
    scores = np.array([[0.0, 1.0], [0.0, -np.inf], [np.nan, 1.0]])
    with pytest.raises(DataError, match="2 rows"):
        best_tree(scores, features, (0, 1))


@st.composite
def questions(draw: st.DrawFn) -> Split:
    feature = draw(st.integers(0, 3))
    kinds = ("is", "missing") if SCHEMA.kinds[feature] == "category" else ("over", "missing")
    test = draw(st.sampled_from(kinds))
    if test == "missing":
        return Split(feature, "missing", 0.0, True, True)
    if test == "is":
        return Split(feature, "is", float(draw(st.integers(0, 1))), False, True)
    value = draw(st.sampled_from((0.0, 0.1, 250.0, -1e-7, 1e22)))
    return Split(feature, "over", value, draw(st.booleans()), True)


@settings(max_examples=80, deadline=None)
@given(
    root=questions(),
    yes=st.none() | questions(),
    no=st.none() | questions(),
    leaves=st.tuples(*[st.integers(0, 2)] * 4),
)
def test_sql_decides_as_the_rule(
    root: Split, yes: Split | None, no: Split | None, leaves: tuple[int, int, int, int]
) -> None:
    if yes is None:
        leaves = (leaves[0], leaves[0], leaves[2], leaves[3])
    if no is None:
        leaves = (leaves[0], leaves[1], leaves[2], leaves[2])
    tree = RuleTree((root, yes, no), leaves, 0.0)
    numbers = np.array([np.nan, 0.0, 0.1, np.nextafter(0.1, 1), -1e-7, 250.0, 250.5, 1e22, np.inf])
    rng = np.random.default_rng(4)
    values = rng.choice(numbers, size=(50, 4))
    values[:, 2] = rng.choice([np.nan, 0.0, 1.0], 50)
    codes = assign_tree(tree, Features(SCHEMA, values))
    assert _by_sql(rule_sql(tree, SCHEMA, OFFERS), values) == [OFFERS[code] for code in codes]


def _by_sql(expression: str, values: np.ndarray) -> list[str]:
    cells = [
        [
            None if value != value else SCHEMA.levels[column][int(value)] if column == 2 else value
            for column, value in enumerate(row)
        ]
        for row in values.tolist()
    ]
    with duckdb.connect() as connection:
        connection.execute(
            'CREATE TABLE log (history DOUBLE, womens DOUBLE, zip VARCHAR, "odd ""name" DOUBLE)'
        )
        connection.executemany("INSERT INTO log VALUES (?, ?, ?, ?)", cells)
        return [row[0] for row in connection.execute(f"SELECT {expression} FROM log").fetchall()]

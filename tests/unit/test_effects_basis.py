"""The additive basis: bins, columns, and the same numbers from its readable terms."""

from __future__ import annotations

import numpy as np

from handful.effects import ridge
from handful.effects.basis import (
    MAX_LEVELS,
    basis_terms,
    bin_categories,
    bin_numbers,
    evaluate_basis,
    make_basis,
)
from handful.effects.predict import predict_profit
from handful.effects.records import EffectsModel
from handful.experiment.records import Features, FeatureSchema

NAN = float("nan")


def _numbers(*columns) -> Features:
    schema = FeatureSchema(
        tuple(f"x{j}" for j in range(len(columns))),
        ("number",) * len(columns),
        ((),) * len(columns),
    )
    return Features(schema, np.asfortranarray(np.column_stack(columns).astype(float)))


def mixed(n: int = 3000, seed: int = 0) -> Features:
    """A curve, a flag, a rare value, a constant, and a category; all but two with gaps."""
    rng = np.random.default_rng(seed)
    curve = np.where(rng.random(n) < 0.1, NAN, rng.lognormal(size=n))
    flag = np.where(rng.random(n) < 0.1, NAN, rng.integers(0, 2, n).astype(float))
    rare = (rng.random(n) < 0.004) * rng.uniform(1, 50, n)
    group = np.where(rng.random(n) < 0.2, NAN, rng.integers(0, 4, n).astype(float))
    schema = FeatureSchema(
        ("curve", "flag", "rare", "constant", "group"),
        ("number", "number", "number", "number", "category"),
        ((), (), (), (), ("a", "b", "c", "never")),
    )
    group[group == 3.0] = 0.0
    columns = np.column_stack([curve, flag, rare, np.ones(n), group])
    return Features(schema, np.asfortranarray(columns))


def test_bins_count_the_edges_below() -> None:
    edges = np.array([1.0, 2.0])
    assert bin_numbers(np.array([0.0, 1.0, 1.5, 2.0, 9.0, NAN]), edges).tolist() == [
        1, 1, 2, 2, 3, 0,
    ]  # fmt: skip
    assert bin_categories(np.array([0.0, 3.0, NAN])).tolist() == [1, 4, 0]


def test_a_flag_is_a_line_alone_and_gaps_get_a_step() -> None:
    whole = make_basis(_numbers([0.0, 1.0, 1.0, 0.0]))
    assert whole.is_line == (False, True)
    gaps = make_basis(_numbers([0.0, 1.0, NAN, 0.0]))
    assert gaps.is_line == (False, True, False)
    assert gaps.parts[0].kept.tolist() == [0]
    assert gaps.parts[0].shares.tolist() == [0.25]


def test_few_values_are_cut_half_way_and_many_at_their_tenths() -> None:
    few = make_basis(_numbers(np.repeat([1.0, 2.0, 5.0], 10)))
    assert few.parts[0].edges.tolist() == [1.5, 3.5]
    many = make_basis(_numbers(np.arange(1001.0)))
    np.testing.assert_allclose(many.parts[0].edges, np.arange(100.0, 1000.0, 100.0))


def test_a_constant_brings_no_column() -> None:
    assert make_basis(_numbers(np.ones(50))).width == 1


def test_lines_and_steps_are_centred() -> None:
    features = mixed()
    columns = evaluate_basis(make_basis(features), features.values).astype(np.float64)
    means = columns[:, 1:].mean(axis=0)
    # a line is centred over the rows where the feature is seen and 0 elsewhere
    assert np.abs(means).max() < 1e-6


def test_a_category_keeps_its_most_frequent_levels() -> None:
    rng = np.random.default_rng(1)
    codes = np.sort(rng.integers(0, 80, 4000)).astype(float)
    codes[codes == 7.0] = 8.0
    schema = FeatureSchema(("zip",), ("category",), (tuple(f"z{g}" for g in range(80)),))
    part = make_basis(Features(schema, codes[:, None])).parts[0]
    assert len(part.kept) == MAX_LEVELS
    assert 8 not in part.kept  # the bin of level 7, which no row has
    dropped = np.setdiff1d(np.arange(1, 81), part.kept)
    counts = np.bincount(codes.astype(int) + 1, minlength=81)
    assert counts[dropped].max() <= counts[part.kept].min()


def test_terms_predict_what_the_columns_do() -> None:
    features = mixed()
    basis = make_basis(features)
    rng = np.random.default_rng(2)
    coefficients = rng.normal(size=(basis.width, 3))
    constant, terms = basis_terms(basis, coefficients)
    model = EffectsModel(features.schema, ("A", "B", "C"), constant, terms, None)
    expected = evaluate_basis(basis, features.values).astype(np.float64) @ coefficients
    # columns are kept in single precision, terms in double
    np.testing.assert_allclose(predict_profit(model, features), expected, rtol=0, atol=3e-6)


def test_a_feature_without_weight_has_no_term() -> None:
    features = mixed()
    basis = make_basis(features)
    coefficients = np.zeros((basis.width, 2))
    coefficients[0] = (1.0, 2.0)
    coefficients[1, 1] = 3.0
    constant, terms = basis_terms(basis, coefficients)
    assert constant.tolist() == [1.0, 2.0]
    assert [term.feature for term in terms] == [0]


def test_moments_add_up_to_a_fit_without_folds() -> None:
    rng = np.random.default_rng(3)
    parts = [(rng.normal(size=(50, 6)), rng.normal(size=(50, 2))) for _ in range(4)]
    sums = [ridge.Moments(z.T @ z, z.T @ y) for z, y in parts]
    penalty = np.array([1e-6, 1.0, 2.0, 3.0, 4.0, 5.0])
    found = ridge.solve(ridge.add(sums[1:3]), penalty)
    z = np.concatenate([parts[1][0], parts[2][0], np.diag(np.sqrt(penalty))])
    y = np.concatenate([parts[1][1], parts[2][1], np.zeros((6, 2))])
    refit = np.linalg.lstsq(z, y, rcond=None)[0]
    np.testing.assert_allclose(found, refit, rtol=1e-10)
    held_z, held_y = parts[0]
    excess = np.sum((held_y - held_z @ found) ** 2, axis=0) - np.sum(held_y**2, axis=0)
    np.testing.assert_allclose(ridge.excess_loss(sums[0], found), excess, rtol=1e-10)


def test_the_intercept_is_free_and_lines_and_steps_have_their_own_penalty() -> None:
    basis = make_basis(_numbers([0.0, 1.0, NAN, 0.0]))
    assert ridge.penalties(basis, 10.0, 100.0).tolist() == [ridge.UNPENALISED, 10.0, 100.0]

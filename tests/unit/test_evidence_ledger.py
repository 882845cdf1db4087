"""Means and their cluster-robust covariance, simultaneous bands, paired differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from handful.evidence.bands import (
    critical_value,
    difference_rows,
    make_family,
    normal_root,
    unit_rows,
)
from handful.evidence.ledger import Ledger, Means, add_split, means


def _ledger(n: int = 60, seed: int = 0) -> tuple[Ledger, np.ndarray]:
    rng = np.random.default_rng(seed)
    cluster = rng.permutation(np.repeat(np.arange(12), n // 12))
    shared = rng.normal(size=12)[cluster]
    columns = {name: shared + rng.normal(size=n) for name in ("a", "b", "c")}
    return Ledger(columns, 1), cluster


def test_means_by_hand() -> None:
    found = means(Ledger({"a": np.array([1.0, 2.0, 6.0])}, 1), np.array([0, 0, 1]))
    # deviations -2, -1, 3; cluster sums -3, 3; 2 / 1 * (9 + 9) / 9
    assert found.value.tolist() == [3.0]
    assert found.covariance.tolist() == [[4.0]]
    assert found.clusters == 2


def test_covariance_is_the_naive_cluster_robust_one() -> None:
    ledger, cluster = _ledger()
    found = means(ledger, cluster)
    n, count = len(cluster), 12
    for i, a in enumerate(found.names):
        for j, b in enumerate(found.names):
            total = 0.0
            for c in range(count):
                inside = cluster == c
                first = (ledger.columns[a][inside] - ledger.columns[a].mean()).sum()
                second = (ledger.columns[b][inside] - ledger.columns[b].mean()).sum()
                total += first * second
            expected = total * count / (count - 1) / n**2
            assert found.covariance[i, j] == pytest.approx(expected, rel=1e-10)


def test_rows_of_their_own_give_the_usual_standard_error() -> None:
    values = np.random.default_rng(1).normal(size=50)
    found = means(Ledger({"a": values}, 1), np.arange(50))
    assert found.covariance[0, 0] == pytest.approx(values.var(ddof=1) / 50)


def test_a_paired_difference_has_the_error_of_the_differences() -> None:
    ledger, cluster = _ledger()
    both = means(ledger, cluster)
    family = make_family(both, difference_rows(both, [("a", "c")]), 0)
    alone = means(Ledger({"d": ledger.columns["a"] - ledger.columns["c"]}, 1), cluster)
    assert family.value[0] == pytest.approx(alone.value[0])
    assert family.se[0] == pytest.approx(np.sqrt(alone.covariance[0, 0]))


def test_splits_are_averaged_entry_by_entry() -> None:
    first, second, third = np.random.default_rng(2).normal(size=(3, 20))
    ledger = Ledger({})
    for column in (first, second, third):
        ledger = add_split(ledger, {"a": column})
    assert ledger.splits == 3
    np.testing.assert_allclose(ledger.columns["a"], (first + second + third) / 3, rtol=1e-12)


@pytest.mark.parametrize("members", [1, 2, 10, 40])
def test_critical_values_of_independent_members(members: int) -> None:
    expected = norm.ppf(0.5 + 0.5 * 0.95 ** (1 / members))
    found = critical_value(np.eye(members), np.ones(members), 0)
    # 20,000 draws: the quantile's own error is about 0.015
    assert found == pytest.approx(expected, abs=0.06)


def test_members_that_move_as_one_need_no_more_than_one() -> None:
    one = critical_value(np.eye(1), np.ones(1), 0)
    assert one == pytest.approx(1.96, abs=0.06)
    assert critical_value(np.ones((5, 5)), np.ones(5), 0) == pytest.approx(one, abs=0.06)


def test_the_critical_value_does_not_depend_on_units() -> None:
    covariance = np.array([[2.0, 0.5], [0.5, 1.0]])
    scale = np.diag([1000.0, 0.01])
    wide = scale @ covariance @ scale
    assert critical_value(wide, np.sqrt(np.diag(wide)), 3) == pytest.approx(
        critical_value(covariance, np.sqrt(np.diag(covariance)), 3), rel=1e-9
    )


def test_a_family_without_noise_has_bands_of_no_width() -> None:
    still = Means(("a", "b"), np.array([1.0, 1.0]), np.full((2, 2), 0.04), 10)
    family = make_family(still, difference_rows(still, [("a", "b")]), 0)
    assert family.critical == 0.0
    found = family.estimate(0)
    assert (found.value, found.se, found.lo, found.hi) == (0.0, 0.0, 0.0, 0.0)


def test_bands_are_the_critical_value_times_the_error() -> None:
    ledger, cluster = _ledger()
    found = means(ledger, cluster)
    family = make_family(found, unit_rows(found, ["b", "a"]), 5)
    band = family.estimate(0)
    assert band.value == pytest.approx(ledger.columns["b"].mean())
    assert band.hi - band.value == pytest.approx(family.critical * band.se)
    assert band.value - band.lo == pytest.approx(family.critical * band.se)
    assert family.critical > 1.96


def test_a_root_of_a_singular_covariance() -> None:
    covariance = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 4.0]])
    root = normal_root(covariance)
    np.testing.assert_allclose(root @ root.T, covariance, atol=1e-12)


def test_no_pairs_make_an_empty_family() -> None:
    ledger, cluster = _ledger()
    found = means(ledger, cluster)
    assert difference_rows(found, []).shape == (0, 3)
    assert make_family(found, difference_rows(found, []), 0).critical == 0.0

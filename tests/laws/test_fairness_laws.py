"""What must hold of groups compared, whatever the numbers are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.evidence.limit_records import LimitRule, LimitTerms
from handful.evidence.limits import Rows, limited_problem
from handful.guardrails.fairness_groups import Groups
from handful.guardrails.fairness_moments import (
    Column,
    Family,
    difference,
    group_estimates,
    moments,
    ratio,
)
from handful.policy.allocation import allocate

SEEDS = st.integers(0, 10_000)


def drawn(seed: int, groups: int = 3, *, share: bool = True) -> tuple[Column, Groups, np.ndarray]:
    rng = np.random.default_rng(seed)
    code = np.concatenate([np.repeat(np.arange(groups), 35), rng.integers(0, groups, 300)])
    n = len(code)
    values = rng.integers(0, 2, n).astype(float) if share else rng.gamma(1.0, 2.0, n)
    weights = np.where(rng.random(n) < 0.98, 1.0, 0.5)
    cluster = np.arange(n) // 2 if seed % 2 else np.arange(n)
    column = Column("m", None, "", values, weights, share, False)
    return (
        column,
        Groups("g", tuple("abcde"[:groups]), code),
        np.unique(cluster, return_inverse=True)[1],
    )


@given(SEEDS)
@settings(max_examples=40, deadline=None)
def test_the_order_of_rows_and_the_names_of_groups_say_nothing(seed: int) -> None:
    column, groups, cluster = drawn(seed)
    found = moments(column, groups, cluster)
    if found is None:
        return
    order = np.random.default_rng(seed).permutation(len(cluster))
    renamed = (groups.code + 1) % 3
    moved = moments(
        Column("m", None, "", column.values[order], column.weights[order], True, False),
        Groups("g", ("a", "b", "c"), renamed[order]),
        np.unique(cluster[order], return_inverse=True)[1],
    )
    one, two = (difference(x, Family(9, 9)) for x in (found, moved))
    assert (one.value, one.se, one.hi) == pytest.approx((two.value, two.se, two.hi))


@given(SEEDS, st.floats(0.01, 1000.0))
@settings(max_examples=40, deadline=None)
def test_another_currency_scales_differences_and_leaves_ratios(seed: int, rate: float) -> None:
    column, groups, cluster = drawn(seed, share=False)
    found = moments(column, groups, cluster)
    if found is None:
        return
    dear = Column("m", None, "", column.values * rate, column.weights, False, False)
    other = moments(dear, groups, cluster)
    one, two = difference(found, Family(3, 3)), difference(other, Family(3, 3))
    assert (two.value, two.lo, two.hi) == pytest.approx(
        (one.value * rate, one.lo * rate, one.hi * rate), abs=1e-9 * rate
    )
    assert ratio(found, Family(3, 3)).value == pytest.approx(ratio(other, Family(3, 3)).value)


@given(SEEDS, st.integers(2, 5))
@settings(max_examples=40, deadline=None)
def test_intervals_hold_their_estimates(seed: int, count: int) -> None:
    column, groups, cluster = drawn(seed, count)
    found = moments(column, groups, cluster)
    if found is None:
        return
    gap, rate = difference(found, Family(20, 20)), ratio(found, Family(20, 20))
    assert 0.0 <= gap.lo <= gap.value <= gap.hi <= 1.0
    for value in group_estimates(found, Family(20, 20)):
        assert 0.0 <= value.lo <= value.value <= value.hi <= 1.0
    if rate.value is not None:
        assert 0.0 <= rate.lo <= rate.value <= rate.hi <= 1.0


@given(SEEDS)
@settings(max_examples=40, deadline=None)
def test_every_row_twice_in_one_cluster_changes_nothing(seed: int) -> None:
    column, groups, _ = drawn(seed)
    n = len(column.values)
    alone = moments(column, groups, np.arange(n))
    if alone is None:
        return
    doubled = moments(
        Column(
            "m", None, "", *(np.tile(x, 2) for x in (column.values, column.weights)), True, False
        ),
        Groups("g", groups.names, np.tile(groups.code, 2)),
        np.tile(np.arange(n), 2),
    )
    one, two = difference(alone, Family(3, 3)), difference(doubled, Family(3, 3))
    assert (two.value, two.se) == pytest.approx((one.value, one.se))


@given(SEEDS, st.sampled_from([0.3, 0.1, 0.03]))
@settings(max_examples=25, deadline=None)
def test_bounds_are_kept_as_expected_and_cost_more_the_tighter_they_are(
    seed: int, bound: float
) -> None:
    rng = np.random.default_rng(seed)
    n = 200
    code = rng.integers(0, 2, n)
    weights = Groups("g", ("a", "b"), code).weights()
    signed = (weights[:, :1] - weights[:, 1:]) * np.array([[0.0, 1.0]])
    values = np.column_stack([np.zeros(n), rng.normal(0.5 * code, 1.0)])
    rows = Rows(np.arange(n), values, np.ones((n, 2), bool), (signed,))

    def worth(high: float) -> float:
        rule = LimitRule("fairness.x", -high, high, amount=0, share=True)
        problem = limited_problem(rows, (1,), LimitTerms((rule,), float(n), 0))
        found = allocate(problem)
        gap = np.mean(found.offer[code == 0]) - np.mean(found.offer[code == 1])
        assert abs(gap) <= high + 1e-6
        assert found.value <= found.bound + 1e-6
        return found.value

    free = float(np.maximum(values[:, 1], 0.0).sum())
    assert worth(bound / 2) <= worth(bound) + 1e-6 <= free + 2e-6
    assert worth(2.0) == pytest.approx(free)

"""Which customers make a group, and what the groups' weights and moments come to, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from handful.brief.fairness import FairnessSpec
from handful.evidence.records import Estimate
from handful.experiment.records import Features, FeatureSchema
from handful.guardrails.fairness_frames import Compared, frames_of, hidden_columns, verdict_on
from handful.guardrails.fairness_groups import Groups, groups_of
from handful.guardrails.fairness_moments import (
    Column,
    Family,
    Moments,
    difference,
    family_of,
    group_estimates,
    moments,
    ratio,
)


def held(values: np.ndarray, levels: tuple[str, ...] = ()) -> Features:
    kind = "category" if levels else "number"
    return Features(FeatureSchema(("g",), (kind,), (levels,)), values[:, None].astype(float))


def alone(n: int) -> np.ndarray:
    return np.arange(n)


def column(values: np.ndarray, *, share: bool = True, settled: bool = False) -> Column:
    return Column("selection_rate", None, "share", values, np.ones(len(values)), share, settled)


def test_a_number_is_cut_where_the_brief_says_and_the_ends_belong_to_the_lower_side() -> None:
    values = np.repeat([1.0, 2.0, 3.0, np.nan], 40)
    found = groups_of(held(values), "g", {"g": 2.0}, alone(160), 11)
    assert found.names == ("g up to 2", "g over 2")
    assert found.sizes.tolist() == [80, 40]
    assert (found.code[120:] == -1).all()


def test_rare_levels_are_one_group_together_when_they_are_enough() -> None:
    values = np.repeat([0.0, 1.0, 2.0], [100, 20, 15])
    found = groups_of(held(values, ("a", "b", "c")), "g", {}, alone(135), 11)
    assert found.names == ("g is a", "g is one of the rarer values")
    assert found.sizes.tolist() == [100, 35]


def test_a_level_too_rare_is_compared_with_nobody() -> None:
    values = np.repeat([0.0, 1.0], [100, 20])
    found = groups_of(held(values, ("a", "b")), "g", {}, alone(120), 11)
    assert found.names == ()
    assert (found.code == -1).all()


def test_a_group_of_many_rows_of_few_households_is_too_rare() -> None:
    values = np.repeat([0.0, 1.0], [300, 300])
    homes = np.concatenate([np.arange(300), 300 + np.arange(300) // 20])
    assert groups_of(held(values, ("a", "b")), "g", {}, homes, 11).names == ()


def test_weights_turn_means_over_all_into_means_of_groups() -> None:
    rng = np.random.default_rng(0)
    groups = Groups("g", ("a", "b", "c"), rng.integers(-1, 3, 500))
    values = rng.normal(size=500)
    means = (groups.weights() * values[:, None]).mean(axis=0)
    by_hand = [values[groups.code == k].mean() for k in range(3)]
    np.testing.assert_allclose(means, by_hand)
    np.testing.assert_allclose(groups.weights().mean(axis=0), 1.0)


def test_selection_rates_difference_and_ratio_are_those_of_the_formulas() -> None:
    # 30 of 100 against 45 of 100: demographic parity difference 0.15 and ratio 2/3.
    got = np.concatenate([np.repeat([1.0, 0.0], [30, 70]), np.repeat([1.0, 0.0], [45, 55])])
    groups = Groups("g", ("a", "b"), np.repeat([0, 1], 100))
    found = moments(column(got), groups, alone(200))
    gap, rate = difference(found, Family(1, 2)), ratio(found, Family(1, 2))
    assert gap.value == pytest.approx(0.15)
    assert rate.value == pytest.approx(2 / 3)
    variance = (0.3 * 0.7 + 0.45 * 0.55) / 100 * 200 / 199
    assert gap.se == pytest.approx(np.sqrt(variance))
    assert gap.lo == pytest.approx(max(0.15 - 1.984217 * gap.se, 0.0), abs=1e-6)
    log = np.sqrt(0.7 / 0.3 / 100 + 0.55 / 0.45 / 100) * np.sqrt(200 / 199)
    assert rate.lo == pytest.approx(2 / 3 * np.exp(-1.984217 * log), abs=1e-6)


def test_members_of_one_household_count_as_one() -> None:
    rng = np.random.default_rng(1)
    got = np.repeat(rng.integers(0, 2, 100).astype(float), 4)
    groups = Groups("g", ("a", "b"), np.repeat(rng.permutation(np.arange(100) % 2), 4))
    naive = difference(moments(column(got), groups, alone(400)), Family(1, 2))
    right = difference(moments(column(got), groups, np.repeat(np.arange(100), 4)), Family(1, 2))
    assert right.se == pytest.approx(2 * naive.se, rel=0.03)


def test_a_share_that_nobody_has_in_the_log_may_still_differ() -> None:
    groups = Groups("g", ("a", "b"), np.repeat([0, 1], 50))
    open_ended = difference(moments(column(np.zeros(100)), groups, alone(100)), Family(1, 2))
    assert open_ended.value == 0.0
    assert open_ended.hi > 0.05
    settled = moments(column(np.zeros(100), settled=True), groups, alone(100))
    assert difference(settled, Family(1, 2)).hi == 0.0


def test_prices_are_averaged_over_those_who_have_one() -> None:
    price = np.tile([10.0, 0.0, 20.0, 0.0], 40)
    weights = np.tile([1.0, 0.0], 80)
    groups = Groups("g", ("a", "b"), np.repeat([0, 1], 80))
    paid = Column("price", None, "mean price", price, weights, False, False)
    found = moments(paid, groups, alone(160))
    assert found.mean.tolist() == [15.0, 15.0]
    few = Column("price", None, "mean price", price, weights * (np.arange(160) < 100), False, False)
    assert moments(few, groups, alone(160)) is None


def test_a_ratio_over_next_to_nothing_is_not_told() -> None:
    near = Moments(np.array([0.01, 0.4]), np.diag([0.01, 0.001]), 100, False, False)
    found = ratio(near, Family(1, 2))
    assert found.value is None
    assert "not clearly above 0" in found.why_absent


def test_more_statements_make_wider_intervals() -> None:
    rng = np.random.default_rng(2)
    groups = Groups("g", ("a", "b"), np.repeat([0, 1], 200))
    found = moments(column(rng.integers(0, 2, 400).astype(float)), groups, alone(400))
    alone_, many = difference(found, Family(1, 2)), difference(found, Family(30, 60))
    assert many.hi > alone_.hi
    assert family_of([found, found]) == Family(2, 4)


@pytest.mark.parametrize(
    ("lo", "hi", "verdict"), [(0.11, 0.2, "fail"), (0.0, 0.1, "pass"), (0.0, 0.11, "warn")]
)
def test_a_verdict_reads_the_interval_not_the_estimate(lo: float, hi: float, verdict: str) -> None:
    assert verdict_on(Estimate((lo + hi) / 2, 0.01, lo, hi), 0.1) == verdict
    assert verdict_on(Estimate(0.5, 0.01, 0.4, 0.6), None) == "no_bound"


def test_sizes_that_give_away_a_small_count_are_withheld_from_the_whole_column() -> None:
    groups = Groups("g", ("a", "b"), np.repeat([0, 1], 200))
    few = column((np.arange(400) < 5).astype(float))
    many = column((np.arange(400) % 2).astype(float), share=False)
    found = [Compared(c, groups, moments(c, groups, alone(400)), None) for c in (few, many)]
    assert hidden_columns(found, 11) == {"g"}
    frames = frames_of(found, FairnessSpec(), 11)
    assert all(value.customers is None for frame in frames for value in frame.by_group)
    assert frames[0].by_group[0].value == 0.025
    shown = frames_of(found[1:], FairnessSpec(), 11)
    assert [value.customers for value in shown[0].by_group] == [200, 200]


def test_group_values_stay_between_nothing_and_everybody() -> None:
    groups = Groups("g", ("a", "b"), np.repeat([0, 1], 50))
    got = np.concatenate([np.ones(50), np.zeros(50)])
    first, second = group_estimates(moments(column(got), groups, alone(100)), Family(1, 2))
    assert (first.hi, second.lo) == (1.0, 0.0)
    assert first.lo < 1.0

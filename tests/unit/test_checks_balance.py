from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from scipy.stats import chi2, chisquare, f_oneway

from handful.experiment.checks.balance import _permuted, feature_balance
from handful.experiment.checks.randomisation import bins, strata_that_mend
from handful.experiment.checks.sample_ratio import ratio_test
from handful.experiment.checks.units import Units, randomised_units
from handful.experiment.records import Features
from handful.experiment.simulate import Simulation, simulate
from made_experiment import made_experiment, spec


def test_the_variance_is_that_of_all_permutations_within_strata():
    z = np.array([1.0, -2.0, 0.5, 0.5, 3.0, -1.0, -2.0])
    stratum = np.array([0, 0, 0, 0, 1, 1, 1])
    offer = np.array([0, 0, 1, 1, 0, 1, 2])
    sums = []
    for first in permutations(range(4)):
        for second in permutations(range(4, 7)):
            shuffled = offer[[*first, *second]]
            sums.append(np.bincount(shuffled, weights=z, minlength=3))
    counts = np.array([[2, 2, 0], [1, 1, 1]])
    u, v, _ = _permuted(Units(None, stratum * 3 + offer, counts, counts), z)
    assert np.allclose(u, np.bincount(offer, weights=z))
    assert np.allclose(np.mean(sums, axis=0), 0.0)
    assert np.allclose(v, np.cov(np.array(sums).T, bias=True))


def test_one_stratum_agrees_with_analysis_of_variance():
    rng = np.random.default_rng(2)
    x = rng.uniform(size=5000)
    made = made_experiment(5000, 3, columns={"x": x, "y": rng.normal(size=5000)})
    (balance, _) = feature_balance(made)
    clipped = np.clip(x, *np.quantile(x, [0.005, 0.995]))
    f = f_oneway(*(clipped[made.offer == g] for g in range(3)))
    assert balance.p_value == pytest.approx(f.pvalue, abs=0.002)


def test_the_difference_is_in_standard_deviations_of_the_arm_that_is_off():
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, size=30_000)
    offer = rng.integers(0, 3, size=30_000)
    x[offer == 2] += 0.3
    (balance,) = feature_balance(made_experiment(30_000, offer=offer, columns={"x": x}))
    off = (x[offer == 2].mean() - x.mean()) / x.std()
    assert balance.offer == "C"
    assert balance.difference == pytest.approx(off, rel=0.01)
    assert balance.p_value < 1e-50


def test_clusters_are_what_was_randomised():
    settings = Simulation(cluster_size=20, cluster_correlation=0.9, features=3)
    drawn = simulate(settings, n=20_000, random_state=4).experiment
    as_rows = replace(drawn, cluster=np.arange(20_000))
    assert min(b.p_value for b in feature_balance(drawn)) > 1e-3
    assert min(b.p_value for b in feature_balance(as_rows)) < 1e-6


def test_a_constant_within_strata_is_not_tested():
    stratum = np.tile([0, 1], 500)
    made = made_experiment(1000, stratum=stratum, columns={"s": stratum, "age": np.arange(1000.0)})
    assert [b.name for b in feature_balance(made)] == ["age"]


def test_missing_values_that_differ_by_offer_are_seen():
    rng = np.random.default_rng(0)
    offer = rng.integers(0, 2, size=4000)
    x = rng.normal(size=4000)
    x[rng.random(4000) < np.where(offer == 1, 0.4, 0.1)] = np.nan
    (balance,) = feature_balance(made_experiment(4000, offer=offer, columns={"x": x}))
    assert balance.p_value < 1e-20


def test_a_category_level_that_differs_by_offer_is_seen():
    drawn = simulate(Simulation(categories=1, features=3), n=4000).experiment
    values = drawn.features.values.copy()
    values[(drawn.offer == 3) & (values[:, 3] == 2), 3] = 4
    moved = replace(drawn, features=Features(drawn.features.schema, values))
    by_name = {b.name: b for b in feature_balance(moved)}
    assert by_name["group1"].p_value < 1e-20
    assert by_name["group1"].offer == "offer 3"


def test_rare_features_and_tiny_offers_raise_no_alarm():
    rng = np.random.default_rng(9)
    low = []
    for seed in range(40):
        offer = rng.choice(8, size=6000, p=[0.5, 0.4, 0.05, 0.03, 0.01, 0.005, 0.003, 0.002])
        offer[:8] = np.arange(8)
        rare = (rng.random(6000) < 0.002).astype(float)
        skewed = np.exp(2.5 * rng.normal(size=6000))
        made = made_experiment(6000, offer=offer, seed=seed, columns={"r": rare, "s": skewed})
        low += [b.p_value < 1e-4 for b in feature_balance(made)]
    assert sum(low) == 0


def test_weights_balance_a_log_that_carries_its_probabilities():
    drawn = simulate(Simulation(observational=True, offers=3), n=20_000, random_state=6)
    received = drawn.probabilities[np.arange(20_000), drawn.experiment.offer]
    design = replace(drawn.experiment.design, kind="column", received=received)
    weighted = feature_balance(replace(drawn.experiment, design=design))
    assert min(b.p_value for b in feature_balance(drawn.experiment)) < 1e-100
    assert min(b.p_value for b in weighted) > 1e-3


def test_units_are_rows_or_pure_clusters():
    made = made_experiment(6, offer=np.array([0, 0, 1, 1, 0, 0]), columns={"x": np.arange(6.0)})
    assert randomised_units(made).of_row is None
    pairs = randomised_units(replace(made, cluster=np.array([0, 0, 1, 1, 2, 2])))
    assert pairs.counts.tolist() == [[2, 1]]
    assert pairs.rows.tolist() == [[4, 2]]
    mixed = randomised_units(replace(made, cluster=np.array([0, 1, 0, 1, 2, 2])))
    assert mixed.of_row is None


def test_the_fewest_strata_that_mend_are_named():
    rng = np.random.default_rng(3)
    n = 12_000
    wave = rng.integers(0, 3, size=n)
    offer = (rng.random(n) < np.array([0.2, 0.5, 0.8])[wave]).astype(np.int64)
    columns = {
        "wave": wave,
        "day": wave * 30 + rng.uniform(0, 30, size=n),
        "late": (wave == 2) & (rng.random(n) < 0.9),
        "age": rng.normal(size=n),
    }
    made = made_experiment(n, offer=offer, columns=columns)
    failing = [b for b in feature_balance(made) if b.p_value < 1e-6]
    assert {b.name for b in failing} == {"wave", "day", "late"}
    failing.sort(key=lambda b: b.name != "day")
    assert strata_that_mend(made, failing) == ["wave"]


def test_bins_keep_few_values_and_cut_many_evenly():
    assert bins(np.array([3.0, 1.0, np.nan, 3.0])).tolist() == [1, 0, 2, 1]
    many = np.bincount(bins(np.arange(1000.0)))
    assert many.tolist() == [100] * 10


def test_sample_ratio_is_pearsons():
    counts, planned = np.array([480, 260, 240]), np.array([0.5, 0.25, 0.25])
    test = ratio_test(counts, planned, "all")
    assert test.p_value == pytest.approx(chisquare(counts, planned * 980).pvalue)
    assert test.deviation == pytest.approx(260 / 980 - 0.25)


def test_sample_ratio_pools_offers_with_few_expected_rows():
    counts = np.array([500, 491, 4, 5])
    planned = np.array([0.4955, 0.4955, 0.0045, 0.0045])
    test = ratio_test(counts, planned, "all")
    expected = np.array([495.5, 495.5, 9.0])
    statistic = float(np.sum((np.array([500, 491, 9]) - expected) ** 2 / expected))
    assert test.p_value == pytest.approx(float(chi2.sf(statistic, 2)))


def test_a_plan_stated_as_a_table_is_tested_not_the_shares_seen():
    made = made_experiment(10_000, said=spec(propensity={"A": 0.5, "B": 0.5}))
    assert made.design.by_stratum.tolist() == [[0.5, 0.5]]

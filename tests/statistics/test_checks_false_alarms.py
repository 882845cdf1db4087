"""On logs that are as they should be, checks fire no more often than they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handful.experiment.checks.balance import feature_balance
from handful.experiment.checks.leaks import leak_findings
from handful.experiment.checks.sample_ratio import ratio_test, sample_ratio_findings
from handful.experiment.checks.units import randomised_units
from handful.experiment.simulate import Simulation, simulate
from made_experiment import made_experiment, spec

DRAWS = 250


def within_four_errors(hits, tries, nominal):
    return abs(hits / tries - nominal) <= 4.0 * np.sqrt(nominal * (1.0 - nominal) / tries)


@pytest.mark.parametrize(
    "settings",
    [
        Simulation(surface="null", features=3, offers=5),
        Simulation(surface="null", features=3, offers=5, unequal_shares=True, strata=3),
        Simulation(surface="null", features=3, offers=2, cluster_size=5, cluster_correlation=0.8),
        Simulation(surface="null", features=3, offers=3, missing=0.2),
    ],
    ids=["plain", "strata", "clusters", "missing"],
)
def test_balance_p_values_are_right_under_a_fair_draw(settings):
    p_values = []
    for seed in range(DRAWS):
        drawn = simulate(settings, n=1500, random_state=seed).experiment
        p_values.append([b.p_value for b in feature_balance(drawn)])
    low = (np.array(p_values) < 0.05).mean(axis=1)
    # Features of a draw share its offers, so the draw is the unit; with missing values a feature
    # has two columns and its p-value is conservative.
    error = low.std(ddof=1) / np.sqrt(DRAWS)
    assert low.mean() <= 0.05 + 4.0 * error
    if settings.missing == 0.0:
        assert low.mean() >= 0.05 - 4.0 * error


def test_balance_stays_right_for_skewed_features_and_small_offers():
    hits = 0
    for seed in range(DRAWS):
        rng = np.random.default_rng(seed)
        offer = rng.choice(4, size=2000, p=[0.6, 0.35, 0.03, 0.02])
        x = np.exp(2.0 * rng.normal(size=2000))
        (balance,) = feature_balance(made_experiment(2000, offer=offer, columns={"x": x}))
        hits += balance.p_value < 0.05
    assert within_four_errors(hits, DRAWS, 0.05)


@pytest.mark.parametrize("clusters", [False, True])
def test_sample_ratio_p_values_are_right_when_the_plan_was_kept(clusters):
    planned = np.array([0.5, 0.3, 0.2])
    said = spec(propensity={"A": 0.5, "B": 0.3, "C": 0.2})
    low = 0
    called = 0
    for seed in range(DRAWS):
        rng = np.random.default_rng(seed)
        cluster = np.arange(3000) // (4 if clusters else 1)
        offer = rng.choice(3, size=int(cluster.max()) + 1, p=planned)[cluster]
        made = made_experiment(3000, offer=offer, said=said, seed=seed)
        made = replace(made, cluster=cluster)
        counts = randomised_units(made).counts.sum(axis=0)
        low += ratio_test(counts, planned, "all").p_value < 0.05
        called += bool(sample_ratio_findings(made))
    assert within_four_errors(low, DRAWS, 0.05)
    assert called <= 2


def test_balance_stays_right_for_logged_probabilities_and_rare_levels():
    low, tries = 0, 0
    for seed in range(DRAWS):
        rng = np.random.default_rng(seed)
        shares = rng.dirichlet(np.ones(6), size=1500)
        offer = (rng.random(1500)[:, None] > np.cumsum(shares, axis=1)[:, :-1]).sum(axis=1)
        offer[:6] = np.arange(6)
        received = shares[np.arange(1500), offer]
        columns = {"rare": rng.random(1500) < 0.02, "age": rng.normal(size=1500)}
        said = spec(propensity="column:p")
        made = made_experiment(1500, offer=offer, columns=columns, said=said, received=received)
        p_values = [b.p_value for b in feature_balance(made)]
        assert min(p_values, default=1.0) > 1e-6
        low += sum(p < 0.05 for p in p_values)
        tries += len(p_values)
    assert low / tries <= 0.05 + 4.0 * np.sqrt(0.05 * 0.95 / tries)


def test_right_logged_probabilities_are_not_called_wrong():
    called = 0
    for seed in range(DRAWS):
        rng = np.random.default_rng(seed)
        p = rng.uniform(0.05, 0.95, size=2000)
        offer = (rng.random(2000) < p).astype(np.int64)
        received = np.where(offer == 1, p, 1.0 - p)
        said = spec(propensity="column:p")
        made = made_experiment(2000, offer=offer, said=said, received=received, seed=seed)
        called += bool(sample_ratio_findings(made))
    assert called <= 3


def test_prognostic_features_are_not_called_leaks():
    assert not any(
        leak_findings(simulate(name, n=3000, random_state=seed).experiment)
        for name in ("null", "promotions", "heavy")
        for seed in range(20)
    )

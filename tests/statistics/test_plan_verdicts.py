"""Does the verdict say what is true? On simulated logs whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from handful.effects.crossfit import open_workshop
from handful.effects.folds import make_folds
from handful.effects.heterogeneity import measure_heterogeneity
from handful.experiment.simulate import simulate
from handful.planning.records import Plan
from handful.planning.run import plan
from handful.planning.settings import PlanSettings

ONCE = PlanSettings(repetitions=1, ladder=False)
NULL_DRAWS = 20


@pytest.fixture(scope="module")
def null_plans() -> list[Plan]:
    return [
        plan(
            simulate("null", n=2000, offers=3, random_state=seed).experiment,
            max_offers=3,
            settings=ONCE,
            random_state=seed,
        )
        for seed in range(NULL_DRAWS)
    ]


def test_customers_who_are_all_alike_are_hardly_ever_split(null_plans: list[Plan]) -> None:
    """At most 5 % false: no more in 20 draws than happens once in a thousand at that rate."""
    split = sum(found.verdict.kind == "handful" for found in null_plans)
    assert split <= binom.ppf(0.999, NULL_DRAWS, 0.05)
    assert {found.verdict.kind for found in null_plans} <= {"handful", "one_offer", "no_offer"}


def test_then_the_stack_believes_that_they_are_alike(null_plans: list[Plan]) -> None:
    alike = [dict(found.valuation.stack)["same_for_all"] for found in null_plans]
    assert np.mean(alike) > 0.7


def test_held_out_values_are_those_of_the_truth(null_plans: list[Plan]) -> None:
    """No offer is a fixed policy, so its error over its standard error has spread 1."""
    scores = []
    for seed, found in enumerate(null_plans):
        drawn = simulate("null", n=2000, offers=3, random_state=seed)
        assert found.reference.no_offer is not None
        truth = drawn.truth[:, 0].mean()
        scores.append((found.reference.no_offer.value - truth) / found.reference.no_offer.se)
    assert abs(np.mean(scores)) < 4 / np.sqrt(NULL_DRAWS)
    assert 0.4 < np.std(scores) < 1.6


def test_three_clear_types_get_three_offers() -> None:
    drawn = simulate("types", n=4000, offers=5, random_state=0)
    found = plan(drawn.experiment, max_offers=5, settings=ONCE)
    assert (found.verdict.kind, found.verdict.offers) == ("handful", 3)
    assert set(found.verdict.menu) == {"offer 1", "offer 2", "offer 3"}
    rows = np.arange(4000)
    worth = drawn.truth[rows, found.assignment.offer].mean()
    # the best offer of each customer is worth `whole`; one offer for all, about half a unit less
    whole, single = drawn.truth.max(axis=1).mean(), drawn.truth.mean(axis=0).max()
    assert (worth - single) / (whole - single) > 0.9
    assert found.heterogeneity.p_value < 1e-6
    point = found.frontier[2]
    assert point.lo < worth < point.hi


def test_the_heterogeneity_test_keeps_its_level() -> None:
    """100 logs without differences: level and spread, each within 4 errors of its replicates."""
    draws, level = 100, 0.05
    found = []
    for seed in range(draws):
        log = simulate("null", n=800, offers=3, random_state=5000 + seed).experiment
        fold = make_folds(log.cluster, 5, np.random.default_rng(seed))
        shop = open_workshop(log, fold, learn_rows=10**6, random_state=seed)
        found.append(measure_heterogeneity(shop))
    t = np.array([test.statistic for test in found])
    p = np.array([test.p_value for test in found])
    assert abs(t.mean()) < 4 / np.sqrt(draws)
    assert abs(t.std() - 1.0) < 4 / np.sqrt(2 * draws)
    assert np.sum(p < level) <= binom.ppf(0.9999, draws, level)
    assert np.sum(p > 1 - 4 * level) >= 1

from __future__ import annotations

import numpy as np
import pytest

from handful.errors import BriefError
from handful.experiment.draws import HEAVY_SCALE
from handful.experiment.promotions import promotion_grid
from handful.experiment.simulate import (
    SCENARIOS,
    Simulation,
    promotions_table,
    simulate,
    simulate_customers,
    true_profit,
)
from handful.experiment.surfaces import customer_type, quadratic_curve, quadratic_levels

EVERYTHING = Simulation(
    cluster_size=3,
    strata=3,
    missing=0.1,
    categories=2,
    unequal_shares=True,
    closed_cell=True,
)


def clustered_error(residual, cluster):
    return float(np.sqrt(np.sum(np.bincount(cluster, weights=residual) ** 2)) / residual.size)


LEVELS = [name for name, settings in SCENARIOS.items() if not settings.dials]


@pytest.mark.parametrize("name", [*LEVELS, "everything", "everything heavy"])
def test_realised_profit_is_the_truth_on_average(name):
    settings = SCENARIOS.get(name, EVERYTHING)
    if name == "everything heavy":
        settings = Simulation(tails="heavy", cluster_size=3, missing=0.1, unequal_shares=True)
    drawn = simulate(settings, n=40_000, random_state=5)
    experiment = drawn.experiment
    residual = experiment.profit - drawn.truth[np.arange(40_000), experiment.offer]
    for g in range(experiment.n_offers):
        mine = np.where(experiment.offer == g, residual, 0.0)
        assert abs(mine.mean()) < 4.0 * clustered_error(mine, experiment.cluster)


@pytest.mark.parametrize("name", LEVELS)
def test_the_truth_does_not_depend_on_the_draw(name):
    drawn = simulate(name, n=500, random_state=1)
    assert np.array_equal(drawn.truth, true_profit(name, drawn.experiment.features))
    fresh = simulate_customers(name, n=500, random_state=2)
    assert fresh.schema == drawn.experiment.features.schema
    assert true_profit(name, fresh).shape == drawn.truth.shape


def test_a_draw_is_reproducible_and_another_seed_is_another_draw():
    first, again = simulate(EVERYTHING, n=300), simulate(EVERYTHING, n=300)
    other = simulate(EVERYTHING, n=300, random_state=1)
    assert np.array_equal(first.experiment.profit, again.experiment.profit)
    assert np.array_equal(first.experiment.offer, again.experiment.offer)
    assert not np.array_equal(first.experiment.profit, other.experiment.profit)


def test_null_has_one_effect_for_everyone():
    drawn = simulate(Simulation(surface="null", arm_effects=0.4, offers=5), n=200)
    effects = drawn.truth - drawn.truth[:, :1]
    assert np.allclose(effects, [0.0, 0.1, 0.2, 0.3, 0.4])
    assert np.ptp(drawn.truth[:, 0]) > 0.5


def test_three_types_are_even_and_each_has_its_offer():
    drawn = simulate("types", n=30_000)
    kind = customer_type(drawn.experiment.features.values, 3)
    assert np.allclose(np.bincount(kind) / 30_000, 1 / 3, atol=4 * np.sqrt(2 / 9 / 30_000))
    assert np.array_equal(drawn.truth.argmax(axis=1), 1 + kind)
    values = [drawn.truth[:, list(menu)].max(axis=1).mean() for menu in ([4], [1, 4], [1, 2, 3])]
    assert values[0] + 0.15 < values[1] < values[2] - 0.3


def test_linear_quadratic_optimum_is_where_it_is_said_to_be():
    settings = Simulation(surface="linear_quadratic", offers=101, arm_effects=0.0)
    customers = simulate_customers(settings, n=400)
    a, b = quadratic_curve(customers.values)
    best = quadratic_levels(101)[true_profit(settings, customers).argmax(axis=1)]
    assert np.abs(best - a / b).max() <= 0.005 + 1e-9


def test_shares_differ_between_strata_and_a_cell_can_be_closed():
    drawn = simulate(EVERYTHING, n=60_000)
    experiment = drawn.experiment
    assert experiment.design.by_stratum[-1, -1] == 0.0
    assert not experiment.design.support[-1, -1]
    rows = [drawn.probabilities[experiment.stratum == s][0] for s in range(3)]
    assert np.allclose(experiment.design.by_stratum, rows, atol=0.02)
    assert np.abs(rows[0] - rows[1]).max() > 0.1


def test_clusters_share_an_offer_and_part_of_their_noise():
    drawn = simulate(Simulation(cluster_size=4), n=40_000, random_state=2)
    experiment = drawn.experiment
    first = np.flatnonzero(np.diff(experiment.cluster, prepend=-1))
    assert np.array_equal(experiment.offer, experiment.offer[first][experiment.cluster])
    residual = experiment.profit - drawn.truth[np.arange(40_000), experiment.offer]
    pairs = np.flatnonzero(np.diff(experiment.cluster) == 0)
    correlation = float(np.mean(residual[pairs] * residual[pairs + 1]))
    assert correlation == pytest.approx(0.3, abs=0.03)
    assert experiment.n_rows / first.size == pytest.approx(4.0, rel=0.03)


def test_heavy_tails_have_few_spenders():
    profit = simulate("heavy", n=40_000).experiment.profit
    assert float(np.mean(profit > 0)) == pytest.approx(0.01 * profit.mean() / HEAVY_SCALE, rel=0.2)
    assert profit.max() > 1000.0


def test_the_trap_moves_offer_and_profit_with_one_feature():
    drawn = simulate("observational", n=20_000)
    x, offer = drawn.experiment.features.values[:, 0], drawn.experiment.offer
    assert np.corrcoef(x, offer)[0, 1] > 0.4
    assert np.corrcoef(x, drawn.truth[:, 0])[0, 1] > 0.4


def test_missing_values_come_at_the_stated_rate():
    values = simulate(EVERYTHING, n=20_000).experiment.features.values
    assert float(np.isnan(values).mean()) == pytest.approx(0.1, abs=0.005)


def test_promotions_reward_choosing_who_gets_which():
    truth = simulate("promotions", n=20_000).truth
    assert truth.mean(axis=0).argmax() != 0
    assert truth.max(axis=1).mean() > 1.03 * truth.mean(axis=0).max()
    assert np.unique(truth.argmax(axis=1)).size >= 6


def test_promotion_names_say_discount_and_minimum():
    grid = promotion_grid(13)
    assert grid.names[:3] == ("no offer", "5% off", "5% off over $30")
    assert len(set(grid.names)) == 13
    assert promotion_grid(2).names == ("no offer", "5% off")


def test_the_promotions_table_is_a_log_as_people_keep_it():
    table = promotions_table(4000, random_state=1).to_pydict()
    assert set(table["offer"]) == set(promotion_grid(13).names)
    assert len(set(table["customer_id"])) == 4000
    assert set(table["channel"]) == {"app", "store", "web"}
    sales, profit = np.array(table["sales"]), np.array(table["profit"])
    discount = np.array(table["discount"]) * np.array(table["redeemed"])
    assert np.allclose(profit, sales / (1 - discount) * (0.40 - discount), atol=0.02)


def test_an_unknown_scenario_is_named_with_the_known_ones():
    with pytest.raises(BriefError, match=r"D390.*null.*found 'nul'"):
        simulate("nul", n=10)


def test_too_few_features_for_the_truth_are_refused():
    with pytest.raises(BriefError, match=r"D391.*expected features of 3 or more, found 1"):
        simulate(Simulation(features=1), n=10)
    with pytest.raises(BriefError, match=r"expected features of 5 or more"):
        simulate(Simulation(surface="types", types=6, features=3), n=10)

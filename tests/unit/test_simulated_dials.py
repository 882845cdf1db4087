from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handful.errors import BriefError
from handful.experiment.dials import axes, product
from handful.experiment.simulate import (
    SCENARIOS,
    Simulation,
    promotions_table,
    simulate,
    simulate_customers,
    true_profit,
)
from handful.experiment.surfaces import quadratic_curve

DIALS = [name for name, settings in SCENARIOS.items() if settings.dials]
CLOSED = replace(SCENARIOS["promotions_dials"], strata=2, closed_cell=True)


def own_truth(drawn):
    """The truth of what each row received, point by point."""
    received = drawn.experiment.dials.received
    features = drawn.experiment.features
    points, which = np.unique(received, axis=0, return_inverse=True)
    truth = np.empty(len(received))
    for code, point in enumerate(points):
        rows = np.flatnonzero(which == code)
        truth[rows] = true_profit(drawn.settings, features.rows(rows), point[None, :])[:, 0]
    return truth


@pytest.mark.parametrize("name", DIALS)
def test_realised_profit_is_the_truth_of_the_point_received(name):
    drawn = simulate(name, n=40_000, random_state=3)
    residual = drawn.experiment.profit - own_truth(drawn)
    third = np.argsort(drawn.experiment.dials.received[:, 0])  # no offer is last
    for part in np.array_split(third, 4):
        assert abs(residual[part].mean()) < 4.0 * residual[part].std() / part.size**0.5


@pytest.mark.parametrize("name", DIALS)
def test_the_truth_of_candidates_is_the_truth_of_their_points(name):
    drawn = simulate(name, n=2_000, random_state=1)
    experiment = drawn.experiment
    again = true_profit(name, experiment.features, experiment.dials.candidates)
    assert np.array_equal(drawn.truth, again)
    fresh = simulate_customers(name, n=20, random_state=2)
    everything = true_profit(name, fresh)
    lattice = len(product(axes(experiment.dials)))
    assert everything.shape == (20, lattice + (name == "promotions_dials"))


def test_the_best_rate_of_the_quadratic_is_known():
    customers = simulate_customers("quadratic_dial", n=500, random_state=4)
    a, b = quadratic_curve(customers.values)
    best = (a / b)[:, None]
    steps = np.linspace(0.0, 1.0, 101)[:, None]
    truth = true_profit("quadratic_dial", customers, steps)
    assert np.all(np.abs(steps[truth.argmax(axis=1)] - best) <= 0.0051)


def test_shares_of_candidates_are_those_drawn():
    drawn = simulate(CLOSED, n=60_000, random_state=2)
    experiment = drawn.experiment
    for s in range(2):
        mine = experiment.stratum == s
        seen = np.bincount(experiment.offer[mine], minlength=experiment.n_offers) / mine.sum()
        expected = drawn.probabilities[mine][0]
        assert expected.sum() == pytest.approx(1.0)
        error = np.sqrt(expected * (1 - expected) / mine.sum())
        assert np.all(np.abs(seen - expected) <= 4.5 * error + 1e-12)


def test_a_closed_cell_leaves_the_upper_half_untried():
    experiment = simulate(CLOSED, n=8_000).experiment
    discount = experiment.dials.received[:, 0]
    assert np.nanmax(discount[experiment.stratum == 1]) == pytest.approx(0.20)
    assert np.nanmax(discount[experiment.stratum == 0]) == pytest.approx(0.35)
    high = experiment.dials.candidates[:, 0] > 0.2 + 1e-9
    assert experiment.design.support[0, high].all()
    assert not experiment.design.support[1, high].any()


def test_clusters_get_one_offer():
    settings = replace(SCENARIOS["promotions_dials"], cluster_size=3)
    experiment = simulate(settings, n=3_000).experiment
    first = np.flatnonzero(np.diff(experiment.cluster, prepend=-1))[experiment.cluster]
    received = experiment.dials.received
    assert np.array_equal(received, received[first], equal_nan=True)


def test_other_surfaces_have_no_dials():
    with pytest.raises(BriefError, match=r"D392.*found surface 'types'"):
        simulate(Simulation(surface="types", dials=True), n=100)
    trap = replace(SCENARIOS["quadratic_dial"], observational=True)
    with pytest.raises(BriefError, match="observational shares"):
        simulate(trap, n=100)


def test_the_promotions_log_leaves_both_dials_empty_without_an_offer():
    table = promotions_table(4_000, random_state=1, dials=True).to_pandas()
    none = table["discount"].isna()
    assert np.array_equal(none, table["minimum_basket"].isna())
    assert none.mean() == pytest.approx(0.1, abs=0.02)
    assert not table.loc[none, "redeemed"].any()
    steps = table.loc[~none, ["discount", "minimum_basket"]].to_numpy() / [0.01, 5.0]
    assert np.allclose(steps, np.round(steps))
    gave = table["discount"].fillna(0.0) * table["redeemed"]
    assert np.allclose(table["profit"], table["sales"] / (1 - gave) * (0.40 - gave), atol=0.02)

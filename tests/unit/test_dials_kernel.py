"""Kernel weights: even within strata, blind to quadratic misfit, exact on levels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_response_nodes import with_levels

from handful.effects.kernel import kernel_weights, rule_bandwidth
from handful.effects.scores import doubly_robust, kernel_scores
from handful.experiment.simulate import simulate

SETTINGS = replace(simulate("quadratic_dial", n=10).settings, strata=2)
LOG = simulate(SETTINGS, n=6_000, random_state=4).experiment


def test_weights_average_to_one_in_every_stratum():
    weights = kernel_weights(LOG, LOG.dials.candidates, rule_bandwidth(LOG))
    for s in range(2):
        mean = weights[LOG.stratum == s].mean(axis=0)
        assert mean == pytest.approx(np.ones(LOG.n_offers), abs=1e-4)


def test_quadratic_misfit_leaves_no_bias_at_the_edge_either():
    points = np.array([[0.01], [0.02], [0.5], [0.97], [1.0]])
    weights = kernel_weights(LOG, points, rule_bandwidth(LOG)).astype(float)
    t = LOG.dials.received[:, 0]
    tried = np.abs(t) > 1e-9  # t = 0 is the control
    misfit = np.where(tried, 2.0 - 3.0 * t + 5.0 * t**2, 99.0)
    for s in range(2):
        rows = LOG.stratum == s
        found = misfit[rows] @ weights[rows] / rows.sum()
        assert found == pytest.approx(2.0 - 3.0 * points[:, 0] + 5.0 * points[:, 0] ** 2, abs=1e-4)


def test_the_control_speaks_for_itself_alone():
    weights = kernel_weights(LOG, np.array([[0.0], [0.01]]), rule_bandwidth(LOG))
    control = np.abs(LOG.dials.received[:, 0]) < 1e-9
    assert np.all(weights[~control, 0] == 0)
    assert np.all(weights[control, 1] == 0)
    assert np.all(weights[control, 0] > 0)


def test_few_levels_give_the_discrete_scores():
    """Between levels nothing is smoothed: the kernel score is the inverse propensity one."""
    log = with_levels([40.0, 60.0, 100.0, 500.0])
    assert rule_bandwidth(log).tolist() == [0.0]
    weights = kernel_weights(log, log.dials.candidates, rule_bandwidth(log))
    shares = (np.bincount(log.offer) / log.n_rows)[log.offer]
    predicted = np.random.default_rng(0).normal(size=(log.n_rows, 4))
    at = predicted[np.arange(log.n_rows), log.offer]
    found = kernel_scores(predicted, log.profit, at, weights)
    assert found == pytest.approx(doubly_robust(predicted, log.profit, log.offer, shares), rel=1e-5)


def test_a_small_bandwidth_on_many_levels_is_exact_too():
    log = with_levels(np.arange(27.0), n=8_100)
    assert rule_bandwidth(log)[0] > 0
    weights = kernel_weights(log, log.dials.candidates, np.array([0.5]))
    counts = np.bincount(log.offer)
    expected = (np.arange(27) == log.offer[:, None]) / (counts / log.n_rows)
    assert weights == pytest.approx(expected, rel=1e-4)


def test_far_from_everything_tried_the_plain_average_has_to_do():
    log = with_levels([0.0, 1.0, 2.0, 3.0] + [10.0 + 0.1 * k for k in range(20)], n=2_400)
    weights = kernel_weights(log, np.array([[6.0]]), np.array([0.4]))
    assert weights.mean() == pytest.approx(1.0, abs=1e-4)
    assert np.isfinite(weights).all()


def test_winsorised_scores_move_with_the_profit_alone():
    weights = np.array([[0.0, 2.0], [1.0, 0.0]], dtype=np.float32)
    predicted = np.array([[1.0, 2.0], [3.0, 4.0]])
    found = kernel_scores(predicted, np.array([5.0, 6.0]), np.array([1.0, 2.0]), weights)
    assert found.tolist() == [[1.0, 10.0], [7.0, 4.0]]
    # effects given for the candidates alone: the candidate's own prediction stands in
    assert kernel_scores(predicted, np.array([5.0, 6.0]), None, weights).tolist() == [
        [1.0, 8.0],
        [6.0, 4.0],
    ]

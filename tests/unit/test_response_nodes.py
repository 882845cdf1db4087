"""Response surfaces: cardinal weights, design weights of nodes, and the discrete case inside."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handful.effects.nodes import weigh_nodes
from handful.effects.response import Response, is_control, make_response, plain_shapes, respond
from handful.experiment.records import Dials
from handful.experiment.simulate import simulate

LOG = simulate("promotions_dials", n=2_000, random_state=1).experiment


def with_levels(values, *, control=None, n=1_200, strata=None):
    """A log whose one dial took these values; candidates are the values."""
    rng = np.random.default_rng(0)
    values = np.asarray(values, dtype=float)
    code = rng.integers(0, len(values), n)
    made = simulate("smooth", n=n, offers=len(values), random_state=2).experiment
    points = values[:, None]
    dials = Dials(
        ("amount",), points[code], points, points.min(0), points.max(0), np.array([np.nan])
    )
    stratum = made.stratum if strata is None else strata(code)
    return replace(made, offer=code, control=control, dials=dials, stratum=stratum)


def test_weights_are_cardinal_and_add_up_to_one():
    response = make_response(LOG)
    grid = np.array(np.meshgrid(*response.axes, indexing="ij")).reshape(2, -1).T
    phi = respond(response, grid, np.zeros(len(grid), dtype=bool))
    assert phi[:, 1:] == pytest.approx(np.eye(len(grid)), abs=1e-12)
    received = LOG.dials.received
    weights = respond(response, received, is_control(LOG, received))
    assert weights.sum(axis=1) == pytest.approx(np.ones(LOG.n_rows))
    assert weights[np.isnan(received).any(axis=1), 0].min() == 1.0


def test_cubics_are_followed_exactly():
    response = Response(((0.0, 1.0, 2.0, 3.0),), control=False)
    t = np.linspace(0, 3, 50)[:, None]
    nodes = np.polyval([1.0, -2.0, 0.5, 3.0], np.arange(4.0))
    found = respond(response, t, np.zeros(50, dtype=bool)) @ nodes
    assert found == pytest.approx(np.polyval([1.0, -2.0, 0.5, 3.0], t[:, 0]))


def test_a_control_in_the_box_is_matched_exactly_and_not_by_nearness():
    log = with_levels([0.0, 0.5, 1.0], control=0)
    assert is_control(log, np.array([[0.0], [1e-4], [np.nan]])).tolist() == [True, False, True]


def test_few_levels_are_the_discrete_scores():
    """With a node for every level omega is 1{t = g} / e_g, and contrasts scale by sqrt(e_g)."""
    log = with_levels([40.0, 60.0, 100.0, 500.0])
    nodes = weigh_nodes(log, make_response(log))
    shares = np.bincount(log.offer) / log.n_rows
    assert nodes.columns == pytest.approx(np.eye(4)[log.offer], abs=1e-9)
    assert nodes.inverse == pytest.approx(np.eye(4)[log.offer] / shares, abs=1e-6)
    assert nodes.level == pytest.approx(shares)


def test_contrasts_carry_unit_noise_and_come_back():
    nodes = weigh_nodes(LOG, make_response(LOG))
    noise = (nodes.inverse - 1.0) @ nodes.root
    q = nodes.response.n_nodes
    assert np.cov(noise.T, bias=True) == pytest.approx(np.eye(q - 1), abs=1e-6)
    scores = np.random.default_rng(0).normal(size=(5, q))
    over = scores - (scores @ nodes.level)[:, None]
    assert over @ nodes.root @ nodes.back == pytest.approx(over)


def test_simple_shapes_come_first_and_quadratics_are_among_them():
    response = make_response(LOG)
    nodes = weigh_nodes(LOG, response)
    learned = nodes.back[: nodes.learned].T
    points = np.array(np.meshgrid(*response.axes, indexing="ij")).reshape(2, -1).T
    bowl = np.concatenate([[0.0], points[:, 0] * points[:, 1] + points[:, 0] ** 2])
    basis = np.column_stack([np.ones(len(bowl)), learned])
    left = bowl - basis @ np.linalg.lstsq(basis, bowl, rcond=None)[0]
    assert np.abs(left).max() < 1e-8
    assert nodes.learned < response.n_nodes - 1
    assert plain_shapes(LOG, response).shape[1] == nodes.learned + 1


def test_scores_are_unbiased_in_every_stratum():
    """Mean omega phi' is the identity where the stratum tried everything."""
    drawn = simulate(
        replace(simulate("quadratic_dial", n=10).settings, strata=2), n=4_000, random_state=3
    )
    log = drawn.experiment
    nodes = weigh_nodes(log, make_response(log))
    for s in range(2):
        rows = log.stratum == s
        second = nodes.inverse[rows].T @ nodes.columns[rows] / rows.sum()
        assert second == pytest.approx(np.eye(nodes.response.n_nodes), abs=1e-8)


def test_a_stratum_that_tried_half_the_range_says_nothing_of_what_it_cannot_tell():
    log = simulate(
        replace(simulate("quadratic_dial", n=10).settings, strata=2, closed_cell=True),
        n=4_000,
        random_state=3,
    ).experiment
    nodes = weigh_nodes(log, make_response(log))
    rows = log.stratum == 1
    # weights stay bounded (no extrapolated directions) and still average to one for the level
    assert np.abs(nodes.inverse[rows]).max() < 60
    level = nodes.inverse[rows] @ nodes.columns[rows].mean(axis=0)
    assert level == pytest.approx(np.ones(rows.sum()))

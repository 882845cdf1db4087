"""Menus off the grid: known optima recovered, and nothing closed is ever offered."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from handful.menu.line import choose_on_line
from handful.menu.polish import (
    Crowd,
    Lattice,
    best_in_box,
    menu_worth,
    polish_in_box,
    polish_on_lattice,
)

NODES = np.array([0.0, 0.5, 1.0])


def parabola(t):
    """Weights of values at 0, 1/2 and 1: exact for linear-quadratic profits."""
    t = np.asarray(t)[:, 0]
    return np.column_stack([(1 - t) * (1 - 2 * t), 4 * t * (1 - t), t * (2 * t - 1)])


def quadratic_customers(n, seed=0):
    rng = np.random.default_rng(seed)
    best, curve = np.sort(rng.beta(2.0, 3.0, n)), rng.gamma(4.0, 0.5, n)
    return best, curve, (curve * best)[:, None] * NODES - curve[:, None] * NODES**2 / 2


def known_optimum(best, curve, k):
    """pi = a t - b t^2 / 2 is weighted k-means on a / b: exact by intervals of sorted customers."""
    n = len(best)
    weight = np.concatenate([[0], np.cumsum(curve)])
    first = np.concatenate([[0], np.cumsum(curve * best)])
    start, end = np.arange(n)[:, None], np.arange(1, n + 1)[None, :]
    total = first[end] - first[start]
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(end > start, total**2 / (weight[end] - weight[start]) / 2, -np.inf)
    reached = gain[0].copy()
    for _ in range(k - 1):
        through = np.full((n, n), -np.inf)
        through[1:, :] = reached[:-1, None] + gain[1:, :]
        reached = np.maximum(through.max(axis=0), reached)
    return reached[-1]


@pytest.mark.parametrize("offers", [1, 2, 3, 5])
@pytest.mark.parametrize("seed", [0, 1])
def test_linear_quadratic_optimum_to_a_millionth(offers, seed):
    best, curve, nodes = quadratic_customers(400, seed)
    grid = np.linspace(0, 1, 1001)[:, None]
    start = choose_on_line(nodes @ parabola(grid).T, max_offers=offers).menu(offers)
    points, worth = polish_in_box(nodes, parabola, grid[list(start)], np.zeros(1), np.ones(1))
    assert worth == pytest.approx(known_optimum(best, curve, offers), rel=1e-6)
    assert worth >= (nodes @ parabola(grid[list(start)]).T).max(axis=1).sum()
    assert np.all((points >= 0) & (points <= 1))


def test_single_crossing_optimum_to_a_millionth():
    """Log-shaped profits a log(1 + t) - t: the best t is a - 1, splines carry the curve."""
    rng = np.random.default_rng(3)
    taste = 1.0 + 3.0 * rng.random(300)
    knots = np.linspace(0, 3, 121)
    nodes = taste[:, None] * np.log1p(knots) - knots
    spline = CubicSpline(knots, np.eye(len(knots)))

    def phi(t):
        return spline(t[:, 0])

    start = choose_on_line(nodes[:, ::2], max_offers=3).menu(3)
    points, worth = polish_in_box(
        nodes, phi, knots[::2][list(start), None], np.zeros(1), np.array([3.0])
    )
    exact = taste[:, None] * np.log1p(points[:, 0]) - points[:, 0]
    fine = np.linspace(0, 3, 3001)
    ceiling = choose_on_line(taste[:, None] * np.log1p(fine) - fine, max_offers=3).at(3)
    assert worth == pytest.approx(exact.max(axis=1).sum(), rel=1e-7)
    assert worth == pytest.approx(ceiling.value, rel=1e-6)
    assert worth >= ceiling.value * (1 - 1e-9)


def test_best_point_of_one_segment_is_its_weighted_mean():
    best, curve, nodes = quadratic_customers(50)
    found = best_in_box(nodes.sum(axis=0), parabola, np.zeros(1), np.ones(1))
    assert found[0] == pytest.approx(curve @ best / curve.sum(), abs=1e-7)


def two_dials(n, seed):
    rng = np.random.default_rng(seed)
    side = np.linspace(0, 1, 7)
    points = np.array(np.meshgrid(side, side, indexing="ij")).reshape(2, -1).T
    home = rng.random((n, 2))
    return -((home[:, None, :] - points[None]) ** 2).sum(axis=2) + 0.02 * rng.random((n, 49))


def crowd_of(values, groups=None):
    n = len(values)
    group = np.zeros(n, dtype=np.int64) if groups is None else groups
    return Crowd(values, np.full(n, -np.inf), np.zeros(n), group)


@pytest.mark.parametrize("seed", range(4))
def test_on_a_lattice_no_single_step_is_left_that_pays(seed):
    values = two_dials(60, seed)
    lattice = Lattice(np.eye(49), np.ones((1, 49), dtype=bool), (7, 7))
    crowd = crowd_of(values)
    best = max(values[:, pair].max(axis=1).sum() for pair in combinations(range(49), 2))
    coarse = [7 * a + b for a in range(0, 7, 2) for b in range(0, 7, 2)]
    start = max(combinations(coarse, 2), key=lambda pair: menu_worth(crowd, lattice, pair))
    points = polish_on_lattice(crowd, lattice, start)
    found = menu_worth(crowd, lattice, points)
    assert menu_worth(crowd, lattice, start) <= found <= best + 1e-9
    for k in (0, 1):
        for near in lattice.around(points[k]):
            moved = [near if at == k else point for at, point in enumerate(points)]
            assert menu_worth(crowd, lattice, moved) <= found + 1e-9


def test_what_stays_in_the_menu_is_taken_into_account():
    values = np.array([[0.0, 3.0, 2.0], [0.0, 1.0, 2.0]])
    floor = np.array([5.0, 0.0])  # the first customer keeps an offer worth 5
    crowd = Crowd(values, floor, np.zeros(2), np.zeros(2, dtype=np.int64))
    line = Lattice(np.eye(3), np.ones((1, 3), dtype=bool), (3,))
    assert polish_on_lattice(crowd, line, (0,)) == (2,)
    assert menu_worth(crowd, line, (2,)) == 7.0


def test_points_never_leave_what_is_open_to_those_they_serve():
    rng = np.random.default_rng(0)
    price = np.arange(10.0)
    values = price * rng.uniform(0.5, 1.5, (200, 1))  # everybody brings more at a higher price
    groups = rng.integers(0, 2, 200)
    is_open = np.ones((2, 10), dtype=bool)
    is_open[1, 5:] = False  # the second group was never offered more than 4
    lattice = Lattice(np.eye(10), is_open, (10,))
    crowd = crowd_of(values, groups)
    found = polish_on_lattice(crowd, lattice, (1, 2))
    assert sorted(found) == [4, 9]


def test_a_shut_point_serves_nobody_and_the_fallback_counts():
    lattice = Lattice(np.eye(2), np.array([[True, True], [False, False]]), (2,))
    values = np.array([[1.0, 2.0], [9.0, 9.0]])
    crowd = Crowd(values, np.full(2, -np.inf), np.array([0.0, 0.5]), np.array([0, 1]))
    assert polish_on_lattice(crowd, lattice, (0,)) == (1,)
    assert menu_worth(crowd, lattice, (1,)) == 2.5

"""500 small problems against every menu tried, and the program-and-branching path as well."""

from __future__ import annotations

import menu_oracle as oracle
import numpy as np
import pytest

from handful.menu import path
from handful.menu.choose import choose_menu


def draw(seed):
    """One random problem with or without weights, masks, costs, forced and excluded offers."""
    rng = np.random.default_rng(seed)
    rows, offers = int(rng.integers(1, 60)), int(rng.integers(1, 10))
    values = oracle.instances(oracle.KINDS[seed % len(oracle.KINDS)], rng, rows, offers)
    if rng.random() < 0.3:
        values = values.astype(np.float32)
    if rng.random() < 0.3:
        values[rng.random(values.shape) < 0.2] = -np.inf
    weights = rng.random(rows) + 0.01 if rng.random() < 0.5 else None
    costs = rng.random(offers) * rows * 0.1 if rng.random() < 0.5 else None
    always = (int(rng.integers(offers)),) if rng.random() < 0.3 else ()
    never = tuple(g for g in range(offers) if g not in always and rng.random() < 0.2)
    never = () if len(never) == offers else never
    return values, weights, costs, always, never


def check(seed, gap):
    values, weights, costs, always, never = draw(seed)
    found = choose_menu(
        values, max_offers=4, weights=weights, setup_cost=costs, always=always, never=never, gap=gap
    )
    importance = np.ones(len(values)) if weights is None else weights
    prices = np.zeros(values.shape[1]) if costs is None else costs
    for choice in found:
        best, _ = oracle.best_menu(values, choice.offers, importance, prices, always, never)
        slack = 1e-9 * max(1.0, abs(best))
        own = oracle.net_value(values, choice.menu, importance, prices)
        assert choice.net == pytest.approx(own, rel=1e-6, abs=1e-9)
        assert choice.bound >= best - slack
        assert own >= best - slack
        assert set(always) <= set(choice.menu)
        assert not set(never) & set(choice.menu)


@pytest.mark.parametrize("block", range(10))
def test_exhaustive_path_is_optimal_and_its_bound_valid(block):
    for seed in range(50 * block, 50 * block + 50):
        check(seed, 1e-3)


@pytest.mark.parametrize("block", range(5))
def test_cuts_and_branching_are_optimal_and_valid_too(block, monkeypatch):
    monkeypatch.setattr(path, "affordable", lambda rows, rules, offers: offers == 1)
    for seed in range(20 * block, 20 * block + 20):
        check(seed, 1e-6)


def test_proven_offers_hold_for_every_better_menu(monkeypatch):
    from itertools import combinations

    monkeypatch.setattr(path, "affordable", lambda rows, rules, offers: offers == 1)
    proven = 0
    for seed in range(30):
        values = oracle.instances("mixture", np.random.default_rng(seed), 40, 8)
        ones, none = np.ones(40), np.zeros(8)
        for choice in choose_menu(values, max_offers=4, gap=1e-2):
            proven += len(choice.proven_in) + len(choice.proven_out)
            for menu in combinations(range(8), choice.offers):
                if oracle.net_value(values, menu, ones, none) > choice.net * (1 + 1e-9):
                    assert set(choice.proven_in) <= set(menu)
                    assert not set(choice.proven_out) & set(menu)
    assert proven > 0


def test_same_objective_as_the_p_median_integer_program():
    scipy_optimize = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(4)
    values = oracle.instances("mixture", rng, 60, 12)
    rows, offers = values.shape
    for k in (2, 3, 5):
        # Variables: x_ig row by row, then y_g; every customer takes one offer that is open.
        each = np.zeros((rows, rows * offers + offers))
        link = np.zeros((rows * offers, rows * offers + offers))
        for i in range(rows):
            each[i, i * offers : (i + 1) * offers] = 1
        link[:, : rows * offers] = np.eye(rows * offers)
        link[:, rows * offers :] = -np.tile(np.eye(offers), (rows, 1))
        size = np.concatenate([np.zeros(rows * offers), np.ones(offers)])[None]
        result = scipy_optimize.milp(
            -np.concatenate([values.ravel(), np.zeros(offers)]),
            constraints=[
                scipy_optimize.LinearConstraint(each, 1, 1),
                scipy_optimize.LinearConstraint(link, -np.inf, 0),
                scipy_optimize.LinearConstraint(size, k, k),
            ],
            integrality=np.concatenate([np.zeros(rows * offers), np.ones(offers)]),
            bounds=scipy_optimize.Bounds(0, 1),
        )
        assert choose_menu(values, max_offers=k).at(k).value == pytest.approx(-result.fun, rel=1e-6)

"""Menus on a line: exact under single crossing, an honest bound without it."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from handful.menu.choose import choose_menu
from handful.menu.line import choose_on_line


def peaked(rows, offers, seed=0):
    rng = np.random.default_rng(seed)
    taste, grid = rng.gamma(3.0, 1.0, (rows, 1)), np.linspace(0, 10, offers)
    return taste * grid - grid**2 / 2


def best(values, k):
    return max(
        values[:, menu].max(axis=1).sum() for menu in combinations(range(values.shape[1]), k)
    )


def test_two_peaks_by_hand():
    profit = -np.abs(np.array([0.0, 1.0, 3.0, 4.0])[:, None] - np.arange(5.0))
    path = choose_on_line(profit, max_offers=2)
    assert path.at(1).value == -6.0
    assert path.at(2).value == -2.0
    assert path.at(2).gap <= 1.01e-6


@pytest.mark.parametrize("seed", range(10))
def test_exact_under_single_crossing(seed):
    values = peaked(40, 9, seed)
    for choice in choose_on_line(values, max_offers=4):
        assert choice.value == pytest.approx(best(values, choice.offers), rel=1e-12)
        assert choice.gap <= 1.01e-6


@pytest.mark.parametrize("seed", range(10))
def test_bound_holds_without_single_crossing(seed):
    values = np.random.default_rng(seed).normal(size=(30, 8))
    for choice in choose_on_line(values, max_offers=4):
        assert choice.bound >= best(values, choice.offers) - 1e-9


def test_never_below_the_general_search():
    values = peaked(5000, 40).astype(np.float32)
    general = choose_menu(values, max_offers=6)
    for on_line, other in zip(choose_on_line(values, max_offers=6), general, strict=True):
        assert on_line.value >= other.value * (1 - 1e-7)

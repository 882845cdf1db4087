"""How much of the total a few rows carry, and the limits within which learners see profit."""

from __future__ import annotations

import numpy as np
import pytest

from handful.experiment.tails import HEAVY, tail_facts, winsorise


def test_the_share_of_the_top_thousandth_by_hand() -> None:
    profit = np.zeros(2000)
    profit[:4] = (100.0, 50.0, 30.0, 20.0)
    facts = tail_facts(profit)
    assert facts.top_share == pytest.approx(150 / 200)
    assert facts.heavy
    # the 99.9 % quantile, at rank 1997.001, is 30 + 0.001 * 20; outwards to two digits: 31
    assert facts.limits == (0.0, 31.0)
    seen = winsorise(profit, facts)
    assert seen.max() == facts.limits[1]
    assert np.array_equal(seen[2:], profit[2:])


def test_a_light_tail_is_left_alone() -> None:
    profit = np.random.default_rng(0).normal(size=5000)
    facts = tail_facts(profit)
    assert facts.top_share < 0.01 < HEAVY
    assert winsorise(profit, facts) is profit


def test_limits_that_coincide_keep_the_extremes() -> None:
    profit = np.zeros(10_000)
    profit[:2] = (9.0, -3.0)
    facts = tail_facts(profit)
    assert facts.heavy
    assert facts.limits == (-3.0, 9.0)


def test_a_constant_profit_has_no_tail() -> None:
    assert tail_facts(np.full(100, 3.0)).top_share == 0.0

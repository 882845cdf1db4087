"""Who gets which within limits: edges, ties, refusals that name the smallest conflict."""

from __future__ import annotations

import numpy as np
import pytest

from handful.errors import BriefError
from handful.policy.allocation import allocate, dual_bound
from handful.policy.allocation_records import Limit, Problem
from handful.policy.conflicts import conflicting

LEVEL = np.random.default_rng(0).normal(size=(900, 1))


def test_without_limits_everybody_takes_the_best_offer_that_is_open() -> None:
    values = np.array([[1.0, 2.0], [3.0, 5.0]])
    found = allocate(Problem(values, np.array([[True, True], [True, False]]), ()))
    assert found.offer.tolist() == [1, 0]
    assert found.gap == 0


def test_customers_all_alike_fill_a_capacity_to_the_last() -> None:
    values = LEVEL + np.array([0.0, 0.1, 0.3])
    limits = (Limit("cap", high=300.0, offers=(2,)), Limit("min", low=225.0, offers=(0,)))
    found = allocate(Problem(values, None, limits))
    assert found.used.tolist() == [300.0, 225.0]
    assert found.prices == pytest.approx([0.2, -0.1], abs=1e-6)
    assert found.gap == pytest.approx(0.0, abs=1e-6)


def test_a_minimum_equal_to_the_capacity_is_met_exactly() -> None:
    values = np.random.default_rng(1).normal(size=(900, 3))
    found = allocate(Problem(values, None, (Limit("all", low=333.0, high=333.0, offers=(1,)),)))
    assert found.used.tolist() == [333.0]
    assert found.gap == pytest.approx(0.0, abs=1e-6)


def test_a_budget_of_nothing_gives_only_what_is_free() -> None:
    cost = np.random.default_rng(2).random((900, 3)) * np.array([0.0, 1.0, 1.0])
    found = allocate(
        Problem(LEVEL + np.array([0.0, 1.0, 2.0]), None, (Limit("b", high=0.0, amounts=cost),))
    )
    assert set(found.offer.tolist()) == {0}


def test_a_limit_that_does_not_bind_has_no_price() -> None:
    found = allocate(
        Problem(LEVEL + np.array([0.0, 1.0]), None, (Limit("cap", high=901.0, offers=(1,)),))
    )
    assert found.prices.tolist() == [0.0]
    assert found.gap == 0


def test_any_prices_give_a_bound() -> None:
    values = np.random.default_rng(3).normal(size=(900, 2))
    problem = Problem(values, None, (Limit("cap", high=200.0, offers=(1,)),))
    found = allocate(problem)
    for price in (-1.0, 0.0, 0.3, 5.0):
        assert dual_bound(problem, np.array([price])) >= found.bound - 1e-9


def test_the_smallest_conflict_is_named_with_its_numbers() -> None:
    cost = np.random.default_rng(4).random((900, 3)) * np.array([0.0, 1.0, 1.0])
    limits = (
        Limit("capacity.a", high=500.0, offers=(0,)),
        Limit("capacity.b", high=700.0, offers=(1,)),
        Limit("at_least.c", low=400.0, offers=(2,)),
        Limit("budget", high=10.0, amounts=cost),
    )
    with pytest.raises(BriefError) as refusal:
        allocate(Problem(LEVEL + np.zeros(3), None, limits))
    finding = refusal.value.findings[0]
    assert finding.code == "P730"
    assert "at_least.c at least 400; budget at most 10" in finding.message
    assert "capacity" not in finding.message


def test_a_conflict_of_three_is_found_though_each_pair_fits() -> None:
    limits = tuple(Limit(name, high=299.0, offers=(g,)) for g, name in enumerate(("a", "b", "c")))
    spare = Limit("spare", low=1.0, offers=(0, 1))
    assert conflicting(Problem(np.zeros((900, 3)), None, (spare, *limits))) == (1, 2, 3)


def test_a_minimum_that_too_few_may_get_conflicts_alone() -> None:
    cells = np.ones((900, 2), dtype=bool)
    cells[:500, 1] = False
    limits = (Limit("cap", high=900.0, offers=(0,)), Limit("min", low=401.0, offers=(1,)))
    assert conflicting(Problem(np.zeros((900, 2)), cells, limits)) == (1,)


def test_limits_that_fit_have_no_conflict() -> None:
    limits = (Limit("cap", high=450.0, offers=(0,)), Limit("min", low=450.0, offers=(1,)))
    assert conflicting(Problem(np.zeros((900, 2)), None, limits)) == ()

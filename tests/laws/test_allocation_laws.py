"""Laws of allocation under limits, on any small problem."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.policy.allocation import allocate
from handful.policy.allocation_records import Allocation, Limit, Problem

seeds = st.integers(0, 10_000)


def draw(seed: int) -> Problem:
    """Draw a problem that can be solved: offer 0 is free, open to all and without a capacity."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(20, 200)), int(rng.integers(2, 6))
    values = rng.normal(size=(n, k)).round(int(rng.integers(0, 4)))
    cost = rng.random((n, k))
    cost[:, 0] = 0.0
    cells = rng.random((n, k)) < 0.9
    cells[:, 0] = True
    limits = [
        Limit(f"cap {g}", high=float(rng.integers(0, n)), offers=(g,)) for g in range(1, k)
    ] + [Limit("budget", high=float(n * rng.random() * 0.5), amounts=cost)]
    return Problem(values, cells, tuple(limits))


def with_high(problem: Problem, at: int, high: float) -> Allocation:
    limits = list(problem.limits)
    limits[at] = replace(limits[at], high=high)
    return allocate(replace(problem, limits=tuple(limits)))


@settings(max_examples=60, deadline=None)
@given(seeds, st.floats(0, 10))
def test_more_budget_is_never_worse(seed: int, more: float) -> None:
    problem = draw(seed)
    found = allocate(problem)
    richer = with_high(problem, -1, problem.limits[-1].high + more)
    assert richer.bound >= found.bound - 1e-7
    # Whole customers lose at most the gap, which is printed.
    assert richer.value >= found.value - richer.gap - 1e-7


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_the_shadow_price_is_what_one_more_unit_is_worth_at_most(seed: int) -> None:
    problem = draw(seed)
    found = allocate(problem)
    at = int(np.argmax(found.prices))
    more = with_high(problem, at, problem.limits[at].high + 1)
    assert more.bound - found.bound <= found.prices[at] + 1e-6


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_a_limit_with_a_price_is_used_up_but_for_what_the_gap_pays(seed: int) -> None:
    problem = draw(seed)
    found = allocate(problem)
    high = np.array([limit.high for limit in problem.limits])
    assert (found.prices >= 0).all()
    assert (found.prices * (high - found.used)).sum() <= found.gap + 1e-6


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_the_same_problem_has_the_same_answer_and_levels_do_not_matter(seed: int) -> None:
    problem = draw(seed)
    once, again = allocate(problem), allocate(problem)
    assert once.offer.tolist() == again.offer.tolist()
    assert once.prices.tolist() == again.prices.tolist()
    # A whole number added to a customer's every value changes no difference between offers.
    level = np.random.default_rng(seed).integers(-8, 8, size=(len(problem.values), 1))
    lifted = allocate(replace(problem, values=problem.values + level))
    assert abs(lifted.value - once.value - level.sum()) <= max(once.gap, lifted.gap) + 1e-6

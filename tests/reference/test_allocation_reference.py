"""Allocation under limits against HiGHS on the linear programme, and against every assignment."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import linprog

from handful.errors import BriefError
from handful.policy.allocation import allocate
from handful.policy.allocation_records import Limit, Problem, coefficients, used_by

ROUND = 1e-7


def highs(problem: Problem) -> float:
    """Return the optimum of the linear programme."""
    n, offers = problem.values.shape
    rows, bounds = [], []
    for limit in problem.limits:
        used = coefficients(limit, (n, offers)).ravel()
        for sign, bound in ((1.0, limit.high), (-1.0, limit.low)):
            if np.isfinite(bound):
                rows.append(sign * used)
                bounds.append(sign * bound)
    cells = np.ones(n * offers) if problem.open_cells is None else problem.open_cells.ravel()
    found = linprog(
        -problem.values.ravel(),
        A_ub=sp.csr_matrix(np.array(rows)),
        b_ub=bounds,
        A_eq=sp.kron(sp.eye(n), np.ones((1, offers))),
        b_eq=np.ones(n),
        bounds=np.column_stack([np.zeros(n * offers), cells]),
        method="highs",
    )
    assert found.status == 0
    return -float(found.fun)


def large(seed: int, *, budget: bool, floors: bool, rounded: bool) -> Problem:
    """Draw 5,000 customers, 8 offers, capacities, minimum volumes, closed cells and more."""
    rng = np.random.default_rng(seed)
    n, k = 5_000, 8
    features = rng.normal(size=(n, 4))
    values = rng.normal(size=(n, 1)) + features @ rng.normal(size=(4, k)) * 0.3
    values += rng.normal(size=k) * 0.3
    if rounded:  # many customers alike, many ties
        values = np.round(values - values[:, :1], 1)
    cost = rng.gamma(2.0, 0.5, size=(n, k)) * np.linspace(0.0, 1.5, k)
    cells = rng.random((n, k)) >= 0.05
    cells[:, 0] = True
    wanted = np.where(cells, values, -np.inf).argmax(axis=1)
    size = np.bincount(wanted, minlength=k)
    order = np.argsort(size)
    limits = [Limit(f"cap {g}", high=float(0.7 * size[g] // 1), offers=(g,)) for g in order[-3:]]
    limits += [Limit(f"min {g}", low=float(size[g] + 90), offers=(g,)) for g in order[:2]]
    if budget:
        spent = float(cost[np.arange(n), wanted].sum())
        limits.append(Limit("budget", high=0.7 * spent, amounts=cost))
    if floors:
        group, served = rng.integers(0, 3, n), tuple(range(1, k))
        for g in range(3):
            mine = group == g
            least = float(0.9 * mine.sum() // 1)
            limits.append(Limit(f"floor {g}", low=least, offers=served, rows=mine))
    return Problem(values, cells, tuple(limits))


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize(
    ("seed", "budget", "floors"), [(0, False, False), (1, True, False), (2, True, True)]
)
def test_the_bound_is_the_linear_programmes_optimum(
    seed: int, budget: bool, floors: bool, rounded: bool
) -> None:
    problem = large(seed, budget=budget, floors=floors, rounded=rounded)
    found = allocate(problem)
    best = highs(problem)
    assert found.bound == pytest.approx(best, rel=1e-8)
    # Without a budget whole customers lose nothing; with one, less than one customer's worth.
    worth = float(np.ptp(problem.values, axis=1).max()) if budget else 0.0
    assert best - worth - 1e-6 <= found.value <= best + 1e-6
    assert found.gap == pytest.approx(found.bound - found.value, abs=1e-9)
    check_limits(problem, found.offer)


def check_limits(problem: Problem, offer: np.ndarray) -> None:
    rows = np.arange(len(offer))
    assert problem.open_cells is None or problem.open_cells[rows, offer].all()
    for limit in problem.limits:
        used = used_by(limit, offer, problem.values.shape[1])
        slack = 0.0 if limit.counts else 1e-8 * max(1.0, abs(limit.high))
        assert limit.low - slack <= used <= limit.high + slack, limit.name


def small(seed: int) -> Problem:
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(1, 7)), int(rng.integers(1, 4))
    values = rng.integers(-3, 6, size=(n, k)).astype(float) if seed % 2 else rng.normal(size=(n, k))
    cells = rng.random((n, k)) < 0.8
    cells[np.arange(n), rng.integers(0, k, n)] = True
    limits = []
    for g in range(k):
        if rng.random() < 0.6:
            limits.append(Limit(f"cap {g}", high=float(rng.integers(0, n + 1)), offers=(g,)))
        if rng.random() < 0.3:
            limits.append(Limit(f"min {g}", low=float(rng.integers(0, n // 2 + 1)), offers=(g,)))
    if rng.random() < 0.4:
        mine = rng.random(n) < 0.6
        least = float(rng.integers(0, n // 2 + 1))
        limits.append(Limit("floor", low=least, offers=tuple(range(1, k)), rows=mine))
    if seed % 3 == 0:
        limits.append(Limit("budget", high=n * 0.7 * rng.random(), amounts=rng.random((n, k))))
    return Problem(values, cells, tuple(limits))


def best_of_all(problem: Problem) -> float:
    n, k = problem.values.shape
    best = -np.inf
    for given in itertools.product(range(k), repeat=n):
        offer = np.array(given)
        assert problem.open_cells is not None
        if not problem.open_cells[np.arange(n), offer].all():
            continue
        if all(x.low <= used_by(x, offer, k) <= x.high for x in problem.limits):
            best = max(best, float(problem.values[np.arange(n), offer].sum()))
    return best


def test_small_cases_against_every_assignment() -> None:
    solved = 0
    for seed in range(150):
        problem = small(seed)
        best = best_of_all(problem)
        try:
            found = allocate(problem)
        except BriefError:
            assert best == -np.inf, f"seed {seed}: an assignment exists"
            continue
        solved += 1
        check_limits(problem, found.offer)
        assert found.value <= best + ROUND <= found.bound + 2 * ROUND
        if all(limit.counts for limit in problem.limits):
            assert found.value == pytest.approx(best, abs=ROUND), f"seed {seed}"
    assert solved > 80


def test_a_sample_and_a_few_open_customers_find_the_same_prices_as_everybody() -> None:
    rng = np.random.default_rng(5)
    n = 60_000
    values = rng.normal(size=(n, 3)) + rng.normal(size=(n, 1))
    cost = rng.random((n, 3)) * np.array([0.0, 1.0, 2.0])
    limits = (
        Limit("cap", high=15_000.0, offers=(2,)),
        Limit("min", low=25_000.0, offers=(0,)),
        Limit("budget", high=15_000.0, amounts=cost),
    )
    problem = Problem(values, None, limits)
    found = allocate(problem)
    check_limits(problem, found.offer)
    assert found.gap <= 1e-6 * found.bound
    assert found.prices[2] > 0

"""Laws of coverage: a higher floor never promises more profit, later binding never costs more."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.effects.crossfit import CrossFit, World
from handful.evidence.contrasts import Group, group_means
from handful.evidence.coverage_curve import CurveCase, coverage_curve
from handful.evidence.terms import StockTerms, make_terms
from handful.evidence.variety import stock_of
from handful.experiment.simulate import simulate

LOG = simulate("null", n=600, offers=3, random_state=1).experiment


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), floors=st.lists(st.floats(0.05, 1.0), max_size=3))
def test_raising_a_floor_never_raises_what_the_models_promise(
    seed: int, floors: list[float]
) -> None:
    n, offers = LOG.n_rows, LOG.n_offers
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, offers)) + rng.normal(size=offers)
    world = World(np.arange(n), values, values)
    fit = CrossFit(np.arange(n) % 4, values, values, (world,) * 4)
    terms = make_terms(LOG, max_offers=offers)
    menu = tuple(range(offers))
    curve = coverage_curve(CurveCase(LOG, fit, terms, menu, menu[1:], 0, 0), floors)
    claimed = [point.claimed for point in curve]
    covered = [point.coverage for point in curve]
    assert all(b <= a + 1e-9 for a, b in itertools.pairwise(claimed))
    assert all(b >= a - 1e-9 for a, b in itertools.pairwise(covered))
    # At most a customer a fold is let go.
    assert all(p.coverage >= p.floor - 5 / n for p in curve)


@settings(max_examples=60, deadline=None)
@given(
    ahead=st.floats(0.1, 50.0), later=st.floats(0.01, 1.0), spread=st.floats(0.0, 0.5),
    share=st.floats(0.05, 0.95),
)  # fmt: skip
def test_fixing_quantities_later_never_costs_more(
    ahead: float, later: float, spread: float, share: float
) -> None:
    plain = StockTerms(np.ones(2), 1.0, 2.0, spread, 1_000.0, 500)
    early = replace(plain, ahead=np.full(2, ahead))
    late = replace(plain, ahead=np.full(2, ahead * later))
    shares = np.array([share, 1.0 - share])
    assert stock_of(shares, (0, 1), late).cost <= stock_of(shares, (0, 1), early).cost + 1e-9
    one = stock_of(shares, (0, 1), replace(plain, ahead=np.ones(2)))
    assert one.cost == stock_of(shares, (0, 1), plain).cost


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 100.0))
def test_bands_scale_with_money_and_forget_the_order_of_rows(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    values, rows = rng.normal(size=80), rng.random((3, 80)) < 0.5
    rows[:, :3] = True
    cluster = rng.integers(0, 30, 80)
    cluster[0] = 29
    found = group_means([Group(r, values) for r in rows], cluster, 0)
    order = rng.permutation(80)
    again = group_means([Group(r[order], scale * values[order]) for r in rows], cluster[order], 0)
    for one, other in zip(found, again, strict=True):
        assert one is not None
        assert other is not None
        np.testing.assert_allclose(
            [scale * one.value, scale * one.lo, scale * one.hi],
            [other.value, other.lo, other.hi],
            rtol=1e-6,
            atol=1e-6 * scale,
        )

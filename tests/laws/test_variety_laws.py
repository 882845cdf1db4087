"""The law of variety: raising any cost that all offers share never raises the number of offers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.evidence.authoring import can_run, named_menus, work
from handful.evidence.splits import menu_choices
from handful.evidence.terms import StockTerms, Terms
from handful.evidence.variety import stock_of
from handful.menu.choose import choose_menu
from handful.menu.newsvendor import best_orders, best_size, never_falling

COST = st.floats(0.0, 5.0)
RISE = st.floats(0.0, 5.0)


def _values(seed: int, rows: int = 60, offers: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.maximum(rng.normal(size=(rows, offers)) + rng.normal(size=offers), 0.0)


def _holding(values: np.ndarray, menus: list[tuple[int, ...]], stock: StockTerms) -> np.ndarray:
    """Charge each menu for the stock of its own shares."""
    costs = []
    for menu in menus:
        best = np.array(menu)[values[:, menu].argmax(axis=1)]
        shares = np.array([float(np.mean(best == g)) for g in menu])
        costs.append(stock_of(shares, menu, stock).cost)
    return never_falling(np.array(costs))


def _stock(overage: float, shortage: float) -> StockTerms:
    return StockTerms(np.ones(5), overage, shortage, 0.3, 1_000.0, 500)


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 10_000), fixed=COST, content=COST, rise=RISE)
def test_dearer_offers_or_content_never_ask_for_more_offers(
    seed: int, fixed: float, content: float, rise: float
) -> None:
    values = _values(seed)

    def size(setup: float) -> int:
        path = choose_menu(values, max_offers=5, setup_cost=setup)
        return best_size(
            np.array([choice.value for choice in path]),
            np.array([choice.setup_cost for choice in path]),
        )

    assert size(fixed + content + rise) <= size(fixed + content)


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    overage=st.floats(0.01, 3.0),
    shortage=st.floats(0.01, 3.0),
    more=st.tuples(RISE, RISE),
    setup=COST,
)
def test_dearer_stock_never_asks_for_more_offers(
    seed: int, overage: float, shortage: float, more: tuple[float, float], setup: float
) -> None:
    values = _values(seed)
    path = list(choose_menu(values, max_offers=5, setup_cost=setup))
    worth = np.array([choice.value - choice.setup_cost for choice in path])
    menus = [choice.menu for choice in path]
    before = best_size(worth, _holding(values, menus, _stock(overage, shortage)))
    dearer = _stock(overage + more[0], shortage + more[1])
    assert best_size(worth, _holding(values, menus, dearer)) <= before


@settings(max_examples=60, deadline=None)
@given(
    mean=st.floats(1.0, 1e4), spread=st.floats(0.0, 100.0), over=st.floats(0.1, 5.0),
    under=st.floats(0.1, 5.0), off=st.floats(-3.0, 3.0),
)  # fmt: skip
def test_no_other_order_costs_less(
    mean: float, spread: float, over: float, under: float, off: float
) -> None:
    stock = best_orders(np.array([mean]), np.array([spread]), over, under)
    other = mean + off * spread
    draws = mean + spread * np.random.default_rng(0).standard_normal(20_000)
    gap = other - draws
    costs = over * np.maximum(gap, 0.0) + under * np.maximum(-gap, 0.0)
    assert stock.cost <= costs.mean() + 4 * costs.std() / np.sqrt(len(draws)) + 1e-9


def test_leftover_and_shortage_are_those_of_drawn_demand() -> None:
    stock = best_orders(np.array([500.0]), np.array([50.0]), 1.0, 3.0)
    draws = 500.0 + 50.0 * np.random.default_rng(1).standard_normal(400_000)
    gap = stock.order[0] - draws
    assert stock.leftover[0] == pytest.approx(np.maximum(gap, 0).mean(), rel=0.01)
    assert stock.short[0] == pytest.approx(np.maximum(-gap, 0).mean(), rel=0.02)
    assert np.mean(gap >= 0) == pytest.approx(0.75, abs=0.005)


@pytest.mark.parametrize(("mean", "spread", "over"), [(100.0, 200.0, 9.0), (20.0, 60.0, 5.0)])
def test_never_short_of_more_than_is_asked_for(mean: float, spread: float, over: float) -> None:
    stock = best_orders(np.array([mean]), np.array([spread]), over, 1.0)
    assert stock.order[0] == 0.0
    assert (stock.leftover[0], stock.short[0]) == (0.0, mean)
    assert stock.cost >= mean


def test_splitting_demand_loses_pooling_by_the_square_root() -> None:
    stock = StockTerms(np.ones(4), 1.0, 1.0, 0.2, 1e6, 10**12)
    one = stock_of(np.ones(1), [0], stock)
    four = stock_of(np.full(4, 0.25), [0, 1, 2, 3], stock)
    assert four.cost / one.cost == pytest.approx(2.0, rel=0.01)


def _terms(author: int, control: int | None, offers: int = 5) -> Terms:
    return Terms(
        max_offers=offers,
        setup=np.zeros(offers),
        always=(),
        never=(),
        allowed=tuple(range(offers)),
        fallback=np.zeros(60, np.int64),
        by_stratum=np.zeros(2, np.int64),
        author=author,
        control=control,
    )


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), author=st.integers(1, 4), control=st.sampled_from((0, None)))
def test_no_advised_menu_holds_more_than_the_team_can_author(
    seed: int, author: int, control: int | None
) -> None:
    values = _values(seed)
    terms = _terms(author, control)
    cells = np.ones(values.shape, dtype=bool)
    chosen = menu_choices(values, cells, terms.fallback, terms)
    named = named_menus({k: choice.menu for k, choice in chosen.items()}, terms)
    advised = {name: menu for name, menu in named.items() if name != "beyond"}
    assert all(can_run(menu, terms) for menu in advised.values())
    if author + (control is not None) < 5:
        assert work(named["beyond"], terms) >= author

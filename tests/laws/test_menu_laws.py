"""What must hold for any values: relabelling, units of money, weights, more offers, costs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from handful.menu import path
from handful.menu.choose import choose_menu

MONEY = st.floats(-100, 100, allow_nan=False, width=32)


@st.composite
def problems(draw):
    rows, offers = draw(st.integers(1, 12)), draw(st.integers(1, 6))
    return draw(hnp.arrays(np.float64, (rows, offers), elements=MONEY))


def values_of(matrix, **rules):
    return np.array([choice.value for choice in choose_menu(matrix, max_offers=4, **rules)])


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-7)


@pytest.fixture(scope="module", params=["every menu tried", "cuts and branching"])
def way(request):
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "cuts and branching":
            patch.setattr(path, "affordable", lambda rows, rules, offers: offers == 1)
        yield request.param


LAW = settings(max_examples=25, deadline=None)


@LAW
@given(problems(), st.randoms(use_true_random=False))
def test_order_of_customers_and_offers_does_not_matter(way, matrix, random):
    rows, columns = list(range(len(matrix))), list(range(matrix.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    close(values_of(matrix[rows][:, columns], gap=0), values_of(matrix, gap=0))


@LAW
@given(problems(), st.floats(0.01, 100), st.floats(-50, 50))
def test_scaling_and_shifting_money(way, matrix, scale, shift):
    moved = values_of(scale * matrix + shift, gap=0)
    close(moved, scale * values_of(matrix, gap=0) + shift * len(matrix))


@LAW
@given(problems())
def test_weight_two_is_the_row_twice(way, matrix):
    twice = values_of(matrix, weights=np.full(len(matrix), 2.0), gap=0)
    close(twice, values_of(np.repeat(matrix, 2, axis=0), gap=0))


@LAW
@given(problems())
def test_a_dominated_offer_changes_nothing(way, matrix):
    dominated = np.column_stack([matrix, matrix.min(axis=1) - 1.0])
    before = values_of(matrix, gap=0)
    close(values_of(dominated, gap=0)[: len(before)], before)


@LAW
@given(problems())
def test_one_more_offer_is_never_worse_and_gaps_are_never_negative(way, matrix):
    found = choose_menu(matrix, max_offers=4)
    for less, more in zip(list(found)[:-1], list(found)[1:], strict=True):
        assert more.value >= less.value - 1e-9 * max(1.0, abs(less.value))
        assert less.next_offer_worth == more.value - less.value
    for choice in found:
        assert choice.gap >= 0
        assert choice.bound >= choice.net
        assert choice.shares.sum() == pytest.approx(1.0)


@LAW
@given(problems(), st.floats(0, 50), st.floats(0, 50))
def test_a_higher_setup_cost_never_raises_the_best_size(way, matrix, cost, more):
    cheap = choose_menu(matrix, max_offers=4, setup_cost=cost, gap=0).best.choice
    dear = choose_menu(matrix, max_offers=4, setup_cost=cost + more, gap=0).best.choice
    # A tie may fall either way by rounding: then both sizes are worth the same.
    extra = cost + more
    again = choose_menu(matrix, max_offers=4, setup_cost=extra, gap=0).at(cheap.offers)
    assert dear.offers <= cheap.offers or dear.net == pytest.approx(again.net, abs=1e-6)


@LAW
@given(problems())
def test_break_even_costs_name_the_best_size(way, matrix):
    found = choose_menu(matrix, max_offers=4, gap=0)
    for each in found.break_even():
        if not each.lowest <= each.highest < np.inf:
            continue
        cost = 0.5 * (each.lowest + each.highest)
        nets = [choice.value - cost * choice.offers for choice in found]
        assert max(nets) == pytest.approx(nets[each.offers - 1], abs=1e-6)

"""Supply: lead times and cut-offs, what split stock loses, and what the brief may say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handful.brief.variety import VarietySpec
from handful.errors import BriefError
from handful.evidence.terms import StockTerms, make_terms
from handful.evidence.variety import stock_of, supply_facts, with_variety
from made_experiment import made_experiment

SPEC = VarietySpec(unit_cost=3.0, salvage=1.0, shortage=2.0, demand_cv=0.1)


def _terms(spec: VarietySpec):
    log = replace(made_experiment(500, 3, seed=0), control=0, population=10_000.0)
    return with_variety(make_terms(log, max_offers=3), log, spec, None)


def test_the_spread_grows_with_the_root_of_the_lead_time() -> None:
    # Everybody gets offer 1, so the sample does not matter: sd = 0.1 x 10,000 x root of the time.
    one, four = (
        stock_of(np.ones(1), [1], _terms(replace(SPEC, lead_time=time)).stock)
        for time in (1.0, 4.0)
    )
    assert four.cost == pytest.approx(2.0 * one.cost)
    # c_o = c_u = 2: the cost is 4 x 1,000 x phi(0).
    assert one.cost == pytest.approx(4.0 * 1_000.0 * 0.39894228)


def test_a_cut_off_takes_the_place_of_the_lead_time_offer_by_offer() -> None:
    spec = replace(SPEC, lead_time={"B": 9.0, "C": 4.0}, cut_off={"B": 1.0})
    assert _terms(spec).stock.ahead.tolist() == [1.0, 1.0, 4.0]


def test_without_times_nothing_changes() -> None:
    stock = _terms(SPEC).stock
    plain = replace(stock, ahead=None)
    shares = np.array([0.4, 0.6])
    assert stock_of(shares, (1, 2), stock).cost == stock_of(shares, (1, 2), plain).cost


def test_pooling_loss_and_waste_against_one_offer() -> None:
    terms = _terms(SPEC)
    given = np.repeat([1, 2], [200, 300])
    found = supply_facts(given, (1, 2), 1, terms, ("A", "B", "C"), 0)
    assert found is not None
    assert found.pooling_loss is not None
    assert found.waste is not None
    assert found.waste_over_single is not None
    assert found.pooling_loss.lo > 0
    # Half of the cost of best orders at equal costs is units left over.
    assert found.waste.value == pytest.approx(2.0 * found.leftover.value)
    assert found.waste_over_single.value == pytest.approx(2.0 * found.leftover_over_single.value)
    assert found.pooling_loss.value == pytest.approx(2.0 * found.waste_over_single.value, rel=1e-6)


def test_one_offer_loses_no_pooling() -> None:
    found = supply_facts(np.ones(500, dtype=int), (1,), 1, _terms(SPEC), ("A", "B", "C"), 0)
    assert found is not None
    assert found.pooling_loss is not None
    assert (found.pooling_loss.value, found.pooling_loss.lo, found.pooling_loss.hi) == (0, 0, 0)


@pytest.mark.parametrize("key", ["lead_time", "cut_off"])
def test_a_time_of_an_offer_that_is_not_there_is_refused(key: str) -> None:
    with pytest.raises(BriefError, match=rf"E506: variety\.{key} names 'Z'"):
        _terms(replace(SPEC, **{key: {"Z": 2.0}}))


def test_stock_terms_keep_their_old_shape() -> None:
    assert StockTerms(np.ones(2), 1.0, 1.0, 0.1, 10.0, 5).ahead is None

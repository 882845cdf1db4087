"""Who gets which: ties, closed offers, fallbacks, strata never seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_policy import made_features, made_policy

from handful.effects.predict import predict_profit
from handful.errors import DataError
from handful.policy import policy as policy_module
from handful.policy.policy import assign, assign_codes
from handful.policy.records import REASON_BEST, REASON_FALLBACK, REASON_UNKNOWN_STRATUM


def test_ties_go_to_the_first_offer_of_the_menu() -> None:
    values = np.array([[5.0, 2.0, 2.0], [0.0, 1.0, 3.0], [0.0, 0.0, 0.0]])
    assert assign_codes(values, (1, 2), None, 0).tolist() == [1, 2, 1]


def test_closed_offers_are_never_given() -> None:
    values = np.array([[5.0, 2.0, 9.0], [5.0, 2.0, 9.0]])
    open_cells = np.array([[True, True, False], [False, False, False]])
    codes = assign_codes(values, (0, 1, 2), open_cells, np.array([1, 2]))
    assert codes.tolist() == [0, 2]


def test_a_value_that_is_not_a_number_is_never_chosen() -> None:
    values = np.array([[np.nan, -3.0], [np.nan, -np.inf]])
    assert assign_codes(values, (0, 1), None, -1).tolist() == [1, -1]


def test_the_menu_is_maximised_in_each_stratum() -> None:
    policy, features = made_policy(), made_features()
    stratum = np.arange(400) % 4 - 1
    decided = assign(policy, features, stratum)
    profit = predict_profit(policy.model, features)
    for row, code in enumerate(stratum.tolist()):
        open_menu = [g for g in policy.menu if code >= 0 and policy.support[code, g]]
        expected = max(open_menu, key=lambda g: profit[row, g], default=0)
        assert decided.offer[row] == expected
        assert decided.expected_profit[row] == profit[row, expected]
    reason = {-1: REASON_UNKNOWN_STRATUM, 0: REASON_BEST, 1: REASON_FALLBACK, 2: REASON_BEST}
    assert decided.reason.tolist() == [reason[code] for code in stratum.tolist()]


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    policy, features, stratum = made_policy(), made_features(), np.arange(400) % 4 - 1
    whole = assign(policy, features, stratum)
    monkeypatch.setattr(policy_module, "ASSIGN_ROWS", 7)
    parts = assign(policy, features, stratum)
    assert np.array_equal(whole.offer, parts.offer)
    assert np.array_equal(whole.reason, parts.reason)
    assert np.array_equal(whole.expected_profit, parts.expected_profit)


def test_the_last_fallback_is_for_strata_never_seen() -> None:
    policy = replace(made_policy(), fallback=np.array([0, 0, 0, 3]))
    decided = assign(policy, made_features(3), np.array([-1, 1, -1]))
    assert decided.offer.tolist() == [3, 0, 3]


def test_one_stratum_needs_no_codes() -> None:
    policy = replace(
        made_policy(),
        strata=("all",),
        strata_columns=(),
        support=np.ones((1, 4), dtype=np.bool_),
        fallback=np.zeros(2, dtype=np.int64),
    )
    features = made_features()
    without = assign(policy, features, None)
    assert np.array_equal(without.offer, assign(policy, features, np.zeros(400, np.int64)).offer)
    assert set(without.offer.tolist()) == {1, 2, 3}


@pytest.mark.parametrize("stratum", [None, np.zeros(9, np.int64), np.full(10, 3), np.full(10, -2)])
def test_strata_that_do_not_fit_are_refused(stratum: np.ndarray | None) -> None:
    with pytest.raises(DataError, match="P710"):
        assign(made_policy(), made_features(10), stratum)


def test_no_customers_is_no_decision() -> None:
    assert assign(made_policy(), made_features(0), np.zeros(0, np.int64)).offer.size == 0


def test_the_order_of_customers_does_not_matter() -> None:
    policy, features, stratum = made_policy(), made_features(), np.arange(400) % 4 - 1
    order = np.random.default_rng(5).permutation(400)
    whole = assign(policy, features, stratum)
    shuffled = assign(policy, features.rows(order), stratum[order])
    assert np.array_equal(whole.offer[order], shuffled.offer)
    assert np.array_equal(whole.expected_profit[order], shuffled.expected_profit)


def test_money_in_another_unit_changes_no_decision() -> None:
    policy, features, stratum = made_policy(), made_features(), np.arange(400) % 4 - 1
    model = policy.model
    scaled = replace(
        model,
        constant=model.constant * 4,
        terms=tuple(replace(t, table=t.table * 4, slope=t.slope * 4) for t in model.terms),
        forest=replace(model.forest, leaves=model.forest.leaves * 4),
    )
    dollars = assign(policy, features, stratum)
    quarters = assign(replace(policy, model=scaled), features, stratum)
    assert np.array_equal(dollars.offer, quarters.offer)
    assert np.array_equal(dollars.expected_profit * 4, quarters.expected_profit)


def test_a_larger_menu_never_expects_less() -> None:
    policy, features, stratum = made_policy(), made_features(), np.zeros(400, np.int64)
    few = assign(replace(policy, menu=(1, 2)), features, stratum)
    more = assign(policy, features, stratum)
    assert (more.expected_profit >= few.expected_profit).all()
    assert more.expected_profit.sum() > few.expected_profit.sum()

"""Hand-worked numbers and exactness of the disclosure limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta, binom

from handful.brief.guardrails import GuardrailsSpec
from handful.experiment.records import Features, FeatureSchema
from handful.guardrails.disclosure_cells import Draw, panels_of
from handful.guardrails.disclosure_limits import (
    exact_shares,
    group_shares,
    log_ratio,
    mixed,
    shown_over,
    shown_within,
    tail_of,
)
from handful.guardrails.disclosure_measures import cells_of, information, needed, worst_of
from handful.guardrails.disclosure_sights import FEW, NOTHING, Sight, sights_of
from handful.guardrails.disclosure_traits import OTHERS, Trait, traits_of
from handful.guardrails.disclosure_withheld import told


def test_limits_are_those_of_clopper_and_pearson():
    found = exact_shares(np.array([3.0, 40.0]), np.array([20.0, 50.0]), 0.01)
    assert found.lo == pytest.approx([beta.ppf(0.01, 3, 18), beta.ppf(0.01, 40, 11)])
    assert found.hi == pytest.approx([beta.ppf(0.99, 4, 17), beta.ppf(0.99, 41, 10)])


@pytest.mark.parametrize("share", [0.02, 0.3, 0.77])
def test_each_limit_misses_at_most_its_tail(share):
    counts = np.arange(61)
    found = exact_shares(counts, np.full(61, 60.0), 0.03)
    chance = binom.pmf(counts, 60, share)
    assert chance[found.lo > share].sum() <= 0.03
    assert chance[found.hi < share].sum() <= 0.03


def test_whole_households_count_once():
    rng = np.random.default_rng(0)
    home = np.repeat(np.arange(500), 4)
    seen = rng.integers(0, 2, 500)[home]
    apart = group_shares(seen, 2, np.arange(2000), 0.01)
    together = group_shares(seen, 2, home, 0.01)
    once = exact_shares(np.bincount(seen[::4]), np.full(2, 500.0), 0.01)
    assert together.hi[0] - together.lo[0] > 1.8 * (apart.hi[0] - apart.lo[0])
    assert together.hi == pytest.approx(once.hi, abs=2e-3)


def test_the_family_shares_five_percent():
    assert tail_of(1) == 0.0125
    assert 4 * 12 * tail_of(12) == pytest.approx(0.05)


def panel(having, lacking, bound=1.25, shared=True):
    """A panel of people counted by symbol."""
    offer = np.repeat(np.arange(len(having)), having).tolist()
    offer += np.repeat(np.arange(len(lacking)), lacking).tolist()
    holds = np.arange(len(offer)) < sum(having)
    symbols = len(having)
    sight = Sight(shared, tuple("abc"[:symbols]), np.arange(symbols), np.ones(symbols, bool))
    trait = Trait("ill", "ill is yes", holds, np.ones(len(offer), bool))
    rows = np.arange(len(offer))
    (made,) = panels_of([trait], [sight], np.array(offer), rows, {("ill", shared): bound})
    return made


def test_ratio_posterior_and_lift_of_a_small_table():
    cells = cells_of(panel((60, 40), (200, 700)), None)
    assert cells[0].ratio == pytest.approx(0.6 / (200 / 900))
    assert cells[0].posterior == pytest.approx(60 / 260)
    assert cells[0].lift == pytest.approx(60 / 260 / 0.1)
    assert cells[0].distance == pytest.approx(60 / 260 - 0.1)
    assert worst_of(cells).sight == "a"


def test_verdict_rules_are_pass_within_and_fail_over():
    clean = panel((5_000, 5_000), (45_000, 45_000)).ratio(None)
    assert shown_within(clean, 1.25).all()
    assert not shown_over(clean, 1.25).any()
    leak = panel((8_000, 2_000), (45_000, 45_000)).ratio(None)
    assert shown_over(leak, 1.25).any()
    few = panel((6, 4), (45, 45)).ratio(None)
    assert not shown_within(few, 1.25).any()
    assert not shown_over(few, 1.25).any()


def test_an_offer_nobody_with_the_trait_gets_tells_too():
    ratio = panel((0, 400), (2_000, 2_000)).ratio(None)
    assert ratio.estimate[0] == -np.inf
    assert shown_over(ratio, 2.0)[0]


def test_information_is_the_textbook_one_and_below_its_limit():
    made = panel((600, 400), (2_000, 7_000))
    joint = np.array([[600, 400], [2_000, 7_000]]) / 10_000
    alone = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
    plain = float(np.sum(joint * np.log2(joint / alone)))
    bits, limit = information(made, None)
    assert bits == pytest.approx(plain - 1 / (2 * 10_000 * np.log(2)))
    assert bits < limit < 0.469  # the entropy of 10 %


def test_independence_carries_no_information():
    bits, _ = information(panel((100, 100), (900, 900)), None)
    assert bits == 0.0


def test_chance_brings_limits_together_exactly():
    made = panel((800, 200), (4_500, 4_500))
    half = Draw(0.5, np.array([0.25, 0.25]))
    moved = made.ratio(half)
    shares = [mixed(s, 0.5, np.array([0.25, 0.25])) for s in (made.having, made.lacking)]
    assert np.array_equal(moved.hi, log_ratio(*shares).hi)
    assert np.exp(moved.estimate[0]) == pytest.approx((0.4 + 0.25) / (0.25 + 0.25))
    assert (moved.most < made.ratio(None).most).all()


def test_people_needed_grow_with_what_is_missing():
    (cell, _) = cells_of(panel((100, 100), (900, 900)), None)
    more = needed(cell, 2_000)
    assert more > 2_000
    again = cells_of(panel((more // 20, more // 20), (9 * more // 20, 9 * more // 20)), None)[0]
    assert 1.24 < max(again.ratio_hi, 1 / again.ratio_lo) < 1.27


ASKED = GuardrailsSpec(channels={"a": "Post", "b": "app", "c": "app"})


def test_two_onlookers_where_channels_differ():
    shared, private = sights_of(("a", "b", "c", "none"), 3, np.full(4, 100), ASKED)
    assert shared.symbols == ("a", NOTHING)
    assert shared.tested.tolist() == [True, True]
    assert private.symbols == ("a", "b", "c", "none")
    assert private.tested.tolist() == [False, True, True, True]


def test_undeclared_channels_count_as_shared():
    (only,) = sights_of(("x", "y"), None, np.array([90, 90]), GuardrailsSpec())
    assert only.shared
    assert only.symbols == ("x", "y")


def test_rarely_given_offers_are_seen_as_one():
    (only,) = sights_of(tuple("wxyz"), None, np.array([900, 9, 8, 900]), GuardrailsSpec())
    assert only.symbols == ("w", FEW, "z")
    assert only.code.tolist() == [0, 1, 1, 2]


def test_small_counts_stay_untold():
    shown = list(told(cells_of(panel((3, 997), (900, 8_100)), None)))
    assert [(s["having"], s["lacking"]) for s in shown] == [(None, None), (None, None)]
    assert [s["ratio"] for s in shown] == [0.03, 1.1]
    open_ones = list(told(cells_of(panel((300, 700), (900, 8_100)), None)))
    assert open_ones[0]["having"] == 300


def test_sights_nobody_tested_sees_are_left_out():
    sight = Sight(True, ("a", "b", "c"), np.arange(3), np.ones(3, bool))
    offer = np.repeat([0, 1, 2], 100)
    holds = np.arange(300) % 2 == 0
    some, few = (Trait("ill", "ill is yes", holds, offer < top) for top in (2, 1))
    (found,) = panels_of([some, few], [sight], offer, np.arange(300), {("ill", True): 1.25})
    assert found.trait is some
    assert found.sight.tested.tolist() == [True, True, False]
    assert all(np.isfinite(cell.ratio_hi) for cell in cells_of(found, None))


def test_one_offer_shows_nothing():
    assert sights_of(("x", "y"), None, np.array([90, 0]), GuardrailsSpec()) == ()


def held(**columns):
    names = tuple(columns)
    kinds = tuple("category" if c[1] else "number" for c in columns.values())
    levels = tuple(tuple(c[1]) for c in columns.values())
    values = np.column_stack([np.asarray(c[0], float) for c in columns.values()])
    return Features(FeatureSchema(names, kinds, levels), values)


def test_traits_of_numbers_and_levels():
    age = np.arange(400.0)
    assert [t.words for t in traits_of(held(age=(age, ())), "age", {"age": 60.0})] == [
        "age over 60"
    ]
    quartiles = traits_of(held(age=(age, ())), "age", {})
    assert [int(t.holds.sum()) for t in quartiles] == [100, 100, 100, 100]
    faith = np.repeat([0, 1, 2, 3], [200, 190, 5, 5])
    found = traits_of(held(faith=(faith, ("p", "q", "r", "s"))), "faith", {})
    assert [t.words for t in found] == ["faith is p", "faith is q", f"faith is {OTHERS}"]
    assert traits_of(held(same=(np.ones(9), ())), "same", {}) == ()


def test_the_rarer_of_two_values_is_the_trait():
    (only,) = traits_of(held(ill=([1, 0, 0, np.nan, 0], ())), "ill", {})
    assert only.words == "ill is 1"
    assert only.known.tolist() == [True, True, True, False, True]

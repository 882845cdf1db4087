"""Rows fall with the effect and rise with the power; more offers never need fewer."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from handful.brief.size import SizeSpec
from handful.sizing.break_even import Business, gain_needed, months_to_pay
from handful.sizing.facts import make_facts
from handful.sizing.menus import Pair, pair_of, spread_for, targeting_gain
from handful.sizing.noise import equal_shares
from handful.sizing.questions import answer
from handful.sizing.records import Facts, Need

EFFECTS = st.floats(0.05, 0.5)
FEW = settings(max_examples=5, deadline=None, derandomize=True)


def facts_of(offers: int, gain: float, **changes: object) -> Facts:
    names = tuple(f"o{g}" for g in range(offers))
    return make_facts(replace(SizeSpec(sd=1.0, gain=gain), **changes), names, None, None)


def needs_of(facts: Facts, power: float = 0.8, rows: int | None = None) -> tuple[Need, ...]:
    return answer(facts, equal_shares(facts.n_offers), power, rows)


def rows_of(facts: Facts, power: float = 0.8) -> list[int]:
    return [need.rows for need in needs_of(facts, power) if need.rows is not None]


@FEW
@given(gain=EFFECTS, times=st.floats(1.05, 2.0), offers=st.integers(2, 6))
def test_a_larger_effect_needs_no_more_rows(gain: float, times: float, offers: int) -> None:
    few, many = rows_of(facts_of(offers, gain * times)), rows_of(facts_of(offers, gain))
    assert all(a <= b for a, b in zip(few, many, strict=True))


@FEW
@given(gain=EFFECTS, power=st.floats(0.55, 0.9), more=st.floats(0.01, 0.08))
def test_more_power_needs_no_fewer_rows(gain: float, power: float, more: float) -> None:
    facts = facts_of(3, gain)
    pairs = zip(rows_of(facts, power), rows_of(facts, power + more), strict=True)
    assert all(a <= b for a, b in pairs)


@FEW
@given(gain=EFFECTS, offers=st.integers(3, 6))
def test_more_offers_never_need_fewer_rows(gain: float, offers: int) -> None:
    few, many = needs_of(facts_of(offers, gain)), needs_of(facts_of(offers + 1, gain))
    for a, b in zip(few[:3], many[:3], strict=True):
        assert a.rows is not None
        assert b.rows is not None
        assert a.rows <= b.rows * 1.005  # power is drawn, so rows are known to half a percent


@FEW
@given(gain=EFFECTS, size=st.integers(2, 10), icc=st.floats(0.01, 0.5))
def test_clusters_never_need_fewer_rows(gain: float, size: int, icc: float) -> None:
    alone, together = facts_of(3, gain), facts_of(3, gain, cluster_size=size, icc=icc)
    assert all(a <= b for a, b in zip(rows_of(alone), rows_of(together), strict=True))


@FEW
@given(gain=EFFECTS, money=st.floats(0.01, 1_000.0))
def test_the_unit_of_money_does_not_matter(gain: float, money: float) -> None:
    plain = rows_of(facts_of(3, gain))
    scaled = rows_of(facts_of(3, gain * money, sd=money))
    assert all(abs(a - b) <= 1 + 1e-6 * a for a, b in zip(plain, scaled, strict=True))


@FEW
@given(gain=EFFECTS, offers=st.integers(2, 5))
def test_what_the_planned_rows_can_see_is_what_was_planned(gain: float, offers: int) -> None:
    facts = facts_of(offers, gain)
    for at, need in enumerate(needs_of(facts)[:3]):
        assert need.rows is not None
        again = needs_of(facts, rows=need.rows)[at]
        assert again.detectable is not None
        # The least rows of an offer can be more than the question takes: then less is seen too.
        assert again.detectable <= need.effect * 1.02
        assert need.power > 0.81 or again.detectable >= need.effect * 0.98


@FEW
@given(spread=st.floats(0.01, 2.0), offers=st.integers(2, 4), gain=EFFECTS)
def test_spread_and_targeting_gain_say_the_same(spread: float, offers: int, gain: float) -> None:
    facts = facts_of(offers, gain)
    found = targeting_gain(pair_of(facts, spread))
    if found > 1e-6:
        assert abs(spread_for(facts, found) / spread - 1.0) < 1e-4


@FEW
@given(rho=st.floats(0.0, 1.0), mean=st.floats(-1.0, 1.0), sd=st.floats(0.01, 2.0))
def test_worse_predictions_never_gain_more(rho: float, mean: float, sd: float) -> None:
    pair = Pair(1, 2, mean, sd)
    assert -1e-12 <= targeting_gain(pair, rho) <= targeting_gain(pair) + 1e-12


@FEW
@given(
    build=st.floats(1.0, 1e6),
    run=st.floats(0.0, 1e4),
    horizon=st.floats(1.0, 60.0),
    population=st.floats(100.0, 1e7),
)
def test_the_gain_needed_pays_back_at_the_horizon(
    build: float, run: float, horizon: float, population: float
) -> None:
    business = Business(population, build, run, 0.0, 2.0, horizon)
    needed = gain_needed(business)
    months = months_to_pay(business, needed)
    assert months is not None
    assert abs(months / horizon - 1.0) < 1e-6
    slower = months_to_pay(business, needed * 0.9)
    assert slower is None or slower > horizon

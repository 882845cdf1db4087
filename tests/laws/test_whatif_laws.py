"""Laws of what-if: dearer is never more, scale does not matter, what was asked changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.brief.assumptions import inlined
from handful.brief.sensitivity import SensitivitySpec
from handful.experiment.simulate import simulate
from handful.planning.run import plan
from handful.planning.sensitivity import sensitivity_of
from handful.planning.settings import PlanSettings
from handful.planning.whatif import Question, ask

LOG = simulate("types", n=1_500, offers=3, random_state=5).experiment
MADE = plan(LOG, setup_cost=20.0, population=1_500, settings=PlanSettings(repetitions=1))
WHATIF = MADE.whatif
COSTS = st.floats(0.0, 5_000.0)


@settings(max_examples=25, deadline=None)
@given(COSTS, COSTS)
def test_a_dearer_offer_never_means_more_offers(first, second):
    cheap, dear = sorted((first, second))
    few = ask(WHATIF, Question(setup_cost=dear)).verdict.offers
    many = ask(WHATIF, Question(setup_cost=cheap)).verdict.offers
    assert few <= many


@settings(max_examples=20, deadline=None)
@given(COSTS, st.floats(10.0, 1e6))
def test_cost_over_population_is_all_that_counts(cost, people):
    """Twice the cost for twice the customers is the same campaign."""
    one = ask(WHATIF, Question(setup_cost=cost, population=people))
    two = ask(WHATIF, Question(setup_cost=2 * cost, population=2 * people))
    assert [p.net for p in one.frontier] == pytest.approx([p.net for p in two.frontier])
    assert one.verdict.kind == two.verdict.kind


@settings(max_examples=10, deadline=None)
@given(COSTS)
def test_what_was_asked_before_changes_no_answer(cost):
    fresh = replace(WHATIF, cache={})
    assert ask(fresh, Question(setup_cost=cost)) == ask(WHATIF, Question(setup_cost=cost))


def test_inside_the_band_the_number_of_offers_stays_and_outside_it_does_not():
    found = sensitivity_of(WHATIF, SensitivitySpec())
    band = found.band
    assert band is not None
    assert band.offers == MADE.verdict.offers
    assert band.lowest <= 20.0
    assert band.highest is not None
    inside = ask(WHATIF, Question(setup_cost=band.highest * 0.98)).verdict.offers
    outside = ask(WHATIF, Question(setup_cost=band.highest * 1.02)).verdict.offers
    assert inside == band.offers != outside


def test_the_tornado_tells_both_ends_with_intervals():
    found = sensitivity_of(WHATIF, SensitivitySpec(ranges={"setup_cost": (10.0, 400.0)}))
    rows = {row.name: row for row in found.rows}
    cost = rows["setup_cost"]
    assert (cost.low.at, cost.high.at) == (10.0, 400.0)
    assert cost.high.gain.value < cost.low.gain.value
    assert cost.low.gain.lo < cost.low.gain.value < cost.low.gain.hi
    assert found == sensitivity_of(WHATIF, SensitivitySpec(ranges={"setup_cost": (10.0, 400.0)}))


@given(st.floats(-1e6, 1e6), st.text("ab '\"_.1m", max_size=30))
def test_only_whole_names_outside_of_texts_are_replaced(value, rest):
    quoted = "'" + rest.replace("'", "''") + " m'"
    assert quoted in inlined(f"m + {quoted}", {"m": value})
    assert inlined("log.m + mm", {"m": value}) == "log.m + mm"

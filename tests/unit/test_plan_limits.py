"""A whole plan under limits: kept exactly, valued held out, carried by the policy, refused."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from handful.brief.constraints import Cap, ConstraintsSpec
from handful.delivery.limit_words import limit_lines
from handful.delivery.plan_json import plan_document
from handful.errors import BriefError
from handful.experiment.records import Amount, Experiment
from handful.experiment.simulate import simulate
from handful.planning.records import Plan
from handful.planning.run import make_plan
from handful.planning.settings import PlanSettings
from handful.policy.policy import assign

POPULATION = 12_000.0
N = 3_000


def log() -> Experiment:
    """Three types of customers, four offers; calls cost by the length of the talk."""
    drawn = simulate("types", n=N, offers=4, random_state=3).experiment
    rng = np.random.default_rng(0)
    cost = np.where(drawn.offer == 0, 0.0, 0.2 * drawn.offer)
    talk = np.where(drawn.offer >= 2, rng.gamma(2.0, 0.5, N), 0.0)
    return replace(
        drawn,
        population=POPULATION,
        amounts=(Amount("budget", cost), Amount("caps.talk", talk)),
    )


def planned(spec: ConstraintsSpec, **settings: object) -> Plan:
    asked = PlanSettings(repetitions=1, folds=4, ladder=False, max_offers=3, constraints=spec)
    drawn = log() if spec.cost else replace(log(), amounts=())
    return make_plan(drawn, settings=replace(asked, **settings))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def limited() -> Plan:
    """A budget, a capacity, a minimum, a floor and a cap, some of which bind."""
    names = log().offers
    spec = ConstraintsSpec(
        budget=2_400.0,
        cost="cost",
        capacity=MappingProxyType({names[1]: 3_000.0}),
        at_least=MappingProxyType({names[2]: 1_000.0}),
        coverage_floor=0.3,
        caps=MappingProxyType({"talk": Cap("talk", 0.6)}),
    )
    return planned(spec)


def test_the_assignment_of_the_log_keeps_every_limit_exactly(limited: Plan) -> None:
    drawn, offer = log(), limited.assignment.offer
    scale = POPULATION / N
    count = np.bincount(offer, minlength=4) * scale
    assert count[1] <= 3_000
    assert count[2] >= 1_000
    assert np.mean(offer != 0) >= 0.3
    assert np.where(offer == 0, 0.0, 0.2 * offer).sum() * scale <= 2_400 * (1 + 1e-9)
    used = {use.name: use.used for use in limited.constraints}
    assert used[f"capacity.{drawn.offers[1]}"] == count[1]
    assert used["budget"] == pytest.approx(np.where(offer == 0, 0, 0.2 * offer).sum() * scale)
    assert limited.constraints[0].name == "budget"


def test_a_limit_that_binds_has_a_price_and_one_that_does_not_has_none(limited: Plan) -> None:
    for use in limited.constraints:
        slack = use.bound - use.used if use.kind == "at_most" else use.used - use.bound
        assert slack >= -1e-9 * abs(use.bound)
        if use.shadow_price is None:
            continue
        assert use.shadow_price > 0
        assert slack <= 0.01 * abs(use.bound) + 8
    assert any(use.shadow_price for use in limited.constraints)


def test_every_menu_holds_the_offer_that_must_go_out(limited: Plan) -> None:
    must = log().offers[2]
    assert limited.frontier
    assert all(must in point.menu for point in limited.frontier)
    assert must in limited.verdict.menu


def test_the_bound_holds_and_the_gap_is_small(limited: Plan) -> None:
    facts = limited.allocation
    assert facts is not None
    assert facts.value <= facts.bound + 1e-9
    assert facts.gap <= 0.01 * abs(facts.bound)
    assert limited.assignment.expected_profit.sum() == pytest.approx(facts.value)
    for point in limited.frontier:
        assert point.certified_gap is None or point.certified_gap >= 0


def test_held_out_use_comes_with_an_interval_where_it_is_uncertain(limited: Plan) -> None:
    uses = {use.name: use for use in limited.constraints}
    talk, budget = uses["caps.talk"].held_out, uses["budget"].held_out
    assert talk is not None
    assert budget is not None
    assert talk.lo < talk.value < talk.hi
    # The cost of every offer is known, so only who gets which is left, which is settled.
    assert budget.value <= 2_400 * 1.02


def test_a_count_that_prices_alone_lead_to_is_no_certainty(limited: Plan) -> None:
    (least,) = [use for use in limited.constraints if use.name.startswith("at_least")]
    assert least.held_out is not None
    assert least.by_prices is not None
    assert least.held_out.se == 0
    p = least.by_prices.value / POPULATION
    assert least.by_prices.se == pytest.approx(POPULATION * np.sqrt(p * (1 - p) / N), rel=1e-3)
    (floor,) = [use for use in limited.constraints if use.name == "coverage_floor"]
    assert floor.by_prices is not None
    p = floor.by_prices.value
    assert floor.by_prices.se == pytest.approx(np.sqrt(p * (1 - p) / N), rel=1e-3)


def test_more_budget_is_never_worth_less_than_chance_allows(limited: Plan) -> None:
    assert limited.allocation is not None
    curve = limited.allocation.budget_curve
    assert [point.budget for point in curve] == sorted(point.budget for point in curve)
    # A minimum must be paid for, so the smallest budgets of the curve are out of reach.
    assert curve[0].budget > 0
    assert curve[-1].value >= curve[0].value - 2 * curve[0].se


def test_the_policy_carries_the_prices(limited: Plan) -> None:
    drawn = log()
    decided = assign(limited.policy, drawn.features, drawn.stratum)
    assert limited.policy.ranking is not None
    agree = np.mean(decided.offer == limited.assignment.offer)
    assert agree > 0.97


def test_limits_are_told_in_words_and_in_plan_json(limited: Plan) -> None:
    lines = "\n".join(limit_lines(limited))
    assert "budget: at most 2,400" in lines
    assert "duality gap" in lines
    document = plan_document(limited)
    assert document["allocation"]["gap"] == limited.allocation.gap  # type: ignore[union-attr]
    assert document["constraints"][0]["unit"] == log().currency


def test_a_budget_of_nothing_gives_nobody_anything() -> None:
    made = planned(ConstraintsSpec(budget=0.0, cost="cost"))
    assert set(made.assignment.offer.tolist()) == {0}


def test_two_offers_that_exclude_each_other_are_in_no_menu_together() -> None:
    names = log().offers
    made = planned(ConstraintsSpec(never_together=((names[1], names[2]), (names[2], names[3]))))
    assert made.allocation is None
    for point in made.frontier:
        menu = set(point.menu)
        assert not {names[1], names[2]} <= menu
        assert not {names[2], names[3]} <= menu


def test_the_same_limits_give_the_same_plan() -> None:
    spec = ConstraintsSpec(capacity=2_000.0)
    first, second = planned(spec, max_offers=1), planned(spec, max_offers=1)
    assert first.assignment.offer.tolist() == second.assignment.offer.tolist()
    assert first.constraints == second.constraints


@pytest.mark.parametrize(
    ("spec", "code", "words"),
    [
        (ConstraintsSpec(capacity=MappingProxyType({"nobody": 5.0})), "E510", "nobody"),
        (ConstraintsSpec(coverage_floor=0.5, coverage_floor_by=("x",)), "E510", "category"),
        (ConstraintsSpec(coverage_floor=0.9, capacity=1_000.0), "P730", "coverage_floor"),
    ],
)
def test_limits_that_cannot_be_kept_are_refused(
    spec: ConstraintsSpec, code: str, words: str
) -> None:
    with pytest.raises(BriefError) as refusal:
        planned(spec)
    said = [f"{f.code} {f.message} {f.remedy}" for f in refusal.value.findings]
    assert any(code in text and words in text for text in said), said


def test_limits_need_somebody_to_say_what_those_left_out_get() -> None:
    drawn = replace(log(), control=None)
    asked = PlanSettings(repetitions=1, constraints=ConstraintsSpec(capacity=1_000.0))
    with pytest.raises(BriefError, match="otherwise"):
        make_plan(drawn, settings=asked)


def test_limits_and_a_deciding_rule_do_not_go_together() -> None:
    with pytest.raises(BriefError, match="rule"):
        planned(ConstraintsSpec(capacity=1_000.0), by_rule=True)

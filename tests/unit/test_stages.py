"""Stages by hand: effective numbers, names, ratios with intervals, what one more offer is worth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handful.brief.execution import ExecutionSpec
from handful.brief.presets import with_long_run
from handful.brief.schema import TeamSpec
from handful.brief.stages import StagesSpec
from handful.brief.variety import VarietySpec
from handful.evidence.fitness import advise, by_hand
from handful.evidence.frontier import MenuFacts
from handful.evidence.ledger import Means
from handful.evidence.ratios import clustered_share, fieller, together, wilson
from handful.evidence.records import Estimate, FrontierPoint, Verdict
from handful.evidence.running import charged, with_running
from handful.evidence.scorecard import scorecard
from handful.evidence.stage_records import ByHand, Commodity
from handful.evidence.stages import (
    by_fold,
    effective_number,
    first_unpaid,
    marginals,
    name_depth,
    name_stage,
)
from handful.evidence.terms import make_terms
from handful.experiment.records import Amount
from handful.experiment.simulate import simulate
from handful.planning.fit_words import commodity_words, hand_words
from handful.planning.run import make_plan
from handful.planning.settings import PlanSettings
from made_experiment import made_experiment

SPEC = StagesSpec()


def test_the_effective_number_of_offers_by_hand() -> None:
    # exp(-(0.5 ln 0.5 + 2 x 0.25 ln 0.25)) = exp(1.5 ln 2) = 2 sqrt 2
    assert effective_number([0.5, 0.25, 0.25]) == pytest.approx(2 * np.sqrt(2))
    assert effective_number([1.0]) == 1.0
    assert effective_number([3.0, 3.0, 0.0]) == pytest.approx(2.0)


def test_folds_with_menus_of_their_own_do_not_add_up() -> None:
    given = np.array([0, 1, 0, 1, 2, 3, 2, 3])
    fold = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    assert by_fold(given, fold) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("effective", "retained", "stage", "depth"),
    [
        (1.0, 0.0, "one-to-all", "standardised"),
        (1.0, 0.99, "one-to-all", "standardised"),
        (2.0, 0.3, "one-to-many", "generic"),
        (2.0, None, "one-to-many", "generic"),
        (5.0, 0.7, "one-to-few", "customised"),
        (5.0, None, "one-to-few", "customised"),
        (5.0, 0.995, "one-to-few", "highly personalised"),
        (1e6, 1.0, "one-to-one", "highly personalised"),
        (1e6, None, "one-to-one", "highly personalised"),
    ],
)
def test_both_names_are_functions_of_the_numbers(effective, retained, stage, depth) -> None:
    assert name_stage(effective, SPEC) == stage
    assert name_depth(effective, retained, SPEC) == depth


def test_thresholds_of_the_brief_move_the_names() -> None:
    spec = replace(SPEC, one_to_few=2.0, customised=0.2)
    assert name_stage(2.0, spec) == "one-to-few"
    assert name_depth(2.0, 0.3, spec) == "customised"


def test_fieller_by_hand() -> None:
    # N = 1, D = 2, both with error 0.1 and no covariance, c = 2: (2 -+ sqrt(0.1984)) / 3.96
    found = fieller(np.array([1.0, 2.0]), np.diag([0.01, 0.01]), 2.0)
    assert found is not None
    reach = np.sqrt(2.0**2 - 3.96 * 0.96)
    assert (found.lo, found.hi) == pytest.approx(((2 - reach) / 3.96, (2 + reach) / 3.96))


def test_a_ratio_to_what_is_not_above_zero_is_none() -> None:
    assert fieller(np.array([1.0, 0.1]), np.diag([0.01, 0.01]), 1.96) is None
    assert fieller(np.array([1.0, -2.0]), np.diag([0.01, 0.01]), 1.96) is None


def test_wilson_by_hand_and_with_clusters() -> None:
    # 10 of 20: centre 0.5, half-width z / (1 + z^2 / n) sqrt(p q / n + z^2 / 4 n^2)
    found = wilson(0.5, 20, 1.96)
    assert (found.lo, found.hi) == pytest.approx((0.2993, 0.7007), abs=1e-4)
    values = np.repeat([0.0, 1.0] * 10, 5)
    alone = clustered_share(values, np.arange(100))
    together_in_fives = clustered_share(values, np.repeat(np.arange(20), 5))
    assert together_in_fives.hi - together_in_fives.lo > 2 * (alone.hi - alone.lo) * 0.99
    assert together(1) < together(4)


def _point(offers: int, cost: float) -> FrontierPoint:
    still = Estimate(0.0, 0.0, 0.0, 0.0)
    return FrontierPoint(offers, (), 0.0, 0.1, 0, 0, still, None, 0.0, None, cost, 0.0)


def test_the_worth_of_each_further_offer_and_the_first_that_does_not_pay() -> None:
    names = ("no_offer", "menu:1", "menu:2", "menu:3")
    means = Means(names, np.array([0.0, 1.0, 1.3, 1.32]), np.eye(4) * 1e-4, 100)
    steps = marginals(means, [_point(1, 0.1), _point(2, 0.2), _point(3, 0.3)], 0)
    assert [round(step.net.value, 6) for step in steps] == [0.9, 0.2, -0.08]
    assert first_unpaid(steps) == 3
    assert first_unpaid(steps[:2]) is None


def test_costs_of_deciding_fall_due_with_two_offers_and_hours_with_each() -> None:
    log = made_experiment(1000, offers=3, control=0)
    spec = StagesSpec(hourly_rate=50.0, cost_per_decision=0.25, cost_per_field=10.0)
    terms = make_terms(log, max_offers=3, setup_cost=100.0)
    priced = with_running(terms, log, spec, TeamSpec(hours_per_offer=2.0), "scale")
    assert priced.setup.tolist() == pytest.approx([0.0, 0.2, 0.2])  # 100 + 2 x 50, over 1,000
    fields = len(log.features.schema.names)
    assert priced.running == pytest.approx(0.25 + 10.0 * fields / 1000)
    assert (priced.cost_weight, priced.slack) == (2.0, 2.0)
    one, two = charged(
        [MenuFacts(1, ("a",), 1.0, None, 0.2), MenuFacts(2, ("a", "b"), 1.0, None, 0.4)], priced
    )
    assert (one.cost, two.cost) == pytest.approx((0.2, 0.4 + priced.running))


def test_without_stages_in_the_brief_nothing_is_charged() -> None:
    log = made_experiment(300, offers=2, control=0)
    terms = make_terms(log, max_offers=2, setup_cost=5.0)
    same = with_running(terms, log, StagesSpec(), TeamSpec(hours_per_offer=8.0), None)
    assert same.setup.tolist() == terms.setup.tolist()
    assert (same.running, same.cost_weight, same.slack) == (0.0, 1.0, 1.0)


def test_what_comes_later_counts_but_not_at_scale() -> None:
    profit = {"per_row": "spend", "long_run": "later"}
    assert with_long_run(profit, "loyalty")["per_row"] == "(spend) + (later)"
    assert with_long_run(profit, None)["per_row"] == "(spend) + (later)"
    assert with_long_run(profit, "scale")["per_row"] == "(spend) + 0 * (later)"
    assert with_long_run({"per_row": "spend"}, "scale")["per_row"] == "spend"


def test_the_scorecard_needs_the_whole_interval_to_pass() -> None:
    late = np.zeros(400)
    late[:4] = 1.0  # 1 % late, on 400 rows: 99 % on time, 97.5 to 99.6 %
    log = replace(made_experiment(400), execution=(Amount("on_time", 1.0 - late),))
    spec = ExecutionSpec(on_time="late = 0", on_time_least=0.97, stock_out=0.05)
    assert [found.verdict for found in scorecard(log, spec)] == ["pass", "fail", "unknown"]
    assert scorecard(log, replace(spec, on_time_least=0.985))[0].verdict == "unknown"
    assert scorecard(log, replace(spec, on_time_least=0.995))[0].verdict == "fail"
    missing = scorecard(log, spec)[2]
    assert missing.rate is None
    assert "execution.defect" in missing.remedy


def test_rows_that_do_not_count_are_left_out_of_a_rate() -> None:
    values = np.full(300, np.nan)
    values[:100] = 1.0
    log = replace(made_experiment(300), execution=(Amount("on_time", values),))
    found = scorecard(log, ExecutionSpec(on_time="late = 0"))[0].rate
    assert found is not None
    assert found.value == 1.0
    assert found.lo == pytest.approx(wilson(1.0, 100).lo)


def test_one_to_one_is_advised_only_where_it_is_shown_to_gain_more() -> None:
    menu = Verdict("handful", 2, ("a", "b"), None, ())
    single = Verdict("one_offer", 1, ("a",), None, ())
    more, perhaps = Estimate(0.2, 0.1, 0.01, 0.4), Estimate(0.2, 0.1, -0.01, 0.4)
    assert advise(menu, more, differ=False) == "one_to_one"
    assert advise(menu, perhaps, differ=True) == "handful"
    assert advise(single, more, differ=True) == "one_to_one"
    assert advise(single, more, differ=False) == "one_offer"
    assert advise(Verdict("by_hand", 1, ("a",), None, ()), None, differ=True) == "by_hand"


def test_the_card_test_is_arithmetic() -> None:
    assert by_hand(600, 4.0, 40.0) == ByHand(600, 4.0, 40.0, 40.0, fits=True)
    assert by_hand(601, 4.0, 40.0).fits is False
    assert by_hand(600, None, 40.0).fits is None
    assert hand_words(by_hand(600, None, 40.0)) == ""
    assert "take 40 hours, and the team has 40: it can be done" in hand_words(by_hand(600, 4, 40))


def test_commodity_is_said_with_its_numbers() -> None:
    most = Estimate(0.0, 0.01, -0.02, 0.02)
    alike = commodity_words(Commodity("commodity", 0.4, 0.05, most, "one-to-one"), "USD")
    assert "p = 0.400" in alike
    assert "more than 0.020 USD" in alike
    wide = commodity_words(Commodity("not_shown", 0.4, 0.01, most, "one-to-one"), "USD")
    between = commodity_words(Commodity("not_shown", 0.03, 0.05, most, "one-to-one"), "USD")
    assert between.startswith("Whether customers differ is open (p = 0.030)")
    assert "a larger experiment would tell" in wide


@pytest.fixture(scope="module")
def planted():
    """Three types of customers, deciding and hours priced."""
    log = simulate("types", n=2_000, random_state=1).experiment
    team = TeamSpec(hours=40, minutes_per_card=5, hours_per_offer=1)
    asked = PlanSettings(
        repetitions=1,
        folds=4,
        max_offers=4,
        setup_cost=20.0,
        hours=40,
        minutes_per_card=5,
        team=team,
        stages=StagesSpec(hourly_rate=20.0, cost_per_decision=0.02),
    )
    return make_plan(log, settings=asked)


def test_one_offer_decides_cheapest_and_one_to_one_dearest(planted) -> None:
    priced = [s for s in planted.stages.stages if s.operating_efficiency is not None]
    order = sorted(priced, key=lambda s: s.operating_efficiency)
    assert order[-1].name == "1 offer"
    assert order[0].name == "one-to-one"


def test_both_ends_are_least_efficient_in_value(planted) -> None:
    worth = {s.name: s.value_efficiency.value for s in planted.stages.stages[1:]}
    assert worth["1 offer"] == 0.0
    assert worth["one-to-one"] < 0.0
    assert max(worth, key=lambda name: worth[name]) == "3 offers"


def test_the_stages_of_a_planted_case_rise_and_name_the_plan(planted) -> None:
    effective = [s.effective for s in planted.stages.stages]
    assert effective == sorted(effective)
    assert all(1.0 <= s.effective <= s.offers for s in planted.stages.stages[1:-1])
    assert effective[-1] == 2_000
    plan = planted.stages.stages[planted.stages.plan]
    assert plan.offers == planted.verdict.offers >= 3
    assert plan.retained.value > 0.9
    assert planted.stages.stages[-1].retained == Estimate(1.0, 0.0, 1.0, 1.0)


def test_gain_less_cost_is_what_is_left(planted) -> None:
    for stage in planted.stages.stages:
        assert stage.net_gain.value == pytest.approx(stage.gain.value - stage.cost)
    point = planted.frontier[2]
    assert planted.stages.stages[3].cost == pytest.approx(point.cost)
    assert point.running_cost == pytest.approx(0.02)


def test_one_to_one_is_paid_by_the_card(planted) -> None:
    used = planted.stages.stages[-1].offers
    # 5 minutes at 20 an hour, deciding, and 20 + 20 for each offer in use but "no offer"
    least = 5 / 60 * 20 + 0.02 + (used - 1) * 40 / 2_000
    assert least - 1e-9 <= planted.stages.stages[-1].cost <= least + 40 / 2_000 + 1e-9


def test_the_ledger_of_what_there_is_to_run(planted) -> None:
    known = planted.stages.complexity
    assert known.offers == len(planted.policy.menu)
    assert known.segments == len(planted.segments)
    assert known.decisions == 2_000
    assert known.rules >= known.offers - 1
    assert 0 < known.questions <= 2


def test_stale_fields_matter_more_the_more_a_plan_reads_them(planted) -> None:
    of_three = next(found for found in planted.stages.wrong_offers if found.offers == 3)
    assert 0 < of_three.rate.value < of_three.worst <= 1
    assert of_three.worst_field in {"x1", "x2", "x3"}


SMALL = PlanSettings(repetitions=1, folds=4, max_offers=3, setup_cost=5.0, ladder=False)


def test_a_team_that_can_author_two_is_not_told_to_author_five() -> None:
    log = simulate("types", n=1_500, random_state=1).experiment
    asked = replace(SMALL, team=TeamSpec(offers_we_can_author=2))
    assert make_plan(log, settings=asked).fit.advice in ("one_offer", "handful")


def test_stock_of_every_offer_in_use_is_part_of_one_to_one() -> None:
    log = replace(simulate("types", n=1_500, random_state=1).experiment, population=10_000.0)
    asked = replace(SMALL, variety=VarietySpec(unit_cost=1.0, shortage=2.0))
    stages = make_plan(log, settings=asked).stages.stages
    costs = [stage.cost for stage in stages]
    assert costs == sorted(costs)


def test_a_plan_wastes_no_more_than_a_broadcast(planted) -> None:
    plan, broadcast = planted.fit.wasted
    assert plan.wasted.value <= broadcast.wasted.value
    assert broadcast.sends == 1.0

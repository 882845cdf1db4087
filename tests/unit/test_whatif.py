"""What-if: the plan's own answer at its own settings; elsewhere what a new plan would say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from golden.small_plan import make_small_plan
from handful.brief.constraints import ConstraintsSpec
from handful.brief.reader import parse_brief
from handful.errors import BriefError
from handful.experiment.log import build_experiment
from handful.experiment.opening import open_table
from handful.experiment.simulate import simulate
from handful.planning.records import Plan
from handful.planning.run import make_plan, plan
from handful.planning.settings import PlanSettings
from handful.planning.whatif import SETTLED, Question, ask
from handful.planning.whatif_explain import explain
from handful.planning.whatif_judge import changed_sums, choices_at
from handful.planning.whatif_segments import segments_of
from made_experiment import made_experiment

LOG = simulate("types", n=2_400, offers=4, random_state=1).experiment
SETTINGS = PlanSettings(repetitions=1)


@pytest.fixture(scope="module")
def made() -> Plan:
    return plan(LOG, setup_cost=30, population=2_400, settings=SETTINGS)


@pytest.fixture(scope="module")
def small() -> Plan:
    """Clusters, strata, a closed cell, missing values: everything at once."""
    return make_small_plan()


def test_at_its_own_settings_it_says_what_the_plan_says(made, small):
    for found in (made, small):
        answer = ask(found.whatif, Question())
        assert answer.as_planned
        assert answer.frontier == found.frontier
        assert answer.reference == found.reference
        assert answer.verdict == found.verdict
        assert [s.customers for s in answer.segments] == [s.customers for s in found.segments]


def test_columns_written_again_are_the_ledger_within_single_precision(made, small):
    for found in (made, small):
        whatif, kept = found.whatif, found.whatif.kept
        sums = changed_sums(whatif, whatif.terms, choices_at(whatif, whatif.terms))
        scale = np.abs(kept.means.value).max()
        assert sums.means.names == kept.means.names
        assert np.abs(sums.means.value - kept.means.value).max() < 1e-6 * scale
        spread = np.abs(kept.means.covariance).max()
        assert np.abs(sums.means.covariance - kept.means.covariance).max() < 1e-5 * spread
        assert np.array_equal(sums.follows, kept.follows)
        assert dict(sums.apart) == kept.apart
        if kept.clipped is not None:
            for name in kept.clipped.names:
                again = sums.clipped.value[sums.clipped.at(name)]
                assert again == pytest.approx(
                    kept.clipped.value[kept.clipped.at(name)], abs=1e-6 * scale
                )


def test_segments_counted_again_are_the_plans(made):
    whatif = made.whatif
    judged_menu = whatif.planned.menu
    answer = ask(whatif, Question())
    assert len(judged_menu) > 1
    from handful.planning.whatif_judge import judge

    again = segments_of(whatif, judge(whatif, whatif.terms), judged_menu)
    for new, old in zip(again, answer.segments, strict=True):
        assert (new.offer, new.customers) == (old.offer, old.customers)
        assert new.value.value == pytest.approx(old.value.value, rel=1e-6)
        assert new.value.se == pytest.approx(old.value.se, rel=1e-5)


@pytest.mark.parametrize("cost", [0.0, 300.0, 3_000.0])
def test_another_set_up_cost_is_answered_as_a_new_plan_would(made, cost):
    answer = ask(made.whatif, Question(setup_cost=cost))
    anew = plan(LOG, setup_cost=cost, population=2_400, settings=SETTINGS)
    assert answer.verdict.kind == anew.verdict.kind
    assert answer.verdict.menu == anew.verdict.menu
    assert [p.menu for p in answer.frontier] == [p.menu for p in anew.frontier]
    for mine, theirs in zip(answer.frontier, anew.frontier, strict=True):
        for name in ("value", "se", "lo", "hi", "net", "setup_cost", "claimed"):
            assert getattr(mine, name) == pytest.approx(getattr(theirs, name), abs=2e-6)


def test_another_population_is_answered_as_a_new_plan_would(made):
    answer = ask(made.whatif, Question(population=100))
    anew = plan(LOG, setup_cost=30, population=100, settings=SETTINGS)
    assert answer.verdict.kind == anew.verdict.kind
    assert [p.net for p in answer.frontier] == pytest.approx([p.net for p in anew.frontier])


def test_any_number_of_offers_can_be_looked_at(made):
    answer = ask(made.whatif, Question(offers=2))
    assert answer.offers == 2
    assert answer.menu == made.frontier[1].menu
    assert sum(s.customers for s in answer.segments) == LOG.n_rows
    assert answer.verdict == made.verdict


def test_a_capacity_is_kept_and_has_its_price(made):
    name = made.verdict.menu[0]
    answer = ask(made.whatif, Question(capacities={name: 300.0}))
    (use,) = answer.constraints
    assert use.name == f"capacity.{name}"
    assert use.held_out.value == pytest.approx(300.0, rel=0.15)
    assert use.shadow_price > 0
    best = max(made.frontier, key=lambda p: p.offers).value
    assert max(p.value for p in answer.frontier) < best


def test_a_capacity_that_does_not_bind_changes_nothing_for_a_menu_with_the_base(made):
    name = made.verdict.menu[0]
    answer = ask(made.whatif, Question(capacities={name: 1e9}))
    assert answer.constraints[0].shadow_price is None
    whole, planned = answer.frontier[-1], made.frontier[-1]
    assert "control" in planned.menu
    assert whole.value == pytest.approx(planned.value, abs=1e-6)
    assert whole.se == pytest.approx(planned.se, rel=0.05)


def test_what_does_not_fit_the_plan_is_refused_all_at_once(made):
    with pytest.raises(BriefError) as caught:
        ask(made.whatif, Question(offers=99, capacities={"tea": 1.0}, assumptions={"m": 1.0}))
    assert [f.code for f in caught.value.findings] == ["F862"] * 3
    with pytest.raises(BriefError) as caught:
        ask(made.whatif, Question(budget=10.0))
    assert caught.value.findings[0].code == "F862"


def test_dials_answer_for_costs_and_population_alone():
    log = simulate("quadratic_dial", n=1_500, random_state=2).experiment
    found = plan(log, max_offers=2, setup_cost=1.0, population=1_500, settings=SETTINGS)
    answer = ask(found.whatif, Question())
    assert answer.frontier == found.frontier
    dearer = ask(found.whatif, Question(setup_cost=50.0))
    for point, cheap in zip(dearer.frontier, found.frontier, strict=True):
        assert point.value == cheap.value
        assert point.net <= cheap.net
    with pytest.raises(BriefError) as caught:
        ask(found.whatif, Question(capacities={log.offers[0]: 5.0}))
    assert caught.value.findings[0].code == "F865"


def test_one_row_is_explained_without_its_id(made):
    names = made.assignment.offer
    for row in (0, 17):
        found = explain(made.whatif, row)
        assert found.offer == LOG.offers[names[row]]
        ranked = [r.expected_profit for r in found.ranked]
        assert ranked == sorted(ranked, reverse=True)
        assert found.lead == pytest.approx(ranked[0] - ranked[1])
        assert found.ranked[0].expected_profit == pytest.approx(
            made.assignment.expected_profit[row], rel=1e-6
        )
        assert found.reason == "best_in_menu"
    with pytest.raises(BriefError) as caught:
        explain(made.whatif, LOG.n_rows)
    assert caught.value.findings[0].code == "F863"


def test_what_is_kept_holds_no_ids():
    named = replace(LOG, customers=np.array([f"person {i}" for i in range(LOG.n_rows)]))
    found = plan(named, settings=SETTINGS)
    assert found.whatif.log.customers.dtype.kind == "i"


def test_a_plan_can_be_told_to_keep_nothing():
    found = plan(LOG, settings=replace(SETTINGS, studio=False))
    assert found.whatif is None
    assert found.sensitivity is None


MONEY = {"m": 0.3, "post": 0.05, "late": 0.1}


def _brief(per_row: str, assumptions: dict[str, float]):
    return parse_brief(
        {
            "experiment": {"source": "frame", "offer": "arm", "control": "none"},
            "profit": {"per_row": per_row, "assumptions": assumptions, "population": 5_000},
            "evidence": {"repetitions": 1},
        }
    )


def _frame():
    import pyarrow as pa

    rng = np.random.default_rng(3)
    n = 2_400
    arm = rng.integers(0, 3, n)
    x = rng.normal(size=n)
    spend = np.maximum(rng.gamma(2.0, 2.0, n) + arm + 2.0 * x * (arm == 2), 0.0)
    back = (rng.random(n) < 0.2).astype(float)
    offers = np.array(["none", "mail", "call"])[arm]
    return pa.table({"arm": offers, "x": x, "spend": spend, "back": back})


def _planned(per_row: str, assumptions: dict[str, float]) -> Plan:
    brief = _brief(per_row, assumptions)
    with open_table(_frame(), "a frame") as log:
        return make_plan(build_experiment(log, brief), brief=brief, random_state=0)


PER_ROW = "m * spend - CASE WHEN arm = 'none' THEN 0 ELSE post END - late * back * spend"


def test_another_margin_is_answered_near_to_a_new_fit():
    sql = "m * spend - CASE WHEN arm = 'none' THEN 0 ELSE post END"
    known = {"m": 0.3, "post": 0.05}
    found = _planned(sql, known)
    assert [slope.predicted for slope in found.whatif.kept.splits[0].slopes] == [None, None]
    for asked in ({"m": 0.2}, {"post": 0.5}, {"m": 0.4, "post": 0.0}):
        answer = ask(found.whatif, Question(assumptions=asked))
        anew = _planned(sql, known | asked)
        assert answer.verdict.kind == anew.verdict.kind
        for mine, theirs in zip(answer.frontier, anew.frontier, strict=True):
            assert abs(mine.value - theirs.value) < 0.05 * theirs.se


def test_slopes_that_are_learned_too_come_near_to_a_new_fit():
    found = _planned(PER_ROW, MONEY)
    assert [a.movable for a in found.whatif.assumptions] == [True] * 3
    slopes = {s.name: s for s in found.whatif.kept.splits[0].slopes}
    assert slopes["post"].predicted is None
    assert slopes["m"].predicted is not None
    moved = MONEY | {"m": 0.4}
    answer = ask(found.whatif, Question(assumptions={"m": 0.4}))
    anew = _planned(PER_ROW, moved)
    assert answer.verdict.kind == anew.verdict.kind
    for mine, theirs in zip(answer.frontier, anew.frontier, strict=True):
        assert abs(mine.value - theirs.value) < 0.3 * theirs.se


def test_products_are_not_moved_together_and_curves_not_at_all():
    found = _planned("m * late * spend - post * post", MONEY)
    told = {a.name: a for a in found.whatif.assumptions}
    assert told["m"].together == ("late",)
    assert not told["post"].movable
    for asked in ({"m": 0.4, "late": 0.2}, {"post": 0.1}):
        with pytest.raises(BriefError) as caught:
            ask(found.whatif, Question(assumptions=asked))
        assert caught.value.findings[0].code == "F865"


def test_limits_still_hold_at_another_set_up_cost():
    name = LOG.offers[1]
    settings = replace(
        SETTINGS, constraints=ConstraintsSpec(capacity={name: 300.0}), setup_cost=30.0, max_offers=3
    )
    limited = make_plan(LOG, settings=settings)
    answer = ask(limited.whatif, Question(setup_cost=60.0))
    assert [p.value for p in answer.frontier] == [p.value for p in limited.frontier]
    # Costs do not move who gets what; a menu of another size would have to be allocated anew.
    assert answer.segments == ask(limited.whatif, Question()).segments
    other = ask(limited.whatif, Question(setup_cost=60.0, offers=2))
    assert other.segments == ()
    assert "Who gets which offer of this menu is not kept" in other.note[0]
    rows = {row.name: row for row in limited.sensitivity.rows}
    planned = limited.sensitivity.planned.gain.value
    costs, people = rows["setup_cost"], rows["population"]
    assert costs.low.gain.value > planned > costs.high.gain.value
    assert costs.low.gain.value - costs.high.gain.value < 0.05 * planned
    # A capacity is a total: it binds more in a larger campaign.
    assert people.low.gain.value > planned > people.high.gain.value - 0.02 * planned


@pytest.mark.parametrize(
    "constraints",
    [ConstraintsSpec(at_least={"offer 2": 300.0}), ConstraintsSpec(coverage_floor=0.9)],
)
def test_minimums_alone_can_be_asked_again(constraints):
    settings = replace(SETTINGS, constraints=constraints, setup_cost=30.0, max_offers=2)
    made = make_plan(LOG, settings=settings)
    answer = ask(made.whatif, Question(population=3_000.0))
    assert answer.verdict.kind == made.verdict.kind


def test_a_plan_that_fell_back_shows_no_other_policy():
    log = made_experiment(3_000, 3, seed=4)
    side = log.features.values[:, 0] > 0
    truth = np.column_stack([0 * side, np.where(side, 1.0, -1.0), np.where(side, -1.0, -0.4)])
    seen = truth[np.arange(3_000), log.offer] + np.random.default_rng(9).normal(size=3_000)
    log = replace(log, control=0, profit=seen, offers=("none", "b", "c"))
    believed = np.where(side[:, None], [0.0, 0.5, 0.1], [0.0, 0.1, 0.5])
    settings = replace(SETTINGS, ladder=False, max_offers=2, setup_cost=30.0)
    fallen = make_plan(log, settings=settings, effects=believed)
    assert fallen.policy.give_way is not None
    answer = ask(fallen.whatif, Question())
    assert answer.menu == fallen.verdict.menu == ("none", "b")
    assert [s.customers for s in answer.segments] == [s.customers for s in fallen.segments]
    assert [s.value for s in answer.segments] == [s.value for s in fallen.segments]
    assert ask(fallen.whatif, Question(setup_cost=60.0)).note == (SETTLED,)
    assert all(row.low is None and row.why_absent for row in fallen.sensitivity.rows)
    assert fallen.sensitivity.band is None

"""The main job's own rules: settings, splits, by hand, effects from elsewhere, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handful.brief.schema import Brief, EvidenceSpec, ExperimentSpec, MenuSpec, ProfitSpec, TeamSpec
from handful.errors import BriefError, DataError
from handful.experiment.simulate import simulate
from handful.planning.evaluate import evaluate, evaluate_policy
from handful.planning.records import Plan
from handful.planning.run import make_plan, plan
from handful.planning.settings import PlanSettings, settings_of
from handful.planning.splits import OwnSplits
from handful.progress import SILENT

DRAWN = simulate("types", n=1500, offers=4, random_state=2)
LOG = DRAWN.experiment
ONCE = PlanSettings(repetitions=1, ladder=False)


@pytest.fixture(scope="module")
def found() -> Plan:
    return plan(LOG, max_offers=4, settings=ONCE)


def test_settings_are_those_of_the_brief() -> None:
    brief = Brief(
        ExperimentSpec(source="log.csv", offer="arm"),
        ProfitSpec("spend"),
        menu=MenuSpec(max_offers=3, setup_cost={"B": 2.0}, always=("B",), never=("C",)),
        evidence=EvidenceSpec(
            folds=6, repetitions=3, learn_rows=5_000, engaged="recency", direct_mail=("zip",)
        ),
        team=TeamSpec(hours=9.0, minutes_per_card=2.0),
    )
    assert settings_of(brief) == PlanSettings(
        max_offers=3,
        setup_cost={"B": 2.0},
        always=("B",),
        never=("C",),
        folds=6,
        repetitions=3,
        learn_rows=5_000,
        engaged="recency",
        direct_mail=("zip",),
        hours=9.0,
        minutes_per_card=2.0,
        team=TeamSpec(hours=9.0, minutes_per_card=2.0),
    )


def test_without_a_brief_the_defaults_are_the_briefs() -> None:
    brief = Brief(ExperimentSpec(source="log.csv", offer="arm"), ProfitSpec("spend"))
    assert settings_of(brief) == PlanSettings()


def test_every_repetition_has_folds_of_its_own() -> None:
    splits = OwnSplits(LOG, ONCE, 3, SILENT)
    first, second = splits.folds(0), splits.folds(1)
    assert np.array_equal(first, OwnSplits(LOG, ONCE, 3, SILENT).folds(0))
    assert not np.array_equal(first, second)
    assert np.bincount(first).tolist() == [300] * 5


def test_too_few_folds_are_refused_before_anything_is_fitted() -> None:
    with pytest.raises(BriefError) as refusal:
        plan(LOG, settings=replace(ONCE, folds=3))
    assert [finding.code for finding in refusal.value.findings] == ["E504"]


def test_four_folds_are_enough() -> None:
    assert plan(LOG, max_offers=2, settings=replace(ONCE, folds=4)).valuation.folds == 4


def test_a_blocking_check_stops_the_plan() -> None:
    with pytest.raises(DataError) as refusal:
        plan(replace(LOG, profit=np.zeros(LOG.n_rows)), settings=ONCE)
    assert "C403" in [finding.code for finding in refusal.value.findings]


def test_the_menu_of_the_verdict_is_the_one_in_the_policy(found: Plan) -> None:
    assert found.verdict.kind == "handful"
    names = found.policy.model.offers
    assert tuple(names[g] for g in found.policy.menu) == found.verdict.menu
    assert found.menu(2) == found.frontier[1].menu
    with pytest.raises(BriefError) as refusal:
        found.menu(9)
    assert [finding.code for finding in refusal.value.findings] == ["F832"]


def test_expected_profit_is_what_the_frontier_claims(found: Plan) -> None:
    claimed = found.frontier[found.verdict.offers - 1].claimed
    assert found.assignment.expected_profit.mean() == pytest.approx(claimed, rel=1e-12)


def test_a_small_team_writes_by_hand(found: Plan) -> None:
    asked = replace(ONCE, hours=100.0, minutes_per_card=4.0)
    by_hand = plan(LOG, max_offers=4, settings=asked)
    assert by_hand.verdict.kind == "by_hand"
    assert by_hand.verdict.menu == found.verdict.menu
    assert by_hand.verdict.reasons[1:] == found.verdict.reasons
    assert "1,500 customers at 4 minutes each fit in 100 hours" in by_hand.verdict.reasons[0]
    many = plan(LOG, max_offers=4, population=1_501, settings=asked)
    assert many.verdict.kind == found.verdict.kind


def test_a_forbidden_offer_is_nowhere(found: Plan) -> None:
    never = found.verdict.menu[-1]
    without = plan(LOG, max_offers=4, settings=replace(ONCE, never=(never,)))
    assert never not in {name for point in without.frontier for name in point.menu}
    assert without.policy.model.offers.index(never) not in without.assignment.offer
    assert [point.offers for point in without.frontier] == [1, 2, 3]


def test_an_offer_that_must_stay_is_in_every_menu() -> None:
    kept = plan(LOG, max_offers=3, settings=replace(ONCE, always=("control",)))
    assert all("control" in point.menu for point in kept.frontier)
    first = kept.frontier[0]
    assert first.menu == ("control",)
    assert kept.reference.no_offer is not None
    assert first.value == kept.reference.no_offer.value
    assert first.gain_over_single.value == pytest.approx(
        first.value - kept.reference.best_single.value
    )


def test_the_truth_given_as_effects_is_valued_and_marked() -> None:
    found = plan(LOG, max_offers=4, effects=DRAWN.truth, settings=ONCE)
    codes = [finding.code for finding in found.findings]
    assert codes[-2:] == ["E521", "E522"]
    assert found.heterogeneity.p_value is None
    assert found.valuation.rows_learned == 0
    assert found.valuation.stack == ()
    truth = DRAWN.truth.max(axis=1).mean()
    whole = found.reference.one_to_one
    assert whole.lo < truth < whole.hi
    assert found.verdict.kind == "handful"


def test_a_fixed_policy_is_worth_its_arm() -> None:
    """Everybody gets offer g: within noise of the mean profit of those who got it."""
    for g in range(4):
        arm = LOG.profit[LOG.offer == g]
        value = evaluate(LOG, policy=[LOG.offers[g]] * LOG.n_rows)
        assert abs(value.value - arm.mean()) < 2 * arm.std() / np.sqrt(len(arm))
        assert value.lo < DRAWN.truth[:, g].mean() < value.hi


def test_names_and_codes_are_the_same_policy() -> None:
    codes = np.arange(LOG.n_rows) % 4
    by_code = evaluate(LOG, policy=codes, random_state=1)
    assert evaluate(LOG, policy=[LOG.offers[g] for g in codes], random_state=1) == by_code


def test_the_leads_are_paired_with_the_references() -> None:
    best = DRAWN.truth.argmax(axis=1)
    found = evaluate_policy(LOG, best)
    references, leads = dict(found.references), dict(found.leads)
    assert set(references) == set(leads) == {"no_offer", "best_single", "one_to_one"}
    for name, lead in leads.items():
        assert lead.value == pytest.approx(found.value.value - references[name].value)
    assert leads["no_offer"].lo > 0
    assert found.winsorised is None
    assert found.closed == 0


@pytest.mark.parametrize(
    "policy", [["control"] * 3, ["nonsense"] * 1500, np.full(1500, 4), np.full(1500, -1)]
)
def test_a_policy_that_does_not_fit_the_log_is_refused(policy) -> None:
    with pytest.raises(BriefError) as refusal:
        evaluate(LOG, policy=policy)
    assert [finding.code for finding in refusal.value.findings] == ["E530"]


def test_a_heavy_tail_is_valued_both_ways() -> None:
    log = simulate("heavy", n=3000, offers=3, random_state=1).experiment
    found = plan(log, max_offers=2, settings=ONCE)
    assert found.tails.heavy
    assert {name for name, _ in found.tails.winsorised} == {
        "no_offer", "best_single", "menu:1", "menu:2", "one_to_one",
    }  # fmt: skip
    assert found.reference.no_offer is not None
    clipped = dict(found.tails.winsorised)["no_offer"]
    assert clipped.se < found.reference.no_offer.se
    assert evaluate_policy(log, np.zeros(3000, int)).winsorised is not None


def test_make_plan_and_plan_agree() -> None:
    one = make_plan(LOG, settings=replace(ONCE, max_offers=2), random_state=5)
    other = plan(LOG, max_offers=2, settings=ONCE, random_state=5)
    assert one.frontier == other.frontier
    assert one.verdict == other.verdict


@pytest.mark.parametrize("always", [("offer 1",), ("control", "offer 1")])
def test_offers_that_must_stay_are_in_the_plan_whatever_the_verdict(always):
    log = simulate("null", n=800, offers=3, random_state=3).experiment
    asked = PlanSettings(always=always, repetitions=1, ladder=False)
    made = make_plan(log, settings=asked, random_state=0)
    assert set(always) <= set(made.verdict.menu)
    assert {made.policy.model.offers[g] for g in made.policy.menu} >= set(always)
    assert made.frontier[0].menu == always

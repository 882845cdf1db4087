"""Nobody worse off: hand-worked means and bands, what falls back, and what is left alone."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from made_policy import labelled, made_features, made_policy

from handful.brief.constraints import ConstraintsSpec
from handful.brief.coverage import WorseOffSpec
from handful.brief.guardrails import GuardrailsSpec
from handful.brief.schema import Brief, ExperimentSpec, ProfitSpec
from handful.effects.predict import predict_profit
from handful.effects.scores import doubly_robust
from handful.errors import BriefError
from handful.evidence.contrasts import Group, group_means, rows_of_groups
from handful.evidence.records import Estimate
from handful.evidence.worse_off import Comparison, after_falling, fallen, judge, standings
from handful.experiment.records import Experiment, Features, FeatureSchema
from handful.planning.records import Plan
from handful.planning.run import make_plan
from handful.planning.settings import PlanSettings
from handful.policy.artefact import read_policy, write_policy
from handful.policy.decide import decide
from handful.policy.policy import assign, choose_codes
from handful.policy.records import REASONS, GiveWay
from handful.policy.soundness import unsound
from made_experiment import made_experiment

QUICK = PlanSettings(repetitions=1, ladder=False, max_offers=2, studio=False)


def test_a_group_mean_is_hand_worked() -> None:
    rows = np.array([True, True, True, True, False])
    values = np.array([1.0, 3.0, 5.0, 7.0, 100.0])
    cluster = np.array([0, 0, 1, 1, 2])
    found = group_means([Group(rows, values)], cluster, 0)[0]
    assert found is not None
    # Mean 4; clusters move it by (-3 - 1) / 4 and (1 + 3) / 4; 3 clusters of which 3 / 2 counts.
    assert found.value == 4.0
    assert found.se == pytest.approx(np.sqrt((1.0 + 1.0) * 3 / 2))
    assert found.hi - found.value == pytest.approx(1.96 * found.se, rel=0.02)


def test_a_weighted_mean_is_a_ratio() -> None:
    rows, weights = np.array([True, True, False]), np.array([3.0, 1.0, 9.0])
    found = group_means([Group(rows, np.array([1.0, 0.0, 1.0]), weights)], np.arange(3), 0)[0]
    assert found is not None
    assert found.value == 0.75


def test_bands_of_several_groups_are_wider_and_empty_groups_have_none() -> None:
    values = np.random.default_rng(0).normal(size=400)
    halves = [np.arange(400) < 200, np.arange(400) >= 200, np.zeros(400, dtype=bool)]
    one = group_means([Group(halves[0], values)], np.arange(400), 0)[0]
    both = group_means([Group(rows, values) for rows in halves], np.arange(400), 0)
    assert one is not None
    assert both[0] is not None
    assert both[2] is None
    # Sidak for two: 2.236.
    assert (both[0].hi - both[0].value) / both[0].se == pytest.approx(2.236, rel=0.02)
    assert both[0].se == one.se


@pytest.mark.parametrize(
    ("band", "margin", "verdict"),
    [
        ((0.1, 0.5), 0.0, "no_worse"),
        ((-0.1, 0.5), 0.0, "unclear"),
        ((-0.1, 0.5), 0.2, "no_worse"),
        ((-0.5, -0.1), 0.0, "worse"),
        ((-0.5, -0.1), 0.6, "no_worse"),
    ],
)
def test_a_band_is_judged(band: tuple[float, float], margin: float, verdict: str) -> None:
    assert judge(Estimate(sum(band) / 2, 0.1, *band), margin) == verdict


def test_protected_numbers_are_cut_in_four_and_missing_values_left_out() -> None:
    values = np.column_stack([np.arange(8.0), np.array([0, 1, 0, 1, 0, 1, 0, np.nan])])
    schema = FeatureSchema(("income", "sex"), ("number", "category"), ((), ("f", "m")))
    log = replace(made_experiment(8), held_apart=Features(schema, np.asfortranarray(values)))
    groups = dict(rows_of_groups(log, ("income", "sex")))
    assert [name for name in groups if name.startswith("sex")] == ["sex = f", "sex = m"]
    assert groups["sex = m"].sum() == 3
    assert [int(rows.sum()) for name, rows in groups.items() if "income" in name] == [2, 2, 2, 2]
    assert [name for name, _ in rows_of_groups(log, ("sex",))] == ["sex = f", "sex = m"]


def _case(harm: float, n: int = 3_000, seed: int = 0) -> tuple[Comparison, np.ndarray]:
    """Two segments by the sign of a feature: offer 1 gains 1 in the one, loses `harm` in two."""
    log = made_experiment(n, 3, seed=seed)
    rng = np.random.default_rng([seed, 1])
    given = np.where(log.features.values[:, 0] > 0, 1, 2)
    truth = np.zeros((n, 3))
    truth[:, 1], truth[:, 2] = 1.0, -harm
    seen = truth[np.arange(n), log.offer] + rng.normal(size=n)
    mean = np.array([seen[log.offer == g].mean() for g in range(3)])
    scores = doubly_robust(np.tile(mean, (n, 1)), seen, log.offer, log.design.received)
    return Comparison(log, scores, given, np.zeros(n, dtype=np.int64), None, 0), given


def test_the_harmed_segment_falls_and_the_other_does_not() -> None:
    case, _ = _case(0.5)
    assert fallen(case, (1, 2), np.ones(3_000, dtype=bool)) == (2,)
    assert fallen(case, (1, 2), np.ones(3_000, dtype=bool), stay=(2,)) == ()
    after = after_falling(case, np.arange(3_000) % 5, (1, 2))
    assert set(np.unique(after[case.given == 2])) == {0}
    assert np.array_equal(after[case.given == 1], case.given[case.given == 1])


def test_a_fold_is_decided_by_the_others_alone() -> None:
    """One fold's own scores, however bad, do not move that fold's decision."""
    case, given = _case(0.0, n=2_000)
    fold = np.arange(2_000) % 5
    worse = case.scores.copy()
    worse[(fold == 0) & (given == 2), 2] -= 50.0
    after = after_falling(replace(case, scores=worse), fold, (1, 2))
    assert np.array_equal(after[fold == 0], given[fold == 0])
    assert (after[(fold != 0) & (given == 2)] == 0).all()


def test_too_few_rows_say_nothing() -> None:
    case, given = _case(5.0)
    few = np.flatnonzero(given == 2)[:60]
    rows = np.isin(np.arange(3_000), few)
    found = standings(case, [("few", rows), ("all", given == 1)], 0.0)
    assert found[0].verdict == "too_few"
    assert found[0].difference is None
    assert found[1].verdict == "no_worse"


@cache
def _log(harm: float) -> tuple[Experiment, np.ndarray]:
    """Offer b is right for half of the customers; the other half is believed to want c."""
    log = made_experiment(3_000, 3, seed=4)
    x = log.features.values[:, 0] > 0
    truth = np.zeros((3_000, 3))
    truth[:, 1] = np.where(x, 1.0, -1.0)
    truth[:, 2] = np.where(x, -1.0, -harm)
    seen = truth[np.arange(3_000), log.offer] + np.random.default_rng(9).normal(size=3_000)
    log = replace(log, control=0, profit=seen, offers=("none", "b", "c"))
    believed = np.where(x[:, None], [0.0, 0.5, 0.1], [0.0, 0.1, 0.5])
    return log, believed


def _plan(harm: float, settings: PlanSettings = QUICK) -> Plan:
    log, believed = _log(harm)
    return make_plan(log, settings=settings, effects=believed)


@cache
def _harmed() -> Plan:
    return _plan(0.4)


def test_a_planted_harm_falls_back_in_everything_that_is_handed_over() -> None:
    plan = _harmed()
    assert plan.worse_off is not None
    assert plan.worse_off.fell_back == ("c",)
    assert plan.verdict.menu == ("none", "b")
    assert [segment.offer for segment in plan.segments] == ["none", "b"]
    assert plan.policy.give_way == GiveWay((1, 2), 0)
    given = np.bincount(plan.assignment.offer, minlength=3)
    assert given[2] == 0
    assert given[0] > 1_200
    assert "default_is_better" in {REASONS[code] for code in plan.assignment.reason.tolist()}
    assert plan.verdict.reasons[0].startswith("Nobody is left worse off")
    segment = next(one for one in plan.worse_off.segments if one.name == "c")
    assert segment.difference is not None
    assert (
        f"({-segment.difference.hi:.3g} to {-segment.difference.lo:.3g})" in plan.verdict.reasons[0]
    )
    assert plan.worse_off.effect is not None
    assert plan.worse_off.effect.lo > 0
    assert plan.verdict.gain is not None
    gain = plan.verdict.gain
    assert gain.total.value == pytest.approx(gain.better_single.value + gain.targeting.value)


def test_the_value_shown_after_falling_back_is_that_of_the_changed_plan() -> None:
    plan = _harmed()
    point = next(p for p in plan.frontier if p.offers == 2)
    assert point.menu == ("none", "b")
    # Half of the customers gain 1, the others nothing.
    assert point.lo < 0.5 < point.hi
    assert point.certified_gap is None


def test_groups_are_compared_by_what_the_changed_plan_gives() -> None:
    """The other half gets nothing: told by the default, not by the offer that gave way to it."""
    log, believed = _log(0.4)
    x = (log.features.values[:, 0] > 0).astype(float)
    schema = FeatureSchema(("side",), ("category",), (("left", "right"),))
    log = replace(log, held_apart=Features(schema, np.asfortranarray(x[:, None])))
    brief = Brief(
        ExperimentSpec(source="made", offer="offer"),
        ProfitSpec("profit"),
        guardrails=GuardrailsSpec(protected=("side",)),
    )
    plan = make_plan(log, brief=brief, settings=QUICK, effects=believed)
    assert plan.policy.give_way == GiveWay((1, 2), 0)
    assert plan.fairness is not None
    rates = {f.metric: f for f in plan.fairness.frames}["selection_rate"]
    assert [one.value for one in rates.by_group] == pytest.approx([0.0, 1.0])


def test_what_gives_way_is_chosen_by_values_as_by_the_policy() -> None:
    policy, features = _harmed().policy, _log(0.4)[0].features
    decided = assign(policy, features, np.zeros(3_000, dtype=np.int64))
    values = predict_profit(policy.model, features)
    cells = np.ones((3_000, 3), dtype=np.bool_)
    given = choose_codes(values, policy, cells, np.zeros(3_000, dtype=np.int64))
    assert np.array_equal(given, decided.offer)


def test_the_plans_stage_is_that_of_the_changed_plan() -> None:
    plan = _harmed()
    assert plan.stages is not None
    assert plan.fit is not None
    assert plan.verdict.gain is not None
    stage = plan.stages.stages[plan.stages.plan]
    assert stage.menu == ("none", "b")
    assert stage.gain == plan.verdict.gain.total
    assert stage.name == "2 offers, after falling back"
    # Half of the customers are sent something: nobody is sent c.
    assert plan.fit.wasted[0].sends == pytest.approx(0.5, abs=0.05)


def test_an_unharmed_plan_is_left_alone() -> None:
    plan = _plan(-0.4)
    assert plan.worse_off is not None
    assert plan.worse_off.fell_back == ()
    assert plan.policy.give_way is None
    assert {one.verdict for one in plan.worse_off.segments} == {"no_worse"}
    assert next(g for g in plan.guardrails if g.name == "worse_off").verdict == "pass"


@pytest.mark.parametrize(
    "changes",
    [
        {"worse_off": WorseOffSpec(act="warn")},
        {"always": ("c",)},
        {"never": ("none",)},
        {"constraints": ConstraintsSpec(at_least={"c": 1_000.0})},
    ],
)
def test_where_it_may_not_act_the_guardrail_fails(changes: dict[str, object]) -> None:
    plan = _plan(0.4, replace(QUICK, **changes))
    assert plan.worse_off is not None
    assert plan.worse_off.fell_back == ()
    assert plan.policy.give_way is None
    assert "c" in plan.verdict.menu
    found = next(g for g in plan.guardrails if g.name == "worse_off")
    assert found.verdict == "fail"
    assert "'c'" in found.remedy


def test_a_rule_falls_back_by_its_leaves() -> None:
    plan = _plan(0.4, replace(QUICK, by_rule=True))
    assert plan.worse_off is not None
    if plan.worse_off.fell_back:
        assert plan.policy.rule is not None
        assert set(plan.policy.rule.leaves) <= set(plan.policy.menu)
        assert plan.policy.give_way is None
    assert 2 not in plan.assignment.offer


def test_another_default_is_compared_with() -> None:
    plan = _plan(0.4, replace(QUICK, worse_off=WorseOffSpec(default="b")))
    assert plan.worse_off is not None
    assert plan.worse_off.default == "b"
    assert plan.worse_off.fell_back == ()


def test_without_control_the_default_is_the_best_single_offer() -> None:
    log, believed = _log(0.4)
    plan = make_plan(replace(log, control=None), settings=QUICK, effects=believed)
    assert plan.worse_off is not None
    assert not plan.worse_off.fixed
    assert plan.worse_off.default in ("none", "b")


def test_an_unknown_default_is_refused() -> None:
    log, believed = _log(0.4)
    asked = replace(QUICK, worse_off=WorseOffSpec(default="nobody"))
    with pytest.raises(BriefError, match=r"E570.*'nobody'"):
        make_plan(log, settings=asked, effects=believed)


def test_regret_is_held_out_and_claimed_apart() -> None:
    plan = _harmed()
    assert plan.worse_off is not None
    segment = next(one for one in plan.worse_off.segments if one.name == "c")
    assert segment.falls_back
    assert segment.regret is not None
    # The models believe in c, so they claim no regret; held out there is none against themselves.
    assert segment.regret.worst == 0.0
    assert segment.regret.mean.value == 0.0


def test_the_artefact_and_the_plain_reader_give_way_alike(tmp_path) -> None:
    policy = dataclasses.replace(made_policy(), menu=(0, 2, 3), give_way=GiveWay((1, 2, 3), 0))
    features = made_features()
    stratum = np.random.default_rng(0).integers(-1, 3, size=400)
    decided = assign(policy, features, stratum)
    write_policy(policy, tmp_path / "policy", probe=features, probe_stratum=stratum)
    back = read_policy(tmp_path / "policy")
    assert back.give_way == policy.give_way
    again = assign(back, features, stratum)
    assert np.array_equal(decided.offer, again.offer)
    labels = [*policy.strata, "never seen"]
    for row in range(400):
        one = decide(back, labelled(features, row), labels[stratum[row]])
        assert one.offer == policy.model.offers[decided.offer[row]]
        assert one.reason == REASONS[decided.reason[row]]
        assert one.expected_profit == decided.expected_profit[row]
    assert 1 not in decided.offer
    assert 9 in decided.reason


@pytest.mark.parametrize(
    "give_way",
    [
        GiveWay((2, 1), 0),
        GiveWay((), 0),
        GiveWay((1, 9), 0),
        GiveWay((1, 2), 0),
        GiveWay((1, 2, 3), 1),
    ],
)
def test_a_forged_give_way_is_refused(give_way: GiveWay) -> None:
    policy = dataclasses.replace(made_policy(), menu=(0, 2, 3), give_way=give_way)
    assert any(fault.startswith("give_way") for fault in unsound(policy))

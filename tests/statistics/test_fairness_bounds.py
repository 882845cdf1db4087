"""Bounds on differences are kept on customers the plan never saw, through the features alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from handful.brief.fairness import FairnessSpec
from handful.brief.guardrails import GuardrailsSpec
from handful.brief.reader import parse_brief
from handful.brief.schema import Brief, EvidenceSpec
from handful.effects.folds import make_folds
from handful.effects.weighted_amounts import fit_weights, open_weights
from handful.errors import BriefError
from handful.experiment.records import Experiment, Features, FeatureSchema
from handful.experiment.simulate import simulate
from handful.guardrails.fairness_groups import Groups
from handful.guardrails.fairness_proxies import TOGETHER, proxies_of
from handful.planning.records import Plan
from handful.planning.run import make_plan
from handful.planning.settings import settings_of

N = 2_000


def log(*, planted: bool, seed: int = 5) -> Experiment:
    """Offer 1 pays where x is high; x is higher in one group where a difference is planted."""
    drawn = simulate("null", n=N, offers=2, random_state=seed).experiment
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 2, N)
    x = rng.normal(size=N) + 0.9 * group * planted
    values = np.asfortranarray(np.column_stack([x, rng.normal(size=N)]))
    features = Features(FeatureSchema(("x", "y"), ("number",) * 2, ((), ())), values)
    profit = (x + 0.5 * values[:, 1]) * (drawn.offer == 1) + rng.normal(size=N)
    apart = Features(
        FeatureSchema(("sex",), ("category",), (("f", "m"),)),
        np.asfortranarray(group[:, None].astype(float)),
    )
    return replace(drawn, features=features, profit=profit, held_apart=apart)


def brief(**fairness: object) -> Brief:
    made = parse_brief(
        {"experiment": {"source": "made.csv", "offer": "offer"}, "profit": {"per_row": "profit"}}
    )
    return replace(
        made,
        evidence=EvidenceSpec(repetitions=1, folds=4),
        guardrails=GuardrailsSpec(protected=("sex",)),
        fairness=FairnessSpec(**fairness),
    )


def planned(experiment: Experiment, asked: Brief) -> Plan:
    settings = replace(settings_of(asked), ladder=False)
    return make_plan(experiment, brief=asked, settings=settings)


@pytest.fixture(scope="module")
def fair() -> Plan:
    return planned(log(planted=True), brief(selection_rate=0.05))


def rate(plan: Plan):
    assert plan.fairness is not None
    return next(f for f in plan.fairness.frames if f.metric == "selection_rate")


def test_a_planted_difference_is_caught_where_it_is_only_tested() -> None:
    plan = planned(log(planted=True), brief(selection_rate=0.05, enforce=False))
    assert rate(plan).verdict == "fail"
    assert rate(plan).difference.lo > 0.05
    assert "fairness_selection_rate_sex" in {g.name for g in plan.failed}
    assert plan.fairness.curve == ()


def test_no_difference_is_no_failure() -> None:
    plan = planned(log(planted=False), brief(selection_rate=0.05, enforce=False))
    assert rate(plan).verdict != "fail"
    assert rate(plan).difference.lo == 0.0


def test_the_bound_is_met_held_out_within_its_interval(fair: Plan) -> None:
    assert rate(fair).verdict in {"pass", "warn"}
    assert rate(fair).difference.lo <= 0.05
    assert not fair.failed


def test_no_decision_reads_the_group(fair: Plan) -> None:
    assert fair.policy.ranking is not None
    assert "sex" not in fair.policy.ranking.schema.names


def test_the_bound_has_a_price_and_its_use_is_told_held_out(fair: Plan) -> None:
    (use,) = fair.constraints
    assert (use.kind, use.unit, use.bound) == ("within", "difference", 0.05)
    assert use.shadow_price is not None
    assert abs(use.used) <= 0.05 + 1e-9
    assert use.held_out is not None
    assert abs(use.held_out.value) == pytest.approx(rate(fair).difference.value)
    assert use.held_out.se == pytest.approx(rate(fair).difference.se, rel=0.01)


def test_a_wider_bound_costs_less_and_differs_more(fair: Plan) -> None:
    assert fair.fairness is not None
    curve = {point.times: point for point in fair.fairness.curve}
    tight, loose = curve[0.5], curve[None]
    assert tight.cost.value > loose.cost.value == 0.0
    assert tight.cost.lo > 0.0
    assert loose.achieved[0].difference.lo > tight.achieved[0].difference.value
    prices = [point.achieved[0].shadow_price for point in fair.fairness.curve]
    assert prices == sorted(prices, reverse=True)
    assert prices[-1] == 0.0


def test_the_feature_that_carries_the_group_is_named_and_the_other_is_not(fair: Plan) -> None:
    assert fair.fairness is not None
    shown = {proxy.predictor: proxy.shown for proxy in fair.fairness.proxies}
    assert shown["x"]
    assert shown[TOGETHER]
    assert not shown["y"]


def test_a_floor_that_the_bound_leaves_no_room_for_is_named_beside_it() -> None:
    asked = brief(selection_rate=0.02)
    experiment = log(planted=True)
    closed = experiment.design.support.copy()
    split = np.array([0, 1])[(experiment.held_apart.values[:, 0] == 1).astype(int)]
    support = np.array([[True, False], [True, True]]) & closed[0]
    shares = np.repeat(experiment.design.by_stratum, 2, axis=0)
    experiment = replace(
        experiment,
        stratum=split,
        strata=("a", "b"),
        strata_columns=("area",),
        design=replace(experiment.design, support=support, by_stratum=shares),
        population=float(N),
    )
    asked = replace(asked, constraints=replace(asked.constraints, at_least={"offer 1": 900.0}))
    x = experiment.features
    values = np.asfortranarray(np.column_stack([x.values[:, 0], split]))
    experiment = replace(experiment, features=Features(x.schema, values))
    with pytest.raises(BriefError) as refused:
        planned(experiment, asked)
    assert refused.value.findings[0].code == "P730"
    assert "fairness.selection_rate" in str(refused.value)
    assert "at_least.offer 1" in str(refused.value)


def test_learned_weights_are_out_of_fold_and_right_on_average() -> None:
    experiment = log(planted=True)
    groups = Groups("sex", ("f", "m"), experiment.held_apart.values[:, 0].astype(int))
    weights = groups.weights()
    fold = make_folds(experiment.cluster, 4, np.random.default_rng(0))
    shop = open_weights(experiment, weights, fold, learn_rows=10_000, seed=0)
    found = fit_weights(experiment, weights, shop, fold).predicted
    wanted, known = weights[:, 0] - weights[:, 1], found[:, 0] - found[:, 1]
    centred = known - known.mean()
    assert (centred @ wanted) / (centred @ centred) == pytest.approx(1.0, abs=0.15)
    noise = np.random.default_rng(1).integers(0, 2, N)
    unrelated = Groups("sex", ("f", "m"), noise).weights()
    shop = open_weights(experiment, unrelated, fold, learn_rows=10_000, seed=0)
    nothing = fit_weights(experiment, unrelated, shop, fold).predicted
    assert np.std(nothing[:, 0] - nothing[:, 1]) < 0.2 * np.std(known)


def test_proxies_of_nothing_are_not_shown() -> None:
    experiment = log(planted=False)
    rng = np.random.default_rng(3)
    groups = Groups("sex", ("f", "m"), rng.integers(0, 2, N))
    found = proxies_of(experiment, rng.integers(0, 2, N), (groups,), (), 0)
    assert len(found) == 4
    assert not any(proxy.shown for proxy in found)
    assert all(proxy.auc.lo < 0.5 < proxy.auc.hi for proxy in found if proxy.auc.se)

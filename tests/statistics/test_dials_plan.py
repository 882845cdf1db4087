"""Plans of offers with dials: a known optimum found, honest values, no heterogeneity made up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import handful as hf
from handful.effects.crossfit import open_workshop
from handful.effects.dials import fit_nodes
from handful.effects.folds import make_folds
from handful.effects.nodes import weigh_nodes
from handful.effects.predict import predict_profit
from handful.effects.response import make_response
from handful.evidence.polishing import make_space, polished_points, worlds_choices
from handful.evidence.terms import make_terms
from handful.experiment.simulate import simulate
from handful.experiment.simulated_dials import point_profit
from handful.planning.settings import PlanSettings
from handful.policy.policy import assign_codes

QUICK = PlanSettings(max_offers=4, repetitions=1, ladder=False)
DRAWN = simulate("quadratic_dial", n=6_000, random_state=5)


@pytest.fixture(scope="module")
def plan():
    return hf.plan(DRAWN.experiment, max_offers=4, settings=QUICK)


def test_three_polished_offers_earn_most_of_what_is_possible(plan):
    points = np.array(plan.policy.points.values, dtype=float)
    features = DRAWN.experiment.features
    truth = point_profit(DRAWN.settings, features, points)
    three = tuple(plan.policy.model.offers.index(name) for name in plan.menu(3))
    given = assign_codes(predict_profit(plan.policy.model, features), three, None, 0)
    earned = truth[np.arange(len(truth)), given].mean()
    single = truth.mean(axis=0).max()
    assert earned > single + 0.5 * (truth.max(axis=1).mean() - single)


def test_every_way_of_valuing_is_shown(plan):
    found = plan.valuation.dials
    assert [name for name, _ in found.bandwidth] == ["t"]
    assert len(found.values) == 8
    by_way = {v.way: v.estimate for v in found.values if v.policy == "best_single"}
    assert by_way["kernel, h"].se < by_way["kernel, h / 2"].se
    single = plan.reference.best_single
    # the same split, so the same number; its band is wider by the noise of the choice
    assert by_way["kernel, h"].value == pytest.approx(single.value, rel=1e-6)
    assert by_way["kernel, h"].se <= single.se * (1 + 1e-9)


def test_polished_offers_are_sayable_and_have_a_name(plan):
    for name in plan.menu(3):
        assert name.startswith("t ")
        value = float(name.split()[1])
        assert round(value * 100) == pytest.approx(value * 100)
    assert len(set(plan.policy.model.offers)) == len(plan.policy.model.offers)
    assert plan.policy.support.shape == (1, len(plan.policy.model.offers))


def test_the_same_log_and_seed_give_the_same_plan():
    log = simulate("quadratic_dial", n=1_200, random_state=7).experiment
    first, again = (hf.plan(log, max_offers=2, settings=QUICK) for _ in range(2))
    assert again.frontier == first.frontier
    assert np.array_equal(again.assignment.offer, first.assignment.offer)


def _worlds(log, fold, nodes):
    shop = open_workshop(log, fold, learn_rows=10**6, random_state=0, nodes=nodes)
    fit = fit_nodes(log, shop, nodes, fold)
    terms = make_terms(log, max_offers=3)
    space = make_space(log, nodes.response, ())
    return fit, worlds_choices(log, space, terms, fit)


def test_no_bit_of_a_folds_outcomes_reaches_the_offers_it_is_valued_with():
    log = simulate("promotions_dials", n=1_500, random_state=6).experiment
    fold = make_folds(log.cluster, 5, np.random.default_rng(0))
    nodes = weigh_nodes(log, make_response(log))
    before, chosen = _worlds(log, fold, nodes)
    profit = log.profit.copy()
    mine = fold == 2
    profit[mine] = np.random.default_rng(1).permutation(profit[mine])
    after, again = _worlds(replace(log, profit=profit), fold, nodes)
    assert np.array_equal(before.predicted[mine], after.predicted[mine])
    assert np.array_equal(before.worlds[2].scores, after.worlds[2].scores)
    assert chosen[2] == again[2]
    assert not np.array_equal(before.predicted[~mine], after.predicted[~mine])
    assert polished_points(chosen[2]) == polished_points(again[2])


def test_without_heterogeneity_one_offer_is_for_everybody():
    """Everybody's profit is the same curve in t: at most one false alarm in 5 plans."""
    alarms = 0
    for seed in range(5):
        drawn = simulate("quadratic_dial", n=1_200, random_state=40 + seed)
        log = drawn.experiment
        t = log.dials.received[:, 0]
        noise = np.random.default_rng(seed).normal(size=log.n_rows)
        plan = hf.plan(
            replace(log, profit=2.0 * t - 2.0 * t**2 + noise),
            max_offers=3,
            settings=replace(QUICK, max_offers=3),
        )
        alarms += plan.verdict.kind == "handful"
    assert alarms <= 1


def test_effects_made_elsewhere_and_any_policy_are_valued_on_dials_too():
    drawn = simulate("quadratic_dial", n=1_500, random_state=8)
    log = drawn.experiment
    given = hf.plan(log, effects=drawn.truth, max_offers=2, settings=QUICK)
    truth = drawn.truth.max(axis=1).mean()
    assert given.reference.one_to_one.lo < truth < given.reference.one_to_one.hi
    half = log.offers.index("t 0.5")
    found = hf.evaluate(log, policy=np.full(log.n_rows, half))
    assert abs(found.value - drawn.truth[:, half].mean()) < 4 * found.se

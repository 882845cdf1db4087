"""Offers with dials under limits: kept exactly, priced, and used held out as the truth has it."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from handful.brief.constraints import ConstraintsSpec
from handful.errors import BriefError
from handful.evidence.limit_use import held_out_use
from handful.evidence.limits import codes_by_fold, fold_rows, limited_allocation
from handful.evidence.terms import make_terms
from handful.experiment.given import turn
from handful.experiment.records import Amount, Experiment
from handful.experiment.simulate import simulate
from handful.planning.constrained import AmountSplits
from handful.planning.dials import plan_limited_dials
from handful.planning.limiting import with_limits
from handful.planning.run import make_plan
from handful.planning.settings import PlanSettings
from handful.planning.splits import OwnSplits
from handful.policy.policy import assign
from handful.progress import SILENT

N = 2_000
POPULATION = 10_000.0
BUDGET = 3_000.0
SPEC = ConstraintsSpec(budget=BUDGET, cost="cost", capacity=MappingProxyType({"t 0.5": 1_500.0}))


def log() -> Experiment:
    """Half of the customers take the offer up, and only then it costs what the dial says."""
    drawn = turn(simulate("quadratic_dial", n=N, random_state=5).experiment, {"t": (0, 1, 0.1)})
    taken = np.random.default_rng(0).random(N) < 0.5
    cost = 2.0 * drawn.dials.received[:, 0] * taken
    return replace(drawn, population=POPULATION, amounts=(Amount("budget", cost),))


def settings(spec: ConstraintsSpec) -> PlanSettings:
    return PlanSettings(repetitions=1, folds=4, ladder=False, max_offers=3, constraints=spec)


@pytest.fixture(scope="module")
def plan():
    return make_plan(log(), settings=settings(SPEC))


def test_the_log_keeps_the_limits_exactly_and_the_price_is_positive(plan):
    uses = {use.name: use for use in plan.constraints}
    assert set(uses) == {"budget", "capacity.t 0.5"}
    assert 0.99 * BUDGET < uses["budget"].used <= BUDGET * (1 + 1e-9)
    assert uses["budget"].shadow_price > 0
    given = np.array(plan.policy.model.offers)[plan.assignment.offer]
    assert np.sum(given == "t 0.5") * POPULATION / N <= 1_500
    assert uses["capacity.t 0.5"].used == np.sum(given == "t 0.5") * POPULATION / N
    assert plan.allocation.value <= plan.allocation.bound + 1e-9
    assert plan.allocation.gap <= 0.01 * abs(plan.allocation.bound)


def test_the_policy_pays_the_prices_by_itself(plan):
    drawn = log()
    decided = assign(plan.policy, drawn.features, drawn.stratum)
    assert np.mean(decided.offer == plan.assignment.offer) > 0.97


def test_held_out_use_covers_the_truth_and_more_budget_is_never_worse():
    drawn, asked = log(), settings(SPEC)
    terms = with_limits(make_terms(drawn, max_offers=3), drawn, SPEC)
    own = OwnSplits(drawn, asked, 0, SILENT)
    splits = AmountSplits(drawn, asked, terms, 0, SILENT)
    made, amounts = plan_limited_dials(own, terms, None, splits)
    first, limits = made.evidence.first, replace(terms.limits, inward=False)
    given = codes_by_fold(drawn, first, terms.allowed, limits, terms.fallback)
    use = held_out_use(drawn, first, given, terms, limits.rules[0])
    truth = drawn.dials.candidates[given, 0].mean() * POPULATION
    assert use.value - 3 * use.se < truth < use.value + 3 * use.se
    assert use.se < 0.1 * BUDGET
    assert amounts.models()[0].model.constant.shape == (drawn.n_offers,)

    rows = fold_rows(drawn, first, np.arange(N))
    values = []
    for budget in np.linspace(0.0, 6_000.0, 7):
        rule = replace(limits.rules[0], high=budget)
        found = limited_allocation(rows, terms.allowed, replace(limits, rules=(rule,)))
        values.append(found.value)
    assert np.all(np.diff(values) >= -1e-9)
    assert values[-1] > values[0]


def test_a_cost_that_the_point_settles_is_known():
    drawn = log()
    always = replace(drawn, amounts=(Amount("budget", 2.0 * drawn.dials.received[:, 0]),))
    made = make_plan(always, settings=settings(ConstraintsSpec(budget=BUDGET, cost="cost")))
    spent = always.dials.candidates[made.assignment.offer, 0].sum() * 2.0 * POPULATION / N
    assert spent <= BUDGET * (1 + 1e-9)
    assert made.constraints[0].used == pytest.approx(spent)


def test_a_volume_that_must_go_out_goes_out():
    spec = ConstraintsSpec(at_least=MappingProxyType({"t 1": 500.0}), coverage_floor=0.4)
    made = make_plan(replace(log(), amounts=()), settings=settings(spec))
    given = np.array(made.policy.model.offers)[made.assignment.offer]
    assert np.sum(given == "t 1") * POPULATION / N >= 500
    assert np.mean(given != "t 0") >= 0.4
    assert all("t 1" in point.menu for point in made.frontier)


def test_a_point_that_is_no_candidate_is_refused():
    spec = ConstraintsSpec(capacity=MappingProxyType({"t 7": 500.0}))
    with pytest.raises(BriefError, match="t 7"):
        make_plan(replace(log(), amounts=()), settings=settings(spec))

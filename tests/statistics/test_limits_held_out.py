"""What a plan under limits is said to be worth is what it earns within them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from handful.brief.constraints import ConstraintsSpec
from handful.experiment.records import Experiment
from handful.experiment.simulate import simulate
from handful.notation import FloatArray
from handful.planning.records import Plan
from handful.planning.run import make_plan
from handful.planning.settings import PlanSettings

N = 3_000


def log(effects: FloatArray) -> Experiment:
    """Three offers at random; `effects` (2, 3) of customers below and above the median of x."""
    drawn = simulate("null", n=N, offers=3, random_state=3).experiment
    x = drawn.features.values[:, 0]
    above = (x > np.median(x)).astype(int)
    profit = effects[above, drawn.offer] + np.random.default_rng(0).normal(size=N)
    return replace(drawn, profit=profit, population=float(N))


def planned(effects: FloatArray, spec: ConstraintsSpec) -> Plan:
    asked = PlanSettings(repetitions=1, folds=4, ladder=False, max_offers=2, constraints=spec)
    return make_plan(log(effects), settings=asked)


def test_one_offer_is_valued_within_a_floor_that_makes_it_reach_those_it_harms() -> None:
    plan = planned(
        np.array([[0.0, -0.5, -0.8], [0.0, 1.0, -0.8]]), ConstraintsSpec(coverage_floor=0.9)
    )
    earned = 0.5 * 1.0 - 0.4 * 0.5
    one = plan.frontier[0]
    assert (one.offers, one.menu) == (1, ("offer 1",))
    assert np.mean(plan.assignment.offer == 1) >= 0.9
    assert one.lo <= earned <= one.hi
    best = plan.reference.best_single
    assert best.lo <= earned <= best.hi


def test_a_floor_that_the_best_offer_does_not_count_for_is_met_by_another() -> None:
    spec = ConstraintsSpec(coverage_floor=0.5, acceptable=("offer 2",))
    plan = planned(np.array([[0.0, 1.0, -1.0]] * 2), spec)
    sizes = {point.offers: point for point in plan.frontier}
    assert sizes[1].menu == ("offer 2",)
    assert sizes[1].lo <= -0.5 <= sizes[1].hi
    assert sizes[2].lo <= 0.0 <= sizes[2].hi
    assert plan.verdict.menu == ("offer 1", "offer 2")
    assert np.mean(plan.assignment.offer == 2) >= 0.5

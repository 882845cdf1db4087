"""End to end: no plan offers a price where it was never tried, though profit rises in price."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import handful as hf
from handful.experiment.records import Experiment
from handful.planning.settings import PlanSettings

N = 3_000
CAP = {"low": 5.0, "high": 10.0}


def rising_prices(seed):
    rng = np.random.default_rng(seed)
    site = rng.choice(["low", "high"], N)
    most = np.where(site == "low", CAP["low"], CAP["high"])
    price = np.round(1.0 + rng.uniform(size=N) * (most - 1.0), 1)
    taste = rng.normal(size=N)
    profit = price * (1.0 + 0.3 * taste) + rng.normal(size=N)
    return pa.table({"price": price, "site": site, "taste": taste, "y": profit})


@pytest.fixture(scope="module")
def planned():
    table = rising_prices(0)
    log = Experiment.from_frame(
        table,
        offer=["price"],
        profit="y",
        features=["taste"],
        strata=["site"],
        dials={"price": (1.0, 10.0, 0.25)},
    )
    settings = PlanSettings(repetitions=1, ladder=False)
    return table, hf.plan(log, max_offers=3, settings=settings)


def test_no_plan_offers_a_price_that_the_stratum_never_tried(planned):
    table, plan = planned
    price = np.array([point[0] for point in plan.policy.points.values])
    given = price[plan.assignment.offer]
    site = np.array(table["site"].to_pylist())
    assert given[site == "low"].max() <= CAP["low"]
    assert given[site == "high"].max() > CAP["low"]
    for s, label in enumerate(plan.policy.strata):
        assert not plan.policy.support[s, price > CAP[label] + 1e-9].any()


def test_new_customers_are_not_offered_it_either(planned):
    _, plan = planned
    rng = np.random.default_rng(1)
    fresh = pa.table({"site": ["low"] * 150 + ["high"] * 50, "taste": rng.normal(size=200)})
    prices = plan.assign(fresh)["price"].to_pylist()
    assert max(prices[:150]) <= CAP["low"] < max(prices[150:])


def test_every_menu_entry_lies_on_the_lattice(planned):
    _, plan = planned
    for point in plan.frontier:
        for name in point.menu:
            value = float(name.removeprefix("price "))
            assert (value - 1.0) / 0.25 == pytest.approx(round((value - 1.0) / 0.25))

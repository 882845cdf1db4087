"""False alarms and power of the balance checks along dials."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from handful.experiment.checks import check_experiment
from handful.experiment.checks.dial_balance import balance_of
from handful.experiment.propensity import dial_cells, estimate_propensity
from handful.experiment.records import Experiment
from handful.experiment.simulate import SCENARIOS, simulate

DESIGNS = {
    "one dial": SCENARIOS["quadratic_dial"],
    "clusters": replace(SCENARIOS["promotions_dials"], cluster_size=4),
    "strata": replace(SCENARIOS["promotions_dials"], strata=3, closed_cell=True),
}


@pytest.mark.parametrize("name", DESIGNS)
def test_a_fair_draw_fails_as_often_as_stated(name):
    found = [
        b.p_value
        for seed in range(60)
        for b in balance_of(simulate(DESIGNS[name], n=1_000, random_state=seed).experiment)
    ]
    for level in (0.05, 0.01):
        error = (level * (1 - level) / len(found)) ** 0.5
        assert abs(np.mean(np.array(found) < level) - level) < 4.0 * error + 0.1 * level


def log(rng, shape, n=3_000, **given):
    x = rng.normal(size=n)
    price = {
        "fair": rng.uniform(size=n),
        "rising": rng.normal(size=n) + 0.3 * x,
        "bent": np.where(x > 0.5, rng.uniform(0.3, 0.7, n), rng.uniform(size=n)),
    }[shape]
    columns = {"price": price, "x": x, "z": rng.normal(size=n), "y": rng.normal(size=n)}
    columns |= {"gone": rng.random(n) < 1 / (1 + np.exp(2.0 - 0.5 * x)), "p": np.ones(n)}
    if given.pop("null", False):
        columns["price"] = pa.array(price, mask=columns["gone"])
        given["control"] = "null"
    return Experiment.from_frame(
        pa.table(columns), offer=["price"], profit="y", features=["x", "z"], **given
    )


@pytest.mark.parametrize("shape", ["rising", "bent"])
def test_an_offer_that_follows_a_feature_is_called(shape):
    result = check_experiment(log(np.random.default_rng(1), shape))
    assert result.blocked
    (finding,) = [f for f in result.findings if f.level == "block"]
    assert finding.code == "C441"
    assert "'x'" in finding.message
    assert "under 'price " in finding.message


def test_who_got_no_offer_at_all_is_tested_too():
    result = check_experiment(log(np.random.default_rng(2), "fair", null=True))
    assert result.blocked
    assert "under 'no offer'" in result.findings[0].message


def test_a_fair_log_passes_and_says_nothing_of_shares():
    result = check_experiment(log(np.random.default_rng(3), "fair"))
    assert not result.blocked
    assert not any(f.code in {"C430", "C433", "C461", "C452", "C453"} for f in result.findings)


def test_logged_densities_that_explain_the_draw_pass():
    rng = np.random.default_rng(4)
    n = 6_000
    x = rng.normal(size=n)
    slope = np.tanh(x)  # density 1 + slope (2 t - 1) on (0, 1)
    u = rng.uniform(size=n)
    price = (-(1 - slope) + np.sqrt((1 - slope) ** 2 + 4 * slope * u)) / (2 * slope)
    columns = {"price": price, "x": x, "y": rng.normal(size=n)}
    columns["p"] = 1.0 + slope * (2.0 * price - 1.0)
    given = {"offer": ["price"], "profit": "y", "features": ["x"]}
    fair = Experiment.from_frame(pa.table(columns), propensity="column:p", **given)
    assert not check_experiment(fair).blocked
    assert check_experiment(Experiment.from_frame(pa.table(columns), **given)).blocked


def test_estimated_densities_mend_an_observational_log():
    rng = np.random.default_rng(5)
    given = {"propensity": "estimate", "accept_observational": True}
    rising = log(rng, "rising", n=6_000, **given)
    cells = dial_cells(rising.dials)
    assert np.bincount(cells).tolist() == [600] * 10
    before = {b.name: b for b in balance_of(rising)}
    after = {b.name: b for b in balance_of(estimate_propensity(rising))}
    assert before["x"].p_value < 1e-20
    assert after["x"].difference < 0.3 * before["x"].difference
    result = check_experiment(rising)
    assert not result.blocked
    assert result.experiment.design.observational

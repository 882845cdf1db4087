from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from handful.brief.reader import parse_brief
from handful.effects.response import make_response
from handful.errors import BriefError, DataError
from handful.evidence.polishing import make_space
from handful.experiment.dial_support import dial_support
from handful.experiment.dials import axes, product
from handful.experiment.frames import read_frame
from handful.experiment.given import turn
from handful.experiment.records import Experiment

N = 4_000


def frame(**columns):
    rng = np.random.default_rng(3)
    given = {
        "rate": np.round(rng.integers(0, 41, N) * 0.25 + 2.0, 2),
        "fee": rng.integers(0, 5, N) * 10.0,
        "age": rng.normal(size=N),
        "site": rng.choice(["east", "west"], N),
        "y": rng.normal(size=N),
    }
    return pa.table({**given, **columns})


def read(table, offer=("rate",), **given):
    keys = {"profit": "y", "features": ["age"], **given}
    return Experiment.from_frame(table, offer=list(offer), **keys)


def test_the_lattice_is_all_sayable_points_of_the_box():
    log = read(frame(), dials={"rate": (3.0, 6.0, 0.5)}, control={"rate": 2.0})
    assert log.offers == (
        "rate 2", "rate 3", "rate 3.5", "rate 4", "rate 4.5", "rate 5", "rate 5.5", "rate 6",
    )  # fmt: skip
    assert log.control == 0
    assert log.design.support.all()
    near = np.abs(log.dials.received - log.dials.candidates[log.offer])[:, 0]
    best = np.abs(log.dials.received - log.dials.candidates.T).min(axis=1)
    assert np.allclose(near, best)
    assert np.isclose(log.design.by_stratum.sum(), 1.0)
    assert np.allclose(log.design.received, log.design.by_stratum[0, log.offer])


def test_a_wide_lattice_is_thinned_to_points_of_the_lattice():
    log = read(frame(), ("rate", "fee"), dials={"rate": (2, 12, 0.25), "fee": (0, 40, 5)})
    assert 60 <= log.n_offers <= 120
    all_points = product(axes(log.dials))
    assert len(all_points) == 41 * 9
    for point in log.dials.candidates:
        assert (np.abs(all_points - point).max(axis=1) < 1e-9).any()
    assert {2.0, 12.0} <= set(log.dials.candidates[:, 0])


def test_without_an_increment_few_tried_points_are_the_candidates():
    table = frame(rate=np.resize([40.0, 60.0, 100.0, 500.0], N))
    log = read(table)
    assert log.offers == ("rate 40", "rate 60", "rate 100", "rate 500")
    assert axes(log.dials)[0].tolist() == [40.0, 60.0, 100.0, 500.0]


def test_without_an_increment_many_tried_points_give_round_steps():
    rng = np.random.default_rng(0)
    log = read(frame(rate=rng.uniform(0.0, 9.7, N)))
    values = log.dials.candidates[:, 0]
    assert np.allclose(values, np.round(values, 1))
    assert 50 <= log.n_offers <= 100


def test_no_offer_is_an_empty_cell_under_null():
    rate = np.array(frame()["rate"])
    gone = np.arange(N) % 5 == 0
    table = frame(rate=pa.array(rate, mask=gone))
    log = read(table, control="null", dials={"rate": (None, None, 1.0)})
    assert log.offers[0] == "no offer"
    assert np.array_equal(log.offer == 0, gone)
    assert np.isnan(log.dials.candidates[0, 0])
    assert dial_support(log, np.array([[np.nan]])).tolist() == [[True]]
    assert log.n_rows == N


def test_few_texts_are_a_dial_of_levels():
    table = frame(site=np.resize(["slow", "express"], N))
    log = read(table, ("rate", "site"), dials={"rate": (2, 12, 2.0)})
    assert log.dials.levels == ((), ("express", "slow"))
    assert "rate 4, site express" in log.offers
    assert axes(log.dials)[1].tolist() == [0.0, 1.0]
    between = dial_support(log, np.array([[4.0, 0.5], [4.0, 1.0]]))
    assert between.tolist() == [[False, True]]
    received = log.dials.received
    assert np.array_equal(received[:, 1], log.dials.candidates[log.offer, 1])


def test_a_control_and_an_offer_to_keep_may_name_levels():
    table = frame(site=np.resize(["slow", "express"], N))
    tables = {
        "experiment": {
            "source": "f",
            "offer": ["rate", "site"],
            "features": ["age"],
            "control": {"rate": 2.0, "site": "slow"},
        },
        "profit": {"per_row": "y"},
        "menu": {"rate": {"increment": 2.5}, "always": [{"site": "express", "rate": 4.5}]},
    }
    log = read_frame(table, parse_brief(tables))
    assert log.offers[:2] == ("rate 2, site slow", "rate 4.5, site express")
    assert log.control == 0
    tables["experiment"]["control"]["site"] = "west"
    with pytest.raises(BriefError, match=r"B122: experiment.control .*\(rate 2, site west\)"):
        read_frame(table, parse_brief(tables))


def test_true_and_false_and_small_whole_numbers_have_steps_of_one():
    rng = np.random.default_rng(1)
    table = frame(free=rng.random(N) < 0.5, visits=rng.integers(1, 5, N))
    log = read(table, ("free", "visits"))
    assert log.dials.increment.tolist() == [1.0, 1.0]
    assert log.n_offers == 8
    assert log.offers[0] == "free 0, visits 1"


@pytest.mark.parametrize(
    ("columns", "given", "code", "says"),
    [
        ({}, {"dials": {"rate": (1.0, None, None)}}, "B117", "min = 1 was never tried: 2 to 12"),
        ({}, {"dials": {"rate": (None, 13.0, 0.5)}}, "B117", "max = 13 was never tried"),
        ({}, {"dials": {"rate": (None, None, 30.0)}}, "B117", "increment = 30 is wider"),
        ({"rate": np.ones(N)}, {}, "B117", "one value"),
        ({"rate": [f"t{i}" for i in range(N)]}, {}, "B117", "4000 different texts"),
        ({"rate": ["a", "b"] * (N // 2)}, {"dials": {"rate": (0, 1, None)}}, "B117", "text levels"),
        ({}, {"control": {"rate": 2.1}}, "B122", "(rate 2.1) that no row received"),
        ({}, {"control": "null"}, "B122", "no row is empty in rate"),
        ({"rate": [None, 1.0, 2.0, 3.0] * (N // 4)}, {}, "S235", "1000 rows have no value"),
    ],
)
def test_what_does_not_fit_the_log_is_said(columns, given, code, says):
    with pytest.raises((BriefError, DataError)) as caught:
        read(frame(**columns), **given)
    assert code in [finding.code for finding in caught.value.findings]
    assert says in str(caught.value)


def test_all_that_is_wrong_is_said_at_once():
    table = frame(rate=np.ones(N), fee=[None, 1.0] * (N // 2))
    with pytest.raises(DataError) as caught:
        read(table, ("rate", "fee"), profit="1 / (y - y)")
    found = {finding.code for finding in caught.value.findings}
    assert {"B117", "S235", "S213"} <= found


def test_half_an_offer_is_no_offer():
    table = frame(rate=[None, 1.0, 2.0, 3.0] * (N // 4), fee=[None, None, 0.0, 1.0] * (N // 4))
    with pytest.raises(DataError, match="S235: 1000 rows have no value in rate, fee"):
        read(table, ("rate", "fee"), control="null")


def test_a_logged_density_is_scaled_to_shares_of_each_cell():
    rng = np.random.default_rng(5)
    density = rng.uniform(0.5, 1.5, N) * 3.0
    log = read(frame(p=density), propensity="column:p", dials={"rate": (2, 12, 1.0)})
    received = log.design.received
    weight = np.bincount(log.offer, weights=1.0 / received) / N
    assert log.design.kind == "column"
    assert np.allclose(weight, 1.0)
    for g in range(log.n_offers):
        mine = log.offer == g
        assert np.ptp((received / density)[mine]) < 1e-9
    with pytest.raises(DataError, match="above 0, on every row; found 1 negative"):
        read(frame(p=np.where(np.arange(N) == 7, -1.0, density)), propensity="column:p")


def test_the_same_customer_at_two_points_is_a_crossover():
    table = frame(who=np.repeat(np.arange(N // 2), 2))
    with pytest.raises(DataError, match="S216"):
        read(table, customer="who", unit="customer")


def test_a_plan_may_turn_the_dials_of_a_log_anew():
    log = read(frame(), dials={"rate": (2, 12, 1.0)}, control={"rate": 2.0})
    turned = turn(log, {"rate": (4.0, 8.0, 2.0)})
    assert turned.offers == ("rate 2", "rate 4", "rate 6", "rate 8")
    again = read(frame(), dials={"rate": (4, 8, 2.0)}, control={"rate": 2.0})
    assert np.array_equal(turned.offer, again.offer)
    assert np.array_equal(turned.design.support, again.design.support)
    with pytest.raises(BriefError, match="dials names fee"):
        turn(log, {"fee": (0, 1, None)})
    with pytest.raises(DataError, match="max = 20 was never tried"):
        turn(log, {"rate": (2, 20, None)})


def test_a_control_outside_the_box_opens_nothing_else_there():
    rng = np.random.default_rng(7)
    none = rng.random(N) < 0.2
    table = frame(
        rate=np.where(none, 0.0, rng.integers(0, 9, N) * 0.5),
        fee=np.where(none, 0.0, rng.integers(0, 5, N) * 10.0),
    )
    log = read(
        table,
        ("rate", "fee"),
        dials={"rate": (1.0, 4.0, 0.5), "fee": (10, 40, 10)},
        control={"rate": 0, "fee": 0},
    )
    assert log.offers[0] == "rate 0, fee 0"
    assert (log.dials.candidates[1:] >= [1.0, 10.0]).all()
    space = make_space(log, make_response(log), ())
    outside = (space.points < [1.0, 10.0]).any(axis=1)
    assert outside.any()
    openly = space.points[outside & space.lattice.open.any(axis=0)]
    assert openly.tolist() == [[0.0, 0.0]]

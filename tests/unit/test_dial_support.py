from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from handful.experiment.dial_support import dial_support
from handful.experiment.records import Experiment

N = 6_000


def priced(seed=0):
    """Stratum "low" never tried a price above 5; profit rises in the price everywhere."""
    rng = np.random.default_rng(seed)
    site = rng.choice(["high", "low"], N)
    price = np.where(site == "low", rng.uniform(1, 5, N), rng.uniform(1, 10, N))
    return pa.table(
        {
            "price": np.round(price, 1),
            "site": site,
            "x": rng.normal(size=N),
            "y": price + rng.normal(size=N),
        }
    )


def read(table, offer, **given):
    return Experiment.from_frame(table, offer=list(offer), profit="y", features=["x"], **given)


def test_a_price_never_tried_in_a_stratum_is_closed_there():
    log = read(priced(), ["price"], strata=["site"], dials={"price": (1.0, 10.0, 0.5)})
    low = log.strata.index("low")
    above = log.dials.candidates[:, 0] > 5.0
    assert not log.design.support[low, above].any()
    assert log.design.support[low, ~above].all()
    assert log.design.support[1 - low].all()
    assert any(f.code == "D313" and "'low' (open: price 1 to 5)" in f.message for f in log.findings)
    everywhere = np.linspace(5.05, 30.0, 60)[:, None]
    assert not dial_support(log, everywhere)[low].any()


def test_a_hole_in_the_middle_is_closed_though_it_lies_within_the_range():
    rng = np.random.default_rng(1)
    price = np.where(rng.random(N) < 0.5, rng.uniform(0, 1, N), rng.uniform(9, 10, N))
    log = read(pa.table({"price": price, "x": rng.normal(size=N), "y": price}), ["price"])
    points = np.array([[0.5], [5.0], [9.5]])
    assert dial_support(log, points).tolist() == [[True, False, True]]


def test_two_dials_are_closed_outside_their_hull():
    rng = np.random.default_rng(2)
    a = rng.uniform(0, 1, N)
    b = rng.uniform(0, 1, N) * (1.0 - a)  # a triangle: never both high
    log = read(pa.table({"a": a, "b": b, "x": rng.normal(size=N), "y": a}), ["a", "b"])
    points = np.array([[0.3, 0.3], [0.7, 0.7], [0.05, 0.9], [0.9, 0.9], [-0.1, 0.1]])
    assert dial_support(log, points).tolist() == [[True, False, True, False, False]]
    assert not (log.dials.candidates.sum(axis=1) > 1.0 + 1e-9).any()


def test_a_stratum_that_tried_one_line_is_open_on_that_line_alone():
    rng = np.random.default_rng(3)
    site = rng.choice(["line", "plane"], N)
    a = rng.uniform(0, 1, N)
    b = np.where(site == "line", 0.5, rng.uniform(0, 1, N))
    table = pa.table({"a": a, "b": b, "site": site, "x": rng.normal(size=N), "y": a})
    log = read(table, ["a", "b"], strata=["site"])
    line = log.strata.index("line")
    found = dial_support(log, np.array([[0.4, 0.5], [0.4, 0.6]]))
    assert found[line].tolist() == [True, False]
    assert found[1 - line].tolist() == [True, True]


def test_three_dials_have_a_hull_too():
    rng = np.random.default_rng(4)
    dials = rng.uniform(0, 1, (N, 3))
    table = pa.table(
        {f"d{j}": dials[:, j] for j in range(3)} | {"x": dials[:, 0], "y": dials[:, 1]}
    )
    log = Experiment.from_frame(
        table, offer=["d0", "d1", "d2"], profit="y", features=["x"],
    )  # fmt: skip
    found = dial_support(log, np.array([[0.5, 0.5, 0.5], [0.5, 0.5, 1.01]]))
    assert found.tolist() == [[True, False]]
    assert log.n_offers <= 120


@pytest.mark.parametrize("rows", [300, 3_000])
def test_too_few_rows_near_close_a_point(rows):
    rng = np.random.default_rng(5)
    price = rng.uniform(0, 1, rows)
    price[:10] = rng.uniform(9, 10, 10)  # ten rows far off make a wide hull
    log = read(pa.table({"price": price, "x": rng.normal(size=rows), "y": price}), ["price"])
    assert dial_support(log, np.array([[0.5], [9.5], [5.0]])).tolist() == [[True, False, False]]


def test_the_control_follows_the_rule_of_names():
    price = np.random.default_rng(6).uniform(0, 1, N)
    few = np.arange(N) < 49
    table = pa.table({"price": pa.array(price, mask=few), "x": price, "y": price})
    log = read(table, ["price"], control="null")
    assert dial_support(log, np.array([[np.nan], [0.5]])).tolist() == [[False, True]]
    assert not log.design.support[0, 0]

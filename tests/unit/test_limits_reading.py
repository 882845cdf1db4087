"""Costs, outcomes and eligibility read from a frame, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pytest

from handful.brief.reader import parse_brief
from handful.errors import BriefError, DataError
from handful.experiment.frames import read_frame
from handful.experiment.records import Experiment
from handful.experiment.sources import stream_customers

N = 600


def shop() -> pa.Table:
    rng = np.random.default_rng(0)
    arm = np.array(["none", "mail", "call"])[np.arange(N) % 3]
    return pa.table(
        {
            "arm": arm,
            "age": rng.integers(18, 80, N),
            "town": np.array(["Ulm", "Bern"])[rng.integers(0, 2, N)],
            "holds": rng.integers(0, 2, N),
            "minutes": np.where(arm == "call", rng.random(N) * 9, 0.0),
            "spend": rng.random(N),
        }
    )


def read(limits: Mapping[str, object], **experiment: object) -> Experiment:
    tables = {
        "experiment": {"source": "the frame", "offer": "arm", "control": "none", **experiment},
        "profit": {"per_row": "spend"},
        "constraints": limits,
    }
    return read_frame(shop(), parse_brief(tables))


def test_costs_and_outcomes_are_read_beside_profit_and_are_no_features() -> None:
    caps = {"long": {"outcome": "minutes > 5", "at_most": 0.1}}
    log = read({"budget": 9, "cost": "0.5 * minutes", "caps": caps})
    assert [amount.name for amount in log.amounts] == ["budget", "caps.long"]
    minutes = shop().column("minutes").to_numpy()
    assert log.amounts[0].values == pytest.approx(0.5 * minutes)
    assert log.amounts[1].values.tolist() == (minutes > 5).astype(float).tolist()
    assert "minutes" not in log.features.schema.names


def test_amounts_follow_the_rows_that_are_taken() -> None:
    log = read({"budget": 9, "cost": "minutes"})
    kept = log.take(np.arange(10, 20))
    assert kept.amounts[0].values.tolist() == log.amounts[0].values[10:20].tolist()


def test_amounts_of_a_customers_rows_are_added_up_like_profit() -> None:
    log = read(
        {"budget": 9, "cost": "minutes"}, customer="age", unit="customer", crossovers="first"
    )
    assert len(log.amounts[0].values) == log.n_rows
    assert log.amounts[0].values.max() > 9  # several calls of one customer


def test_who_may_not_get_an_offer_has_it_closed() -> None:
    log = read({"eligible": {"call": "age >= 40"}, "never_together": [["mail", "holds = 1"]]})
    frame = shop()
    age, holds = frame.column("age").to_numpy(), frame.column("holds").to_numpy()
    names = list(log.offers)
    assert log.open_cells[:, names.index("call")].tolist() == (age >= 40).tolist()
    assert log.open_cells[:, names.index("mail")].tolist() == (holds != 1).tolist()
    assert log.open_cells[:, names.index("none")].all()


def test_new_customers_are_asked_the_same_conditions() -> None:
    log = read({"eligible": {"call": "age >= 40"}}, features=["town"])
    customers = pa.table({"age": [30, 50, None], "town": ["Ulm", "Bern", "Ulm"]})
    (block,) = stream_customers(
        customers,
        schema=log.features.schema,
        strata_columns=log.strata_columns,
        strata=log.strata,
        derived=dict(log.eligibility),
    )
    call = list(log.offers).index("call")
    assert log.design.support[block.stratum, call].tolist() == [False, True, False]


def test_a_pair_of_offers_is_no_condition() -> None:
    assert read({"never_together": [["mail", "call"]]}).eligibility == ()


@pytest.mark.parametrize(
    ("limits", "code", "words"),
    [
        ({"budget": 1, "cost": "mintes"}, "B112", "minutes"),
        ({"budget": 1, "cost": "town"}, "B115", "number"),
        ({"caps": {"c": {"outcome": "sum(age)", "at_most": 1}}}, "B110", "caps.c"),
        ({"eligible": {"call": "agee > 3"}}, "B112", "age"),
        ({"eligible": {"cal": "age > 3"}}, "B123", "call"),
        ({"never_together": [["mail", "cal"]]}, "B123", "call"),
    ],
)
def test_what_does_not_fit_the_log_is_named(
    limits: Mapping[str, object], code: str, words: str
) -> None:
    with pytest.raises(BriefError) as refusal:
        read(limits)
    said = [f"{f.code} {f.message} {f.remedy}" for f in refusal.value.findings]
    assert any(code in text and words in text for text in said), said


def test_a_row_without_a_cost_is_refused() -> None:
    with pytest.raises(DataError) as refusal:
        read({"budget": 1, "cost": "CASE WHEN age < 30 THEN NULL ELSE 1 END"})
    (finding,) = refusal.value.findings
    assert finding.code == "S236"
    assert finding.count == int((shop().column("age").to_numpy() < 30).sum())

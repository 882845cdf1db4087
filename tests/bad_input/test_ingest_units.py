"""Ids, repeated customers, crossovers and money that cannot be added up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from handful.errors import BriefError, DataError, Finding
from handful.experiment.records import Experiment
from made_log import codes, load, rows, write


def blocks(path: Path, **keys: object) -> tuple[Finding, ...]:
    with pytest.raises(DataError) as caught:
        load(path, **keys)  # type: ignore[arg-type]
    return caught.value.findings


def test_misspelt_outcome_lists_columns(tmp_path: Path) -> None:
    with pytest.raises(BriefError, match="Did you mean 'spend'") as caught:
        load(write(tmp_path, rows()), "spnd")
    assert "There is: id, arm, age, town, spend." in caught.value.findings[0].remedy


def test_every_misspelt_name_is_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(BriefError) as caught:
        load(
            write(tmp_path, rows()),
            "spnd + 1",
            offer="arn",
            customer="ID",
            strata=["twn"],
            features=["agee"],
            propensity="column:p",
            evidence={"direct_mail": ["region"]},
        )
    said = " ".join(finding.message for finding in caught.value.findings)
    for name in ("spnd", "arn", "ID", "twn", "agee", "'p'", "region"):
        assert name in said
    assert len(caught.value.findings) == 7


def repeated(folder: Path, times: int = 5) -> Path:
    """Customers 1 to 48, each `times` rows, always the same arm."""
    lines = [line for line in rows(48) for _ in range(times)]
    return write(folder, lines)


def test_repeated_customers_need_a_unit(tmp_path: Path) -> None:
    (finding,) = blocks(repeated(tmp_path), customer="id")
    assert finding.code == "S215"
    assert "48 of 48 customers" in finding.message
    assert finding.count == 48
    assert '"customer"' in finding.remedy
    assert '"row"' in finding.remedy


def test_unit_customer_adds_profit_and_keeps_first_features(tmp_path: Path) -> None:
    lines = ["7,none,30,Ulm,1.5", "8,mail,40,Rom,2", "7,none,99,Bern,0.25"]
    lines += rows(200, start=10)
    experiment = load(write(tmp_path, lines), customer="id", unit="customer")
    assert experiment.n_rows == 202
    assert experiment.customers[:2].tolist() == [7, 8]
    assert experiment.profit[:2].tolist() == [1.75, 2.0]
    assert experiment.features.values[0, 0] == 30.0


def test_unit_customer_goes_by_time(tmp_path: Path) -> None:
    lines = [f"{line},2026-01-02" for line in rows(200, start=10)]
    lines += ["7,none,30,Ulm,1,2026-03-01", "7,none,29,Bern,2,2026-02-01"]
    path = write(tmp_path, lines, header="id,arm,age,town,spend,sent")
    experiment = load(path, customer="id", unit="customer", time="sent")
    assert experiment.features.values[-1, 0] == 29.0
    assert experiment.profit[-1] == 3.0


def test_unit_row_makes_customers_clusters(tmp_path: Path) -> None:
    experiment = load(repeated(tmp_path), customer="id", unit="row")
    assert experiment.n_rows == 240
    assert np.bincount(experiment.cluster).tolist() == [5] * 48


def crossing(folder: Path, crossers: int, customers: int = 2000) -> Path:
    """`customers` customers, the first `crossers` of which appear again under the other arm."""
    lines = rows(customers)
    again = [line.replace("none", "MAIL").replace("mail", "none") for line in lines[:crossers]]
    return write(folder, lines + [line.replace("MAIL", "mail") for line in again])


def test_many_crossovers_are_refused(tmp_path: Path) -> None:
    (finding,) = blocks(crossing(tmp_path, 3), customer="id", unit="customer")
    assert (finding.code, finding.count) == ("S216", 3)
    assert "3 of 2000 customers (0.15%)" in finding.message
    assert '"drop"' in finding.remedy
    assert '"first"' in finding.remedy


def test_repeats_and_crossovers_are_said_together(tmp_path: Path) -> None:
    assert [f.code for f in blocks(crossing(tmp_path, 3), customer="id")] == ["S215", "S216"]


@pytest.mark.parametrize(("crossovers", "left"), [(None, 1998), ("drop", 1998), ("first", 2000)])
def test_few_crossovers_are_a_warning(tmp_path: Path, crossovers: str | None, left: int) -> None:
    keys = {} if crossovers is None else {"crossovers": crossovers}
    experiment = load(crossing(tmp_path, 2), customer="id", unit="customer", **keys)
    assert experiment.n_rows == left
    (finding,) = [f for f in experiment.findings if f.code == "S216"]
    assert (finding.level, finding.count) == ("warn", 2)


def test_first_keeps_the_first_offer_and_its_profit(tmp_path: Path) -> None:
    experiment = load(crossing(tmp_path, 100), customer="id", unit="customer", crossovers="first")
    alone = load(write(tmp_path, rows(2000)), customer="id", unit="customer")
    assert (experiment.offer == alone.offer).all()
    assert (experiment.profit == alone.profit).all()


def test_drop_leaves_no_row_of_a_crosser_even_when_rows_count(tmp_path: Path) -> None:
    path = crossing(tmp_path, 100)
    assert load(path, customer="id", unit="row").n_rows == 2100
    assert load(path, customer="id", unit="row", crossovers="drop").n_rows == 1900


@pytest.mark.parametrize("form", ["{}234567890123456.0", "1.234567{}E+17"])
def test_ids_as_fractions(tmp_path: Path, form: str) -> None:
    lines = [f"{form.format(9 - i % 9)}{line[line.index(',') :]}" for i, line in enumerate(rows())]
    findings = blocks(write(tmp_path, lines), customer="id")
    lossy = [finding for finding in findings if finding.code == "S217"]
    assert len(lossy) == 1
    assert "2^53" in lossy[0].message
    assert "234567" not in lossy[0].message + lossy[0].remedy


def test_ids_as_fractions_of_a_frame() -> None:
    n = 200
    ids = np.arange(n, dtype=float) + 2.0**53
    frame = pa.table({"id": ids, "arm": ["a", "b"] * 100, "y": [1.0] * n, "x": range(n)})
    with pytest.raises(DataError, match="S217"):
        Experiment.from_frame(frame, offer="arm", profit="y", customer="id", unit="row")


@pytest.mark.parametrize(
    ("form", "first"),
    [("{}", 1), ("{:05d}", "00001"), ("9{:019d}", "9" + "0" * 18 + "1"), ("c-{}", "c-1")],
)
def test_ids_keep_every_digit(tmp_path: Path, form: str, first: object) -> None:
    lines = [form.format(i + 1) + line[line.index(",") :] for i, line in enumerate(rows())]
    experiment = load(write(tmp_path, lines), customer="id")
    assert experiment.customers[0] == first
    assert len(set(experiment.customers.tolist())) == 240


def test_leading_zeros_are_not_the_same_customer(tmp_path: Path) -> None:
    lines = ["7,none,30,Ulm,1", "007,mail,30,Ulm,1", *rows(200, start=10)]
    assert load(write(tmp_path, lines), customer="id").n_rows == 202


def test_missing_ids(tmp_path: Path) -> None:
    lines = [*rows(), ",mail,30,Ulm,1", ",none,30,Ulm,1"]
    (finding,) = blocks(write(tmp_path, lines), customer="id")
    assert finding.code == "S218"
    assert "2 do not" in finding.message


@pytest.mark.parametrize(
    ("cell", "word"),
    [("", "missing"), ("NaN", "missing"), ("inf", "infinite"), ("-inf", "infinite"),
     ("1e308", "beyond")],
)  # fmt: skip
def test_money_that_is_none(tmp_path: Path, cell: str, word: str) -> None:
    lines = [*rows(), f"241,mail,30,Ulm,{cell}", f"242,none,30,Ulm,{cell}"]
    (finding,) = blocks(write(tmp_path, lines))
    assert finding.code == "S213"
    assert f"2 are {word}" in finding.message
    assert "row 241" in finding.message


def test_all_kinds_of_bad_money_at_once(tmp_path: Path) -> None:
    lines = [*rows(), "241,mail,30,Ulm,", "242,mail,30,Ulm,inf", "243,mail,30,Ulm,1e300"]
    assert [finding.code for finding in blocks(write(tmp_path, lines))] == ["S213"] * 3


def test_returns_in_a_binary_outcome(tmp_path: Path) -> None:
    lines = [f"{i},{'ab'[i % 2]},{i % 40},Ulm,{i % 2}" for i in range(1, 241)]
    path = write(tmp_path, [*lines, "241,a,30,Ulm,-1", "242,a,30,Ulm,3"])
    (finding,) = blocks(path, profit={"kind": "binary"})
    assert finding.code == "S214"
    assert "2 rows" in finding.message
    assert "1 of them below 0" in finding.message
    assert load(write(tmp_path, lines), profit={"kind": "binary"}).n_rows == 240


def test_rows_without_an_offer_are_dropped_and_counted(tmp_path: Path) -> None:
    experiment = load(write(tmp_path, [*rows(), "241,,30,Ulm,1", "242,,30,Ulm,"]))
    assert experiment.n_rows == 240
    (finding,) = [f for f in experiment.findings if f.code == "S212"]
    assert (finding.level, finding.count) == ("warn", 2)


def test_no_offer_at_all(tmp_path: Path) -> None:
    lines = [line.replace("mail", "").replace("none", "") for line in rows()]
    (finding,) = blocks(write(tmp_path, lines))
    assert finding.code == "S211"


def test_offers_of_the_brief_that_no_row_received(tmp_path: Path) -> None:
    path = write(tmp_path, rows())
    with pytest.raises(BriefError, match="Did you mean 'none'") as caught:
        load(path, control="non")
    assert caught.value.findings[0].code == "B122"
    with pytest.raises(BriefError) as caught:
        load(path, menu={"always": ["mial"], "never": ["post"], "setup_cost": {"cold": 1}})
    assert [finding.code for finding in caught.value.findings] == ["B123"] * 3


def test_offer_column_that_is_an_id(tmp_path: Path) -> None:
    (finding,) = blocks(write(tmp_path, rows(2500)), offer="id")
    assert finding.code == "S225"
    assert "2500 levels" in finding.message


def test_missing_cells_of_numbers_written_as_words(tmp_path: Path) -> None:
    lines = [*rows(), "241,mail,NA,Ulm,1", "242,none,NA,Ulm,1"]
    experiment = load(write(tmp_path, lines))
    assert "S210" in codes(experiment)
    assert experiment.features.schema.kinds[1] == "number"
    assert np.isnan(experiment.features.values[:, 1]).sum() == 2


def test_a_number_column_with_other_words_is_text(tmp_path: Path) -> None:
    experiment = load(write(tmp_path, [*rows(), "241,mail,old,Ulm,1"]))
    assert experiment.features.schema.kinds[1] == "category"


def test_infinite_features_are_missing_and_counted() -> None:
    x = np.arange(200.0)
    x[3] = np.inf
    frame = pa.table({"arm": ["a", "b"] * 100, "y": [1.0] * 200, "x": x})
    experiment = Experiment.from_frame(frame, offer="arm", profit="y")
    assert codes(experiment) == ["S219", "S222"]
    assert np.isnan(experiment.features.values[3, 0])

"""Any policy as two columns: matched by id or by position, and everything wrong said at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from handful.delivery.policy_file import read_policy_file
from handful.errors import BriefError, DataError
from handful.experiment.records import Experiment
from handful.experiment.simulate import simulate

ROWS = 400


@pytest.fixture(scope="module")
def log() -> Experiment:
    drawn = simulate("types", n=ROWS, offers=3, random_state=1).experiment
    support = np.ones((len(drawn.strata), 3), dtype=np.bool_)
    return replace(
        drawn,
        customers=np.array([f"{i:05d}" for i in range(ROWS)], dtype=object),
        design=replace(drawn.design, support=support),
    )


def write(path: Path, **columns: object) -> Path:
    table = pa.table(columns)
    pq.write_table(table, path) if path.suffix == ".parquet" else pa_csv.write_csv(table, path)
    return path


def wanted(log: Experiment) -> tuple[np.ndarray, list[str]]:
    codes = np.arange(ROWS) % 3
    return codes, [log.offers[code] for code in codes]


def codes_of(error: pytest.ExceptionInfo[DataError]) -> list[str]:
    return [finding.code for finding in error.value.findings]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("name", ["customer", "client_no"])
def test_rows_are_matched_by_id_in_any_order(
    tmp_path: Path, log: Experiment, suffix: str, name: str
) -> None:
    codes, names = wanted(log)
    order = np.random.default_rng(0).permutation(ROWS)
    path = write(
        tmp_path / f"who.{suffix}",
        offer=[names[i] for i in order],
        more=[1.5] * ROWS,
        **{name: [str(log.customers[i]) for i in order]},
    )
    found = read_policy_file(path, log, "client_no")
    assert found.offers.tolist() == codes.tolist()
    assert found.findings == ()


def test_whole_number_ids_match(tmp_path: Path, log: Experiment) -> None:
    codes, names = wanted(log)
    path = write(tmp_path / "who.csv", customer=np.arange(ROWS), offer=names)
    found = read_policy_file(path, replace(log, customers=np.arange(ROWS)), "id")
    assert found.offers.tolist() == codes.tolist()


def test_rows_are_matched_by_position_without_a_customer_column(
    tmp_path: Path, log: Experiment
) -> None:
    codes, names = wanted(log)
    path = write(tmp_path / "who.csv", offer=names)
    assert read_policy_file(path, log, None).offers.tolist() == codes.tolist()


def test_another_number_of_rows_is_refused(tmp_path: Path, log: Experiment) -> None:
    path = write(tmp_path / "who.csv", offer=wanted(log)[1][:-1])
    with pytest.raises(DataError) as refused:
        read_policy_file(path, log, None)
    assert codes_of(refused) == ["F825"]
    assert "400" in str(refused.value)
    assert "399" in str(refused.value)


def test_everything_wrong_is_said_at_once_and_no_id_is_shown(
    tmp_path: Path, log: Experiment
) -> None:
    _, names = wanted(log)
    ids = [str(c) for c in log.customers]
    path = write(
        tmp_path / "who.csv",
        customer=[*ids[:-2], ids[0], "99999"],
        offer=["maill", *names[1:-2], names[1], names[0]],
    )
    with pytest.raises(DataError) as refused:
        read_policy_file(path, log, "id")
    assert codes_of(refused) == ["F823", "F824", "F825", "F827"]
    by_code = {finding.code: finding for finding in refused.value.findings}
    assert "'maill'" in by_code["F823"].message
    assert [by_code[c].count for c in ("F823", "F824", "F825", "F827")] == [1, 1, 2, 1]
    assert "99999" not in str(refused.value)


def test_a_customer_twice_with_the_same_offer_is_fine(tmp_path: Path, log: Experiment) -> None:
    codes, names = wanted(log)
    ids = [str(c) for c in log.customers]
    path = write(tmp_path / "who.csv", customer=[*ids, ids[0]], offer=[*names, names[0]])
    assert read_policy_file(path, log, "id").offers.tolist() == codes.tolist()


def test_customers_who_are_not_in_the_log_are_noted(tmp_path: Path, log: Experiment) -> None:
    _, names = wanted(log)
    ids = [str(c) for c in log.customers]
    path = write(tmp_path / "who.csv", customer=[*ids, "x"], offer=[*names, names[0]])
    findings = read_policy_file(path, log, "id").findings
    assert [(f.code, f.level, f.count) for f in findings] == [("F827", "note", 1)]


def test_offers_closed_in_a_stratum_are_refused_with_their_number(
    tmp_path: Path, log: Experiment
) -> None:
    support = log.design.support.copy()
    support[:, 2] = False
    shut = replace(log, design=replace(log.design, support=support))
    codes, names = wanted(log)
    path = write(tmp_path / "who.csv", offer=names)
    with pytest.raises(DataError) as refused:
        read_policy_file(path, shut, None)
    assert codes_of(refused) == ["F826"]
    assert refused.value.findings[0].count == int((codes == 2).sum())
    assert repr(log.offers[2]) in refused.value.findings[0].message


def test_missing_columns_are_named(tmp_path: Path, log: Experiment) -> None:
    path = write(tmp_path / "who.csv", client=[1], offr=["a"])
    with pytest.raises(DataError, match=r"'offer' and 'customer'.*client, offr"):
        read_policy_file(path, log, "id")


def test_an_empty_offer_cell_is_an_unknown_offer(tmp_path: Path, log: Experiment) -> None:
    _, names = wanted(log)
    path = write(tmp_path / "who.parquet", offer=[None, *names[1:]])
    with pytest.raises(DataError, match="F823"):
        read_policy_file(path, log, None)


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"customer,offer\n1,2,3\n", b"offer\n\xff"])
def test_a_file_that_is_no_csv_is_refused(tmp_path: Path, log: Experiment, content: bytes) -> None:
    path = tmp_path / "who.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as refused:
        read_policy_file(path, log, "id")
    assert codes_of(refused) in (["F821"], ["F822"])


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path, log: Experiment) -> None:
    (tmp_path / "who.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(DataError, match="F821"):
        read_policy_file(tmp_path / "who.parquet", log, "id")


def test_no_file_is_a_usage_error(tmp_path: Path, log: Experiment) -> None:
    with pytest.raises(BriefError, match="F820"):
        read_policy_file(tmp_path / "who.csv", log, "id")

"""Customers streamed by column name: the same codes as the log, in bounded memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from handful.errors import BriefError, DataError
from handful.experiment.opening import Request, open_log
from handful.experiment.records import Experiment, FeatureSchema
from handful.experiment.sources import (
    CustomerBlock,
    extra_finding,
    stream_customers,
    unseen_finding,
)
from made_log import load, rows, write

HEADER = "id,arm,age,town,spend"


@pytest.fixture
def log(tmp_path: Path) -> Experiment:
    return load(write(tmp_path, rows(600)), customer="id", strata=["town"])


def stream(source: Any, experiment: Experiment, **keys: Any) -> list[CustomerBlock]:
    return list(
        stream_customers(
            source,
            schema=experiment.features.schema,
            strata_columns=experiment.strata_columns,
            strata=experiment.strata,
            **keys,
        )
    )


def join(blocks: list[CustomerBlock]) -> tuple[np.ndarray, np.ndarray, list[object]]:
    values = np.concatenate([block.features.values for block in blocks])
    stratum = np.concatenate([block.stratum for block in blocks])
    return values, stratum, [c for block in blocks for c in block.customers.tolist()]


@pytest.mark.parametrize("kind", ["csv", "parquet", "frame", "database"])
def test_the_log_itself_streams_to_the_same_arrays(
    tmp_path: Path, log: Experiment, kind: str
) -> None:
    csv = tmp_path / "log.csv"
    columns = list(zip(*(line.split(",") for line in rows(600)), strict=True))
    frame = pa.table(
        {
            "id": list(map(int, columns[0])),
            "town": list(columns[3]),
            "spend": list(map(float, columns[4])),
            "age": list(map(int, columns[2])),
        }
    )
    source: Any = {"csv": str(csv), "frame": frame}.get(kind)
    if kind == "parquet":
        source = str(tmp_path / "c.parquet")
        pq.write_table(frame, source)
    if kind == "database":
        with duckdb.connect(str(tmp_path / "c.db")) as con:
            con.execute("CREATE TABLE t AS SELECT * FROM frame")
        source = f"duckdb:///{tmp_path}/c.db?table=t"
    blocks = stream(source, log, customer="id", rows_per_block=2048)
    values, stratum, ids = join(blocks)
    np.testing.assert_array_equal(values, log.features.values)
    np.testing.assert_array_equal(stratum, log.stratum)
    assert [int(str(i)) for i in ids] == log.customers.tolist()
    assert not any(block.unseen for block in blocks)


def test_columns_are_found_by_name_and_extra_ones_listed(tmp_path: Path, log: Experiment) -> None:
    frame = pa.table({"shoe": [43], "town": ["Rom"], "age": [20.0]})
    (block,) = stream(frame, log)
    assert block.features.values.tolist() == [[20.0, 1.0]]
    assert block.extra == ("shoe",)
    assert block.customers.tolist() == [1]
    finding = extra_finding(block.extra)
    assert finding is not None
    assert finding.level == "note"
    assert "shoe" in finding.message
    assert extra_finding(()) is None


def test_unseen_levels_are_missing_and_counted(log: Experiment) -> None:
    frame = pa.table({"town": ["Wien", "Ulm", None, "Wien"], "age": [1, 2, 3, None]})
    (block,) = stream(frame, log)
    assert dict(block.unseen) == {"town": 2}
    np.testing.assert_array_equal(
        block.features.values, [[1, np.nan], [2, 2], [3, np.nan], [np.nan, np.nan]]
    )
    assert block.stratum.tolist() == [3, 2, 3, 3]
    finding = unseen_finding({"town": 2, "age": 0}, 4)
    assert finding is not None
    assert finding.message.endswith("town (2).")
    assert unseen_finding({"age": 0}, 4) is None


def test_missing_columns_are_named_at_once(log: Experiment) -> None:
    frame = pa.table({"Town": ["Ulm"]})
    with pytest.raises(DataError) as caught:
        stream(frame, log, customer="id")
    assert [f.code for f in caught.value.findings] == ["S240"] * 3
    said = " ".join(f.message + f.remedy for f in caught.value.findings)
    for name in ("'age'", "'town'", "'id'", "Did you mean 'Town'?"):
        assert name in said


def test_numbers_that_became_text(log: Experiment) -> None:
    frame = pa.table({"town": ["Ulm"], "age": ["old"]})
    with pytest.raises(DataError, match=r"S241.*'age' should hold numbers"):
        stream(frame, log)


def test_a_word_among_the_numbers_of_a_csv(tmp_path: Path, log: Experiment) -> None:
    path = write(tmp_path, [*rows(), "241,mail,old,Ulm,1"])
    with pytest.raises(DataError, match=r"S241.*log\.csv line 242: column 'age'") as caught:
        stream(str(path), log)
    assert "old" not in str(caught.value).replace("hold", "")


def test_words_for_missing_numbers(tmp_path: Path, log: Experiment) -> None:
    (block,) = stream(str(write(tmp_path, ["241,mail,NA,Ulm,1", "242,mail,,Ulm,1"])), log)
    assert np.isnan(block.features.values[:, 0]).all()


def test_a_word_for_missing_that_the_log_knew_as_a_level(tmp_path: Path) -> None:
    lines = [line.replace("Ulm", "NA") for line in rows()]
    experiment = load(write(tmp_path, lines))
    assert experiment.features.schema.levels[2] == ("Bern", "NA", "Rom")
    blocks = stream(str(tmp_path / "log.csv"), experiment)
    np.testing.assert_array_equal(join(blocks)[0], experiment.features.values)


def test_missing_ids_are_refused(log: Experiment) -> None:
    frame = pa.table({"town": ["Ulm", "Ulm"], "age": [1, 2], "id": [7, None]})
    with pytest.raises(DataError, match=r"S218.*1 ids are missing"):
        stream(frame, log, customer="id")


def test_derived_columns_are_made_again_and_others_ignored(tmp_path: Path) -> None:
    derived = {
        "decade": "age // 10",
        "old": "decade >= 4",
        "wave": "id % 2",
        "earned": "spend * 2",
    }
    experiment = load(
        write(tmp_path, rows(600)), "earned", columns=derived, features=["decade", "old", "town"],
        strata=["wave"], propensity="estimate", accept_observational=True,
    )  # fmt: skip
    lines = [",".join(line.split(",")[i] for i in (2, 3, 0)) for line in rows(600)]
    path = write(tmp_path, lines, header="age,town,id")
    blocks = stream(str(path), experiment, derived=derived)
    values, stratum, _ = join(blocks)
    np.testing.assert_array_equal(values, experiment.features.values)
    np.testing.assert_array_equal(stratum, experiment.stratum)
    assert blocks[0].extra == ()


def test_a_derived_column_that_cannot_be_made(log: Experiment) -> None:
    schema = FeatureSchema(("decade",), ("number",), ((),))
    blocks = stream_customers(
        pa.table({"town": ["Ulm"]}), schema=schema, derived={"decade": "age // 10"}
    )
    with pytest.raises(BriefError, match=r"B112.*columns\.decade reads a column 'age'"):
        next(blocks)


def test_whole_numbers_as_fractions_keep_their_label(tmp_path: Path) -> None:
    lines = [f"{line},{i // 2 % 3}" for i, line in enumerate(rows(600))]
    path = write(tmp_path, lines, header="id,arm,age,town,spend,site")
    experiment = load(path, strata=["site"])
    frame = pa.table({"site": [2.0, None], "id": [1.0, 2.0], "age": [1, 2], "town": ["a", "b"]})
    (block,) = stream(frame, experiment)
    assert block.stratum.tolist() == [2, 3]


@pytest.mark.parametrize("name", ["c.parquet", "it's [1] 100%?.parquet", "a folder/*.parquet"])
def test_streamed_files_are_the_only_ones_in_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a folder").mkdir()
    frame = pa.table({"x": [1.0, 2.0]})
    pq.write_table(frame, "other.parquet")
    pq.write_table(frame, name.replace("*", "one"))
    schema = FeatureSchema(("x",), ("number",), ((),))
    with_file = {"y": "(SELECT max(x) FROM 'other.parquet')"}
    (block,) = stream_customers(name, schema=schema)
    assert block.features.values.ravel().tolist() == [1.0, 2.0]
    reaching = FeatureSchema(("y",), ("number",), ((),))
    with pytest.raises(BriefError, match="B111"):
        next(stream_customers(name, schema=reaching, derived=with_file))
    request = Request(streamed=True)
    with open_log(name, request) as log, pytest.raises(duckdb.PermissionException):
        log.con.execute("SELECT * FROM read_parquet('other.parquet')")


def test_blocks_keep_order_and_size() -> None:
    n = 100_000
    frame = pa.table({"x": np.arange(n, dtype=float)})
    schema = FeatureSchema(("x",), ("number",), ((),))
    blocks: Iterator[CustomerBlock] = stream_customers(frame, schema=schema, rows_per_block=30_000)
    got = list(blocks)
    assert max(len(block.customers) for block in got) <= 32_768
    assert (np.concatenate([b.features.values[:, 0] for b in got]) == np.arange(n)).all()
    assert (np.concatenate([b.customers for b in got]) == np.arange(1, n + 1)).all()


MEMORY = """
import resource, sys
from handful.experiment.opening import Request, open_log
from handful.experiment.records import FeatureSchema
from handful.experiment.sources import stream_customers
names = tuple(f"x{j}" for j in range(8))
schema = FeatureSchema(names, ("number",) * 8, ((),) * 8)
n, first = 0, 0
for block in stream_customers(sys.argv[1], schema=schema):
    n += len(block.customers)
    first = first or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(n, first, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    n, repeats = 200_000, 15
    rng = np.random.default_rng(0)
    frame = pa.table({f"x{j}": rng.normal(size=n) for j in range(8)})
    path = tmp_path / "big.parquet"
    with pq.ParquetWriter(path, frame.schema) as writer:
        for _ in range(repeats):
            writer.write_table(frame, row_group_size=100_000)
    out = subprocess.run(
        [sys.executable, "-c", MEMORY, str(path)], check=True, capture_output=True, text=True
    )
    seen, first, last = map(int, out.stdout.split())
    assert seen == n * repeats
    assert (last - first) / 1024 < 120  # MiB; the values themselves are 183 MiB

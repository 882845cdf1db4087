"""Tables on disk: spreadsheet-safe csv, exact parquet, the same bytes every time."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from handful.delivery.sinks import file_format, open_sink, spreadsheet_safe
from handful.errors import BriefError

NASTY = [
    '=HYPERLINK("http://x","y")',
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "<script>alert(1)</script>",
    'x"; DROP TABLE t;--',
    "a,b",
    "two\nlines",
    "plain",
    None,
]
TABLE = pa.table({"offer": NASTY, "expected_profit": [-1.5] * len(NASTY)})


def write(path: Path, kind: str) -> bytes:
    path.touch()
    with open_sink(path, TABLE.schema, kind) as append:
        append(TABLE)
        append(TABLE)
    return path.read_bytes()


def test_cells_that_a_spreadsheet_would_run_are_prefixed() -> None:
    found = spreadsheet_safe(TABLE)["offer"].to_pylist()
    assert found[:6] == ["'" + str(cell) for cell in NASTY[:6]]
    assert found[6:] == NASTY[6:]


def test_numbers_stay_numbers() -> None:
    assert spreadsheet_safe(TABLE)["expected_profit"].to_pylist() == [-1.5] * len(NASTY)


def test_csv_reads_back_as_written(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", "csv")
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 2 * len(NASTY)
    assert [row["offer"] for row in rows[6:11]] == NASTY[6:11]
    assert not any(row["offer"].startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows)


def test_parquet_keeps_names_as_they_are(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", "parquet")
    assert pq.read_table(tmp_path / "a.parquet")["offer"].to_pylist() == NASTY * 2


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_same_tables_give_the_same_bytes(tmp_path: Path, kind: str) -> None:
    assert write(tmp_path / "a", kind) == write(tmp_path / "b", kind)


@pytest.mark.parametrize("name", ["who", "who.xlsx", "who.csv.gz"])
def test_other_suffixes_are_refused(name: str) -> None:
    with pytest.raises(BriefError, match="F805"):
        file_format(Path(name))

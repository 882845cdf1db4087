"""The SQL of a brief reaches nothing but the log."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from handful.errors import BriefError, DataError, MachineError
from handful.experiment.engine import connect, lock, reading
from handful.experiment.expressions import columns_read
from made_log import load, rows, write

PRIVATE_FILE = "/etc/passwd"


@pytest.mark.parametrize(
    "expression",
    [
        f"(SELECT count(*) FROM read_csv('{PRIVATE_FILE}'))",
        f"(SELECT content FROM read_text('{PRIVATE_FILE}'))",
        "1; COPY (SELECT 1) TO 'stolen.csv'",
        "1) ; COPY (SELECT 1) TO 'stolen.csv' --",
        f"1) FROM read_csv('{PRIVATE_FILE}') --",
        "ATTACH 'other.db'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "spend), (spend",
        "(spend) UNION SELECT (1)",
        "EXISTS (SELECT 1)",
        "*",
        "COLUMNS('s.*')",
        "random()",
        "avg(spend) OVER ()",
        "sum(spend)",
        "CAST(town AS INTEGER)",
        "now()",
        "spend +",
        " ",
    ],
)
@pytest.mark.parametrize("key", ["profit.per_row", "experiment.where", "columns.made"])
def test_only_expressions_over_a_row_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expression: str, key: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path, rows())
    keys: dict[str, object] = {"per_row": "spend"}
    if key == "profit.per_row":
        keys["per_row"] = expression
    elif key == "experiment.where":
        keys["where"] = expression
    else:
        keys["columns"] = {"made": expression}
    with pytest.raises(BriefError) as caught:
        load(path, **keys)  # type: ignore[arg-type]
    (finding,) = caught.value.findings
    assert "row_of_log" not in finding.message
    assert finding.code in {"B103", "B110", "B111", "B113"}
    assert key in finding.message
    assert sorted(file.name for file in tmp_path.iterdir()) == ["log.csv"]


@pytest.mark.parametrize(
    "statement",
    [
        f"SELECT * FROM read_csv('{PRIVATE_FILE}')",
        f"SELECT * FROM read_text('{PRIVATE_FILE}')",
        "SELECT * FROM glob('/*')",
        "COPY (SELECT 1) TO 'stolen.csv'",
        "ATTACH 'other.db'",
        "EXPORT DATABASE 'stolen'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '1TB'",
        "SET allowed_paths = ['/etc/passwd']",
        "RESET lock_configuration",
        "SELECT * FROM read_parquet('https://example.org/x.parquet')",
    ],
)
def test_a_locked_engine_is_shut_even_for_whole_statements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    monkeypatch.chdir(tmp_path)
    con = connect()
    lock(con)
    with pytest.raises(duckdb.Error):
        con.execute(statement).fetchall()
    assert list(tmp_path.iterdir()) == []


def test_python_objects_are_out_of_reach() -> None:
    frame = duckdb.sql("SELECT 1 AS secret").to_arrow_table()
    con = connect()
    lock(con)
    assert frame.num_rows == 1
    with pytest.raises(duckdb.Error):
        con.execute("SELECT * FROM frame").fetchall()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    file = tmp_path / "shop.db"
    with duckdb.connect(str(file)) as con:
        con.execute(
            "CREATE TABLE mailing AS SELECT range AS id, ['none', 'mail'][1 + range % 2] AS arm,"
            " range % 50 AS age, range % 5 AS spend FROM range(240)"
        )
    return file


def test_a_table_and_a_query_of_a_database_agree(shop: Path, tmp_path: Path) -> None:
    by_table = load(tmp_path / "x", source="duckdb:///shop.db?table=mailing", customer="id")
    query = "SELECT id, arm, age, spend FROM mailing WHERE id < 120"
    by_query = load(tmp_path / "x", source=f"duckdb:///shop.db?query={query}", customer="id")
    assert by_table.n_rows == 240
    assert by_query.customers.tolist() == list(range(120))
    assert (by_query.profit == by_table.profit[:120]).all()


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT * FROM read_csv('{PRIVATE_FILE}')",
        "SELECT 1) ; DROP TABLE mailing; --",
        "DROP TABLE mailing",
        "COPY mailing TO 'stolen.csv'",
        "UPDATE mailing SET spend = 1",
        "SELECT * FROM nothing",
    ],
)
def test_a_query_of_a_database_reads_only(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.chdir(tmp_path)
    before = shop.read_bytes()
    with pytest.raises(DataError, match=r"S208.*shop\.db"):
        load(tmp_path / "x", source=f"duckdb:///shop.db?query={query}")
    assert shop.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["shop.db"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("duckdb:///shop.db?table=maling", "Did you mean 'mailing'?"),
        ("duckdb:///shop.db", "table=NAME"),
        ("duckdb:///shop.db?tabel=mailing", "table=NAME"),
        ("shop.db", "csv, csv.gz or parquet"),
    ],
)
def test_a_source_that_cannot_be_named(shop: Path, tmp_path: Path, source: str, said: str) -> None:
    with pytest.raises(BriefError, match=r"B12[01]") as caught:
        load(tmp_path / "x", source=source)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "reads"),
    [
        ("0.3 * spend - CASE WHEN arm = 'none' THEN 0 ELSE 0.05 END", ("arm", "spend")),
        ('"x""y" + 1', ('x"y',)),
        ("list_sum(list_transform([spend], lambda v: v + 1))", ("spend",)),
        ("spend -- the end", ("spend",)),
        ("log.spend", ("spend",)),
        ("1", ()),
    ],
)
def test_columns_read(expression: str, reads: tuple[str, ...]) -> None:
    columns = ("arm", "spend", 'x"y')
    assert columns_read(connect(), expression, key="k", columns=columns) == reads


@pytest.mark.parametrize("name", ["spnd", "Spend"])
def test_a_misspelt_column_is_named_with_the_nearest(name: str) -> None:
    with pytest.raises(BriefError, match="Did you mean 'spend'") as caught:
        columns_read(connect(), f"2 * {name}", key="profit.per_row", columns=("arm", "spend"))
    assert caught.value.findings[0].code == "B112"
    assert "profit.per_row" in caught.value.findings[0].message


def test_text_in_double_quotes_is_explained() -> None:
    with pytest.raises(BriefError, match="single quotes"):
        columns_read(connect(), 'arm = "Mens E-Mail"', key="k", columns=("arm", "spend"))


def test_memory_and_threads_are_bounded_and_nothing_spills_to_disk() -> None:
    con = connect()
    settings = dict(con.execute("SELECT name, value FROM duckdb_settings()").fetchall())
    assert int(settings["threads"]) <= (os.cpu_count() or 1)
    assert settings["temp_directory"] == ""
    assert settings["preserve_insertion_order"] == "true"
    con.execute("SET memory_limit = '30MB'")
    with pytest.raises(MachineError, match="X901") as caught, reading("log.csv"):
        con.execute("CREATE TABLE t AS SELECT range AS a, range::VARCHAR AS b FROM range(9000000)")
    assert caught.value.exit_code == 4

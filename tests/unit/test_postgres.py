"""A log and a consent table read from a real PostgreSQL server."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import made_postgres
from handful.brief.consent import ConsentSpec
from handful.cli.main import run
from handful.errors import BriefError, MachineError
from handful.experiment.consent import read_register
from handful.experiment.postgres import parse_address, read_postgres

needs_server = pytest.mark.skipif(made_postgres.tools() is None, reason="no PostgreSQL server")
EVENTS = 60_000


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    psycopg = pytest.importorskip("psycopg")
    with made_postgres.server() as url:
        with psycopg.connect(url) as con:
            con.execute("CREATE SCHEMA sales")
            con.execute(
                "CREATE TABLE sales.log AS SELECT i AS id, chr(65 + i % 2) AS arm, "
                "(20 + i % 31)::numeric(6, 2) AS age, (i % 7)::smallint AS size, i % 2 = 0 AS app, "
                "timestamptz '2026-01-01 00:00+02' + i * interval '1 minute' AS sent, "
                "(i % 13)::float4 AS spend FROM generate_series(1, 3000) AS i"
            )
            con.execute(
                'CREATE TABLE "The consent" AS SELECT (i % 3000 + 1)::text AS customer_id, '
                "'*' AS purpose, 'granted' AS status, timestamptz '2026-01-02 03:04:05+00' + "
                "i * interval '1 second' AS granted_at, 'form' AS source, "
                "CASE WHEN i % 3 = 0 THEN timestamp 'infinity' END AS expires_at "
                f"FROM generate_series(1, {EVENTS}) AS i"
            )
            con.execute(
                "INSERT INTO \"The consent\" SELECT i::text, 'train', 'revoked', "
                "timestamptz '2026-06-01', 'account', NULL FROM generate_series(1, 100) AS i"
            )
        yield url


@needs_server
def test_types_come_as_they_are(shop: str) -> None:
    table, said = read_postgres(f"{shop}&table=sales.log")
    kinds = [str(kind) for kind in table.schema.types]
    assert kinds == [
        "int64",
        "string",
        "double",
        "int64",
        "bool",
        "timestamp[us, tz=UTC]",
        "double",
    ]
    assert table.num_rows == 3000
    assert table["id"].to_pylist() == list(range(1, 3001))
    assert table["sent"][0].as_py() == dt.datetime(2025, 12, 31, 22, 1, tzinfo=dt.UTC)
    assert said == "PostgreSQL table sales.log"


@needs_server
def test_a_log_and_its_consent_plan_end_to_end(shop: str, tmp_path: Path, capsys) -> None:
    brief = tmp_path / "handful.toml"
    brief.write_text(
        f"""
[experiment]
source = "{shop}&table=sales.log"
customer = "id"
offer = "arm"
control = "A"
features = ["age", "size"]
time = "sent"
[profit]
per_row = "spend"
[evidence]
repetitions = 1
folds = 4
[consent]
source = "{shop}&table=The consent"
"""
    )
    assert run(["plan", str(brief), "--out", str(tmp_path / "plan")]) == 0
    assert "100 of 3,000 rows were left out" in capsys.readouterr().err


@needs_server
def test_a_large_consent_table_is_read_whole(shop: str) -> None:
    register = read_register(ConsentSpec(source=f"{shop}&table=The consent"), ".")
    assert register.facts.events == EVENTS + 100
    assert register.facts.latest == "2026-06-01"
    refusing = np.asarray(register.ids.to_pylist())[register.says_no("train")]
    assert sorted(map(int, refusing)) == list(range(1, 101))


@needs_server
def test_a_query_is_one_select_and_changes_nothing(shop: str) -> None:
    table, _ = read_postgres(f"{shop}&query=SELECT id FROM sales.log WHERE id < 4 ORDER BY id DESC")
    assert table["id"].to_pylist() == [3, 2, 1]
    for query in (
        "DELETE FROM sales.log RETURNING id",
        "SELECT 1) AS a; DELETE FROM sales.log; SELECT * FROM (SELECT 1",
        "SELECT nextval('nothing')",
        "SELECT id FROM sales.absent",
    ):
        with pytest.raises(BriefError, match="B121"):
            read_postgres(f"{shop}&query={query}")
    assert read_postgres(f"{shop}&table=sales.log")[0].num_rows == 3000


@needs_server
def test_values_never_stand_in_a_message(shop: str) -> None:
    with pytest.raises(BriefError) as refusal:
        read_postgres(f"{shop}&query=SELECT (arm || 'secret')::int FROM sales.log")
    told = str(refusal.value).split("cannot be read")[1]
    assert "Asecret" not in told
    assert "Bsecret" not in told


def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    with pytest.raises(MachineError) as refusal:
        read_postgres("postgresql://jo:hunter2@127.0.0.1:9/shop?table=t")
    assert refusal.value.findings[0].code == "X905"
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize("asked", ["", "?table=", "?table=a&query=SELECT 1", "?sslmode=require"])
def test_an_address_asks_for_one_thing(asked: str) -> None:
    with pytest.raises(BriefError, match="B120"):
        parse_address(f"postgresql://host/shop{asked}")


def test_names_are_quoted() -> None:
    address = parse_address('postgresql://host/shop?table=a"; DROP TABLE t;--')
    assert address.query == 'SELECT * FROM "a""; DROP TABLE t;--"'

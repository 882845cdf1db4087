"""The commands, end to end, on a log whose offer is an amount and a way of delivery."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

import handful as hf
from handful.cli.main import run

ROWS = 3_000
AMOUNT = "amount, <b>EUR</b>"
BRIEF = f"""\
[columns]
given = '"{AMOUNT}"'

[experiment]
source   = "log.csv"
customer = "client"
offer    = ['{AMOUNT}', "site"]
control  = "null"
features = ["kind", "age"]

[profit]
per_row  = "gain"

[menu]
max_offers = 2

[menu.'{AMOUNT}']
min       = 0
max       = 10
increment = 1

[evidence]
repetitions = 1
"""
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "plan.schema.json").read_text())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dials")
    rng = np.random.default_rng(1)
    kind = rng.integers(0, 2, ROWS)
    amount = rng.integers(0, 11, ROWS) * 1.0
    site = rng.choice(["desk", "post"], ROWS)
    none = rng.random(ROWS) < 0.15
    best = np.where(kind == 1, 8.0, 2.0)
    gain = 4.0 - 0.12 * (amount - best) ** 2 + 0.5 * (site == "post")
    gain = np.where(none, 0.0, gain) + rng.normal(0, 0.5, ROWS)
    columns = {
        "client": [f"c{i}" for i in range(ROWS)],
        "kind": kind,
        "age": rng.integers(18, 90, ROWS),
        AMOUNT: pa.array(amount, mask=none),
        "site": pa.array(site, mask=none),
        "gain": np.round(gain, 3),
    }
    pa_csv.write_csv(pa.table(columns), folder / "log.csv")
    (folder / "handful.toml").write_text(BRIEF)
    assert run(["plan", str(folder / "handful.toml"), "--out", str(folder / "plan")]) == 0
    return folder


def test_plan_json_writes_menu_entries_as_values(home: Path) -> None:
    document = json.loads((home / "plan" / "plan.json").read_text())
    jsonschema.validate(document, SCHEMA)
    entries = [entry for point in document["frontier"] for entry in point["menu"]]
    assert {key for entry in entries if isinstance(entry, dict) for key in entry} == {
        AMOUNT,
        "site",
    }
    offers = document["experiment"]["offers"]
    assert offers[0]["name"] == "no offer"
    assert offers[0]["values"] is None
    assert {"field": "experiment.offers[0].values", "reason": "no offer was made"} in document[
        "absent"
    ]
    assert len(offers) >= 1 + 11 * 2


def test_the_two_kinds_of_customers_get_their_own_amount(home: Path) -> None:
    document = json.loads((home / "plan" / "plan.json").read_text())
    assert document["verdict"]["kind"] == "handful"
    amounts = sorted(entry[AMOUNT] for entry in document["verdict"]["menu"])
    assert abs(amounts[0] - 2) <= 1
    assert abs(amounts[1] - 8) <= 1
    assert {entry["site"] for entry in document["verdict"]["menu"]} == {"post"}
    assert all(entry[AMOUNT] == int(entry[AMOUNT]) for entry in document["verdict"]["menu"])


def test_assignments_have_a_column_for_each_dial(home: Path) -> None:
    table = pq.read_table(home / "plan" / "assignments.parquet")
    assert table.column_names[-2:] == [AMOUNT, "site"]
    document = json.loads((home / "plan" / "plan.json").read_text())
    said = {(entry[AMOUNT], entry["site"]) for entry in document["verdict"]["menu"]}
    given = zip(table[AMOUNT].to_pylist(), table["site"].to_pylist(), strict=True)
    assert set(given) == said


def test_new_customers_get_values_from_the_command_and_from_python(home: Path) -> None:
    out = home / "who.parquet"
    assert run(["assign", str(home / "plan"), str(home / "log.csv"), "--out", str(out)]) == 0
    table = pq.read_table(out)
    again = pq.read_table(home / "plan" / "assignments.parquet")
    assert table[AMOUNT].to_pylist() == again[AMOUNT].to_pylist()
    assert set(table["segment"].to_pylist()) == {1, 2}
    policy = hf.read_plan(home / "plan").policy
    assert policy.points is not None
    assert policy.points.dials == (AMOUNT, "site")


def test_the_report_draws_the_plane_and_escapes_its_names(home: Path) -> None:
    page = (home / "plan" / "report.html").read_text()
    assert "Where the offers lie" in page
    assert "<b>EUR</b>" not in page
    assert "&lt;b&gt;EUR&lt;/b&gt;" in page
    assert "candidate offers" in page


def test_a_box_that_was_never_tried_writes_nothing(home: Path, capsys) -> None:
    brief = home / "wide.toml"
    brief.write_text(BRIEF.replace("max       = 10", "max       = 20"))
    assert run(["plan", str(brief), "--out", str(home / "wide")]) == 3
    assert "max = 20 was never tried: 0 to 10" in capsys.readouterr().err
    assert not (home / "wide").exists()

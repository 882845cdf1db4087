"""`handful assign --campaign`: the limits are kept exactly on the list that is given."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from handful.cli.main import run

ROWS = 2_400
POPULATION = 9_600
BUDGET = 1_500.0
CAPACITY = 800.0
BRIEF = f"""\
[experiment]
source   = "log.parquet"
customer = "client"
offer    = "arm"
control  = "none"
features = ["age", "town"]

[profit]
per_row    = "gain"
population = {POPULATION}

[menu]
max_offers = 2
always     = ["mail", "call"]

[constraints]
budget            = {BUDGET}
cost              = "paid"
capacity          = {{call = {CAPACITY}}}
coverage_floor    = 0.2
coverage_floor_by = ["town"]

[evidence]
folds       = 4
repetitions = 1
"""


def customers(rng: np.random.Generator, rows: int) -> dict[str, object]:
    return {
        "client": [f"c{i}" for i in range(rows)],
        "age": rng.integers(18, 90, rows),
        "town": rng.choice(["Bern", "Ulm"], rows),
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("campaign")
    rng = np.random.default_rng(1)
    people = customers(rng, ROWS)
    arm = rng.choice(["none", "mail", "call"], ROWS)
    taste = (np.asarray(people["age"]) - 50) / 20
    gain = np.select([arm == "mail", arm == "call"], [1.0 + taste, 1.5 - taste], 0.0)
    talk = rng.gamma(2.0, 0.25, ROWS)
    paid = np.select([arm == "mail", arm == "call"], [0.2, talk], 0.0)
    extra = {"arm": arm, "gain": gain + rng.normal(0, 0.5, ROWS), "paid": paid}
    pq.write_table(pa.table({**people, **extra}), folder / "log.parquet")
    (folder / "handful.toml").write_text(BRIEF)
    for name, rows in {"list": 1_001, "few": 1}.items():
        pq.write_table(pa.table(customers(rng, rows)), folder / f"{name}.parquet")
    assert run(["plan", str(folder / "handful.toml"), "--out", str(folder / "plan")]) == 0
    return folder


def assigned(home: Path, name: str, *flags: str) -> pa.Table:
    out = home / f"who-{name}.parquet"
    out.unlink(missing_ok=True)
    told = ["assign", str(home / "plan"), str(home / f"{name}.parquet"), "--out", str(out)]
    assert run([*told, *flags]) == 0
    return pq.read_table(out)


def test_every_limit_is_kept_to_the_last_customer(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = assigned(home, "list", "--campaign", "--json")
    result = json.loads(capsys.readouterr().out)["decided"]
    share = 1_001 / POPULATION
    offer = np.array(table["offer"].to_pylist())
    assert table.num_rows == 1_001
    assert np.sum(offer == "call") == int(CAPACITY * share)
    town = np.array(pq.read_table(home / "list.parquet")["town"].to_pylist())
    for name in ("Bern", "Ulm"):
        assert np.mean(offer[town == name] != "none") >= 0.2
    uses = {use["name"]: use for use in result["limits"]}
    assert uses["budget"]["bound"] == pytest.approx(BUDGET * share)
    assert uses["budget"]["used"] <= BUDGET * share * (1 + 1e-9)
    assert uses["capacity.call"]["used"] == np.sum(offer == "call")
    assert uses["coverage_floor.town=Bern"]["kind"] == "at_least"


def test_without_the_flag_prices_decide_each_alone(home: Path) -> None:
    alone = assigned(home, "list")
    whole = assigned(home, "list", "--campaign")
    assert alone["customer"].to_pylist() == whole["customer"].to_pylist()
    same = np.mean(np.array(alone["offer"]) == np.array(whole["offer"]))
    assert 0.9 < same <= 1.0


def test_the_allocation_of_the_list_is_worth_what_the_limits_allow(home: Path) -> None:
    """Customers who get the capacity are those with most to gain by the model's own numbers."""
    table = assigned(home, "list", "--campaign")
    age = np.array(pq.read_table(home / "list.parquet")["age"].to_pylist())
    called = np.array(table["offer"].to_pylist()) == "call"
    assert age[called].mean() < age.mean()
    assert np.array(table["expected_profit"])[called].mean() > 1.0


def test_limits_that_a_list_cannot_keep_write_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one customer must get a mail of 0.2, and its part of the budget is 0.146."""
    brief = home / "tight.toml"
    floor = BRIEF.replace("coverage_floor    = 0.2", "coverage_floor    = 0.62")
    brief.write_text(floor.replace(f"budget            = {BUDGET}", "budget            = 1400"))
    assert run(["plan", str(brief), "--out", str(home / "tight")]) == 0
    capsys.readouterr()
    out = home / "few.csv"
    told = ["assign", str(home / "tight"), str(home / "few.parquet"), "--out", str(out)]
    assert run([*told, "--campaign"]) == 3
    said = capsys.readouterr().err
    assert "P730" in said
    assert "budget at most 0.1458" in said
    assert not out.exists()
    assert run(told) == 0


def test_limits_that_were_changed_on_disk_are_refused(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = home / "broken"
    shutil.copytree(home / "plan", broken)
    place = broken / "limits" / "limits.json"
    place.write_text(place.read_text().replace("800.0", "8000.0"))
    told = ["assign", str(broken), str(home / "list.parquet"), "--out", str(home / "b.csv")]
    assert run([*told, "--campaign"]) == 2
    assert "F812" in capsys.readouterr().err


def test_a_plan_without_limits_has_no_campaign(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    brief = home / "free.toml"
    brief.write_text(BRIEF.split("[constraints]")[0] + "[evidence]\nfolds = 4\nrepetitions = 1\n")
    assert run(["plan", str(brief), "--out", str(home / "free")]) == 0
    out = home / "free.csv"
    told = ["assign", str(home / "free"), str(home / "list.parquet"), "--out", str(out)]
    assert run([*told, "--campaign"]) == 3
    assert "F833" in capsys.readouterr().err
    assert not out.exists()

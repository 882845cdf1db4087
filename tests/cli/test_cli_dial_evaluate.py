"""`handful evaluate` with dials: polished offers of a plan, other points, points never tried."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

import handful as hf
from handful.brief.reader import read_brief
from handful.cli.main import run
from handful.errors import BriefError
from handful.experiment.log import load_experiment
from handful.experiment.simulate import simulate

ROWS = 3_000
BRIEF = """\
[experiment]
source   = "log.csv"
customer = "client"
offer    = ["amount", "site"]
control  = "null"
features = ["kind", "age"]

[profit]
per_row  = "gain"

[menu]
max_offers = 2

[menu.amount]
min       = 0
max       = 300
increment = 1

[evidence]
folds       = 4
repetitions = 1
"""


def mean_gain(kind: np.ndarray, amount: np.ndarray, site: np.ndarray) -> np.ndarray:
    best = np.where(kind == 1, 217.0, 83.0)
    return 4.0 - (amount - best) ** 2 / 5_000.0 + 0.5 * (site == "post")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("points")
    rng = np.random.default_rng(1)
    kind = rng.integers(0, 2, ROWS)
    amount = rng.integers(0, 301, ROWS) * 1.0
    site = rng.choice(["desk", "post"], ROWS)
    none = rng.random(ROWS) < 0.15
    gain = np.where(none, 0.0, mean_gain(kind, amount, site)) + rng.normal(0, 0.5, ROWS)
    columns = {
        "client": [f"c{i}" for i in range(ROWS)],
        "kind": kind,
        "age": rng.integers(18, 90, ROWS),
        "amount": pa.array(amount, mask=none),
        "site": pa.array(site, mask=none),
        "gain": np.round(gain, 3),
    }
    pa_csv.write_csv(pa.table(columns), folder / "log.csv")
    (folder / "handful.toml").write_text(BRIEF)
    assert run(["plan", str(folder / "handful.toml"), "--out", str(folder / "plan")]) == 0
    return folder


def evaluated(home: Path, policy: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    capsys.readouterr()
    told = ["evaluate", str(home / "handful.toml"), "--policy", str(policy), "--json"]
    assert run(told) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_a_plans_own_assignments_are_valued(home: Path, capsys) -> None:
    path = home / "plan" / "assignments.parquet"
    table, log = pq.read_table(path), pa_csv.read_csv(home / "log.csv")
    candidates = load_experiment(read_brief(home / "handful.toml")).offers
    assert not set(table["offer"].to_pylist()) <= set(candidates)
    result = evaluated(home, path, capsys)
    kind = np.array(log["kind"])
    truth = mean_gain(kind, np.array(table["amount"]), np.array(table["site"])).mean()
    assert result["value"]["lo"] < truth < result["value"]["hi"]
    assert result["closed"] == 0


def test_columns_of_dials_stand_in_place_of_names(home: Path, capsys) -> None:
    rng = np.random.default_rng(2)
    table = pa.table(
        {
            "customer": [f"c{i}" for i in range(ROWS)],
            "amount": rng.choice([61.0, 149.0, 202.0], ROWS),
            "site": np.repeat("desk", ROWS),
        }
    )
    pq.write_table(table, home / "dials.parquet")
    said = [f"amount = {v:g}, site = desk" for v in table["amount"].to_pylist()]
    named = pa.table({"customer": table["customer"], "offer": said})
    pa_csv.write_csv(named, home / "named.csv")
    by_dials = evaluated(home, home / "dials.parquet", capsys)
    by_name = evaluated(home, home / "named.csv", capsys)
    assert by_dials["value"] == by_name["value"]
    kind = np.array(pa_csv.read_csv(home / "log.csv")["kind"])
    truth = mean_gain(kind, np.array(table["amount"]), np.array(table["site"])).mean()
    assert by_dials["value"]["lo"] < truth < by_dials["value"]["hi"]


def test_points_never_tried_and_no_points_are_refused(home: Path, capsys) -> None:
    for offer, code in {"amount 400, site desk": "F826", "amount 40, site moon": "F823"}.items():
        path = home / "wild.csv"
        people = [f"c{i}" for i in range(ROWS)]
        pa_csv.write_csv(pa.table({"customer": people, "offer": [offer] * ROWS}), path)
        assert run(["evaluate", str(home / "handful.toml"), "--policy", str(path)]) == 2
        assert code in capsys.readouterr().err


def test_python_takes_names_of_points_too() -> None:
    log = simulate("promotions_dials", n=1_500, random_state=3).experiment
    point = "discount 0.11, minimum_basket 25"
    assert point not in log.offers
    assert hf.evaluate(log, policy=[point] * log.n_rows).se > 0
    many = [f"discount {0.05 + 0.0002 * (i % 300):.4f}, minimum_basket 5" for i in range(1_500)]
    with pytest.raises(BriefError, match="different points"):
        hf.evaluate(log, policy=many)


def with_consent(home: Path, limits: str = "") -> Path:
    """Everybody said yes; every tenth customer has since refused to be contacted."""
    events = [f"c{i},*,granted,2026-01-01" for i in range(ROWS)]
    events += [f"c{i},contact,denied,2026-02-01" for i in range(0, ROWS, 10)]
    table = "\n".join(["customer_id,purpose,status,granted_at", *events])
    (home / "consent.csv").write_text(table + "\n")
    brief = home / f"consent{len(limits)}.toml"
    steps = BRIEF.replace("increment = 1\n", "increment = 50\n") if limits else BRIEF
    brief.write_text(steps + '\n[consent]\nsource = "consent.csv"\n' + limits)
    out = home / f"consented{len(limits)}"
    assert run(["plan", str(brief), "--out", str(out)]) == 0
    return out


def refusing(table: pa.Table) -> np.ndarray:
    return np.array([int(name[1:]) % 10 == 0 for name in table["customer"].to_pylist()])


def test_polished_points_are_closed_to_who_refuses(home: Path) -> None:
    table = pq.read_table(with_consent(home) / "assignments.parquet")
    offer, no = np.array(table["offer"].to_pylist()), refusing(table)
    assert set(offer[no]) == {"no offer"}
    assert np.mean(offer[~no] == "no offer") == 0


def test_a_campaign_of_points_asks_consent_and_keeps_the_budget(home: Path) -> None:
    limits = '\n[constraints]\nbudget = 900\ncost = "coalesce(amount, 0) / 300"\n'
    plan, out = with_consent(home, limits), home / "campaign.parquet"
    told = ["assign", str(plan), str(home / "log.csv"), "--out", str(out), "--campaign"]
    assert run(told) == 0
    table = pq.read_table(out)
    offer, no = np.array(table["offer"].to_pylist()), refusing(table)
    assert set(offer[no]) == {"no offer"}
    spent = sum(amount or 0.0 for amount in table["amount"].to_pylist()) / 300
    assert 890 < spent <= 900 * (1 + 1e-9)

"""Limits with dials through the command line, on the vouchers of the log shipped with handful."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from handful.cli.main import run

LIMITS = """
[constraints]
budget         = 200
cost           = "tinc * got"
capacity       = {"amount = 100" = 40}
eligible       = {"amount 150" = "age >= 20"}

[evidence]
folds       = 4
repetitions = 1
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vouchers")
    for name in ("thornton_hiv.csv.gz", "thornton.toml"):
        shutil.copy(str(files("handful.data") / name), folder / name)
    brief = folder / "thornton.toml"
    brief.write_text(brief.read_text().replace("increment = 10", "increment = 50") + LIMITS)
    assert run(["plan", str(brief), "--out", str(folder / "plan")]) == 0
    return folder


def test_the_budget_binds_has_a_price_and_is_kept(home: Path) -> None:
    document = json.loads((home / "plan" / "plan.json").read_text())
    uses = {use["name"]: use for use in document["constraints"]}
    assert set(uses) == {"budget", "capacity.amount 100"}
    budget = uses["budget"]
    assert 195 < budget["used"] <= 200 * (1 + 1e-9)
    assert budget["shadow_price"] > 0
    assert budget["held_out"]["lo"] < 200 < budget["held_out"]["hi"] * 1.2
    given = Counter(pq.read_table(home / "plan" / "assignments.parquet")["offer"].to_pylist())
    assert given["amount 100"] <= 40
    assert given["amount 0"] > 0


def test_a_point_nobody_tried_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    brief = home / "wild.toml"
    text = (home / "thornton.toml").read_text()
    brief.write_text(text.replace("amount = 100", "amount = 2000"))
    assert run(["plan", str(brief), "--out", str(home / "wild")]) == 3
    said = capsys.readouterr().err
    assert "E510" in said
    assert "amount 2000" in said

"""What a careless user does twice, half, or with the wrong file."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv as pa_csv

from handful.cli.main import run
from made_serving import asking_for_reviews, under_consent


@pytest.mark.parametrize("make", [asking_for_reviews, under_consent])
def test_a_plan_with_every_part_is_replaced_by_the_next(make: object, tmp_path: Path) -> None:
    plan: Path = make(tmp_path / "shop")  # type: ignore[operator]
    assert (plan / "decision.md").exists()
    before = (plan / "plan.json").read_bytes()
    words = ["plan", str(plan.parent / "shop.toml"), "--out", str(plan), "--quiet", "--seed", "5"]
    assert run(words) == 0
    assert (plan / "plan.json").read_bytes() != before


def test_forgetting_keeps_records_whose_cells_hold_line_breaks(tmp_path: Path) -> None:
    head = '"customer","offer","segment","reason","expected_profit"\r\n'
    mine, other = (f'"{name}","a\nb\u2028c",1,"x\ny",\r\n' for name in ("C1", "C2"))
    for name, text in (("who.csv", head + mine + other), ("none.csv", head + other)):
        (tmp_path / name).write_bytes(text.encode())
    assert run(["forget", "C1", "--in", str(tmp_path)]) == 0
    assert (tmp_path / "who.csv").read_bytes() == (tmp_path / "none.csv").read_bytes()


@pytest.mark.parametrize("name", ["design.csv", "design.parquet"])
def test_a_design_that_holds_a_person_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    table = pa.table({"customer": ["C1", "C2"], "offer": ["a", "b"], "propensity": [0.5, 0.5]})
    write = pa_csv.write_csv if name.endswith("csv") else pq.write_table
    write(table, tmp_path / name)
    before = (tmp_path / name).read_bytes()
    assert run(["forget", "C3", "--in", str(tmp_path)]) == 0
    assert name not in capsys.readouterr().out
    assert run(["forget", "C1", "--in", str(tmp_path)]) == 0
    assert f"yours to change: {tmp_path / name}" in capsys.readouterr().out
    assert (tmp_path / name).read_bytes() == before

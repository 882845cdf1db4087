"""What a careless user does twice, half, or with the wrong file."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv as pa_csv

from handful.brief import reader
from handful.cli.main import run
from made_serving import asking_for_reviews, planned, under_consent
from made_shop import write_brief, write_shop


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


@pytest.fixture(scope="module")
def going_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out")
    write_shop(folder)
    (folder / "sent.csv").write_text("customer,day\nZQX-00001-ID,2026-03-01\n")
    contacts = 'source = "sent.csv"\ncustomer = "customer"\ntime = "day"\nat_most = 1\n'
    extra = f"[contacts]\n{contacts}[rollout]\nholdout = 0.2\n"
    return planned(folder, brief=write_brief(folder, extra=extra))


@pytest.mark.parametrize("money", ["city", "spend"])
def test_results_with_a_word_among_the_money_name_no_row(
    going_out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], money: str
) -> None:
    file = tmp_path / "sales.csv"
    rows = [f"ZQX-{i:05d}-ID,1.5,Ulm" for i in range(25_000)]
    file.write_text("\n".join(["customer,spend,city", *rows, "ZQX-SECRET-ID,none,Ulm"]) + "\n")
    words = ["rollout", str(going_out), "--results", str(file), "--profit", money]
    assert run(words) == 2
    shown = capsys.readouterr()
    assert "S241" in shown.err
    assert "ZQX" not in shown.err + shown.out


def test_a_message_dated_ahead_does_not_lift_the_cap(
    going_out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sent.csv").write_text("customer,day\nA,2026-03-01\nB,2999-01-01\n")
    log, out = going_out.parent / "shop.csv", tmp_path / "who.csv"
    words = ["assign", str(going_out), str(log), "--out", str(out), "--contacts"]
    assert run([*words, str(tmp_path / "sent.csv")]) == 2
    assert "G126" in capsys.readouterr().err
    assert not out.exists()


def test_the_unexpected_does_not_tell_the_words_of_an_accident(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_path: object) -> None:
        raise KeyError("ZQX-00007-ID")

    monkeypatch.setattr(reader, "read_brief", fail)
    assert run(["check", "handful.toml"]) == 4
    shown = capsys.readouterr()
    assert "KeyError at test_cli_careless.py" in shown.err
    assert "ZQX" not in shown.err + shown.out

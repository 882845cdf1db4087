"""Stages reached and blocked by planted facts; caps, holdout and waves on a list that goes out."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handful.brief.reader import read_brief
from handful.cli.main import run
from handful.delivery.plan_json import plan_document
from handful.errors import BriefError, DataError
from handful.experiment.log import load_experiment
from handful.planning.records import Plan
from handful.planning.run import make_plan
from made_shop import write_brief, write_shop

ROWS = 900
IDS = [f"ZQX-{i:05d}-ID" for i in range(ROWS)]
DAYS = [f"2026-03-{day:02d}" for day in range(1, 29)]


def write(folder: Path, name: str, header: str, rows: list[str]) -> None:
    (folder / name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def firm(folder: Path) -> None:
    """Write the firm's tables: customers, leads, web events, messages, runs, decisions."""
    rng = np.random.default_rng(3)
    write(folder, "crm.csv", "customer,since", [f"{i},2024-01-01" for i in IDS])
    write(folder, "leads.csv", "customer", [f"lead-{k}" for k in range(80)])
    events = [f"{IDS[k % ROWS]},{DAYS[k % 28]},basket" for k in range(2 * ROWS)]
    write(folder, "web.csv", "customer,at,what", events)
    sent = [f"{IDS[rng.integers(ROWS)]},{DAYS[k % 28]},news" for k in range(1200)]
    write(folder, "sent.csv", "customer,sent_at,programme", sent)
    write(folder, "runs.csv", "day", ["2026-01-05", "2026-02-05", "2026-03-05"])
    asked = [f"2026-03-01 09:00:{k % 60:02d},2026-03-01 09:00:{k % 60:02d}.4" for k in range(200)]
    write(folder, "decisions.csv", "asked,decided", asked)


TABLES = """
[readiness.tables]
crm = {source = "crm.csv", kind = "customers", key = "customer"}
leads = {source = "leads.csv", kind = "prospects", key = "customer"}
web = {source = "web.csv", kind = "events", key = "customer", channel = "web", time = "at"}
runs = {source = "runs.csv", kind = "runs", time = "day"}
decisions = {source = "decisions.csv", kind = "decisions", time = "decided", requested = "asked"}
[readiness.tables.sent]
source = "sent.csv"
kind = "contacts"
key = "customer"
channel = "email"
time = "sent_at"
"""
CELLS = """
[orchestration]
cells = [
  {offer = "mail", channel = "email", content = "a.txt", trigger = "basket", owner = "Jo"},
  {offer = "mail", channel = "post", content = "b.txt", trigger = "basket", owner = "Jo"},
  {offer = "call", channel = "phone", content = "c.txt", trigger = "basket"},
]
[orchestration.triggers]
basket = {kind = "behaviour", table = "web", where = "what = 'basket'"}
"""
CAP = (
    '[contacts]\nsource = "sent.csv"\ncustomer = "customer"\nprogramme = "programme"\nat_most = 2\n'
)
ROLLOUT = '[rollout]\nwaves = [0.2, 0.6, 1]\nholdout = 0.2\nengaged = "history"\n'


def planned(folder: Path, extra: str) -> Plan:
    write_shop(folder, rows=ROWS)
    firm(folder)
    brief = read_brief(write_brief(folder, extra))
    return make_plan(load_experiment(brief), brief=brief)


def stages(plan: Plan) -> dict[str, int]:
    assert plan.readiness is not None
    return {one.name: one.stage for one in plan.readiness.dimensions}


def result(plan: Plan, name: str) -> Any:
    (found,) = (rail for rail in plan.guardrails if rail.name == name)
    return found


def test_with_no_facts_every_dimension_but_what_decides_is_at_the_first_stage(
    tmp_path: Path,
) -> None:
    plan = planned(tmp_path, "")
    assert stages(plan) == {
        "data": 1, "definition": 3, "trigger": 1, "content": 1, "automation": 1, "channel": 1,
    }  # fmt: skip
    assert plan.readiness is not None
    assert plan.readiness.name == "one-to-all"
    assert plan.readiness.next_step == "one-to-many"
    assert len(plan.readiness.blocked_by) == 5


def test_planted_facts_reach_a_stage_and_quote_table_column_and_count(tmp_path: Path) -> None:
    plan = planned(tmp_path, TABLES + CELLS)
    assert stages(plan) == {
        "data": 3, "definition": 3, "trigger": 3, "content": 4, "automation": 4, "channel": 3,
    }  # fmt: skip
    assert plan.readiness is not None
    assert plan.readiness.name == "one-to-few"
    said = {one.name: " ".join(one.evidence) for one in plan.readiness.dimensions}
    assert "crm.customer: 900 customers, 100.0% of the log's" in said["data"]
    assert "1,800 events of the kind 'behaviour'" in said["trigger"]
    assert "decisions: 200 decisions, 0.40 s each" in said["automation"]
    assert result(plan, "orchestration").verdict == "pass"


@pytest.mark.parametrize(
    ("old", "new", "dimension", "stage"),
    [
        ('crm = {source = "crm.csv"', 'crm = {source = "half.csv"', "data", 1),
        ('web = {source = "web.csv"', 'web = {source = "stale.csv"', "data", 2),
        ("where = \"what = 'basket'\"", "where = \"what = 'order'\"", "trigger", 1),
        ('content = "c.txt"', 'content = "a.txt"', "content", 4),
        ('content = "b.txt"', 'content = "a.txt"', "content", 2),
        ('content = "b.txt"', 'content = "a.txt"', "channel", 2),
        ('runs = {source = "runs.csv"', 'runs = {source = "ragged.csv"', "automation", 2),
        ('requested = "asked"', 'requested = "early"', "automation", 3),
    ],
)
def test_one_missing_fact_blocks_its_dimension(
    tmp_path: Path, old: str, new: str, dimension: str, stage: int
) -> None:
    write_shop(tmp_path, rows=ROWS)
    firm(tmp_path)
    write(tmp_path, "half.csv", "customer", IDS[: ROWS // 2])
    write(tmp_path, "stale.csv", "customer,at,what", [f"{i},2025-01-01,basket" for i in IDS])
    write(tmp_path, "ragged.csv", "day", ["2025-01-05", "2025-01-06", "2025-01-07", "2026-03-05"])
    slow = ["2026-03-01 08:59:00,2026-03-01 08:59:30,2026-03-01 08:59:00"] * 200
    write(tmp_path, "decisions.csv", "asked,decided,early", slow)
    text = TABLES + CELLS
    assert old in text
    brief = read_brief(write_brief(tmp_path, text.replace(old, new)))
    plan = make_plan(load_experiment(brief), brief=brief)
    assert stages(plan)[dimension] == stage


def test_an_aim_two_stages_ahead_fails_and_the_next_one_passes(tmp_path: Path) -> None:
    far = planned(tmp_path, "[readiness]\naim = 3\n")
    assert result(far, "one_step_at_a_time").verdict == "fail"
    assert "Aim at one-to-many first" in result(far, "one_step_at_a_time").remedy
    near = planned(tmp_path, "[readiness]\naim = 2\n")
    assert result(near, "one_step_at_a_time").verdict == "pass"
    answered = '[guardrails.override.one_step_at_a_time]\nby = "Jo"\nreason = "a pilot"\n'
    jump = planned(tmp_path, "[readiness]\naim = 3\n" + answered)
    assert jump.failed == ()


def test_an_empty_cell_that_is_reached_fails_and_a_default_fills_it(tmp_path: Path) -> None:
    missing = (
        CELLS.replace(
            '  {offer = "call", channel = "phone", content = "c.txt", trigger = "basket"},\n',
            "",
        )
        + '[guardrails]\nchannels = {call = "phone", mail = "email"}\n'
    )
    plan = planned(tmp_path, missing + TABLES)
    assert result(plan, "orchestration").verdict == "fail"
    assert "call on phone" in result(plan, "orchestration").remedy
    filled = planned(tmp_path, missing.replace("cells =", 'default = "standard"\ncells =') + TABLES)
    assert result(filled, "orchestration").verdict == "pass"
    assert filled.orchestration is not None
    assert {c.state for c in filled.orchestration.cells} == {"filled", "default"}


def test_cells_are_counted_as_content_in_the_cost(tmp_path: Path) -> None:
    plan = planned(tmp_path, TABLES + CELLS + "[variety]\ncontent_cost = 90.0\n")
    two = next(point for point in plan.frontier if set(point.menu) == {"call", "mail"})
    assert two.contents == 3.0
    assert two.content_cost == pytest.approx(0.3)


def test_nobody_gets_more_messages_than_allowed(tmp_path: Path) -> None:
    plan = planned(tmp_path, CAP)
    sent = Counter(row.split(",")[0] for row in (tmp_path / "sent.csv").read_text().split()[1:])
    full = np.array([sent[i] >= 2 for i in IDS])
    given = plan.assignment.offer[np.argsort(plan.customers)]
    assert full.sum() > 50
    assert (given[full] == 0).all()
    assert (given[~full] != 0).all()
    found = plan.pressure
    assert found is not None
    assert found.held_back == full.sum()
    assert found.before == pytest.approx(sum(sent.values()) / ROWS / 4)
    assert found.after == pytest.approx(found.before + (ROWS - full.sum()) / ROWS / 4)
    assert result(plan, "contact_pressure").verdict == "pass"


def test_without_a_control_nobody_can_be_held_back_and_the_cap_fails(tmp_path: Path) -> None:
    write_shop(tmp_path, rows=ROWS)
    firm(tmp_path)
    path = write_brief(tmp_path, CAP)
    path.write_text(path.read_text().replace('control = "none"\n', ""))
    brief = read_brief(path)
    plan = make_plan(load_experiment(brief), brief=brief)
    assert result(plan, "contact_pressure").verdict == "fail"


def assigned(folder: Path, name: str, *more: str) -> list[dict[str, str]]:
    out = folder / name
    code = run(["assign", str(folder / "plan"), str(folder / "shop.csv"), "--out", str(out), *more])
    assert code == 0
    with out.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_list_goes_out_in_waves_with_the_same_holdout_each_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_shop(tmp_path, rows=ROWS)
    firm(tmp_path)
    brief = write_brief(tmp_path, CAP + ROLLOUT)
    assert run(["plan", str(brief), "--out", str(tmp_path / "plan")]) == 0
    contacts = ("--contacts", str(tmp_path / "sent.csv"))
    rows = assigned(tmp_path, "a.csv", *contacts)
    again = assigned(tmp_path, "b.csv", *contacts)
    assert rows == again
    out = [row for row in rows if row["reason"] == "held_out"]
    assert 0.15 * ROWS < len(out) < 0.25 * ROWS
    assert {row["offer"] for row in out} == {"none"}
    history = {
        row["customer"]: float(row["history"])
        for row in csv.DictReader((tmp_path / "shop.csv").read_text().splitlines())
    }
    by_wave = {w: [history[r["customer"]] for r in rows if r["wave"] == w] for w in "123"}
    assert min(by_wave["1"]) >= max(by_wave["2"])
    assert min(by_wave["2"]) >= max(by_wave["3"])
    assert len(by_wave["1"]) == pytest.approx(0.2 * ROWS, abs=2)
    stored = json.loads((tmp_path / "plan" / "plan.json").read_text())["rollout"]
    assert stored["held_out"] == len(out)
    capsys.readouterr()
    assert run(["assign", str(tmp_path / "plan"), str(tmp_path / "shop.csv"), "--out",
                str(tmp_path / "c.csv")]) == 3  # fmt: skip
    assert "G128" in capsys.readouterr().err


def test_the_gate_opens_waits_and_stops(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_shop(tmp_path, rows=ROWS)
    firm(tmp_path)
    brief = write_brief(tmp_path, ROLLOUT)
    assert run(["plan", str(brief), "--out", str(tmp_path / "plan")]) == 0
    rows = assigned(tmp_path, "a.csv")
    rng = np.random.default_rng(5)
    for gain, code, word in ((2.0, 0, "Open"), (0.0, 1, "Wait"), (-2.0, 1, "Stop")):
        lines = [
            f"{r['customer']},{r['wave']},{(r['reason'] != 'held_out') * gain + rng.normal():.3f}"
            for r in rows
        ]
        write(tmp_path, "results.csv", "customer,wave,profit", lines)
        capsys.readouterr()
        asked = ["rollout", str(tmp_path / "plan"), "--results", str(tmp_path / "results.csv")]
        assert run(asked) == code
        assert word in capsys.readouterr().out
    assert run([*asked, "--wave", "9"]) == 2
    assert "G134" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ('[contacts]\nat_most = 2\n', "G127"),
        ('[contacts]\nsource = "sent.csv"\ncustomer = "nobody"\n', "G127"),
        ('[contacts]\nsource = "sent.csv"\ncustomer = "customer"\nas_of = "soon"\n', "G127"),
        ('[readiness.tables]\nx = {source = "crm.csv", kind = "customers", key = "id"}\n', "G125"),
        ('[orchestration.triggers]\nx = {kind = "time", table = "nowhere"}\n', "G125"),
        ('[readiness]\nsegments = "nothing"\n', "G137"),
        ('[rollout]\nholdout = 1\n', "G130"),
        ('[rollout]\nwaves = [0.5, 1]\nengaged = "city"\n', "G131"),
        ('[rollout]\nwaves = [0.5, 0.2]\n', "B103"),
        ('[readiness.tables]\nx = {source = "crm.csv", kind = "runs"}\n', "B103"),
        ('[orchestration]\ncells = [{offer = "mail"}]\n', "B103"),
    ],
)  # fmt: skip
def test_a_broken_brief_is_refused_by_name(tmp_path: Path, extra: str, code: str) -> None:
    with pytest.raises(BriefError) as caught:
        planned(tmp_path, extra)
    assert code in {finding.code for finding in caught.value.findings}


def test_times_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    write_shop(tmp_path, rows=ROWS)
    write(tmp_path, "sent.csv", "customer,sent_at", ["a,2026-03-01", "b,yesterday"])
    brief = read_brief(
        write_brief(tmp_path, '[contacts]\nsource = "sent.csv"\ncustomer = "customer"\n')
    )
    with pytest.raises(DataError) as caught:
        make_plan(load_experiment(brief), brief=brief)
    assert [finding.code for finding in caught.value.findings] == ["G126"]


def test_no_id_is_written_into_plan_json(tmp_path: Path) -> None:
    plan = planned(tmp_path, TABLES + CELLS + CAP + ROLLOUT)
    assert "ZQX-" not in json.dumps(plan_document(plan), default=str)

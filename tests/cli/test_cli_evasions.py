"""Ways round a no, and round the proof of it, tried through the command line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from handful.cli.main import run
from handful.experiment import consent
from made_shop import write_brief, write_shop

ROWS = 600
HEADER = "customer_id,purpose,status,granted_at,source,expires_at"
CHANNELS = '[guardrails.channels]\nmail = "e-mail"\ncall = "phone"\n'


def shop(folder: Path, events: list[str], keys: str = "") -> Path:
    write_shop(folder, rows=ROWS)
    (folder / "consent.csv").write_text("\n".join([HEADER, *events]) + "\n", "utf-8")
    return write_brief(folder, CHANNELS, extra=f'[consent]\nsource = "consent.csv"\n{keys}')


def agreeing(expires: str = "") -> list[str]:
    return [f"ZQX-{i:05d}-ID,*,granted,2026-01-01,form,{expires}" for i in range(ROWS)]


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evasions")
    no = [f"ZQX-{i:05d}-ID,train,revoked,2026-01-02,form," for i in range(0, ROWS, 10)]
    brief = shop(folder, [*agreeing(), *no])
    assert run(["plan", str(brief), "--out", str(folder / "plan"), "--quiet"]) == 0
    return folder


@pytest.mark.parametrize(
    "written",
    [
        lambda name: name.lower(),
        lambda name: f" {name} ",
        lambda name: name.replace("X", "\uff38"),
    ],
    ids=["case", "spaces", "wide letters"],
)
def test_a_no_under_another_spelling_is_not_lost(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], written: Callable[[str], str]
) -> None:
    no = [f"{written(f'ZQX-{i:05d}-ID')},*,denied,2026-01-02,form," for i in range(0, ROWS, 10)]
    brief = shop(tmp_path, [*agreeing()[1:2], *no], "consent_only = []")
    assert run(["plan", str(brief), "--out", str(tmp_path / "plan")]) == 2
    said = capfd.readouterr().err
    assert "G048  60 customers" in said
    assert "ZQX" not in said
    assert not (tmp_path / "plan").exists()


@pytest.mark.parametrize("written", ["007", "7.0", "7."])
def test_whole_numbers_written_otherwise_are_the_same_person(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], written: str
) -> None:
    log = write_shop(tmp_path, rows=ROWS)
    lines = log.read_text("utf-8").splitlines()
    numbered = [f"{i},{line.split(',', 1)[1]}" for i, line in enumerate(lines[1:], 1)]
    brief = shop(tmp_path, [f"{written},*,denied,2026-01-02,form,"], "consent_only = []")
    log.write_text("\n".join([lines[0], *numbered]) + "\n", "utf-8")
    assert run(["check", str(brief)]) == 2
    assert "G048" in capfd.readouterr().err


def test_a_list_of_opt_outs_alone_is_enough(tmp_path: Path) -> None:
    no = [f"ZQX-{i:05d}-ID,*,denied,2026-01-02,form," for i in range(0, ROWS, 10)]
    brief = shop(tmp_path, no, "consent_only = []")
    assert run(["plan", str(brief), "--out", str(tmp_path / "plan"), "--quiet"]) == 0
    document = json.loads((tmp_path / "plan" / "plan.json").read_text("utf-8"))
    assert document["consent"]["rows_left_out"] == 60


def test_a_consent_table_that_is_not_named_is_missed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_shop(tmp_path)
    brief = write_brief(tmp_path, extra='[consent]\nscope = "shop"\n')
    assert run(["plan", str(brief), "--out", str(tmp_path / "plan")]) == 3
    assert "G038" in capfd.readouterr().err


def edited(planned: Path, folder: Path, change: Callable[[Path, dict], None]) -> Path:
    """Copy everything beside the plan, change the plan, return it."""
    shutil.copytree(planned, folder / "copy")
    plan = folder / "copy" / "plan"
    document = json.loads((plan / "plan.json").read_text("utf-8"))
    change(plan, document)
    (plan / "plan.json").write_text(json.dumps(document), "utf-8")
    return plan


def without_a_guardrail(plan: Path, document: dict) -> None:
    document["guardrails"] = document["guardrails"][1:]


def with_a_kind_override(plan: Path, document: dict) -> None:
    document["overrides"] = [{"name": "consent_trained", "by": "me", "reason": "I may"}]


def without_consent(plan: Path, document: dict) -> None:
    document["consent"] = None
    for name in ("consent.parquet", "consent-certificate.json"):
        (plan / name).unlink()


def without_proof(plan: Path, document: dict) -> None:
    for name in ("consent.parquet", "consent-certificate.json"):
        (plan / name).unlink()


def without_audit(plan: Path, document: dict) -> None:
    for name in ("handful-audit.jsonl", "handful-audit.head"):
        (plan.parent / name).unlink()


@pytest.mark.parametrize(
    "change",
    [without_a_guardrail, with_a_kind_override, without_consent, without_proof, without_audit],
    ids=lambda change: change.__name__,
)
def test_an_edited_plan_does_not_verify(
    planned: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], change: Callable
) -> None:
    plan = edited(planned, tmp_path, change)
    assert run(["review", "--verify", str(plan)]) == 2
    said = capfd.readouterr().err
    assert "G076" in said or "G083" in said


@pytest.mark.parametrize("change", [without_a_guardrail, with_a_kind_override, without_consent])
def test_an_edited_plan_is_not_used(
    planned: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], change: Callable
) -> None:
    plan = edited(planned, tmp_path, change)
    out = tmp_path / "who.csv"
    assert run(["assign", str(plan), str(planned / "shop.csv"), "--out", str(out)]) == 2
    assert run(["export", str(plan), "--to", "csv", "--out", str(out)]) == 2
    assert capfd.readouterr().err.count("G083") == 2
    assert not out.exists()


def test_forgetting_leaves_a_plan_that_verifies(planned: Path, tmp_path: Path) -> None:
    shutil.copytree(planned, tmp_path / "copy")
    assert run(["forget", "ZQX-00011-ID", "--in", str(tmp_path / "copy")]) == 0
    assert run(["review", "--verify", str(tmp_path / "copy" / "plan")]) == 0


def test_a_plan_that_moved_still_verifies(planned: Path, tmp_path: Path) -> None:
    shutil.copytree(planned, tmp_path / "copy")
    (tmp_path / "copy" / "plan").rename(tmp_path / "copy" / "spring")
    assert run(["review", "--verify", str(tmp_path / "copy" / "spring")]) == 0


def test_an_audience_too_small_for_its_destination_stays_here(
    planned: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["export", str(planned / "plan"), "--to", "csv", "--out"]
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    to = ["--destination", "meta", "--match-rate"]
    assert run([*words, str(small), *to, "0.3"]) == 2
    assert "G052" in capfd.readouterr().err
    assert not small.exists()
    assert run([*words, str(large), *to, "1"]) == 0
    assert run([*words, str(small), "--destination", "billboard"]) == 3
    assert run(["export", str(planned / "plan"), "--to", "sql", "--out", str(small), *to, "1"]) != 0
    assert not small.exists()


def test_a_quiet_plan_names_what_failed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_shop(tmp_path, rows=ROWS)
    brief = write_brief(tmp_path, "[guardrails]\nminimum_audience = 100000\n")
    assert run(["plan", str(brief), "--out", str(tmp_path / "plan"), "--quiet"]) == 1
    said = capfd.readouterr()
    assert said.err == "Not releasable, guardrails failed: minimum_audience.\n"
    assert said.out == ""


def test_a_grant_of_the_future_is_none_yet(tmp_path: Path) -> None:
    future = [f"ZQX-{i:05d}-ID,train,granted,2199-01-01,form," for i in range(100)]
    early = [event.replace(",*,", ",personalise,") for event in agreeing()[:100]]
    brief = shop(tmp_path, [*future, *early, *agreeing()[100:]])
    assert run(["plan", str(brief), "--out", str(tmp_path / "plan"), "--quiet"]) == 0
    document = json.loads((tmp_path / "plan" / "plan.json").read_text("utf-8"))
    assert document["consent"]["left_out"]["train"] == 100
    assert document["consent"]["as_of"] < "2199"


def test_a_grant_that_ran_out_since_does_not_count_today(planned: Path, tmp_path: Path) -> None:
    table = tmp_path / "consent.csv"
    table.write_text("\n".join([HEADER, *agreeing("2026-01-05")]) + "\n", "utf-8")
    out = tmp_path / "who.csv"
    words = ["assign", str(planned / "plan"), str(planned / "shop.csv"), "--out", str(out)]
    assert run([*words, "--consent", str(table)]) == 0
    lines = out.read_text("utf-8").splitlines()[1:]
    assert {line.split(",")[1].strip('"') for line in lines} == {"none"}


def test_a_register_that_forgets_the_no_is_caught_by_the_second_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    no = [f"ZQX-{i:05d}-ID,*,revoked,2026-01-02,form," for i in range(40)]
    brief = shop(tmp_path, [*agreeing(), *no])
    monkeypatch.setattr(consent, "_refused", lambda states, silence: np.zeros_like(states, bool))
    assert run(["plan", str(brief), "--out", str(tmp_path / "plan"), "--quiet"]) == 1
    assert "consent_trained, consent_targeted" in capfd.readouterr().err
    document = json.loads((tmp_path / "plan" / "plan.json").read_text("utf-8"))
    found = {result["name"]: result for result in document["guardrails"]}
    assert found["consent_trained"]["detail"]["used_although_refused"]["train"] == 40


def test_a_plan_whose_yeses_have_begun_to_end_asks_for_the_table_of_today(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    brief = shop(tmp_path, [*agreeing()[1:], *agreeing("2026-03-01")[:1]])
    plan, out = tmp_path / "plan", tmp_path / "who.csv"
    assert run(["plan", str(brief), "--out", str(plan), "--quiet"]) == 0
    assert (
        json.loads((plan / "plan.json").read_text("utf-8"))["consent"]["runs_out"] == "2026-03-01"
    )
    words = ["assign", str(plan), str(tmp_path / "shop.csv"), "--out", str(out)]
    assert run(words) == 2
    assert "G084" in capfd.readouterr().err
    assert not out.exists()
    assert run([*words, "--consent", str(tmp_path / "consent.csv")]) == 0

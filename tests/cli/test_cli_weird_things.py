"""Weird things, end to end: a planted one is refused by name, a clean plan passes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from handful.brief.reader import read_brief
from handful.cli.main import run
from handful.errors import BriefError
from handful.experiment.log import load_experiment
from handful.guardrails.records import GuardrailResult
from handful.planning.records import Plan
from handful.planning.run import make_plan
from made_shop import COLUMNS, write_brief, write_shop

PROVENANCE = """
[guardrails.provenance]
"*" = {source = "orders", purpose = "offers", legal_basis = "contract", retention = "2 years"}
recency = "observed"
history = "observed"
city = "declared"
first_name = "declared"
mood = "inferred"
"""


def planned(folder: Path, guardrails: str = "", columns: str = COLUMNS) -> Plan:
    """Plan the shop with these guardrails."""
    write_shop(folder, columns=columns)
    brief = read_brief(write_brief(folder, guardrails))
    return make_plan(load_experiment(brief), brief=brief)


def result(plan: Plan, name: str) -> GuardrailResult:
    (found,) = (rail for rail in plan.guardrails if rail.name == name)
    return found


def failed(plan: Plan) -> list[str]:
    return [rail.name for rail in plan.failed]


def commanded(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any], str]:
    """Plan shop.toml by the command; return the exit code, plan.json and what was printed."""
    out = folder / "plan"
    code = run(["plan", str(folder / "shop.toml"), "--out", str(out)])
    said = capsys.readouterr()
    document = json.loads((out / "plan.json").read_text("utf-8"))
    return code, document, " ".join((said.out + said.err).split())


CLEAN = (
    """
[guardrails]
channels = {mail = "e-mail", call = "phone"}
purpose = "offers"
messages_per_month = 1
templates = "words"
"""
    + PROVENANCE
)


def test_a_clean_shop_passes_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_shop(tmp_path)
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "mail.txt").write_text(
        "Hi {{ first_name }}\n{{ unsubscribe_url }} {{ privacy_url }}", "utf-8"
    )
    write_brief(tmp_path, CLEAN)
    code, document, _ = commanded(tmp_path, capsys)
    rails = {rail["name"]: rail for rail in document["guardrails"]}
    assert code == 0
    assert document["releasable"]
    assert [n for n, r in rails.items() if r["verdict"] != "pass"] in ([], ["reidentification"])
    assert {"weird_things", "copy", "provenance", "creepiness", "minimum_audience"} <= set(rails)
    assert "RFC 8058" in rails["copy"]["remedy"]
    score = rails["creepiness"]
    assert score["value"] < score["bound"] == 60
    assert set(score["components"]) == {"leak", "provenance", "distance", "intimacy", "frequency"}


def test_a_sensitive_feature_stops_the_command_and_the_assignment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_shop(tmp_path, columns=COLUMNS.replace("history", "pregnancy_score"))
    write_brief(tmp_path)
    code, document, printed = commanded(tmp_path, capsys)
    assert (code, document["failed"]) == (1, ["weird_things"])
    assert "feature 'pregnancy_score' (class 3, health, pregnancy included)" in printed
    shop, who = str(tmp_path / "shop.csv"), tmp_path / "who.csv"
    assert run(["assign", str(tmp_path / "plan"), shop, "--out", str(who)]) == 2
    assert "G001" in capsys.readouterr().err
    assert not who.exists()


@pytest.mark.parametrize(
    ("columns", "guardrails", "said"),
    [
        (COLUMNS.replace("city", "religion"), "", "feature 'religion' (class 2"),
        (COLUMNS, 'topics = {mail = "prenatal vitamins"}', "topic 'mail' (class 3"),
        (COLUMNS, 'deny = ["history"]', "feature 'history' (the brief's own list)"),
        (COLUMNS, 'provenance = {city = "sensitive"}', "feature 'city' (sensitive by"),
    ],
)
def test_a_sensitive_thing_is_refused_by_class(
    tmp_path: Path, columns: str, guardrails: str, said: str
) -> None:
    plan = planned(tmp_path, f"[guardrails]\n{guardrails}", columns)
    assert "weird_things" in failed(plan)
    assert said in result(plan, "weird_things").remedy


def test_what_the_brief_allows_passes_with_its_reason(tmp_path: Path) -> None:
    allowed = '[guardrails]\nallow = {nationality = "language of the letter"}'
    found = result(
        planned(tmp_path, allowed, COLUMNS.replace("city", "nationality")), "weird_things"
    )
    assert found.verdict == "pass"
    assert found.detail["allowed"] == {"nationality": "language of the letter"}


def test_children_in_the_log_are_refused(tmp_path: Path) -> None:
    columns = COLUMNS.replace("recency", "age")  # recency runs from 1 to 24
    found = result(planned(tmp_path, columns=columns), "children")
    assert found.verdict == "fail"
    assert found.value is not None
    assert found.value > 100
    grown = '[columns]\nyears = "age"\n[guardrails]\nallow = {age = "weeks, not years"}'
    assert result(planned(tmp_path, grown, columns), "children").verdict == "pass"


def test_a_sensitive_offer_never_goes_where_the_family_sees_it(tmp_path: Path) -> None:
    allowed = """
[guardrails]
topics = {mail = "prenatal vitamins"}
allow = {mail = "asked for by the customer"}
channels = {mail = "CHANNEL", call = "phone"}
"""
    plan = planned(tmp_path, allowed.replace("CHANNEL", "post"))
    assert failed(plan) == ["bystanders"]
    said = result(plan, "bystanders").remedy
    assert "'mail' (health, pregnancy included) on channel post" in said
    plan = planned(tmp_path, allowed.replace("CHANNEL", "app"))
    assert result(plan, "bystanders").verdict == "pass"


def test_copy_that_says_what_was_guessed_is_refused_by_name_and_line(tmp_path: Path) -> None:
    (tmp_path / "mail.html").write_text("Hi {{ first_name }}\nyou seem {{ mood }} today", "utf-8")
    plan = planned(
        tmp_path,
        '[guardrails]\nchannels = {mail = "e-mail"}\ntemplates = {mail = "mail.html"}\n'
        + PROVENANCE,
    )
    faults = result(plan, "copy").detail["faults"]
    assert failed(plan) == ["copy"]
    assert {(f["template"], f["line"], f["field"]) for f in faults} == {
        ("mail.html", 2, "mood"),
        ("mail.html", 0, "unsubscribe_url"),
        ("mail.html", 0, "privacy_url"),
    }


def test_templates_that_are_not_there_are_said_all_at_once(tmp_path: Path) -> None:
    with pytest.raises(BriefError) as caught:
        planned(tmp_path, '[guardrails]\ntemplates = {mail = "a.html", call = "b.html"}')
    assert [finding.code for finding in caught.value.findings] == ["G040", "G040"]
    with pytest.raises(BriefError, match="G041"):
        planned(tmp_path, '[guardrails]\ntemplates = "no-such-folder"')


def test_a_creepy_plan_is_refused_with_its_parts(tmp_path: Path) -> None:
    plan = planned(
        tmp_path,
        """
[guardrails]
channels = {mail = "whatsapp", call = "phone"}
messages_per_month = 12
purpose = "offers"
provenance = {recency = {how = "third-party", purpose = "credit scoring"}}
""",
    )
    found = result(plan, "creepiness")
    assert failed(plan) == ["creepiness"]
    assert found.value is not None
    assert found.value > 60
    assert found.components["distance"] == 1.0
    assert "counted half: leak" in found.remedy


def test_a_topic_of_a_misspelt_offer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BriefError, match="G047"):
        planned(tmp_path, '[guardrails]\ntopics = {mial = "prenatal vitamins"}')

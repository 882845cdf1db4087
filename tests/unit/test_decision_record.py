"""decision.md: says what the plan says, cites every number, and a wrong one is caught."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from made_plan import made_plan

from handful.delivery.decision import check_decision, render_decision
from handful.delivery.markdown import escaped, unescaped
from handful.delivery.plan_json import dump_document, plan_document
from handful.evidence.records import Verdict
from handful.guardrails.results import GuardrailResult
from handful.planning.records import Plan
from plan_fixture import handful_plan, hostile_plan, observational_plan, one_offer_plan

PLANS = {
    "one": one_offer_plan,
    "handful": handful_plan,
    "observational": observational_plan,
    "hostile": hostile_plan,
    "made": made_plan,
}


def document(plan: Plan) -> dict[str, object]:
    found: dict[str, object] = json.loads(dump_document(plan_document(plan)))
    return found


@pytest.mark.parametrize("name", PLANS)
def test_every_number_is_the_plans(name: str) -> None:
    plan = PLANS[name]()
    text = render_decision(plan)
    assert check_decision(document(plan), text) == []
    assert len(re.findall(r"^\| \d+ \|", text, re.MULTILINE)) > 10


@pytest.mark.parametrize("kind", ["no_offer", "by_hand", "refused"])
def test_every_verdict_has_a_record(kind: str) -> None:
    plan = one_offer_plan()
    plan = replace(plan, verdict=Verdict(kind, 0, (), None, ("Because.",)))
    text = render_decision(plan)
    assert check_decision(document(plan), text) == []
    words = {"no_offer": "no offer", "by_hand": "by hand", "refused": "Not recommended"}
    assert words[kind] in text.splitlines()[2]


def test_one_offer_says_that_personalising_is_not_recommended() -> None:
    text = render_decision(one_offer_plan())
    assert "Personalising is not recommended" in text
    assert "## What would change our mind" in text


def test_a_failed_guardrail_makes_it_not_recommended() -> None:
    failed = GuardrailResult("fairness", "gap", 0.3, 0.2, 0.4, 0.1, "fail", "Set a bound.")
    text = render_decision(replace(handful_plan(), guardrails=(failed,)))
    assert text.splitlines()[2].startswith("**Not recommended as it stands")
    assert "Guardrail fairness, which fails: measured 0.3000" in text


def test_an_edited_number_is_caught() -> None:
    plan = handful_plan()
    text, whole = render_decision(plan), document(plan)
    row = next(line for line in text.splitlines() if line.startswith("| 1 |"))
    shown = row.split(" | ")[1]
    digit = next(c for c in reversed(shown) if c.isdigit())
    other = shown[::-1].replace(digit, "7" if digit != "7" else "3", 1)[::-1]
    everywhere = check_decision(whole, text.replace(shown, other))
    assert {found.code for found in everywhere} == {"F850"}
    only_in_text = text.replace(f"{shown} [1]", f"{other} [1]")
    assert {found.code for found in check_decision(whole, only_in_text)} == {"F850"}
    in_the_plan = check_decision(document(made_plan()), text)
    assert in_the_plan
    assert {found.code for found in in_the_plan} == {"F850"}


def test_a_mark_without_a_row_is_caught() -> None:
    plan = handful_plan()
    text = render_decision(plan).replace("## Why", "Also $9.99 [999].\n\n## Why")
    assert "[999]" in check_decision(document(plan), text)[0].message


def test_names_are_text() -> None:
    text = render_decision(hostile_plan())
    assert "<script" not in text
    for line in text.splitlines():
        if line.startswith("|"):
            assert "](" not in line


@pytest.mark.parametrize(
    "name", ["a|b", "<b>", "x\ny", "[l](javascript:1)", "`c`", "a\\|b", "&lt;"]
)
def test_escaping_reads_back(name: str) -> None:
    assert unescaped(escaped(name)) == name.replace("\n", " ")
    assert not re.search(r"(?<!\\)[|\[\]`<>]", escaped(name).replace("\\\\", ""))


def test_same_plan_same_bytes() -> None:
    assert render_decision(handful_plan()) == render_decision(handful_plan())

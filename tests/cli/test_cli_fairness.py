"""Fairness from the command line: published households and vouchers, and what is refused."""

from __future__ import annotations

import gzip
import json
from itertools import islice
from pathlib import Path

import pytest

from handful.cli.main import run

ROOT = Path(__file__).parents[2]
HOUSEHOLDS = ROOT / "examples" / "data" / "act_subsidy_households.csv.gz"
SHIPPED = ROOT / "src" / "handful" / "data" / "thornton_hiv.csv.gz"


def planned(brief: Path, out: Path) -> dict:
    # 1: another guardrail may fail on the few folds of a test; the plan is written all the same.
    assert run(["plan", str(brief), "--out", str(out), "--quiet"]) in (0, 1)
    return json.loads((out / "plan.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def households(tmp_path_factory) -> tuple[dict, str, Path]:
    if not HOUSEHOLDS.exists():
        pytest.skip("the households' file is not in examples/data")
    home = tmp_path_factory.mktemp("households")
    text = (ROOT / "examples" / "act_subsidy_fair.toml").read_text("utf-8")
    text = text.replace("data/", f"{ROOT}/examples/data/")
    text = text.replace("[guardrails]", "[evidence]\nrepetitions = 1\n\n[guardrails]")
    (home / "brief.toml").write_text(text, "utf-8")
    document = planned(home / "brief.toml", home / "plan")
    return document, (home / "plan" / "report.html").read_text("utf-8"), home / "plan"


def test_the_households_are_compared_by_schooling_and_land(households) -> None:
    document, _, _ = households
    frames = {(f["column"], f["metric"], f["offer"]): f for f in document["fairness"]["frames"]}
    price = frames["head_edu", "price", None]
    assert price["bound"] == 3
    assert price["verdict"] != "fail"
    assert price["difference"]["lo"] <= price["difference"]["value"] <= price["difference"]["hi"]
    values = [group["value"] for group in price["by_group"]]
    assert price["difference"]["value"] == pytest.approx(max(values) - min(values))
    assert price["ratio"]["value"] == pytest.approx(min(values) / max(values))
    assert ("head_acres", "selection_rate", None) in frames


def test_the_price_of_the_bounds_is_drawn_with_the_differences_achieved(households) -> None:
    document, page, _ = households
    curve = document["fairness"]["curve"]
    assert curve[-1]["times"] is None
    assert {len(point["achieved"]) for point in curve} == {4}
    assert 'id="fairness"' in page
    assert "Are groups of customers treated alike?" in page
    assert "not legal advice" in page
    assert "fair-780" in page


def test_what_tells_schooling_is_named(households) -> None:
    document, page, _ = households
    first = document["fairness"]["proxies"][0]
    assert first["shown"]
    assert first["auc"]["lo"] > 0.5
    assert "head_lit" in {p["predictor"] for p in document["fairness"]["proxies"] if p["shown"]}
    assert "a direct-mail field" in page


def test_the_guardrails_say_what_cannot_be_excluded_and_never_fail_a_lint(households) -> None:
    document, _, _ = households
    found = {g["name"]: g for g in document["guardrails"]}
    assert {"fairness_price_head_edu", "fairness_ratio_head_acres"} <= set(found)
    prices = {line["price"] for line in document["fairness"]["prices"]}
    assert found["pricing_dispersion"]["value"] == pytest.approx(max(prices) / min(prices))
    assert found["pricing_dispersion"]["verdict"] == ("warn" if len(prices) > 1 else "pass")


def test_a_list_of_a_few_customers_keeps_the_bounds_as_a_campaign(
    households, tmp_path, capsys
) -> None:
    _, _, plan = households
    with gzip.open(HOUSEHOLDS, "rt", encoding="utf-8") as file:
        (tmp_path / "few.csv").write_text("".join(islice(file, 50)), "utf-8")
    asked = ["assign", str(plan), str(tmp_path / "few.csv"), "--campaign"]
    assert run([*asked, "--out", str(tmp_path / "out.csv")]) == 0
    said = [line for line in capsys.readouterr().out.splitlines() if "apart, within" in line]
    assert len(said) == 4
    for line in said:
        used, bound = line.split(": ")[2].removesuffix(" on this list").split(" apart, within ")
        assert abs(float(used)) <= float(bound)


VOUCHERS = """
[columns]
amount = "round(tinc / 0.009456)"
[experiment]
source = "{data}"
where = "got IS NOT NULL AND tinc IS NOT NULL AND villnum IS NOT NULL AND age >= 16"
offer = ["amount"]
control = {{amount = 0}}
cluster = "villnum"
features = ["distvct"]
[profit]
per_row = "(3.0 - tinc) * got"
[menu]
max_offers = 3
[menu.amount]
min = 0
max = 300
increment = 50
[evidence]
repetitions = 1
folds = 4
[guardrails]
protected = ["hiv2004", "age"]
[fairness]
selection_rate = 0.1
cuts = {{age = 40}}
enforce = {enforce}
"""


def test_vouchers_are_compared_by_result_and_age(tmp_path) -> None:
    brief = tmp_path / "brief.toml"
    brief.write_text(VOUCHERS.format(data=SHIPPED, enforce="false"), "utf-8")
    document = planned(brief, tmp_path / "plan")
    frames = document["fairness"]["frames"]
    assert {frame["column"] for frame in frames} == {"hiv2004", "age"}
    price = next(frame for frame in frames if frame["metric"] == "price")
    assert price["measure"] == "mean amount"
    assert document["fairness"]["curve"] == []
    assert document["constraints"] == []


def test_what_the_brief_gets_wrong_is_told_at_once_and_nothing_is_written(tmp_path, capsys) -> None:
    text = VOUCHERS.format(data=SHIPPED, enforce="true")
    text += 'price = {sex = 1}\ncompetitor_confidential = ["distvct"]\nunit_cost = {tea = 1}\n'
    brief = tmp_path / "brief.toml"
    brief.write_text(text, "utf-8")
    assert run(["plan", str(brief), "--out", str(tmp_path / "plan")]) == 3
    said = capsys.readouterr().err
    assert {"G085", "G086"} <= set(said.split())
    assert said.count("G086") == 2
    assert not (tmp_path / "plan").exists()
    brief.write_text(text.replace("price = {sex = 1}", 'price = "low"'), "utf-8")
    assert run(["check", str(brief)]) == 3
    assert "B103" in capsys.readouterr().err

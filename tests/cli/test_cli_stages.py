"""From outside: every verdict of examples/verdicts, presets, own data, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from handful.cli.main import run

VERDICTS = Path(__file__).parents[2] / "examples" / "verdicts"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    home = tmp_path_factory.mktemp("stages")
    for log in VERDICTS.glob("*.csv.gz"):
        shutil.copy(log, home)
    return home


def _planned(folder: Path, name: str, brief: str, *more: str) -> dict:
    (folder / f"{name}.toml").write_text(
        brief.replace("repetitions = 1", "repetitions = 1\nfolds = 4")
    )
    out = folder / name
    assert run(["plan", str(folder / f"{name}.toml"), "--out", str(out), "--quiet", *more]) == 0
    return json.loads((out / "plan.json").read_text())


def _refused(folder: Path, capsys, brief: str) -> str:
    (folder / "wrong.toml").write_text(brief)
    code = run(["plan", str(folder / "wrong.toml"), "--out", str(folder / "wrong")])
    assert code in (2, 3)
    assert not (folder / "wrong").exists()
    said = capsys.readouterr()
    return said.out + said.err


@pytest.mark.parametrize(
    ("name", "kind", "advice"),
    [
        ("one_offer", "one_offer", "one_offer"),
        ("handful", "handful", "handful"),
        ("one_to_one", "handful", "one_to_one"),
        ("by_hand", "by_hand", "by_hand"),
    ],
)
def test_every_verdict_can_be_reached(folder, name, kind, advice) -> None:
    plan = _planned(folder, name, (VERDICTS / f"{name}.toml").read_text())
    assert plan["verdict"]["kind"] == kind
    assert plan["fit"]["advice"] == advice
    page = (folder / name / "report.html").read_text()
    assert "How far should we personalise?" in page
    assert "Is this a case for personalising?" in page


def test_a_commodity_is_named_with_its_scorecard(folder) -> None:
    plan = json.loads((folder / "one_offer" / "plan.json").read_text())
    assert plan["fit"]["commodity"]["verdict"] == "commodity"
    assert plan["fit"]["commodity"]["most"]["hi"] < plan["fit"]["commodity"]["tolerance"]
    judged = {found["name"]: found["verdict"] for found in plan["fit"]["execution"]}
    assert judged == {"on_time": "pass", "stock_out": "pass", "defect": "unknown"}
    assert "execution.defect" in (folder / "one_offer" / "report.html").read_text()


def test_what_an_outcome_of_execution_reads_is_no_feature(folder) -> None:
    brief = (VERDICTS / "one_offer.toml").read_text()
    brief = brief.replace('features = ["x1", "x2", "x3", "x4"]\n', "")
    plan = _planned(folder, "every_column", brief)
    assert plan["stages"]["complexity"]["fields"] in (0, 4)


PRESET = """
[experiment]
source   = "three_types.csv.gz"
offer    = "offer"
control  = "control"
features = ["x1", "x2", "x3", "x4"]

[profit]
per_row    = "0.3 * profit"
long_run   = "0.7 * profit"
population = 100_000

[menu]
max_offers = 3
setup_cost = 9_000.0
preset     = "PRESET"

[evidence]
repetitions = 1
"""


def test_presets_differ_in_the_expected_direction(folder) -> None:
    loyalty = _planned(folder, "loyalty", PRESET.replace("PRESET", "loyalty"))
    scale = _planned(folder, "scale", PRESET.replace("PRESET", "scale"))
    assert scale["verdict"]["offers"] < loyalty["verdict"]["offers"] == 3
    assert scale["fit"]["preset"] == "scale"
    assert scale["frontier"][0]["value"] < loyalty["frontier"][0]["value"]
    assert "preset is loyalty" in " ".join(loyalty["fit"]["reasons"])


def test_own_data_are_worth_what_commodity_features_cannot_tell(folder) -> None:
    brief = (VERDICTS / "handful.toml").read_text()
    brief += '\n[differentiation]\ncommodity = ["x3", "x4"]\n'
    plan = _planned(folder, "own", brief)
    menu = plan["differentiation"]["policies"][0]
    assert plan["differentiation"]["own"] == ["x1", "x2"]
    assert menu["difference"]["lo"] > 0
    total = menu["commodity"]["value"] + menu["difference"]["value"]
    assert total == pytest.approx(menu["gain"]["value"])
    assert menu["survives"]["value"] < 0.5
    assert "What are our own data worth?" in (folder / "own" / "report.html").read_text()


def _with_previous(plan: str, most: float) -> str:
    brief = (VERDICTS / "one_to_one.toml").read_text()
    return f'{brief}\n[guardrails]\nprevious = "{plan}"\nmax_changed = {most}\n'


def test_a_plan_that_changes_nothing_is_continuous(folder) -> None:
    plan = _planned(folder, "again", _with_previous("one_to_one", 0.01))
    found = next(g for g in plan["guardrails"] if g["name"] == "continuity")
    assert (found["verdict"], found["value"]) == ("pass", 0.0)


def test_too_many_changed_offers_stop_a_plan(folder) -> None:
    brief = _with_previous("one_to_one", 0.2).replace("max_offers = 2", "max_offers = 1")
    (folder / "shaken.toml").write_text(brief.replace("repetitions = 1", "folds = 4"))
    out = folder / "shaken"
    assert run(["plan", str(folder / "shaken.toml"), "--out", str(out), "--quiet"]) == 1
    plan = json.loads((out / "plan.json").read_text())
    found = next(g for g in plan["guardrails"] if g["name"] == "continuity")
    assert found["verdict"] == "fail"
    assert found["value"] > 0.2


def test_a_plan_before_that_cannot_be_read_is_said(folder) -> None:
    plan = _planned(folder, "lost", _with_previous("nowhere", 0.2))
    found = next(g for g in plan["guardrails"] if g["name"] == "continuity")
    assert found["verdict"] == "warn"
    assert "cannot be compared" in found["remedy"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ("[stages]\none_to_few = 0.5\n", "B103"),
        ("[stages]\none_to_many = 9\n", "B105"),
        ("[stages]\ncustomised = 0.99\n", "B105"),
        ("[stages]\nhourly = 3\n", "B101"),
        ("[execution]\non_time = 1.2\n", "B103"),
        ('[execution]\ndefect = "nonsense"\n', "B112"),
        ('[execution]\ndefect = "x1"\n', "S236"),
        ('[differentiation]\ncommodity = ["x9"]\n', "G115"),
        ("[differentiation]\n", "G115"),
    ],
)
def test_what_cannot_be_meant_is_refused(folder, capsys, more, code) -> None:
    brief = (VERDICTS / "by_hand.toml").read_text()
    assert code in _refused(folder, capsys, f"{brief}\n{more}")

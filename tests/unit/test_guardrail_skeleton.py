"""The room's frame: columns held apart, a guardrail of one's own, overrides, plans refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from handful.brief.guardrails import GuardrailsSpec
from handful.brief.reader import parse_brief, read_brief
from handful.cli.main import run
from handful.delivery.stored import read_plan
from handful.errors import BriefError, DataError
from handful.experiment.log import load_experiment
from handful.guardrails.records import GuardrailResult, Override
from handful.guardrails.releasing import failed_of, failures, overrides_of
from handful.planning.run import make_plan
from made_log import write

PLUGIN = """
from handful.guardrails.records import GuardrailResult

def rows(facts):
    n = facts.experiment.n_rows
    verdict = "pass" if n < 100 else "fail"
    return (GuardrailResult("few_rows", "rows", n, None, None, 100, verdict, "Ask fewer."),)

def broken(facts):
    return "pass"
"""

BRIEF = """
[experiment]
source = "log.csv"
offer = "arm"
customer = "id"

[profit]
per_row = "spend"

[evidence]
repetitions = 1
folds = 4

[guardrails]
"""


def folder_with(tmp_path: Path, guardrails: str) -> Path:
    lines = [
        f"{i},{'AB'[i % 2]},{20 + i % 31},{'NS'[i // 7 % 2]},{i % 5},{i % 13}" for i in range(400)
    ]
    write(tmp_path, lines, header="id,arm,age,town,size,spend")
    (tmp_path / "mine.py").write_text(PLUGIN)
    brief = tmp_path / "handful.toml"
    brief.write_text(BRIEF + guardrails)
    return brief


def plan_with(tmp_path: Path, guardrails: str):
    brief = read_brief(folder_with(tmp_path, guardrails))
    return make_plan(load_experiment(brief), brief=brief)


def test_held_apart_columns_are_read_and_never_features(tmp_path: Path) -> None:
    brief = read_brief(folder_with(tmp_path, 'sensitive = ["age"]\nprotected = ["town"]'))
    log = load_experiment(brief)
    assert set(log.features.schema.names).isdisjoint({"age", "town"})
    assert log.held_apart.schema.names == ("age", "town")
    assert log.held_apart.schema.levels == ((), ("N", "S"))
    part = log.take(log.offer == 0)
    assert part.held_apart.values.tolist() == log.held_apart.values[log.offer == 0].tolist()


def test_naming_a_sensitive_column_as_feature_stratum_or_source_is_refused(tmp_path: Path) -> None:
    folder_with(tmp_path, "")
    tables = {
        "experiment": {
            "source": "log.csv",
            "offer": "arm",
            "customer": "id",
            "features": ["age", "old"],
            "strata": ["town"],
        },
        "profit": {"per_row": "spend"},
        "columns": {"elder": "age > 40", "old": "elder"},
        "guardrails": {"sensitive": ["age"], "protected": ["town"]},
    }
    with pytest.raises(BriefError) as refusal:
        load_experiment(parse_brief(tables, folder=str(tmp_path)))
    found = [f.message for f in refusal.value.findings if f.code == "G005"]
    assert len(found) == 3
    assert "'age'" in found[0]
    assert "'old'" in found[1]
    assert "'town'" in found[2]


def test_derived_columns_of_a_sensitive_one_leave_features_star(tmp_path: Path) -> None:
    folder_with(tmp_path, "")
    tables = {
        "experiment": {"source": "log.csv", "offer": "arm", "customer": "id"},
        "profit": {"per_row": "spend"},
        "columns": {"elder": "age > 40"},
        "guardrails": {"sensitive": ["age"]},
    }
    names = load_experiment(parse_brief(tables, folder=str(tmp_path))).features.schema.names
    assert names == ("town", "size")


def test_a_failed_plugin_stops_the_plan_until_somebody_answers(tmp_path: Path, capsys) -> None:
    brief = folder_with(tmp_path, 'plugins = ["mine:rows"]')
    out = tmp_path / "plan"
    assert run(["plan", str(brief), "--out", str(out)]) == 1
    said = capsys.readouterr().out
    assert "NOT RELEASABLE" in said
    assert "few_rows failed: rows. Ask fewer." in said
    document = json.loads((out / "plan.json").read_text())
    assert document["releasable"] is False
    assert document["failed"] == ["few_rows"]
    who = tmp_path / "who.csv"
    assert run(["assign", str(out), str(tmp_path / "log.csv"), "--out", str(who)]) == 2
    assert "G001" in capsys.readouterr().err
    assert not who.exists()
    brief.write_text(
        brief.read_text() + '\n[guardrails.override.few_rows]\nby = "Jo"\nreason = "a pilot"\n'
    )
    assert run(["plan", str(brief), "--out", str(out)]) == 0
    assert "answered for by Jo: a pilot" in capsys.readouterr().out
    document = json.loads((out / "plan.json").read_text())
    assert document["releasable"] is True
    assert document["overrides"] == [{"name": "few_rows", "by": "Jo", "reason": "a pilot"}]
    assert run(["assign", str(out), str(tmp_path / "log.csv"), "--out", str(who)]) == 0
    assert "a pilot" in (out / "report.html").read_text()


def test_the_example_runs_from_its_one_file(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "examples" / "guardrail_plugin"
    assert read_brief(example / "handful.toml").guardrails.plugins == ("stock:not_everybody",)
    shutil.copy(example / "stock.py", tmp_path)
    plan = plan_with(tmp_path, 'plugins = ["stock:not_everybody"]')
    (found,) = [result for result in plan.guardrails if result.name == "not_everybody"]
    assert found.bound == 0.9
    assert (found.verdict == "fail") == (found.value > 0.9)
    assert (found in plan.failed) == (found.value > 0.9)


def test_the_python_door_refuses_too(tmp_path: Path) -> None:
    plan = plan_with(tmp_path, 'plugins = ["mine:rows"]')
    assert [failed.name for failed in plan.failed] == ["few_rows"]
    with pytest.raises(DataError, match="G001"):
        plan.assign([])


@pytest.mark.parametrize(
    ("guardrails", "code"),
    [
        ('plugins = ["absent:rows"]', "G002"),
        ('plugins = ["mine:absent"]', "G002"),
        ('plugins = ["mine:broken"]', "G003"),
        ('[guardrails.override.nothing]\nby = "Jo"\nreason = "why not"', "G004"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path: Path, guardrails: str, code: str) -> None:
    with pytest.raises(BriefError, match=code):
        plan_with(tmp_path, guardrails)


@pytest.mark.parametrize("answer", ['"yes"', '{by = "Jo"}', '{by = "", reason = "x"}'])
def test_an_override_needs_a_name_and_a_reason(tmp_path: Path, answer: str) -> None:
    with pytest.raises(BriefError, match="B103"):
        read_brief(folder_with(tmp_path, f"override = {{few_rows = {answer}}}"))


def test_an_edited_releasable_is_not_believed() -> None:
    document = {
        "releasable": True,
        "guardrails": [{"name": "k", "verdict": "fail", "remedy": "Merge."}],
        "overrides": [],
    }
    assert failed_of(document) == (("k", "Merge."),)


def test_warnings_do_not_stop_and_overrides_answer_by_name() -> None:
    def result(name, verdict):
        return GuardrailResult(name, "m", 1.0, None, None, 2.0, verdict, "r")

    results = (result("a", "warn"), result("b", "fail"), result("c", "fail"))
    assert [f.name for f in failures(results, (Override("b", "Jo", "x"),))] == ["c"]
    assert overrides_of(GuardrailsSpec(override={"b": ("Jo", "x")}), results) == (
        Override("b", "Jo", "x"),
    )


def test_a_plan_made_before_guardrails_is_refused(tmp_path: Path) -> None:
    brief = folder_with(tmp_path, "")
    out = tmp_path / "plan"
    assert run(["plan", str(brief), "--out", str(out), "--quiet"]) == 0
    document = json.loads((out / "plan.json").read_text())
    del document["overrides"]
    (out / "plan.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match="F811"):
        read_plan(out)

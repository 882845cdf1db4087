from __future__ import annotations

import hashlib
from dataclasses import fields
from pathlib import Path

import pytest

from handful.brief import schema
from handful.brief.keys import KEYS, keys_of
from handful.brief.reader import did_you_mean, parse_brief, read_brief
from handful.errors import BriefError

LEAST = {
    "experiment": {"source": "log.csv", "offer": "arm"},
    "profit": {"per_row": "spend"},
}
SPECS = {
    "experiment": schema.ExperimentSpec,
    "profit": schema.ProfitSpec,
    "menu": schema.MenuSpec,
    "evidence": schema.EvidenceSpec,
    "team": schema.TeamSpec,
}
WHOLE = """
[experiment]
source = "log.csv"
where = "age > 18"
customer = "id"
cluster = "household"
strata = ["wave"]
time = "sent"
outcome_time = "paid"
offer = "arm"
control = 0
propensity = { "0" = 0.5, "1" = 0.5 }
features = ["age", "town"]
exclude = ["visit"]
unit = "customer"
crossovers = "first"
date_format = "%d/%m/%Y"
encoding = "latin-1"
accept_observational = true

[profit]
per_row = "spend - cost"
currency = "EUR"
population = 2_000_000
kind = "binary"
take_up = "bought"
price = { "1" = 2.5 }
long_run = "later"
assumptions = { cost = 0.05 }

[menu]
max_offers = 3
setup_cost = { "0" = 0, "1" = 2.5 }
always = ["1"]
never = ["0"]
preset = "loyalty"

[evidence]
folds = 4
repetitions = 1
learn_rows = 5000
engaged = "recency"
direct_mail = ["age"]
studio = false

[team]
hours = 20
minutes_per_card = 3
hours_per_offer = 8.5
offers_we_can_author = 3

[columns]
quarter = "q1 + 2 * q2"
"""


def with_key(table: str, key: str, value: object) -> dict[str, dict[str, object]]:
    tables: dict[str, dict[str, object]] = {name: dict(keys) for name, keys in LEAST.items()}
    tables.setdefault(table, {})[key] = value
    return tables


def refusal(mapping: object) -> BriefError:
    with pytest.raises(BriefError) as caught:
        parse_brief(mapping)  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize("table", SPECS)
def test_table_of_keys_and_records_agree(table: str) -> None:
    assert set(keys_of(table)) == {field.name for field in fields(SPECS[table])}


@pytest.mark.parametrize("table", SPECS)
def test_documented_defaults_are_those_of_the_records(table: str) -> None:
    record = SPECS[table](**LEAST[table]) if table in LEAST else SPECS[table]()
    shown = {"false": False, "true": True, "[]": (), "{}": {}, '"*"': ("*",)}
    for key in KEYS:
        if key.table == table and not key.required:
            value = getattr(record, key.name)
            expected = shown.get(key.default, key.default.strip('"'))
            assert value is None or value == expected or float(value) == float(key.default)


def test_every_key_is_read(tmp_path: Path) -> None:
    file = tmp_path / "handful.toml"
    file.write_text(WHOLE)
    brief = read_brief(file)
    assert brief.experiment == schema.ExperimentSpec(
        source="log.csv",
        offer="arm",
        where="age > 18",
        customer="id",
        cluster="household",
        strata=("wave",),
        time="sent",
        outcome_time="paid",
        control="0",
        propensity={"0": 0.5, "1": 0.5},
        features=("age", "town"),
        exclude=("visit",),
        unit="customer",
        crossovers="first",
        date_format="%d/%m/%Y",
        encoding="latin-1",
        accept_observational=True,
    )
    assert brief.profit == schema.ProfitSpec(
        "(spend - 0.05) + (later)",
        "EUR",
        2e6,
        "binary",
        "bought",
        {"1": 2.5},
        "later",
        {"cost": 0.05},
    )
    assert brief.menu == schema.MenuSpec(3, {"0": 0.0, "1": 2.5}, ("1",), ("0",), "loyalty")
    assert brief.evidence == schema.EvidenceSpec(4, 1, 5000, "recency", ("age",), studio=False)
    assert brief.team == schema.TeamSpec(20.0, 3.0, 8.5, 3)
    assert brief.columns == {"quarter": "q1 + 2 * q2"}
    assert brief.folder == str(tmp_path)
    assert brief.sha256 == hashlib.sha256(WHOLE.encode()).hexdigest()
    given = {(table, name) for table in SPECS for name in keys_of(table) if f"\n{name} =" in WHOLE}
    assert given == {(key.table, key.name) for key in KEYS if key.table in SPECS}


def test_least_brief_has_defaults() -> None:
    brief = parse_brief(LEAST)
    assert brief == schema.Brief(
        schema.ExperimentSpec(source="log.csv", offer="arm"), schema.ProfitSpec("spend")
    )


def test_unknown_key_names_line_and_nearest(tmp_path: Path) -> None:
    file = tmp_path / "handful.toml"
    file.write_text('[experiment]\nsource = "l.csv"\n\noffr = "arm"\n[profit]\nper_row = "y"\n')
    with pytest.raises(BriefError) as caught:
        read_brief(file)
    unknown, missing = caught.value.findings
    assert (unknown.code, missing.code) == ("B101", "B102")
    assert "'offr' in [experiment] (line 4)" in unknown.message
    assert unknown.remedy == "Did you mean 'offer'?"
    assert "experiment.offer is missing" in missing.message


def test_all_problems_come_at_once() -> None:
    error = refusal(
        {
            "experiment": {"source": 3, "offer": "arm", "colour": "red", "unit": "people"},
            "profit": {"population": -1},
            "menu": {"max_offers": 2.5},
            "gaurdrails": {},
        }
    )
    assert sorted(finding.code for finding in error.findings) == [
        "B101",
        "B101",
        "B102",
        "B103",
        "B103",
        "B103",
        "B103",
    ]
    assert all(finding.level == "block" for finding in error.findings)
    assert error.exit_code == 3


@pytest.mark.parametrize(
    ("table", "key", "value", "expected"),
    [
        ("experiment", "source", 3, "text in quotes"),
        ("experiment", "offer", "  ", "not empty"),
        ("experiment", "strata", "wave", "a list of names"),
        ("experiment", "strata", ["a", "a"], "without repeated"),
        ("experiment", "control", True, "a name in quotes"),
        ("experiment", "features", [], "not empty"),
        ("experiment", "unit", "people", '"row" or "customer"'),
        ("experiment", "accept_observational", "yes", "true or false"),
        ("experiment", "encoding", "utf-16", '"utf-8" or "latin-1"'),
        ("experiment", "propensity", "uniform", '"design"'),
        ("experiment", "propensity", "column:", '"design"'),
        ("experiment", "propensity", {"a": 0.5, "b": 0.0}, "above 0"),
        ("experiment", "propensity", {"a": 1.2}, "at most 1"),
        ("experiment", "propensity", {"a": float("nan"), "b": 0.5}, "above 0"),
        ("experiment", "propensity", {"a": 0.5, "b": 0.6}, "add up to 1"),
        ("profit", "population", 0, "above 0"),
        ("profit", "population", float("inf"), "a number"),
        ("menu", "max_offers", 0, "at least 1"),
        ("menu", "max_offers", True, "a whole number"),
        ("menu", "setup_cost", -5, "at least 0"),
        ("menu", "setup_cost", {"a": "dear"}, "a number"),
        ("evidence", "folds", 1, "at least 4"),
        ("team", "minutes_per_card", 0, "above 0"),
    ],
)
def test_wrong_value_says_what_was_expected(
    table: str, key: str, value: object, expected: str
) -> None:
    error = refusal(with_key(table, key, value))
    (finding,) = error.findings
    assert finding.code == "B103"
    assert f"{table}.{key}" in finding.message
    assert expected in finding.message


def test_contradictions_are_refused() -> None:
    tables = with_key("menu", "always", ["a", "b"])
    tables["menu"] |= {"never": ["b"], "max_offers": 1}
    tables["experiment"] |= {"features": ["age"], "exclude": ["age"]}
    assert [finding.code for finding in refusal(tables).findings] == ["B105"] * 3


def test_key_outside_its_table_is_sent_home() -> None:
    (finding,) = refusal({**LEAST, "currency": "EUR"}).findings
    assert finding.remedy == "Move it under [profit]."


def test_long_values_are_capped() -> None:
    (finding,) = refusal(with_key("menu", "max_offers", "x" * 10_000)).findings
    assert len(finding.message) < 200


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"[experiment\n", "line 1"), (b"a = 'caf\xe9'\n", "utf-8"), (b"x = 1\nx = 2\n", "line 2")],
)
def test_file_that_is_not_toml(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "handful.toml"
    file.write_bytes(content)
    with pytest.raises(BriefError, match="B100") as caught:
        read_brief(file)
    assert said in str(caught.value)


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(BriefError, match="there is no brief") as caught:
        read_brief(tmp_path / "none.toml")
    assert "handful init" in caught.value.findings[0].remedy


def test_file_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "handful.toml"
    file.write_text("\ufeff" + WHOLE)
    assert read_brief(file).menu.max_offers == 3


@pytest.mark.parametrize(
    ("word", "known", "answer"),
    [
        ("convrted", ["converted", "age"], "Did you mean 'converted'?"),
        ("Segment", ["segment"], "Did you mean 'segment'?"),
        ("zzz", ["age", "town"], "There is: age, town."),
        ("zzz", [], "There is none."),
    ],
)
def test_did_you_mean(word: str, known: list[str], answer: str) -> None:
    assert did_you_mean(word, known) == answer

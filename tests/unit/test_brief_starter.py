from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from handful.brief.dials import DialSpec
from handful.brief.profile import ColumnProfile
from handful.brief.reader import parse_brief
from handful.brief.starter import starter_brief
from handful.experiment.log import load_experiment
from handful.experiment.profile import profile_source
from made_log import rows, write


def column(name: str, kind: str = "number", distinct: int = 50, *levels: str) -> ColumnProfile:
    return ColumnProfile(name, kind, 1000, distinct, 0, levels)  # type: ignore[arg-type]


HILLSTROM = (
    column("recency", "whole", 12),
    column("history", "number", 900),
    column("zip_code", "text", 3, "Urban", "Rural", "Surburban"),
    column("segment", "text", 3, "Mens E-Mail", "No E-Mail", "Womens E-Mail"),
    column("visit", "whole", 2, "0", "1"),
    column("conversion", "whole", 2, "0", "1"),
    column("spend", "number", 80),
)


def test_starter_guesses_the_roles_of_a_mailing() -> None:
    starter = starter_brief("hillstrom.csv.gz", HILLSTROM)
    brief = parse_brief(tomllib.loads(starter.text))
    assert brief.experiment.source == "hillstrom.csv.gz"
    assert brief.experiment.offer == "segment"
    assert brief.experiment.control == "No E-Mail"
    assert brief.experiment.exclude == ("visit", "conversion", "spend")
    assert brief.experiment.features == ("*",)
    assert brief.profit.per_row == "spend"
    assert any("segment" in guess and "3 levels" in guess for guess in starter.guesses)


def test_starter_guesses_ids_clusters_strata_and_times() -> None:
    columns = (
        column("customer_id", "whole", 1000),
        column("household", "whole", 600),
        column("wave", "whole", 3),
        column("sent_at", "time", 90),
        column("treatment", "whole", 4, "0", "1", "2", "3"),
        column("voted", "text", 2, "no", "yes"),
    )
    brief = parse_brief(tomllib.loads(starter_brief("l.csv", columns).text))
    spec = brief.experiment
    assert (spec.customer, spec.cluster, spec.strata) == ("customer_id", "household", ("wave",))
    assert (spec.time, spec.offer, spec.control) == ("sent_at", "treatment", "0")
    assert brief.profit.per_row == "CASE WHEN voted = 'yes' THEN 1 ELSE 0 END"


def test_starter_without_any_guess_still_parses_and_says_so() -> None:
    starter = starter_brief("l.csv", (column("age"),))
    brief = parse_brief(tomllib.loads(starter.text))
    assert brief.experiment.offer == "CHANGE_ME"
    assert any("no column looks like offers" in guess for guess in starter.guesses)


@pytest.mark.parametrize(
    "odd", ['x"; DROP TABLE t;--', "a\\b", "line\nend", "<script>", "tab\t", "\x7f", "\u00e9"]
)
def test_odd_names_stay_whole(odd: str) -> None:
    columns = (column("arm", "text", 2, odd, f"no {odd}"), column(f"{odd} spend", "number"))
    spec = parse_brief(tomllib.loads(starter_brief(odd, columns).text)).experiment
    assert (spec.source, spec.control) == (odd, f"no {odd}")


def test_first_brief_of_a_file_loads(tmp_path: Path) -> None:
    path = write(tmp_path, rows())
    starter = starter_brief("log.csv", profile_source(str(path)))
    experiment = load_experiment(parse_brief(tomllib.loads(starter.text), folder=str(tmp_path)))
    assert experiment.offers == ("none", "mail")
    assert experiment.features.schema.names == ("age", "town")
    assert experiment.n_rows == 240


def test_profile_counts(tmp_path: Path) -> None:
    path = write(tmp_path, ["1,A,,2026-01-02", "2,A,x,2026-01-03", "3,B,y,"], header="id,arm,t,day")
    found = {c.name: c for c in profile_source(str(path))}
    assert found["id"] == ColumnProfile("id", "whole", 3, 3, 0, ("1", "2", "3"))
    assert found["arm"] == ColumnProfile("arm", "text", 3, 2, 0, ("A", "B"))
    assert found["t"].missing == 1
    assert found["day"].kind == "time"


def test_a_number_with_many_values_is_a_dial() -> None:
    amount = ColumnProfile("cash amount", "number", 900, 27, 0, ("0.0", "0.5"))
    made = starter_brief("log.csv", (column("age", "whole", 40), amount))
    assert 'offer      = ["cash amount"]' in made.text
    assert 'control    = {"cash amount" = 0}' in made.text
    assert '[menu."cash amount"]' in made.text
    read = parse_brief(tomllib.loads(made.text))
    assert read.experiment.offer == ("cash amount",)
    assert read.dials == (DialSpec("cash amount"),)
    assert made.guesses[0].startswith("offer = ['cash amount']: a number with 27 values")


def test_empty_cells_of_a_dial_may_mean_no_offer() -> None:
    price = ColumnProfile("price", "whole", 900, 40, 100, ("5", "6"))
    text = starter_brief("log.csv", (price,)).text
    assert 'control    = "null"' in text
    assert parse_brief(tomllib.loads(text)).experiment.control == "null"


def test_a_text_column_of_offers_wins_over_a_number() -> None:
    amount = ColumnProfile("amount", "number", 900, 27, 0, ("0.0",))
    arm = ColumnProfile("arm", "text", 900, 3, 0, ("none", "a", "b"))
    assert 'offer      = "arm"' in starter_brief("log.csv", (amount, arm)).text

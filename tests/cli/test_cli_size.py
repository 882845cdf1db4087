"""handful size from outside: answers, files, assignment read back by a plan, refusals."""

from __future__ import annotations

import csv
import json
import stat
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from handful.brief.reader import read_brief
from handful.cli.main import run
from handful.experiment.log import load_experiment

BRIEF = """\
[size]
offers     = ["none", "=mail", "<b>call</b>"]
sd         = 4.0
gain       = 1.0
rows       = 900
build_cost = 1000
salt       = "pepper"
name       = "spring"

[profit]
population = 10_000
"""


@pytest.fixture
def brief(tmp_path: Path) -> Path:
    path = tmp_path / "size.toml"
    path.write_text(BRIEF, encoding="utf-8")
    return path


@pytest.fixture
def customers(tmp_path: Path) -> Path:
    path = tmp_path / "who.csv"
    rows = [f"{i:05d},{'Bern' if i % 3 else 'Ulm'},{i // 2}" for i in range(1_200)]
    path.write_text("customer_id,town,house\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def asked(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    assert run(["size", *words, "--json"]) in {0, 1}
    return json.loads(capsys.readouterr().out)


def test_answers_as_words_and_as_json(brief: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["size", str(brief)]) == 0
    words = capsys.readouterr().out
    found = asked([str(brief)], capsys)
    assert found["schema"] == "handful.size/1"
    assert f"{found['rows']:,} rows answer every question" in words
    assert {need["question"] for need in found["needs"]} >= {"best offer", "menu of two"}
    for need in found["needs"]:
        assert 0.79 <= need["power"] <= 1.0
        assert f"{need['rows']:,} rows" in words
    assert "What the 900 rows at hand can see:" in words
    assert set(found["absent"]) >= {"lead", "dry_run"}


def test_folder_holds_the_same_numbers_twice(
    brief: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    for _ in range(2):  # a former answer is replaced
        assert run(["size", str(brief), "--out", str(out), "--quiet"]) == 0
    assert sorted(part.name for part in out.iterdir()) == ["design.csv", "size.html", "size.json"]
    found = json.loads((out / "size.json").read_text(encoding="utf-8"))
    page = (out / "size.html").read_text(encoding="utf-8")
    for at, need in enumerate(found["needs"]):
        assert f'value="{float(need["rows"])}" data-field="needs.{at}.rows"' in page
    assert "<b>call</b>" not in page
    assert "&lt;b&gt;call&lt;/b&gt;" in page
    assert "default-src &#39;none&#39;" in page
    assert "<script" not in page
    design = list(csv.DictReader((out / "design.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["offer"] for row in design] == ["none", "'=mail", "<b>call</b>"]
    assert sum(float(row["share"]) for row in design) == pytest.approx(1.0)


def test_a_foreign_folder_is_left_alone(
    brief: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear", encoding="utf-8")
    assert run(["size", str(brief), "--out", str(tmp_path / "mine")]) == 3
    assert "F804" in capsys.readouterr().err
    assert (tmp_path / "mine" / "letter.txt").read_text(encoding="utf-8") == "dear"


def test_assignment_is_private_stable_and_read_back_as_the_design(
    brief: Path, customers: Path, tmp_path: Path
) -> None:
    out = tmp_path / "given.parquet"
    words = ["size", str(brief), "--assign", str(customers), "--out", str(out), "--quiet"]
    assert run(words) == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    first = out.read_bytes()
    assert run(words) == 0
    assert out.read_bytes() == first
    table = pq.read_table(out)
    assert table.column_names == ["customer", "offer", "propensity"]
    assert table.column("customer").to_pylist()[:2] == ["00000", "00001"]
    spend = np.random.default_rng(0).gamma(1.0, 1.0, table.num_rows)
    age = np.random.default_rng(1).integers(18, 80, table.num_rows)
    log = table.append_column("spend", pa.array(spend)).append_column("age", pa.array(age))
    pq.write_table(log, tmp_path / "log.parquet")
    (tmp_path / "plan.toml").write_text(
        '[experiment]\nsource = "log.parquet"\noffer = "offer"\ncontrol = "none"\n'
        'customer = "customer"\npropensity = "column:propensity"\nfeatures = ["age"]\n'
        '[profit]\nper_row = "spend"\n',
        encoding="utf-8",
    )
    experiment = load_experiment(read_brief(tmp_path / "plan.toml"))
    assert np.allclose(experiment.design.received, 1 / 3)
    assert set(experiment.offers) == {"none", "=mail", "<b>call</b>"}


def test_strata_and_clusters(brief: Path, customers: Path, tmp_path: Path) -> None:
    out = tmp_path / "given.csv"
    words = ["--assign", str(customers), "--out", str(out), "--strata", "town"]
    assert run(["size", str(brief), *words, "--cluster", "house", "--quiet"]) == 0
    read = pa_csv.read_csv(out).to_pydict()
    assert list(read) == ["customer", "house", "town", "offer", "propensity"]
    houses = dict(zip(read["house"], read["offer"], strict=True))
    assert all(houses[h] == o for h, o in zip(read["house"], read["offer"], strict=True))


def test_a_list_without_salt_or_column_is_refused(
    brief: Path, customers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    brief.write_text(BRIEF.replace('salt       = "pepper"\n', ""), encoding="utf-8")
    out = tmp_path / "given.csv"
    words = ["size", str(brief), "--assign", str(customers), "--out", str(out)]
    assert run(words) == 3
    assert "E546" in capsys.readouterr().err
    brief.write_text(BRIEF, encoding="utf-8")
    assert run([*words, "--customer", "client"]) == 2
    assert "S240" in capsys.readouterr().err
    assert run([*words, "--strata", "town", "--hash", "posthog"]) == 3
    assert "E547" in capsys.readouterr().err
    assert not out.exists()


def test_a_launch_that_never_pays_exits_with_one(
    brief: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    brief.write_text(BRIEF.replace("= 1000\n", "= 10_000_000\n"), encoding="utf-8")
    assert run(["size", str(brief)]) == 1
    told = capsys.readouterr()
    assert "E550" in told.err
    assert "No: the launch is not worth it." in told.out


def test_dials_are_laid_out_and_given(
    tmp_path: Path, customers: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "dials.toml"
    path.write_text(
        '[size]\nsd = 1.0\ngain = 0.5\nsalt = "x"\nlevels = 2\n'
        "[menu.rate]\nmin = 1.0\nmax = 3.0\n[menu.basket]\nmin = 0\nmax = 60\n",
        encoding="utf-8",
    )
    found = asked([str(path)], capsys)
    assert [arm["name"] for arm in found["arms"]][:2] == ["no offer", "rate 1, basket 0"]
    out = tmp_path / "given.csv"
    assert run(["size", str(path), "--assign", str(customers), "--out", str(out), "--quiet"]) == 0
    read = pa_csv.read_csv(out).to_pydict()
    assert list(read) == ["customer", "offer", "rate", "basket", "propensity"]
    none = [r for r, o in zip(read["rate"], read["offer"], strict=True) if o == "no offer"]
    assert none
    assert set(none) == {None}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("[size]\nsd = 1.0\n", ["E544", "E544"]),
        ('[size]\noffers = ["none"]\nrate = 1.5\nsd = 2.0\ngain = 1\n', ["E540", "E541", "E542"]),
        ('[size]\noffers = ["a", "b"]\nsd = 1\ngain = 500.0\n', ["E545"]),
        ('[size]\noffers = ["a", "b"]\nsd = -1\ngain = "x"\n', ["B103", "B103"]),
        ('[size]\noffers = ["a", "b"]\nsds = 1\n', ["B101"]),
        ('[size]\noffers = ["a", "b"]\nsd = 1\ngain = 1\n[team]\nhours = 3\n', ["E543"]),
        ("[size]\nsd = 1\ngain = 1\n[menu.rate]\nmin = 1\n", ["E544"]),
        ('[size]\nsd = 1\ngain = 1\ncontrol = "x"\n[menu.r]\nmin = 0\nmax = 1\n', ["B106"]),
        ('[size]\noffers = ["a", "b"]\nsd = 1e300\ngain = 1e299\n', ["E545", "E545"]),
        (
            "[size]\nsd = 1\ngain = 1\n"
            + "".join(f"[menu.{d}]\nmin = 0\nmax = 1\n" for d in "abcd"),
            ["E542"],
        ),
    ],
)
def test_nonsense_is_refused_all_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, codes: list[str]
) -> None:
    path = tmp_path / "size.toml"
    path.write_text(text, encoding="utf-8")
    assert run(["size", str(path), "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert sorted(one["code"] for one in found["findings"]) == codes
    assert all(one["remedy"] for one in found["findings"])


def test_an_earlier_log_fills_in_what_is_not_stated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(3)
    arm = rng.integers(0, 2, 1_000)
    x = rng.standard_normal(1_000)
    table = pa.table({"arm": arm, "x": x, "y": 1.0 + 0.5 * arm + rng.normal(0, 2.0, 1_000)})
    pq.write_table(table, tmp_path / "log.parquet")
    (tmp_path / "handful.toml").write_text(
        '[experiment]\nsource = "log.parquet"\noffer = "arm"\ncontrol = "0"\n'
        '[profit]\nper_row = "y"\npopulation = 1000\n[size]\ngain = 0.4\nbuild_cost = 600\n',
        encoding="utf-8",
    )
    found = asked([str(tmp_path / "handful.toml")], capsys)
    known = {one["name"]: one for one in found["facts"]["known"]}
    assert known["sd"]["origin"] == "read from the log"
    assert known["sd"]["value"] == pytest.approx(2.0, rel=0.1)
    assert known["baseline"]["lo"] < 1.0 < known["baseline"]["hi"]
    lead = found["facts"]["lead"]
    assert lead["lo"] < 0.5 < lead["hi"]
    assert found["break_even"]["gain"]["lo"] == lead["lo"]


def test_the_dry_run_plans_what_was_described(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "size.toml"
    text = '[size]\noffers = ["none", "a", "b"]\nsd = 1.0\ngain = 1.0\nfeatures = 3\n'
    path.write_text(text, encoding="utf-8")
    found = asked([str(path), "--dry-run", "--runs", "2"], capsys)
    rates = found["dry_run"]["rates"]
    assert [rate["runs"] for rate in rates] == [2, 2, 2, 2]
    assert rates[0]["hits"] == 2  # a gain as large as the spread of profit cannot be missed
    assert all(rate["lo"] <= rate["hits"] / 2 <= rate["hi"] for rate in rates)

"""The commands, end to end, on a small log in which three kinds of customers want three offers.

The names of offers and columns are as hostile as names can be.
"""

from __future__ import annotations

import csv
import json
import resource
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

import handful as hf
from handful.cli.main import run

ROWS = 1_500
FORMULA, SCRIPT, SQL = (
    '=HYPERLINK("http://x","y")',
    "<script>alert(1)</script>",
    'x"; DROP TABLE t;--',
)
OFFERS = np.array([FORMULA, SCRIPT, SQL])
ZONE = 'zone"; DROP TABLE log;--'
BRIEF = """\
[experiment]
source   = "log.csv"
customer = "client"
offer    = "arm"
control  = '=HYPERLINK("http://x","y")'
features = ["kind", "age", 'zone"; DROP TABLE log;--']

[profit]
per_row    = "gain"
currency   = "EUR"
population = 10_000

[menu]
max_offers = 3

[evidence]
repetitions = 1
"""
SCHEMA = Path(__file__).parents[2] / "docs" / "plan.schema.json"


def people(rows: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "client": np.array([f"-c{i:05d}" for i in range(rows)]),
        "kind": rng.integers(0, 3, rows),
        "age": rng.integers(18, 90, rows),
        ZONE: rng.choice(["north", "south"], rows),
    }


def write_log(folder: Path) -> Path:
    rng = np.random.default_rng(1)
    columns = people(ROWS, 0)
    arm = rng.integers(0, 3, ROWS)
    gain = 2.0 * (columns["kind"] == arm) + rng.normal(0, 1, ROWS)
    table = pa.table(columns | {"arm": OFFERS[arm], "gain": np.round(gain, 3)})
    pa_csv.write_csv(table, folder / "log.csv")
    (folder / "handful.toml").write_text(BRIEF)
    return folder / "handful.toml"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the log, the brief and the plan made from them by the installed program."""
    home = tmp_path_factory.mktemp("home")
    write_log(home)
    done = program("plan", "handful.toml", "--out", "plan", cwd=home)
    assert done.returncode == 0, done.stderr
    (home / "said.txt").write_text(done.stdout)
    (home / "beside.txt").write_text(done.stderr)
    return home


def program(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from handful.cli.main import main; main()", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
    )


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_plan_sums_up_in_plain_words(home: Path) -> None:
    lines = (home / "said.txt").read_text().splitlines()
    assert 6 <= len(lines) <= 14
    assert lines[0].startswith("Verdict: a handful of offers: ")
    assert any(line.startswith("Gain per customer: ") and "EUR" in line for line in lines)
    assert lines[-1] == "Report: plan/report.html"


def test_no_bar_is_drawn_where_nobody_looks(home: Path) -> None:
    assert "%|" not in (home / "beside.txt").read_text()


def test_the_plan_folder_is_whole_and_fits_the_schema(home: Path) -> None:
    found = sorted(files(home / "plan"))
    assert any(name.startswith("whatif/") for name in found)
    assert [name for name in found if not name.startswith("whatif/")] == [
        "assignments.parquet",
        "decision.md",
        "manifest.html",
        "manifest.json",
        "plan.json",
        "policy/arrays.bin",
        "policy/manifest.json",
        "report.html",
    ]
    document = json.loads((home / "plan" / "plan.json").read_text())
    jsonschema.validate(document, json.loads(SCHEMA.read_text()))
    assert document["verdict"]["kind"] == "handful"
    assert document["experiment"]["customer"] == "client"
    assert not [p for p in home.iterdir() if p.name.startswith(".")]


def test_the_same_brief_data_and_seed_give_the_same_bytes(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another folder, with another number of threads."""
    write_log(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    done = program("plan", "handful.toml", "--out", "again", "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert files(tmp_path / "again") == files(home / "plan")
    assert json.loads(done.stdout) == json.loads((home / "plan" / "plan.json").read_text())


def test_hostile_names_are_harmless_in_every_file(home: Path) -> None:
    report = (home / "plan" / "report.html").read_text()
    assert SCRIPT not in report
    assert "&lt;script&gt;alert(1)" in report
    assert set(json.loads((home / "plan" / "plan.json").read_text())["verdict"]["menu"]) == set(
        OFFERS
    )


def test_an_unmet_expectation_exits_with_1_and_writes_the_plan(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "plan"
    words = ["plan", str(home / "handful.toml"), "--out", str(out)]
    assert run([*words, "--expect", "no_offer", "--quiet"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "Expected the verdict no_offer, found handful.\n"
    assert (out / "plan.json").exists()


def test_assign_gives_the_log_s_customers_the_plan_s_offers(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "who.parquet"
    assert run(["assign", str(home / "plan"), str(home / "log.csv"), "--out", str(out)]) == 0
    assert pq.read_table(out).equals(pq.read_table(home / "plan" / "assignments.parquet"))
    shown = capsys.readouterr()
    assert "1,500 customers" in shown.out
    assert "arm, gain" in shown.err


def test_assign_to_csv_is_private_and_safe_in_a_spreadsheet(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "who.csv"
    assert run(["assign", str(home / "plan"), str(home / "log.csv"), "--out", str(out)]) == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with out.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows[0]["customer"] == "'-c00000"
    assert {row["offer"] for row in rows} == {"'" + FORMULA, SCRIPT, SQL}
    assert {row["segment"] for row in rows} == {"1", "2", "3"}


def test_assign_reads_columns_by_name_and_counts_what_is_new(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = people(300, 5)
    expected = pa.table({name: columns[name] for name in ("client", "kind", "age", ZONE)})
    pq.write_table(expected, tmp_path / "a.parquet")
    turned = expected.select([ZONE, "age", "kind", "client"]).append_column(
        "shoe_size", pa.array([42] * 300)
    )
    pq.write_table(turned, tmp_path / "b.parquet")
    for name in "ab":
        words = ["assign", str(home / "plan"), str(tmp_path / f"{name}.parquet")]
        assert run([*words, "--out", str(tmp_path / f"who-{name}.parquet")]) == 0
    assert "shoe_size" in capsys.readouterr().err
    found = pq.read_table(tmp_path / "who-a.parquet")
    assert found.equals(pq.read_table(tmp_path / "who-b.parquet"))
    right = np.mean(np.array(found["offer"].to_pylist()) == OFFERS[columns["kind"]])
    assert right > 0.95


def test_levels_never_seen_are_warned_of_and_strict_exits_with_1(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = people(300, 5) | {ZONE: np.array(["moon"] * 300)}
    pq.write_table(pa.table(columns), tmp_path / "new.parquet")
    words = ["assign", str(home / "plan"), str(tmp_path / "new.parquet")]
    assert run([*words, "--out", str(tmp_path / "who.csv"), "--strict"]) == 1
    assert f"{ZONE} (300)" in capsys.readouterr().err
    assert (tmp_path / "who.csv").exists()


def test_a_missing_feature_writes_nothing(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = people(300, 5)
    del columns["age"]
    pq.write_table(pa.table(columns), tmp_path / "new.parquet")
    words = ["assign", str(home / "plan"), str(tmp_path / "new.parquet")]
    assert run([*words, "--out", str(tmp_path / "who.csv")]) == 2
    assert "'age'" in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new.parquet"]


def test_evaluate_values_the_plan_s_own_assignments(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = home / "plan" / "assignments.parquet"
    assert run(["evaluate", str(home / "handful.toml"), "--policy", str(policy), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["value"]["lo"] < 2.0 < document["value"]["hi"]
    assert set(document["reference"]) == {"no_offer", "best_single", "one_to_one"}
    assert document["lead"]["no_offer"]["lo"] > 0


def test_evaluate_says_it_in_plain_lines(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pa.table({"client": people(ROWS, 0)["client"], "offer": [FORMULA] * ROWS})
    pa_csv.write_csv(table, tmp_path / "none.csv")
    words = ["evaluate", str(home / "handful.toml"), "--policy", str(tmp_path / "none.csv")]
    assert run(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("  this policy: ") for line in lines)
    lead = next(
        line
        for line in lines[lines.index("This policy less each of them:") :]
        if "no offer" in line
    )
    assert "0.000 EUR" in lead


def test_a_policy_of_unknown_offers_is_refused(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = pa.table(
        {"customer": people(ROWS, 0)["client"], "offer": ["<script>alert(2)</script>"] * ROWS}
    )
    pa_csv.write_csv(table, tmp_path / "bad.csv")
    words = ["evaluate", str(home / "handful.toml"), "--policy", str(tmp_path / "bad.csv")]
    assert run(words) == 2
    assert f"Did you mean {SCRIPT!r}?" in capsys.readouterr().err


def test_a_changed_plan_is_not_believed(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(home / "plan", tmp_path / "plan")
    arrays = tmp_path / "plan" / "policy" / "arrays.bin"
    arrays.write_bytes(arrays.read_bytes()[:-1] + b"!")
    words = ["assign", str(tmp_path / "plan"), str(home / "log.csv")]
    assert run([*words, "--out", str(tmp_path / "who.csv")]) == 2
    assert "F812" in capsys.readouterr().err
    assert not (tmp_path / "who.csv").exists()


def test_init_writes_a_brief_that_check_reads(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(home / "log.csv", tmp_path)
    out = tmp_path / "briefs" / "first.toml"
    assert run(["init", str(tmp_path / "log.csv"), "--out", str(out)]) == 0
    assert "offer = 'arm'" in capsys.readouterr().out
    assert hf.read_brief(out).experiment.offer == "arm"
    assert run(["init", str(tmp_path / "log.csv"), "--out", str(out)]) == 3
    assert "F806" in capsys.readouterr().err


def test_init_on_a_relative_path_finds_the_log_from_the_brief(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(home)
    assert run(["init", "log.csv", "--out", "deep/first.toml", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["guesses"]
    brief = hf.read_brief("deep/first.toml")
    assert (Path(brief.folder) / brief.experiment.source).resolve() == home / "log.csv"


def test_check_says_yes_and_strict_minds_warnings(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", str(home / "handful.toml"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["rows"] == ROWS
    levels = {finding["level"] for finding in document["findings"]}
    assert run(["check", str(home / "handful.toml"), "--strict", "--quiet"]) == int(
        "warn" in levels
    )
    assert capsys.readouterr().out == ""


def test_ctrl_c_while_planning_leaves_nothing(home: Path, tmp_path: Path) -> None:
    write_log(tmp_path)
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from handful.cli.main import main; main()",
            *("plan", "handful.toml", "--out", "plan"),
        ],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / ".plan.lock").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    second = run(["plan", str(tmp_path / "handful.toml"), "--out", str(tmp_path / "plan")])
    process.send_signal(2)
    _, err = process.communicate(timeout=60)
    assert second == 4
    assert process.returncode == 4
    assert "Stopped before the end" in err
    assert "Traceback" not in err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["handful.toml", "log.csv"]


@pytest.mark.parametrize(
    "words",
    [
        ["plan", "handful.toml", "--out", "plan"],
        ["assign", "{home}/plan", "log.csv", "--out", "who.csv"],
        ["assign", "{home}/plan", "log.csv", "--out", "who.parquet"],
    ],
    ids=["plan", "assign-csv", "assign-parquet"],
)
def test_no_room_to_write_is_said_and_leaves_nothing(
    words: list[str], home: Path, tmp_path: Path
) -> None:
    write_log(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, hard))
    try:
        done = program(*(word.format(home=home) for word in words), cwd=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert done.returncode == 4, done.stderr
    assert "F802" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["handful.toml", "log.csv"]

"""What the README tells people to type works, and prints what the README shows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
HANDFUL = Path(sys.executable).with_name("handful")


def _handful(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [HANDFUL, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=600,
    )


def _typed(prefix: str) -> list[str]:
    """Commands of the README that begin like that, without their comments."""
    pattern = re.compile(rf"^    ({re.escape(prefix)}.*?)(?:\s+#.*)?$", flags=re.MULTILINE)
    return [found.group(1) for found in pattern.finditer(README)]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    rng = np.random.default_rng(5)
    rows = 3_000
    arm = rng.choice(["none", "letter"], rows)
    visits = rng.poisson(3, rows)
    spent = np.round(np.maximum(0, rng.normal(5 + visits + (arm == "letter"), 3)), 2)
    path = tmp_path / "log.csv"
    frame = pd.DataFrame({"arm": arm, "visits": visits, "age": rng.integers(18, 80, rows)})
    frame.assign(spent=spent).to_csv(path, index=False)
    return path


def test_readme_names_make_targets_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {command.split()[1] for command in _typed("make ")}
    assert targets == {"demo", "test"}
    assert all(re.search(rf"^{target}:", makefile, flags=re.MULTILINE) for target in targets)


def test_readme_commands_exist_and_show_an_example(tmp_path: Path) -> None:
    words = [command.split()[1] for command in _typed(".venv/bin/handful ")]
    assert {"init", "check", "plan"} <= set(words)
    for word in words:
        run = _handful([word, "--help"], tmp_path)
        assert run.returncode == 0
        assert f"Example: handful {word}" in run.stdout


def test_readme_path_from_log_to_plan(log: Path) -> None:
    """init, check and plan, typed as they stand there."""
    words = {command.split()[1]: command.split()[1:] for command in _typed(".venv/bin/handful ")}
    init, check, plan = words["init"], words["check"], words["plan"]
    assert _handful(init, log.parent).returncode == 0
    brief = log.parent / "handful.toml"
    assert "offer" in brief.read_text(encoding="utf-8")
    checked = _handful(check, log.parent)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    planned = _handful(plan, log.parent)
    assert planned.returncode == 0, planned.stdout + planned.stderr
    names = {path.name for path in (log.parent / "plan").iterdir()}
    assert {"plan.json", "report.html", "assignments.parquet", "policy"} <= names


def test_readme_python_runs_and_prints_what_it_says(tmp_path: Path) -> None:
    code = re.search(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert code is not None
    script = tmp_path / "readme.py"
    script.write_text(code.group(1), encoding="utf-8")
    run = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert run.stdout == "1 (0,) 11.0\n2 (0, 2) 14.8\n3 (0, 1, 2) 14.9\n"


def test_readme_shows_the_recorded_plan() -> None:
    """Every number of the example is that of the plan in tests/golden."""
    text = (ROOT / "tests/golden/hillstrom-plan.json").read_text(encoding="utf-8")
    plan = json.loads(text)
    lines = {
        "no offer": plan["reference"]["no_offer"],
        "best single offer (Mens E-Mail)": plan["reference"]["best_single"],
        "one-to-one": plan["reference"]["one_to_one"],
        "Gain per customer": plan["verdict"]["gain"]["total"],
    }
    for name, found in lines.items():
        shown = f"{name}: {found['value']:.3f} USD ({found['lo']:.3f} to {found['hi']:.3f} USD)"
        assert shown in README
    assert all(reason in README for reason in plan["verdict"]["reasons"])
    total = 2_000_000 * plan["verdict"]["gain"]["total"]["value"]
    assert f"Over 2,000,000 customers: {total:,.0f} USD" in README


def test_readme_shows_the_recorded_ladder() -> None:
    text = (ROOT / "tests/golden/hillstrom-plan.json").read_text(encoding="utf-8")
    for rung in json.loads(text)["ladder"]:
        gain = rung["gain"]
        assert f"| {rung['name']} | {rung['value']:.3f} | {gain['value']:.3f} |" in README
        assert gain["lo"] <= 0 <= gain["hi"]

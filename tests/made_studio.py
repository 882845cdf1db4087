"""Plans and a running studio for tests in a browser: real plans, the real command, a real store."""

from __future__ import annotations

import contextlib
import csv
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handful.delivery.plan_json import load_document
from handful.delivery.sealed import document_digest

SCRIPT = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("http://x.test","y")'
OFFERS = ("none", SCRIPT, FORMULA, 'Gift & "card"')
SETUP_COST, POPULATION = 500.0, 100_000.0
PAGES = ("", "/customers", "/content", "/reviews", "/release")

BRIEF = f"""
[experiment]
source   = "log.csv"
offer    = "offer"
control  = "none"
features = ["age", "visits", "region"]

[profit]
per_row    = "margin * spend"
currency   = "EUR"
population = {POPULATION:.0f}

[profit.assumptions]
margin = 0.3

[menu]
max_offers = 4
setup_cost = {SETUP_COST}

[evidence]
folds       = 4
repetitions = 1
"""
CAPACITY = 20_000
LIMITED_AND_FAILING = f"""
[constraints]
capacity = {{'{FORMULA}' = {CAPACITY}}}

[guardrails]
deny = ["region"]
"""


@dataclass(frozen=True)
class Studio:
    """A running studio: where it is, and the plans in it by the name of their folder."""

    address: str
    ids: dict[str, str]
    folders: dict[str, Path]

    def page(self, name: str, rest: str = "") -> str:
        """Return the address of a plan's page."""
        return f"{self.address}/plans/{self.ids[name]}{rest}"

    def document(self, name: str) -> dict[str, Any]:
        """Return plan.json."""
        text = (self.folders[name] / "plan.json").read_text(encoding="utf-8")
        found: dict[str, Any] = json.loads(text)
        return found


def write_log(folder: Path, rows: int = 1500) -> None:
    """Write a log in which the young like one offer and the old another; names are hostile."""
    rng = np.random.default_rng(7)
    arm = rng.integers(0, len(OFFERS), rows)
    age, visits = rng.integers(18, 80, rows), rng.poisson(3, rows)
    region = rng.choice(["North", "South", "West"], rows)
    young = age < 45
    likes = [np.zeros(rows), np.where(young, 6, -3), np.where(young, -3, 7), np.full(rows, 1.5)]
    spend = 8 + 0.5 * visits + np.choose(arm, likes) + rng.normal(0, 3, rows)
    with (folder / "log.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["offer", "age", "visits", "region", "spend"])
        for row in zip(arm, age, visits, region, np.round(np.maximum(spend, 0), 2), strict=True):
            writer.writerow([OFFERS[row[0]], *row[1:]])


def make_plan(folder: Path, name: str, more: str = "") -> Path:
    """Plan with `handful plan` and return the plan's folder."""
    brief = folder / f"{name}.toml"
    brief.write_text(BRIEF + more, encoding="utf-8")
    out = folder / name
    done = subprocess.run(
        [*_handful(), "plan", str(brief), "--out", str(out), "--quiet"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (out / "plan.json").exists(), done.stderr
    return out


@contextlib.contextmanager
def serving(plans: dict[str, Path], store: Path) -> Iterator[Studio]:
    """Run `handful serve` on any free port until the test is done with it."""
    folders = [str(folder) for folder in plans.values()]
    command = [*_handful(), "serve", *folders, "--port", "0", "--store", f"sqlite:///{store}"]
    log = store.with_suffix(".log")
    with log.open("w", encoding="utf-8") as told:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told, text=True)
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            found = (re.search(r"http://127\.0\.0\.1:\d+", line) for line in lines)
            address = next((one[0] for one in found if one), None)
            assert address is not None, log.read_text(encoding="utf-8")
            ids = {name: _plan_id(folder) for name, folder in plans.items()}
            yield Studio(address, ids, plans)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=20)
            if process.stdout is not None:
                process.stdout.close()


def _plan_id(folder: Path) -> str:
    return document_digest(load_document((folder / "plan.json").read_text("utf-8")))[:12]


def _handful() -> list[str]:
    return [sys.executable, "-c", "from handful.cli.main import main; main()"]

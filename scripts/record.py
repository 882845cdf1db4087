"""Record the plan of the packaged experiment anew, and put its numbers into the README.

    .venv/bin/python scripts/record.py

Run it when a change is meant to change the numbers; the tests hold README and plan to each other.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
RECORDED = ROOT / "tests" / "golden" / "hillstrom-plan.json"
HANDFUL = Path(sys.executable).with_name("handful")


def main() -> None:
    """Plan, keep plan.json, rewrite the example."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "plan"
        run = subprocess.run(
            [HANDFUL, "demo", "hillstrom", "--out", out],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        shutil.copy(out / "plan.json", RECORDED)
    text = README.read_text(encoding="utf-8")
    text = replaced(text, "    Verdict: ", "\nSo: ", printed(run.stdout))
    ladder = json.loads(RECORDED.read_text(encoding="utf-8"))["ladder"]
    text = replaced(text, "| engaged or not |", "\nNone of these", table(ladder))
    README.write_text(text, encoding="utf-8")


def replaced(text: str, start: str, end: str, middle: str) -> str:
    """Put `middle` in place of what stands from `start` up to `end`."""
    at = text.index(start)
    return text[:at] + middle + text[text.index(end, at) :]


def printed(output: str) -> str:
    """Return what the command says, indented, without the paths of this run."""
    kept = [line for line in output.splitlines() if not line.startswith(("Brief:", "Report:"))]
    return "".join(f"    {line}\n" for line in kept)


def table(ladder: list[dict[str, Any]]) -> str:
    """Return one row per rival."""
    return "".join(
        f"| {rung['name']} | {rung['value']:.3f} | {rung['gain']['value']:.3f} |\n"
        for rung in ladder
    )


if __name__ == "__main__":
    main()

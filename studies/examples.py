"""What handful says of the published experiments, and which logs it refuses.

    python studies/examples.py [--out studies/results]

Plans the two packaged briefs and every brief of examples/ (data in examples/data) and
writes examples.csv: one line per brief. Values are held-out money per customer.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HANDFUL = Path(sys.executable).with_name("handful")
HEADER = "# python studies/examples.py"
FIELDS = (
    "brief", "rows", "clusters", "offers", "verdict", "menu", "no_offer", "best_single",
    "best_single_offer", "one_to_one", "gain", "gain_lo", "gain_hi", "why", "cpu_seconds",
)  # fmt: skip


def named(offer: str | dict[str, float]) -> str:
    """An offer's name, or its numbers in words."""
    return offer if isinstance(offer, str) else ", ".join(f"{k} {v:g}" for k, v in offer.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "studies" / "results")
    folder = parser.parse_args().out
    packaged = ROOT / "src" / "handful" / "data"
    briefs = sorted([*packaged.glob("*.toml"), *(ROOT / "examples").glob("*.toml")])
    if not (ROOT / "examples" / "data").exists():
        print("examples/data is missing (examples/README.md): only the packaged briefs are planned")
        briefs = sorted(packaged.glob("*.toml"))
    rows = []
    for brief in briefs:
        rows.append(line(brief))
        print(*rows[-1].values(), sep=" | ", flush=True)
    if len(briefs) == 2:
        return  # a table without the published sets would replace the full one
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "examples.csv").open("w", newline="", encoding="utf-8") as file:
        file.write(f"{HEADER}\n")
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def line(brief: Path) -> dict[str, Any]:
    before = cpu_seconds()
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "plan"
        command = [HANDFUL, "plan", brief, "--out", out, "--json"]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    document = json.loads(run.stdout)
    spent = {"brief": brief.stem, "cpu_seconds": round(cpu_seconds() - before)}
    if run.returncode:
        blocks = [f["code"] for f in document["findings"] if f["level"] == "block"]
        return dict.fromkeys(FIELDS, "") | spent | {"verdict": "refused", "why": " ".join(blocks)}
    return dict.fromkeys(FIELDS, "") | spent | facts(document)


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def facts(plan: dict[str, Any]) -> dict[str, Any]:
    reference, verdict = plan["reference"], plan["verdict"]
    gain = verdict["gain"]["total"] if verdict["gain"] else None
    none = reference["no_offer"]
    return {
        "rows": plan["experiment"]["rows"],
        "clusters": plan["experiment"]["clusters"],
        "offers": len(plan["experiment"]["offers"]),
        "verdict": verdict["kind"],
        "menu": "; ".join(map(named, verdict["menu"])),
        "no_offer": short(none["value"]) if none else "",
        "best_single": short(reference["best_single"]["value"]),
        "best_single_offer": reference["best_single"]["offer"],
        "one_to_one": short(reference["one_to_one"]["value"]),
        "gain": short(gain["value"]) if gain else "",
        "gain_lo": short(gain["lo"]) if gain else "",
        "gain_hi": short(gain["hi"]) if gain else "",
        "why": verdict["reasons"][-1],
    }


def short(value: float) -> str:
    return f"{value:.4g}"


if __name__ == "__main__":
    main()

"""Does the no of some leave any trace in the plan of the others? Byte for byte, on three data sets.

    python studies/deletion_invariance.py [--out studies/results] [--data hillstrom ...]

For each data set and each share of customers who refuse: a consent table with one event per
customer, and a plan through the command line; the same brief without [consent] on a log from which
the rows of those who refuse were deleted beforehand, as text; then every file under policy/ is
compared byte for byte, and the seconds of both plans are written down.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow.csv as pc

from handful.data import demo_path
from handful.experiment.simulate import promotions_table

SHARES = (0.01, 0.10, 0.50)
COMMON = "\n[evidence]\nrepetitions = 1\n"
BRIEFS = {
    "hillstrom": """
[experiment]
source   = "log.csv"
customer = "id"
offer    = "segment"
control  = "No E-Mail"
exclude  = ["history_segment", "visit", "conversion"]
[profit]
per_row  = "0.30 * spend - CASE WHEN segment = 'No E-Mail' THEN 0 ELSE 0.05 END"
[menu]
max_offers = 3
""",
    "thornton": """
[columns]
voucher = "CASE WHEN tinc = 0 THEN 'none' WHEN tinc < 1.5 THEN 'low' ELSE 'high' END"
[experiment]
source   = "log.csv"
where    = "got IS NOT NULL AND tinc IS NOT NULL"
customer = "id"
offer    = "voucher"
control  = "none"
features = ["age", "distvct"]
[profit]
per_row  = "(3.0 - tinc) * got"
""",
    "promotions": """
[experiment]
source   = "log.csv"
customer = "id"
offer    = "offer"
control  = "no offer"
features = "*"
exclude  = ["customer_id", "redeemed", "sales", "discount", "minimum_basket"]
[profit]
per_row  = "profit"
[menu]
max_offers = 4
""",
}


def log_lines(name: str) -> list[str]:
    """Return the lines of a log as text, an id before every row."""
    if name == "promotions":
        stream = io.BytesIO()
        pc.write_csv(promotions_table(20_000, 0), stream)
        text = stream.getvalue().decode()
    else:
        packed = {"hillstrom": "hillstrom.csv.gz", "thornton": "thornton_hiv.csv.gz"}[name]
        text = gzip.decompress((demo_path("hillstrom").parent / packed).read_bytes()).decode()
    header, *rows = text.splitlines()
    return [f"id,{header}", *(f"c{i:06d},{row}" for i, row in enumerate(rows))]


def plan(folder: Path, brief: str, lines: list[str], consent: list[str] | None) -> float:
    folder.mkdir()
    (folder / "log.csv").write_text("\n".join(lines) + "\n")
    if consent is not None:
        (folder / "consent.csv").write_text("\n".join(consent) + "\n")
        brief += '[consent]\nsource = "consent.csv"\n'
    (folder / "handful.toml").write_text(brief)
    start = time.perf_counter()
    program = "from handful.cli.main import main; main()"
    words = ["plan", "handful.toml", "--out", "plan", "--quiet"]
    done = subprocess.run([sys.executable, "-c", program, *words], cwd=folder, check=False)
    # 1: a guardrail stops the plan, which is written all the same.
    assert done.returncode in (0, 1)
    return time.perf_counter() - start


def run_one(name: str, share: float, home: Path) -> dict[str, object]:
    lines = log_lines(name)
    header, rows = lines[0], lines[1:]
    refuses = np.random.default_rng([7, int(share * 100)]).random(len(rows)) < share
    consent = ["customer_id,purpose,status,granted_at,source"]
    for row, no in zip(rows, refuses, strict=True):
        ident = row.split(",", 1)[0]
        consent.append(f"{ident},*,granted,2026-01-01,form")
        if no:
            consent.append(f"{ident},train,revoked,2026-02-01,account")
    kept = [row for row, no in zip(rows, refuses, strict=True) if not no]
    brief = BRIEFS[name] + COMMON
    with_no = plan(home / "with", brief, lines, consent)
    without = plan(home / "without", brief, [header, *kept], None)
    parts = [sorted((home / place / "plan" / "policy").iterdir()) for place in ("with", "without")]
    same = [a.read_bytes() == b.read_bytes() for a, b in zip(*parts, strict=True)]
    return {
        "data": name,
        "rows": len(rows),
        "share_refusing": share,
        "rows_left_out": int(refuses.sum()),
        "policy_files": len(same),
        "identical": sum(same),
        "seconds_with_consent": round(with_no, 1),
        "seconds_deleted_beforehand": round(without, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("studies/results"))
    parser.add_argument("--data", nargs="*", choices=tuple(BRIEFS), default=tuple(BRIEFS))
    asked = parser.parse_args()
    out = asked.out
    found = []
    for name in asked.data:
        for share in SHARES:
            with tempfile.TemporaryDirectory() as home:
                found.append(run_one(name, share, Path(home)))
            print(found[-1], flush=True)
    with (out / "deletion_invariance.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(found[0]))
        writer.writeheader()
        writer.writerows(found)


if __name__ == "__main__":
    main()

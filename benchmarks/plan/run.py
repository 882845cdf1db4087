"""What a whole plan costs: CPU seconds and peak memory of the commands themselves.

    python benchmarks/plan/run.py [--rows 1000000] [--out benchmarks/plan/results]

Hillstrom (64,000 x 12, three offers) and a simulated log (n x 20, five offers), each planned by
`handful plan` in a process of its own; then `handful assign` on the simulated customers. CPU time
counts all threads and children.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import handful
from handful.data import demo_path
from handful.experiment.simulate import Simulation, simulate

BRIEF = """
[experiment]
source = "log.parquet"
customer = "customer"
offer = "offer"
control = "control"
features = ["*"]

[profit]
per_row = "profit"

[menu]
max_offers = 5
"""


def simulated(folder: Path, rows: int) -> None:
    log = simulate(Simulation(features=18, categories=2), n=rows, random_state=1).experiment
    schema = log.features.schema
    columns: dict[str, pa.Array] = {"customer": pa.array(range(rows))}
    for at, name in enumerate(schema.names):
        values = log.features.values[:, at]
        if schema.kinds[at] == "number":
            columns[name] = pa.array(values)
        else:
            columns[name] = pa.array([schema.levels[at][int(v)] for v in values])
    columns["offer"] = pa.array([log.offers[g] for g in log.offer])
    columns["profit"] = pa.array(log.profit)
    pq.write_table(pa.table(columns), folder / "log.parquet")
    (folder / "handful.toml").write_text(BRIEF)


def measured(command: list[str]) -> tuple[float, float]:
    """CPU seconds of a command and its peak memory in GB."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(process.stderr.read().decode()[-2000:] if process.stderr else status)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/plan/results"))
    asked = parser.parse_args()
    program = str(Path(sys.executable).with_name("handful"))
    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, (asked.out / "plan.csv").open("w") as file:
        folder = Path(name)
        simulated(folder, asked.rows)
        jobs = {
            "plan hillstrom (64,000 x 12, 3 offers)": [
                *(program, "plan", str(demo_path("hillstrom")), "--out", str(folder / "hill")),
            ],
            f"plan simulated ({asked.rows:,} x 20, 5 offers)": [
                *(program, "plan", str(folder / "handful.toml"), "--out", str(folder / "plan")),
            ],
            f"assign {asked.rows:,} customers": [
                *(program, "assign", str(folder / "plan"), str(folder / "log.parquet")),
                *("--out", str(folder / "who.parquet")),
            ],
        }
        file.write(f"# python benchmarks/plan/run.py --rows {asked.rows}; ")
        file.write(f"handful {handful.__version__}, Python {platform.python_version()}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["job", "cpu_seconds", "peak_gb"])
        for job, command in jobs.items():
            cpu, memory = measured(command)
            writer.writerow([job, f"{cpu:.1f}", f"{memory:.2f}"])
            file.flush()
            print(job, f"{cpu:.1f} CPU-s, {memory:.2f} GB", flush=True)


if __name__ == "__main__":
    main()

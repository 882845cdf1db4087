"""Certified menus from a Parquet folder, against the time of reading it once.

    .venv/bin/python benchmarks/menu/parquet.py FOLDER [--millions 30]

The folder is written first where it does not exist (one file per million customers).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from generators import logit

from handful.menu.choose import choose_menu
from handful.menu.sources import open_source

HERE = Path(__file__).resolve().parent


def write(folder: Path, millions: int) -> None:
    folder.mkdir(parents=True)
    for part in range(millions):
        values = logit(1_000_000, 64, seed=part)
        columns = [pa.array(column) for column in np.ascontiguousarray(values.T)]
        table = pa.table(columns, names=[f"offer_{g}" for g in range(64)])
        name = folder / f"part-{part:03d}.parquet"
        pq.write_table(
            table, name, row_group_size=125_000, use_dictionary=False, compression="none"
        )


def timed(job) -> tuple[object, float, float]:
    began, used = time.perf_counter(), time.process_time()
    result = job()
    return result, time.perf_counter() - began, time.process_time() - used


def touch(folder: str) -> float:
    """Read the folder once and look at every cell."""
    return sum(float(block.max()) for block in open_source(folder).blocks())


def work(task: str, folder: str) -> dict:
    if task == "read":
        _, wall, processor = timed(lambda: touch(folder))
        extra = {}
    else:
        path, wall, processor = timed(lambda: choose_menu(folder, max_offers=10))
        extra = {
            "worst_gap_percent": 100 * max(c.gap for c in path),
            "menus": [list(c.menu) for c in path],
        }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"wall_s": wall, "cpu_s": processor, "peak_gb": peak, "load": os.getloadavg()[0]} | extra


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--millions", type=int, default=30)
    parser.add_argument("--task", choices=["read", "choose"])
    args = parser.parse_args()
    if args.task:
        sys.stdout.write(json.dumps(work(args.task, str(args.folder))))
        return
    if not args.folder.exists():
        write(args.folder, args.millions)
    result = {"customers": args.millions * 1_000_000, "offers": 64}
    for task in ("read", "choose"):
        command = [sys.executable, __file__, str(args.folder), "--task", task]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        result[task] = json.loads(done.stdout)
    result["times_read_wall"] = result["choose"]["wall_s"] / result["read"]["wall_s"]
    (HERE / "results" / "parquet.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

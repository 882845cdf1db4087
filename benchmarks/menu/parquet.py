"""Certified menus from a Parquet folder, against the time of reading it once.

    .venv/bin/python benchmarks/menu/parquet.py FOLDER [--millions 30] [--memory 2]

The folder is written first where it does not exist (one file per million customers). Reading is
what any engine has to do: pyarrow decodes every column once, the columns of a batch are laid side
by side as one float32 block, and its cells are looked at; with one thread and with two. Every task
runs in a process of its own that may take so many GB of memory and no more.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from generators import logit
from work import peak

from handful.menu.choose import choose_menu

HERE = Path(__file__).resolve().parent
THREADS = 2
BATCH = 65_536


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


def touch(batches) -> float:
    """Make float32 blocks of batches and look at every cell."""
    return sum(float(np.stack([np.asarray(c) for c in b.columns]).max()) for b in batches)


def read_1(folder: str) -> dict:
    for file in sorted(Path(folder).glob("*.parquet")):
        touch(pq.ParquetFile(file).iter_batches(BATCH, use_threads=False))
    return {}


def read_2(folder: str) -> dict:
    """Two threads decode ahead of the one that looks."""
    options = ds.ParquetFragmentScanOptions(pre_buffer=False, use_buffered_stream=True)
    touch(
        ds.dataset(folder, format="parquet").to_batches(
            batch_size=BATCH, batch_readahead=4, fragment_readahead=1, fragment_scan_options=options
        )
    )
    return {}


def choose(folder: str) -> dict:
    path = choose_menu(folder, max_offers=10, n_threads=THREADS)
    return {
        "worst_gap_percent": 100 * max(c.gap for c in path),
        "menus": [list(c.menu) for c in path],
        "values": [c.value for c in path],
    }


def work(task: str, folder: str, memory: float) -> dict:
    resource.setrlimit(resource.RLIMIT_DATA, (int(memory * 1e9), int(memory * 1e9)))
    pa.set_cpu_count(THREADS)
    began, used = time.perf_counter(), time.process_time()
    found = {"read_1": read_1, "read_2": read_2, "choose": choose}[task](folder)
    wall, processor = time.perf_counter() - began, time.process_time() - used
    load = os.getloadavg()[0]
    return {"wall_s": wall, "cpu_s": processor, "peak_gb": peak(), "load": load} | found


def best(task: str, args) -> dict:
    """Run a task so many times and keep the quickest."""
    command = [sys.executable, __file__, str(args.folder), "--task", task]
    command += ["--memory", str(args.memory)]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(args.runs)
    ]
    return min(runs, key=lambda run: run["wall_s"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--millions", type=int, default=30)
    parser.add_argument("--task", choices=["read_1", "read_2", "choose"])
    parser.add_argument("--memory", type=float, default=2.0, help="GB that a process may take")
    parser.add_argument("--runs", type=int, default=2, help="the quickest of so many counts")
    args = parser.parse_args()
    if args.task:
        sys.stdout.write(json.dumps(work(args.task, str(args.folder), args.memory)))
        return
    if not args.folder.exists():
        write(args.folder, args.millions)
    result = {"customers": args.millions * 1_000_000, "offers": 64, "memory_gb": args.memory}
    result |= {task: best(task, args) for task in ("read_1", "read_2", "choose")}
    for task in ("read_1", "read_2"):
        for clock in ("wall_s", "cpu_s"):
            ratio = result["choose"][clock] / result[task][clock]
            result[f"times_{task}_{clock[:-2]}"] = round(ratio, 2)
    names = ("numpy", "pyarrow", "highspy", "handful")
    result["versions"] = {name: importlib.metadata.version(name) for name in names}
    (HERE / "results" / "parquet.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

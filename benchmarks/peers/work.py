"""Methods on one task, each in a process of its own: scores, CPU seconds and peak memory.

    python work.py {peers|ours} SEED FOLDER METHOD ...   reads FOLDER/task.npz; per method writes
                                                         METHOD.npz (scores) and METHOD.json (usage)

The libraries are imported once; every method then runs in a child forked from here, so that its
CPU time and memory are its own and importing is not counted as learning.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import traceback
import warnings
from pathlib import Path

import numpy as np
from tasks import Task, read_task

CORES = 2


def cpu_seconds() -> float:
    """User and system time of this process and of the children it has waited for."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def memory(kind: str) -> float:
    """MiB of this process: "VmRSS" now, "VmHWM" at the peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(kind))) / 1024


def run_method(run, task: Task, seed: int, out: Path) -> None:
    loaded, started = memory("VmRSS"), cpu_seconds()
    predict = run(task, seed)
    fitted = cpu_seconds()
    scores = np.asarray(predict(), dtype=np.float64)
    predicted = cpu_seconds()
    if scores.shape != (len(task.test_stratum), task.n_offers) or np.isnan(scores).any():
        raise ValueError(f"expected a score of every offer for every test row, got {scores.shape}")
    np.savez_compressed(out.with_suffix(".npz"), scores=scores.astype(np.float32))
    usage = {
        "fit_cpu": fitted - started,
        "predict_cpu": predicted - fitted,
        "added_mib": memory("VmHWM") - loaded,
    }
    out.with_suffix(".json").write_text(json.dumps(usage) + "\n")


def in_child(run, task: Task, seed: int, out: Path) -> None:
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    status = 1
    try:
        run_method(run, task, seed, out)
        status = 0
    except Exception:  # noqa: BLE001 - a method that fails is reported and left out
        out.with_suffix(".json").unlink(missing_ok=True)
        last = traceback.format_exc().strip().splitlines()[-1]
        print(f"{out.parent.name} {out.name} failed: {last}", file=sys.stderr, flush=True)
    finally:
        os._exit(status)


def main() -> None:
    family, seed, folder, *methods = sys.argv[1:]
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:CORES]))
    warnings.filterwarnings("ignore")
    room = importlib.import_module(family)
    for method in methods:
        room.load(method)
    task = read_task(Path(folder) / "task.npz")
    for method in methods:
        in_child(room.METHODS[method], task, int(seed), Path(folder) / method)


if __name__ == "__main__":
    main()

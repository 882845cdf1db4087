"""One method on one task in one process: scores, CPU seconds and peak memory.

python work.py {peers|ours} METHOD SEED TASK.npz OUT   -> OUT.npz and OUT.json
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import warnings
from pathlib import Path

import numpy as np

CORES = 2


def limit_cores() -> None:
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:CORES]))
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "LOKY_MAX_CPU_COUNT",
    ):
        os.environ[name] = str(CORES)


def cpu_seconds() -> float:
    """User and system time of this process and of the children it has waited for."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def peak_mebibytes() -> float:
    """Peak resident memory; getrusage would count what the process was forked from."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) / 1024


def main() -> None:
    family, method, seed, task_path, out = sys.argv[1:]
    limit_cores()
    warnings.filterwarnings("ignore")
    from tasks import read_task

    methods = importlib.import_module(family)
    methods.load(method)
    run = methods.METHODS[method]
    task = read_task(Path(task_path))
    loaded_memory, started = peak_mebibytes(), cpu_seconds()
    predict = run(task, int(seed))
    fitted = cpu_seconds()
    scores = np.asarray(predict(), dtype=np.float64)
    predicted = cpu_seconds()
    if scores.shape != (len(task.test_stratum), task.n_offers) or np.isnan(scores).any():
        raise SystemExit(f"{method}: expected finite scores of every offer, found {scores.shape}.")
    np.savez_compressed(Path(out).with_suffix(".npz"), scores=scores.astype(np.float32))
    usage = {
        "fit_cpu": fitted - started,
        "predict_cpu": predicted - fitted,
        "import_cpu": started,
        "loaded_mib": loaded_memory,
        "peak_mib": peak_mebibytes(),
    }
    Path(out).with_suffix(".json").write_text(json.dumps(usage) + "\n")


if __name__ == "__main__":
    main()

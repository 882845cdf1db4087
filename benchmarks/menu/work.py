"""One method on one instance in a process of its own: menus, seconds, memory, and a pure read.

python work.py METHOD VALUES.npy K,K,... OUT.json
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

PACKAGES = ["numpy", "scipy", "scikit-learn", "submodlib-py", "highspy", "spopt", "handful"]
THREADS = 2


def pure_read(values: np.ndarray) -> tuple[float, float]:
    """Best wall and processor seconds of two threads that only look at every cell."""
    wall, processor = [], []
    for _ in range(5):
        began, used = time.perf_counter(), time.process_time()
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda a: values[a : a + 16384].max(), range(0, len(values), 16384)))
        wall.append(time.perf_counter() - began)
        processor.append(time.process_time() - used)
    return min(wall), min(processor)


def peak() -> float:
    """Largest resident memory of this program, GB; ru_maxrss starts at that of the one before."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="utf-8").splitlines()
        return float(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def method(name: str):
    if name.startswith("handful"):
        import ours

        return getattr(ours, name)
    import peers

    return lambda values, sizes: (getattr(peers, name)(values, sizes), {})


def main() -> None:
    name, source, sizes, out = sys.argv[1:]
    wanted = [int(k) for k in sizes.split(",")]
    values = np.load(source)
    run = method(name)
    run(values[:200], wanted)  # imports and first calls are not what is compared
    read_wall, read_processor = pure_read(values)
    before = peak()
    began, used = time.perf_counter(), time.process_time()
    menus, gaps = run(values, wanted)
    record = {
        "method": name,
        "wall_s": time.perf_counter() - began,
        "cpu_s": time.process_time() - used,
        "read_wall_s": read_wall,
        "read_cpu_s": read_processor,
        "load": os.getloadavg()[0],
        "data_gb": values.nbytes / 1e9,
        "peak_gb": peak(),
        "peak_before_gb": before,
        "menus": {str(k): sorted(int(g) for g in menus[k]) for k in wanted if k in menus},
        "gaps": {str(k): gap for k, gap in gaps.items()},
        "versions": versions(),
    }
    Path(out).write_text(json.dumps(record), encoding="utf-8")


if __name__ == "__main__":
    main()

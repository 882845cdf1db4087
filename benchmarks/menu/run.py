"""Run handful's menu engine and its peers on the same matrices; one table out.

    .venv/bin/python benchmarks/menu/run.py --peers PEERS_PYTHON --only quality median

Every method runs in a process of its own, peers in their own environment. Times are given in
seconds and as multiples of one pure read of the same matrix by two threads in the same process.
Without --peers only handful runs anew; the rows of its peers are kept from the last tables.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from generators import make

HERE = Path(__file__).resolve().parent
SIZES = (2, 3, 5, 8, 10)
ALL = tuple(range(1, 11))
SEARCHERS = ("greedy", "submodlib", "lloyd_1", "lloyd_10", "k_means_effects", "k_means_profits")

# name: (generator, rows, offers, sizes, methods)
SETS = {
    "quality": [
        ("logit", 200_000, 64, SIZES, ("handful", "handful_close", *SEARCHERS)),
        ("logit", 20_000, 64, SIZES, ("handful", "lloyd_100", *SEARCHERS)),
        ("mixture", 20_000, 64, SIZES, ("handful", "lloyd_100", *SEARCHERS)),
        ("uniform", 20_000, 64, SIZES, ("handful", "lloyd_100", *SEARCHERS)),
        ("noisy_0.25", 20_000, 64, SIZES, ("handful", *SEARCHERS)),
        ("noisy_0.5", 20_000, 64, SIZES, ("handful", *SEARCHERS)),
        ("noisy_1", 20_000, 64, SIZES, ("handful", *SEARCHERS)),
    ],
    "speed": [
        ("logit", 10_000, 64, ALL, ("handful", "submodlib", "greedy")),
        ("logit", 100_000, 64, ALL, ("handful", "submodlib", "greedy")),
        ("logit", 1_000_000, 64, ALL, ("handful", "handful_close", "submodlib", "greedy")),
        ("mixture", 1_000_000, 64, ALL, ("handful", "handful_close", "submodlib")),
    ],
    "median": [
        ("logit", 300, 64, (1, 2, 3, 4, 5), ("handful_close",)),
        ("logit", 300, 64, (5,), ("p_median", "spopt")),
        ("logit", 1000, 64, (1, 2, 3, 4, 5), ("handful_close",)),
        ("logit", 1000, 64, (5,), ("p_median",)),
        ("mixture", 1000, 64, (1, 2, 3, 4, 5), ("handful_close",)),
        ("mixture", 1000, 64, (5,), ("p_median",)),
        ("uniform", 300, 32, (1, 2, 3, 4), ("handful_close",)),
        ("uniform", 300, 32, (4,), ("p_median",)),
    ],
    "line": [("line", 1_000_000, 200, ALL, ("handful_line", "handful"))],
    "large": [
        ("logit", 10_000_000, 64, ALL, ("handful", "handful_close")),
        ("mixture", 10_000_000, 64, ALL, ("handful", "handful_close")),
        ("logit", 1_000_000, 1000, ALL, ("handful",)),
    ],
}
COLUMNS = [
    "set", "instance", "rows", "offers", "method", "size", "value", "captured_percent",
    "gap_percent", "wall_s", "cpu_s", "read_wall_s", "times_read_wall", "times_read_cpu",
    "data_gb", "peak_over_start_gb", "load",
]  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--peers", help="python of the peers' environment")
    parser.add_argument("--work", type=Path, default=Path("out/menu"))
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--only", nargs="*", default=list(SETS), choices=list(SETS))
    parser.add_argument("--limit", type=float, default=600, help="seconds for one method")
    return parser.parse_args()


def line(rows: int, offers: int) -> np.ndarray:
    """Quadratic utility of a dose: profits rise and fall along the line."""
    taste = np.random.default_rng(0).gamma(3.0, 1.0, (rows, 1)).astype("f4")
    dose = np.linspace(0, 10, offers, dtype="f4")
    return taste * dose - dose**2 / 2


def stored(work: Path, name: str, rows: int, offers: int) -> Path:
    path = work / f"{name}-{rows}-{offers}.npy"
    if not path.exists():
        np.save(path, line(rows, offers) if name == "line" else make(name, rows, offers))
    return path


def blocks(values: np.ndarray):
    return (values[a : a + 100_000] for a in range(0, len(values), 100_000))


def value(values: np.ndarray, menu: list[int]) -> float:
    return sum(float(b[:, menu].max(axis=1).sum(dtype=np.float64)) for b in blocks(values))


def table(args, group: str, instance, records: list[dict]) -> list[dict]:
    name, rows, offers, sizes, _ = instance
    values = np.load(stored(args.work, name, rows, offers), mmap_mode="r")
    single = max(sum(b.sum(axis=0, dtype=np.float64) for b in blocks(values)))
    everyone = value(values, list(range(offers)))
    out = []
    for record in records:
        shared = {
            "set": group, "instance": name, "rows": rows, "offers": offers,
            "method": record["method"], "wall_s": round(record["wall_s"], 3),
            "cpu_s": round(record["cpu_s"], 3), "read_wall_s": round(record["read_wall_s"], 5),
            "times_read_wall": round(record["wall_s"] / record["read_wall_s"], 1),
            "times_read_cpu": round(record["cpu_s"] / record["read_cpu_s"], 1),
            "data_gb": round(record["data_gb"], 3), "load": round(record["load"], 1),
            "peak_over_start_gb": round(record["peak_gb"] - record["peak_before_gb"], 3),
        }  # fmt: skip
        for k in sizes:
            reached = value(values, record["menus"][str(k)])
            captured = 100 * (reached - single) / (everyone - single)
            gap = record["gaps"].get(str(k))
            out.append(
                shared
                | {"size": k, "value": f"{reached:.8g}", "captured_percent": round(captured, 3)}
                | {"gap_percent": "" if gap is None else f"{100 * gap:.5f}"}
            )
    return out


def kept_rows(path: Path) -> dict[tuple[str, ...], list[dict]]:
    """Return the rows of the last table by instance and method."""
    kept: dict[tuple[str, ...], list[dict]] = {}
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                key = (row["instance"], row["rows"], row["offers"], row["method"])
                kept.setdefault(key, []).append(row)
    return kept


def method_rows(args, group: str, instance, method: str, versions: dict) -> list[dict]:
    if not args.peers and not method.startswith("handful"):
        name, rows, offers = instance[:3]
        return kept_rows(args.results / f"{group}.csv").get(
            (name, str(rows), str(offers), method), []
        )
    record = measured(args, instance, method)
    if record is None:
        return []
    versions |= record["versions"]
    return table(args, group, instance, [record])


def measured(args, instance, method: str) -> dict | None:
    name, rows, offers, sizes, _ = instance
    python = sys.executable if method.startswith("handful") else args.peers
    out = args.work / "record.json"
    out.unlink(missing_ok=True)
    command = [python, HERE / "work.py", method, stored(args.work, name, rows, offers)]
    threads = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    try:
        subprocess.run(
            [*map(str, command), ",".join(map(str, sizes)), str(out)],
            timeout=args.limit, check=True, env={**os.environ, **threads},
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        print(f"  {method}: {type(error).__name__}")
        return None
    record = json.loads(out.read_text(encoding="utf-8"))
    print(f"  {method}: {record['wall_s']:.2f} s wall, {record['cpu_s']:.2f} s CPU")
    return record


def main() -> None:
    args = arguments()
    args.work.mkdir(parents=True, exist_ok=True)
    args.results.mkdir(parents=True, exist_ok=True)
    for group in args.only:
        note = args.results / f"{group}.json"
        versions = json.loads(note.read_text())["versions"] if note.exists() else {}
        rows = []
        for instance in SETS[group]:
            print(group, *instance[:3], flush=True)
            for method in instance[4]:
                rows += method_rows(args, group, instance, method, versions)
        with (args.results / f"{group}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        command = f"benchmarks/menu/run.py --only {group}"
        note.write_text(json.dumps({"command": command, "versions": versions}, indent=1) + "\n")


if __name__ == "__main__":
    main()

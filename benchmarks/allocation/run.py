"""Who gets which within limits: CPU seconds and duality gaps, and HiGHS on the same programme.

    OMP_NUM_THREADS=1 python benchmarks/allocation/run.py [--rows 1000000]

Customers x 8 offers: profits from four features and noise, a cost per customer and offer, some
closed cells. Limits: capacities on the three most wanted offers, minimum volumes on the two least
wanted, a budget at 70 % of what free choice would spend, and coverage floors overall and in three
groups. `speed.csv`: CPU seconds at any number of customers. `exact.csv`: against the linear
programme solved by HiGHS with 5,000 customers.
"""

from __future__ import annotations

import argparse
import csv
import platform
import time
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

import handful
from handful.policy.allocation import allocate
from handful.policy.allocation_records import Limit, Problem, coefficients

OFFERS = 8
CASES = ("sizes", "sizes and a budget", "sizes, a budget and floors by group")


def draw(seed: int, n: int, case: str) -> Problem:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 4))
    values = rng.normal(size=(n, 1)) + features @ rng.normal(size=(4, OFFERS)) * 0.3
    values += rng.normal(size=OFFERS) * 0.3 + 0.05 * rng.normal(size=(n, OFFERS))
    cost = rng.gamma(2.0, 0.5, size=(n, OFFERS)) * np.linspace(0.0, 1.5, OFFERS)
    cells = rng.random((n, OFFERS)) >= 0.05
    cells[:, 0] = True
    wanted = np.where(cells, values, -np.inf).argmax(axis=1)
    size = np.bincount(wanted, minlength=OFFERS)
    order = np.argsort(size)
    limits = [
        Limit(f"capacity.{k}", high=float(int(0.7 * size[k])), offers=(int(k),)) for k in order[-3:]
    ]
    limits += [
        Limit(f"at_least.{k}", low=float(int(size[k] + 0.02 * n)), offers=(int(k),))
        for k in order[:2]
    ]
    if case != CASES[0]:
        spent = float(cost[np.arange(n), wanted].sum())
        limits.append(Limit("budget", high=0.7 * spent, amounts=cost))
    if case == CASES[2]:
        served, group = tuple(range(1, OFFERS)), rng.integers(0, 3, n)
        limits.append(Limit("coverage_floor", low=float(int(0.92 * n)), offers=served))
        for g in range(3):
            mine = group == g
            least = float(int(0.9 * mine.sum()))
            limits.append(Limit(f"coverage_floor.{g}", low=least, offers=served, rows=mine))
    return Problem(values, cells, tuple(limits))


def exact(problem: Problem) -> float:
    """Return the optimum of the linear programme by HiGHS."""
    n, offers = problem.values.shape
    rows, bounds = [], []
    for limit in problem.limits:
        used = coefficients(limit, (n, offers)).ravel()
        for sign, bound in ((1.0, limit.high), (-1.0, limit.low)):
            if np.isfinite(bound):
                rows.append(sign * used)
                bounds.append(sign * bound)
    found = linprog(
        -problem.values.ravel(),
        A_ub=sp.csr_matrix(np.array(rows)),
        b_ub=bounds,
        A_eq=sp.kron(sp.eye(n), np.ones((1, offers))),
        b_eq=np.ones(n),
        bounds=np.column_stack([np.zeros(n * offers), problem.open_cells.ravel()]),
        method="highs",
    )
    return -float(found.fun)


def write(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", newline="") as file:
        file.write(
            f"# python benchmarks/allocation/run.py; handful {handful.__version__}, "
            f"Python {platform.python_version()}, one thread\n"
        )
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def speed(sizes: list[int]) -> list[dict[str, object]]:
    rows = []
    for n in sizes:
        for case in CASES:
            problem = draw(1, n, case)
            start = time.process_time()
            found = allocate(problem)
            seconds = time.process_time() - start
            row = {
                "customers": n,
                "limits": case,
                "cpu_seconds": round(seconds, 2),
                "gap": f"{found.gap:.2g}",
                "gap_share": f"{found.gap / found.bound:.1e}",
            }
            print(row)
            rows.append(row)
    return rows


def against(n: int, seeds: int) -> list[dict[str, object]]:
    rows = []
    for case in CASES:
        for seed in range(seeds):
            problem = draw(seed, n, case)
            start = time.process_time()
            found = allocate(problem)
            ours = time.process_time() - start
            start = time.process_time()
            best = exact(problem)
            theirs = time.process_time() - start
            row = {
                "limits": case,
                "seed": seed,
                "highs_value": f"{best:.6f}",
                "bound_less_highs_share": f"{(found.bound - best) / best:.1e}",
                "value_less_highs_share": f"{(found.value - best) / best:.1e}",
                "cpu_seconds": round(ours, 2),
                "highs_cpu_seconds": round(theirs, 2),
            }
            print(row)
            rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    write(asked.out / "speed.csv", speed([10_000, 100_000, asked.rows]))
    write(asked.out / "exact.csv", against(5_000, 5))


if __name__ == "__main__":
    main()

"""Rules: CPU seconds at 100,000 x 20 x 8, and values beside greedy trees on the same scores.

    python benchmarks/rules/run.py [--peer PYTHON] [--seeds 5] [--out benchmarks/rules/results]

PYTHON is an interpreter with EconML (benchmarks/peers/requirements.txt); without it, only our own
greedy tree is compared. Values are means of the scores each tree was learned on.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
from cases import SMALL, big

from handful.experiment.records import Features
from handful.policy.greedy import learn_tree

MIN_ROWS = 50
POINTS = 64


def greedy_value(features: Features, scores: np.ndarray, depth: int) -> float:
    """Total of a greedy tree over every threshold; min_rows as for the others."""
    best = scores.sum(axis=0).max()
    if depth == 0 or len(scores) < 2 * MIN_ROWS:
        return float(best)
    found = None
    for column in range(features.values.shape[1]):
        values = features.values[:, column]
        order = np.argsort(values, kind="stable")
        below = scores[order].cumsum(axis=0)
        value = below.max(axis=1) + (below[-1] - below).max(axis=1)
        counts = np.arange(1, len(values) + 1)
        ordered = values[order]
        allowed = (counts >= MIN_ROWS) & (counts <= len(values) - MIN_ROWS)
        allowed[:-1] &= ordered[:-1] < ordered[1:]
        value = np.where(allowed, value, -np.inf)
        at = int(value.argmax())
        if value[at] > best and (found is None or value[at] > found[0]):
            found = (value[at], values <= ordered[at])
    if found is None:
        return float(best)
    return sum(
        greedy_value(features.rows(rows), scores[rows], depth - 1) for rows in (found[1], ~found[1])
    )


def peer_result(python: str | None, features: Features, scores: np.ndarray, depth: int) -> dict:
    if python is None:
        return {"value": None, "cpu_s": None}
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / "case.npz"
        np.savez(path, values=np.ascontiguousarray(features.values), scores=scores)
        script = Path(__file__).with_name("peer.py")
        command = [python, "-W", "ignore", str(script), str(path), str(depth), str(MIN_ROWS)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def compare(name: str, seed: int, case: tuple, depth: int, peer: str | None) -> dict:
    features, scores = case
    start = time.process_time()
    tree = learn_tree(
        scores,
        features,
        range(scores.shape[1]),
        depth=depth,
        split_points=POINTS,
        min_rows=MIN_ROWS,
    )
    seconds = time.process_time() - start
    other = peer_result(peer, features, scores, depth)
    return {
        "case": name,
        "seed": seed,
        "rows": len(scores),
        "features": features.values.shape[1],
        "offers": scores.shape[1],
        "depth": depth,
        "cpu_s": round(seconds, 2),
        "value": round(tree.value / len(scores), 6),
        "greedy": round(greedy_value(features, scores, depth) / len(scores), 6),
        "econml": None if other["value"] is None else round(other["value"], 6),
        "econml_cpu_s": None if other["cpu_s"] is None else round(other["cpu_s"], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("results"))
    asked = parser.parse_args()
    rows = []
    for depth in (2, 3):
        rows.append(compare("big", 0, big(), depth, asked.peer))
        for name, make in SMALL.items():
            for seed in range(1 if name == "hillstrom" else asked.seeds):
                rows.append(compare(name, seed, make(seed), depth, asked.peer))
                print(rows[-1])
    asked.out.mkdir(parents=True, exist_ok=True)
    with (asked.out / "rules.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()

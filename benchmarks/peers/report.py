"""Tables and the figure: what every method is worth on every data set, and what it costs in CPU."""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from data_sets import Draw, Log, simulated, split
from judge import (
    Verdict,
    decide,
    doubly_robust_scores,
    open_offers,
    over_halves,
    over_seeds,
    row_values,
)

OURS = "handful"
REFERENCES = ("oracle", "random")


@dataclass(frozen=True, slots=True)
class Arena:
    """One data set judged: mean value per method, paired differences, index and CPU.

    Attributes:
        name: data set.
        simulated: whether the truth is known.
        values: method -> (seeds,) values; also "oracle" (simulations) and "random".
        against: method -> value of ours less the method's, paired.
        index: method -> share of the way from random offers to the reference.
        usage: method -> mean CPU seconds and peak memory.
    """

    name: str
    simulated: bool
    values: dict[str, list[float]]
    against: dict[str, Verdict]
    index: dict[str, float]
    usage: dict[str, dict[str, float]]


def is_ours(method: str) -> bool:
    return method.startswith(OURS)


def kept(folder: Path, methods: list[str]) -> list[str]:
    return [method for method in methods if (folder / f"{method}.json").exists()]


def judge_set(name: str, log: Log | None, options: argparse.Namespace) -> Arena | None:
    """Judge the seeds on which `handful` and every peer ran; None when there are fewer than two."""
    field = [method for method in options.methods if method == OURS or not is_ours(method)]
    folders = {seed: options.work / f"{name}-{seed}" for seed in range(options.seeds)}
    folders = {seed: f for seed, f in folders.items() if len(kept(f, field)) == len(field)}
    if len(folders) < 2:
        return None
    methods = [m for m in options.methods if all(kept(f, [m]) for f in folders.values())]
    gamma = None if log is None else doubly_robust_scores(log)
    rows: dict[str, list[np.ndarray]] = {method: [] for method in methods}
    values: dict[str, list[float]] = {}
    draws = []
    for seed, folder in folders.items():
        draw = simulated(name, seed) if log is None else split(log, seed)
        draws.append(draw)
        for method in methods:
            with np.load(folder / f"{method}.npz", allow_pickle=False) as file:
                rows[method].append(row_values(draw, decide(file["scores"], draw), gamma))
        for reference, value in reference_values(draw, gamma).items():
            values.setdefault(reference, []).append(value)
    values |= {m: [float(v.mean()) for v in rows[m]] for m in methods}
    against = {}
    for method in methods:
        paired = [a - b for a, b in zip(rows[OURS], rows[method], strict=True)]
        against[method] = (
            over_seeds(paired) if log is None else over_halves(paired, draws, log.cluster)
        )
    return Arena(
        name, log is None, values, against, indices(values), usage(list(folders.values()), methods)
    )


def reference_values(draw: Draw, gamma: np.ndarray | None) -> dict[str, float]:
    """Random offers among the open ones; and, where the truth is known, the best for everyone."""
    allowed = open_offers(draw)
    worth = draw.truth if gamma is None else gamma[draw.test_rows]
    means = np.where(allowed, worth, 0.0).sum(axis=1) / allowed.sum(axis=1)
    found = {"random": float(means.mean())}
    if gamma is None:
        found["oracle"] = float(np.where(allowed, worth, -np.inf).max(axis=1).mean())
    return found


def indices(values: dict[str, list[float]]) -> dict[str, float]:
    """(V - random) / (top - random); top is the oracle, or on real data the best method."""
    means = {method: float(np.mean(v)) for method, v in values.items()}
    top = means.get("oracle", max(means.values()))
    return {m: (v - means["random"]) / (top - means["random"]) for m, v in means.items()}


def usage(folders: list[Path], methods: list[str]) -> dict[str, dict[str, float]]:
    found = {}
    for method in methods:
        runs = [json.loads((folder / f"{method}.json").read_text()) for folder in folders]
        found[method] = {key: float(np.mean([run[key] for run in runs])) for key in runs[0]}
    return found


def value_rows(arenas: list[Arena]) -> list[dict[str, object]]:
    rows = []
    for arena in arenas:
        for method, values in arena.values.items():
            against = arena.against.get(method)
            spent = arena.usage.get(method, {})
            rows.append(
                {
                    "data_set": arena.name,
                    "method": method,
                    "seeds": len(values),
                    "value": f"{np.mean(values):.5f}",
                    "index": f"{arena.index[method]:.4f}",
                    "handful_less_this": f"{against.mean:.5f}" if against else "",
                    "se": f"{against.se:.5f}" if against else "",
                    "half_width_95": f"{against.half_width:.5f}" if against else "",
                    "fit_cpu_seconds": f"{spent['fit_cpu']:.3f}" if spent else "",
                    "predict_cpu_seconds": f"{spent['predict_cpu']:.3f}" if spent else "",
                    "added_mib": f"{spent['added_mib']:.0f}" if spent else "",
                }
            )
    return rows


def best_peer(arena: Arena) -> str:
    peers = {m: np.mean(v) for m, v in arena.values.items() if m in arena.against}
    return max((m for m in peers if not is_ours(m)), key=lambda m: float(peers[m]))


def contest_rows(arenas: list[Arena]) -> list[dict[str, object]]:
    """Per data set: ours against the peer that turned out best, and CPU against CausalForestDML."""
    rows = []
    for arena in arenas:
        peer = best_peer(arena)
        against = arena.against[peer]
        ours = arena.usage[OURS]["fit_cpu"]
        forest = arena.usage.get("econml_causal_forest", {}).get("fit_cpu", float("nan"))
        rows.append(
            {
                "data_set": arena.name,
                "handful": f"{np.mean(arena.values[OURS]):.4f}",
                "handful_index": f"{arena.index[OURS]:.3f}",
                "best_peer": peer,
                "peer": f"{np.mean(arena.values[peer]):.4f}",
                "peer_index": f"{arena.index[peer]:.3f}",
                "difference": f"{against.mean:.4f}",
                "half_width_95": f"{against.half_width:.4f}",
                "seeds": len(arena.values[OURS]),
                "within_noise": "yes" if against.mean >= -against.half_width else "NO",
                "cpu_share_of_causal_forest": f"{ours / forest:.3f}",
            }
        )
    return rows


def average_rows(arenas: list[Arena]) -> list[dict[str, object]]:
    """Each method over all data sets it ran on: mean index, wins of ours, CPU in all."""
    rows = []
    for method in sorted({m for arena in arenas for m in arena.against}):
        held = [arena for arena in arenas if method in arena.against]
        drawn = [a.index[method] for a in held if a.simulated]
        real = [a.index[method] for a in held if not a.simulated]
        ranks = [rank_of(method, arena) for arena in held]
        gaps = [arena.against[method] for arena in held]
        rows.append(
            {
                "method": method,
                "data_sets": len(held),
                "mean_index": f"{np.mean(drawn + real):.4f}",
                "mean_index_simulated": mean_text(drawn),
                "mean_index_real": mean_text(real),
                "mean_rank": f"{np.mean(ranks):.2f}",
                "handful_better": sum(g.mean > g.half_width for g in gaps),
                "handful_worse": sum(g.mean < -g.half_width for g in gaps),
                "fit_cpu_seconds": f"{np.sum([a.usage[method]['fit_cpu'] for a in held]):.1f}",
            }
        )
    return sorted(rows, key=lambda row: -float(str(row["mean_index"])))


def mean_text(values: list[float]) -> str:
    return f"{np.mean(values):.4f}" if values else ""


def rank_of(method: str, arena: Arena) -> float:
    """1 = best; ours other than the one-to-one policy are left out of the field."""
    field = [m for m in arena.against if m in (method, OURS) or not is_ours(m)]
    mine = np.mean(arena.values[method])
    return 1.0 + sum(np.mean(arena.values[m]) > mine for m in field)


def provenance(options: argparse.Namespace) -> dict[str, str]:
    """What a reader needs to run it again; no host names."""
    peers = Path(__file__).resolve().parent / ".venv/bin/python"
    listing = (
        "import importlib.metadata as m; print(*(f'{n} {m.version(n)}' for n in %r), sep=', ')"
    )
    theirs = ["econml", "causalml", "lightgbm", "scikit-learn", "numpy"]
    ours = ["numpy", "scipy", "scikit-learn", "xgboost-cpu"]
    return {
        "date": date.today().isoformat(),
        "command": "python benchmarks/peers/run.py",
        "seeds_at_most": str(options.seeds),
        "cores": "2",
        "processor": processor(),
        "python": platform.python_version(),
        "ours": output([sys.executable, "-c", listing % (ours,)]),
        "peers": output([str(peers), "-c", listing % (theirs,)]),
        "cpus_seen": str(os.cpu_count()),
    }


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if "model name" in line), "unknown")


def output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def write_csv(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_report(options: argparse.Namespace, names: list[str], logs: dict[str, Log]) -> None:
    judged = [judge_set(name, None, options) for name in names]
    judged += [judge_set(name, log, options) for name, log in logs.items()]
    arenas = [arena for arena in judged if arena is not None]
    options.results.mkdir(parents=True, exist_ok=True)
    write_csv(options.results / "values.csv", value_rows(arenas))
    write_csv(options.results / "contest.csv", contest_rows(arenas))
    write_csv(options.results / "average.csv", average_rows(arenas))
    (options.results / "run.json").write_text(json.dumps(provenance(options), indent=2) + "\n")
    from figure import draw

    draw(arenas, options.figures)

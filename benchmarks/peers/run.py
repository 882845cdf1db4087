"""Run handful and its peers on the same data, each method in its own process and environment.

    .venv/bin/python benchmarks/peers/run.py --data FOLDER_WITH_REAL_SETS [--seeds 5]

Scores are kept under --work by (data set, seed, method): what is there is not run again, and
--again METHOD runs a method anew. Tables go to benchmarks/peers/results, the figure to docs/img.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "src")]

from data_sets import REAL, SIMULATED, Draw, Log, find_files, simulated, split  # noqa: E402
from tasks import task_digest, write_task  # noqa: E402

OURS = ("handful", "handful_menu_2", "handful_menu_3", "handful_plan")
PEERS = (
    "best_single",
    "k_means_features",
    "k_means_effects",
    "t_learner",
    "causalml_s",
    "causalml_t",
    "causalml_x",
    "causalml_r",
    "causalml_dr",
    "econml_linear_dr",
    "econml_policy_tree",
    "econml_policy_forest",
    "econml_causal_forest",
    "econml_causal_forest_tuned",
)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, action="append", default=[ROOT / "src/handful/data"])
    parser.add_argument("--work", type=Path, default=ROOT / "out/peers")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--figures", type=Path, default=ROOT / "docs/img")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", nargs="*", help="data sets; all by default")
    parser.add_argument("--methods", nargs="*", choices=[*PEERS, *OURS], default=[*PEERS, *OURS])
    parser.add_argument("--again", nargs="*", default=[], help="methods to run even if kept")
    parser.add_argument("--no-report", action="store_true")
    return parser.parse_args()


def one_thread() -> dict[str, str]:
    """One thread for everyone's linear algebra: threads that spin while they wait burn CPU time."""
    names = ("OMP", "OPENBLAS", "MKL")
    limits = {f"{name}_NUM_THREADS": "1" for name in names}
    return {**os.environ, **limits, "LOKY_MAX_CPU_COUNT": "1"}


def run_methods(family: str, methods: list[str], seed: int, folder: Path) -> None:
    """Run what is not kept yet in the family's own environment; failures go to stderr."""
    missing = [method for method in methods if not (folder / f"{method}.json").exists()]
    if not missing:
        return
    python = (ROOT if family == "ours" else HERE) / ".venv/bin/python"
    command = [python, HERE / "work.py", family, seed, folder, *missing]
    subprocess.run([str(part) for part in command], env=one_thread(), check=True)


def prepare(folder: Path, draw: Draw) -> None:
    """Write the task; drop what was kept for a task that has changed since."""
    folder.mkdir(parents=True, exist_ok=True)
    digest, kept = task_digest(draw.task), folder / "digest.txt"
    if kept.exists() and kept.read_text() == digest:
        return
    for old in folder.iterdir():
        old.unlink()
    write_task(draw.task, folder / "task.npz")
    kept.write_text(digest)


def run_draw(name: str, seed: int, draw: Draw, options: argparse.Namespace) -> None:
    folder = options.work / f"{name}-{seed}"
    prepare(folder, draw)
    for method in options.again:
        (folder / f"{method}.json").unlink(missing_ok=True)
    run_methods("peers", [m for m in options.methods if m in PEERS], seed, folder)
    run_methods("ours", [m for m in options.methods if m in OURS], seed, folder)
    print(f"{name} seed {seed} done", file=sys.stderr, flush=True)


def real_logs(options: argparse.Namespace) -> dict[str, Log]:
    files = find_files(options.data)
    for name in sorted(set(REAL) - set(files)):
        print(f"{name} is left out: {REAL[name][0]} not found below --data", file=sys.stderr)
    return {name: REAL[name][1](path) for name, path in files.items()}


def main() -> None:
    options = arguments()
    wanted = set(options.only or [*SIMULATED, *REAL])
    logs = {name: log for name, log in real_logs(options).items() if name in wanted}
    names = [name for name in SIMULATED if name in wanted]
    for seed in range(options.seeds):
        for name in names:
            run_draw(name, seed, simulated(name, seed), options)
        for name, log in logs.items():
            run_draw(name, seed, split(log, seed), options)
    if options.no_report:
        return
    from report import write_report

    write_report(options, names, logs)


if __name__ == "__main__":
    main()

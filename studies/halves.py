"""Does a plan's claim hold on customers it never saw? Hillstrom, visits, 20 random halves.

    python studies/halves.py [--halves 20] [--out studies/results]

Profit is 1 per visit less 0.05 per e-mail. Each half is planned on its own; the plan's policy is
then applied to the other half and valued there by plain inverse propensity weights, which share
nothing with the estimators inside handful. `z` is the claim less what the other half shows, in
standard errors of the difference: |z| should pass 2 about once in 20.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import replace
from pathlib import Path

import numpy as np

from handful.brief.reader import read_brief
from handful.data import demo_path
from handful.experiment.log import load_experiment
from handful.experiment.records import Experiment
from handful.planning.run import make_plan
from handful.planning.settings import PlanSettings
from handful.policy.policy import assign

PROFIT = "1.0 * visit - CASE WHEN segment = 'No E-Mail' THEN 0 ELSE 0.05 END"
HEADER = [
    *("half", "verdict", "offers", "menu", "claimed_gain", "corrected", "lo", "hi"),
    *("seen_on_other_half", "se", "z", "targeting_claimed", "targeting_seen", "targeting_se"),
]


def other_half(log: Experiment, given: np.ndarray, instead: np.ndarray) -> tuple[float, float]:
    """Inverse propensity value of one assignment less another, and its standard error."""

    def column(codes: np.ndarray) -> np.ndarray:
        weight = (log.offer == codes) / log.design.received
        mean = float(np.sum(weight * log.profit) / np.sum(weight))
        return mean + weight * (log.profit - mean)

    gap = column(given) - column(instead)
    return float(gap.mean()), float(gap.std(ddof=1) / np.sqrt(len(gap)))


def one_half(log: Experiment, number: int) -> list[object]:
    order = np.random.default_rng([2008, number]).permutation(log.n_rows)
    half, rest = order[: log.n_rows // 2], order[log.n_rows // 2 :]
    plan = make_plan(
        log.take(np.sort(half)), settings=PlanSettings(ladder=False), random_state=number
    )
    other = log.take(np.sort(rest))
    given = assign(plan.policy, other.features, other.stratum).offer
    none = np.full(other.n_rows, log.control)
    single = np.full(other.n_rows, log.offers.index(str(plan.reference.best_single.offer)))
    seen, se = other_half(other, given, none)
    target, target_se = other_half(other, given, single)
    gain = plan.verdict.gain
    claimed = gain.total if gain else None
    kept = [""] * 4
    z: object = ""
    if claimed is not None and gain is not None:
        best = claimed.value if gain.corrected is None else gain.corrected
        kept = [f"{v:.4f}" for v in (claimed.value, best, claimed.lo, claimed.hi)]
        z = f"{(best - seen) / np.hypot(se, claimed.se):.2f}"
    menu = " + ".join(plan.verdict.menu)
    aimed = f"{gain.targeting.value:.4f}" if gain else ""
    return [
        *(number, plan.verdict.kind, plan.verdict.offers, menu, *kept),
        *(f"{seen:.4f}", f"{se:.4f}", z, aimed, f"{target:.4f}", f"{target_se:.4f}"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--halves", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("studies/results"))
    asked = parser.parse_args()
    brief = read_brief(demo_path("hillstrom").with_suffix("").with_suffix(".toml"))
    brief = replace(brief, profit=replace(brief.profit, per_row=PROFIT))
    log = load_experiment(brief)
    asked.out.mkdir(parents=True, exist_ok=True)
    with (asked.out / "halves.csv").open("w", newline="") as file:
        file.write("# python studies/halves.py\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for number in range(asked.halves):
            writer.writerow(one_half(log, number))
            file.flush()


if __name__ == "__main__":
    main()

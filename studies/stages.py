"""How often a plan says "commodity", and "one-to-one", where the truth is known.

    python studies/stages.py [--plans 60] [--minutes 60]

Three offers and no offer, effects that are the same for everybody (alike), that differ so little
that an oracle would gain exactly the tolerance (faint), or three times that (clear). Every plan is
a row of studies/results/stages_runs.csv, so that a study that was stopped goes on; stages.csv
counts them.
"""

from __future__ import annotations

import argparse
import csv
import time
from dataclasses import replace
from pathlib import Path

from handful.brief.stages import StagesSpec
from handful.experiment.simulate import Simulation, simulate, simulate_customers, true_profit
from handful.planning.records import Plan
from handful.planning.run import make_plan
from handful.planning.settings import PlanSettings

RESULTS = Path(__file__).parent / "results"
RUNS = RESULTS / "stages_runs.csv"
TOLERANCE = 0.1
CUSTOMERS = 4_000
WORLDS = {"alike": 0.0, "faint": 1.0, "clear": 3.0}
"""Name -> what an oracle would gain over the best single offer, in tolerances."""
SAID = ("commodity", "not_shown", "differs")
BASE = Simulation(surface="smooth", offers=4, features=4, arm_effects=0.5)


def oracle_gain(settings: Simulation) -> float:
    """Return what each customer's true best offer gains over the truly best single one."""
    truth = true_profit(settings, simulate_customers(settings, n=40_000, random_state=99))
    return float(truth.max(axis=1).mean() - truth.mean(axis=0).max())


def world(tolerances: float) -> Simulation:
    """Find how much customers must differ for the oracle to gain so many tolerances."""
    if tolerances == 0:
        return replace(BASE, heterogeneity=0.0)
    low, high = 0.0, 4.0
    for _ in range(30):
        middle = (low + high) / 2
        short = oracle_gain(replace(BASE, heterogeneity=middle)) < tolerances * TOLERANCE
        low, high = (middle, high) if short else (low, middle)
    return replace(BASE, heterogeneity=high)


def plan_once(settings: Simulation, seed: int) -> Plan:
    """Plan one log of a world."""
    log = simulate(settings, n=CUSTOMERS, random_state=1_000 + seed).experiment
    asked = PlanSettings(
        repetitions=1,
        folds=4,
        max_offers=3,
        stages=StagesSpec(commodity_tolerance=TOLERANCE),
    )
    return make_plan(log, settings=asked, random_state=seed)


def known_runs() -> list[dict[str, str]]:
    """Return the plans made so far."""
    if not RUNS.exists():
        return []
    with RUNS.open(newline="") as file:
        return list(csv.DictReader(file))


def go_on(plans: int, minutes: float) -> None:
    """Plan the worlds in turn until there are so many plans of each, or time is up."""
    done = {(run["world"], int(run["seed"])) for run in known_runs()}
    worlds = {name: world(tolerances) for name, tolerances in WORLDS.items()}
    end = time.monotonic() + 60 * minutes
    with RUNS.open("a", newline="") as file:
        writer = csv.writer(file)
        if not done:
            writer.writerow(["world", "seed", "commodity", "advice", "verdict", "most", "hi"])
        for seed in range(plans):
            for name, settings in worlds.items():
                if (name, seed) in done or time.monotonic() > end:
                    continue
                made = plan_once(settings, seed)
                if made.fit is None or made.fit.commodity.most is None:
                    raise ValueError("a plan without advice")
                most, said = made.fit.commodity.most, made.fit.commodity.verdict
                row = [name, seed, said, made.fit.advice, made.verdict.kind]
                writer.writerow([*row, f"{most.value:.5f}", f"{most.hi:.5f}"])
                file.flush()


def summary() -> list[dict[str, object]]:
    """Count what was said in each world."""
    found = []
    for name, tolerances in WORLDS.items():
        runs = [run for run in known_runs() if run["world"] == name]

        def share(column: str, word: str, runs: list[dict[str, str]] = runs) -> float:
            return round(sum(run[column] == word for run in runs) / max(len(runs), 1), 4)

        found.append(
            {
                "world": name,
                "oracle_gain": round(max(oracle_gain(world(tolerances)), 0.0), 4),
                "tolerance": TOLERANCE,
                "customers": CUSTOMERS,
                "plans": len(runs),
                **{kind: share("commodity", kind) for kind in SAID},
                "advice_one_to_one": share("advice", "one_to_one"),
                "verdict_handful": share("verdict", "handful"),
            }
        )
    return found


def main() -> None:
    """Run the study and write its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", type=int, default=60)
    parser.add_argument("--minutes", type=float, default=60.0)
    asked = parser.parse_args()
    go_on(asked.plans, asked.minutes)
    found = summary()
    with (RESULTS / "stages.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        writer.writerows(found)


if __name__ == "__main__":
    main()

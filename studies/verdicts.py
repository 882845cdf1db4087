"""Does the verdict keep its word? Simulated experiments with a known truth, many times over.

    python studies/verdicts.py [--minutes 180] [--workers 2] [--out studies/results]

Each replicate draws an experiment, makes the whole plan (without the ladder, which the verdict does
not read), and compares with the truth on 20,000 fresh customers:

* personalise: is the verdict "handful"? Under no heterogeneity that is a false alarm.
* covered: do ALL 95 % bands (references and every menu) hold the true value of what was valued, the
  policies of the folds? one_menu: does the band of the largest menu alone?
* gain_error: the verdict's reported gain over no offer, corrected for the winner's curse, less the
  true gain of the FINAL policy; raw_error: the same uncorrected;
  folds_error: less the true gain of the policies of the folds, which is what was estimated.

Replicates of all cells are interleaved, so that stopping early leaves every cell with the same
share of its replicates. Rows are appended as they come; `summary` turns them into
studies/results/verdicts.csv.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from scipy.stats import beta

from handful.effects.crossfit import CrossFit, World, cross_fit
from handful.effects.predict import predict_profit
from handful.evidence.splits import (
    BEST_SINGLE,
    NO_OFFER,
    ONE_TO_ONE,
    best_single,
    menu_name,
    world_menus,
)
from handful.evidence.terms import Terms, make_terms
from handful.experiment.records import Experiment, Features
from handful.experiment.simulate import Simulation, simulate, simulate_customers, true_profit
from handful.planning import splits as planning_splits
from handful.planning.run import make_plan
from handful.planning.settings import PlanSettings
from handful.policy.policy import assign, assign_codes

FRESH = 20_000
HEADER = [
    *("n", "cell", "replicates", "personalise", "at_most", "three_offers", "covered", "se"),
    *("one_menu", "gain_covered", "heterogeneity_p05", "reported_gain", "gain_bias", "se"),
    *("raw_bias", "se", "folds_bias", "se", "cpu_seconds"),
]
SETTINGS = PlanSettings(ladder=False)


@dataclass(frozen=True)
class Cell:
    """One setting of the study."""

    name: str
    draw: Simulation
    n: int
    replicates: int


def null(**changes: object) -> Simulation:
    return replace(Simulation(surface="null"), **changes)


def cells() -> list[Cell]:
    found = []
    for n, count in ((4_000, 60), (40_000, 26)):
        for offers in (2, 5, 12):
            for tails in ("normal", "heavy"):
                draw = null(offers=offers, tails=tails)
                found.append(Cell(f"null {offers} {tails}", draw, n, count))
        for tails in ("normal", "heavy"):
            draw = null(offers=5, tails=tails, cluster_size=4, unequal_shares=True)
            found.append(Cell(f"null 5 {tails} clusters unequal", draw, n, count))
    types = Simulation(surface="types", offers=5, arm_effects=0.0)
    found.append(Cell("types 5 normal", types, 20_000, 200))
    found.append(Cell("smooth 5 normal", Simulation(), 4_000, 200))
    found.append(Cell("smooth 5 normal", Simulation(), 20_000, 60))
    found.append(
        Cell("smooth 5 clusters", Simulation(cluster_size=4, unequal_shares=True), 8_000, 100)
    )
    return found


def replicate(cell: Cell, number: int) -> dict[str, object]:
    seed = 10_000 + number
    drawn = simulate(cell.draw, n=cell.n, random_state=seed)
    fits: list[CrossFit] = []

    def kept(experiment: Experiment, shop: object, fold: np.ndarray, progress: object) -> CrossFit:
        fits.append(cross_fit(experiment, shop, fold))
        return fits[-1]

    planning_splits.cross_fit = kept  # to look inside: the plan does not keep its folds' models
    start = time.process_time()
    plan = make_plan(drawn.experiment, settings=SETTINGS, random_state=seed)
    seconds = time.process_time() - start
    fresh = simulate_customers(cell.draw, n=FRESH, random_state=900_000 + number)
    truth = true_profit(cell.draw, fresh)
    # The level of the fresh customers is noise: put that of a million in its place.
    truth = truth - truth[:, :1].mean() + level(cell.draw)
    terms = make_terms(drawn.experiment, max_offers=SETTINGS.max_offers)
    true = folds_truth(drawn.experiment, fits, terms, fresh, truth)
    final = assign(plan.policy, fresh, np.zeros(FRESH, np.int64)).offer
    control = float(truth[:, 0].mean())
    true_gain = float(truth[np.arange(FRESH), final].mean()) - control
    row = {
        "cell": cell.name,
        "n": cell.n,
        "replicate": number,
        "verdict": plan.verdict.kind,
        "offers": plan.verdict.offers,
        "personalise": int(plan.verdict.kind == "handful"),
        "heterogeneity_p": plan.heterogeneity.p_value,
        "cpu_seconds": round(seconds, 2),
        "true_gain": true_gain,
    }
    return row | coverage(plan, true) | errors(plan, true, true_gain)


@cache
def level(draw: Simulation) -> float:
    """Mean true profit of the control over a million customers."""
    parts = [
        true_profit(draw, simulate_customers(draw, n=100_000, random_state=500_000 + i))[:, 0]
        for i in range(10)
    ]
    return float(np.mean(parts))


def folds_truth(
    experiment: Experiment,
    fits: list[CrossFit],
    terms: Terms,
    fresh: Features,
    truth: np.ndarray,
) -> dict[str, float]:
    """True value of what the ledger estimates: each fold's policies, averaged over folds."""
    total: dict[str, float] = {}
    for fit in fits:
        for j, (world, model) in enumerate(zip(fit.worlds, fit.models, strict=True)):
            weight = float(np.mean(fit.fold == j)) / len(fits)
            predicted = predict_profit(model, fresh)
            for name, codes in fold_codes(experiment, world, predicted, terms).items():
                value = float(np.take_along_axis(truth, codes[:, None], axis=1).mean())
                total[name] = total.get(name, 0.0) + weight * value
    return total


def fold_codes(
    experiment: Experiment, world: World, predicted: np.ndarray, terms: Terms
) -> dict[str, np.ndarray]:
    """What one fold's policies give to fresh customers."""
    cells = experiment.open_cells
    single = best_single(world.scores, cells[world.rows], terms, world.rows)
    one = np.full(len(predicted), single)
    codes = {
        BEST_SINGLE: one,
        NO_OFFER: np.zeros_like(one),
        ONE_TO_ONE: assign_codes(predicted, terms.allowed, None, 0),
    }
    for offers, menu in world_menus(world, cells, terms).items():
        codes[menu_name(offers)] = one if offers == 1 else assign_codes(predicted, menu, None, 0)
    return codes


def coverage(plan: object, true: dict[str, float]) -> dict[str, object]:
    bands = {menu_name(p.offers): p for p in plan.frontier}
    bands |= {BEST_SINGLE: plan.reference.best_single, ONE_TO_ONE: plan.reference.one_to_one}
    bands |= {NO_OFFER: plan.reference.no_offer}
    held = {name: band.lo <= true[name] <= band.hi for name, band in bands.items()}
    last = plan.frontier[-1]
    gain = last.gain_over_single
    true_lead = true[menu_name(last.offers)] - true[BEST_SINGLE]
    single = plan.frontier[-1]
    z = (single.value - true[menu_name(single.offers)]) / single.se
    return {
        "covered": int(all(held.values())),
        "one_menu": int(abs(z) <= 1.959964),
        "gain_covered": int(gain.lo <= true_lead <= gain.hi),
    }


def errors(plan: object, true: dict[str, float], true_gain: float) -> dict[str, object]:
    verdict = plan.verdict
    if verdict.gain is None:
        return {
            "reported_gain": 0.0,
            "gain_error": 0.0 - true_gain,
            "raw_error": 0.0 - true_gain,
            "folds_error": 0.0,
        }
    name = menu_name(verdict.offers) if verdict.kind == "handful" else BEST_SINGLE
    reported = verdict.gain.total.value
    corrected = reported if verdict.gain.corrected is None else verdict.gain.corrected
    return {
        "reported_gain": reported,
        "gain_error": corrected - true_gain,
        "raw_error": reported - true_gain,
        "folds_error": reported - (true[name] - true[NO_OFFER]),
    }


def jobs(done: set[tuple[str, int, int]]) -> Iterator[tuple[Cell, int]]:
    waiting = [
        (number / cell.replicates, at, cell, number)
        for at, cell in enumerate(cells())
        for number in range(cell.replicates)
        if (cell.name, cell.n, number) not in done
    ]
    for _, _, cell, number in sorted(waiting, key=lambda job: job[:2]):
        yield cell, number


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=180)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("studies/results"))
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    raw = asked.out / "verdicts_replicates.csv"
    end = time.monotonic() + asked.minutes * 60
    rows = list(csv.DictReader(raw.open())) if raw.exists() else []
    done = {(r["cell"], int(r["n"]), int(r["replicate"])) for r in rows}
    waiting = jobs(done)
    with ProcessPoolExecutor(asked.workers) as pool:
        running = set()
        while True:
            while len(running) < 2 * asked.workers and time.monotonic() < end:
                job = next(waiting, None)
                if job is None:
                    break
                running.add(pool.submit(replicate, *job))
            if not running:
                break
            finished = next(as_completed(running))
            running.discard(finished)
            append(raw, finished.result())
    summarise(raw, asked.out / "verdicts.csv")


def append(raw: Path, row: dict[str, object]) -> None:
    fresh = not raw.exists()
    with raw.open("a", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(row), lineterminator="\n")
        if fresh:
            writer.writeheader()
        writer.writerow(row)


def summarise(raw: Path, out: Path) -> None:
    rows = list(csv.DictReader(raw.open()))
    keys = sorted({(int(r["n"]), r["cell"]) for r in rows})
    with out.open("w", newline="") as file:
        file.write(
            "# python studies/verdicts.py; percent; at_most: upper 95 % bound of personalise\n"
        )
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for n, cell in keys:
            mine = [r for r in rows if r["cell"] == cell and int(r["n"]) == n]
            writer.writerow([n, cell, len(mine), *summary(mine)])
        for n in sorted({n for n, cell in keys if cell.startswith("null")}):
            mine = [r for r in rows if r["cell"].startswith("null") and int(r["n"]) == n]
            writer.writerow([n, "ALL null", len(mine), *summary(mine)])
        mine = [r for r in rows if "heavy" not in r["cell"]]
        writer.writerow(["", "ALL normal profit", len(mine), *summary(mine)])


def summary(rows: list[dict[str, str]]) -> list[object]:
    def column(name: str) -> np.ndarray:
        return np.array([float(r[name]) for r in rows if r[name] not in {"", "None"}])

    def rate(values: np.ndarray) -> tuple[float, float]:
        p = float(values.mean())
        return round(100 * p, 1), round(100 * float(np.sqrt(p * (1 - p) / len(values))), 1)

    def bias(values: np.ndarray) -> tuple[float, float]:
        spread = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
        return round(float(values.mean()), 5), round(spread / np.sqrt(len(values)), 5)

    announced = column("personalise")
    # Clopper and Pearson's upper 95 % bound: 0 of 20 is not 0.
    most = beta.ppf(0.95, announced.sum() + 1, len(rows) - announced.sum())
    return [
        rate(announced)[0],
        round(100 * float(most), 1) if announced.sum() < len(rows) else 100.0,
        rate(column("offers") == 3)[0],
        *rate(column("covered")),
        rate(column("one_menu"))[0],
        rate(column("gain_covered"))[0],
        rate(column("heterogeneity_p") < 0.05)[0],
        round(float(column("reported_gain").mean()), 4),
        *bias(column("gain_error")),
        *bias(column("raw_error")),
        *bias(column("folds_error")),
        round(float(column("cpu_seconds").mean()), 1),
    ]


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()

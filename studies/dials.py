"""Offers with dials, effects estimated: does a plan earn what it says? Plans with a known truth.

    python studies/dials.py [--runs 200] [--workers 2] [--minutes 120] [--out studies/results]

Each run draws 100,000 customers who got a discount of 5 % to 35 % over a minimum basket of
0 to 60, or no offer, and makes the whole plan (menus of up to five offers, one split, without the
ladder, which is not compared here). Two questions:

* What does the plan of five truly earn, beside one-to-one with the same estimates? On 20,000 fresh
  customers, by the final model.
* Does the held-out band hold the truth of what it values, the policies of the folds? Their true
  effect over no offer on the log's customers, plus the true mean profit without an offer.

Rows are appended as they come, one per run, so that a study that was stopped goes on where it was;
`dials.csv` sums up the runs there are.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from pathlib import Path

import numpy as np

from handful.effects.predict import predict_profit
from handful.evidence import evidence as evidence_room
from handful.evidence.splits import BEST_SINGLE, NO_OFFER, ONE_TO_ONE, menu_name
from handful.experiment import promotions as promo
from handful.experiment.records import Features
from handful.experiment.simulate import simulate, simulate_customers
from handful.experiment.simulated_dials import point_profit, promotion_terms
from handful.planning import dials as planning_dials
from handful.planning.run import make_plan
from handful.planning.settings import PlanSettings
from handful.policy.policy import assign_codes

KIND = "promotions_dials"
ROWS = 100_000
FRESH = 20_000
OFFERS = 5
SETTINGS = PlanSettings(max_offers=OFFERS, repetitions=1, ladder=False)


def own_profit(features: Features, points: np.ndarray) -> np.ndarray:
    """True expected profit of every customer at a point of their own, (n, 2), NaN for no offer."""
    discount, minimum = promotion_terms(points[:, None, :])
    demand = promo.demand_at(features.values, discount, minimum, 1.0)
    return promo.profit_at(demand, discount)[:, 0]


@cache
def level() -> float:
    """True mean profit without an offer, over a million customers."""
    none = np.full((1, 2), np.nan)
    parts = []
    for i in range(10):
        customers = simulate_customers(KIND, n=100_000, random_state=500_000 + i)
        parts.append(own_profit(customers, np.repeat(none, 100_000, axis=0)).mean())
    return float(np.mean(parts))


def run(number: int) -> dict[str, object]:
    drawn = simulate(KIND, n=ROWS, random_state=20_000 + number)
    seen: list[tuple[object, object]] = []

    def kept(experiment: object, *rest: object) -> object:
        ledgers = evidence_room.keep_ledgers(experiment, *rest)
        seen.append((experiment, ledgers))
        return ledgers

    planning_dials.keep_ledgers = kept  # to look inside: the plan does not keep its folds' offers
    start = time.process_time()
    plan = make_plan(drawn.experiment, settings=SETTINGS, random_state=number)
    seconds = time.process_time() - start
    wide, ledgers = seen[0]
    true = folds_truth(wide, ledgers.codes)
    row = {"run": number, "verdict": plan.verdict.kind, "offers": plan.verdict.offers}
    return row | earned(plan, drawn, number) | held(plan, true) | {"cpu_seconds": round(seconds, 1)}


def folds_truth(wide: object, codes: dict[str, np.ndarray]) -> dict[str, float]:
    points = wide.dials.candidates
    none = own_profit(wide.features, np.full((wide.n_rows, 2), np.nan))
    true = {NO_OFFER: level()}
    for name, given in codes.items():
        effect = own_profit(wide.features, points[given]) - none
        true[name] = level() + float(effect.mean())
    return true


def earned(plan: object, drawn: object, number: int) -> dict[str, object]:
    """True profit on fresh customers of the final menus, of one-to-one, and of no offer."""
    fresh = simulate_customers(KIND, n=FRESH, random_state=900_000 + number)
    names = plan.policy.model.offers
    predicted = predict_profit(plan.policy.model, fresh)
    candidates = range(drawn.experiment.n_offers)
    points = np.array([np.full(2, np.nan) if v is None else v for v in plan.policy.points.values])

    def worth(menu: range | tuple[int, ...]) -> float:
        given = assign_codes(predicted, menu, None, 0)
        return float(own_profit(fresh, points[given]).mean())

    five = next(p for p in plan.frontier if p.offers == OFFERS)
    truth = point_profit(drawn.settings, fresh, drawn.experiment.dials.candidates)
    return {
        "true_five": worth(tuple(names.index(name) for name in five.menu)),
        "true_one_to_one": worth(candidates),
        "true_no_offer": float(truth[:, 0].mean()),
        "best_possible_one_to_one": float(truth.max(axis=1).mean()),
        "best_possible_single": float(truth.mean(axis=0).max()),
    }


def held(plan: object, true: dict[str, float]) -> dict[str, object]:
    bands = {menu_name(p.offers): p for p in plan.frontier}
    bands |= {BEST_SINGLE: plan.reference.best_single, ONE_TO_ONE: plan.reference.one_to_one}
    bands |= {NO_OFFER: plan.reference.no_offer}
    five = bands[menu_name(OFFERS)]
    truth = true[menu_name(OFFERS)]
    gain = five.gain_over_single
    row: dict[str, object] = {
        "five_value": five.value,
        "five_se": five.se,
        "five_truth": truth,
        "five_in_band": int(five.lo <= truth <= five.hi),
        "five_in_interval": int(abs(five.value - truth) <= 1.959964 * five.se),
        "all_in_bands": int(all(b.lo <= true[name] <= b.hi for name, b in bands.items())),
        "gain_in_band": int(gain.lo <= truth - true[BEST_SINGLE] <= gain.hi),
    }
    for name in (BEST_SINGLE, ONE_TO_ONE, NO_OFFER):
        row[f"{name}_z"] = (bands[name].value - true[name]) / bands[name].se
    return row | {"five_z": (five.value - truth) / five.se}


def append(raw: Path, row: dict[str, object]) -> None:
    fresh = not raw.exists()
    with raw.open("a", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(row), lineterminator="\n")
        if fresh:
            writer.writeheader()
        writer.writerow(row)


def summarise(raw: Path, out: Path) -> None:
    rows = list(csv.DictReader(raw.open()))

    def column(name: str) -> np.ndarray:
        return np.array([float(r[name]) for r in rows])

    share = column("true_five") / column("true_one_to_one")
    over = column("true_five") - column("true_no_offer")
    whole = column("true_one_to_one") - column("true_no_offer")
    lines: list[tuple[str, float]] = [
        ("runs", len(rows)),
        ("true profit of five, % of one-to-one: mean", 100 * share.mean()),
        ("true profit of five, % of one-to-one: least", 100 * share.min()),
        ("true gain of five over no offer, % of one-to-one's: mean", 100 * np.mean(over / whole)),
        ("true gain of five over no offer, % of one-to-one's: least", 100 * np.min(over / whole)),
    ]
    for name, words in (
        ("five_in_interval", "95 % interval of five holds its truth, %"),
        ("five_in_band", "simultaneous band of five holds its truth, %"),
        ("all_in_bands", "all bands of a plan hold their truths, %"),
        ("gain_in_band", "band of five's gain over the best single holds its truth, %"),
    ):
        rate = column(name).mean()
        lines += [
            (words, 100 * rate),
            ("  standard error of that, %", 100 * np.sqrt(rate * (1 - rate) / len(rows))),
        ]
    for name in ("five_z", f"{BEST_SINGLE}_z", f"{ONE_TO_ONE}_z", f"{NO_OFFER}_z"):
        z = column(name)
        lines += [(f"{name}: mean", z.mean()), (f"{name}: standard deviation", z.std())]
    lines.append(("processor seconds a run", column("cpu_seconds").mean()))
    with out.open("w", newline="") as file:
        file.write("# python studies/dials.py\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["what", "value"])
        writer.writerows((words, round(float(value), 3)) for words, value in lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--out", type=Path, default=Path("studies/results"))
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    raw = asked.out / "dials_runs.csv"
    end = time.monotonic() + asked.minutes * 60
    done = {int(r["run"]) for r in csv.DictReader(raw.open())} if raw.exists() else set()
    waiting = iter([number for number in range(asked.runs) if number not in done])
    with ProcessPoolExecutor(asked.workers) as pool:
        running = set()
        while True:
            while len(running) < asked.workers and time.monotonic() < end:
                number = next(waiting, None)
                if number is None:
                    break
                running.add(pool.submit(run, number))
            if not running:
                break
            finished = next(as_completed(running))
            running.discard(finished)
            append(raw, finished.result())
    if raw.exists():
        summarise(raw, asked.out / "dials.csv")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()

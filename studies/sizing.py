"""Does an experiment of the promised size see what was promised? With handful's own tests.

    python studies/sizing.py [--share 1.0] [--only QUESTION] [--out studies/results]

For each setting `handful size` names the rows that see an effect in 80 % of experiments. So many
rows are drawn, over and over, and handful's own code is asked:

* best offer: is the verdict other than "no offer"? The model given is the mean of each offer on the
  other folds, so that only the choice and the valuing are at work; evidence/evidence.py decides.
* heterogeneity: is p below 0.05? effects/heterogeneity.py decides.
* menu of two: is the verdict "handful"? Effects are learned by the plan's own learner, cross-fitted
  in two repetitions; evidence/evidence.py decides.

Every question is asked once more where there is nothing to see, on the same rows: that is the size
of the test. `rho` is the correlation of predicted with true differences, beside what was promised.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.stats import beta

from handful.brief.size import SizeSpec
from handful.effects.crossfit import CrossFit, World, cross_fit, open_workshop
from handful.effects.folds import make_folds
from handful.effects.heterogeneity import HeterogeneityTest, measure_heterogeneity
from handful.effects.scores import doubly_robust
from handful.evidence.evidence import Claims, keep_ledgers, weigh_evidence
from handful.evidence.terms import make_terms
from handful.experiment.records import Experiment
from handful.sizing.facts import make_facts
from handful.sizing.menus import critical_value, pair_of, quality
from handful.sizing.noise import equal_shares, root_shares
from handful.sizing.questions import least_rows, questions
from handful.sizing.solving import rows_for
from handful.sizing.world import Drawn, draw_world
from handful.sizing.world import World as Customers

FOLDS = 5
POWER = 0.8
HEADER = (
    "question", "setting", "offers", "rows", "runs", "promised", "seen", "lo", "hi", "null_runs",
    "false", "false_hi", "rho", "rho_promised", "critical", "critical_promised", "cpu_seconds",
)  # fmt: skip
RUNS = {"best offer": (160, 80), "heterogeneity": (100, 60), "menu of two": (36, 10)}


@dataclass(frozen=True)
class Setting:
    name: str
    offers: int
    spec: SizeSpec
    root: bool = False


MONEY = SizeSpec(sd=1.0, gain=0.25)
SETTINGS = (
    Setting("money", 2, replace(MONEY, gain=0.15, heterogeneity=0.4)),
    Setting("money", 3, MONEY),
    Setting("money", 4, MONEY),
    Setting("money", 6, MONEY),
    Setting("money, larger control", 5, MONEY, root=True),
    Setting("money, 20 features", 3, replace(MONEY, features=20)),
    Setting("money, 3 features", 3, replace(MONEY, features=3)),
    Setting("money, 4 features", 3, replace(MONEY, features=4)),
    Setting("money, weak effects", 3, replace(MONEY, gain=0.12)),
    Setting("money, features explain 40 %", 3, replace(MONEY, explained=0.4)),
    Setting("bought or not, 10 %", 3, SizeSpec(rate=0.1, gain=0.06, heterogeneity=0.05)),
    Setting("bought or not, 30 %", 4, SizeSpec(rate=0.3, gain=0.1, heterogeneity=0.09)),
    Setting("clusters of 5", 3, replace(MONEY, icc=0.2, cluster_size=5)),
)
LEFT_OUT = {
    # The means of the offers are given there, so features explain nothing.
    "best offer": {
        "money, features explain 40 %",
        "money, 20 features",
        "money, 3 features",
        "money, 4 features",
    },
    "heterogeneity": {"money, 4 features"},
    # Too dear, or like another.
    "menu of two": {"money, weak effects", "money, larger control", "bought or not, 10 %"},
}
"""What is left out of each question."""


def customers(setting: Setting, question: str, null: bool) -> Customers:
    """The world in which only what the question asks about is there, or not even that."""
    spec, g = setting.spec, setting.offers
    facts = make_facts(spec, names(g), None, None)
    shares = root_shares(g) if setting.root else equal_shares(g)
    gain, spread = np.zeros(g), np.zeros(g)
    if question == "best offer":
        gain[1] = 0.0 if null else facts.gain
    elif question == "heterogeneity":
        gain[1] = facts.gain
        spread[1] = 0.0 if null else facts.spread
    else:
        gain[1:3] = facts.gain
        spread[1:3] = 0.0 if null else facts.spread
    return Customers(
        facts.offers, tuple(shares), tuple(gain), tuple(spread), facts.baseline, facts.sd,
        facts.margin, facts.features, facts.explained, facts.icc, facts.cluster_size,
    )  # fmt: skip


def names(offers: int) -> tuple[str, ...]:
    return ("none", *(f"offer {g}" for g in range(1, offers)))


def nothing_known(experiment: Experiment, fold: np.ndarray) -> CrossFit:
    """A cross-fit that predicts for everybody the mean of each offer on the other folds."""
    n, offers = experiment.n_rows, experiment.n_offers
    predicted, worlds = np.empty((n, offers)), []
    for j in range(FOLDS):
        rows = np.flatnonzero(fold != j)
        given, profit = experiment.offer[rows], experiment.profit[rows]
        count = np.maximum(np.bincount(given, minlength=offers), 1)
        predicted[fold == j] = np.bincount(given, profit, offers) / count
        flat = np.tile(np.bincount(given, profit, offers) / count, (len(rows), 1))
        worlds.append(World(rows, flat, scored(experiment.take(rows), flat)))
    return CrossFit(fold, predicted, scored(experiment, predicted), tuple(worlds))


def scored(experiment: Experiment, predicted: np.ndarray) -> np.ndarray:
    return doubly_robust(predicted, experiment.profit, experiment.offer, experiment.design.received)


def folds_of(experiment: Experiment, seed: int, repetition: int) -> np.ndarray:
    return make_folds(experiment.cluster, FOLDS, np.random.default_rng([seed, 0, repetition]))


def verdict(drawn: Drawn, seed: int, learn: bool) -> tuple[str, float, float]:
    """handful's verdict, the correlation of its effects with the truth, and its critical value."""
    experiment = drawn.experiment
    terms = make_terms(experiment, max_offers=8)

    def split(repetition: int) -> CrossFit:
        fold = folds_of(experiment, seed, repetition)
        if not learn:
            return nothing_known(experiment, fold)
        shop = open_workshop(experiment, fold, learn_rows=200_000, random_state=seed + repetition)
        return cross_fit(experiment, shop, fold)

    ledgers = keep_ledgers(experiment, split, 2, terms, None, seed)
    first = ledgers.first.predicted
    claims = Claims(first, HeterogeneityTest(None, None))
    found = weigh_evidence(experiment, ledgers, claims, terms, seed)
    a, b = (0, 1) if experiment.n_offers == 2 else (1, 2)
    predicted, true = first[:, b] - first[:, a], drawn.truth[:, b] - drawn.truth[:, a]
    flat = predicted.std() < 1e-12 or true.std() < 1e-12
    rho = 0.0 if flat else float(np.corrcoef(predicted, true)[0, 1])
    return found.verdict.kind, rho, critical_of(found)


def critical_of(found: object) -> float:
    for reason in found.verdict.reasons:  # type: ignore[attr-defined]
        words = reason.replace(",", " ").split()
        for at, word in enumerate(words):
            if word in {"needed", "needed."} and at >= 2:
                try:
                    return float(words[at - 2])
                except ValueError:
                    continue
    return float("nan")


def run_once(question: str, world: Customers, rows: int, seed: int) -> tuple[bool, float, float]:
    drawn = draw_world(world, rows, seed)
    if question == "heterogeneity":
        fold = folds_of(drawn.experiment, seed, 0)
        shop = open_workshop(drawn.experiment, fold, learn_rows=200_000, random_state=seed)
        found = measure_heterogeneity(shop)
        return bool(found.p_value is not None and found.p_value < 0.05), np.nan, np.nan
    kind, rho, critical = verdict(drawn, seed, learn=question == "menu of two")
    return kind != "no_offer" if question == "best offer" else kind == "handful", rho, critical


def study(question: str, setting: Setting, runs: tuple[int, int]) -> list[object]:
    facts = make_facts(setting.spec, names(setting.offers), None, None)
    shares = root_shares(setting.offers) if setting.root else equal_shares(setting.offers)
    asked = next(one for one in questions(facts, shares) if one.question == question)
    rows = rows_for(lambda n: asked.power(n, asked.effect), POWER, least_rows(shares))
    rows += -rows % facts.cluster_size
    start = time.process_time()
    true = customers(setting, question, null=False)
    seen = [run_once(question, true, rows, 5_000 + r) for r in range(runs[0])]
    none = customers(setting, question, null=True)
    false = [run_once(question, none, rows, 950_000 + r)[0] for r in range(runs[1])]
    hits = sum(one[0] for one in seen)
    rho = [one[1] for one in seen if not np.isnan(one[1])] if question == "menu of two" else []
    critical = [one[2] for one in seen if not np.isnan(one[2])] if rho else []
    power = asked.power(rows, asked.effect)
    promised = quality(facts, shares, rows, pair_of(facts, facts.spread))
    return [
        question, setting.name, setting.offers, rows, len(seen), round(100 * power, 1),
        *rate(hits, len(seen)), len(false), round(100 * sum(false) / len(false), 1),
        rate(sum(false), len(false))[2],
        round(float(np.mean(rho)), 2) if rho else "", round(promised, 2) if rho else "",
        round(float(np.mean(critical)), 2) if critical else "",
        round(critical_value(setting.offers - 1), 2) if rho else "",
        round(time.process_time() - start, 1),
    ]  # fmt: skip


def pooled(question: str, rows: list[list[object]]) -> list[object]:
    """All settings of a question together."""
    runs, nulls = sum(row[4] for row in rows), sum(row[9] for row in rows)
    hits = round(sum(row[4] * row[6] / 100 for row in rows))
    false = round(sum(row[9] * row[10] / 100 for row in rows))
    seconds = round(sum(row[-1] for row in rows), 1)
    wrong = rate(false, nulls)
    return [
        question, "ALL", "", "", runs, 80.0, *rate(hits, runs), nulls, wrong[0], wrong[2],
        "", "", "", "", seconds,
    ]  # fmt: skip


def rate(hits: int, runs: int) -> tuple[float, float, float]:
    lo = float(beta.ppf(0.025, hits, runs - hits + 1)) if hits else 0.0
    hi = float(beta.ppf(0.975, hits + 1, runs - hits)) if hits < runs else 1.0
    return round(100 * hits / runs, 1), round(100 * lo, 1), round(100 * hi, 1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--share", type=float, default=1.0, help="of the runs")
    parser.add_argument("--only", default="", help="one question")
    parser.add_argument("--out", type=Path, default=Path("studies/results"))
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with (asked.out / "sizing.csv").open("w", newline="") as file:
        file.write("# python studies/sizing.py; percent; lo, hi: 95 % of Clopper and Pearson\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        rows: list[list[object]] = []
        for question, runs in RUNS.items():
            if asked.only not in {"", question}:
                continue
            for setting in SETTINGS:
                if setting.name in LEFT_OUT[question]:
                    continue
                few = tuple(max(4, round(asked.share * r)) for r in runs)
                row = study(question, setting, few)
                rows.append(row)
                writer.writerow(row)
                file.flush()
                print(*row, sep=", ", flush=True)
        for question in RUNS:
            mine = [row for row in rows if row[0] == question]
            if mine:
                writer.writerow(pooled(question, mine))


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()

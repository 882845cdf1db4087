"""Do the tests behind "nobody worse off" and the guardrail outcomes err as rarely as they promise?

    python studies/coverage.py [--replicates 1000] [--plans 60] [--out studies/results]

Segments are told by a feature, offers drawn in households of one to three, profits have heavy
tails, outcomes are rare events. `size_*` lines are false alarms where nothing is wrong (promised:
at most 2.5 % each), `power_*` lines how often a planted harm is found, `bias_*` lines how far the
value after falling back is off its truth, in standard errors of one plan, with the decision made
fold by fold (as the plan does) and on the same rows (as it must not). `plans_null` runs whole plans
on logs without any effect.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import replace
from pathlib import Path

import numpy as np

from handful.brief.outcomes import OutcomeSpec
from handful.evidence.outcomes import Measured, outcome_facts
from handful.evidence.worse_off import Comparison, after_falling, fallen
from handful.experiment.records import Experiment
from handful.experiment.simulate import simulate
from handful.planning.run import make_plan
from handful.planning.settings import PlanSettings

SEGMENTS = 4
FOLDS = 5
HEADER = ["line", "rows", "harm", "replicates", "share", "four_standard_errors"]


def world(rows: int, harm: np.ndarray, rng: np.random.Generator) -> tuple[Comparison, np.ndarray]:
    """Draw a log whose segment k loses harm[k] under its offer; return it and its folds."""
    size = rng.integers(1, 4, rows)
    cluster = np.repeat(np.arange(rows), size)[:rows]
    segment = rng.integers(0, SEGMENTS, rows)
    offer = rng.integers(0, SEGMENTS + 1, cluster.max() + 1)[cluster]
    shared = rng.normal(size=cluster.max() + 1)[cluster]
    noise = 0.5 * shared + rng.standard_t(4, rows) / np.sqrt(2)
    lost = np.where(offer == segment + 1, harm[segment], 0.0)
    seen = noise - lost
    log = simulate("null", n=600, offers=2, random_state=0).experiment
    log = replace(
        log,
        cluster=cluster,
        stratum=np.zeros(rows, dtype=np.int64),
        offer=offer,
        design=replace(log.design, support=np.ones((1, SEGMENTS + 1), dtype=bool)),
        offers=tuple(f"offer {g}" for g in range(SEGMENTS + 1)),
        profit=seen,
    )
    given = segment + 1
    fold = rng.integers(0, FOLDS, cluster.max() + 1)[cluster]
    scores = scored(log, seen, fold)
    return Comparison(log, scores, given, np.zeros(rows, dtype=np.int64), None, 0), fold


def scored(log: Experiment, seen: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Doubly robust scores with the mean of each offer's other folds as the model."""
    offers = SEGMENTS + 1
    predicted = np.empty((len(seen), offers))
    for j in range(FOLDS):
        other = fold != j
        for g in range(offers):
            predicted[~other, g] = seen[other & (log.offer == g)].mean()
    scores = predicted.copy()
    at = np.arange(len(seen))
    scores[at, log.offer] += (seen - predicted[at, log.offer]) * offers
    return scores


def worse_off(rows: int, harm: np.ndarray, count: int, seed: int) -> list[tuple[int, ...]]:
    """Return which offers fall back in every replicate."""
    menu = tuple(range(1, SEGMENTS + 1))
    found = []
    for r in range(count):
        case, _ = world(rows, harm, np.random.default_rng([seed, r]))
        found.append(fallen(case, menu, np.ones(rows, dtype=bool)))
    return found


def biases(rows: int, harm: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return value less truth after falling back, in standard errors: fold by fold, and reused."""
    menu = tuple(range(1, SEGMENTS + 1))
    honest, reused = np.empty(count), np.empty(count)
    at = np.arange(rows)
    for r in range(count):
        case, fold = world(rows, harm, np.random.default_rng([seed, r]))
        segment = case.given - 1
        gone = fallen(case, menu, np.ones(rows, dtype=bool))
        same = np.where(np.isin(case.given, gone), 0, case.given)
        by_fold = after_falling(case, fold, menu)
        base = case.scores[:, 0]
        se = float((case.scores[at, case.given] - base).std() / np.sqrt(rows))
        for place, codes in ((honest, by_fold), (reused, same)):
            truth = -float(np.where(codes > 0, harm[segment], 0.0).mean())
            place[r] = (float((case.scores[at, codes] - base).mean()) - truth) / se
    return honest, reused


def outcomes(rows: int, harm: float, spec: OutcomeSpec, count: int, seed: int) -> np.ndarray:
    """Return (count, 2): whether any test passed, and whether any failed; all lie at `harm`."""
    found = np.zeros((count, 2), dtype=bool)
    nothing = np.zeros(SEGMENTS)
    for r in range(count):
        rng = np.random.default_rng([seed, r])
        case, fold = world(rows, nothing, rng)
        rate = 0.05 + np.where(case.experiment.offer == case.given, harm, 0.0)
        seen = (rng.random(rows) < rate).astype(float)
        one = Measured("event", spec, seen, scored(case.experiment, seen, fold))
        members = [(f"segment {g}", case.given == g) for g in range(1, SEGMENTS + 1)]
        facts = outcome_facts(case, np.zeros(rows, dtype=np.int64), [one], members)[0]
        verdicts = {facts.overall.verdict, *(test.verdict for test in facts.segments)}
        found[r] = "pass" in verdicts, "fail" in verdicts
    return found


def plans(count: int, seed: int) -> int:
    """Count plans without any effect in which a segment falls back."""
    settings = PlanSettings(repetitions=1, ladder=False, max_offers=3, studio=False)
    moved = 0
    for r in range(count):
        log = simulate("null", n=1_500, offers=3, random_state=seed + r).experiment
        made = make_plan(log, settings=settings, random_state=r)
        moved += bool(made.worse_off and made.worse_off.fell_back)
    return moved


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=1_000)
    parser.add_argument("--plans", type=int, default=60)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    asked = parser.parse_args()
    count, lines = asked.replicates, []

    def add(line: str, rows: int, harm: float, hits: np.ndarray) -> None:
        share = float(np.mean(hits))
        wide = 4.0 * float(np.sqrt(max(share * (1 - share), 0.025 * 0.975) / len(hits)))
        lines.append([line, rows, harm, len(hits), f"{share:.4f}", f"{wide:.4f}"])
        print(*lines[-1], flush=True)

    none = np.zeros(SEGMENTS)
    for rows in (1_000, 4_000):
        moved = worse_off(rows, none, count, 1)
        add("size_worse_off", rows, 0.0, np.array([bool(g) for g in moved]))
    for harm in (0.2, 0.4, 0.6):
        planted = np.array([harm, 0.0, 0.0, 0.0])
        moved = worse_off(4_000, planted, count // 2, 2)
        add("power_worse_off", 4_000, harm, np.array([1 in g for g in moved]))
        add("false_beside_planted", 4_000, harm, np.array([bool(set(g) - {1}) for g in moved]))
    honest, reused = biases(4_000, np.full(SEGMENTS, 0.35), count // 2, 3)
    for name, off in (("bias_by_fold", honest), ("bias_reused", reused)):
        wide = 4.0 * float(off.std() / np.sqrt(len(off)))
        lines.append([name, 4_000, 0.35, len(off), f"{off.mean():.4f}", f"{wide:.4f}"])
        print(*lines[-1], flush=True)
    spec = OutcomeSpec("event", margin=0.03)
    at_margin = outcomes(8_000, 0.03, spec, count, 4)
    add("size_passes_at_margin", 8_000, 0.03, at_margin[:, 0])
    add("size_fails_at_margin", 8_000, 0.03, at_margin[:, 1])
    planted_harm = outcomes(8_000, 0.10, spec, count // 4, 5)
    add("power_fails", 8_000, 0.10, planted_harm[:, 1])
    moved_plans = plans(asked.plans, 100)
    add("plans_null", 1_500, 0.0, np.arange(asked.plans) < moved_plans)
    with (asked.out / "coverage.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADER, *lines])


if __name__ == "__main__":
    main()

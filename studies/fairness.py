"""Does the comparison of groups keep its word, and do prices keep its bounds?

    python studies/fairness.py [--replicates 900] [--plans 24] [--out studies/results]

First, tests alone (fairness_tests.csv). Customers of two to four groups (one of them small) get one
of three offers and bring money of heavy spread, alone or in households of three who share group,
offer and luck. What is counted, each replicate:

* false: a bound of 0.02 on a share, or of 0.05 on what the plan adds, is failed though groups truly
  do not differ;
* held: the interval of every difference of the replicate holds the truth, all metrics together;
* caught: a planted difference of ten points is failed at a bound of two;
* proxies: a feature that tells nothing of the group is shown to tell it (any of 20).

Second, whole plans on simulated logs whose features tell of a group that no decision reads
(fairness_plans.csv): without bounds the plan gives the groups very different shares; with a bound
it is held to it through the features alone. What the new plan truly gives is read off fresh
customers. About six minutes of processor time.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from handful.brief.fairness import FairnessSpec
from handful.brief.guardrails import GuardrailsSpec
from handful.brief.reader import parse_brief
from handful.brief.schema import Brief, EvidenceSpec
from handful.experiment.records import Experiment, Features, FeatureSchema
from handful.experiment.simulate import simulate
from handful.guardrails.fairness_frames import verdict_on
from handful.guardrails.fairness_groups import Groups
from handful.guardrails.fairness_moments import Column, difference, family_of, moments
from handful.guardrails.fairness_proxies import proxies_of
from handful.planning.run import make_plan
from handful.planning.settings import settings_of
from handful.policy.policy import assign

SHARES = {2: (0.5, 0.5), 3: (0.6, 0.35, 0.05), 4: (0.25, 0.25, 0.25, 0.25)}
GAP = 0.10


def draw(rng: np.random.Generator, n: int, groups: int, household: int, gap: float):
    """Draw groups, who gets an offer, and what the plan adds; the first group gets `gap` less."""
    homes = n // household
    group = rng.choice(groups, homes, p=SHARES[groups])
    chance = 0.4 - gap * (group == 0)
    got = rng.random(homes) < chance
    luck = rng.lognormal(0.0, 1.0, homes) - np.exp(0.5)
    cluster = np.repeat(np.arange(homes), household)
    added = luck[cluster] + rng.normal(size=len(cluster)) * 2.0
    return (
        Groups("g", tuple("abcd"[:groups]), group[cluster]),
        got[cluster].astype(float),
        added,
        cluster,
    )


def tests(replicates: int) -> Iterator[dict[str, object]]:
    for n in (600, 3_000, 20_000):
        for groups in (2, 3, 4):
            for household in (1, 3):
                yield _cell(
                    n,
                    groups,
                    household,
                    max(replicates * 3_000 // max(n, 3_000), 100, replicates // 3),
                )


def _cell(n: int, groups: int, household: int, replicates: int) -> dict[str, object]:
    false = held = caught = used = 0
    for r in range(replicates):
        rng = np.random.default_rng([n, groups, household, r])
        for gap in (0.0, GAP):
            who, got, added, cluster = draw(rng, n, groups, household, gap)
            ones = np.ones(len(got))
            columns = [
                Column("selection_rate", None, "", got, ones, True, False),
                Column("exclusion", None, "", 1.0 - got, ones, True, False),
                Column("benefit", None, "", added, ones, False, False),
            ]
            found = [moments(column, who, cluster) for column in columns]
            if any(one is None for one in found):
                continue
            family = family_of(found)
            gaps = [difference(one, family) for one in found]
            verdicts = [verdict_on(g, b) for g, b in zip(gaps, (0.02, 0.02, 0.05), strict=True)]
            if gap:
                caught += verdicts[0] == "fail"
            else:
                used += 1
                false += "fail" in verdicts
                held += all(g.lo <= 0.0 for g in gaps)
    shown = {"n": n, "groups": groups, "household": household, "replicates": used}
    return shown | {
        name: round(count / used, 4) if used else ""
        for name, count in (("false", false), ("held", held), ("caught", caught))
    }


def proxy_alarms(replicates: int) -> dict[str, object]:
    """How often any of 20 features that tell nothing is shown to tell a group."""
    n, alarms = 1_500, 0
    base = simulate("null", n=n, offers=2, random_state=1).experiment
    names = tuple(f"x{k}" for k in range(20))
    schema = FeatureSchema(names, ("number",) * 20, ((),) * 20)
    for r in range(replicates):
        rng = np.random.default_rng([7, r])
        features = Features(schema, np.asfortranarray(rng.normal(size=(n, 20))))
        groups = Groups("g", ("a", "b"), rng.integers(0, 2, n))
        log = replace(base, features=features)
        found = proxies_of(log, rng.integers(0, 2, n), (groups,), (), r)
        alarms += any(proxy.shown for proxy in found)
    return {
        "n": n,
        "groups": 2,
        "household": 1,
        "replicates": replicates,
        "proxies": alarms / replicates,
    }


def world(n: int, seed: int) -> tuple[Experiment, np.ndarray]:
    """Offer 1 pays where x is high, and x is higher in one group, which no decision reads."""
    drawn = simulate("null", n=n, offers=2, random_state=seed).experiment
    rng = np.random.default_rng([11, seed])
    group = rng.integers(0, 2, n)
    x = rng.normal(size=n) + 0.8 * group
    other = rng.normal(size=n)
    values = np.asfortranarray(np.column_stack([x, other]))
    features = Features(FeatureSchema(("x", "other"), ("number",) * 2, ((), ())), values)
    effect = 0.8 * x - 0.3 + 0.4 * other
    profit = effect * (drawn.offer == 1) + rng.normal(size=n)
    held = Features(
        FeatureSchema(("sex",), ("category",), (("f", "m"),)),
        np.asfortranarray(group[:, None].astype(float)),
    )
    return replace(drawn, features=features, profit=profit, held_apart=held), effect


def brief_of(bound: float | None) -> Brief:
    made = parse_brief(
        {"experiment": {"source": "made.csv", "offer": "offer"}, "profit": {"per_row": "profit"}}
    )
    return replace(
        made,
        evidence=EvidenceSpec(repetitions=1, folds=4),
        guardrails=GuardrailsSpec(protected=("sex",)),
        fairness=FairnessSpec(selection_rate=bound),
    )


def reading(log: Experiment) -> Experiment:
    """Let decisions read the group itself."""
    schema, apart = log.features.schema, log.held_apart
    wide = FeatureSchema(
        (*schema.names, *apart.schema.names),
        (*schema.kinds, *apart.schema.kinds),
        (*schema.levels, *apart.schema.levels),
    )
    values = np.asfortranarray(np.column_stack([log.features.values, apart.values]))
    return replace(log, features=Features(wide, values))


def plans(count: int) -> Iterator[dict[str, object]]:
    for r in range(count):
        log, _ = world(2_000, r)
        fresh, effect = world(20_000, 10_000 + r)
        for bound in (None, 0.2, 0.1, 0.05):
            yield {"run": r, "reads_group": False} | planned(log, fresh, effect, bound, r)
        if r >= count // 2:
            continue
        both = reading(log), reading(fresh)
        yield {"run": r, "reads_group": True} | planned(*both, effect, 0.1, r)


def planned(
    log: Experiment, fresh: Experiment, effect: np.ndarray, bound: float | None, seed: int
) -> dict[str, object]:
    """Plan once; read the difference and the value that the policy truly brings off others."""
    brief = brief_of(bound)
    asked = replace(settings_of(brief), ladder=False)
    plan = make_plan(log, brief=brief, settings=asked, random_state=seed)
    frame = next(f for f in plan.fairness.frames if f.metric == "selection_rate")
    given = assign(plan.policy, fresh.features, fresh.stratum).offer == 1
    group = fresh.held_apart.values[:, 0] == 1
    truth = abs(given[group].mean() - given[~group].mean())
    return {
        "bound": "" if bound is None else bound,
        "held_out": round(frame.difference.value, 4),
        "lo": round(frame.difference.lo, 4),
        "hi": round(frame.difference.hi, 4),
        "verdict": frame.verdict,
        "truth": round(float(truth), 4),
        "value": round(float((effect * given).mean()), 4),
    }


def write(path: Path, rows: list[dict[str, object]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    asked.add_argument("--replicates", type=int, default=900)
    asked.add_argument("--plans", type=int, default=24)
    asked.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = asked.parse_args()
    found = [*tests(options.replicates), proxy_alarms(max(options.replicates // 5, 10))]
    write(options.out / "fairness_tests.csv", found)
    write(options.out / "fairness_plans.csv", list(plans(options.plans)))


if __name__ == "__main__":
    main()

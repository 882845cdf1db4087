"""handful on a task: each method returns (m, G) scores, -inf outside the menu.

Runs in the project's own environment. `handful` gives everyone the best of all offers by the
effects step alone; `handful_menu_K` the best of the best menu of K; `handful_plan` follows the
verdict of the whole job.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from tasks import Task

from handful.effects.learn import learn_effects
from handful.effects.predict import predict_profit
from handful.effects.records import EffectsModel
from handful.experiment.records import Design, Experiment, Features, FeatureSchema, SourceFacts
from handful.menu.choose import choose_menu
from handful.planning.run import make_plan
from handful.planning.settings import PlanSettings

Prepared = Callable[[], np.ndarray]


def load(method: str) -> None:
    """Nothing to do: everything is imported above."""


def schema_of(task: Task) -> FeatureSchema:
    levels = tuple(tuple(f"level {k}" for k in range(int(count))) for count in task.levels)
    names = tuple(f"x{j + 1}" for j in range(len(levels)))
    return FeatureSchema(
        names, tuple("category" if level else "number" for level in levels), levels
    )


def experiment_of(task: Task) -> Experiment:
    n, strata = task.offer.size, task.by_stratum.shape[0]
    design = Design(
        kind="design",
        by_stratum=task.by_stratum,
        received=task.by_stratum[task.stratum, task.offer],
        support=task.support,
    )
    return Experiment(
        customers=np.arange(n),
        cluster=task.cluster,
        stratum=task.stratum,
        strata=tuple(f"stratum {s + 1}" for s in range(strata)),
        strata_columns=("stratum",) if strata > 1 else (),
        offer=task.offer,
        offers=tuple(f"offer {g}" for g in range(task.n_offers)),
        control=0,
        profit=task.profit,
        features=Features(schema_of(task), np.asfortranarray(task.values)),
        design=design,
        source=SourceFacts("benchmark", "", n, n, "profit"),
    )


def test_features(task: Task) -> Features:
    return Features(schema_of(task), np.asfortranarray(task.test_values))


def one_to_one(task: Task, seed: int) -> Prepared:
    model = learn_effects(experiment_of(task), random_state=seed)
    return lambda: predict_profit(model, test_features(task))


def best_menu(task: Task, seed: int, offers: int) -> Prepared:
    experiment = experiment_of(task)
    model = learn_effects(experiment, random_state=seed)
    claimed = predict_profit(model, experiment.features)
    path = choose_menu(claimed, max_offers=min(offers, task.n_offers))
    return lambda: within(model, path.menu(len(path)), task)


def planned(task: Task, seed: int) -> Prepared:
    """The whole job: effects, menus, held-out evidence, verdict; then whom the verdict serves."""
    experiment, settings = experiment_of(task), PlanSettings(ladder=False)
    policy = make_plan(experiment, settings=settings, random_state=seed).policy
    return lambda: within(policy.model, policy.menu, task)


def within(model: EffectsModel, menu: tuple[int, ...], task: Task) -> np.ndarray:
    scores = np.full((task.test_stratum.size, task.n_offers), -np.inf)
    scores[:, menu] = predict_profit(model, test_features(task))[:, menu]
    return scores


METHODS: dict[str, Callable[[Task, int], Prepared]] = {
    "handful": one_to_one,
    "handful_menu_2": partial(best_menu, offers=2),
    "handful_menu_3": partial(best_menu, offers=3),
    "handful_plan": planned,
}

"""Other people's methods on a task: each returns (m, G) scores, higher is better.

Runs in the peers' own environment. All peers get the same base learner, the same encoded features
and the true design probabilities, so that they differ only in method. `CausalForestDML` also runs
with EconML's own default nuisance models.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module

import lightgbm as lgb
import numpy as np
from encoding import encode
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler
from tasks import Task

Prepared = Callable[[], np.ndarray]
THREADS = 1  # every peer on one thread: the least CPU time, and none lost to waiting
SEGMENTS = 5


def base_learner(seed: int = 0) -> lgb.LGBMRegressor:
    """The outcome and effect model of every peer: small trees, as noisy profit needs."""
    return lgb.LGBMRegressor(
        n_estimators=100,
        learning_rate=0.05,
        num_leaves=15,
        min_child_samples=50,
        n_jobs=THREADS,
        random_state=seed,
        verbose=-1,
    )


class DesignPropensity(ClassifierMixin, BaseEstimator):
    """A "propensity model" that knows the design: the last column is the stratum's code."""

    def __init__(self, by_stratum: np.ndarray | None = None) -> None:
        self.by_stratum = by_stratum

    def fit(self, x: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        return np.clip(self.by_stratum[x[:, -1].astype(int)], 1e-3, None)

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.classes_[np.argmax(self.predict_proba(x), axis=1)]

    def score(self, x: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> float:
        return float(np.mean(np.log(self.predict_proba(x)[np.arange(len(y)), y.astype(int)])))


def with_control(effects: np.ndarray) -> np.ndarray:
    """Prepend the control's effect, zero, to (m, G - 1) effects."""
    effects = np.asarray(effects, dtype=float).reshape(len(effects), -1)
    return np.column_stack([np.zeros(len(effects)), effects])


def fitted_econml(estimator, task: Task) -> Prepared:
    """EconML: features drive effects (X); the stratum is a control of the nuisance models (W)."""
    x, x_test = encode(task)
    estimator.fit(task.profit, task.offer, X=x, W=task.stratum[:, None].astype(float))
    if hasattr(estimator, "predict_value"):
        return lambda: with_control(estimator.predict_value(x_test))
    return lambda: with_control(estimator.const_marginal_effect(x_test))


def causal_forest(task: Task, seed: int, **settings) -> Prepared:
    from econml.dml import CausalForestDML

    nuisances = {
        "model_y": base_learner(seed),
        "model_t": DesignPropensity(task.by_stratum),
    }
    return fitted_econml(
        CausalForestDML(
            discrete_treatment=True,
            random_state=seed,
            n_jobs=THREADS,
            inference=False,
            **{**nuisances, **settings},
        ),
        task,
    )


def doubly_robust(task: Task, seed: int, module: str, kind: str, **settings) -> Prepared:
    learner = getattr(import_module(f"econml.{module}"), kind)
    return fitted_econml(
        learner(
            model_regression=base_learner(seed),
            model_propensity=DesignPropensity(task.by_stratum),
            min_propensity=0.01,
            random_state=seed,
            **settings,
        ),
        task,
    )


def meta_learner(task: Task, seed: int, kind: str, needs_propensity: bool) -> Prepared:
    """CausalML; its propensity of offer g is among customers with g or the control."""
    x, x_test = encode(task)
    meta = import_module("causalml.inference.meta")
    learner = getattr(meta, kind)(learner=base_learner(seed), control_name=0)
    if not needs_propensity:
        learner.fit(X=x, treatment=task.offer, y=task.profit)
        return lambda: with_control(learner.predict(x_test))
    learner.fit(X=x, treatment=task.offer, y=task.profit, p=pairwise(task, task.stratum))
    p_test = pairwise(task, task.test_stratum)
    return lambda: with_control(learner.predict(x_test, p=p_test))


def pairwise(task: Task, stratum: np.ndarray) -> dict[int, np.ndarray]:
    e = task.by_stratum[stratum]
    return {
        g: np.clip(e[:, g] / (e[:, 0] + e[:, g]), 1e-3, 1 - 1e-3) for g in range(1, task.n_offers)
    }


def t_learner(task: Task, seed: int) -> Prepared:
    """One outcome model per offer."""
    x, x_test = encode(task)
    means = outcome_models(task, seed, x)
    return lambda: means(x_test)


def outcome_models(task: Task, seed: int, x: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    models = []
    for g in range(task.n_offers):
        rows = task.offer == g
        models.append(base_learner(seed).fit(x[rows], task.profit[rows]))
    return lambda points: np.column_stack([model.predict(points) for model in models])


def segment_means(task: Task, segment: np.ndarray, count: int) -> np.ndarray:
    """(count, G) inverse-propensity mean profit of each offer in each segment (Hajek)."""
    weight = 1.0 / np.clip(task.by_stratum[task.stratum, task.offer], 1e-3, None)
    total = np.zeros((count, task.n_offers))
    mass = np.zeros((count, task.n_offers))
    np.add.at(total, (segment, task.offer), weight * task.profit)
    np.add.at(mass, (segment, task.offer), weight)
    return np.where(mass > 0, total / np.where(mass > 0, mass, 1.0), -np.inf)


def best_single(task: Task, seed: int) -> Prepared:
    means = segment_means(task, np.zeros(len(task.offer), dtype=int), 1)
    return lambda: np.repeat(means, len(task.test_stratum), axis=0)


def k_means(task: Task, seed: int, points: np.ndarray, test_points: np.ndarray) -> Prepared:
    scale = StandardScaler().fit(points)
    clusters = KMeans(SEGMENTS, n_init=5, random_state=seed).fit(scale.transform(points))
    means = segment_means(task, clusters.labels_, SEGMENTS)
    return lambda: means[clusters.predict(scale.transform(test_points))]


def k_means_on_features(task: Task, seed: int) -> Prepared:
    return k_means(task, seed, *encode(task))


def k_means_on_effects(task: Task, seed: int) -> Prepared:
    """Cluster the T-learner's effects, then the best offer on average in each cluster."""
    x, x_test = encode(task)
    means = outcome_models(task, seed, x)
    points, test_points = means(x), means(x_test)
    return k_means(task, seed, points - points[:, :1], test_points - test_points[:, :1])


def load(method: str) -> None:
    """Import what the method needs, so that importing is not counted as learning."""
    if method.startswith("causalml"):
        import_module("causalml.inference.meta")
    if method.startswith("econml"):
        for module in ("dml", "dr", "policy"):
            import_module(f"econml.{module}")


TUNED_FOREST = {"n_estimators": 300, "min_samples_leaf": 50, "max_depth": 10, "cv": 5}

METHODS: dict[str, Callable[[Task, int], Prepared]] = {
    "econml_causal_forest": causal_forest,
    "econml_causal_forest_tuned": partial(causal_forest, **TUNED_FOREST),
    "econml_policy_tree": partial(
        doubly_robust, module="policy", kind="DRPolicyTree", max_depth=3, min_samples_leaf=50
    ),
    "econml_policy_forest": partial(
        doubly_robust,
        module="policy",
        kind="DRPolicyForest",
        max_depth=5,
        min_samples_leaf=50,
        n_jobs=THREADS,
    ),
    "econml_linear_dr": partial(doubly_robust, module="dr", kind="LinearDRLearner"),
    "causalml_s": partial(meta_learner, kind="BaseSRegressor", needs_propensity=False),
    "causalml_t": partial(meta_learner, kind="BaseTRegressor", needs_propensity=False),
    "causalml_x": partial(meta_learner, kind="BaseXRegressor", needs_propensity=True),
    "causalml_r": partial(meta_learner, kind="BaseRRegressor", needs_propensity=True),
    "causalml_dr": partial(meta_learner, kind="BaseDRLearner", needs_propensity=True),
    "t_learner": t_learner,
    "k_means_features": k_means_on_features,
    "k_means_effects": k_means_on_effects,
    "best_single": best_single,
}

"""Estimated probabilities of the offer received, for a log that was not randomised.

    e_g(x) by multinomial logit on standardised features, missing-value flags, levels and strata,
    learned on the other folds (folds by cluster), clipped to [MIN_PROPENSITY, 1].

Only used where the brief accepts an observational log in writing. Cost O(folds * m p G) for m rows
learned from (at most `LEARN_ROWS`), O(n p G) to predict.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from sklearn.linear_model import LogisticRegression

from handful.experiment.design import MIN_PROPENSITY
from handful.experiment.records import Experiment
from handful.notation import FloatArray, IntArray

FOLDS = 5
LEARN_ROWS = 100_000
MAX_LEVELS = 30


def estimate_propensity(experiment: Experiment) -> Experiment:
    """Return the experiment with the received offer's probability estimated from the features.

    Args:
        experiment: n rows; its design's `received` is replaced, `by_stratum` and support stay.

    Cost O(folds * m p G + n p G).

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> drawn = simulate("observational", n=2000)
        >>> guess = estimate_propensity(drawn.experiment).design.received
        >>> true = drawn.probabilities[np.arange(2000), drawn.experiment.offer]
        >>> bool(np.corrcoef(guess, true)[0, 1] > 0.8)
        True
    """
    inputs = _inputs(experiment)
    fold = _folds(experiment.cluster)
    received = np.array(experiment.design.received, dtype=np.float64)
    for k in range(FOLDS):
        learn, held = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        step = max(1, -(-learn.size // LEARN_ROWS))
        learn = learn[::step]
        if held.size == 0 or np.unique(experiment.offer[learn]).size < 2:
            continue
        model = LogisticRegression(max_iter=300).fit(inputs[learn], experiment.offer[learn])
        probabilities = np.zeros((held.size, experiment.n_offers))
        probabilities[:, model.classes_] = model.predict_proba(inputs[held])
        received[held] = probabilities[np.arange(held.size), experiment.offer[held]]
    design = replace(experiment.design, received=np.clip(received, MIN_PROPENSITY, 1.0))
    return replace(experiment, design=design)


def _folds(cluster: IntArray) -> IntArray:
    order = np.random.default_rng(0).permutation(int(cluster.max()) + 1)
    folds: IntArray = (order % FOLDS)[cluster]
    return folds


def _inputs(experiment: Experiment) -> FloatArray:
    schema = experiment.features.schema
    columns = [
        (experiment.stratum == s).astype(np.float64) for s in range(1, len(experiment.strata))
    ]
    for j, kind in enumerate(schema.kinds):
        x = experiment.features.values[:, j]
        missing = np.isnan(x)
        if kind == "category":
            top = np.argsort(-np.bincount(x[~missing].astype(np.int64)), kind="stable")
            columns += [(x == level).astype(np.float64) for level in top[:MAX_LEVELS]]
        else:
            filled = np.where(missing, np.nanmean(x), x)
            columns.append((filled - filled.mean()) / max(float(filled.std()), 1e-12))
        if missing.any():
            columns.append(missing.astype(np.float64))
    if not columns:
        return np.zeros((experiment.n_rows, 1))
    return np.column_stack(columns)

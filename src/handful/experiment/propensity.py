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
from handful.experiment.dials import categorical
from handful.experiment.records import Dials, Experiment
from handful.notation import BoolArray, FloatArray, IntArray

FOLDS = 5
LEARN_ROWS = 100_000
MAX_LEVELS = 30
CELLS = (10, 4, 3)
"""Parts of each dial that a density is estimated for, with one, two and three dials."""


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
    if experiment.dials is not None:
        return _of_dials(experiment, experiment.dials)
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


def _of_dials(experiment: Experiment, dials: Dials) -> Experiment:
    """Estimate the density along the dials: of cells of like size, spread over their candidates."""
    cells = dial_cells(dials)
    count = int(cells.max()) + 1
    names = tuple(map(str, range(count)))
    by_cell = replace(experiment, offer=cells, offers=names, dials=None)
    density = estimate_propensity(by_cell).design.received / np.bincount(cells)[cells]
    n_strata, g = experiment.design.by_stratum.shape
    place = experiment.stratum * g + experiment.offer
    inverse = np.bincount(place, weights=1.0 / density, minlength=n_strata * g)
    rows = np.bincount(experiment.stratum, minlength=n_strata)
    received = density * inverse[place] / rows[experiment.stratum]
    design = replace(experiment.design, received=np.minimum(received, 1.0))
    return replace(experiment, design=design)


def dial_cells(dials: Dials) -> IntArray:
    """Return (n,) codes of cells of like size: quantiles of each dial, its levels, no offer.

    Example:
        >>> one = np.ones(1)
        >>> received = np.array([[1.0], [2.0], [3.0], [np.nan]])
        >>> dial_cells(Dials(("a",), received, received, one, one, one)).tolist()
        [0, 1, 2, 3]
    """
    parts = CELLS[min(len(dials.names), len(CELLS)) - 1]
    offered: BoolArray = np.logical_not(np.isnan(dials.received).any(axis=1))
    key = np.zeros(len(offered), dtype=np.int64)
    for j, levels in enumerate(categorical(dials)):
        values = np.nan_to_num(dials.received[:, j])
        known = np.unique(values[offered])
        if levels or known.size <= parts:
            code = np.searchsorted(known, values)
        else:
            cuts = np.unique(np.quantile(values[offered], np.arange(1, parts) / parts))
            code = np.searchsorted(cuts, values, side="right")
        key = key * 64 + code
    key[~offered] = key.max() + 1
    return np.unique(key, return_inverse=True)[1].astype(np.int64)


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

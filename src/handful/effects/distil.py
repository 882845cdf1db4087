"""A plain-array copy of somebody else's effects, so that new customers can be decided on.

Ridge plus boosted trees on the given predictions themselves (no outcomes, no noise); the share of
the spread between offers that the copy keeps is reported. Cost O(n m^2 + trees n q).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from handful.effects import ridge
from handful.effects.basis import basis_terms, evaluate_basis, make_basis
from handful.effects.boosting import (
    ROUNDS,
    grow,
    quantile_bins,
    to_forest,
    tree_columns,
    tree_matrix,
)
from handful.effects.predict import predict_profit
from handful.effects.records import EffectsModel
from handful.errors import Finding
from handful.experiment.records import Experiment
from handful.notation import FloatArray

LEARN_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class Copy:
    """The copy and what it keeps."""

    model: EffectsModel
    finding: Finding


def distil(experiment: Experiment, predicted: FloatArray, seed: int) -> Copy:
    """Fit plain arrays to given predictions.

    Args:
        experiment: the log the predictions are for.
        predicted: (n, G) predictions.
        seed: of the learning sample.

    Cost: O(n m^2 + trees n q).
    """
    rows = np.random.default_rng([seed, 5]).permutation(experiment.n_rows)[:LEARN_ROWS]
    features, targets = experiment.features.rows(rows), predicted[rows]
    basis = make_basis(features)
    columns = evaluate_basis(basis, features.values).astype(np.float64)
    sums = ridge.Moments(columns.T @ columns, columns.T @ targets)
    coefficients = ridge.solve(sums, ridge.penalties(basis, 1.0, 1.0))
    constant, terms = basis_terms(basis, coefficients)
    model = EffectsModel(features.schema, experiment.offers, constant, terms, None)
    left = targets - columns @ coefficients
    unit = float(left.std())
    if unit > 1e-9 * max(float(targets.std()), 1e-300):
        trees = tree_columns(features)
        matrix = tree_matrix(trees, features.values)
        bins = quantile_bins(matrix)
        grown = grow(matrix, left / unit, bins=bins, at_least=ROUNDS, seed=0)
        scale = np.full(experiment.n_offers, unit)
        model = replace(model, forest=to_forest(grown, trees, ROUNDS, scale))
    kept = _kept(predict_profit(model, features), targets)
    finding = Finding(
        code="E522",
        level="note" if kept > 0.95 else "warn",
        message=(
            f"the policy for new customers is a copy of the given effects that keeps {kept:.1%} "
            "of their spread between offers."
        ),
        remedy="Held-out values are those of the given effects; the copy only decides newcomers.",
        share=kept,
    )
    return Copy(model, finding)


def _kept(copied: FloatArray, targets: FloatArray) -> float:
    own = targets - targets.mean(axis=1, keepdims=True)
    other = copied - copied.mean(axis=1, keepdims=True)
    total = float(np.sum((own - own.mean(axis=0)) ** 2))
    return 1.0 - float(np.sum((own - other) ** 2)) / total if total > 0 else 1.0

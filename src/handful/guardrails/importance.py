"""What a field is worth in money: what the plan loses, held out, when the field is scrambled.

For fold j the policy of the world without j decides on j's rows as they are and with one field
permuted; the doubly robust scores of the two decisions differ by
d_i = Gamma_i,pi(x_i) - Gamma_i,pi(x_i with x_if permuted). Their mean is the importance, its error
is robust to clusters, and the intervals hold for all fields together (Sidak).
Cost: one prediction of the rows per field.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import norm

from handful.effects.crossfit import CrossFit
from handful.effects.predict import predict_profit
from handful.effects.scores import close_cells
from handful.evidence.records import Estimate
from handful.evidence.terms import Terms
from handful.experiment.records import Experiment
from handful.guardrails.tracing import rows_for
from handful.notation import FloatArray, IntArray
from handful.policy.policy import choose_codes
from handful.policy.records import Policy

LEVEL: Final = 0.95
ROWS: Final = (10_000, 50_000, 500_000)
"""Customers valued per field, at least, at most, and for all fields together; more only narrow the
interval."""


@dataclass(frozen=True, slots=True)
class FieldValue:
    """Money per customer that a field brings, held out, with its simultaneous interval."""

    field: str
    worth: Estimate


def field_values(
    experiment: Experiment,
    fit: CrossFit,
    terms: Terms,
    policy: Policy,
    fields: Sequence[str],
) -> tuple[FieldValue, ...]:
    """Value each field by what the policy loses, held out, when it is permuted.

    Args:
        experiment: the log.
        fit: its first cross-fit; `models` may be empty where effects came from elsewhere.
        terms: for the fallback.
        policy: the menu to choose from, and what gives way to the default.
        fields: features to value.

    Returns:
        One value per field; () where there is no model to permute under, or nothing to choose.

    Cost: O(fields) predictions of ROWS.
    """
    known = fit.models and len(fit.models[0].offers) == experiment.n_offers
    if not known or len(policy.competing) < 2 or not fields:
        return ()
    rng = np.random.default_rng(72)
    rows = np.sort(rng.permutation(experiment.n_rows)[: rows_for(len(fields), ROWS)])
    critical = float(norm.ppf(0.5 + 0.5 * LEVEL ** (1.0 / len(fields))))
    cells = experiment.design.support[experiment.stratum[rows]]
    fallback = terms.fallback[rows]
    scores = close_cells(fit.scores[rows], cells, fallback)
    at = np.arange(len(rows))
    kept = scores[at, choose_codes(fit.predicted[rows], policy, cells, fallback)]
    _, cluster = np.unique(experiment.cluster[rows], return_inverse=True)
    found = []
    for field in fields:
        column = experiment.features.schema.names.index(field)
        scrambled = _scrambled(experiment, fit, rows, column, rng)
        given = choose_codes(scrambled, policy, cells, fallback)
        found.append(FieldValue(field, _mean(kept - scores[at, given], cluster, critical)))
    return tuple(found)


def _scrambled(
    experiment: Experiment,
    fit: CrossFit,
    rows: IntArray,
    column: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Predict the rows out of fold with one feature permuted within each fold."""
    predicted = np.empty((len(rows), experiment.n_offers))
    for fold, model in enumerate(fit.models):
        mine = np.flatnonzero(fit.fold[rows] == fold)
        part = experiment.features.rows(rows[mine])
        part.values[:, column] = rng.permutation(part.values[:, column])
        predicted[mine] = predict_profit(model, part)
    return predicted


def _mean(values: FloatArray, cluster: IntArray, critical: float) -> Estimate:
    mean = float(values.mean())
    sums = np.bincount(cluster, values - mean)
    se = float(np.sqrt(np.sum(sums**2))) / len(values)
    return Estimate(mean, se, mean - critical * se, mean + critical * se)

"""Whom a shared offer serves badly, and how often a stale field would give the wrong one.

Regret of a segment: mean of Gamma_i,best(i) - Gamma_i,given(i), both chosen without the row's fold;
the tail is what the model expects, max_g P_ig - P_i,given(i). Wrong offers: one field at a time is
permuted within the fold, as if it were another customer's, and the models of the other folds decide
again. Cost O(n G) and O(fields) predictions of ROWS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from handful.effects.crossfit import CrossFit
from handful.effects.predict import predict_profit
from handful.effects.scores import close_cells
from handful.evidence.ratios import mean_of, together
from handful.evidence.stage_records import Regret, WrongOffers
from handful.evidence.terms import Terms
from handful.experiment.records import Experiment
from handful.notation import FloatArray, IntArray
from handful.policy.policy import assign_codes

ROWS: Final = (300, 2_000, 60_000)
"""Customers asked again per field, at least, at most, and for all fields together."""
LEAST: Final = 20
"""Customers of a segment below which its regret is not shown: an average of so few tells little."""


def segment_regret(
    experiment: Experiment,
    fit: CrossFit,
    terms: Terms,
    given: IntArray,
    menu: Sequence[int],
    least: int = LEAST,
) -> tuple[Regret, ...]:
    """Return what the customers of each offer lose against the best offer for each of them.

    Args:
        experiment: the log.
        fit: its first cross-fit.
        terms: offers in play and the fallback.
        given: (n,) offers out of fold.
        menu: offer codes of the plan.
        least: customers below which a segment is left out.

    Cost: O(n G).
    """
    cells, at = experiment.open_cells, np.arange(experiment.n_rows)
    allowed = [g for g in terms.allowed if g < fit.predicted.shape[1]]
    best = assign_codes(fit.predicted, allowed, cells, terms.fallback)
    scores = close_cells(fit.scores, cells, terms.fallback)
    lost = scores[at, best] - scores[at, given]
    expected = fit.predicted[at, best] - fit.predicted[at, given]
    critical, found = together(len(menu)), []
    for g in menu:
        inside = given == g
        count = int(inside.sum())
        if count < max(least, LEAST):
            continue
        tail: FloatArray = np.maximum(expected[inside], 0.0)
        found.append(
            Regret(
                offer=experiment.offers[g],
                customers=count,
                mean=mean_of(lost[inside], experiment.cluster[inside], critical),
                p95=float(np.quantile(tail, 0.95)),
                largest=float(tail.max()),
            )
        )
    return tuple(found)


def wrong_offers(
    experiment: Experiment, fit: CrossFit, terms: Terms, menus: Mapping[int, tuple[int, ...]]
) -> tuple[WrongOffers, ...]:
    """Return, by number of offers, how many customers one stale field would give another offer.

    Args:
        experiment: the log.
        fit: its first cross-fit, with the models of its folds.
        terms: the fallback.
        menus: size -> offer codes.

    Returns:
        One entry per size of two or more; () where there is no model to ask again, or a rule or
        limits decide.

    Cost: O(fields) predictions of ROWS.
    """
    known = fit.models and len(fit.models[0].offers) == experiment.n_offers
    several = {size: menu for size, menu in menus.items() if size >= 2}
    names = experiment.features.schema.names
    if not (known and several and names) or terms.by_rule or terms.limits is not None:
        return ()
    rng = np.random.default_rng(79)
    rows = _some_rows(experiment.n_rows, len(names), rng)
    cells, fallback = experiment.open_cells[rows], terms.fallback[rows]
    kept = {
        size: assign_codes(fit.predicted[rows], menu, cells, fallback)
        for size, menu in several.items()
    }
    changed = {size: np.empty((len(names), len(rows))) for size in several}
    for column in range(len(names)):
        predicted = _with_another(experiment, fit, rows, column, rng)
        for size, menu in several.items():
            again = assign_codes(predicted, menu, cells, fallback)
            changed[size][column] = again != kept[size]
    return tuple(_of_size(experiment, rows, size, found) for size, found in changed.items())


def _some_rows(n: int, fields: int, rng: np.random.Generator) -> IntArray:
    least, most, together_at_most = ROWS
    count = min(n, max(least, min(most, together_at_most // fields)))
    return np.sort(rng.permutation(n)[:count])


def _with_another(
    experiment: Experiment, fit: CrossFit, rows: IntArray, column: int, rng: np.random.Generator
) -> FloatArray:
    """Predict rows out of fold with one field taken from other customers of the fold."""
    predicted = np.empty((len(rows), experiment.n_offers))
    for fold, model in enumerate(fit.models):
        mine = np.flatnonzero(fit.fold[rows] == fold)
        part = experiment.features.rows(rows[mine])
        part.values[:, column] = rng.permutation(part.values[:, column])
        predicted[mine] = predict_profit(model, part)
    return predicted


def _of_size(experiment: Experiment, rows: IntArray, size: int, changed: FloatArray) -> WrongOffers:
    by_field = changed.mean(axis=1)
    worst = int(by_field.argmax())
    return WrongOffers(
        offers=size,
        rate=mean_of(changed.mean(axis=0), experiment.cluster[rows]),
        worst=float(by_field[worst]),
        worst_field=experiment.features.schema.names[worst],
    )

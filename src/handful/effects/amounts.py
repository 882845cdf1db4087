"""What limits count, under every offer: expected costs and outcomes, cross-fitted like profit.

An amount that is the same for every row of an offer is known and taken as it is. What differs is
learned by the learner of profit, on the same folds. Cost: one more cross-fit each.
Offers with dials have a response surface for every amount (effects/dial_amounts.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from handful.effects.crossfit import CrossFit, cross_fit, learn_whole, open_workshop
from handful.effects.dial_amounts import Surface, fit_surface, settled_by_point
from handful.effects.dials import spread_model
from handful.effects.predict import predict_profit
from handful.effects.records import AmountFit, EffectsModel
from handful.effects.weighted_amounts import (
    fit_weights,
    learn_weights,
    open_weights,
    weighted_fit,
    weighted_model,
)
from handful.effects.worlds import Workshop
from handful.experiment.records import Amount, Experiment
from handful.notation import FloatArray, IntArray
from handful.progress import SILENT, Progress


@dataclass(frozen=True, slots=True)
class AmountModel:
    """What an amount comes to for any customer: a table by offer, or a learned model."""

    name: str
    table: FloatArray | None
    model: EffectsModel | None


def known_by_offer(experiment: Experiment, amount: Amount) -> FloatArray:
    """Return (G,) what every row of an offer came to; NaN where the rows of an offer differ.

    An offer without rows has 0: it is closed everywhere. With dials the exact point counts.

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> log = simulate("null", n=600, offers=2, random_state=1).experiment
        >>> known_by_offer(log, Amount("budget", log.offer * np.arange(600.0)))
        array([ 0., nan])
    """
    if experiment.dials is not None:
        return settled_by_point(experiment, amount.values)
    known = np.zeros(experiment.n_offers)
    for g in range(experiment.n_offers):
        seen = amount.values[experiment.offer == g]
        if not len(seen):
            continue
        same = np.ptp(seen) <= 1e-12 * max(1.0, float(np.abs(seen).max()))
        known[g] = seen[0] if same else np.nan
    return known


def amount_table(experiment: Experiment, amount: Amount) -> FloatArray | None:
    """Return (1, G) what every row of an offer came to, or None where rows of an offer differ.

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> log = simulate("null", n=600, offers=2, random_state=1).experiment
        >>> amount_table(log, Amount("budget", np.where(log.offer == 1, 0.5, 0.0))).tolist()
        [[0.0, 0.5]]
    """
    if amount.weights is not None:
        return None
    known = known_by_offer(experiment, amount)
    return None if np.isnan(known).any() else known[None, :]


def _with_known(predicted: FloatArray, known: FloatArray) -> FloatArray:
    """Return predictions with what is known of an offer in place of what was learned of it."""
    return np.where(np.isnan(known), predicted, known)


def _model_with_known(model: EffectsModel, known: FloatArray) -> EffectsModel:
    """Return the model with a plain number for every offer whose amount is known."""
    learned = np.isnan(known)
    forest = model.forest
    if forest is not None:
        forest = replace(forest, leaves=np.where(learned, forest.leaves, 0.0))
    return replace(
        model,
        constant=np.where(learned, model.constant, known),
        terms=tuple(
            replace(t, table=np.where(learned, t.table, 0.0), slope=np.where(learned, t.slope, 0.0))
            for t in model.terms
        ),
        forest=forest,
    )


def open_amounts(
    experiment: Experiment,
    fold: IntArray,
    *,
    learn_rows: int,
    random_state: int,
    surface: Surface | None = None,
) -> tuple[Workshop | None, ...]:
    """Return a workshop for every amount that must be learned; `surface` is that of dials.

    Cost: O(n p) each.
    """
    shops: list[Workshop | None] = []
    shared: dict[str, Workshop] = {}
    for amount in experiment.amounts:
        if amount.weights is not None:
            if amount.source not in shared:
                shared[amount.source] = open_weights(
                    experiment, amount.weights, fold, learn_rows=learn_rows, seed=random_state
                )
            shops.append(shared[amount.source])
        elif amount_table(experiment, amount) is not None:
            shops.append(None)
        else:
            shop = open_workshop(
                replace(experiment, profit=amount.values),
                fold,
                learn_rows=learn_rows,
                random_state=random_state,
                nodes=None if surface is None else surface.nodes,
            )
            shops.append(shop)
    return tuple(shops)


def fit_amounts(
    experiment: Experiment,
    fit: CrossFit,
    shops: Sequence[Workshop | None],
    progress: Progress = SILENT,
    surface: Surface | None = None,
) -> CrossFit:
    """Return the cross-fit with every amount cross-fitted on its folds.

    Args:
        experiment: the log.
        fit: of the profit.
        shops: from `open_amounts` with the same folds.
        progress: told of every fold.
        surface: of a log with dials.

    Cost: a cross-fit for each amount that must be learned.
    """
    amounts = []
    weighed: dict[str, CrossFit] = {}
    for amount, shop in zip(experiment.amounts, shops, strict=True):
        if amount.weights is not None and shop is not None:
            if amount.source not in weighed:
                weighed[amount.source] = fit_weights(
                    experiment, amount.weights, shop, fit.fold, progress
                )
            amounts.append(weighted_fit(amount, weighed[amount.source], fit))
            continue
        if shop is None:
            table = amount_table(experiment, amount)
            if table is None:
                raise ValueError("an amount without table needs a workshop")
            amounts.append(AmountFit(amount.name, table, table, (table,) * len(fit.worlds)))
            continue
        log = replace(experiment, profit=amount.values)
        if surface is None:
            found = cross_fit(log, shop, fit.fold, progress)
        else:
            found = fit_surface(log, shop, surface, fit.fold, progress)
        known = known_by_offer(experiment, amount)
        predicted = _with_known(found.predicted, known)
        worlds = tuple(
            _with_known(own.predicted, known)
            if np.array_equal(own.rows, world.rows)
            else predicted[world.rows]
            for own, world in zip(found.worlds, fit.worlds, strict=True)
        )
        scores = _with_known(found.scores, known)
        amounts.append(AmountFit(amount.name, predicted, scores, worlds))
    return replace(fit, amounts=tuple(amounts))


def learn_amounts(
    experiment: Experiment, shops: Sequence[Workshop | None], surface: Surface | None = None
) -> tuple[AmountModel, ...]:
    """Return the final model of every amount; `surface` is that of a log with dials.

    Cost: one fit more for each that must be learned.
    """
    models = []
    weighed: dict[str, EffectsModel] = {}
    for amount, shop in zip(experiment.amounts, shops, strict=True):
        if amount.weights is not None and shop is not None:
            if amount.source not in weighed:
                weighed[amount.source] = learn_weights(experiment, amount.weights, shop)
            told = weighted_model(amount, weighed[amount.source], experiment.offers)
            models.append(AmountModel(amount.name, None, told))
            continue
        if shop is None:
            models.append(AmountModel(amount.name, amount_table(experiment, amount), None))
            continue
        log = replace(experiment, profit=amount.values)
        learned = learn_whole(log, shop).model
        if surface is not None:
            learned = spread_model(learned, surface.phi, experiment.offers)
        known = known_by_offer(experiment, amount)
        models.append(AmountModel(amount.name, None, _model_with_known(learned, known)))
    return tuple(models)


def predict_amount(amount: AmountModel, experiment: Experiment) -> FloatArray:
    """Return (n, G) or (1, G) what the final model expects of the log's own customers.

    Cost: as `predict_profit`.
    """
    if amount.model is not None:
        return predict_profit(amount.model, experiment.features)
    if amount.table is None:
        raise ValueError("an amount has a table or a model")
    return amount.table

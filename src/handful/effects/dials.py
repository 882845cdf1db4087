"""From fits at the nodes of a response surface to any offers: everything is linear in the nodes.

P(x, t) = phi(t) . P_nodes(x), so predictions, scores and the model's tables of many offers are
those of the nodes times Phi'. Cost O(n q G).
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np

from handful.effects.crossfit import CrossFit, World, hold_out
from handful.effects.nodes import NodeWeights
from handful.effects.records import EffectsModel
from handful.effects.scores import kernel_scores, node_scores
from handful.effects.worlds import Workshop
from handful.experiment.records import Experiment
from handful.notation import Float32Array, FloatArray, IntArray
from handful.progress import SILENT, Progress


def fit_nodes(
    experiment: Experiment,
    shop: Workshop,
    nodes: NodeWeights,
    fold: IntArray,
    progress: Progress = SILENT,
) -> CrossFit:
    """Cross-fit at the nodes: the columns of predictions and scores are nodes, not offers.

    Args:
        experiment: a log with dials.
        shop: opened with the same folds and nodes.
        nodes: phi and omega of every row.
        fold: (n,) folds.
        progress: told of every fold.

    Cost: that of `cross_fit`.
    """
    held = hold_out(experiment, shop, fold, range(len(shop.sample.folds)), progress)
    predicted = np.empty_like(nodes.columns)
    for j, found in enumerate(held):
        predicted[fold == j] = found.predicted
    scores = node_scores(predicted, experiment.profit, nodes.columns, nodes.inverse)
    worlds, models = tuple(h.world for h in held), tuple(h.model for h in held)
    return CrossFit(fold, predicted, scores, worlds, models)


def spread_fit(
    fit: CrossFit,
    nodes: NodeWeights,
    profit: FloatArray,
    phi: FloatArray,
    kernel: Float32Array,
    offers: tuple[str, ...],
) -> CrossFit:
    """Turn a cross-fit at the nodes into one of offers, scored with a kernel.

    Args:
        fit: from `fit_nodes`.
        nodes: phi and omega of every row.
        profit: (n,) realised profit.
        phi: (G, q) weights of the nodes at each offer.
        kernel: (n, G) weights of each row in each offer's score.
        offers: their names.

    Returns:
        Predictions and scores in float32; worlds keep the scores of the surface, which are less
        noisy to choose by than the kernel's, which are free of the surface's shape to value by.

    Cost: O(n q G).
    """
    at_received = np.einsum("nq,nq->n", nodes.columns, fit.predicted)
    predicted = spread(fit.predicted, phi)
    return CrossFit(
        fold=fit.fold,
        predicted=predicted,
        scores=kernel_scores(predicted, profit, at_received, kernel),
        worlds=tuple(
            World(w.rows, spread(w.predicted, phi), spread(w.scores, phi)) for w in fit.worlds
        ),
        models=tuple(spread_model(model, phi, offers) for model in fit.models),
        kernel=kernel,
        at_received=at_received,
        at_nodes=fit.scores,
    )


def spread(at_nodes: FloatArray, phi: FloatArray) -> FloatArray:
    """Return (n, G) values of offers, float32, from (n, q) values at the nodes."""
    many = at_nodes.astype(np.float32) @ phi.T.astype(np.float32)
    # Half the memory of float64; whoever reads a matrix of effects takes either.
    return cast("FloatArray", many)


def spread_model(model: EffectsModel, phi: FloatArray, offers: tuple[str, ...]) -> EffectsModel:
    """Return the model of some offers from a model of the nodes.

    Cost: O(size of the model x q).

    Example:
        >>> from handful.experiment.records import FeatureSchema
        >>> schema = FeatureSchema((), (), ())
        >>> ends = EffectsModel(schema, ("a", "b"), np.array([1.0, 3.0]), (), None)
        >>> spread_model(ends, np.array([[0.5, 0.5]]), ("middle",)).constant.tolist()
        [2.0]
    """
    forest = model.forest
    return EffectsModel(
        schema=model.schema,
        offers=offers,
        constant=phi @ model.constant,
        terms=tuple(
            replace(term, table=term.table @ phi.T, slope=phi @ term.slope) for term in model.terms
        ),
        forest=None
        if forest is None
        else replace(forest, leaves=np.ascontiguousarray(forest.leaves @ phi.T)),
    )


def restrict_fit(fit: CrossFit, keep: int) -> CrossFit:
    """Return a cross-fit of the first offers alone, with nothing chosen beforehand."""
    return replace(
        fit,
        predicted=fit.predicted[:, :keep],
        scores=fit.scores[:, :keep],
        worlds=tuple(World(w.rows, w.predicted[:, :keep], w.scores[:, :keep]) for w in fit.worlds),
        kernel=None if fit.kernel is None else fit.kernel[:, :keep],
        shortlist=None,
    )

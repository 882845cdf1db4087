"""One model out of several: profits less what each offer uses of priced amounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from handful.effects.records import EffectsModel, Forest, Term
from handful.notation import FloatArray


def less_amounts(
    model: EffectsModel,
    amounts: Sequence[tuple[float, EffectsModel]],
    offers: FloatArray,
    terms: Sequence[Term] = (),
) -> EffectsModel:
    """Return P_g(x) - sum_c price_c A_c,g(x) - offers_g + sum_terms f_g(x) as a model like any.

    Args:
        model: predicted profit.
        amounts: (price, model of the amount), with the profit's features.
        offers: (G,) money taken off each offer.
        terms: further addends.

    Raises:
        ValueError: a model reads other features or offers.

    Cost: O(size of the models).

    Example:
        >>> from handful.experiment.records import FeatureSchema
        >>> profit = EffectsModel(FeatureSchema((), (), ()), ("a",), np.array([2.0]), (), None)
        >>> less_amounts(profit, [(0.5, profit)], np.array([0.25])).constant.tolist()
        [0.75]
    """
    constant = model.constant - offers
    added: list[Term] = []
    forests = [] if model.forest is None else [model.forest]
    for price, amount in amounts:
        if amount.schema != model.schema or amount.offers != model.offers:
            raise ValueError("an amount's model reads other features or offers than the profit's")
        constant = constant - price * amount.constant
        added += [
            replace(term, table=-price * term.table, slope=-price * term.slope)
            for term in amount.terms
        ]
        if amount.forest is not None:
            forests.append(replace(amount.forest, leaves=-price * amount.forest.leaves))
    return EffectsModel(
        schema=model.schema,
        offers=model.offers,
        constant=constant,
        terms=(*model.terms, *added, *terms),
        forest=join_forests(forests) if forests else None,
    )


def join_forests(forests: Sequence[Forest]) -> Forest:
    """Return one forest that adds up what several predict, their trees one after the other."""
    nodes, leaves = 0, 0
    roots, left, right = [], [], []
    for forest in forests:
        inner = forest.feature != -1
        roots.append(forest.roots + nodes)
        left.append(np.where(inner, forest.left + nodes, forest.left + leaves))
        right.append(np.where(inner, forest.right + nodes, forest.right))
        nodes, leaves = nodes + len(forest.feature), leaves + len(forest.leaves)
    return Forest(
        roots=np.concatenate(roots),
        feature=np.concatenate([forest.feature for forest in forests]),
        threshold=np.concatenate([forest.threshold for forest in forests]),
        left=np.concatenate(left),
        right=np.concatenate(right),
        missing_left=np.concatenate([forest.missing_left for forest in forests]),
        leaves=np.concatenate([forest.leaves for forest in forests]),
    )

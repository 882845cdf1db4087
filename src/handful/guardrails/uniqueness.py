"""Could somebody be told by what the policy reads of them? A meter, as features are added.

Customers are alike to a policy when every field falls into the same bin: the bins of the additive
terms, the thresholds of the trees, the questions of the rule; a number that the policy reads on a
straight line counts as it is. Cells of alike customers are the decision paths.
Cost O(n log n) per feature.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from handful.experiment.records import Features
from handful.guardrails.tracing import artefact_reads, deciding_nodes, tells_apart
from handful.notation import FloatArray, IntArray
from handful.policy.records import Policy


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many customers share a decision path once a feature is added to those before it.

    Attributes:
        feature: the one added.
        paths: cells of customers whom the policy cannot tell apart.
        unique: share of customers who are alone in their cell.
        smallest: customers in the smallest cell.
        effective: sum_c n_c^2 / n, the size of the cell that a customer is in, on average.
    """

    feature: str
    paths: int
    unique: float
    smallest: int
    effective: float


def crowds(
    policy: Policy, features: Features, order: Sequence[str] | None = None
) -> tuple[Crowd, ...]:
    """Return the meter's readings as the features a policy reads are added one by one.

    Args:
        policy: whose bins are used.
        features: (n, p) features of the log.
        order: features in the order of adding, those that the policy does not read left out; the
            schema's order when None.

    Cost: O(n log n) per feature.
    """
    names = policy.model.schema.names
    reads = {names[column] for column in artefact_reads(policy)}
    cell = np.zeros(features.values.shape[0], dtype=np.int64)
    readings = []
    for field in names if order is None else order:
        if field not in reads:
            continue
        bins = bins_of(policy, names.index(field), features.values[:, _place(features, field)])
        _, cell = np.unique(cell * (int(bins.max()) + 1) + bins, return_inverse=True)
        readings.append(_reading(field, np.bincount(cell)))
    return tuple(readings)


def _place(features: Features, field: str) -> int:
    return features.schema.names.index(field)


def _reading(field: str, sizes: IntArray) -> Crowd:
    total = int(sizes.sum())
    return Crowd(
        feature=field,
        paths=len(sizes),
        unique=float(np.sum(sizes == 1)) / total,
        smallest=int(sizes.min()),
        effective=float(np.sum(sizes.astype(np.float64) ** 2)) / total,
    )


def bins_of(policy: Policy, column: int, values: FloatArray) -> IntArray:
    """Return the bin that a policy puts each value of a feature in; alike values share a bin.

    Args:
        policy: its terms, trees or rule.
        column: of the model's schema.
        values: (n,) values of that feature.

    Example:
        >>> from handful.effects.records import EffectsModel
        >>> from handful.experiment.records import FeatureSchema
        >>> schema = FeatureSchema(("age",), ("number",), ((),))
        >>> model = EffectsModel(schema, ("none", "mail"), np.array([0.0, 0.5]), (), None)
        >>> policy = Policy(model, (0, 1), (), ("all",), np.ones((1, 2), bool), np.zeros(2, int),
        ...                 "USD")
        >>> bins_of(policy, 0, np.array([20.0, 30.0, np.nan])).tolist()
        [1, 1, 0]
    """
    missing = np.isnan(values)
    if policy.model.schema.kinds[column] == "category":
        return np.where(missing, -1.0, values).astype(np.int64) + 1
    limits = _line_limits(policy, column)
    if limits is not None:
        _, codes = np.unique(np.clip(values, *limits), return_inverse=True)
        return np.where(missing, 0, codes + 1)
    over = np.searchsorted(_cuts(policy, column), values, side="left") + 1
    return np.where(missing, 0, over).astype(np.int64)


def _line_limits(policy: Policy, column: int) -> tuple[float, float] | None:
    """Return where a straight line that tells offers apart begins and ends; None without one."""
    menu = list(policy.competing)
    if policy.rule is not None:
        return None
    for term in policy.model.terms:
        if term.feature == column and np.any(term.slope[menu] != term.slope[menu[0]]):
            return term.low, term.high
    return None


def _cuts(policy: Policy, column: int) -> FloatArray:
    menu = list(policy.competing)
    if policy.rule is not None:
        asked = [q for q in policy.rule.questions if q is not None and q.feature == column]
        return _sorted(q.value for q in asked if q.test == "over")
    cuts: list[float] = []
    for term in policy.model.terms:
        if term.feature == column and tells_apart(term, menu):
            cuts += term.edges.tolist()
    forest = policy.model.forest
    if forest is not None:
        leaves = forest.leaves[:, menu]
        asked_here = deciding_nodes(forest, leaves - leaves[:, :1]) & (forest.feature == column)
        # A tree asks x < t, a term x <= edge: the number just below t makes them alike.
        below = np.nextafter(forest.threshold[asked_here], np.float32(-np.inf))
        cuts += below.astype(np.float64).tolist()
    return _sorted(cuts)


def _sorted(cuts: Iterable[float]) -> FloatArray:
    return np.unique(np.array(list(cuts), dtype=np.float64))

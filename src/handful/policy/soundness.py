"""Is a policy sound? Everything that must hold before its arrays may be walked.

Indices in range, children after their parents (so no loops), finite numbers, caps on nodes and
depth: a policy that passes cannot read outside an array, run forever or overflow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from handful.effects.records import EffectsModel, Forest, Term
from handful.experiment.records import FeatureSchema
from handful.notation import FloatArray, IntArray
from handful.policy.points import point_faults
from handful.policy.records import Chance, GiveWay, Policy

MAX_NODES = 20_000_000
MAX_DEPTH = 64
MAX_NUMBER = 1e100
"""Larger numbers are refused: sums and products of smaller ones cannot overflow."""


def unsound(policy: Policy) -> list[str]:
    """Return what is wrong with a policy, in words; an empty list when it is sound.

    Args:
        policy: any policy, not trusted.

    Cost O(size of the arrays x log nodes).

    Example:
        >>> from handful.experiment.records import FeatureSchema
        >>> model = EffectsModel(FeatureSchema((), (), ()), ("none",), np.array([np.nan]), (), None)
        >>> yes = np.ones((1, 1), dtype=np.bool_)
        >>> unsound(Policy(model, (0,), (), ("all",), yes, np.zeros(2, np.int64), "USD"))
        ['constant: a number is not finite or beyond 1e+100']
    """
    models = [policy.model] if policy.ranking is None else [policy.model, policy.ranking]
    faults = [*_policy_faults(policy), *_schema_faults(policy.model.schema)]
    return faults + [fault for model in models for fault in _model_faults(model)]


def _policy_faults(policy: Policy) -> Iterator[str]:
    offers, strata = len(policy.model.offers), len(policy.strata)
    menu = policy.menu
    if not offers or len(set(policy.model.offers)) != offers:
        yield "offers: expected at least one, all different"
    if not menu or list(menu) != sorted(set(menu)) or menu[0] < 0 or menu[-1] >= offers:
        yield f"menu: expected ascending offer codes from 0 to {offers - 1}"
    if not strata or len(set(policy.strata)) != strata:
        yield "strata: expected at least one, all different"
    if policy.support.shape != (strata, offers):
        yield f"support: expected {strata} x {offers} cells"
    if policy.fallback.shape != (strata + 1,) or not _within(policy.fallback, 0, offers):
        yield f"fallback: expected {strata + 1} offer codes"
    if policy.points is not None:
        yield from point_faults(policy.points, offers)
    if policy.chance is not None:
        yield from _chance_faults(policy.chance, policy)
    if policy.give_way is not None:
        yield from _give_way_faults(policy.give_way, policy)
    if policy.rule is not None and not set(policy.rule.leaves) <= set(menu):
        yield "rule: a leaf gives an offer that is not in the menu"


def _chance_faults(chance: Chance, policy: Policy) -> Iterator[str]:
    known = {*policy.menu, *policy.fallback.tolist()} & set(range(len(policy.model.offers)))
    whole = policy.support.shape == (len(policy.strata), len(policy.model.offers))
    if len(set(chance.offers)) != len(chance.offers) or not set(chance.offers) <= known:
        yield "chance: expected different offers of the menu"
    elif whole and not policy.support[:, list(chance.offers)].all():
        yield "chance: an offer is closed in some stratum"
    shares = chance.probability
    if len(shares) != len(chance.offers) or not all(0.0 < share <= 1.0 for share in shares):
        yield "chance: expected a probability above 0 for each offer"
    elif math.fsum(shares) > 1.0 + 1e-9:
        yield "chance: the probabilities add up to more than 1"


def _give_way_faults(give_way: GiveWay, policy: Policy) -> Iterator[str]:
    ranked, offers = give_way.ranked, len(policy.model.offers)
    ascend = list(ranked) == sorted(set(ranked))
    if not ranked or not ascend or not 0 <= ranked[0] <= ranked[-1] < offers:
        yield f"give_way: expected ascending offer codes from 0 to {offers - 1}"
    if not set(policy.menu) - {give_way.default} <= set(ranked):
        yield "give_way: an offer of the menu does not compete"
    if give_way.default not in policy.menu:
        yield "give_way: the default is not in the menu"
    if policy.rule is not None or len(policy.menu) < 2:
        yield "give_way: a policy with a rule or a menu of one needs none"


def _schema_faults(schema: FeatureSchema) -> Iterator[str]:
    if len(set(schema.names)) != len(schema.names):
        yield "features: a name appears twice"
    for name, kind, levels in zip(schema.names, schema.kinds, schema.levels, strict=True):
        if kind == "number" and levels:
            yield f"features: the number '{name}' has levels"
        if len(set(levels)) != len(levels):
            yield f"features: a level of '{name}' appears twice"


def _model_faults(model: EffectsModel) -> Iterator[str]:
    if model.constant.shape != (len(model.offers),):
        yield f"constant: expected {len(model.offers)} numbers"
    if not _tame(model.constant):
        yield "constant: a number is not finite or beyond 1e+100"
    for number, term in enumerate(model.terms):
        yield from (f"term {number}: {fault}" for fault in _term_faults(term, model))
    if model.forest is not None:
        yield from (f"forest: {fault}" for fault in _forest_faults(model.forest, model))


def _term_faults(term: Term, model: EffectsModel) -> Iterator[str]:
    schema, offers = model.schema, len(model.offers)
    if not 0 <= term.feature < len(schema.names):
        yield "no such feature"
        return
    category = schema.kinds[term.feature] == "category"
    rows = len(schema.levels[term.feature]) + 1 if category else term.edges.size + 2
    if term.table.shape != (rows, offers) or term.slope.shape != (offers,):
        yield f"expected a table of {rows} x {offers} and {offers} slopes"
    if category and (term.edges.size or term.slope.any()):
        yield "a category has no edges and no slope"
    numbers = np.array([term.low, term.high, term.centre])
    if not all(_tame(array) for array in (term.edges, term.table, term.slope, numbers)):
        yield "a number is not finite or beyond 1e+100"
    if (np.diff(term.edges) < 0).any() or term.low > term.high:
        yield "edges and range must ascend"


def _forest_faults(forest: Forest, model: EffectsModel) -> Iterator[str]:
    nodes, offers = forest.feature.size, len(model.offers)
    per_node = (forest.threshold, forest.left, forest.right, forest.missing_left)
    if any(array.shape != (nodes,) for array in per_node) or nodes > MAX_NODES:
        yield f"expected arrays of the same length, at most {MAX_NODES} nodes"
        return
    if forest.leaves.ndim != 2 or forest.leaves.shape[1] != offers:
        yield f"expected leaves of {offers} numbers"
        return
    inner = np.flatnonzero(forest.feature != -1)
    leaf = forest.feature == -1
    children = np.stack([forest.left[inner], forest.right[inner]])
    if not _within(forest.roots, 0, nodes) or not _within(forest.feature, -1, _columns(model)):
        yield "a root or a feature is out of range"
    if not _within(children, 0, nodes) or (children <= inner).any():
        yield "a child does not come after its parent"
        return
    if not _within(forest.left[leaf], 0, forest.leaves.shape[0]):
        yield "a leaf's row is out of range"
    if not (_tame(forest.leaves) and np.isfinite(forest.threshold[inner]).all()):
        yield "a number is not finite or beyond 1e+100"
    if _within(forest.roots, 0, nodes) and _deeper_than(forest, MAX_DEPTH):
        yield f"a tree is deeper than {MAX_DEPTH}"


def _deeper_than(forest: Forest, depth: int) -> bool:
    """Follow all trees at once, one level at a time; a node shared by trees is followed once."""
    level = np.unique(forest.roots)
    for _ in range(depth + 1):
        inner = level[forest.feature[level] != -1]
        if not inner.size:
            return False
        level = np.unique(np.concatenate([forest.left[inner], forest.right[inner]]))
    return True


def _columns(model: EffectsModel) -> int:
    return len(model.schema.names)


def _within(codes: IntArray, low: int, stop: int) -> bool:
    return bool(((codes >= low) & (codes < stop)).all())


def _tame(numbers: FloatArray) -> bool:
    return bool((np.abs(numbers) <= MAX_NUMBER).all())

"""Which fields does a policy really read? Found out from the artefact and by trying, not declared.

The artefact tells which fields CAN matter: those by which terms, trees or the rule tell the offers
of the menu apart, and the strata. Permuting one field over the customers, all else as it is, tells
which DO: the share of customers whose offer changes. What changes a decision must be read; what is
read may still never change one. Cost: one assignment of the traced rows per field that is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from handful.effects.records import Forest, Term
from handful.experiment.records import Features
from handful.notation import BoolArray, FloatArray, IntArray
from handful.policy.policy import assign
from handful.policy.records import Policy

FEW_ROWS: Final = (2_000, 20_000, 200_000)
"""Customers a field is first permuted over: at least, at most, and for all fields together."""

MANY_ROWS: Final = (20_000, 200_000, 1_000_000)
"""The same for a field that changed nothing, before it is said never to decide."""


@dataclass(frozen=True, slots=True)
class FieldUse:
    """What a policy does with one field.

    Attributes:
        field: a feature, or a column that names the stratum.
        read: True when the artefact tells offers of the menu apart by it.
        changed: share of customers whose offer changes when it is permuted.
        by_offer: (offer, share of the offer's customers that move away).
    """

    field: str
    read: bool
    changed: float
    by_offer: tuple[tuple[str, float], ...] = ()

    @property
    def decides(self) -> bool:
        """Does any decision depend on it?"""
        return self.changed > 0.0

    @property
    def status(self) -> str:
        """What the manifest calls it."""
        if self.decides:
            return "decides"
        return "read but never decides" if self.read else "asked for but never read"


@dataclass(frozen=True, slots=True)
class Trace:
    """Every field of a policy with its use, and how many customers it was tried on."""

    uses: tuple[FieldUse, ...]
    rows: int

    @property
    def agrees(self) -> bool:
        """Is everything that decides also read by the artefact? False would be a defect of ours."""
        return all(use.read or not use.decides for use in self.uses)

    def of(self, field: str) -> FieldUse | None:
        """Return the use of a field; None for one that the policy does not have."""
        return next((use for use in self.uses if use.field == field), None)


def artefact_reads(policy: Policy) -> frozenset[int]:
    """Return the features by which a policy can tell the offers of its menu apart.

    Args:
        policy: model, menu and rule.

    Returns:
        Columns of the model's schema.

    Cost: O(size of the model).

    Example:
        >>> from handful.effects.records import EffectsModel
        >>> from handful.experiment.records import FeatureSchema
        >>> schema = FeatureSchema(("age",), ("number",), ((),))
        >>> model = EffectsModel(schema, ("none", "mail"), np.array([0.0, 0.5]), (), None)
        >>> artefact_reads(Policy(model, (0, 1), (), ("all",), np.ones((1, 2), bool),
        ...                       np.zeros(2, int), "USD"))
        frozenset()
    """
    if policy.rule is not None:
        return frozenset(asked.feature for asked in policy.rule.questions if asked is not None)
    menu = list(policy.competing)
    deciding = policy.deciding
    found = {term.feature for term in deciding.terms if tells_apart(term, menu)}
    if deciding.forest is not None:
        found |= set(_split_features(deciding.forest, menu))
    return frozenset(found)


def tells_apart(term: Term, menu: list[int]) -> bool:
    """Does a term add different amounts to the offers of the menu?"""
    tables = term.table[:, menu]
    slopes = term.slope[menu]
    return bool(np.any(tables != tables[:, :1]) or np.any(slopes != slopes[0]))


def _split_features(forest: Forest, menu: list[int]) -> Iterator[int]:
    """Find the features of every question below which the offers' differences vary."""
    leaves = forest.leaves[:, menu]
    ahead = leaves - leaves[:, :1]
    for node in np.flatnonzero(deciding_nodes(forest, ahead)):
        yield int(forest.feature[node])


def deciding_nodes(forest: Forest, ahead: FloatArray) -> BoolArray:
    """Return (N,) True at the questions below which leaves differ in what they say of the menu.

    Children come after parents, so one pass from the last node to the first settles all.

    Args:
        forest: T trees in N nodes.
        ahead: (L, K) leaves less their first offer of the menu.

    Cost: O(N K).
    """
    one_leaf = np.full(len(forest.feature), -1, dtype=np.int64)  # the leaf all below agree with
    varied = np.zeros(len(forest.feature), dtype=np.bool_)
    for node in range(len(forest.feature) - 1, -1, -1):
        if forest.feature[node] < 0:
            one_leaf[node] = forest.left[node]
            continue
        left, right = forest.left[node], forest.right[node]
        same = not (varied[left] or varied[right]) and np.array_equal(
            ahead[one_leaf[left]], ahead[one_leaf[right]]
        )
        varied[node] = not same
        one_leaf[node] = one_leaf[left]
    return varied


def trace_policy(
    policy: Policy, features: Features, stratum: IntArray, *, random_state: int = 0
) -> Trace:
    """Permute every field that a policy reads and see whose offer changes.

    changed_f = mean_i 1{pi(x_i with x_if permuted) != pi(x_i)}.

    Args:
        policy: as it would be served.
        features: (n, p) features of the log, those of the policy's schema among them.
        stratum: (n,) stratum codes.
        random_state: seed of the draw of rows and of the permutations.

    Returns:
        One use per feature of the schema and per strata column.

    Cost: predictions of FEW_ROWS and, for fields that seem idle, of MANY_ROWS.
    """
    # Chance reads the id alone: what the fields decide is traced without it.
    policy = replace(policy, chance=None)
    rng = np.random.default_rng([random_state, 71])
    n = features.values.shape[0]
    reads = artefact_reads(policy)
    few, many = (
        np.sort(rng.permutation(n)[: rows_for(len(reads), limits)])
        for limits in (FEW_ROWS, MANY_ROWS)
    )
    names = policy.model.schema.names
    uses = []
    for column, field in enumerate(names):
        if column not in reads:
            uses.append(FieldUse(field, False, 0.0))
            continue
        place = features.schema.names.index(field)
        for rows in (few, many) if len(many) > len(few) else (few,):
            use = _permuted(policy, features, stratum, rows, place, rng)
            if use.decides:
                break
        uses.append(use)
    uses += [
        _strata_use(policy, features, stratum, few, column, rng)
        for column in policy.strata_columns
        if column not in names
    ]
    return Trace(tuple(uses), len(few))


def rows_for(fields: int, limits: tuple[int, int, int]) -> int:
    """Return how many rows to permute each field over.

    Args:
        fields: how many.
        limits: least and most rows per field, and rows for all fields together.

    Example:
        >>> rows_for(5, FEW_ROWS), rows_for(50, FEW_ROWS), rows_for(500, FEW_ROWS)
        (20000, 4000, 2000)
    """
    least, most, together = limits
    return max(least, min(most, together // max(fields, 1)))


def _permuted(
    policy: Policy,
    features: Features,
    stratum: IntArray,
    rows: IntArray,
    place: int,
    rng: np.random.Generator,
) -> FieldUse:
    """Permute one feature over the rows."""
    part, codes = features.rows(rows), stratum[rows]
    before = assign(policy, part, codes).offer
    part.values[:, place] = rng.permutation(part.values[:, place])
    after = assign(policy, part, codes).offer
    return _use(policy, features.schema.names[place], before, after)


def _strata_use(
    policy: Policy,
    features: Features,
    stratum: IntArray,
    rows: IntArray,
    column: str,
    rng: np.random.Generator,
) -> FieldUse:
    """Permute the strata: their columns are read together."""
    part, codes = features.rows(rows), stratum[rows]
    before = assign(policy, part, codes).offer
    after = assign(policy, part, rng.permutation(codes)).offer
    return _use(policy, column, before, after)


def _use(policy: Policy, field: str, before: IntArray, after: IntArray) -> FieldUse:
    moved = before != after
    by_offer = tuple(
        (policy.model.offers[offer], float(moved[before == offer].mean()))
        for offer in np.unique(before).tolist()
    )
    return FieldUse(field, True, float(moved.mean()), by_offer)

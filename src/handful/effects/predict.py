"""Predicted profit of every offer from plain arrays: constant + additive terms + trees.

P_g(x) = constant_g + sum_terms f_g(x) + sum_trees leaf_g(x). Every sum is made elementwise, in that
order, in float64: no matrix product and no fused multiply-add, so that a reader that takes one
customer at a time in plain Python gets the same bits. Rows are taken in blocks, so memory beyond
the result does not grow with n. Cost O(n (sum of log bins + trees x depth + G (terms + trees))).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from handful.effects.forest import add_forest
from handful.effects.records import EffectsModel, Term
from handful.errors import DataError, Finding, blocked
from handful.experiment.records import Features, FeatureSchema
from handful.notation import FloatArray

BLOCK_ROWS = 16_384
"""Rows worked on at a time: a block of every array fits in the processor's cache."""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Where a model finds its features in another table, matched by name.

    Attributes:
        source: (p,) column of the table for each feature of the model.
        recode: (p,) for a category whose levels differ, table level code -> model level code,
            NaN for a level that the model never saw; None where nothing changes.
    """

    source: tuple[int, ...]
    recode: tuple[FloatArray | None, ...]


def match_columns(have: FeatureSchema, want: FeatureSchema) -> ColumnMap:
    """Match features by name, and the levels of categories by label.

    Args:
        have: schema of the table at hand; more columns, in any order, are fine.
        want: schema of the model.

    Returns:
        Column and level code translations, one per feature of the model.

    Raises:
        DataError: E590 a feature is missing, E591 a feature is of another kind; all at once.

    Cost O(p + levels).

    Example:
        >>> have = FeatureSchema(("b", "a"), ("number", "number"), ((), ()))
        >>> match_columns(have, FeatureSchema(("a",), ("number",), ((),))).source
        (1,)
    """
    position = {name: column for column, name in enumerate(have.names)}
    problems = list(_mismatches(have, want, position))
    if problems:
        raise DataError(problems)
    source = tuple(position[name] for name in want.names)
    recode = tuple(
        _recoding(have.levels[column], levels)
        for column, levels in zip(source, want.levels, strict=True)
    )
    return ColumnMap(source, recode)


def _mismatches(
    have: FeatureSchema, want: FeatureSchema, position: dict[str, int]
) -> Iterator[Finding]:
    for name, kind in zip(want.names, want.kinds, strict=True):
        if name not in position:
            yield blocked(
                "E590",
                f"the model reads feature '{name}'; the data has no such column.",
                "Add the column, or plan again without this feature.",
            )
        elif have.kinds[position[name]] != kind:
            yield blocked(
                "E591",
                f"the model reads feature '{name}' as a {kind}; "
                f"the data holds a {have.kinds[position[name]]}.",
                f"Give the column as a {kind}, as in the experiment's log.",
            )


def _recoding(have: tuple[str, ...], want: tuple[str, ...]) -> FloatArray | None:
    if have == want:
        return None
    code = {label: float(number) for number, label in enumerate(want)}
    return np.array([code.get(label, np.nan) for label in have], dtype=np.float64)


def column_block(features: Features, columns: ColumnMap, feature: int, rows: slice) -> FloatArray:
    """Return one feature of the model for a block of rows, in the model's own level codes."""
    values: FloatArray = features.values[rows, columns.source[feature]]
    recode = columns.recode[feature]
    if recode is None:
        return values
    seen = ~np.isnan(values)
    codes = np.full(values.shape, np.nan)
    codes[seen] = recode[values[seen].astype(np.int64)]
    return codes


def predict_profit(
    model: EffectsModel, features: Features, *, out: FloatArray | None = None
) -> FloatArray:
    """Predict the profit of every offer for every customer.

    P_ig = constant_g + sum_terms f_g(x_i) + sum_trees leaf_g(x_i), added in that order.

    Args:
        model: plain arrays for G offers.
        features: (n, p) features; columns are matched by name, levels by label.
        out: (n, G) row-major float64 array to write into.

    Returns:
        (n, G) money per customer (`out` where it was given).

    Raises:
        DataError: E590 or E591 as in `match_columns`; E592 `out` has another shape or type.

    Cost O(n (terms (log bins + G) + trees (depth + G))).

    Example:
        >>> schema = FeatureSchema(("age",), ("number",), ((),))
        >>> model = EffectsModel(schema, ("none", "mail"), np.array([0.0, 0.5]), (), None)
        >>> predict_profit(model, Features(schema, np.array([[30.0]]))).tolist()
        [[0.0, 0.5]]
    """
    columns = match_columns(features.schema, model.schema)
    shape = (features.values.shape[0], len(model.offers))
    profit = np.empty(shape) if out is None else out
    if profit.shape != shape or profit.dtype != np.float64 or not profit.flags.c_contiguous:
        message = f"expected row-major float64 {shape}, found {profit.dtype} {profit.shape}."
        raise DataError(blocked("E592", message, "Pass out=None or an array of that shape."))
    for start in range(0, shape[0], BLOCK_ROWS):
        rows = slice(start, min(start + BLOCK_ROWS, shape[0]))
        _predict_block(model, features, columns, rows, profit[rows])
    return profit


def _predict_block(
    model: EffectsModel, features: Features, columns: ColumnMap, rows: slice, profit: FloatArray
) -> None:
    profit[:] = model.constant
    categorical = np.array([kind == "category" for kind in model.schema.kinds], dtype=np.bool_)
    for term in model.terms:
        values = column_block(features, columns, term.feature, rows)
        _add_term(term, values, bool(categorical[term.feature]), profit)
    if model.forest is not None:
        add_forest(model.forest, _aligned(features, columns, rows), categorical, profit)


def _aligned(features: Features, columns: ColumnMap, rows: slice) -> FloatArray:
    """Return a block of rows in the model's own columns: a view where nothing has to move."""
    in_place = columns.source == tuple(range(features.values.shape[1]))
    if in_place and not any(recode is not None for recode in columns.recode):
        return features.values[rows]
    block = np.empty((rows.stop - rows.start, len(columns.source)), order="F")
    for feature in range(block.shape[1]):
        block[:, feature] = column_block(features, columns, feature, rows)
    return block


def _add_term(term: Term, values: FloatArray, categorical: bool, profit: FloatArray) -> None:
    """Add table[b(x)] + slope * (clip(x, low, high) - centre) to every offer."""
    missing = np.isnan(values)
    if categorical:
        profit += term.table[np.where(missing, -1.0, values).astype(np.int64) + 1]
        return
    bins = np.searchsorted(term.edges, values, side="left") + 1
    bins[missing] = 0
    distance = np.clip(values, term.low, term.high) - term.centre
    distance[missing] = 0.0
    profit += term.table[bins] + distance[:, np.newaxis] * term.slope


def restrict_offers(model: EffectsModel, offers: Sequence[int]) -> EffectsModel:
    """Return the model of some offers only; their predictions keep every bit.

    Args:
        model: predicts G offers.
        offers: column numbers to keep, in the order wanted.

    Returns:
        A model of `len(offers)` offers.

    Cost O(size of the model).

    Example:
        >>> schema = FeatureSchema((), (), ())
        >>> model = EffectsModel(schema, ("a", "b"), np.array([1.0, 2.0]), (), None)
        >>> restrict_offers(model, (1,)).offers
        ('b',)
    """
    kept = list(offers)
    forest = model.forest
    return EffectsModel(
        schema=model.schema,
        offers=tuple(model.offers[offer] for offer in kept),
        constant=model.constant[kept],
        terms=tuple(
            replace(term, table=term.table[:, kept], slope=term.slope[kept]) for term in model.terms
        ),
        forest=None
        if forest is None
        else replace(forest, leaves=np.ascontiguousarray(forest.leaves[:, kept])),
    )

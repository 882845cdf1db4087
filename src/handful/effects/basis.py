"""An additive basis: for each feature a clipped straight line and a step per bin or level.

The columns depend on the features alone, never on an outcome, so one basis serves every fold.
Cost O(n p log n) to make, O(n m) to evaluate, m columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.effects.records import Term
from handful.experiment.records import Features, FeatureSchema
from handful.notation import Float32Array, FloatArray, IntArray

MAX_BINS: Final = 10
"""Bins per number: ten steps follow a smooth curve to within a few percent of its range."""

MAX_LEVELS: Final = 64
"""Levels of a category with a step of their own, most frequent first; the rest share the mean."""


@dataclass(frozen=True, slots=True)
class BasisPart:
    """The columns one feature brings.

    Attributes:
        feature: column of `Features.values`.
        edges: bin edges of a number; empty where a line says it all.
        kept: bins (0 = missing) that have a column, in column order.
        shares: (kept,) share of rows in each kept bin: steps are centred by it.
        line: whether the first column is a straight line.
        low, high, centre, scale: of the line.
    """

    feature: int
    edges: FloatArray
    kept: IntArray
    shares: FloatArray
    line: bool
    low: float
    high: float
    centre: float
    scale: float

    @property
    def width(self) -> int:
        """Number of columns."""
        return int(self.line) + len(self.kept)


@dataclass(frozen=True, slots=True)
class Basis:
    """All columns: an intercept first, then each part's; `is_line` marks the straight lines."""

    schema: FeatureSchema
    parts: tuple[BasisPart, ...]
    is_line: tuple[bool, ...]

    @property
    def width(self) -> int:
        """Number of columns m, intercept included."""
        return len(self.is_line)


def make_basis(features: Features) -> Basis:
    """Choose edges, levels and scales from the feature values alone.

    Args:
        features: (n, p) features.

    Returns:
        The basis; columns are one intercept, then for each feature its line and its steps.

    Cost: O(n p log n).

    Example:
        >>> from handful.experiment.records import FeatureSchema, Features
        >>> schema = FeatureSchema(("age",), ("number",), ((),))
        >>> make_basis(Features(schema, np.arange(40.0).reshape(-1, 1))).width
        12
    """
    parts = []
    for column, kind in enumerate(features.schema.kinds):
        values = features.values[:, column]
        part = _number(column, values) if kind == "number" else _category(column, values)
        if part.width:
            parts.append(part)
    is_line = [False]
    for part in parts:
        is_line += [True] * part.line + [False] * len(part.kept)
    return Basis(features.schema, tuple(parts), tuple(is_line))


def _number(column: int, values: FloatArray) -> BasisPart:
    seen = values[~np.isnan(values)]
    distinct = np.unique(seen)
    line = len(distinct) > 1
    low, high = (float(v) for v in np.quantile(seen, [0.01, 0.99])) if line else (0.0, 0.0)
    if line and high <= low:  # a rare value: 1 % to 99 % is one point
        low, high = float(distinct[0]), float(distinct[-1])
    clipped = np.clip(seen, low, high)
    scale = float(clipped.std()) if line else 1.0
    edges = _edges(seen, distinct) if len(distinct) > 2 else np.empty(0)
    bins = bin_numbers(values, edges)
    kept, shares = _kept_bins(bins, len(edges) + 2, drop_seen=len(edges) == 0)
    centre = float(clipped.mean()) if line else 0.0
    line = line and scale > 0
    return BasisPart(column, edges, kept, shares, line, low, high, centre, scale)


def _edges(seen: FloatArray, distinct: FloatArray) -> FloatArray:
    if len(distinct) <= MAX_BINS:
        middle: FloatArray = (distinct[1:] + distinct[:-1]) / 2
        return middle
    inner = np.quantile(seen, np.linspace(0, 1, MAX_BINS + 1)[1:-1])
    return np.unique(inner[(inner >= distinct[0]) & (inner < distinct[-1])])


def _category(column: int, values: FloatArray) -> BasisPart:
    bins = bin_categories(values)
    kept, shares = _kept_bins(bins, int(bins.max(initial=0)) + 1, drop_seen=False)
    if len(kept) > MAX_LEVELS:
        top = np.sort(np.argsort(-shares, kind="stable")[:MAX_LEVELS])
        kept, shares = kept[top], shares[top]
    return BasisPart(column, np.empty(0), kept, shares, False, 0.0, 0.0, 0.0, 1.0)


def _kept_bins(bins: IntArray, count: int, *, drop_seen: bool) -> tuple[IntArray, FloatArray]:
    shares = np.bincount(bins, minlength=count) / max(len(bins), 1)
    kept = np.flatnonzero((shares > 0) & (shares < 1))
    if drop_seen:  # a line already separates the seen values: only "missing" needs a step
        kept = kept[kept == 0]
    return kept, shares[kept]


def bin_numbers(values: FloatArray, edges: FloatArray) -> IntArray:
    """Return 1 + the number of edges below each value, 0 where missing."""
    bins = np.searchsorted(edges, values, side="left").astype(np.int64) + 1
    bins[np.isnan(values)] = 0
    return bins


def bin_categories(values: FloatArray) -> IntArray:
    """Return 1 + the level code, 0 where missing."""
    return np.where(np.isnan(values), -1.0, values).astype(np.int64) + 1


def evaluate_basis(basis: Basis, values: FloatArray) -> Float32Array:
    """Return the (n, m) columns of the basis for feature values (n, p).

    Cost: O(n m).
    """
    out = np.zeros((values.shape[0], basis.width), dtype=np.float32)
    out[:, 0] = 1.0
    at = 1
    for part in basis.parts:
        column = values[:, part.feature]
        if part.line:
            line = (np.clip(column, part.low, part.high) - part.centre) / part.scale
            out[:, at] = np.where(np.isnan(line), 0.0, line)
            at += 1
        if not len(part.kept):
            continue
        is_number = basis.schema.kinds[part.feature] == "number"
        bins = bin_numbers(column, part.edges) if is_number else bin_categories(column)
        for kept, share in zip(part.kept, part.shares, strict=True):
            out[:, at] = (bins == kept) - np.float32(share)
            at += 1
    return out


def basis_terms(basis: Basis, coefficients: FloatArray) -> tuple[FloatArray, tuple[Term, ...]]:
    """Turn coefficients (m, G) into a constant (G,) and one readable term per feature.

    Cost: O(m G).
    """
    constant = coefficients[0].copy()
    terms = []
    at = 1
    for part in basis.parts:
        width = coefficients.shape[1]
        slope = np.zeros(width)
        if part.line:
            slope = coefficients[at] / part.scale
            at += 1
        rows = _table_rows(basis, part)
        table = np.zeros((rows, width))
        steps = coefficients[at : at + len(part.kept)]
        at += len(part.kept)
        table[part.kept] = steps
        constant -= part.shares @ steps
        if np.any(table) or np.any(slope):
            terms.append(
                Term(part.feature, part.edges, table, slope, part.low, part.high, part.centre)
            )
    return constant, tuple(terms)


def _table_rows(basis: Basis, part: BasisPart) -> int:
    if basis.schema.kinds[part.feature] == "category":
        return len(basis.schema.levels[part.feature]) + 1
    return len(part.edges) + 2

"""A greedy rule over every possible threshold: the guard under the search over round numbers.

The exact search cuts each number at a few dozen round points. Where a sharp step lies between two
of them, a greedy tree that may cut anywhere can collect more on the same scores; `learn_tree` then
takes that one. Cost O(d p n (log n + K)) for d questions on the way to a leaf.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from handful.experiment.records import Features
from handful.notation import AnyFloatArray, BoolArray, FloatArray
from handful.policy.hybrid import hybrid_tree, joined
from handful.policy.records import RuleTree, Split
from handful.policy.rules import (
    MIN_ROWS,
    SPLIT_POINTS,
    TIE,
    answers_yes,
    best_tree,
    weighted_gains,
)
from handful.policy.splits import roundest

EXACT_DEPTH: Final = 2
"""Questions up to which the search is exact."""

Found = tuple[float, Split]
"""What a question collects with the best offer on each side, and the question."""


def learn_tree(
    scores: AnyFloatArray,
    features: Features,
    offers: Sequence[int],
    *,
    depth: int = EXACT_DEPTH,
    split_points: int = SPLIT_POINTS,
    min_rows: int = MIN_ROWS,
) -> RuleTree:
    """Learn the rule of at most `depth` questions; never below the greedy tree of that depth.

    Args:
        scores: (n, G) money per customer.
        features: (n, p) features.
        offers: column numbers that a leaf may give, the menu.
        depth: 2 (exact over round split points) or 3 (hybrid).
        split_points: cut points of a number and levels of a category, at most.
        min_rows: rows that every leaf must hold.

    Returns:
        The tree over round split points, unless a greedy tree over all of them collects more.

    Raises:
        DataError: P720, P721 as in `best_tree`.

    Cost: that of `best_tree` or `hybrid_tree`, and O(d p n (log n + K)).

    Example:
        >>> from handful.experiment.records import FeatureSchema
        >>> schema = FeatureSchema(("age",), ("number",), ((),))
        >>> ages = Features(schema, np.arange(20.0, 60.0)[:, np.newaxis])
        >>> scores = np.where(ages.values > 41, [[0.0, 1.0]], [[1.0, 0.0]])
        >>> learn_tree(scores, ages, (0, 1), split_points=2, min_rows=5).root.value
        41.0
    """
    search = best_tree if depth <= EXACT_DEPTH else hybrid_tree
    tree = search(scores, features, offers, split_points=split_points, min_rows=min_rows)
    gains = weighted_gains(scores, offers, None)[:-1]
    greedy = _grow(gains, features, offers, depth, min_rows)
    ahead = greedy.value - tree.value > TIE * float(np.abs(gains).sum())
    return greedy if ahead else tree


def _grow(
    gains: FloatArray, features: Features, offers: Sequence[int], depth: int, min_rows: int
) -> RuleTree:
    """Ask the question that collects most at once, then grow each side."""
    totals = gains.sum(axis=1)
    best = int(totals.argmax())
    found = max(
        (q for feature in range(len(features.schema.names))
         for q in _questions(gains, features, feature, min_rows)),
        key=lambda pair: pair[0],
        default=None,
    )  # fmt: skip
    if found is None or found[0] <= totals[best] + TIE * float(np.abs(gains).sum()):
        size = 2**depth
        return RuleTree((None,) * (size - 1), (int(offers[best]),) * size, float(totals[best]))
    yes = answers_yes(found[1], features.values[:, found[1].feature])
    sides = [
        _grow(gains[:, rows], features.rows(rows), offers, depth - 1, min_rows)
        if depth > 1
        else _leaf(gains[:, rows], offers)
        for rows in (yes, ~yes)
    ]
    return joined(found[1], sides[0], sides[1])


def _leaf(gains: FloatArray, offers: Sequence[int]) -> RuleTree:
    totals = gains.sum(axis=1)
    return RuleTree((), (int(offers[int(totals.argmax())]),), float(totals.max()))


def _questions(
    gains: FloatArray, features: Features, feature: int, min_rows: int
) -> Iterator[Found]:
    """Yield the best questions about one feature, over every threshold or level."""
    values = features.values[:, feature]
    missing = np.isnan(values)
    lost = gains[:, missing].sum(axis=1)
    seen = bool(missing.any())
    known = np.flatnonzero(~missing)
    whole = gains.sum(axis=1)
    if seen and min_rows <= missing.sum() <= values.size - min_rows:
        value = float(lost.max() + (whole - lost).max())
        yield value, Split(feature, "missing", 0.0, True, True)
    if features.schema.kinds[feature] == "category":
        for level in np.unique(values[known]).tolist():
            here = values == level
            if min_rows <= here.sum() <= values.size - min_rows:
                inside = gains[:, here].sum(axis=1)
                value = float(inside.max() + (whole - inside).max())
                yield value, Split(feature, "is", level, False, seen)
        return
    order = known[np.argsort(values[known], kind="stable")]
    ordered = values[order]
    below = gains[:, order].cumsum(axis=1)
    counts = np.arange(1, order.size + 1)
    cut = np.append(ordered[:-1] < ordered[1:], False)
    for missing_yes in (False, True) if seen else (False,):
        no = below if missing_yes else below + lost[:, np.newaxis]
        size = counts if missing_yes else counts + missing.sum()
        open_cut = cut & (size >= min_rows) & (size <= values.size - min_rows)
        found = _cut(no, whole, ordered, open_cut)
        if found is not None:
            yield found[0], Split(feature, "over", found[1], missing_yes, seen)


def _cut(
    no: FloatArray, whole: FloatArray, ordered: FloatArray, open_cut: BoolArray
) -> tuple[float, float] | None:
    """Return the best value and threshold: `no` (K, m) is what lies at or below each cut."""
    if not open_cut.any():
        return None
    value = no.max(axis=0) + (whole[:, np.newaxis] - no).max(axis=0)
    value[~open_cut] = -np.inf
    at = int(value.argmax())
    low, high = float(ordered[at]), float(ordered[at + 1])
    finite = np.isfinite(low) and np.isfinite(high)
    return float(value[at]), roundest(low, high) if finite else low

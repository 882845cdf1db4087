"""The groups of a protected column: its levels, or ranges of a number; rare ones are put together.

Rows whose level the log does not know, and levels too rare even together, are in no group.
Cost O(n).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from handful.experiment.records import Features
from handful.notation import BoolArray, FloatArray, IntArray

FEW_VALUES: Final = 6
"""A number with so many values or fewer is a category."""
LEAST_PEOPLE: Final = 30
"""Levels that fewer people have are put together; groups of fewer are not compared."""
OTHERS: Final = "one of the rarer values"


@dataclass(frozen=True, slots=True)
class Groups:
    """Who is in which group of one protected column.

    Attributes:
        column: the protected column.
        names: (m,) groups in words.
        code: (n,) group of each row, -1 for none.
    """

    column: str
    names: tuple[str, ...]
    code: IntArray

    @property
    def sizes(self) -> IntArray:
        """(m,) rows of each group."""
        return np.bincount(self.code[self.code >= 0], minlength=len(self.names))

    def weights(self) -> FloatArray:
        """Return (n, m) 1{row in group} / share of the group: their mean times f is E[f | group].

        Example:
            >>> Groups("g", ("a", "b"), np.array([0, 1, 1, -1])).weights().tolist()
            [[4.0, 0.0], [0.0, 2.0], [0.0, 2.0], [0.0, 0.0]]
        """
        inside = self.code[:, None] == np.arange(len(self.names))
        weights: FloatArray = inside * (len(self.code) / np.maximum(self.sizes, 1))
        return weights


def groups_of(
    held: Features, column: str, cuts: Mapping[str, float], cluster: IntArray, least: int
) -> Groups:
    """Return the groups of one protected column.

    Args:
        held: the columns held apart.
        column: one of them.
        cuts: column -> number at which it is cut in two.
        cluster: (n,) codes of people who are not independent: a group needs as many of them.
        least: smallest count that is shown; groups have LEAST_PEOPLE people or more besides.

    Returns:
        Two groups or more, or none at all where the log cannot tell any two apart.

    Cost: O(n).

    Example:
        >>> from handful.experiment.records import FeatureSchema
        >>> schema = FeatureSchema(("sex",), ("category",), (("f", "m", "x"),))
        >>> held = Features(schema, np.array([[0.0]] * 40 + [[1.0]] * 40 + [[2.0]] * 5))
        >>> found = groups_of(held, "sex", {}, np.arange(85), 11)
        >>> found.names, found.sizes.tolist()
        (('sex is f', 'sex is m'), [40, 40])
    """
    at = held.schema.names.index(column)
    values = held.values[:, at]
    known = ~np.isnan(values)
    distinct = np.unique(values[known])
    number = held.schema.kinds[at] == "number"
    if number and column in cuts:
        named = _ranges(column, values, [cuts[column]])
    elif number and distinct.size > FEW_VALUES:
        quartiles = np.unique(np.quantile(values[known], [0.25, 0.5, 0.75]))
        named = _ranges(column, values, quartiles)
    else:
        labels = held.schema.levels[at]
        named = [
            (f"{column} is {labels[int(v)] if labels else f'{v:g}'}", values == v) for v in distinct
        ]
    return _kept(column, named, cluster, max(least, LEAST_PEOPLE))


def _ranges(
    column: str, values: FloatArray, cuts: list[float] | FloatArray
) -> list[tuple[str, BoolArray]]:
    ends = [-np.inf, *cuts, np.inf]
    named = []
    for low, high in pairwise(ends):
        if np.isinf(low):
            words = f"{column} up to {high:g}"
        else:
            words = f"{column} over {low:g}" + ("" if np.isinf(high) else f" and up to {high:g}")
        named.append((words, (values > low) & (values <= high)))
    return named


def _kept(column: str, named: list[tuple[str, BoolArray]], cluster: IntArray, least: int) -> Groups:
    """Put rare groups together and leave out what is still too rare."""
    enough = [_people(rows, cluster) >= least for _, rows in named]
    kept = [group for group, large in zip(named, enough, strict=True) if large]
    rare = [rows for (_, rows), large in zip(named, enough, strict=True) if not large]
    together = np.any(rare, axis=0) if rare else np.zeros(len(cluster), dtype=np.bool_)
    if len(rare) > 1 and _people(together, cluster) >= least:
        kept.append((f"{column} is {OTHERS}", together))
    code = np.full(len(cluster), -1, dtype=np.int64)
    if len(kept) < 2:
        return Groups(column, (), code)
    for place, (_, rows) in enumerate(kept):
        code[rows] = place
    return Groups(column, tuple(name for name, _ in kept), code)


def _people(rows: BoolArray, cluster: IntArray) -> int:
    """Return how many independent people are among these rows."""
    return len(np.unique(cluster[rows]))

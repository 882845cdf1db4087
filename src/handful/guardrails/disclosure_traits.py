"""What a bystander might guess: each sensitive column as yes-or-no traits.

A column of two values is one trait; of a few values, one trait per value against the rest; a number
is cut where the brief says, or at its quartiles. Values too rare to be tested alone are one trait
together. Cost O(n levels).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from handful.experiment.records import Features
from handful.notation import BoolArray, FloatArray

FEW_VALUES: Final = 6
"""A number with so many values or fewer is a category."""

LEAST_PEOPLE: Final = 30
"""Values that fewer people have are put together."""

OTHERS: Final = "one of the rarer values"


@dataclass(frozen=True, slots=True)
class Trait:
    """A yes-or-no trait of a sensitive column.

    Attributes:
        attribute: the column.
        words: the trait in words, such as "pregnant is yes".
        holds: (n,) whether a row has it.
        known: (n,) whether the log knows; only these rows are tested.
    """

    attribute: str
    words: str
    holds: BoolArray
    known: BoolArray


def traits_of(held: Features, attribute: str, cuts: Mapping[str, float]) -> tuple[Trait, ...]:
    """Return the traits of one sensitive column.

    Args:
        held: the columns held apart.
        attribute: one of them.
        cuts: column -> number above which the trait holds.

    Returns:
        Traits that some people have and some have not; () where the column does not vary.

    Cost: O(n levels).

    Example:
        >>> from handful.experiment.records import FeatureSchema
        >>> schema = FeatureSchema(("ill",), ("category",), (("no", "yes"),))
        >>> held = Features(schema, np.array([[0.0], [1.0], [0.0], [np.nan]]))
        >>> [(t.words, t.holds.tolist()) for t in traits_of(held, "ill", {})]
        [('ill is yes', [False, True, False, False])]
    """
    at = held.schema.names.index(attribute)
    values = held.values[:, at]
    known = ~np.isnan(values)
    distinct = np.unique(values[known])
    if distinct.size < 2:
        return ()
    number = held.schema.kinds[at] == "number"
    if number and attribute in cuts:
        found = _cut(attribute, values, [cuts[attribute]])
    elif number and distinct.size > FEW_VALUES:
        found = _cut(attribute, values, np.unique(np.quantile(values[known], [0.25, 0.5, 0.75])))
    else:
        labels = held.schema.levels[at]
        found = _levels(attribute, values, distinct, labels)
    return tuple(
        Trait(attribute, words, holds & known, known)
        for words, holds in found
        if 0 < int((holds & known).sum()) < int(known.sum())
    )


def _cut(
    name: str, values: FloatArray, cuts: list[float] | FloatArray
) -> Iterator[tuple[str, BoolArray]]:
    """Above the one cut, or each range between cuts against the rest."""
    if len(cuts) == 1:
        yield f"{name} over {cuts[0]:g}", values > cuts[0]
        return
    ends = [-np.inf, *cuts, np.inf]
    for low, high in pairwise(ends):
        if np.isinf(low):
            words = f"{name} up to {high:g}"
        else:
            words = f"{name} over {low:g}" + ("" if np.isinf(high) else f" and up to {high:g}")
        yield words, (values > low) & (values <= high)


def _levels(
    name: str, values: FloatArray, distinct: FloatArray, labels: tuple[str, ...]
) -> Iterator[tuple[str, BoolArray]]:
    """Each value against the rest; of two, the rarer one (the other says the same)."""
    counts = {float(value): int((values == value).sum()) for value in distinct}
    if len(counts) == 2:
        one = min(reversed(list(counts)), key=lambda value: counts[value])
        yield f"{name} is {_label(one, labels)}", values == one
        return
    rare = [value for value, count in counts.items() if count < LEAST_PEOPLE]
    together = rare if len(rare) > 1 else []
    for value in counts:
        if value not in together:
            yield f"{name} is {_label(value, labels)}", values == value
    if together:
        yield f"{name} is {OTHERS}", np.isin(values, together)


def _label(value: float, labels: tuple[str, ...]) -> str:
    return labels[int(value)] if labels else f"{value:g}"

"""The questions a rule may ask about a feature, at numbers that a person would say.

A number is cut at up to S points: between all its values where they are few, else near its
quantiles, always at the roundest number that falls into the gap. A category is asked level by level
("is it urban?"). Missing is a bin of its own: it may go either way, or be the question itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from handful.experiment.records import Kind
from handful.notation import BoolArray, FloatArray, IntArray
from handful.policy.records import Split

DIGITS = 17
"""Significant digits that tell all doubles apart."""


@dataclass(frozen=True, slots=True)
class Binned:
    """A feature cut into bins, and every question that its bins can answer.

    Attributes:
        codes: (n,) bin of each row: 0 is missing, then numbers ascending or levels.
        bins: number of bins, the one for missing included.
        splits: the questions.
        last_no: (S,) for "over", the last bin that answers no; for "is", the bin that answers yes;
            0 for "missing".
        missing_yes: (S,) whether bin 0 answers yes as well.
        ordered: whether the feature is a number.
    """

    codes: IntArray
    bins: int
    splits: tuple[Split, ...]
    last_no: IntArray
    missing_yes: FloatArray
    ordered: bool


def bin_feature(feature: int, kind: Kind, values: FloatArray, points: int) -> Binned:
    """Cut a feature into bins and list its questions.

    Args:
        feature: column number, kept in the splits.
        kind: number or category.
        values: (n,) numbers or level codes, NaN where missing.
        points: cut points of a number, or levels of a category, at most.

    Cost O(n log n).

    Example:
        >>> age = np.array([20.0, 30.0, 41.3, np.nan])
        >>> [s.value for s in bin_feature(0, "number", age, 8).splits if s.test == "over"]
        [20.0, 20.0, 40.0, 40.0]
    """
    missing = np.isnan(values)
    known = values[~missing]
    if kind == "category":
        return _bin_category(feature, values, missing, points)
    distinct = np.unique(known)
    cuts = _cut_points(known, distinct, points)
    codes = np.searchsorted(cuts, values, side="left").astype(np.int64) + 1
    codes[missing] = 0
    seen = bool(missing.any())
    only = (float(distinct[0]), float(distinct[1])) if distinct.size == 2 else None
    splits = [
        Split(feature, "over", float(cut), missing_yes, seen, only)
        for cut in cuts
        for missing_yes in ((False, True) if seen else (False,))
    ]
    last_no = np.repeat(np.arange(1, cuts.size + 1), 2 if seen else 1)
    return _with_missing(feature, codes, cuts.size + 2, splits, last_no)


def _bin_category(feature: int, values: FloatArray, missing: BoolArray, points: int) -> Binned:
    """Give the most frequent levels a bin each; the others share the last."""
    levels, counts = np.unique(values[~missing], return_counts=True)
    frequent = np.sort(levels[np.argsort(-counts, kind="stable")[:points]])
    place = np.searchsorted(frequent, values)
    found = place < frequent.size
    found[found] = frequent[place[found]] == values[found]
    codes = np.where(found, place + 1, frequent.size + 1).astype(np.int64)
    codes[missing] = 0
    seen = bool(missing.any())
    splits = [Split(feature, "is", float(level), False, seen) for level in frequent]
    if levels.size < 2 and not seen:
        splits = []
    bins = np.arange(1, len(splits) + 1)
    return _with_missing(feature, codes, frequent.size + 2, splits, bins, ordered=False)


def _with_missing(
    feature: int,
    codes: IntArray,
    bins: int,
    splits: list[Split],
    last_no: IntArray,
    *,
    ordered: bool = True,
) -> Binned:
    """Add the question "is it missing?" where some values are and some are not."""
    seen = bool((codes == 0).any())
    if seen and bool((codes != 0).any()):
        splits = [*splits, Split(feature, "missing", 0.0, True, True)]
        last_no = np.append(last_no, 0)
    flags = np.array([split.missing_yes for split in splits], dtype=np.float64)
    return Binned(codes, bins, tuple(splits), last_no, flags, ordered)


def _cut_points(known: FloatArray, distinct: FloatArray, points: int) -> FloatArray:
    """Return ascending cut points at round numbers; a value on a cut is below it."""
    finite = distinct[np.isfinite(distinct)]
    if finite.size < 2:
        return np.empty(0)
    if finite.size <= points + 1:
        lows, highs = finite[:-1], finite[1:]
    else:
        levels = np.arange(1, 2 * points + 2) / (2 * points + 2)
        edges = np.quantile(known[np.isfinite(known)], levels)
        lows, highs = edges[:-1:2], edges[2::2]
    gaps = zip(lows.tolist(), highs.tolist(), strict=True)
    return np.unique([roundest(low, high) for low, high in gaps if low < high])


def roundest(low: float, high: float) -> float:
    """Return the number in [low, high) that takes the fewest digits to say, near the middle.

    Zero first, then multiples of 10, 5 and 2 of each power of ten, from the largest power down.

    Args:
        low: finite; may be returned.
        high: finite, above low; never returned.

    Cost O(1): at most 17 powers of ten.

    Example:
        >>> roundest(248.7, 251.2), roundest(0.1312, 0.1389), roundest(3.0, 4.0)
        (250.0, 0.135, 3.0)
    """
    if low <= 0.0 < high:
        return 0.0
    top = math.floor(math.log10(max(abs(low), abs(high)))) + 1
    for power in range(top, top - DIGITS - 1, -1):
        for step in (10, 5, 2):
            found = _multiple(low, high, step, power - 1)
            if found is not None:
                return found
    return low


def _multiple(low: float, high: float, step: int, power: int) -> float | None:
    """Return the multiple of step x 10^power in [low, high) nearest to the middle, if any."""
    unit = float(f"{step}e{power}")
    if unit == 0.0:
        return None
    nearest = round((low / 2 + high / 2) / unit)
    for times in (nearest, nearest - 1, nearest + 1):
        found = float(f"{times * step}e{power}")
        if low <= found < high:
            return found
    return None

"""What can be said of offers with dials: sayable values, the lattice of points, names.

A sayable value of dial j is low_j + k increment_j within the box. Without an increment it is one
of the values tried, when the log holds at most `FEW_TRIED` different offers, and else a round step
of at least a hundredth of the box. A categorical dial has its levels and nothing between.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.spatial import cKDTree

from handful.brief.dials import number_text
from handful.experiment.records import Dials
from handful.notation import BoolArray, FloatArray, IntArray

FEW_TRIED: Final = 40
"""A log with at most this many different offers is a design of levels: no value between is new."""

FREE_VALUES: Final = 100
"""Sayable values of a dial without an increment, at most."""

_DIGITS: Final = 10
_APART: Final = 1e6
_SLACK: Final = 1e-9


def categorical(dials: Dials) -> BoolArray:
    """Return (d,) True for the dials whose values are levels, with nothing between them.

    Example:
        >>> one = np.array([1.0])
        >>> categorical(Dials(("a",), one[None], one[None], one, one, one)).tolist()
        [False]
    """
    return np.array([bool(levels) for levels in dials.levels or ((),) * len(dials.names)])


def widths(dials: Dials) -> FloatArray:
    """Return (d,) the scale on which dials are compared: the width of what was tried.

    Two levels of a categorical dial are always far apart.
    """
    width = np.nanmax(dials.received, axis=0) - np.nanmin(dials.received, axis=0)
    scale: FloatArray = np.where(categorical(dials), 1.0 / _APART, np.where(width > 0, width, 1.0))
    return scale


def tried_points(received: FloatArray) -> FloatArray:
    """Return the (m, d) different offers of a log, sorted; rows without an offer are left out.

    Cost: O(n log n).

    Example:
        >>> tried_points(np.array([[2.0], [1.0], [2.0], [np.nan]])).tolist()
        [[1.0], [2.0]]
    """
    points: FloatArray = np.unique(received[~np.isnan(received).any(axis=1)], axis=0)
    return points


def axes(dials: Dials) -> tuple[FloatArray, ...]:
    """Return the sayable values of each dial, ascending; see the module's head.

    Cost: O(n log n) for a dial without an increment.

    Example:
        >>> axes(Dials(("a",), np.array([[0.0], [1.0]]), np.zeros((0, 1)), np.array([0.0]),
        ...            np.array([1.0]), np.array([0.5])))[0].tolist()
        [0.0, 0.5, 1.0]
    """
    free = np.isnan(dials.increment)
    tried = tried_points(dials.received) if free.any() else np.zeros((0, len(dials.names)))
    return tuple(
        _free_values(tried[:, j], float(low), float(high), few=len(tried) <= FEW_TRIED)
        if np.isnan(step)
        else _steps(float(low), float(high), float(step), float(low))
        for j, (low, high, step) in enumerate(
            zip(dials.low, dials.high, dials.increment, strict=True)
        )
    )


def _steps(low: float, high: float, step: float, start: float) -> FloatArray:
    first = np.ceil((low - start) / step - _SLACK)
    last = np.floor((high - start) / step + _SLACK)
    values: FloatArray = np.round(start + step * np.arange(first, last + 1), _DIGITS)
    return values


def _free_values(tried: FloatArray, low: float, high: float, *, few: bool) -> FloatArray:
    if few:
        known = np.unique(tried)
        within: FloatArray = known[(known >= low - _SLACK) & (known <= high + _SLACK)]
        return within
    least = (high - low) / FREE_VALUES
    size = 10.0 ** np.floor(np.log10(least))
    step = next(size * k for k in (1.0, 2.0, 5.0, 10.0) if size * k >= least * (1 - _SLACK))
    return _steps(low, high, step, 0.0)


def product(values: tuple[FloatArray, ...]) -> FloatArray:
    """Return (m, d) every combination of the values, the last dial running fastest."""
    grid = np.meshgrid(*values, indexing="ij")
    return np.stack([axis.ravel() for axis in grid], axis=1)


def nearest_candidate(dials: Dials, points: FloatArray) -> IntArray:
    """Return (m,) code of the candidate nearest to each point; NaN goes to the NaN candidate.

    Distance is Euclidean in shares of the range tried; levels of a categorical dial never mix.

    Cost: O(m log G).

    Example:
        >>> one = np.array([1.0])
        >>> dials = Dials(("a",), np.array([[0.0], [9.0]]), np.array([[0.0], [5.0]]), one, one, one)
        >>> nearest_candidate(dials, np.array([[1.0], [9.0]])).tolist()
        [0, 1]
    """
    scale = widths(dials)
    offered = ~np.isnan(dials.candidates).any(axis=1)
    codes = np.flatnonzero(offered)
    tree = cKDTree(dials.candidates[offered] / scale)
    known = ~np.isnan(points).any(axis=1)
    nearest = np.full(len(points), int(np.flatnonzero(~offered)[0]) if not offered.all() else 0)
    nearest[known] = codes[tree.query(points[known] / scale)[1]]
    return nearest.astype(np.int64)


def point_names(dials: Dials, points: FloatArray, no_offer: str = "no offer") -> tuple[str, ...]:
    """Return (m,) the points as they are said: "discount 0.15, minimum_basket 30".

    Example:
        >>> one = np.array([1.0])
        >>> dials = Dials(("amount",), one[None], one[None], one, one, one)
        >>> point_names(dials, np.array([[100.0], [np.nan]]))
        ('amount 100', 'no offer')
    """
    return tuple(
        no_offer
        if np.isnan(point).any()
        else ", ".join(
            f"{name} {value_text(dials, j, float(point[j]))}" for j, name in enumerate(dials.names)
        )
        for point in points
    )


def value_text(dials: Dials, dial: int, value: float) -> str:
    """Return a value of a dial as it is said: a level's name, or the number without a tail."""
    levels = dials.levels[dial] if dials.levels else ()
    if levels:
        return levels[int(value)]
    return number_text(value)

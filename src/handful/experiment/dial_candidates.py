"""The candidate points of offers with dials: few enough to search, sayable, and tried somewhere.

All sayable points of the box where there are at most `MOST_CANDIDATES`; else an even choice of the
sayable values of each dial, so that every candidate is a point of the lattice. With at most 40
different offers in the log and no increment, the candidates are those offers. A point that no
stratum tried is no candidate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from handful.brief.dials import DialSpec
from handful.experiment.dial_support import support_of
from handful.experiment.dials import (
    FEW_TRIED,
    axes,
    categorical,
    nearest_candidate,
    point_names,
    product,
    tried_points,
)
from handful.experiment.records import Design, Dials
from handful.notation import BoolArray, FloatArray, IntArray

MOST_CANDIDATES: Final = 120
"""Candidate points at most, the control besides."""

_SLACK: Final = 1e-9


@dataclass(frozen=True, slots=True)
class DialOffers:
    """What a log with dials offers: the record, and each row's nearest candidate.

    Attributes:
        dials: with its candidates, the control first.
        offer: (n,) code of the nearest candidate of what each row received.
        offers: (G,) names of the candidates.
        control: 0 when there is a control, else None.
        support: (S, G) where each candidate was tried.
    """

    dials: Dials
    offer: IntArray
    offers: tuple[str, ...]
    control: int | None
    support: BoolArray


def box_of(
    received: FloatArray,
    specs: Sequence[DialSpec],
    levels: tuple[tuple[str, ...], ...] = (),
) -> Dials:
    """Return dials without candidates: the box asked for, or the range tried.

    Args:
        received: (n, d); NaN where a row received no offer.
        specs: (d,) one per dial; what is None comes from the log.
        levels: (d,) level names of the categorical dials, () for numbers.

    Example:
        >>> box_of(np.array([[1.0], [3.0]]), [DialSpec("rate", increment=0.5)]).high.tolist()
        [3.0]
    """
    least, most = np.nanmin(received, axis=0), np.nanmax(received, axis=0)
    lows = [least[j] if spec.low is None else spec.low for j, spec in enumerate(specs)]
    highs = [most[j] if spec.high is None else spec.high for j, spec in enumerate(specs)]
    named = levels or ((),) * len(specs)
    steps = [
        1.0 if named[j] else np.nan if spec.increment is None else spec.increment
        for j, spec in enumerate(specs)
    ]
    return Dials(
        names=tuple(spec.name for spec in specs),
        received=np.ascontiguousarray(received, dtype=np.float64),
        candidates=np.zeros((0, len(specs))),
        low=np.array(lows, dtype=np.float64),
        high=np.array(highs, dtype=np.float64),
        increment=np.array(steps, dtype=np.float64),
        levels=named if any(named) else (),
    )


def settle_dials(
    box: Dials,
    stratum: IntArray,
    n_strata: int,
    control: FloatArray | None,
    pinned: FloatArray | None = None,
) -> DialOffers:
    """Choose the candidates of a box and give each row its nearest one.

    Args:
        box: dials without candidates.
        stratum: (n,) codes.
        n_strata: S.
        control: (d,) the control's point, NaN for rows that received nothing, or None.
        pinned: (m, d) points that must be candidates.

    Returns:
        The offers; the control comes first.

    Cost: O(n G d).

    Example:
        >>> received = np.repeat([[0.0], [1.0], [2.0]], 100, axis=0)
        >>> stratum = np.zeros(300, dtype=np.int64)
        >>> box = box_of(received, [DialSpec("amount", increment=1.0)])
        >>> settle_dials(box, stratum, 1, np.array([0.0])).offers
        ('amount 0', 'amount 1', 'amount 2')
    """
    points = _candidate_points(box)
    tried = support_of(box, stratum, n_strata, points)
    points = points[tried.any(axis=0)]
    for point in () if pinned is None else pinned[::-1]:
        points = _first(point, points)
    if control is not None:
        points = _first(control, points)
    dials = replace(box, candidates=points)
    return DialOffers(
        dials=dials,
        offer=nearest_candidate(dials, box.received),
        offers=point_names(dials, points),
        control=None if control is None else 0,
        support=support_of(box, stratum, n_strata, points),
    )


def _first(point: FloatArray, points: FloatArray) -> FloatArray:
    """Put a point before the others, once."""
    same = (np.abs(points - point) <= _SLACK).all(axis=1)
    return np.vstack([point, points[~same]])


def _candidate_points(box: Dials) -> FloatArray:
    if np.isnan(box.increment).all():
        tried = tried_points(box.received)
        if len(tried) <= FEW_TRIED:
            within = (tried >= box.low - _SLACK) & (tried <= box.high + _SLACK)
            return tried[within.all(axis=1)]
    values = axes(box)
    counts = np.array([len(axis) for axis in values])
    kept = counts.copy()
    numbers = ~categorical(box)
    while np.prod(kept, dtype=np.float64) > MOST_CANDIDATES and (kept[numbers] > 2).any():
        kept[np.argmax(np.where(numbers, kept, 0))] -= 1
    return product(
        tuple(
            axis[np.round(np.linspace(0, len(axis) - 1, count)).astype(np.int64)]
            for axis, count in zip(values, kept, strict=True)
        )
    )


def dial_design(
    settled: DialOffers,
    stratum: IntArray,
    n_strata: int,
    logged: FloatArray | None = None,
) -> Design:
    """Return the design of offers with dials: shares of rows at the nearest candidate.

    Where the log carries the density (or probability) p_i of what each row received, a row's
    share is p_i times the constant of its cell that makes the weights 1 / e_i of the cell add up
    to the rows of the stratum: c = sum_i (1 / p_i) / n_s.

    Args:
        settled: candidates and each row's nearest.
        stratum: (n,) codes.
        n_strata: S.
        logged: (n,) density or probability of what each row received, above 0.

    Cost: O(n + S G).

    Example:
        >>> received = np.repeat([[0.0], [1.0]], 100, axis=0)
        >>> stratum = np.zeros(200, dtype=np.int64)
        >>> box = box_of(received, [DialSpec("amount", increment=1.0)])
        >>> dial_design(settle_dials(box, stratum, 1, None), stratum, 1).received[0]
        np.float64(0.5)
    """
    g = len(settled.offers)
    counts = np.bincount(stratum * g + settled.offer, minlength=n_strata * g).reshape(n_strata, g)
    rows = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shares = counts / rows
    if logged is None:
        return Design("design", shares, shares[stratum, settled.offer], settled.support)
    cell = stratum * g + settled.offer
    inverse = np.bincount(cell, weights=1.0 / logged, minlength=n_strata * g)
    scale = (inverse.reshape(n_strata, g) / rows)[stratum, settled.offer]
    return Design("column", shares, np.minimum(logged * scale, 1.0), settled.support)

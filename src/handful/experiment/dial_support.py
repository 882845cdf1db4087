"""Where an offer with dials may be given again: only where its stratum tried it.

A point is open in a stratum when it lies inside the convex hull of the points that stratum tried
(an interval for one dial; the exact level of a categorical dial) and enough rows of the stratum,
and of the log, received something near it. Nothing is ever extrapolated.

"Near" is a box around the point with a fifth of the volume of the range tried: half-widths of
0.2^(1/d) / 2 of each dial's range, that is 10 %, 22 % and 29 % for one, two and three dials.
Enough is 50 rows; a stratum of fewer than 1,000 rows needs a quarter of what an even spread over
the range would put there. A NaN point ("no offer") follows the rule of discrete offers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.spatial import ConvexHull

from handful.experiment.design import MIN_PROPENSITY, MIN_ROWS, SMALL_STRATUM_SHARE
from handful.experiment.dials import categorical, tried_points, widths
from handful.experiment.records import Dials, Experiment
from handful.notation import BoolArray, FloatArray, IntArray

NEAR_VOLUME: Final = 0.2
"""Share of the tried range's volume that counts as near a point."""

_TOLERANCE: Final = 1e-9
_BLOCK: Final = 2_000_000


def dial_support(experiment: Experiment, points: FloatArray) -> BoolArray:
    """Return (S, m) True where a point may be given to a stratum; see the module's head.

    Args:
        experiment: a log with dials.
        points: (m, d) points in the dials' own units; a row of NaN means "no offer".

    Raises:
        ValueError: the log has no dials.

    Cost: O(n m d) and a convex hull per stratum.

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> log = simulate("quadratic_dial", n=2_000).experiment
        >>> dial_support(log, np.array([[0.5], [1.2]])).tolist()
        [[True, False]]
    """
    if experiment.dials is None:
        raise ValueError("expected an experiment with dials")
    return support_of(experiment.dials, experiment.stratum, len(experiment.strata), points)


def support_of(dials: Dials, stratum: IntArray, n_strata: int, points: FloatArray) -> BoolArray:
    """Return (S, m) as `dial_support`, from the dials and strata alone."""
    scale = widths(dials)
    levels = categorical(dials)
    tried, asked = dials.received / scale, points / scale
    offered = ~np.isnan(tried).any(axis=1)
    numeric = np.flatnonzero(~levels)
    half = NEAR_VOLUME ** (1.0 / max(numeric.size, 1)) / 2.0
    rows = np.bincount(stratum, minlength=n_strata)
    # A categorical dial splits the rows among its levels; each level holds its own share.
    spread = NEAR_VOLUME / float(np.prod([len(dials.levels[j]) for j in np.flatnonzero(levels)]))
    least = np.minimum(MIN_ROWS, np.maximum(SMALL_STRATUM_SHARE * spread * rows, 1.0))
    near = np.zeros((n_strata, len(points)), dtype=np.int64)
    inside = np.zeros((n_strata, len(points)), dtype=bool)
    for s in range(n_strata):
        here = tried[offered & (stratum == s)]
        near[s] = _count_near(here, asked, half)
        inside[s] = _within(here, asked, np.flatnonzero(levels), numeric)
    everywhere = near.sum(axis=0) >= MIN_ROWS
    open_cells: BoolArray = inside & (near >= least[:, None]) & everywhere
    silent = np.isnan(points).any(axis=1)
    if silent.any():
        none = np.bincount(stratum[~offered], minlength=n_strata)
        equal_share = rows / 2.0
        need = np.minimum(MIN_ROWS, np.maximum(SMALL_STRATUM_SHARE * equal_share, 1.0))
        share = none / np.maximum(rows, 1)
        control = (none >= need) & (none.sum() >= MIN_ROWS) & (share >= MIN_PROPENSITY)
        open_cells[:, silent] = control[:, None]
    return open_cells


def _count_near(tried: FloatArray, asked: FloatArray, half: float) -> IntArray:
    """Return (m,) rows within `half` of each point in every dial; levels are always apart."""
    counts = np.zeros(len(asked), dtype=np.int64)
    size = max(1, _BLOCK // max(len(tried), 1))
    for start in range(0, len(asked), size):
        block = asked[start : start + size]
        close: BoolArray = np.ones((len(block), len(tried)), dtype=bool)
        for j in range(tried.shape[1]):
            apart = np.abs(block[:, j, None] - tried[None, :, j])
            np.logical_and(close, apart <= half + _TOLERANCE, out=close)
        counts[start : start + size] = close.sum(axis=1)
    return counts


def _within(tried: FloatArray, asked: FloatArray, levels: IntArray, numeric: IntArray) -> BoolArray:
    """Return (m,) True inside the hull of the rows tried with the same levels."""
    inside = np.zeros(len(asked), dtype=bool)
    if not levels.size:
        return _Hull.of(tried).holds(asked) if len(tried) else inside
    combinations = tried_points(asked[:, levels])
    for combination in combinations:
        same = (np.abs(tried[:, levels] - combination) < _TOLERANCE).all(axis=1)
        here = (np.abs(asked[:, levels] - combination) < _TOLERANCE).all(axis=1)
        if not same.any():
            continue
        if not numeric.size:
            inside[here] = True
            continue
        inside[here] = _Hull.of(tried[same][:, numeric]).holds(asked[here][:, numeric])
    return inside


@dataclass(frozen=True, slots=True)
class _Hull:
    """A convex hull in the subspace that its points span: A x + b <= 0 within, no way off it."""

    centre: FloatArray
    along: FloatArray
    off: FloatArray
    faces: FloatArray

    @classmethod
    def of(cls, points: FloatArray) -> _Hull:
        """Return the hull of (m, d) points, which may all lie on a line or be one point."""
        centre = points.mean(axis=0)
        # The directions of a (d, d) scatter, so that no (m, m) matrix is ever made.
        spread, turn = np.linalg.eigh(
            np.cov(points.T - centre[:, None], bias=True).reshape(points.shape[1], points.shape[1])
        )
        lively = spread > _TOLERANCE**1.5
        along, off = turn[:, lively], turn[:, ~lively]
        flat = (points - centre) @ along
        if along.shape[1] == 0:
            faces = np.zeros((0, 1))
        elif along.shape[1] == 1:
            faces = np.array([[1.0, -flat.max()], [-1.0, flat.min()]])
        else:
            faces = ConvexHull(flat).equations
        return cls(centre, along, off, faces)

    def holds(self, points: FloatArray) -> BoolArray:
        """Return (m,) True for the points inside; NaN is outside."""
        moved = points - self.centre
        off = np.abs(moved @ self.off) <= 1e-6
        flat = moved @ self.along
        signed = flat @ self.faces[:, :-1].T + self.faces[:, -1]
        within = np.asarray(off.all(axis=1) & (signed <= _TOLERANCE * 10).all(axis=1))
        return within & ~np.isnan(points).any(axis=1)

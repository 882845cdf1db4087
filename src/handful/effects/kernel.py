"""What a row's outcome says of nearby offers: kernel weights for offers with dials.

    Gamma_ig = P_ig + w_ig (y_i - P(x_i, t_i)),    w_ig = K_h(t_i - t_g) b(t_i) . a_g

K is the product of Epanechnikov kernels over dials and b the quadratics in the dials; a_g makes
mean_{j in s_i} w_jg b(t_j) = b(t_g), so weights average to one and a misfit of the model that bends
like a quadratic within h leaves no bias, at the edge of the box either (a local quadratic
regression, Fan and Gijbels 1996, on the doubly robust residual, Kennedy, Ma, McHugh and Small 2017;
Colangelo and Lee 2020). Plain kernel averages were tried: one-to-one goes where the model is too
high, mostly at edges, and averaging over neighbours hides that (docs/decisions/0010). "No offer"
and the levels of a dial with few of them are matched exactly, which is the discrete score.
Cost O(n G (d + r)), r quadratics.
"""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Final

import numpy as np

from handful.effects.response import FEW_LEVELS, SLACK, dials_of, is_control
from handful.experiment.dials import categorical, widths
from handful.experiment.records import Experiment
from handful.notation import BoolArray, Float32Array, FloatArray

REFERENCE: Final = 7.0
"""Half-width in standard deviations at n = 1: three times what fits a plain average best."""

LEAST_ROWS: Final = 25
"""Rows of a stratum that must be within reach of an offer: the half-width doubles until so."""

ALONE: Final = 3.5
"""The same where one dial turns: wider, a bumpy curve keeps part of its luck at the offer chosen
for it (120 plans in pure noise, n = 4,000: best single 0.33 se too high at 7, 0.05 at 3.5)."""

DOUBLINGS: Final = 6
BLOCK: Final = 4_000_000
SINGULAR: Final = 1e-9


def rule_bandwidth(experiment: Experiment) -> FloatArray:
    """Return the half-width along each dial.

    h_k = 7 sd(t_k) n^(-1 / (4 + d)), half of that where one dial turns alone; 0, exact matching,
    along a dial of at most 12 levels.

    Args:
        experiment: a log with dials.

    Returns:
        (d,) in the dial's own unit.

    Raises:
        ValueError: the log has no dials.

    Cost: O(n d).
    """
    dials = dials_of(experiment)
    tried = dials.received[~is_control(experiment, dials.received)]
    exact = np.array([len(np.unique(tried[:, k])) <= FEW_LEVELS for k in range(tried.shape[1])])
    exact |= categorical(dials)
    free = int((~exact).sum())
    reference = ALONE if free == 1 else REFERENCE
    width = reference * tried.std(axis=0) * len(tried) ** (-1.0 / (4 + free))
    bandwidth: FloatArray = np.where(exact, 0.0, width)
    return bandwidth


def kernel_weights(
    experiment: Experiment, points: FloatArray, bandwidth: FloatArray
) -> Float32Array:
    """Return (n, m) the weight of every row's outcome in the score of every point.

    Args:
        experiment: a log with dials.
        points: (m, d).
        bandwidth: (d,) half-widths; 0 matches exactly.

    Returns:
        (n, m); within each stratum a column averages to one, or is zero where nothing is near.

    Raises:
        ValueError: the log has no dials.

    Cost: O(n m (d + r)) for r quadratics.
    """
    dials = dials_of(experiment)
    silent = is_control(experiment, dials.received)
    silent_point = is_control(experiment, points)
    exact = SLACK * widths(dials)
    weights = np.zeros((len(silent), len(points)), dtype=np.float32)
    for s in range(len(experiment.strata)):
        rows = np.flatnonzero(experiment.stratum == s)
        if not len(rows):
            continue
        weights[np.ix_(rows, silent_point)] = _even(silent[rows])[:, None]
        shown = rows[~silent[rows]]
        asked = np.flatnonzero(~silent_point)
        size = max(1, BLOCK // max(len(shown), 1))
        for start in range(0, len(asked), size) if len(shown) else ():
            block = asked[start : start + size]
            near = _near(dials.received[shown], points[block], bandwidth, exact)
            local = _local(near, dials.received[shown], points[block], bandwidth)
            weights[np.ix_(shown, block)] = local * len(rows)
    return weights


def _even(chosen: BoolArray) -> FloatArray:
    """Return weights of the chosen rows that average to one."""
    share = float(chosen.mean())
    return chosen / share if share > 0 else np.zeros(len(chosen))


def _near(
    received: FloatArray, points: FloatArray, bandwidth: FloatArray, exact: FloatArray
) -> FloatArray:
    """Return the kernel around every point, wider where too few rows are within reach."""
    found = _kernel(received, points, np.maximum(bandwidth, exact))
    for doubling in range(1, DOUBLINGS + 1):
        few = (found > 0).sum(axis=0) < min(LEAST_ROWS, len(received))
        if not few.any() or not bandwidth.any():
            break
        found[:, few] = _kernel(received, points[few], np.maximum(bandwidth * 2.0**doubling, exact))
    return found


def _kernel(received: FloatArray, points: FloatArray, width: FloatArray) -> FloatArray:
    found = np.ones((len(received), len(points)))
    for k in range(points.shape[1]):
        apart = (received[:, k, None] - points[None, :, k]) / width[k]
        np.square(apart, out=apart)
        np.subtract(1.0, apart, out=apart)
        np.maximum(apart, 0.0, out=apart)
        found *= apart
    return found


def _local(
    near: FloatArray, received: FloatArray, points: FloatArray, bandwidth: FloatArray
) -> FloatArray:
    """Turn kernels (n, m) into weights that add up to one and reproduce quadratics at the point."""
    free = np.flatnonzero(bandwidth > 0)
    centre, scale = received[:, free].mean(axis=0), np.maximum(received[:, free].std(axis=0), 1e-12)
    rows = _quadratics((received[:, free] - centre) / scale)
    at = _quadratics((points[:, free] - centre) / scale)
    count = rows.shape[1]
    pairs = (rows[:, :, None] * rows[:, None, :]).reshape(len(rows), -1)
    second = (near.T @ pairs).reshape(len(points), count, count)
    solved = np.linalg.pinv(second, rcond=SINGULAR, hermitian=True) @ at[:, :, None]
    weights = near * (rows @ solved[:, :, 0].T)
    total = weights.sum(axis=0)
    # A point that lies apart from all that was tried in reach: the plain average has to do.
    plain = near / np.maximum(near.sum(axis=0), 1e-300)
    local: FloatArray = np.where(total > 0.5, weights / np.where(total > 0.5, total, 1.0), plain)
    return local


def _quadratics(settings: FloatArray) -> FloatArray:
    """Return 1, each dial, and the products of two dials."""
    columns = [np.ones(len(settings)), *settings.T]
    for a, b in combinations_with_replacement(range(settings.shape[1]), 2):
        columns.append(settings[:, a] * settings[:, b])
    return np.column_stack(columns)

"""What a row's outcome says of nearby offers: kernel weights for offers with dials.

    Gamma_ig = P_ig + w_ig (y_i - P(x_i, t_i))
    w_ig = K_h(t_i - t_g) / mean_{j in s_i} K_h(t_j - t_g)

with K the product of Epanechnikov kernels over dials. Dividing by the stratum's own average makes
weights average to one everywhere, at the edge of the box too. Smoothing leaves a bias of the size
of how much the model's MISFIT bends within h, so h is varied and shown. "No offer" and the levels
of a dial with few of them are matched exactly, which is the discrete score.
(Kennedy, Ma, McHugh and Small 2017; Colangelo and Lee 2020.) Cost O(n G d).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from handful.effects.response import FEW_LEVELS, SLACK, dials_of, is_control
from handful.experiment.dials import categorical, widths
from handful.experiment.records import Experiment
from handful.notation import Float32Array, FloatArray

REFERENCE: Final = 2.34
"""Epanechnikov half-width, in standard deviations, that fits a normal density best at n = 1."""

LEAST_ROWS: Final = 25
"""Rows of a stratum that must be within reach of an offer: the half-width doubles until so."""

DOUBLINGS: Final = 6
BLOCK: Final = 4_000_000


def rule_bandwidth(experiment: Experiment) -> FloatArray:
    """Return the half-width along each dial by the normal-reference rule.

    h_k = 2.34 sd(t_k) n^(-1 / (4 + d)); 0, exact matching, along a dial of at most 12 levels.

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
    width = REFERENCE * tried.std(axis=0) * len(tried) ** (-1.0 / (4 + free))
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

    Cost: O(n m d).
    """
    received = dials_of(experiment).received
    silent, silent_point = is_control(experiment, received), is_control(experiment, points)
    exact = SLACK * widths(dials_of(experiment))
    weights = np.zeros((len(received), len(points)), dtype=np.float32)
    for s in range(len(experiment.strata)):
        rows = np.flatnonzero(experiment.stratum == s)
        if not len(rows):
            continue
        size = max(1, BLOCK // len(rows))
        for start in range(0, len(points), size):
            block = slice(start, start + size)
            found = _near(received[rows], points[block], bandwidth, exact)
            found[np.ix_(silent[rows], ~silent_point[block])] = 0.0
            found[:, silent_point[block]] = silent[rows, None]
            weights[rows, block] = _normalised(found)
    return weights


def _near(
    received: FloatArray, points: FloatArray, bandwidth: FloatArray, exact: FloatArray
) -> FloatArray:
    """Return the kernel around every point, wider where too few rows are within reach."""
    found = _kernel(received, points, np.maximum(bandwidth, exact))
    for doubling in range(1, DOUBLINGS + 1):
        few = (found > 0).sum(axis=0) < min(LEAST_ROWS, len(received))
        few &= ~np.isnan(points).any(axis=1)
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
    return np.nan_to_num(found, copy=False, nan=0.0)


def _normalised(found: FloatArray) -> FloatArray:
    mean = found.mean(axis=0)
    return found / np.where(mean > 0, mean, 1.0)

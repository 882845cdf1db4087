"""Convex stacking: how much of the additive and of the boosted model to believe, out of fold.

minimise sum_i |D_i - c - a R_i - b B_i|^2 over a, b >= 0, a + b <= 1, where c is "same for
everyone". Unless that beats c alone by more than one standard error, c wins and personalisation
disappears. Cost O(n G).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.notation import FloatArray, IntArray

STANDARD_ERRORS: Final = 1.0
"""The improvement over "same for everyone" must exceed this many standard errors."""


@dataclass(frozen=True, slots=True)
class StackWeights:
    """Weights of the additive and the boosted model; "same for everyone" has the rest."""

    additive: float
    boosted: float

    @property
    def same_for_all(self) -> float:
        """Weight of the constant model."""
        return 1.0 - self.additive - self.boosted


def stack(
    residual: FloatArray, additive: FloatArray, boosted: FloatArray, cluster: IntArray
) -> StackWeights:
    """Find the convex weights with the least out-of-fold loss.

    Args:
        residual: (n, G) targets less the constant model's out-of-fold prediction.
        additive: (n, G) what the additive model adds to the constant, out of fold.
        boosted: (n, G) what the boosted model adds, out of fold.
        cluster: (n,) codes, for the standard error of the improvement.

    Returns:
        The weights; both zero when the improvement is within one standard error.

    Cost: O(n G).

    Example:
        >>> d = np.array([[1.0, -1.0], [-1.0, 1.0]] * 50)
        >>> stack(d, d, np.zeros_like(d), np.arange(100)).additive
        1.0
    """
    cross = np.array([np.vdot(residual, additive), np.vdot(residual, boosted)])
    mixed = float(np.vdot(additive, boosted))
    gram = np.array([[np.vdot(additive, additive), mixed], [mixed, np.vdot(boosted, boosted)]])
    best = min(_corners(cross, gram), key=lambda w: float(w @ gram @ w - 2 * w @ cross))
    if not np.any(best):
        return StackWeights(0.0, 0.0)
    model = best[0] * additive + best[1] * boosted
    gain = np.bincount(cluster, np.sum(model * (2 * residual - model), axis=1))
    error = float(gain.std()) * np.sqrt(len(gain))
    if gain.sum() <= STANDARD_ERRORS * error:
        return StackWeights(0.0, 0.0)
    return StackWeights(float(best[0]), float(best[1]))


def _corners(cross: FloatArray, gram: FloatArray) -> list[FloatArray]:
    """Candidates for the optimum of a convex quadratic on a triangle: inside, sides, corners."""
    points = [np.zeros(2), np.array([1.0, 0.0]), np.array([0.0, 1.0])]
    for at in (0, 1):
        if gram[at, at] > 0:
            point = np.zeros(2)
            point[at] = np.clip(cross[at] / gram[at, at], 0.0, 1.0)
            points.append(point)
    determinant = gram[0, 0] * gram[1, 1] - gram[0, 1] ** 2
    if determinant > 1e-12 * max(gram[0, 0] * gram[1, 1], 1e-300):
        inside = np.linalg.solve(gram, cross)
        if np.all(inside >= 0) and inside.sum() <= 1:
            points.append(inside)
    along = gram[0, 0] - 2 * gram[0, 1] + gram[1, 1]
    if along > 0:
        share = np.clip((cross[0] - cross[1] - gram[0, 1] + gram[1, 1]) / along, 0.0, 1.0)
        points.append(np.array([share, 1.0 - share]))
    return points

"""The true expected profit of every offer for every simulated customer.

Every surface is P_g(x) = base(x) + tau_g(x): `base` is prognostic (it moves profit, not the choice
of offer) and tau_g is what offer g does. A missing number counts as 0 and a missing category as
none, so the truth is a function of the features that a policy can see.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.stats import norm

from handful.notation import FloatArray, IntArray

Surface = Literal["null", "types", "promotions", "linear_quadratic", "smooth"]

MATCH = 1.0
MISMATCH = -0.1
COMPROMISE = 0.4


def base_profit(x: FloatArray) -> FloatArray:
    """Return the (n,) profit that has nothing to do with the offer; at least 1 by construction."""
    first, second = x[:, 0], x[:, 1]
    softplus = np.log1p(np.exp(-np.abs(first))) + np.maximum(first, 0.0)
    base: FloatArray = 1.0 + softplus + 0.5 * np.tanh(second) + 0.5
    return base


def main_effects(offers: int, size: float) -> FloatArray:
    """Return (G,) main effects rising evenly from 0 (the control) to `size` (the last offer)."""
    effects: FloatArray = size * np.arange(offers) / max(offers - 1, 1)
    return effects


def customer_type(x: FloatArray, types: int) -> IntArray:
    """Return the (n,) type of each customer, 0..k-1, all equally likely for standard normals.

    Type j has x_j above its threshold and no earlier x above its own, so types are leaves of a
    narrow tree on the first k - 1 features.

    Example:
        >>> customer_type(np.array([[2.0, 0.0], [0.0, 1.0], [0.0, -1.0]]), 3).tolist()
        [0, 1, 2]
    """
    kind = np.full(x.shape[0], types - 1, dtype=np.int64)
    for j in range(types - 2, -1, -1):
        threshold = float(norm.ppf(1.0 - 1.0 / (types - j)))
        kind[x[:, j] > threshold] = j
    return kind


def type_effects(types: int, offers: int) -> FloatArray:
    """Return (k, G) effects: type j is served best by offer (1 + j) mod G.

    The offers that match no type are compromises: decent for everybody, best for nobody. The
    control (0) does nothing unless a type is matched to it.
    """
    effects = np.full((types, offers), MISMATCH)
    effects[:, 0] = 0.0
    spare = np.arange(types + 1, offers)
    effects[:, spare] = COMPROMISE - 0.05 * np.arange(spare.size)
    effects[np.arange(types), (1 + np.arange(types)) % offers] = MATCH
    return effects


def quadratic_curve(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return a_i, b_i of pi_i(t) = a_i t - b_i t^2 / 2; the best t is a_i / b_i, within (0, 1)."""
    best = 1.0 / (1.0 + np.exp(-(x[:, 0] + 0.5 * x[:, 1])))
    curvature = 4.0 + 2.0 * np.tanh(x[:, 2])
    return best * curvature, curvature


def quadratic_levels(offers: int) -> FloatArray:
    """Return the (G,) offered values of t, evenly from 0 (the control) to 1."""
    levels: FloatArray = np.linspace(0.0, 1.0, offers)
    return levels


def smooth_effects(
    x: FloatArray, categories: FloatArray, offers: int, rng: np.random.Generator
) -> FloatArray:
    """Return (n, G) linear, nonlinear, interaction and category effects, each bounded by 1.

    The coefficients come from `rng`, which the settings' `truth_seed` starts, so the same settings
    are always the same truth. The control's effect is 0.
    """
    effects = np.zeros((x.shape[0], offers))
    interaction = np.tanh(x[:, 0] * x[:, 1])
    wave = np.sin(1.5 * x[:, 2])
    for g in range(1, offers):
        direction = rng.standard_normal((x.shape[1], 1))
        direction /= np.sqrt(np.sum(direction**2))
        linear, curve, cross = rng.uniform(-1.0, 1.0, size=3)
        level = rng.uniform(-0.5, 0.5, size=16)
        effects[:, g] = 0.5 * linear * np.tanh(x @ direction)[:, 0] + 0.2 * curve * wave
        effects[:, g] += 0.3 * cross * interaction
        if categories.shape[1]:
            code = categories[:, 0]
            effects[:, g] += np.where(code >= 0, level[code.astype(np.int64) % 16], 0.0)
    return effects

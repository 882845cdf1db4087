"""Simultaneous 95 % bands: one critical value for a whole family of estimates.

c = 95 % quantile of max_q |Z_q|, Z normal with the family's own correlation: the law of the
Gaussian multiplier bootstrap of the sup-t statistic, drawn directly. Cost O(draws q^2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from handful.evidence.ledger import Means
from handful.evidence.records import Estimate
from handful.notation import FloatArray

LEVEL: Final = 0.95
DRAWS: Final = 20_000
NEGLIGIBLE: Final = 1e-12
"""A standard error below this share of the largest value is rounding, not noise."""


@dataclass(frozen=True, slots=True)
class Family:
    """Estimates L V of a family with their standard errors and common critical value."""

    value: FloatArray
    se: FloatArray
    critical: float

    def estimate(self, at: int) -> Estimate:
        """Return one member with its simultaneous band."""
        value, se = float(self.value[at]), float(self.se[at])
        return Estimate(value, se, value - self.critical * se, value + self.critical * se)


def make_family(means: Means, weights: FloatArray, seed: int) -> Family:
    """Return the estimates L V of a family of linear combinations, with simultaneous bands.

    Args:
        means: values and covariance of M columns.
        weights: L, (q, M).
        seed: of the draws behind the critical value.

    Cost: O(draws q^2 + q M^2).
    """
    covariance = weights @ means.covariance @ weights.T
    se = _errors(means, np.diag(covariance))
    return Family(weights @ means.value, se, critical_value(covariance, se, seed))


def _errors(means: Means, variance: FloatArray) -> FloatArray:
    se = np.sqrt(np.maximum(variance, 0.0))
    floor = NEGLIGIBLE * max(float(np.abs(means.value).max(initial=0.0)), 1e-300)
    shown: FloatArray = np.where(se > floor, se, 0.0)
    return shown


def standard_errors(means: Means, weights: FloatArray) -> FloatArray:
    """Return the (q,) standard errors of linear combinations, without their bands.

    Cost: O(q M^2).
    """
    return _errors(
        means, np.einsum("qm,mk,qk->q", weights, means.covariance, weights, optimize=True)
    )


def critical_value(covariance: FloatArray, se: FloatArray, seed: int) -> float:
    """Return the quantile of max |Z| over the members that vary at all.

    Example:
        >>> round(critical_value(np.eye(1), np.ones(1), 0), 1)
        2.0
    """
    varies = se > 0
    if not varies.any():
        return 0.0
    scaled = covariance[np.ix_(varies, varies)] / np.outer(se[varies], se[varies])
    root = normal_root(scaled)
    draws = np.random.default_rng([seed, 7]).standard_normal((DRAWS, len(root)))
    return float(np.quantile(np.abs(draws @ root.T).max(axis=1), LEVEL))


def normal_root(covariance: FloatArray) -> FloatArray:
    """Return R with R R' = covariance, so that R z is normal with it; singular is fine.

    Cost: O(q^3).
    """
    eigenvalues, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    root: FloatArray = vectors * np.sqrt(np.maximum(eigenvalues, 0.0))
    return root


def unit_rows(means: Means, names: list[str]) -> FloatArray:
    """Return L that picks the named columns as they are."""
    return np.eye(len(means.names))[[means.at(name) for name in names]]


def difference_rows(means: Means, pairs: list[tuple[str, str]]) -> FloatArray:
    """Return L for the paired differences first - second."""
    eye = np.eye(len(means.names))
    return np.array([eye[means.at(a)] - eye[means.at(b)] for a, b in pairs]).reshape(
        len(pairs), len(means.names)
    )

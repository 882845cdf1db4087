"""Ridge regression from addable moments: fit without any set of folds at the cost of a solve.

b = (sum_k Z_k'Z_k + diag(penalty))^-1 sum_k Z_k'Y_k. Moments of folds add up, so leaving folds out
is a subtraction, and the loss on a left-out fold is a quadratic form in the same moments.
Cost O(n m^2) once, O(m^3) a solve.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from handful.effects.basis import Basis
from handful.notation import FloatArray

GRID: Final = tuple(
    (line, step)
    for line in (10.0, 100.0, 1_000.0, 10_000.0)
    for step in (100.0, 1_000.0, 10_000.0, 1e9)
)
"""(penalty on lines, penalty on steps) for targets of unit noise: 1 / prior variance. The last
step penalty leaves straight lines only."""

UNPENALISED: Final = 1e-6
"""Keeps the system definite when a fold misses an arm or a column is empty."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over rows: gram Z'Z (m, m) and cross Z'Y (m, q)."""

    gram: FloatArray
    cross: FloatArray


def add(parts: Iterable[Moments]) -> Moments:
    """Return the moments of all parts together."""
    items = list(parts)
    return Moments(
        gram=np.sum([p.gram for p in items], axis=0),
        cross=np.sum([p.cross for p in items], axis=0),
    )


def penalties(basis: Basis, line: float, step: float) -> FloatArray:
    """Return the (m,) penalty of each column of the basis; the intercept is free."""
    penalty = np.where(np.asarray(basis.is_line), line, step)
    penalty[0] = UNPENALISED
    return penalty


def solve(sums: Moments, penalty: FloatArray) -> FloatArray:
    """Return ridge coefficients (m, q).

    Cost: O(m^3 + m^2 q).
    """
    factor = cho_factor(sums.gram + np.diag(penalty), lower=True, check_finite=False)
    coefficients: FloatArray = cho_solve(factor, sums.cross, check_finite=False)
    return coefficients


def excess_loss(sums: Moments, coefficients: FloatArray) -> FloatArray:
    """Return (q,) the squared error of each target less sum Y^2, on the rows behind the moments.

    sum |Y - Z b|^2 - sum Y^2 = b'Z'Z b - 2 b'Z'Y: enough to compare penalties.

    Cost: O(m^2 q).
    """
    fitted = sums.gram @ coefficients - 2 * sums.cross
    excess: FloatArray = np.einsum("mq,mq->q", coefficients, fitted)
    return excess

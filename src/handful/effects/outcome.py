"""The outcome model behind the scores: an additive ridge on profit, any folds left out at will.

mu_g(x) = alpha_g + stratum_s + b'z(x), g an offer or a node of a response surface. Its only job is
to take noise out of the scores; the design keeps them unbiased however wrong it is.
Cost O(n m^2) once, O(m^3) a set of folds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from handful.effects import ridge
from handful.effects.basis import Basis
from handful.notation import Float32Array, FloatArray, IntArray

MAX_STRATA: Final = 200
"""More strata than this get no dummies of their own: they would cost more than they explain."""

OUTCOME_GRID: Final = ((10.0, 100.0), (100.0, 1_000.0), (1_000.0, 10_000.0), (100.0, 1e9))

STRATUM_PENALTY: Final = 10.0

FoldSet = frozenset[int]


@dataclass(frozen=True, slots=True)
class OutcomeRows:
    """The columns of one fold: offer (or node) weights, stratum dummies, basis less intercept."""

    columns: FloatArray
    profit: FloatArray


@dataclass(frozen=True, slots=True)
class OutcomeModels:
    """Fits of the outcome model by the set of folds left out, each made once.

    Attributes:
        folds: rows of each fold.
        sums: moments of each fold.
        n_offers: G.
        penalty_rows: (choices, columns) penalty vectors to choose from.
    """

    folds: tuple[OutcomeRows, ...]
    sums: tuple[ridge.Moments, ...]
    n_offers: int
    penalty_rows: FloatArray
    fits: dict[tuple[FoldSet, int], FloatArray] = field(default_factory=dict)
    chosen: dict[FoldSet, int] = field(default_factory=dict)

    def predict(self, world: FoldSet, fold: int) -> FloatArray:
        """Return mu (n_fold, G) for the rows of a fold, learned without it and without `world`."""
        coefficients = self._fit(world | {fold}, self._choice(world))
        rows = self.folds[fold]
        count = self.n_offers
        base = rows.columns[:, count:] @ coefficients[count:]
        level: FloatArray = base[:, None] + coefficients[:count]
        return level

    def _choice(self, world: FoldSet) -> int:
        if world not in self.chosen:
            inside = [k for k in range(len(self.folds)) if k not in world]
            losses = [
                sum(
                    float(ridge.excess_loss(self.sums[k], self._fit(world | {k}, c)[:, None])[0])
                    for k in inside
                )
                for c in range(len(self.penalty_rows))
            ]
            self.chosen[world] = int(np.argmin(losses))
        return self.chosen[world]

    def _fit(self, removed: FoldSet, choice: int) -> FloatArray:
        key = (removed, choice)
        if key not in self.fits:
            kept = [s for k, s in enumerate(self.sums) if k not in removed]
            self.fits[key] = ridge.solve(ridge.add(kept), self.penalty_rows[choice])[:, 0]
        return self.fits[key]


def outcome_rows(
    columns: Float32Array,
    received: FloatArray,
    stratum: IntArray,
    profit: FloatArray,
    n_strata: int,
) -> OutcomeRows:
    """Put what was received and dummies of strata before the basis columns (n, m) of one fold.

    Args:
        columns: (n, m) basis, intercept first.
        received: (n, G) dummies of the offer received, or weights of its nodes.
        stratum: (n,) stratum codes.
        profit: (n,) profit in units of its own spread.
        n_strata: S.
    """
    n_offers = received.shape[1]
    strata = n_strata if 1 < n_strata <= MAX_STRATA else 0
    wide = np.zeros((len(received), n_offers + strata + columns.shape[1] - 1))
    wide[:, :n_offers] = received
    if strata:
        wide[np.arange(len(received)), n_offers + stratum] = 1.0
    wide[:, n_offers + strata :] = columns[:, 1:]
    return OutcomeRows(wide, profit)


def received_columns(offer: IntArray, n_offers: int) -> FloatArray:
    """Return (n, G) dummies of the offer received."""
    dummies = np.zeros((len(offer), n_offers))
    dummies[np.arange(len(offer)), offer] = 1.0
    return dummies


def make_outcome_models(
    folds: tuple[OutcomeRows, ...], basis: Basis, n_offers: int
) -> OutcomeModels:
    """Collect the moments of every fold and the penalties to choose from.

    Cost: O(n m^2).
    """
    sums = tuple(
        ridge.Moments(
            gram=rows.columns.T @ rows.columns,
            cross=(rows.columns.T @ rows.profit)[:, None],
        )
        for rows in folds
    )
    width = folds[0].columns.shape[1]
    strata = width - n_offers - (basis.width - 1)
    penalty = [
        np.concatenate(
            [
                np.full(n_offers, ridge.UNPENALISED),
                np.full(strata, STRATUM_PENALTY),
                ridge.penalties(basis, line, step)[1:],
            ]
        )
        for line, step in OUTCOME_GRID
    ]
    return OutcomeModels(folds, sums, n_offers, np.array(penalty))

"""Power of the second question: do customers differ in what an offer does to them?

handful's test adds h_j(x_i) . D_i over folds j > 1, h_j learned on the folds before, and takes a
one-sided 5 % level. With D_i in units of its noise and s the spread of true contrasts,

    t ~ N(lambda, 1),   lambda = sum_j sqrt(n_j) s rho(n_1 + ... + n_{j-1}) sqrt(n_j / n_test),

a noncentral approximation: rho comes from `learning`, s^2 = sum_g e_g (tau_g - mean)^2 / v. The
hardest case is taken: one offer's effects differ, the others' do not. Features are taken to vary
within clusters, so that clusters do not inflate h . D. Cost O(J).
"""

from __future__ import annotations

import math
from typing import Final

from scipy.stats import norm

from handful.notation import FloatArray
from handful.sizing.learning import TEST_SPEND, correlation, spend_of
from handful.sizing.noise import noise_of
from handful.sizing.records import Facts

FOLDS: Final = 5
CRITICAL: Final = float(norm.ppf(0.95))


def differing_power(facts: Facts, shares: FloatArray, rows: float, spread: float) -> float:
    """Return the chance that handful's heterogeneity test falls below p = 0.05.

    Args:
        facts: what is known beforehand.
        shares: (G,) of the offers, the control first.
        rows: of the experiment.
        spread: sd of customers' own effects of one offer, money per customer.

    Returns:
        A probability.

    Cost: O(J).

    Example:
        >>> import numpy as np
        >>> facts = Facts(("none", "mail"), 0.0, 1.0, 0.2, 0.1, 0.05)
        >>> round(differing_power(facts, np.array([0.5, 0.5]), 4000, 0.0), 2)
        0.05
    """
    share = float(shares[1])
    noise = noise_of(facts, facts.gain) * (1.0 - share) + noise_of(facts, 0.0) * share
    signal = spread**2 * share * (1.0 - share) / noise
    contrasts = facts.n_offers - 1
    spend = spend_of(TEST_SPEND, facts.features)
    fold = rows / FOLDS
    tested = fold * (FOLDS - 1)
    shown = sum(
        fold * math.sqrt(signal) * correlation(signal, contrasts, fold * before, spend)
        for before in range(1, FOLDS)
    )
    return float(norm.sf(CRITICAL - shown / math.sqrt(tested)))

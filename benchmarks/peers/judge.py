"""What a set of scores is worth: true value on simulations, doubly robust value on real data.

A method's policy gives each test row the open offer with the highest score. On real data the value
of policy pi on test rows is the mean of the doubly robust scores

    Gamma_i,pi(i) = mu_pi(i)(x_i) + 1{t_i = pi(i)} (y_i - mu_pi(i)(x_i)) / e_pi(i)(s_i)

with the design's probabilities e, so that it is unbiased whatever mu is; mu is a ridge regression
per offer, cross-fitted over clusters, the same for every method. Differences between methods are
paired, row by row, and averaged over the random halves; the standard error sums a cluster's
contributions over all halves first, so that halves that overlap are not counted as new data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from data_sets import Draw, Log
from encoding import encode_columns
from scipy.stats import norm, t
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tasks import design_shares

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """A mean over seeds or halves, its standard error, and half its 95 % interval."""

    mean: float
    se: float
    half_width: float


def decide(scores: np.ndarray, draw: Draw) -> np.ndarray:
    """(m,) the open offer with the highest score, ties to the first."""
    allowed = open_offers(draw)
    return np.argmax(np.where(allowed, scores, -np.inf), axis=1)


def open_offers(draw: Draw) -> np.ndarray:
    """(m, G) offers that may be given; the control where the log supports none."""
    allowed = draw.task.support[draw.task.test_stratum]
    allowed[~allowed.any(axis=1), 0] = True
    return allowed


def doubly_robust_scores(log: Log) -> np.ndarray:
    """(n, G) scores of the whole log; no row's mu has seen the row's own cluster."""
    n_offers = int(log.offer.max()) + 1
    n = log.offer.size
    shares = np.clip(design_shares(log.offer, log.stratum, n_offers), 1e-6, None)[log.stratum]
    x = encode_columns(log.values, log.levels, log.values)
    fold = np.random.default_rng(12345).integers(0, FOLDS, int(log.cluster.max()) + 1)[log.cluster]
    gamma = np.empty((n, n_offers))
    for k in range(FOLDS):
        held = fold == k
        for g in range(n_offers):
            rows = (~held) & (log.offer == g)
            model = make_pipeline(StandardScaler(), Ridge(alpha=100.0))
            gamma[held, g] = model.fit(x[rows], log.profit[rows]).predict(x[held])
    received = (np.arange(n), log.offer)
    gamma[received] += (log.profit - gamma[received]) / shares[received]
    return gamma


def row_values(draw: Draw, decision: np.ndarray, gamma: np.ndarray | None) -> np.ndarray:
    """(m,) what the decision is worth on each test row."""
    if draw.truth is not None:
        return draw.truth[np.arange(decision.size), decision]
    if gamma is None:
        raise ValueError("real data needs doubly robust scores")
    return gamma[draw.test_rows, decision]


def over_seeds(differences: list[np.ndarray]) -> Verdict:
    """Simulations: every seed is an independent experiment."""
    means = np.array([difference.mean() for difference in differences])
    se = float(means.std(ddof=1) / means.size**0.5)
    return Verdict(float(means.mean()), se, float(t.ppf(0.975, means.size - 1)) * se)


def over_halves(differences: list[np.ndarray], draws: list[Draw], cluster: np.ndarray) -> Verdict:
    """Real data: se^2 = sum_c (sum of c's centred contributions over all halves)^2."""
    contribution = np.zeros(int(cluster.max()) + 1)
    means = [difference.mean() for difference in differences]
    for difference, mean, draw in zip(differences, means, draws, strict=True):
        share = (difference - mean) / (difference.size * len(draws))
        np.add.at(contribution, cluster[draw.test_rows], share)
    se = float(np.sqrt(np.sum(contribution**2)))
    return Verdict(float(np.mean(means)), se, float(norm.ppf(0.975)) * se)

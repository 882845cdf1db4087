"""What an earlier log tells of the next experiment: baseline, spread, clusters, effects.

Effects are read from one cross-fit, so that what is said of customers' own effects is held out:

    spread = Cov(predicted effect, score) / sd(predicted effect),

the part of the effects' spread that the predictions show (Cov of a prediction with the score
estimates its covariance with the truth; Chernozhukov et al. 2018). It is less than the true spread,
the more so the smaller the log; `learning.true_spread` mends that by the curve of learning.
Cost: one cross-fit, and O(n G).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import norm

from handful.effects.crossfit import CrossFit, cross_fit, open_workshop
from handful.effects.folds import count_folds, make_folds
from handful.evidence.bands import critical_value
from handful.evidence.records import Estimate
from handful.experiment.records import Experiment
from handful.notation import FloatArray, IntArray
from handful.progress import SILENT, Progress
from handful.sizing.learning import PLAN_SPEND, spend_of, true_spread
from handful.sizing.records import Known

FOLDS = 5
LEARN_ROWS = 100_000
NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What was read: baseline, sd, explained, icc, cluster size, spread, and the best lead.

    `spread` is None where it could not be learned (offers with dials); `lead` where no offer is
    the control.
    """

    baseline: Known
    sd: Known
    icc: Known
    cluster_size: Known
    explained: Known | None
    spread: Known | None
    lead: Estimate | None
    lead_offer: str | None


def read_log(experiment: Experiment, seed: int, progress: Progress = SILENT) -> LogFacts:
    """Return what a log tells of an experiment to come.

    Args:
        experiment: that passed its checks.
        seed: of the folds.
        progress: told of the cross-fit.

    Cost: one cross-fit (none for offers with dials), O(n G).
    """
    control = 0 if experiment.control is None else experiment.control
    weight = 1.0 / experiment.design.received
    means, errors = _arm_means(experiment, weight)
    residual = experiment.profit - means[experiment.offer]
    variance = float(np.average(residual**2, weights=weight))
    icc, size = cluster_correlation(residual, experiment.cluster)
    fit = None if experiment.dials is not None else _fit(experiment, seed, progress)
    lead, best = (None, None) if fit is None else best_lead(experiment, fit, control)
    base, half = float(means[control]), NORMAL_95 * float(errors[control])
    return LogFacts(
        baseline=_read("baseline", base, base - half, base + half),
        sd=_read("sd", float(np.sqrt(variance))),
        icc=_read("icc", icc),
        cluster_size=_read("cluster_size", size),
        explained=None if fit is None else _explained(experiment, fit, residual),
        spread=None if fit is None else _spread(experiment, fit, control),
        lead=lead,
        lead_offer=None if best is None else experiment.offers[best],
    )


def _read(name: str, value: float, lo: float | None = None, hi: float | None = None) -> Known:
    return Known(name, value, "read from the log", lo, hi)


def _fit(experiment: Experiment, seed: int, progress: Progress) -> CrossFit:
    rng = np.random.default_rng([seed, 0, 0])
    fold = make_folds(experiment.cluster, count_folds(experiment.cluster, FOLDS), rng)
    shop = open_workshop(experiment, fold, learn_rows=LEARN_ROWS, random_state=seed)
    return cross_fit(experiment, shop, fold, progress)


def _arm_means(experiment: Experiment, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (G,) weighted means of profit by offer, and their cluster-robust errors."""
    offers = experiment.n_offers
    total = np.maximum(np.bincount(experiment.offer, weight, offers), 1e-300)
    mean = np.bincount(experiment.offer, weight * experiment.profit, offers) / total
    share = weight * (experiment.profit - mean[experiment.offer]) / total[experiment.offer]
    errors = [
        np.sqrt(np.sum(np.bincount(experiment.cluster, share * (experiment.offer == g)) ** 2))
        for g in range(offers)
    ]
    return mean, np.array(errors)


def cluster_correlation(residual: FloatArray, cluster: IntArray) -> tuple[float, float]:
    """Return the correlation of residuals within clusters, and the size that Kish's formula needs.

    icc = mean product of pairs of one cluster / variance; size = sum m^2 / sum m.

    Cost: O(n).

    Example:
        >>> cluster_correlation(np.array([1.0, 1.0, -1.0, -1.0]), np.array([0, 0, 1, 1]))
        (1.0, 2.0)
    """
    sizes = np.bincount(cluster).astype(np.float64)
    pairs = float(np.sum(sizes * (sizes - 1.0)))
    size = float(np.sum(sizes**2) / np.sum(sizes))
    if pairs == 0.0:
        return 0.0, 1.0
    sums = np.bincount(cluster, residual)
    products = float(np.sum(sums**2) - np.sum(residual**2))
    icc = products / pairs / max(float(np.mean(residual**2)), 1e-300)
    return min(max(icc, 0.0), 1.0), size


def _explained(experiment: Experiment, fit: CrossFit, residual: FloatArray) -> Known:
    """Return the held-out share of the variance within offers that predictions explain."""
    rows = np.arange(len(residual))
    left = experiment.profit - fit.predicted[rows, experiment.offer]
    share = 1.0 - float(np.mean(left**2)) / max(float(np.mean(residual**2)), 1e-300)
    return _read("explained", min(max(share, 0.0), 0.99))


def _spread(experiment: Experiment, fit: CrossFit, control: int) -> Known:
    """Return the spread of customers' own effects, of the offer with most of it."""
    spend = spend_of(PLAN_SPEND, len(experiment.features.schema.names))
    rows = 0.8 * min(experiment.n_rows, LEARN_ROWS)
    found = [
        seen
        for g in range(experiment.n_offers)
        if g != control
        for seen in _seen_spread(experiment, fit, (g, control))
    ]
    if not found:
        return _read("heterogeneity", 0.0, 0.0, 0.0)
    value, error, noise = max(found)
    # The largest of several is picked: its interval is widened for all of them (Bonferroni).
    half = error * float(norm.isf(0.025 / len(found)))
    ends = (max(value, 0.0), max(value - half, 0.0), max(value + half, 0.0))
    mended = (true_spread(end, noise, rows, spend) for end in ends)
    read = _read("heterogeneity", *mended)
    return replace(read, why="mended for what so small a log could not learn")


def _seen_spread(
    experiment: Experiment, fit: CrossFit, pair: tuple[int, int]
) -> list[tuple[float, float, float]]:
    """Return what predictions of an effect show of its spread, its error, and the score's noise.

    Nothing where everybody is predicted the same. Folds differ in level: only what differs within
    them counts.
    """
    predicted = fit.predicted[:, pair[0]] - fit.predicted[:, pair[1]]
    score = fit.scores[:, pair[0]] - fit.scores[:, pair[1]]
    for j in range(len(fit.worlds)):
        mine = fit.fold == j
        predicted[mine] -= predicted[mine].mean()
        score[mine] -= score[mine].mean()
    scale = float(predicted.std())
    if scale <= 1e-12:
        return []
    product = predicted * score / scale
    sums = np.bincount(experiment.cluster, product - product.mean())
    error = float(np.sqrt(np.sum(sums**2))) / len(product)
    return [(float(product.mean()), error, float(score.var()))]


def best_lead(
    experiment: Experiment, fit: CrossFit, control: int
) -> tuple[Estimate | None, int | None]:
    """Return the lead of the best offer over the control, its interval held to all offers at once.

    Cost: O(n G + draws G^2).
    """
    if experiment.control is None or experiment.n_offers < 2:
        return None, None
    others = [g for g in range(experiment.n_offers) if g != control]
    leads = fit.scores[:, others] - fit.scores[:, [control]]
    value = leads.mean(axis=0)
    count = int(experiment.cluster.max()) + 1
    sums = np.stack(
        [np.bincount(experiment.cluster, column, count) for column in (leads - value).T], axis=1
    )
    covariance = sums.T @ sums / len(leads) ** 2 * count / max(count - 1, 1)
    error = np.sqrt(np.diag(covariance))
    critical = critical_value(covariance, error, 0)
    at = int(np.argmax(value))
    half = critical * float(error[at])
    best = float(value[at])
    return Estimate(best, float(error[at]), best - half, best + half), others[at]

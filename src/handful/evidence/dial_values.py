"""How far a value rests on the bandwidth: the same policies at h / 2, h, 2 h, and by plain cells.

The cells are those of the nearest candidate, weighted by their observed shares: no model and no
smoothing, but everything within a cell counts as the same offer. One split of the log; each
interval is 95 % on its own. Cost O(n U (d + r)), U offers in use.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from scipy.stats import norm

from handful.effects.crossfit import CrossFit
from handful.effects.kernel import kernel_weights, rule_bandwidth
from handful.effects.response import dials_of
from handful.evidence.ledger import Ledger, means
from handful.evidence.records import DialValuation, DialValue, Estimate
from handful.experiment.dials import nearest_candidate
from handful.experiment.records import Experiment
from handful.notation import FloatArray, IntArray

WAYS: Final = (("kernel, h / 2", 0.5), ("kernel, h", 1.0), ("kernel, 2 h", 2.0))
CELLS: Final = "cells, inverse propensity"
CRITICAL: Final = float(norm.ppf(0.975))


def value_dials(
    experiment: Experiment, fit: CrossFit, given: dict[str, IntArray], fallback: IntArray
) -> DialValuation:
    """Value policies at three bandwidths and by cells.

    Args:
        experiment: a log with dials, every offer in use among its candidates.
        fit: predictions of one split.
        given: policy -> (n,) offers it gives.
        fallback: (n,) offer of rows to which it is closed.

    Raises:
        ValueError: the log has no dials.

    Cost: see the module's head.
    """
    dials, bandwidth = dials_of(experiment), rule_bandwidth(experiment)
    rows = np.arange(experiment.n_rows)
    open_cells = experiment.open_cells
    codes = {name: np.where(open_cells[rows, g], g, fallback) for name, g in given.items()}
    used = np.unique(np.concatenate(list(codes.values())))
    found = []
    for way, factor in WAYS:
        weights = kernel_weights(experiment, dials.candidates[used], factor * bandwidth)
        for name, code in codes.items():
            own = weights[rows, np.searchsorted(used, code)]
            predicted = fit.predicted[rows, code].astype(np.float64)
            at = predicted if fit.at_received is None else fit.at_received
            scores = predicted + own * (experiment.profit - at)
            found.append(DialValue(name, way, _estimate(experiment, scores)))
    for name, code in codes.items():
        found.append(DialValue(name, CELLS, _by_cells(experiment, code)))
    shown = tuple((name, float(h)) for name, h in zip(dials.names, bandwidth, strict=True))
    return DialValuation(shown, tuple(found))


def _estimate(experiment: Experiment, scores: FloatArray) -> Estimate:
    summed = means(Ledger({"policy": scores}, 1), experiment.cluster)
    value, se = float(summed.value[0]), float(np.sqrt(summed.covariance[0, 0]))
    return Estimate(value, se, value - CRITICAL * se, value + CRITICAL * se)


def _by_cells(experiment: Experiment, code: IntArray) -> Estimate:
    """Weighted mean profit of the rows that received an offer in the cell of the one given."""
    dials = dials_of(experiment)
    tried = np.flatnonzero(np.bincount(experiment.offer, minlength=experiment.n_offers))
    grid = replace(dials, candidates=dials.candidates[tried])
    cell = tried[nearest_candidate(grid, dials.candidates)][code]
    share = experiment.design.by_stratum[experiment.stratum, cell]
    hit = experiment.offer == cell
    weights = np.where(hit, 1.0 / np.maximum(share, 1e-12), 0.0)
    total = float(weights.mean())
    if total == 0.0:
        return Estimate(float("nan"), float("nan"), float("nan"), float("nan"))
    value = float((weights * experiment.profit).mean()) / total
    spread = _estimate(experiment, weights * (experiment.profit - value) / total)
    return Estimate(value, spread.se, value - CRITICAL * spread.se, value + CRITICAL * spread.se)

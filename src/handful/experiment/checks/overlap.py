"""Is there somebody to compare with? Overlap, effective sample size, rows and clusters per offer.

Effective rows of an offer: (sum w)^2 / sum w^2 over its rows, w = 1 / e_i. Cost O(n + S G).
"""

from __future__ import annotations

import numpy as np

from handful.errors import Finding
from handful.experiment.checks.wording import listed
from handful.experiment.design import MIN_PROPENSITY, MIN_ROWS
from handful.experiment.records import Experiment
from handful.notation import FloatArray, IntArray

LEAST_EFFECTIVE_SHARE = 0.10
LEAST_EFFECTIVE_ROWS = 50.0
FEW_CLUSTERS = 20
TOO_FEW_CLUSTERS = 5
SURE = 1.0 - 1e-9


def overlap_findings(experiment: Experiment) -> list[Finding]:
    """Return what rows, clusters and probabilities per offer allow.

    With dials, where every row counts for all points near its own, only clusters and certainty.
    """
    if experiment.dials is not None:
        return [*_all_clusters(experiment), *_sure(experiment)]
    rows = np.bincount(experiment.offer, minlength=experiment.n_offers)
    return [
        *_arms(experiment, rows),
        *_clusters(experiment, rows),
        *_probabilities(experiment, rows),
    ]


def _arms(experiment: Experiment, rows: IntArray) -> list[Finding]:
    thin = np.flatnonzero(rows < MIN_ROWS)
    if experiment.n_offers - thin.size < 2:
        message = (
            f"expected at least two offers with {MIN_ROWS} rows or more; found "
            f"{experiment.n_offers - thin.size} among {experiment.n_offers} offers and "
            f"{experiment.n_rows:,} rows."
        )
        remedy = "Collect more rows, or merge offers; `handful size` says how many are needed."
        return [Finding("C460", "block", message, remedy, experiment.n_rows)]
    if thin.size == 0:
        return []
    names = [f"{experiment.offers[g]} ({rows[g]:,} rows)" for g in thin]
    message = (
        f"{thin.size} of {experiment.n_offers} offers have fewer than {MIN_ROWS} rows and are left "
        f"out of every menu: {listed(names)}."
    )
    remedy = "Merge offers that mean the same, or test them on more customers."
    count = int(rows[thin].sum())
    return [Finding("C461", "warn", message, remedy, count, count / experiment.n_rows)]


def _clusters(experiment: Experiment, rows: IntArray) -> list[Finding]:
    """Cluster-robust errors need clusters: at least `FEW_CLUSTERS` per offer."""
    pairs = np.unique(experiment.cluster * experiment.n_offers + experiment.offer)
    per_offer = np.bincount(pairs % experiment.n_offers, minlength=experiment.n_offers)
    usable = rows >= MIN_ROWS
    few = np.flatnonzero(usable & (per_offer < FEW_CLUSTERS))
    if few.size == 0:
        return []
    names = [f"{experiment.offers[g]} ({per_offer[g]:,} clusters)" for g in few]
    enough = int((usable & (per_offer >= TOO_FEW_CLUSTERS)).sum())
    remedy = "Randomise more clusters; more rows in the same clusters do not help."
    if enough < 2:
        message = (
            f"expected two offers with {TOO_FEW_CLUSTERS} clusters or more; found {enough}: "
            f"{listed(names)}."
        )
        return [Finding("C462", "block", message, remedy, few.size)]
    message = (
        f"{few.size} offers were given to fewer than {FEW_CLUSTERS} clusters, too few for reliable "
        f"errors: {listed(names)}."
    )
    return [Finding("C463", "warn", message, remedy, few.size)]


def _probabilities(experiment: Experiment, rows: IntArray) -> list[Finding]:
    findings = _sure(experiment)
    if any(finding.level == "block" for finding in findings):
        return findings
    findings += _tiny(experiment.design.received)
    return findings + _effective(experiment, rows)


def _sure(experiment: Experiment) -> list[Finding]:
    sure = experiment.design.received >= SURE
    if experiment.dials is not None:
        sure = experiment.design.by_stratum[experiment.stratum, experiment.offer] >= SURE
    if bool(sure.all()):
        message = (
            "every row received its offer with probability 1 (one offer per stratum): no overlap "
            f"for offers {listed(experiment.offers)}, so no other offer can be evaluated."
        )
        remedy = "Use a log in which offers were drawn at random within each stratum."
        return [Finding("C450", "block", message, remedy, experiment.n_rows, 1.0)]
    if sure.any():
        message = (
            f"{int(sure.sum()):,} rows ({sure.mean():.1%}) received their offer with probability "
            "1: nothing can be compared there."
        )
        remedy = "Leave those strata out with `where`, or test a second offer there."
        return [Finding("C451", "warn", message, remedy, int(sure.sum()), float(sure.mean()))]
    return []


def _all_clusters(experiment: Experiment) -> list[Finding]:
    """With dials: errors need clusters over the whole log."""
    clusters = int(experiment.cluster.max()) + 1
    if clusters >= FEW_CLUSTERS:
        return []
    message = f"the log holds {clusters:,} clusters, too few for reliable errors."
    remedy = "Randomise more clusters; more rows in the same clusters do not help."
    if clusters < TOO_FEW_CLUSTERS:
        return [Finding("C462", "block", message, remedy, clusters)]
    return [Finding("C463", "warn", message, remedy, clusters)]


def _tiny(received: FloatArray) -> list[Finding]:
    tiny = received < MIN_PROPENSITY
    if not tiny.any():
        return []
    message = (
        f"{int(tiny.sum()):,} rows ({tiny.mean():.2%}) received an offer with probability below "
        f"{MIN_PROPENSITY:.0%} (smallest {received.min():.2g}); each counts as more than "
        f"{1 / MIN_PROPENSITY:.0f} rows."
    )
    remedy = "Expect wide bands for those offers; test them on a larger share."
    return [Finding("C452", "warn", message, remedy, int(tiny.sum()), float(tiny.mean()))]


def _effective(experiment: Experiment, rows: IntArray) -> list[Finding]:
    weight = 1.0 / experiment.design.received
    total = np.bincount(experiment.offer, weights=weight, minlength=experiment.n_offers)
    square = np.bincount(experiment.offer, weights=weight**2, minlength=experiment.n_offers)
    effective = np.divide(total**2, square, out=np.zeros_like(total), where=square > 0)
    low = (effective < LEAST_EFFECTIVE_SHARE * rows) | (effective < LEAST_EFFECTIVE_ROWS)
    weak = np.flatnonzero(low & (rows >= MIN_ROWS))
    if weak.size == 0:
        return []
    names = [f"{experiment.offers[g]} ({effective[g]:,.0f} of {rows[g]:,})" for g in weak]
    message = (
        f"{weak.size} offers have few effective rows, as weights 1 / e differ: {listed(names)}."
    )
    remedy = "Expect wide bands for those offers; draw them with steadier probabilities next time."
    return [Finding("C453", "warn", message, remedy, weak.size)]

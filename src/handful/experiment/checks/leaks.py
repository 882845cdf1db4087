"""Features that know the outcome.

For each feature, the area under the ROC curve of "profit above its offer's median" given it:

    AUC = Pr(x_event > x_other) + Pr(x_event = x_other) / 2

within offers, whose costs would hide a leak. AUC near 1, either way round, means that the feature
was written down after the outcome. At most `SAMPLE` events and `SAMPLE` others are used, since the
AUC does not depend on their ratio. Cost O(n + p m log m), m = 2 SAMPLE.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

from handful.errors import Finding
from handful.experiment.records import Experiment
from handful.notation import BoolArray, FloatArray, IntArray

LEAK = 0.995
NEAR_LEAK = 0.97
SAMPLE = 20_000
MIN_EVENTS = 20


def leak_findings(experiment: Experiment) -> list[Finding]:
    """Return the features that tell profit apart perfectly, or nearly."""
    event = profit_events(experiment)
    if min(int(event.sum()), int((~event).sum())) < MIN_EVENTS:
        return []
    rows = np.concatenate([_spread_out(event), _spread_out(~event)])
    outcome = event[rows]
    schema = experiment.features.schema
    findings = []
    for j, name in enumerate(schema.names):
        auc = _auc(experiment.features.values[rows, j], outcome, schema.kinds[j] == "category")
        if auc >= NEAR_LEAK:
            findings.append(_finding(name, auc))
    return findings


def profit_events(experiment: Experiment) -> BoolArray:
    """Return (n,) "profit is above its offer's median", or "at it" where the median is the top."""
    event = np.zeros(experiment.n_rows, dtype=np.bool_)
    for g in range(experiment.n_offers):
        mine = experiment.offer == g
        y = experiment.profit[mine]
        if y.size:
            median = float(np.median(y))
            event[mine] = y > median if median < float(y.max()) else y >= median
    return event


def _spread_out(mask: BoolArray) -> IntArray:
    rows = np.flatnonzero(mask)
    if rows.size <= SAMPLE:
        return rows
    picked: IntArray = rows[np.linspace(0, rows.size - 1, SAMPLE).astype(np.int64)]
    return picked


def _auc(x: FloatArray, outcome: BoolArray, category: bool) -> float:
    """Return the AUC of the better direction; a category is ordered by half of its rows."""
    filled = np.where(np.isnan(x), -np.inf, x)
    if category:
        learn = np.arange(x.size) % 2 == 0
        codes = np.where(np.isnan(x), 0.0, x + 1.0).astype(np.int64)
        size = int(codes.max()) + 1
        events = np.bincount(codes[learn], weights=outcome[learn].astype(float), minlength=size)
        seen = np.bincount(codes[learn], minlength=size)
        overall = float(outcome.mean())
        filled = ((events + overall) / (seen + 1.0))[codes][~learn]
        outcome = outcome[~learn]
    ranks = rankdata(filled)
    n_events = int(outcome.sum())
    n_others = outcome.size - n_events
    wins = float(ranks[outcome].sum()) - n_events * (n_events + 1) / 2.0
    auc = wins / (n_events * n_others)
    return auc if category else max(auc, 1.0 - auc)


def _finding(name: str, auc: float) -> Finding:
    if auc >= LEAK:
        message = f"leak: {name!r} predicts the outcome perfectly (AUC {auc:.3f})."
        remedy = f"It was recorded after the outcome, or is the outcome: exclude = [{name!r}]."
        return Finding("C420", "block", message, remedy)
    message = f"{name!r} predicts the outcome suspiciously well (AUC {auc:.3f})."
    remedy = f"Make sure that it is known before the offer; if not, exclude = [{name!r}]."
    return Finding("C421", "warn", message, remedy)

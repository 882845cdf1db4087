"""How well what decisions see tells a group from the others: proxies, strongest first.

One half of the log (clusters kept together) learns the share of the group in up to 16 bands of a
feature, or a small boosted model of all features; the other half is ranked by it. Area under the
curve with the placements' error of DeLong et al., summed in clusters; intervals hold for all groups
and predictors together (Bonferroni). Cost O(n p) and a small fit for each group.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from scipy.stats import norm

from handful.effects.folds import make_folds
from handful.evidence.records import Estimate
from handful.experiment.records import Experiment
from handful.guardrails.disclosure_attack import (
    LEAST,
    auc_influence,
    guesses,
    readable,
    sampled,
)
from handful.guardrails.disclosure_proxies import binned
from handful.guardrails.fairness_groups import Groups
from handful.guardrails.fairness_moments import LEVEL
from handful.guardrails.fairness_records import Proxy
from handful.notation import BoolArray, FloatArray, IntArray

SEGMENT: Final = "the segment (offer given)"
TOGETHER: Final = "all features together"
DIRECT_MAIL: Final = (
    "age", "birth", "area", "region", "zip", "postcode", "postal", "city", "town", "district",
    "county", "state", "village", "income", "salary", "wealth", "earn",
)  # fmt: skip
"""Parts of names of fields that direct mail segments by: age, area, income."""
SMOOTH: Final = 5.0
"""Rows of the whole log that a band of few rows is mixed with."""


def proxies_of(
    experiment: Experiment,
    offer: IntArray,
    all_groups: Sequence[Groups],
    direct_mail: Sequence[str],
    seed: int,
) -> tuple[Proxy, ...]:
    """Return how well the segment, each feature and all features tell each group, strongest first.

    Args:
        experiment: the log.
        offer: (n,) codes given.
        all_groups: of the protected columns.
        direct_mail: columns that the brief names as those of direct mail.
        seed: of the halves.

    Returns:
        Proxies in the order of their area under the curve; of two groups only the first, since
        telling one is telling the other.

    Cost: O(n p) and a fit for each group.
    """
    tasks = [
        (groups, a)
        for groups in all_groups
        for a in range(len(groups.names) if len(groups.names) > 2 else 1)
    ]
    names = (SEGMENT, *experiment.features.schema.names, TOGETHER)
    critical = float(norm.ppf(1.0 - LEVEL / (2.0 * max(len(tasks) * len(names), 1))))
    found: list[Proxy] = []
    for groups, a in tasks:
        known = np.flatnonzero(groups.code >= 0)
        holds = groups.code[known] == a
        for name, auc in _aucs(experiment, offer, known, holds, seed):
            lo, hi = auc.value - critical * auc.se, auc.value + critical * auc.se
            told = Estimate(auc.value, auc.se, max(lo, 0.0), min(hi, 1.0))
            mail = name in direct_mail or is_direct_mail(name)
            found.append(Proxy(groups.column, groups.names[a], name, told, lo > 0.5, mail))
    return tuple(sorted(found, key=lambda proxy: -proxy.auc.value))


def is_direct_mail(name: str) -> bool:
    """Tell whether a field sounds like one that direct mail segments by.

    Example:
        >>> [is_direct_mail(name) for name in ("head_age", "zip_code", "message", "income")]
        [True, True, False, True]
    """
    parts = name.lower().replace("-", "_").split("_")
    return any(part.startswith(word) for part in parts for word in DIRECT_MAIL)


def _aucs(
    experiment: Experiment, offer: IntArray, known: IntArray, holds: BoolArray, seed: int
) -> Iterator[tuple[str, Estimate]]:
    """Yield the area under the curve of every predictor, on the half not learned from."""
    rng = np.random.default_rng([seed, 43])
    rows = known[sampled(np.unique(experiment.cluster[known], return_inverse=True)[1], rng)]
    holds = holds[np.searchsorted(known, rows)]
    cluster = np.unique(experiment.cluster[rows], return_inverse=True)[1]
    learn = make_folds(cluster, 2, rng) == 0
    halves = [part & has for part in (learn, ~learn) for has in (holds, ~holds)]
    if min(np.unique(cluster[half]).size for half in halves) < LEAST:
        return
    tried, mine = holds[~learn], cluster[~learn]
    features = experiment.features
    columns = [(SEGMENT, offer[rows].astype(float))]
    columns += [(n, features.values[rows, at]) for at, n in enumerate(features.schema.names)]
    for name, values in columns:
        guess = _banded(values, holds, learn)
        yield name, _estimate(auc_influence(guess, tried), mine)
    values, categories = readable(features.rows(rows))
    guess = guesses(values, categories, holds, learn, seed)
    yield TOGETHER, _estimate(auc_influence(guess, tried), mine)


def _banded(values: FloatArray, holds: BoolArray, learn: BoolArray) -> FloatArray:
    """Return the learned share of the group in the band of every row not learned from."""
    band = binned(values)
    count = int(band.max()) + 1
    rows = np.bincount(band[learn], minlength=count)
    having = np.bincount(band[learn], holds[learn], minlength=count)
    share: FloatArray = (having + SMOOTH * holds[learn].mean()) / (rows + SMOOTH)
    return share[band[~learn]]


def _estimate(influence: FloatArray, cluster: IntArray) -> Estimate:
    value = float(influence[-1])
    sums = np.bincount(cluster, influence[:-1])
    se = float(np.sqrt(np.sum(sums**2) * sums.size / max(sums.size - 1, 1)))
    return Estimate(value, se, value, value)

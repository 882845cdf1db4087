"""What a customer gets where no offer of the menu is open: the control, or the offer tried most."""

from __future__ import annotations

import numpy as np

from handful.experiment.records import Experiment
from handful.notation import IntArray


def fallback_offers(experiment: Experiment, never: tuple[int, ...] = ()) -> IntArray:
    """Return (S + 1,) the fallback of each stratum; the last entry is for a stratum never seen.

    The control where it is open; elsewhere the open offer with the most rows, one that may be used
    at all where there is one. No outcome is read.

    Args:
        experiment: the log.
        never: offers that no menu may hold.

    Cost: O(n + S G).
    """
    shape = (len(experiment.strata), experiment.n_offers)
    counts = np.bincount(
        experiment.stratum * shape[1] + experiment.offer, minlength=shape[0] * shape[1]
    ).reshape(shape)
    tried = np.where(experiment.design.support, counts, -1)
    # An offer that may never be used comes after every other open one.
    shunned = np.isin(np.arange(shape[1]), never)
    rank = np.where((tried >= 0) & shunned, -0.5, tried.astype(float))
    overall = int(np.argmax(np.where(shunned, -0.5, np.maximum(tried, 0).sum(axis=0))))
    fallback = np.append(rank.argmax(axis=1), overall)
    if experiment.control is not None:
        everywhere = np.append(experiment.design.support[:, experiment.control], True)
        fallback = np.where(everywhere, experiment.control, fallback)
    return fallback.astype(np.int64)

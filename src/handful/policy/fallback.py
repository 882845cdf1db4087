"""What a customer gets where no offer of the menu is open: the control, or the offer tried most."""

from __future__ import annotations

import numpy as np

from handful.experiment.records import Experiment
from handful.notation import IntArray


def fallback_offers(experiment: Experiment) -> IntArray:
    """Return (S + 1,) the fallback of each stratum; the last entry is for a stratum never seen.

    The control where it is open; elsewhere the open offer with the most rows. No outcome is read.

    Cost: O(n + S G).
    """
    shape = (len(experiment.strata), experiment.n_offers)
    counts = np.bincount(
        experiment.stratum * shape[1] + experiment.offer, minlength=shape[0] * shape[1]
    ).reshape(shape)
    support = experiment.design.support
    tried = np.where(support, counts, -1)
    overall = int(np.argmax(np.where(support.all(axis=0), counts.sum(axis=0), -1)))
    fallback = np.append(tried.argmax(axis=1), overall)
    if experiment.control is not None:
        everywhere = np.append(support[:, experiment.control], True)
        fallback = np.where(everywhere, experiment.control, fallback)
    return fallback.astype(np.int64)

"""The effects step alone: from a log to a model of what each offer does to each customer."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from handful.effects.crossfit import learn_whole, open_workshop
from handful.effects.folds import count_folds, make_folds
from handful.effects.records import EffectsModel
from handful.experiment.records import Experiment

FOLDS = 5
LEARN_ROWS = 200_000


def learn_effects(
    experiment: Experiment, *, learn_rows: int = LEARN_ROWS, random_state: int = 0
) -> EffectsModel:
    """Learn the profit of every offer for every customer from the doubly robust scores.

    P_g(x) = level(x) + c_g + a (ridge) + b (boosted trees), weights by out-of-fold score loss.

    Args:
        experiment: the log.
        learn_rows: most rows to learn on.
        random_state: seed of folds and sample.

    Returns:
        Plain arrays; `effects.predict.predict_profit` reads them.

    Raises:
        BriefError: E504 fewer than 4 clusters.

    Cost: J + 1 fits of O(l m^2 + trees l q) for J = 5 folds.

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> drawn = simulate("null", n=500, offers=2)
        >>> learn_effects(drawn.experiment).constant.shape
        (2,)
    """
    count = count_folds(experiment.cluster, FOLDS)
    fold = make_folds(experiment.cluster, count, np.random.default_rng([random_state, 0]))
    # One thread: the same bits on any machine, and no spinning threads on a busy one.
    with threadpool_limits(limits=1):
        shop = open_workshop(experiment, fold, learn_rows=learn_rows, random_state=random_state)
        return learn_whole(experiment, shop).model

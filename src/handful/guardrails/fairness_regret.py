"""What customers lose against their own best offer: by segment, by group, and by both.

For one customer at a time only the model can say it: max_g P_ig - P_i,plan, a claim. The mean is
held out too: doubly robust scores of one-to-one less the plan. One-to-one is itself estimated, so
the true regret may be larger. Cost O(n G).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.stats import norm

from handful.evidence.records import Estimate
from handful.experiment.records import Experiment
from handful.guardrails.fairness_decisions import Held
from handful.guardrails.fairness_groups import Groups
from handful.guardrails.fairness_moments import LEAST_COUNTED, LEVEL
from handful.guardrails.fairness_records import RegretLine
from handful.notation import BoolArray

_Part = tuple[str | None, str | None, str | None, BoolArray]


def regret_lines(
    experiment: Experiment,
    held: Held,
    all_groups: Sequence[Groups],
    least: int,
    hidden: frozenset[str],
) -> tuple[RegretLine, ...]:
    """Return the regret of everybody, each segment, each group, and each segment within a group.

    Args:
        experiment: the log.
        held: held-out decisions, predictions and scores.
        all_groups: of the protected columns.
        least: smallest count that is shown.
        hidden: protected columns whose sizes are not told.

    Cost: O(n) a line.
    """
    parts = list(_parts(experiment, held, all_groups))
    rows = np.arange(experiment.n_rows)
    claimed = held.predicted[rows, held.free] - held.plan.at(held.predicted)
    lost = held.scores[rows, held.free] - held.plan.at(held.scores)
    critical = float(norm.ppf(1.0 - LEVEL / (2.0 * max(len(parts), 1))))
    lines = []
    for column, group, segment, inside in parts:
        count = int(inside.sum())
        enough = count >= max(LEAST_COUNTED, least)
        mine = claimed[inside]
        lines.append(
            RegretLine(
                column=column,
                group=group,
                segment=segment,
                customers=count if enough and column not in hidden else None,
                mean=float(mine.mean()) if enough else None,
                p95=float(np.quantile(mine, 0.95)) if enough else None,
                largest=float(mine.max()) if enough else None,
                held_out=_mean(lost, inside, experiment, critical) if enough else None,
            )
        )
    return tuple(lines)


def _parts(experiment: Experiment, held: Held, all_groups: Sequence[Groups]) -> Iterator[_Part]:
    everybody = np.ones(experiment.n_rows, dtype=np.bool_)
    segments = [
        (experiment.offers[g], held.plan.offer == g) for g in np.unique(held.plan.offer).tolist()
    ]
    several = segments if len(segments) > 1 else []
    yield None, None, None, everybody
    for name, rows in several:
        yield None, None, name, rows
    for groups in all_groups:
        for a, group in enumerate(groups.names):
            inside = groups.code == a
            yield groups.column, group, None, inside
            for name, rows in several:
                if (inside & rows).any():
                    yield groups.column, group, name, inside & rows


def _mean(
    values: np.ndarray, inside: BoolArray, experiment: Experiment, critical: float
) -> Estimate:
    count = int(inside.sum())
    mean = float(values[inside].mean())
    sums = np.bincount(experiment.cluster[inside], values[inside] - mean)
    se = float(np.sqrt(np.sum(sums**2))) / count
    return Estimate(mean, se, mean - critical * se, mean + critical * se)

"""What any policy is worth on the log: the same splits and scores as a plan's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
from threadpoolctl import threadpool_limits

from handful.errors import BriefError, blocked
from handful.evidence.evaluate import Evaluation, value_policy
from handful.evidence.records import Estimate
from handful.evidence.terms import make_terms
from handful.experiment.frames import to_arrow
from handful.experiment.records import Experiment
from handful.notation import IntArray
from handful.planning.dials import dial_source, with_points
from handful.planning.policy_points import OnPoints, on_points
from handful.planning.settings import PlanSettings
from handful.planning.splits import OwnSplits
from handful.progress import SILENT, Progress

NOWHERE: Final = np.zeros((0, 1))
"""No points besides the candidates."""


def evaluate_policy(
    experiment: Experiment,
    offers: IntArray | OnPoints,
    *,
    folds: int = 5,
    repetitions: int = 1,
    random_state: int = 0,
    progress: Progress = SILENT,
) -> Evaluation:
    """Value a policy that gives every row of the log an offer.

    V(pi) = mean_i Gamma_{i, pi_i}, beside no offer, the best single offer and one-to-one. Points of
    the dials that are no candidates have scores of the same kernel; references stay as they are.

    Args:
        experiment: the log.
        offers: (n,) offer codes, row by row; or points of the dials, from `on_points`.
        folds: J.
        repetitions: splits averaged.
        random_state: seed.
        progress: told of every stage.

    Returns:
        Value, references, paired leads.

    Raises:
        BriefError: E530 not one known code per row.

    Cost: `repetitions` cross-fits.

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> log = simulate("null", n=600, offers=2, random_state=1).experiment
        >>> evaluate_policy(log, np.ones(600, int)).closed
        0
    """
    given = offers if isinstance(offers, OnPoints) else OnPoints(np.asarray(offers), NOWHERE)
    codes, known = given.codes, experiment.n_offers
    experiment = with_points(experiment, given.points) if len(given.points) else experiment
    if codes.shape != (experiment.n_rows,) or not np.all(
        (codes >= 0) & (codes < experiment.n_offers)
    ):
        raise BriefError(
            blocked(
                "E530",
                f"policy: expected {experiment.n_rows} offers, one per row of the log, of "
                f"{', '.join(experiment.offers[: min(known, 12)])}; found shape {codes.shape}.",
                "Give every row of the log one of the offers that were tried.",
            )
        )
    terms = replace(make_terms(experiment, max_offers=1), allowed=tuple(range(known)))
    asked = PlanSettings(folds=folds, repetitions=repetitions)
    splits = OwnSplits(experiment, asked, random_state, progress)
    with threadpool_limits(limits=1):
        source = splits.split if experiment.dials is None else dial_source(splits)
        return value_policy(
            experiment, codes.astype(np.int64), source, repetitions, terms, random_state
        )


def evaluate(
    log: Experiment, *, policy: object, random_state: int = 0, progress: Progress = SILENT
) -> Estimate:
    """Return what a policy is worth: `hf.evaluate(log, policy=offers).value`.

    Args:
        log: the experiment.
        policy: (n,) offer names or codes, row by row; or a frame with a column `offer`, such as
            `Plan.assign` gives. With dials a name may be any point inside what was tried.
        random_state: seed.
        progress: told of every stage.

    Raises:
        BriefError: E530 not one known offer per row; E531 too many points.

    Cost: one cross-fit.

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> log = simulate("null", n=600, offers=2, random_state=1).experiment
        >>> evaluate(log, policy=[log.offers[1]] * 600).se > 0
        True
    """
    given = np.asarray(_offer_column(policy))
    codes = given if given.dtype.kind in "iu" else on_points(log, given.tolist())
    return evaluate_policy(log, codes, random_state=random_state, progress=progress).value


def _offer_column(policy: Any) -> Any:  # noqa: ANN401 - a sequence or any frame
    """Take the column `offer` of a frame; a sequence is a column already."""
    if not hasattr(policy, "columns"):
        return policy
    table = to_arrow(policy)
    if "offer" in table.column_names:
        return table["offer"].to_pylist()
    raise BriefError(
        blocked(
            "E530",
            f"policy: expected a column 'offer', found {', '.join(table.column_names[:12])}.",
            "Name the column of offers so, or pass that column alone.",
        )
    )

"""Values of a plan that was changed after its menu was chosen: its gain and its frontier point.

Both are means of held-out scores of what the changed plan gives, paired with the best single offer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from handful.effects.crossfit import CrossFit
from handful.evidence.records import Estimate, FrontierPoint, GainSplit
from handful.evidence.splits import world_single
from handful.evidence.terms import Terms
from handful.evidence.variety import holding_cost
from handful.experiment.records import Experiment
from handful.notation import FloatArray, IntArray
from handful.planning.records import Plan


@dataclass(frozen=True, slots=True)
class Changed:
    """A changed plan on the rows of the log, before set-up.

    Attributes:
        experiment, terms: the log and its costs.
        given, best, base: (n,) held-out scores of the plan, the best single offer, "no offer".
        held: (n,) what the plan gives out of fold.
    """

    experiment: Experiment
    terms: Terms
    given: FloatArray
    best: FloatArray
    base: FloatArray
    held: IntArray


def single_by_fold(experiment: Experiment, fit: CrossFit, terms: Terms) -> IntArray:
    """Return (n,) the best single offer as the rows outside each fold choose it.

    Cost: O(n G).
    """
    single = np.empty(experiment.n_rows, dtype=np.int64)
    for j, world in enumerate(fit.worlds):
        single[fit.fold == j] = world_single(world, experiment.open_cells, terms)
    return single


def base_column(experiment: Experiment, scores: FloatArray) -> FloatArray:
    """Return (n,) scores of "no offer", or what happened where there is none."""
    control = experiment.control
    return experiment.profit if control is None else scores[:, control]


def changed_gain(plan: Plan, changed: Changed) -> GainSplit:
    """Split the changed plan's gain, paired and held out, before set-up costs.

    Cost: O(n).
    """

    def over(first: FloatArray, second: FloatArray) -> Estimate:
        ones, critical = np.ones(len(first)), plan.valuation.critical_value
        return ratio(first - second, ones, changed.experiment.cluster, critical)

    return GainSplit(
        better_single=over(changed.best, changed.base),
        targeting=over(changed.given, changed.best),
        total=over(changed.given, changed.base),
    )


def changed_point(plan: Plan, point: FrontierPoint, changed: Changed) -> FrontierPoint:
    """Return the frontier's point of the changed plan: its menu and values, no bound on its gap.

    Cost: O(n).
    """
    cluster, critical = changed.experiment.cluster, plan.valuation.critical_value
    ones, terms = np.ones(len(changed.given)), changed.terms
    worth = ratio(changed.given, ones, cluster, critical)
    gain = ratio(changed.given - changed.best, ones, cluster, critical)
    codes = list(plan.policy.menu)
    setup, content, cells = (
        0.0 if each is None else float(each[codes].sum())
        for each in (terms.setup, terms.content, terms.cells)
    )
    held = holding_cost(changed.held, codes, terms)
    return replace(
        point,
        menu=tuple(changed.experiment.offers[g] for g in codes),
        value=worth.value,
        se=worth.se,
        lo=worth.lo,
        hi=worth.hi,
        gain_over_single=gain,
        share_of_one_to_one=_share_of(plan, gain),
        claimed=float(np.nanmean(plan.assignment.expected_profit)),
        certified_gap=None,
        setup_cost=setup - content,
        content_cost=content,
        contents=cells,
        holding_cost=held,
        net=worth.value - setup - held,
    )


def _share_of(plan: Plan, gain: Estimate) -> float | None:
    """Return the gain as a share of one-to-one's, where the plan's own frontier shows shares."""
    known = [p for p in plan.frontier if p.share_of_one_to_one]
    if not known:
        return None
    whole = known[-1].gain_over_single.value / (known[-1].share_of_one_to_one or 1.0)
    return gain.value / whole


def ratio(values: FloatArray, weight: FloatArray, cluster: IntArray, critical: float) -> Estimate:
    """Return a weighted mean with the cluster-robust error of a ratio.

    Example:
        >>> ratio(np.array([1.0, 3.0]), np.array([1.0, 1.0]), np.arange(2), 1.96).value
        2.0
    """
    total = float(weight.sum())
    mean = float(weight @ values) / total
    sums = np.bincount(cluster, weight * (values - mean))
    se = float(np.sqrt(np.sum(sums**2) * sums.size / max(sums.size - 1, 1))) / total
    return Estimate(mean, se, mean - critical * se, mean + critical * se)

"""Offers that too few would get are merged: their customers get the next best offer of the menu."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from handful.brief.guardrails import GuardrailsSpec
from handful.effects.crossfit import CrossFit
from handful.effects.predict import predict_profit
from handful.effects.scores import close_cells
from handful.evidence.records import Estimate, GainSplit
from handful.evidence.terms import Terms
from handful.experiment.records import Experiment
from handful.guardrails.audience import AudienceMerge, merge_small
from handful.notation import FloatArray
from handful.planning.records import Plan
from handful.policy.policy import assign, assign_codes
from handful.policy.records import Policy

Z95 = 1.959964


def merged_policy(
    experiment: Experiment, fit: CrossFit, terms: Terms, policy: Policy, asked: GuardrailsSpec
) -> tuple[Policy, AudienceMerge | None]:
    """Return the policy whose offers all reach `guardrails.minimum_audience`, and what that costs.

    Offers of menu.always stay whatever their audience. A policy that follows a rule, draws offers
    by chance or allocates them under limits is left as it is: the guardrail then fails.

    Args:
        experiment: the log, whose rows are counted.
        fit: its first cross-fit, by which the cost is held out.
        terms: fallback, limits and what must stay.
        policy: as chosen.
        asked: the [guardrails] table.

    Returns:
        The policy and the merge; the same policy and None where nothing had to be merged.

    Cost: one assignment; O(2^K n K) where there is something to merge.
    """
    bound = policy.rule is not None or policy.chance is not None or terms.limits is not None
    if len(policy.menu) < 2 or bound:
        return policy, None
    given = assign(policy, experiment.features, experiment.stratum).offer
    counts = np.bincount(given, minlength=experiment.n_offers)
    stay = {*terms.always, *(() if experiment.control is None else (experiment.control,))}
    if all(counts[g] >= asked.minimum_audience for g in policy.menu if g not in stay):
        return policy, None
    own = predict_profit(policy.model, experiment.features)
    cells = experiment.open_cells
    merge = merge_small(
        own,
        policy.menu,
        cells,
        terms.fallback,
        least=asked.minimum_audience,
        stay=stay,
    )
    if not merge.dropped:
        return policy, None
    cost = _cost(experiment, fit, terms, policy.menu, merge.menu)
    names = tuple(experiment.offers[g] for g in merge.dropped)
    found = AudienceMerge(names, cost, asked.minimum_audience)
    return replace(policy, menu=merge.menu), found


def _cost(
    experiment: Experiment,
    fit: CrossFit,
    terms: Terms,
    menu: tuple[int, ...],
    less: tuple[int, ...],
) -> Estimate:
    """Value the menu less the smaller menu, on rows that the predictions did not see."""
    cells, at = experiment.open_cells, np.arange(experiment.n_rows)
    scores = close_cells(fit.scores, cells, terms.fallback)
    before, after = (assign_codes(fit.predicted, m, cells, terms.fallback) for m in (menu, less))
    loss: FloatArray = scores[at, before] - scores[at, after]
    mean = float(loss.mean())
    sums = np.bincount(experiment.cluster, loss - mean)
    se = float(np.sqrt(np.sum(sums**2))) / len(loss)
    return Estimate(mean, se, mean - Z95 * se, mean + Z95 * se)


def with_merge(plan: Plan, merge: AudienceMerge) -> Plan:
    """Return the plan with the merged menu in its verdict, and why.

    Args:
        plan: assembled with the merged policy.
        merge: what was merged.
    """
    offers = plan.policy.model.offers
    menu = tuple(offers[g] for g in plan.policy.menu)
    kind = plan.verdict.kind
    if kind == "handful" and len(menu) == 1:
        kind = "no_offer" if plan.segments[0].offer == _control(plan) else "one_offer"
    verdict = replace(
        plan.verdict,
        kind=kind,
        offers=len(menu),
        menu=menu,
        gain=None if plan.verdict.gain is None else less_cost(plan.verdict.gain, merge.cost),
        reasons=(merge.words(plan.experiment.currency), *plan.verdict.reasons),
    )
    return replace(plan, verdict=verdict)


def less_cost(gain: GainSplit, cost: Estimate) -> GainSplit:
    """Return the gain of the plan after the merge: the better single offer's part stays.

    The ends are those of the worst case, since the two were not estimated together.

    Example:
        >>> one, less = Estimate(0.5, 0.1, 0.3, 0.7), Estimate(0.1, 0.05, 0.0, 0.2)
        >>> less_cost(GainSplit(one, one, one), less).total.value
        0.4
    """

    def over(found: Estimate) -> Estimate:
        return Estimate(
            found.value - cost.value, found.se + cost.se, found.lo - cost.hi, found.hi - cost.lo
        )

    corrected = None if gain.corrected is None else gain.corrected - cost.value
    return GainSplit(gain.better_single, over(gain.targeting), over(gain.total), corrected)


def _control(plan: Plan) -> str | None:
    return next((offer.name for offer in plan.experiment.offers if offer.control), None)

"""Puts the verdict's winner's curse beside its gain: the verdict as arithmetic, then redrawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from handful.evidence.bands import difference_rows, make_family, standard_errors
from handful.evidence.curse import Rule, curse
from handful.evidence.records import Verdict
from handful.evidence.splits import BEST_SINGLE, NO_OFFER, menu_name, single_name
from handful.evidence.verdict import AS_LOGGED, Case, Challenge
from handful.notation import FloatArray


def with_correction(verdict: Verdict, case: Case, held: list[Challenge], seed: int) -> Verdict:
    """Return the verdict with its gain less the winner's curse beside the plain one.

    Cost: see `curse`.
    """
    if verdict.gain is None:
        return verdict
    found = curse(make_rule(case, held), seed)
    if found is None:
        return verdict
    corrected = verdict.gain.total.value - found
    return replace(verdict, gain=replace(verdict.gain, corrected=corrected))


def make_rule(case: Case, held: list[Challenge]) -> Rule:
    """Write the verdict's rule as arithmetic on the ledger's means.

    Cost: O(K G M^2).
    """
    means = case.means
    menus = [menu_name(challenge.offers) for challenge in held]
    cost = {p.offers: p.cost for p in case.frontier}
    base = NO_OFFER if NO_OFFER in means.names else AS_LOGGED
    lead = make_family(means, difference_rows(means, [(BEST_SINGLE, base)]), 0)
    has_base = base == NO_OFFER
    return Rule(
        value=means.value,
        covariance=means.covariance,
        menus=np.array([means.at(name) for name in menus], dtype=np.int64),
        cost=case.cost_weight * np.array([cost[challenge.offers] for challenge in held]),
        singles=np.array([means.at(single_name(g)) for g in case.allowed]),
        single_cost=case.cost_weight * np.array([case.setup[g] for g in case.allowed]),
        enough=np.array([c.enough and c.same_way for c in held], dtype=bool),
        errors=_errors(case, menus, [single_name(g) for g in case.allowed]),
        paired=_errors(case, menus, menus),
        critical=held[0].critical if held else 0.0,
        best=means.at(BEST_SINGLE),
        base=means.at(base),
        lead_error=float(lead.se[0]) if has_base else 0.0,
        lead_critical=lead.critical,
        lead_cost=case.setup[case.single],
        slack=case.slack,
    )


def _errors(case: Case, first: list[str], second: list[str]) -> FloatArray:
    """Standard errors (first x second) of all paired differences."""
    pairs = [(a, b) for a in first for b in second]
    if not pairs:
        return np.zeros((len(first), len(second)))
    se = standard_errors(case.means, difference_rows(case.means, pairs))
    return se.reshape(len(first), len(second))

"""A list of customers as one whole campaign: the allocation solved exactly for it.

A policy alone decides each customer by the prices of the limits, which keeps them on average. Here
all customers of the list are known at once, so the limits, at the list's share of the campaign they
were set for, are kept to the last customer. Cost: that of `allocate`; memory O(n K).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from handful.effects.predict import predict_profit, restrict_offers
from handful.effects.records import EffectsModel
from handful.errors import BriefError, blocked
from handful.evidence.limit_records import LimitRule, LimitTerms
from handful.evidence.limits import Rows, limited_problem
from handful.experiment.consent_records import ConsentGate
from handful.experiment.consent_rows import closed_cells, kept_offers, not_personalised, rights_of
from handful.experiment.records import Features
from handful.experiment.sources import CustomerBlock
from handful.notation import BoolArray, FloatArray, IntArray
from handful.planning.customers import decide_block
from handful.planning.records import PlanLimits
from handful.policy.allocation import allocate
from handful.policy.allocation_records import Limit
from handful.policy.allocation_rounding import room
from handful.policy.policy import UNKNOWN_STRATUM
from handful.policy.records import REASON_BEST, REASON_FALLBACK, Assignment, Policy

MOST_CUSTOMERS: Final = 5_000_000
"""Customers of one campaign: all are held in memory at once."""


@dataclass(frozen=True, slots=True)
class ListUse:
    """What a list uses of a limit: `bound` is the limit's share for the list, `kind` its side."""

    name: str
    kind: str
    bound: float
    used: float


@dataclass(frozen=True, slots=True)
class Listed:
    """One block of a list with all that the allocation reads of it.

    Attributes:
        customers: (n,) ids.
        values: (n, K) expected profit of the menu's offers.
        cells: (n, K) True where an offer may be given.
        amounts: (n, K) expected amounts.
        groups: (n, R) True where a row counts for each rule; all True without a group.
        fallback: (n,) codes of what a row keeps where the base is closed to it.
        kept: (n, 1 + A) expected profit and amounts of that offer.
        reason: (n,) why the policy alone gives what it gives.
        scored: (n,) False for those whose features may not be read.
    """

    customers: np.ndarray
    values: FloatArray
    cells: BoolArray
    amounts: tuple[FloatArray, ...]
    groups: BoolArray
    fallback: IntArray
    kept: FloatArray
    reason: IntArray
    scored: BoolArray


def list_block(
    policy: Policy, limits: PlanLimits, block: CustomerBlock, gate: ConsentGate | None
) -> Listed:
    """Return a block of customers as the allocation sees it.

    Args:
        policy: whose menu is allocated.
        limits: of the plan.
        block: features and strata.
        gate: the consent to ask; None where the plan was made without.

    Cost: that of predicting profit and every amount of K offers.
    """
    decided = decide_block(policy, block, gate)
    rows = np.arange(len(block.stratum))
    stratum = np.where(block.stratum < len(policy.strata), block.stratum, UNKNOWN_STRATUM)
    open_rows = np.vstack([policy.support, np.zeros((1, policy.support.shape[1]), np.bool_)])
    cells, fallback = open_rows[stratum], policy.fallback[stratum]
    scored = np.ones(len(rows), dtype=np.bool_)
    if gate is not None:
        rights = rights_of(gate.register, block.customers)
        cells = cells & ~closed_cells(rights, gate.binding)
        fallback = kept_offers(rights, gate.binding, fallback)
        scored = ~not_personalised(rights)
    used = np.union1d(np.array(policy.menu, dtype=np.int64), fallback)
    found = [_expected(m, used, block.features, scored) for m in (policy.model, *limits.models)]
    own, menu = np.searchsorted(used, fallback), np.searchsorted(used, policy.menu)
    return Listed(
        customers=block.customers,
        values=found[0][:, menu],
        cells=cells[:, list(policy.menu)],
        amounts=tuple(amount[:, menu] for amount in found[1:]),
        groups=_groups(block, limits.terms.rules),
        fallback=fallback,
        kept=np.column_stack([column[rows, own] for column in found]),
        reason=decided.reason,
        scored=scored,
    )


def _expected(
    model: EffectsModel, offers: IntArray, features: Features, scored: BoolArray
) -> FloatArray:
    """Return (n, K) predictions; who may not be scored counts as the mean of the others."""
    found = np.zeros((len(scored), len(offers)))
    if scored.any():
        seen = np.flatnonzero(scored)
        found[seen] = predict_profit(restrict_offers(model, offers.tolist()), features.rows(seen))
        found[~scored] = found[seen].mean(axis=0)
    return found


def _groups(block: CustomerBlock, rules: Sequence[LimitRule]) -> BoolArray:
    schema = block.features.schema
    found = np.ones((len(block.stratum), len(rules)), dtype=np.bool_)
    for c, rule in enumerate(rules):
        if rule.group is not None:
            at = schema.names.index(rule.group[0])
            code = schema.levels[at].index(rule.group[1])
            found[:, c] = block.features.values[:, at] == code
    return found


def solve_list(
    policy: Policy, limits: PlanLimits, blocks: Sequence[Listed]
) -> tuple[Assignment, tuple[ListUse, ...]]:
    """Give every customer of a list one offer within the limits, at the most expected profit.

    Args:
        policy: whose menu is allocated.
        limits: of the plan; totals are scaled to the list, by n / population.
        blocks: the list.

    Returns:
        Decisions in the order of the list, and what they use of each limit.

    Raises:
        BriefError: P730 the limits cannot hold on this list; P731 as `allocate`.

    Cost: that of `allocate` for n x K.
    """
    whole = _joined(blocks)
    menu, index = np.array(policy.menu, dtype=np.int64), np.arange(len(whole.fallback))
    terms = _on_menu(limits.terms, menu, whole.groups)
    rows = Rows(index, whole.values, whole.cells, whole.amounts)
    problem = limited_problem(rows, range(len(menu)), terms)
    place = allocate(problem).offer
    is_open = whole.cells[index, place]
    given = np.where(is_open, menu[place], whole.fallback)
    profit = np.where(is_open, whole.values[index, place], whole.kept[:, 0])
    amounts = [
        np.where(is_open, amount[index, place], whole.kept[:, 1 + a])
        for a, amount in enumerate(whole.amounts)
    ]
    for rule in terms.rules:
        if rule.share and rule.amount is not None:
            # As the limit counts it: over what the offer comes to for the whole list.
            amounts[rule.amount] -= whole.amounts[rule.amount].mean(axis=0)[place]
    uses = tuple(
        _use(rule, limit, float(_counted(rule, c, given, whole.groups, amounts).sum()))
        for c, (rule, limit) in enumerate(zip(limits.terms.rules, problem.limits, strict=True))
    )
    reason = np.where(is_open, REASON_BEST, REASON_FALLBACK)
    return Assignment(
        offer=given,
        reason=np.where(whole.reason == REASON_BEST, reason, whole.reason),
        expected_profit=np.where(whole.scored, profit, np.nan),
    ), uses


def _joined(blocks: Sequence[Listed]) -> Listed:
    return Listed(
        customers=np.concatenate([block.customers for block in blocks]),
        values=np.concatenate([block.values for block in blocks]),
        cells=np.concatenate([block.cells for block in blocks]),
        amounts=tuple(map(np.concatenate, zip(*(b.amounts for b in blocks), strict=True))),
        groups=np.concatenate([block.groups for block in blocks]),
        fallback=np.concatenate([block.fallback for block in blocks]),
        kept=np.concatenate([block.kept for block in blocks]),
        reason=np.concatenate([block.reason for block in blocks]),
        scored=np.concatenate([block.scored for block in blocks]),
    )


def _on_menu(terms: LimitTerms, menu: IntArray, groups: BoolArray) -> LimitTerms:
    """Return the limits with positions in the menu for codes, groups as rows of the list."""
    rules = tuple(
        replace(
            rule,
            offers=tuple(np.flatnonzero(np.isin(menu, rule.offers)).tolist()),
            rows=None if rule.group is None else groups[:, c],
        )
        for c, rule in enumerate(terms.rules)
    )
    base = int(np.searchsorted(menu, terms.base))
    return replace(terms, rules=rules, base=base, inward=True)


def _counted(
    rule: LimitRule, c: int, given: IntArray, groups: BoolArray, amounts: Sequence[FloatArray]
) -> FloatArray:
    if rule.amount is not None:
        return amounts[rule.amount]
    counted: FloatArray = (np.isin(given, rule.offers) & groups[:, c]).astype(np.float64)
    return counted


def _use(rule: LimitRule, limit: Limit, used: float) -> ListUse:
    """Return what is used; refuse where customers to whom the base is closed break a limit."""
    lower = bool(np.isfinite(limit.low))
    bound = limit.low if lower else limit.high
    over = max(limit.low - used, used - limit.high)
    if over > room(bound) + (0.0 if rule.amount is None else room(used)):
        message = f"{rule.name} cannot be kept on this list: some customers may get nothing but "
        message += f"their fallback, which uses {used:,.10g} against {bound:,.10g}."
        raise BriefError(blocked("P730", message, "Leave these customers out, or loosen it."))
    if rule.share and rule.amount is not None:
        per_customer = rule.high / limit.high
        return ListUse(rule.name, "within", rule.high, used * per_customer)
    return ListUse(rule.name, "at_least" if lower else "at_most", float(bound), used)

"""The plan under limits: amounts learned beside profit, the final prices, what each limit uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from handful.effects.amounts import (
    AmountModel,
    fit_amounts,
    learn_amounts,
    open_amounts,
    predict_amount,
)
from handful.effects.combining import less_amounts
from handful.effects.crossfit import CrossFit
from handful.effects.dial_amounts import Surface
from handful.effects.predict import predict_profit
from handful.effects.records import EffectsModel, Term
from handful.effects.worlds import Workshop
from handful.evidence.limit_records import LimitRule, LimitTerms
from handful.evidence.limit_use import (
    budget_curve,
    codes_by_price,
    firmer,
    held_out_use,
)
from handful.evidence.limits import (
    Rows,
    base_to_fallback,
    codes_by_fold,
    limited_allocation,
    menu_columns,
)
from handful.evidence.terms import Terms
from handful.experiment.records import Experiment
from handful.notation import FloatArray, IntArray
from handful.planning.limiting import refuse_impossible
from handful.planning.records import AllocationFacts, ConstraintUse, PlanLimits
from handful.planning.settings import PlanSettings
from handful.policy.allocation_records import Allocation
from handful.policy.records import REASON_BEST, REASON_FALLBACK, Assignment, Policy
from handful.progress import Progress


@dataclass(frozen=True, slots=True)
class AmountSplits:
    """Adds the cross-fit of every amount to that of the profit; keeps the first workshops."""

    experiment: Experiment
    settings: PlanSettings
    terms: Terms
    random_state: int
    progress: Progress
    surface: Surface | None = None
    """Of a log with dials."""
    kept: list[tuple[Workshop | None, ...]] = field(default_factory=list)

    def source(self, profit: Callable[[int], CrossFit]) -> Callable[[int], CrossFit]:
        """Return a source of splits whose cross-fits hold the amounts too.

        Raises:
            BriefError: P730 the limits conflict, now that the amounts are known.
        """
        return lambda repetition: self._with_amounts(profit(repetition), repetition)

    def _with_amounts(self, fit: CrossFit, repetition: int) -> CrossFit:
        shops = open_amounts(
            self.experiment,
            fit.fold,
            learn_rows=self.settings.learn_rows,
            random_state=self.random_state + repetition,
            surface=self.surface,
        )
        made = fit_amounts(self.experiment, fit, shops, self.progress, self.surface)
        if not self.kept:
            self.kept.append(shops)
            known = [amount.predicted for amount in made.amounts]
            refuse_impossible(self.terms, self.experiment, known)
        return made

    def models(self) -> tuple[AmountModel, ...]:
        """Return the final model of every amount.

        Cost: one fit each.
        """
        return learn_amounts(self.experiment, self.kept[0], self.surface)


@dataclass(frozen=True, slots=True)
class Limited:
    """The plan's policy under limits, who of the log gets what, and what that uses."""

    policy: Policy
    assignment: Assignment
    constraints: tuple[ConstraintUse, ...]
    allocation: AllocationFacts
    limits: PlanLimits


def limit_plan(
    experiment: Experiment,
    fit: CrossFit,
    terms: Terms,
    policy: Policy,
    models: tuple[AmountModel, ...],
) -> Limited:
    """Set the final prices on the whole log and hold its own assignment to the limits exactly.

    Args:
        experiment: the log.
        fit: the first split, amounts included.
        terms: with limits.
        policy: the plan's, deciding by profit alone; its menu holds the base.
        models: of the amounts.

    Returns:
        The policy that decides by profit less prices, the exact assignment of the log, and uses.

    Raises:
        BriefError: P730, P731 as `allocate`.

    Cost: 2 J + 1 allocations, and J for each budget of the curve.
    """
    limits = terms.limits
    if limits is None:
        raise ValueError("the terms hold no limits")
    n = experiment.n_rows
    values = predict_profit(policy.model, experiment.features)
    models = _centred(models, experiment, limits)
    amounts = tuple(predict_amount(model, experiment) for model in models)
    rows = Rows(np.arange(n), values, experiment.open_cells, amounts)
    found = limited_allocation(rows, policy.menu, limits)
    given = menu_columns(policy.menu, limits)[found.offer]
    given = base_to_fallback(rows, given, terms.fallback)
    menu = tuple(g for g in policy.menu if g != limits.base)
    facts = AllocationFacts(
        customers=n,
        value=found.value,
        bound=found.bound,
        gap=found.gap,
        budget_curve=budget_curve(experiment, fit, menu, replace(limits, inward=False), terms),
    )
    return Limited(
        policy=_with_prices(policy, models, limits, found),
        assignment=_assignment(values, given, policy),
        constraints=_uses(experiment, fit, terms, menu, found),
        allocation=facts,
        limits=_kept_limits(policy, limits, models),
    )


def _centred(
    models: tuple[AmountModel, ...], experiment: Experiment, limits: LimitTerms
) -> tuple[AmountModel, ...]:
    """Return the models of differences with a mean of 0 over the log for every offer."""
    means = {rule.amount for rule in limits.rules if rule.share and rule.amount is not None}
    made = []
    for at, amount in enumerate(models):
        if at in means and amount.model is not None:
            middle = predict_amount(amount, experiment).mean(axis=0)
            model = replace(amount.model, constant=amount.model.constant - middle)
            amount = replace(amount, model=model)
        made.append(amount)
    return tuple(made)


def _kept_limits(policy: Policy, limits: LimitTerms, models: tuple[AmountModel, ...]) -> PlanLimits:
    """Return the limits without the log's rows; what a table settles is a model of constants."""
    plain = replace(policy.model, terms=(), forest=None)
    return PlanLimits(
        replace(limits, rules=tuple(replace(rule, rows=None) for rule in limits.rules)),
        tuple(
            replace(plain, constant=m.table[0]) if m.table is not None else m.model or plain
            for m in models
        ),
    )


def _assignment(values: FloatArray, given: IntArray, policy: Policy) -> Assignment:
    reason = np.where(np.isin(given, policy.menu), REASON_BEST, REASON_FALLBACK)
    return Assignment(given, reason, values[np.arange(len(given)), given])


def _with_prices(
    policy: Policy, models: tuple[AmountModel, ...], limits: LimitTerms, found: Allocation
) -> Policy:
    """Return the policy that ranks offers by profit less what they use at the prices."""
    offers = np.zeros(len(policy.model.offers))
    parts: list[tuple[float, EffectsModel]] = []
    terms: list[Term] = []
    for rule, price in zip(limits.rules, firmer(found.prices), strict=True):
        if not price:
            continue
        if rule.group is not None:
            terms.append(_group_term(policy.model, rule, price))
        elif rule.amount is None:
            offers[list(rule.offers)] += price
        else:
            model = models[rule.amount]
            if model.model is not None:
                parts.append((price, model.model))
            elif model.table is not None:
                offers += price * model.table[0]
    return replace(policy, ranking=less_amounts(policy.model, parts, offers, terms))


def _group_term(model: EffectsModel, rule: LimitRule, price: float) -> Term:
    """Return the price of a group's limit as a term on the column that names the group."""
    if rule.group is None:
        raise ValueError("the limit concerns no group")
    column, level = rule.group
    feature = model.schema.names.index(column)
    levels = model.schema.levels[feature]
    table = np.zeros((len(levels) + 1, len(model.offers)))
    table[1 + levels.index(level), list(rule.offers)] = -price
    nothing = np.zeros(len(model.offers))
    return Term(feature, np.zeros(0), table, nothing, 0.0, 0.0, 0.0)


def _uses(
    experiment: Experiment,
    fit: CrossFit,
    terms: Terms,
    menu: tuple[int, ...],
    found: Allocation,
) -> tuple[ConstraintUse, ...]:
    limits = terms.limits
    if limits is None:
        return ()
    loose = replace(limits, inward=False)
    listed = codes_by_fold(experiment, fit, menu, loose, terms.fallback)
    alone = codes_by_price(experiment, fit, menu, loose, terms)
    uses = []
    for at, rule in enumerate(limits.rules):
        lower = kind_of(rule) == "at_least"
        price = float(found.prices[at])
        uses.append(
            ConstraintUse(
                name=rule.name,
                bound=rule.low if lower else rule.high,
                used=in_campaign(rule, float(found.used[at]), experiment, limits),
                shadow_price=abs(price) if price else None,
                kind=kind_of(rule),
                unit=unit_of(rule, experiment),
                held_out=held_out_use(experiment, fit, listed, terms, rule),
                by_prices=held_out_use(experiment, fit, alone, terms, rule, listed=False),
            )
        )
    return tuple(uses)


def kind_of(rule: LimitRule) -> str:
    """Return what a limit is: "at_most", "at_least" or "within"."""
    if np.isfinite(rule.low):
        return "within" if np.isfinite(rule.high) else "at_least"
    return "at_most"


def in_campaign(rule: LimitRule, used: float, experiment: Experiment, limits: LimitTerms) -> float:
    """Return what the log's assignment uses, in the unit of the brief."""
    if rule.share:
        count = experiment.n_rows if rule.rows is None else int(rule.rows.sum())
        return used / count
    return used * limits.population / experiment.n_rows


def unit_of(rule: LimitRule, experiment: Experiment) -> str:
    """Return the unit of a limit, as plan.json names it."""
    if rule.share:
        return "share" if rule.amount is None else "difference"
    if rule.amount is None:
        return "customers"
    return experiment.currency if rule.name == "budget" else "amount"

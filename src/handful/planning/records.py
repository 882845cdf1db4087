"""The frozen Plan: every field of plan.json, plus the policy and the assignments themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from handful.effects.records import EffectsModel
from handful.errors import BriefError, Finding, blocked
from handful.evidence.coverage_records import CoverageFacts, OutcomeFacts, WorseOffFacts
from handful.evidence.limit_records import BudgetPoint, LimitTerms
from handful.evidence.move_records import Move
from handful.evidence.records import (
    DemandFacts,
    Estimate,
    FrontierPoint,
    Heterogeneity,
    References,
    RuleFacts,
    Rung,
    Segment,
    SupplyFacts,
    Tails,
    Valuation,
    Verdict,
)
from handful.evidence.stage_records import DifferentiationFacts, FitFacts, StageFacts
from handful.experiment.consent_records import Consented
from handful.guardrails.fairness_records import Fairness
from handful.guardrails.maturity_records import Matrix, Scorecard
from handful.guardrails.releasing import failures, refuse
from handful.guardrails.results import GuardrailResult, Override
from handful.policy.records import Assignment, Policy

if TYPE_CHECKING:
    from handful.guardrails.data_use import DataUse
    from handful.guardrails.pressure import Pressure
    from handful.guardrails.samples import ReviewSheet
    from handful.planning.rollout import Rollout
    from handful.planning.sensitivity_records import Sensitivity
    from handful.planning.whatif_records import WhatIf

__all__ = ["ConstraintUse", "ExperimentFacts", "GuardrailResult", "OfferFacts", "Override", "Plan"]


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """An offer as it was tried: rows that received it, and whether it means "no offer".

    With dials, `rows` received something nearer to it than to any other candidate, and `values`
    holds its dials by name; None for "no offer" and offers without dials.
    """

    name: str
    rows: int
    control: bool
    values: Mapping[str, float | str] | None = None


@dataclass(frozen=True, slots=True)
class ExperimentFacts:
    """What the plan was made from."""

    rows: int
    customers: int
    clusters: int
    offers: tuple[OfferFacts, ...]
    currency: str
    data_sha256: str
    brief_sha256: str
    seed: int
    version: str
    source: str
    profit_sql: str
    observational: bool
    population: float | None
    customer: str | None = None
    """Column of customer ids in the log, which new customers have too."""
    columns: tuple[tuple[str, str], ...] = ()
    """Derived columns, (name, SQL expression), which new customers need too."""


@dataclass(frozen=True, slots=True)
class ConstraintUse:
    """A limit of the brief: its bound, what the plan uses of it, and its shadow price.

    `bound`, `used`, `held_out` and `by_prices` are totals of a campaign, in `unit`: customers, a
    share of the customers counted, money, or an amount. `used` is by the plan's own assignment and
    expectation, `held_out` by decisions on customers the models never saw, `by_prices` by the
    prices of other customers alone. `shadow_price` is money per unit: what one more unit of an
    "at_most" is worth, what one unit less of an "at_least" would be; None where it does not bind.
    """

    name: str
    bound: float
    used: float
    shadow_price: float | None
    kind: str = "at_most"
    unit: str = "customers"
    held_out: Estimate | None = None
    by_prices: Estimate | None = None


@dataclass(frozen=True, slots=True)
class AllocationFacts:
    """How good the assignment of the log under the limits is, by what the model expects.

    Attributes:
        customers: of the log.
        value: money, what the model expects of the assignment in all.
        bound: money that no assignment of this menu within the limits can exceed.
        gap: the duality gap, bound less value.
        budget_curve: held-out value of the menu at several budgets; () without a budget.
    """

    customers: int
    value: float
    bound: float
    gap: float
    budget_curve: tuple[BudgetPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """The limits of a plan and what they count, for a list that is a campaign of its own.

    Attributes:
        terms: the limits, in codes of the policy's offers; rows are not kept, groups are.
        models: one for each amount: what every offer is expected to come to.
    """

    terms: LimitTerms
    models: tuple[EffectsModel, ...]


@dataclass(frozen=True, slots=True)
class PlaneMark:
    """A point of the dials (None for "no offer") and the share of customers or rows there."""

    values: tuple[float | str, ...] | None
    share: float


@dataclass(frozen=True, slots=True)
class PlaneSegment:
    """An offer in use, the share that gets it, and where those customers' own best offers lie."""

    offer: str
    values: tuple[float | str, ...] | None
    share: float
    optima: tuple[PlaneMark, ...]


@dataclass(frozen=True, slots=True)
class OfferPlane:
    """Where offers with dials lie, for a drawing.

    Attributes:
        dials: (d,) names.
        tried: what rows received, "no offer" left out; shares of those rows.
        menus: K and its offers with the share of customers each is best for, as predicted.
        segments: the offers in use, the largest first.
    """

    dials: tuple[str, ...]
    tried: tuple[PlaneMark, ...]
    menus: tuple[tuple[int, tuple[PlaneMark, ...]], ...]
    segments: tuple[PlaneSegment, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer: plan.json's fields, the policy for the verdict's menu, who gets which."""

    experiment: ExperimentFacts
    findings: tuple[Finding, ...]
    heterogeneity: Heterogeneity
    reference: References
    frontier: tuple[FrontierPoint, ...]
    ladder: tuple[Rung, ...]
    verdict: Verdict
    segments: tuple[Segment, ...]
    tails: Tails
    valuation: Valuation
    policy: Policy
    customers: np.ndarray
    assignment: Assignment
    constraints: tuple[ConstraintUse, ...] = ()
    allocation: AllocationFacts | None = None
    guardrails: tuple[GuardrailResult, ...] = ()
    overrides: tuple[Override, ...] = ()
    data_use: DataUse | None = None
    """What the plan uses of its customers, and why; `manifest.json` of the plan folder."""
    rule: RuleFacts | None = None
    supply: SupplyFacts | None = None
    demand: DemandFacts | None = None
    one_more_offer: Estimate | None = None
    """What one more offer than the team can author would be worth, money per customer, held out."""
    consent: Consented | None = None
    """What the customers allow; None where the brief names no consent table."""
    plane: OfferPlane | None = None
    """Where offers with dials lie; None for offers that are names."""
    limits: PlanLimits | None = None
    """What an allocation of another list needs; None where nothing is limited."""
    stages: StageFacts | None = None
    """Every stage from no offer to one-to-one, and where the plan stands."""
    fit: FitFacts | None = None
    """Whether the case is one for personalising, and what the advice rests on."""
    differentiation: DifferentiationFacts | None = None
    """What the firm's own data are worth; None where the brief does not ask."""
    orchestration: Matrix | None = None
    """What is said to which segment on which channel; None where the brief does not say."""
    readiness: Scorecard | None = None
    """How far the firm has come; None without a brief."""
    pressure: Pressure | None = None
    """What all programmes send the customers; None where the brief names no such table."""
    rollout: Rollout | None = None
    """How the plan goes out; None where the brief does not say."""
    worse_off: WorseOffFacts | None = None
    """Segments and groups against the default; None where everybody gets the default."""
    outcomes: tuple[OutcomeFacts, ...] = ()
    """What else may not get worse."""
    coverage: CoverageFacts | None = None
    """Who has an acceptable offer; None where no offer counts as exclusion."""
    whatif: WhatIf | None = None
    """What other questions are answered from; None where the plan is not to keep it."""
    sensitivity: Sensitivity | None = None
    """How the advice hangs on what was assumed; None where the plan keeps nothing to ask."""
    fairness: Fairness | None = None
    """Groups compared, and prices; None where the brief names no protected column or fairness."""

    review: ReviewSheet | None = None
    """What is to be read before a release; `review.json` of the plan folder."""
    moves: tuple[Move, ...] = ()
    """Who would get another offer with one offer more or less; () where there is one menu."""

    @property
    def failed(self) -> tuple[GuardrailResult, ...]:
        """Failed guardrails that nobody answers for: with one, the plan may not be used."""
        return failures(self.guardrails, self.overrides)

    def menu(self, offers: int) -> tuple[str, ...]:
        """Return the names of the menu of that many offers.

        Args:
            offers: K, as in the frontier.

        Returns:
            The menu's offers.

        Raises:
            BriefError: F832 the frontier has no such menu.
        """
        for point in self.frontier:
            if point.offers == offers:
                return point.menu
        sizes = ", ".join(str(point.offers) for point in self.frontier)
        raise BriefError(
            blocked("F832", f"Expected a menu of {sizes} offers, found {offers}.", "Ask for one.")
        )

    def assign(self, customers: Any) -> Any:  # noqa: ANN401 - any frame library, in and out
        """Decide which offer each customer of a frame gets; see `assign_customers`.

        Args:
            customers: a pandas, polars, Arrow or DuckDB frame; columns are matched by name.

        Returns:
            A table of the same library: customer, offer, segment, reason, expected_profit.

        Raises:
            DataError: F830 no customers; S240 columns missing; S241 a column of the wrong type;
                G001 a guardrail failed.
        """
        from handful.planning.customers import assign_customers

        refuse([(failed.name, failed.remedy) for failed in self.failed])
        return assign_customers(self, customers)

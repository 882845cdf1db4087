"""The frozen records of coverage: who is worse off, what else got worse, who is shut out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from handful.evidence.records import Estimate

StandingVerdict = Literal["worse", "unclear", "no_worse", "same", "too_few"]
OutcomeVerdict = Literal["pass", "fail", "unclear", "too_few"]


@dataclass(frozen=True, slots=True)
class Regret:
    """What the members of a segment forgo against each one's own best offer, money per customer.

    `mean` is held out: one-to-one's offers less the plan's, the same models choosing. `p95` and
    `worst` are what the models themselves expect of the 95th percentile and of the worst-off
    member: claimed, since no single customer's loss can be measured.
    """

    mean: Estimate
    p95: float
    worst: float


@dataclass(frozen=True, slots=True)
class Standing:
    """A segment or a group under the plan against the default offer.

    `difference` is held-out profit of the plan less that of the default, money per customer of the
    group, with a band that holds for all of its kind at once; None where too few tell the two
    apart. `verdict`: "worse" (the band is below zero), "no_worse" (above minus the margin),
    "unclear" (neither), "same" (the plan gives the default), "too_few".
    """

    name: str
    customers: int
    share: float
    difference: Estimate | None
    verdict: StandingVerdict
    falls_back: bool = False
    regret: Regret | None = None


@dataclass(frozen=True, slots=True)
class WorseOffFacts:
    """Whether anybody is left worse off than under the default.

    Attributes:
        default: the offer compared with.
        fixed: whether it was settled beforehand; else it is the best single offer, chosen on other
            customers for each fold.
        margin: loss per customer too small to matter.
        segments: of the plan as it was before any of them fell back.
        groups: protected groups, under the plan as it is now; () without any. Segments and groups
            too small to be shown are left out.
        fell_back: offers whose customers get the default instead.
        effect: what falling back changes, money per customer of all, decided fold by fold on the
            other folds; None where nothing fell back.
    """

    default: str
    fixed: bool
    margin: float
    segments: tuple[Standing, ...]
    groups: tuple[Standing, ...]
    fell_back: tuple[str, ...] = ()
    effect: Estimate | None = None


@dataclass(frozen=True, slots=True)
class OutcomeTest:
    """One outcome in one segment, or in all: does it get worse by more than the margin?

    `under_default` and `difference` (plan less default) are held out, in the outcome's own unit per
    customer. `verdict`: "pass" where the band of the difference lies within the margin, "fail"
    where it lies beyond, "unclear" where it holds the margin, "too_few" where too few tell.
    """

    name: str
    customers: int
    under_default: Estimate | None
    difference: Estimate | None
    verdict: OutcomeVerdict


@dataclass(frozen=True, slots=True)
class OutcomeFacts:
    """A further outcome of the brief, overall and by segment.

    `conflict` tells that profit goes up while a loyalty outcome, one with a horizon, gets worse,
    each beyond its band.
    """

    name: str
    worse: Literal["higher", "lower"]
    margin: float
    horizon: str | None
    overall: OutcomeTest
    segments: tuple[OutcomeTest, ...]
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class Covered:
    """A share of customers with an acceptable offer: overall or in one group.

    `held_out` is by decisions of models that never saw the customer, with its band; `assigned` by
    the plan's own assignment of the log. `revenue` is the covered share of what customers bring,
    `reach` the share expected to take up what they get; each None where it is not known.
    """

    name: str
    customers: int
    held_out: Estimate
    assigned: float
    revenue: Estimate | None = None
    reach: Estimate | None = None


@dataclass(frozen=True, slots=True)
class AcceptableOffer:
    """Whether an offer counts as acceptable, and why not."""

    offer: str
    acceptable: bool
    taken_up: Estimate | None
    why_not: str | None


@dataclass(frozen=True, slots=True)
class ShutOut:
    """A segment of those without an acceptable offer.

    Attributes:
        rule: who they are, in words.
        customers: shut out and found by the rule.
        share: of all who are shut out.
        within: share of those whom the rule finds that is shut out.
        cost: what giving each the best acceptable offer would cost, money per customer, held out;
            below zero where it would pay.
    """

    rule: str
    customers: int
    share: float
    within: float
    cost: Estimate


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A coverage floor and what it leaves: held-out profit, coverage, and the price of the floor.

    `claimed` is what the models themselves expect; `cost` the paired difference to no floor.
    """

    floor: float
    coverage: float
    value: Estimate
    cost: Estimate
    claimed: float


@dataclass(frozen=True, slots=True)
class CoverageFacts:
    """Who has an acceptable offer.

    Attributes:
        offers: which count, and why others do not.
        overall, groups: shares; groups are the protected ones.
        revenue_source: what the revenue shares are of, or why there are none.
        shut_out: who has none, as segments, the largest first.
        shut_out_hidden: customers in segments too small to be named; None where that is too few.
        menu: offers of the coverage-profit curve; () without a curve.
        curve: by rising floor; () unless asked for.
        floor, revenue_floor: of the brief.
    """

    offers: tuple[AcceptableOffer, ...]
    overall: Covered
    groups: tuple[Covered, ...]
    revenue_source: str
    shut_out: tuple[ShutOut, ...]
    shut_out_hidden: int | None
    menu: tuple[str, ...] = ()
    curve: tuple[CurvePoint, ...] = ()
    floor: float | None = None
    revenue_floor: float | None = None

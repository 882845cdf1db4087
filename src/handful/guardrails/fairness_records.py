"""What a plan says of fairness: frames by group, regret, proxies, the price of bounds, prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from handful.evidence.records import Estimate

BoundVerdict: TypeAlias = Literal["pass", "fail", "warn", "no_bound"]


@dataclass(frozen=True, slots=True)
class GroupValue:
    """One group's value of a metric; its interval holds for all groups and metrics at once.

    `customers` are rows of the log; None where the count, or one beside it, is too small to show.
    """

    group: str
    customers: int | None
    value: float
    se: float
    lo: float
    hi: float


@dataclass(frozen=True, slots=True)
class Ratio:
    """Smallest group value over the largest, with its interval; None with the reason."""

    value: float | None
    lo: float | None
    hi: float | None
    why_absent: str = ""


@dataclass(frozen=True, slots=True)
class MetricFrame:
    """One metric by group, held out: what customers get from a policy that never saw their fold.

    Attributes:
        column: the protected column.
        metric: "selection_rate", "offer_share", "price", "benefit", "benefit_over_single",
            "exclusion" or "regret".
        offer: the offer of an "offer_share"; None otherwise.
        measure: what the values are, in words with their unit.
        overall: over all rows of the log.
        by_group: values of the groups.
        group_min, group_max: smallest and largest of them.
        difference: largest less smallest group value. Its interval holds for all pairs of groups,
            all metrics and all columns of the plan together (95 %).
        ratio: smallest over largest; of a selection rate, the demographic parity ratio.
        assigned: the same difference in the plan's own assignment of the log; None where the metric
            rests on outcomes.
        bound: largest difference that the brief allows; None where it sets none.
        verdict: "pass" where the whole interval is within the bound, "fail" where it is beyond,
            "warn" where more than the bound cannot be excluded, "no_bound".
    """

    column: str
    metric: str
    offer: str | None
    measure: str
    overall: float
    by_group: tuple[GroupValue, ...]
    group_min: float
    group_max: float
    difference: Estimate
    ratio: Ratio
    assigned: float | None
    bound: float | None
    verdict: BoundVerdict


@dataclass(frozen=True, slots=True)
class RegretLine:
    """What some customers lose against their own best offer, money per customer.

    `mean`, `p95` and `largest` are the model's claim for one customer at a time; `held_out` is the
    mean of what one-to-one really added, with an interval that holds for all lines at once. `group`
    and `segment` (the offer given) are None for all. None where too few are counted.
    """

    column: str | None
    group: str | None
    segment: str | None
    customers: int | None
    mean: float | None
    p95: float | None
    largest: float | None
    held_out: Estimate | None


@dataclass(frozen=True, slots=True)
class Proxy:
    """How well something that decisions see tells a group from the others.

    Attributes:
        column, group: who is told from whom.
        predictor: a feature, "the segment (offer given)" or "all features together".
        auc: area under the curve on customers not learned from; 0.5 is guessing. Its interval holds
            for all proxies of the plan at once.
        shown: whether the interval lies above 0.5.
        direct_mail: whether the field is one that direct mail segments by (age, area, income).
    """

    column: str
    group: str
    predictor: str
    auc: Estimate
    shown: bool
    direct_mail: bool


@dataclass(frozen=True, slots=True)
class Achieved:
    """The held-out difference of one bounded metric at one point of the curve, and its price.

    `shadow_price` is money per customer for one more unit of difference; 0 where it does not bind.
    """

    column: str
    metric: str
    bound: float | None
    difference: Estimate
    shadow_price: float


@dataclass(frozen=True, slots=True)
class FairPoint:
    """The plan's menu with bounds `times` as wide as the brief's; None: without bounds.

    `value` is held-out money per customer with its own 95 % interval; `cost` what the bounds cost
    against none, paired.
    """

    times: float | None
    value: Estimate
    cost: Estimate
    achieved: tuple[Achieved, ...]


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One offer with a price: who pays it, and how it compares with the lowest price of its item.

    `margin` is the price less the unit cost; None where no cost is given.
    """

    item: str
    offer: str
    price: float
    customers: int | None
    share: float
    over_lowest: float
    margin: float | None


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """A metric or a column that could not be looked at, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Fairness:
    """Everything a plan says of fairness between groups and of its prices."""

    frames: tuple[MetricFrame, ...] = ()
    regrets: tuple[RegretLine, ...] = ()
    proxies: tuple[Proxy, ...] = ()
    curve: tuple[FairPoint, ...] = ()
    prices: tuple[PriceLine, ...] = ()
    unmeasured: tuple[Unmeasured, ...] = ()
    notes: tuple[str, ...] = ()

"""The frozen records of evidence: estimates with bands, frontier, ladder, verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

VerdictKind = Literal["one_offer", "handful", "no_offer", "by_hand", "refused"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A held-out value in money per customer with its 95 % simultaneous band."""

    value: float
    se: float
    lo: float
    hi: float


@dataclass(frozen=True, slots=True)
class NamedEstimate:
    """A reference line: its estimate and, for the best single offer, which offer it is."""

    value: float
    se: float
    lo: float
    hi: float
    offer: str | None = None


@dataclass(frozen=True, slots=True)
class References:
    """The four lines every page shows, less the menu's own frontier."""

    no_offer: NamedEstimate | None
    best_single: NamedEstimate
    one_to_one: NamedEstimate


@dataclass(frozen=True, slots=True)
class FrontierPoint:
    """Held-out value of the menu of K offers, beside what the model claims.

    `share_of_one_to_one` = gain over the best single offer as a share of one-to-one's gain; None
    where one-to-one gains nothing. `setup_cost`, `content_cost`, `holding_cost`, `running_cost` (of
    telling customers apart) and `net` (value less the four) are money per customer; `contents` are
    content cells.
    """

    offers: int
    menu: tuple[str, ...]
    value: float
    se: float
    lo: float
    hi: float
    gain_over_single: Estimate
    share_of_one_to_one: float | None
    claimed: float
    certified_gap: float | None
    setup_cost: float
    net: float
    content_cost: float = 0.0
    contents: float = 0.0
    holding_cost: float = 0.0
    running_cost: float = 0.0

    @property
    def cost(self) -> float:
        """What running the menu costs, money per customer."""
        return self.setup_cost + self.content_cost + self.holding_cost + self.running_cost


@dataclass(frozen=True, slots=True)
class Rung:
    """One rival on the ladder, valued on the same folds.

    `gain` is the paired difference to the best single offer; `why_absent` is text where the log has
    no column for this rival, and the numbers are then None.
    """

    name: str
    segments: int | None
    offers: int | None
    value: float | None
    se: float | None
    lo: float | None
    hi: float | None
    gain: Estimate | None = None
    why_absent: str | None = None


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """Do customers differ in what the offers do to them? One-sided, held out."""

    test: str
    statistic: float | None
    p_value: float | None


@dataclass(frozen=True, slots=True)
class GainSplit:
    """The gain over "no offer" (over the log's own mix where there is none), in two that add up.

    `corrected` is the total less the winner's curse of announcing the plan that came out well:
    what to expect when it is run. None where it cannot be told.
    """

    better_single: Estimate
    targeting: Estimate
    total: Estimate
    corrected: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do, in one of five words, with the reasons in plain sentences."""

    kind: VerdictKind
    offers: int
    menu: tuple[str, ...]
    gain: GainSplit | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """The customers who get one offer of the chosen menu.

    `value` is held out (money per customer of the segment); `rule` is the sayable rule, with the
    share of customers on whom it agrees with the assignment and the held-out money it loses.
    `customers` and `share` are None where they are too few to be shown.
    """

    offer: str
    customers: int | None
    share: float | None
    value: Estimate
    rule: str
    rule_fidelity: float
    rule_loss: Estimate
    card: str


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """The rule that says the plan aloud, and what following it instead of the predictions costs.

    `decides` tells whether the plan itself follows it. `sentences` are (offer, words), `sql` one
    expression over the features, `tree` the rule as plain data. `fidelity` is the share of
    customers to whom predictions would give the same offer, `value` what the rule earns, `loss`
    what it earns less than the predictions: all held out, each with its own 95 % interval.
    """

    decides: bool
    depth: int
    sentences: tuple[tuple[str, str], ...]
    sql: str
    tree: Mapping[str, Any]
    fidelity: Estimate
    value: Estimate
    loss: Estimate


@dataclass(frozen=True, slots=True)
class VariantFacts:
    """One variant to be stocked: expected demand, best order, expected leftover and stock-out.

    `ahead` is the time before the campaign at which its quantity is fixed; `at_least` and `at_most`
    are the customers it must and may go to, None where the brief does not say.
    """

    offer: str
    demand: float
    order: float
    leftover: float
    short: float
    ahead: float = 1.0
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True, slots=True)
class SupplyFacts:
    """What to order of each offer of the menu, in units, and what to expect of it.

    The last two compare with the plan that gives everybody the best single offer. Intervals are
    95 % over samples of the offers' shares.
    """

    critical_ratio: float
    variants: tuple[VariantFacts, ...]
    leftover: Estimate
    short: Estimate
    leftover_over_single: Estimate
    short_over_single: Estimate
    pooling_loss: Estimate | None = None
    """What the stock of a campaign costs more than under the one-offer plan, money in all."""
    waste: Estimate | None = None
    """What the units left over of a campaign lose, money in all."""
    waste_over_single: Estimate | None = None


@dataclass(frozen=True, slots=True)
class DemandPoint:
    """A segment at one price tried: take-up, and margin x take-up (money per customer).

    Held out, with bands that hold for all segments and prices at once; None where too few of the
    segment's customers were open to the price.
    """

    segment: str
    offer: str
    price: float
    take_up: Estimate | None
    margin: Estimate | None


@dataclass(frozen=True, slots=True)
class Premium:
    """What a personalised offer earns over the standard one, among the customers it would go to.

    `gain` is the paired held-out difference in margin x take-up; `refused` where its lower end is
    not above zero. `price` and `standard_price` are None for an offer without a price.
    """

    offer: str
    price: float | None
    standard: str
    standard_price: float | None
    customers: int
    gain: Estimate
    refused: bool


@dataclass(frozen=True, slots=True)
class DemandFacts:
    """Willingness to pay: take-up and margin by segment over the prices tried, and premiums."""

    price: str
    points: tuple[DemandPoint, ...]
    premiums: tuple[Premium, ...]


@dataclass(frozen=True, slots=True)
class Tails:
    """Do a few rows carry the total? Values with the profit winsorised, beside the raw ones."""

    top_share: float
    threshold: float
    heavy: bool
    winsorised: tuple[tuple[str, Estimate], ...] = ()
    """(name, estimate) for no_offer, best_single, each menu and one_to_one; empty if not heavy."""
    limits: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class DialValue:
    """A policy's held-out value in one way of valuing it, with a 95 % interval of its own."""

    policy: str
    way: str
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class DialValuation:
    """How values of offers with dials were made, and how far they rest on the bandwidth.

    `bandwidth` is (dial, half-width in its own unit; 0 where levels are matched exactly).
    """

    bandwidth: tuple[tuple[str, float], ...]
    values: tuple[DialValue, ...]


@dataclass(frozen=True, slots=True)
class Valuation:
    """How the values were made: for the record and the method page."""

    folds: int
    repetitions: int
    level: float
    critical_value: float
    rows_learned: int
    stack: tuple[tuple[str, float], ...]
    """(model, weight) of the final stack: same_for_all, additive, boosted; weights add to 1."""
    dials: DialValuation | None = None
    """Set for offers with dials."""

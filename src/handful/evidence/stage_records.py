"""The frozen records of how far to personalise: stages, fit for personalising, differentiation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from handful.evidence.records import Estimate

StageName = Literal["one-to-all", "one-to-many", "one-to-few", "one-to-one"]
Depth = Literal["standardised", "generic", "customised", "highly personalised"]
Advice = Literal["no_offer", "one_offer", "handful", "one_to_one", "by_hand", "refused"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One way to serve all customers, placed on what it computes to. Money is per customer.

    Attributes:
        name: "no offer", "1 offer", "3 offers", ..., "one-to-one".
        offers: different offers in use; `menu` their names, () for one-to-one.
        effective: effective number of groups treated alike, exp(entropy of their shares): between
            1 and K for a menu, the number of customers for one-to-one, 0 for no offer. Counted.
        retained: share of one-to-one's gain over the best single offer that is kept, with a Fieller
            interval; None where that gain is not shown to be above zero, and for a plan after
            segments fell back.
        gain: held out, over no offer (over the offers as they were given where there is none).
        cost: of running it.
        net_gain: gain less cost.
        operating_efficiency: decisions made for one unit of money; None where it costs nothing.
        value_efficiency: what personalising gains over the best single offer, less what it costs
            more, for one unit of money spent; None where it costs nothing.
        stage: by the effective number. `depth`: by the share retained.
    """

    name: str
    offers: int
    menu: tuple[str, ...]
    effective: float
    retained: Estimate | None
    gain: Estimate
    cost: float
    net_gain: Estimate
    operating_efficiency: float | None
    value_efficiency: Estimate | None
    stage: StageName
    depth: Depth


@dataclass(frozen=True, slots=True)
class Marginal:
    """What the K-th offer is worth over the menu before it, what it costs more, and the rest."""

    offers: int
    worth: Estimate
    cost: float
    net: Estimate


@dataclass(frozen=True, slots=True)
class Complexity:
    """What there is to run: counts of the plan, beside the decisions of one-to-one."""

    offers: int
    segments: int
    contents: float
    rules: int
    questions: float
    """Questions of a rule on the way to an offer, on average."""
    channels: int | None
    fields: int
    decisions: int
    """Decisions of their own that one-to-one makes: one for each customer."""


@dataclass(frozen=True, slots=True)
class WrongOffers:
    """Customers who would get another offer if one of their fields were somebody else's.

    `rate` is the share on average over the fields, out of fold, with a 95 % interval; `worst` that
    of the field it depends on most.
    """

    offers: int
    rate: Estimate
    worst: float
    worst_field: str


@dataclass(frozen=True, slots=True)
class Regret:
    """What the customers of one offer lose against the best offer for each.

    `mean` is held out, with a 95 % interval for all offers together; `p95` and `largest` are what
    the model expects of a customer with large regret and of the worst off.
    """

    offer: str
    customers: int
    mean: Estimate
    p95: float
    largest: float


@dataclass(frozen=True, slots=True)
class StageFacts:
    """Every stage that the log can tell of, and where the plan stands.

    Attributes:
        base: what gains are counted from.
        customers: of one campaign.
        stages: from no offer to one-to-one.
        plan: position of the plan among them.
        marginal: the worth of each further offer.
        first_unpaid: first number of offers whose last one does not pay for itself; None where all
            do.
        complexity: of the plan.
        wrong_offers: by number of offers; () where they cannot be told.
        regret: by offer of the plan.
    """

    base: str
    customers: float
    stages: tuple[Stage, ...]
    plan: int
    marginal: tuple[Marginal, ...]
    first_unpaid: int | None
    complexity: Complexity
    wrong_offers: tuple[WrongOffers, ...] = ()
    regret: tuple[Regret, ...] = ()


@dataclass(frozen=True, slots=True)
class ByHand:
    """The card test: customers x minutes per card against the hours of the team."""

    customers: float
    minutes_per_card: float | None
    hours_needed: float | None
    hours: float | None
    fits: bool | None


@dataclass(frozen=True, slots=True)
class Commodity:
    """Does personalising matter at all?

    Attributes:
        verdict: "commodity" where customers are not shown to differ and no personalised plan can
            gain as much as `tolerance` over the best single offer; "differs" where customers do
            differ; else "not_shown": the log is too small to tell.
        p_value: of the test of differences.
        tolerance: gain per customer that does not matter.
        most: gain of the personalised plan that could gain most, with the simultaneous band of all;
            `policy` is its name.
    """

    verdict: Literal["commodity", "differs", "not_shown"]
    p_value: float | None
    tolerance: float
    most: Estimate | None
    policy: str | None


@dataclass(frozen=True, slots=True)
class Execution:
    """One measure of how well the one offer is carried out.

    `rate` has a Wilson interval where it is read off the log, and no width where the brief says it.
    """

    name: str
    rate: Estimate | None
    bound: float
    verdict: Literal["pass", "fail", "unknown"]
    remedy: str


@dataclass(frozen=True, slots=True)
class Wasted:
    """Sends to people who are expected to bring no more for being written to.

    `sends` is the share of customers who are sent something; `wasted` that of the sends, None where
    nothing is sent; `benefit` what these people brought for it, held out, money per send, None
    where they are too few to tell.
    """

    policy: str
    sends: float
    wasted: Estimate | None
    benefit: Estimate | None


@dataclass(frozen=True, slots=True)
class Baseline:
    """A simple way to segment, and the paired lead of the plan over it; None where it is absent."""

    name: str
    lead: Estimate | None
    beaten: bool
    why_absent: str | None = None


@dataclass(frozen=True, slots=True)
class FitFacts:
    """Is this firm's case one for personalising? The advice, and what it rests on."""

    advice: Advice
    reasons: tuple[str, ...]
    preset: str | None
    by_hand: ByHand
    commodity: Commodity
    execution: tuple[Execution, ...]
    wasted: tuple[Wasted, ...]
    baselines: tuple[Baseline, ...]


@dataclass(frozen=True, slots=True)
class Differentiated:
    """What one policy gains over the best single offer on all features and on commodity ones."""

    policy: str
    gain: Estimate
    commodity: Estimate
    difference: Estimate
    survives: Estimate | None
    """Share of the gain that commodity features keep; None where the gain is not above zero."""


@dataclass(frozen=True, slots=True)
class DifferentiationFacts:
    """What the firm's own data are worth beyond features that every competitor has."""

    commodity: tuple[str, ...]
    guessed: bool
    own: tuple[str, ...]
    policies: tuple[Differentiated, ...]

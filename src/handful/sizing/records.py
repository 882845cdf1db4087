"""The frozen records of sizing: what is known, what is asked, what it takes, what it would earn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from handful.errors import Finding
from handful.evidence.records import Estimate

Origin = Literal["stated", "read from the log", "assumed", "derived"]
Question = Literal["best offer", "heterogeneity", "menu of two", "next offer"]
Launch = Literal["pays", "not shown to pay", "never pays", "not known yet", "no costs stated"]


@dataclass(frozen=True, slots=True)
class Known:
    """One thing known beforehand: its value, where it comes from, and its interval if it has one.

    `why` says how it was derived or why it was assumed.
    """

    name: str
    value: float
    origin: Origin
    lo: float | None = None
    hi: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the experiment is sized from; money per customer.

    Attributes:
        offers: (G,) names, the control first.
        baseline: mean profit without an offer.
        sd: standard deviation of profit among customers of one offer.
        margin: money of a purchase where profit is all or nothing; None for any amount.
        gain: smallest gain of the best offer over the control worth knowing.
        spread: sd of customers' own effects of an offer, as far as features tell them.
        targeting: gain of the best menu of two over the best single offer, effects known.
        features: features that a decision may read.
        explained: share of the variance of profit that features explain.
        icc, cluster_size: correlation within clusters, and customers in each.
        known: the same as records, with where they come from.
        lead: gain of the best offer of the log over the control, held to all offers at once; None
            without a log.
    """

    offers: tuple[str, ...]
    baseline: float
    sd: float
    gain: float
    spread: float
    targeting: float
    margin: float | None = None
    features: int = 8
    explained: float = 0.0
    icc: float = 0.0
    cluster_size: int = 1
    known: tuple[Known, ...] = ()
    lead: Estimate | None = None

    @property
    def n_offers(self) -> int:
        """G, the control included."""
        return len(self.offers)


@dataclass(frozen=True, slots=True)
class Need:
    """What one question takes.

    Attributes:
        question: which.
        effect: what is to be seen, money per customer.
        rows: rows of the whole experiment; None where no number is enough.
        power: chance to see it with these rows; of the available rows in `at_hand`.
        detectable: smallest effect that the rows at hand see with the power asked for; None where
            they see none or no rows are stated.
        at_hand: chance to see the effect with the rows at hand; None where none are stated.
        offers: size of the larger menu, for "next offer".
        realised: share of `effect` that a plan learned on these rows would realise, on average.
        why: in words, where there is no number.
    """

    question: Question
    effect: float
    rows: int | None
    power: float
    detectable: float | None = None
    at_hand: float | None = None
    offers: int | None = None
    realised: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Arm:
    """One offer to try: its share of the rows, its rows, and the dials it is made of."""

    name: str
    share: float
    rows: int
    dials: tuple[tuple[str, float | None], ...] = ()
    control: bool = False


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Power of one question at one number of rows."""

    question: Question
    rows: int
    power: float


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Whether the programme pays back what it costs.

    Attributes:
        launch: in one of five words.
        gain: the gain it is reckoned with, with its interval where it has one (of a log).
        needed: gain per customer at which the horizon just pays; None without costs.
        months: until it has paid back at `gain`; None where it never does.
        months_lo, months_hi: at the upper and lower end of the gain; None where never or unknown.
        expected_lo: lower end of the gain's 95 % interval, if the experiment comes out as stated.
        rows_to_prove: rows at which that lower end is above `needed` with the power asked for; None
            where no number is enough.
        horizon: months.
        why: one sentence.
    """

    launch: Launch
    gain: Known
    needed: float | None
    months: float | None
    months_lo: float | None
    months_hi: float | None
    expected_lo: float | None
    rows_to_prove: int | None
    horizon: float
    why: str


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of the dry run's experiments with its 95 % interval (Clopper and Pearson)."""

    name: str
    hits: int
    runs: int
    lo: float
    hi: float
    expected: float | None = None

    @property
    def value(self) -> float:
        """The share."""
        return self.hits / self.runs


@dataclass(frozen=True, slots=True)
class DryRun:
    """What handful's own pipeline said of simulated customers.

    Attributes:
        rows: drawn in each experiment.
        scale: what effects were multiplied by so that fewer rows are as precise; 1 where none.
        rates: how often each verdict came out: effects as stated, and where nobody differs.
        note: how the customers were drawn.
    """

    rows: int
    scale: float
    rates: tuple[Rate, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Sizing:
    """Everything `handful size` answers.

    Attributes:
        facts: what it is reckoned from.
        currency, power: of the brief.
        population: customers a campaign reaches; None where not stated.
        available: rows at hand; None where not stated.
        rows: rows of the whole experiment, all questions answered; None where one cannot be.
        needs: one per question.
        arms: what to try, with shares and rows.
        design: how the arms were chosen, in words.
        curve: power over rows.
        break_even: whether it pays.
        findings: what stops or weakens the plan.
        dry_run: None where not asked for.
        salt_stated: whether the brief names a salt.
        name: of the experiment.
        version, brief_sha256: for the record.
    """

    facts: Facts
    currency: str
    power: float
    population: float | None
    available: int | None
    rows: int | None
    needs: tuple[Need, ...]
    arms: tuple[Arm, ...]
    design: str
    curve: tuple[CurvePoint, ...]
    break_even: BreakEven
    findings: tuple[Finding, ...]
    dry_run: DryRun | None = None
    name: str = "experiment"
    version: str = ""
    brief_sha256: str = ""

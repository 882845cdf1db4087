"""The frozen records of a repair: the plan before, what is changed, the price of each bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from handful.brief.guardrails import GuardrailsSpec
from handful.effects.crossfit import CrossFit
from handful.evidence.records import Estimate
from handful.evidence.terms import Terms
from handful.experiment.records import Experiment
from handful.notation import IntArray
from handful.policy.records import Chance, Policy


@dataclass(frozen=True, slots=True)
class RepairCase:
    """A plan before its repair.

    Attributes:
        experiment: the log, with the sensitive columns held apart.
        fit: cross-fit of the first split.
        terms: set-up costs, fallbacks, offers that must stay.
        asked: the [guardrails] table.
        policy: before the repair.
        decide: what a policy gives the log's customers, (n,) codes, consent respected.
        free: whether the policy alone decides, so that offers may be left to chance for everybody.
        seed: of the draws' salt and of rules.
    """

    experiment: Experiment
    fit: CrossFit
    terms: Terms
    asked: GuardrailsSpec
    policy: Policy
    decide: Callable[[Policy], IntArray]
    free: bool
    seed: int


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The cheapest repair for one bound; money per customer, held out, net of set-up.

    Attributes:
        factor: ln of the brief's bounds times this.
        shared, private: the bounds, as likelihood ratios.
        menu: names of the offers.
        keep: probability that the policy's own offer stays.
        drawn: (name, probability) of the offers left to chance.
        changed: share of customers whom chance gives another offer than they would have had.
        value: what the repaired plan earns.
        cost: what it earns less than the plan before the repair, paired.
    """

    factor: float
    shared: float
    private: float
    menu: tuple[str, ...]
    keep: float
    drawn: tuple[tuple[str, float], ...]
    changed: float
    value: Estimate
    cost: Estimate


@dataclass(frozen=True, slots=True)
class Repair:
    """What it takes to tell no more than allowed.

    Attributes:
        menu: codes of the repaired menu; the plan's own where no repair was found.
        chance: offers left to chance; None where there are none.
        point: the repair for the brief's own bounds; None where there is none.
        curve: repairs for tighter and looser bounds, tightest first.
        before: what the plan earns as it is.
    """

    menu: tuple[int, ...]
    chance: Chance | None
    point: CurvePoint | None
    curve: tuple[CurvePoint, ...]
    before: Estimate

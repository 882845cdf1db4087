"""The records of the what-if engine: a question, its answer, and what it is answered from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from handful.evidence.records import Estimate, FrontierPoint, References, Verdict
from handful.evidence.terms import Terms
from handful.evidence.whatif_records import KeptAmount, KeptEvidence, KeptWorld, SmallArray
from handful.experiment.records import Experiment, FeatureSchema
from handful.guardrails.results import GuardrailVerdict
from handful.notation import Float32Array, FloatArray
from handful.planning.records import ConstraintUse
from handful.policy.records import Policy


def _nothing() -> Mapping[str, float]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Question:
    """What if? None and {} mean as planned.

    Attributes:
        offers: K whose menu and segments are shown; the verdict's where None.
        setup_cost: money per live offer, the same for each; "no offer" is free.
        population: customers that one campaign reaches.
        assumptions: values of the brief's [profit.assumptions] by name.
        budget: money that one campaign may cost.
        capacities: offer -> customers it can serve in one campaign.
    """

    offers: int | None = None
    setup_cost: float | None = None
    population: float | None = None
    assumptions: Mapping[str, float] = field(default_factory=_nothing)
    budget: float | None = None
    capacities: Mapping[str, float] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True)
class AnswerSegment:
    """Who would get one offer of the menu, and its held-out value there."""

    offer: str
    customers: int | None
    share: float | None
    value: Estimate


@dataclass(frozen=True, slots=True)
class AnswerGuardrail:
    """A guardrail under the question; `as_planned` where it was not measured again."""

    name: str
    measure: str
    value: float | None
    bound: float | None
    verdict: GuardrailVerdict
    remedy: str
    as_planned: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What a plan would say under a question: the record types of the plan itself.

    Attributes:
        question: as asked.
        as_planned: True where nothing differs from the plan's own settings.
        offers: K shown: as asked, else the verdict's.
        menu: offers of the menu shown.
        reference, frontier, verdict: as in the plan.
        segments: of the menu shown.
        constraints: limits, what the menu shown uses of them, shadow prices.
        guardrails: of the menu shown.
        setup_cost: money per live offer; None where offers differ in it.
        population: customers of a campaign.
        assumptions: every one by name, as answered.
        rows: rows of the log that were counted.
        note: what was left as planned, counted on a part, or needs planning again: sentences.
    """

    question: Question
    as_planned: bool
    offers: int
    menu: tuple[str, ...]
    reference: References
    frontier: tuple[FrontierPoint, ...]
    verdict: Verdict
    segments: tuple[AnswerSegment, ...]
    constraints: tuple[ConstraintUse, ...]
    guardrails: tuple[AnswerGuardrail, ...]
    setup_cost: float | None
    population: float
    assumptions: Mapping[str, float]
    rows: int
    note: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranked:
    """An offer and the profit that the model expects of it for one customer: a claim."""

    offer: str
    expected_profit: float


@dataclass(frozen=True, slots=True)
class Moved:
    """A feature that the decision rests on.

    `lead` is what the first offer leads the second by, as expected by the model, were this feature
    at the log's typical value; `change` the lead as it is less that.
    """

    feature: str
    value: str
    typical: str
    lead: float
    change: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one row of the log gets its offer: what the model claims, never who it is.

    Attributes:
        row: of assignments.parquet, from 0.
        offer: what the menu would give.
        second: the next best open offer; None where there is none.
        lead: expected profit of the first less the second, money.
        ranked: all offers of the menu open to the row, best first.
        moved: features by how much they move the lead, the strongest first.
        reason: code of the decision, as in assignments.parquet.
        claim: the sentence that says what these numbers are.
    """

    row: int
    offer: str
    second: str | None
    lead: float | None
    ranked: tuple[Ranked, ...]
    moved: tuple[Moved, ...]
    reason: str
    claim: str


@dataclass(frozen=True, slots=True)
class Planned:
    """What the plan itself said, for what cannot be asked anew, and the numbers behind its costs.

    Attributes:
        reference, frontier, verdict, segments, constraints, guardrails: as in plan.json.
        menu: codes of the policy's menu.
        settled: whether the policy was merged, mended or limited after its menu was chosen.
        setup: (G,) money per offer and campaign, what the brief calls set-up alone.
        uniform: the one set-up cost of every offer; None where offers differ in it.
        people: customers of a campaign.
        per_decision: the part of the running cost that falls due per customer.
        hours, minutes_per_card: of the team.
        reported, audience: smallest count shown, and smallest audience of a live offer.
    """

    reference: References
    frontier: tuple[FrontierPoint, ...]
    verdict: Verdict
    segments: tuple[AnswerSegment, ...]
    constraints: tuple[ConstraintUse, ...]
    guardrails: tuple[AnswerGuardrail, ...]
    menu: tuple[int, ...]
    settled: bool
    setup: FloatArray
    uniform: float | None
    people: float
    per_decision: float
    hours: float | None
    minutes_per_card: float | None
    reported: int
    audience: int


@dataclass(frozen=True, slots=True)
class Assumption:
    """A number that profit was computed with.

    Attributes:
        name: in the brief; `at` its number as planned.
        movable: whether other values can be answered for without planning again.
        together: assumptions that cannot be moved at the same time, since it multiplies them.
        why: why it cannot be moved; "" where it can.
    """

    name: str
    at: float
    movable: bool
    together: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """All that a question is answered from; row r is row r of assignments.parquet.

    Attributes:
        log: the log without ids, features and names of strata; consent's closed cells are closed.
        schema: of the features; `columns` (p,) hold them in as few bytes as hold them exactly.
        terms: as planned.
        kept: ledger, splits and claims.
        whole: what all rows chose: the final menus and the best single offer.
        shares: size -> (K,) shares of the final menu's offers out of fold; empty without stock.
        limits: that a heavy tail is winsorised to; None without one.
        assigned: (n,) codes that the plan gives.
        planned: what the plan said.
        assumptions: of the brief.
        slope_rows: (n,) slope of each that can be moved; `slopes` (G, n) B of the final model,
            None where share and table of the splits say it.
        amounts: what limits count, as the final models expect it.
        seed: of all draws; `folds` of a split.
        policy: the plan's.
        cache: parts of answers that do not change, by what they depend on.
    """

    log: Experiment
    schema: FeatureSchema
    columns: tuple[np.ndarray, ...]
    terms: Terms
    kept: KeptEvidence
    whole: KeptWorld
    shares: dict[int, FloatArray]
    limits: tuple[float, float] | None
    assigned: SmallArray
    planned: Planned
    assumptions: tuple[Assumption, ...]
    slope_rows: tuple[Float32Array, ...]
    slopes: tuple[Float32Array | None, ...]
    amounts: tuple[KeptAmount, ...]
    seed: int
    folds: int
    policy: Policy
    cache: dict[Any, Any] = field(default_factory=dict, compare=False)

"""The records of the guardrails room: what a guardrail may read and what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from handful.brief.guardrails import GuardrailsSpec
from handful.brief.schema import Brief
from handful.evidence.coverage_records import CoverageFacts, OutcomeFacts, WorseOffFacts
from handful.evidence.evidence import Evidence
from handful.evidence.records import Segment, Verdict
from handful.evidence.terms import Terms
from handful.experiment.consent_records import Rights
from handful.experiment.contacts import ContactRegister
from handful.experiment.records import Experiment, Features, FeatureSchema
from handful.guardrails.audience import AudienceMerge
from handful.guardrails.fairness_records import Fairness
from handful.guardrails.importance import FieldValue
from handful.guardrails.maturity_records import Matrix, Scorecard
from handful.guardrails.minimise import Minimised
from handful.guardrails.repair_records import Repair
from handful.guardrails.results import GuardrailResult, GuardrailVerdict, Override
from handful.guardrails.tracing import Trace
from handful.notation import IntArray
from handful.policy.records import Assignment, Policy, RuleTree

__all__ = ["Facts", "Guardrail", "GuardrailResult", "GuardrailVerdict", "Override"]


def _untraced() -> Trace:
    return Trace((), 0)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a guardrail may read. All rows are those of `experiment`, in its order.

    Attributes:
        experiment: the checked log; n rows, `held_apart` holds the columns for testing only.
        policy: who gets which offer of the menu; what a server or `handful assign` would use.
        assignment: what every row of the log gets, consent respected.
        evidence: held-out numbers; `evidence.first` is the cross-fit of the first split with
            `fold`, out-of-fold `predicted` and doubly robust `scores` (n, G).
        terms: limits of the menu and fallbacks.
        verdict: after the team's hours are looked at.
        segments: of the plan.
        brief: the whole brief; None when the plan was asked for in Python without one.
        random_state: seed; a guardrail that draws starts from it.
        trace: which fields the policy reads, and which of them decide.
        values: what each field that decides is worth, held out.
        minimised: the fewest features that keep the gain; None where it was not asked for.
        merge: offers merged for want of customers; None where none were.
        rule: the plan said aloud; None for a menu of one.
        results: of the guardrails that ran before.
        repair: what it takes to tell no more than allowed; None where nothing is too much.
        recounted: what the customers of the rows allow, read again from the consent table event by
            event; None without consent.
        fairness: groups compared; None where the brief asks for nothing.
        worse_off, outcomes, coverage: as in the plan.
        fallen: (n,) codes that models without the row's fold give it where segments fell back to
            the default, which segments decided on the other folds; None where none did.
        contacts: what all programmes sent to whom; None where the brief names no such table.
        matrix: the orchestration matrix; None where the brief has none.
        scorecard: how far the firm has come; None without a brief.
    """

    experiment: Experiment
    policy: Policy
    assignment: Assignment
    evidence: Evidence
    terms: Terms
    verdict: Verdict
    segments: tuple[Segment, ...]
    brief: Brief | None
    random_state: int
    trace: Trace = field(default_factory=_untraced)
    values: tuple[FieldValue, ...] = ()
    minimised: Minimised | None = None
    merge: AudienceMerge | None = None
    rule: RuleTree | None = None
    results: tuple[GuardrailResult, ...] = ()
    repair: Repair | None = None
    recounted: Rights | None = None
    fairness: Fairness | None = None
    worse_off: WorseOffFacts | None = None
    outcomes: tuple[OutcomeFacts, ...] = ()
    coverage: CoverageFacts | None = None
    fallen: IntArray | None = None
    contacts: ContactRegister | None = None
    matrix: Matrix | None = None
    scorecard: Scorecard | None = None

    @property
    def asked(self) -> GuardrailsSpec:
        """The [guardrails] table; its defaults without a brief."""
        return GuardrailsSpec() if self.brief is None else self.brief.guardrails

    @property
    def held_apart(self) -> Features:
        """Columns held for testing only, sensitive and protected ones; none without a brief."""
        return self.experiment.held_apart or no_columns(self.experiment.n_rows)


def no_columns(rows: int) -> Features:
    """Return features without a column.

    Example:
        >>> no_columns(3).values.shape
        (3, 0)
    """
    return Features(FeatureSchema((), (), ()), np.empty((rows, 0), order="F"))


Guardrail: TypeAlias = Callable[[Facts], tuple[GuardrailResult, ...]]
"""Looks at a plan before it is released; never changes it."""

"""What every step of one plan shares."""

from __future__ import annotations

from dataclasses import dataclass

from handful.effects.slopes import SlopeSplits
from handful.evidence.terms import Terms
from handful.experiment.contacts import ContactRegister
from handful.experiment.records import Experiment
from handful.planning.constrained import AmountSplits
from handful.planning.rollout import Rollout
from handful.planning.settings import PlanSettings
from handful.progress import Progress


@dataclass(frozen=True, slots=True)
class Job:
    """What every step of one plan shares."""

    experiment: Experiment
    settings: PlanSettings
    terms: Terms
    random_state: int
    progress: Progress
    amounts: AmountSplits
    contacts: ContactRegister | None = None
    """What all programmes sent; None where the brief names no such table."""
    rollout: Rollout | None = None
    """How the plan goes out; None where the brief does not say."""
    slopes: SlopeSplits | None = None
    """What assumptions do to profit; None where questions are not to be answered."""

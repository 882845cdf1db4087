"""What every step of one plan shares."""

from __future__ import annotations

from dataclasses import dataclass

from handful.evidence.terms import Terms
from handful.experiment.records import Experiment
from handful.planning.constrained import AmountSplits
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

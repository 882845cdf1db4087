"""The records of readiness: the orchestration matrix, and how far the firm has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

State: TypeAlias = Literal["filled", "default", "empty"]


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """One segment on one channel.

    Attributes:
        offer: that the segment gets.
        channel: it is reached on.
        customers: of the log, who may be written to there.
        state: "filled", "default" or "empty".
        content, trigger, timing, owner: as the brief has them; None where it does not say.
    """

    offer: str
    channel: str
    customers: int
    state: State
    content: str | None = None
    trigger: str | None = None
    timing: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Matrix:
    """The matrix and what it holds.

    Attributes:
        cells: those that are reached, by segment, then channel.
        unused: cells of the brief that nobody reaches, "offer on channel".
        preferred: share of customers written to whose preferred channel is the one used; None
            where the brief names no column of preferences.
    """

    cells: tuple[MatrixCell, ...]
    unused: tuple[str, ...]
    preferred: float | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """What one step of a ladder rests on.

    Attributes:
        there: whether it is.
        quote: what was found: table, column, count.
        remedy: what would have to be there.
    """

    there: bool
    quote: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Dimension:
    """One of the six dimensions.

    Attributes:
        name: "data", "definition", "trigger", "content", "automation" or "channel".
        stage: 1 to 4.
        evidence: the facts that the stage rests on, one for each step climbed; at stage 1 what was
            found in place of the second's.
        lacks: what the next step lacks, and what there is; None at the last stage.
    """

    name: str
    stage: int
    evidence: tuple[str, ...]
    lacks: str | None


@dataclass(frozen=True, slots=True)
class Scorecard:
    """How far the firm has come.

    Attributes:
        dimensions: all six.
        overall: the weakest of them.
        name: of that stage.
        next_step: name of the stage after it; None at the last.
        blocked_by: what each of the weakest dimensions lacks.
        aim: the stage that the brief aims at; None for the next.
    """

    dimensions: tuple[Dimension, ...]
    overall: int
    name: str
    next_step: str | None
    blocked_by: tuple[str, ...]
    aim: int | None

"""How far the firm has come, in six dimensions, each read off a fact; the weakest one counts.

A dimension's stage is the last step of its ladder whose fact is there, all before it included.
Every fact is quoted: table, column, count. Nobody rates themselves. Only the next step is advised.
Cost O(tables + cells).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from handful.brief.readiness import ReadinessSpec
from handful.experiment.firm_tables import TableFacts
from handful.guardrails.maturity_facts import (
    automation_facts,
    channel_facts,
    content_facts,
    data_facts,
    definition_facts,
    trigger_facts,
)
from handful.guardrails.maturity_records import Dimension, Fact, Scorecard
from handful.guardrails.records import Facts, GuardrailResult

STAGES: Final = ("one-to-all", "one-to-many", "one-to-few", "one-to-one")
NAME: Final = "one_step_at_a_time"

Ladder: TypeAlias = Callable[[Facts, ReadinessSpec, tuple[TableFacts, ...]], tuple[Fact, ...]]
"""Returns the facts that steps 2, 3 and 4 of a dimension rest on."""

DIMENSIONS: Final[tuple[tuple[str, Ladder], ...]] = (
    ("data", data_facts),
    ("definition", definition_facts),
    ("trigger", trigger_facts),
    ("content", content_facts),
    ("automation", automation_facts),
    ("channel", channel_facts),
)


def make_scorecard(facts: Facts, tables: tuple[TableFacts, ...]) -> Scorecard | None:
    """Place the firm in every dimension; None without a brief.

    Args:
        facts: brief, policy, trace and orchestration matrix.
        tables: what was counted in the firm's tables.

    Returns:
        The scorecard: stages, the facts behind them, and what the next step lacks.

    Cost: O(tables + cells).
    """
    if facts.brief is None:
        return None
    spec = facts.brief.readiness
    found = tuple(_place(name, ladder(facts, spec, tables)) for name, ladder in DIMENSIONS)
    overall = min(dimension.stage for dimension in found)
    behind = tuple(d for d in found if d.stage == overall)
    return Scorecard(
        dimensions=found,
        overall=overall,
        name=STAGES[overall - 1],
        next_step=STAGES[overall] if overall < len(STAGES) else None,
        blocked_by=tuple(d.lacks for d in behind if d.lacks is not None),
        aim=spec.aim,
    )


def _place(name: str, ladder: tuple[Fact, ...]) -> Dimension:
    """Climb the ladder until a fact is not there."""
    climbed = 0
    while climbed < len(ladder) and ladder[climbed].there:
        climbed += 1
    lacking = ladder[climbed] if climbed < len(ladder) else None
    quoted = tuple(fact.quote for fact in ladder[:climbed])
    evidence = quoted if quoted or lacking is None else (lacking.quote,)
    return Dimension(
        name=name,
        stage=climbed + 1,
        evidence=evidence,
        lacks=None if lacking is None else f"{name}: {lacking.remedy} (now: {lacking.quote})",
    )


def check_step(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Refuse an aim more than one stage ahead, unless somebody answers for the jump.

    Cost: O(1).
    """
    card = facts.scorecard
    if card is None or card.aim is None:
        return ()
    jump = card.aim - card.overall
    ahead = STAGES[min(card.aim, len(STAGES)) - 1]
    advice = "; ".join(card.blocked_by[:4])
    holds = f"You are at {card.name} and aim at {ahead}: one step at most."
    fails = (
        f"You are at {card.name} and aim at {ahead}, {jump} steps ahead. Aim at {card.next_step} "
        f"first: {advice}."
    )
    return (
        GuardrailResult(
            NAME,
            "stages between where the firm is and where it aims",
            float(max(jump, 0)),
            None,
            None,
            1.0,
            "fail" if jump > 1 else "pass",
            fails if jump > 1 else holds,
        ),
    )

"""What the main job is asked for: from a brief, or from the arguments of `hf.plan`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from handful.brief.constraints import ConstraintsSpec
from handful.brief.coverage import CoverageSpec, WorseOffSpec
from handful.brief.schema import Brief, TeamSpec
from handful.brief.stages import StagesSpec
from handful.brief.variety import VarietySpec


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """Limits of the menu, splits of the log, columns of the rivals, the team's hours.

    Defaults are those of the brief.
    """

    max_offers: int = 8
    setup_cost: float | Mapping[str, float] = 0.0
    always: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    folds: int = 5
    repetitions: int = 2
    learn_rows: int = 200_000
    engaged: str | None = None
    direct_mail: tuple[str, ...] = ()
    hours: float | None = None
    minutes_per_card: float | None = None
    ladder: bool = True
    by_rule: bool = False
    rule_depth: int = 2
    constraints: ConstraintsSpec = field(default_factory=ConstraintsSpec)
    variety: VarietySpec = field(default_factory=VarietySpec)
    team: TeamSpec = field(default_factory=TeamSpec)
    coverage: CoverageSpec = field(default_factory=CoverageSpec)
    worse_off: WorseOffSpec = field(default_factory=WorseOffSpec)
    stages: StagesSpec = field(default_factory=StagesSpec)
    preset: Literal["loyalty", "scale"] | None = None
    price: float | Mapping[str, float] | None = None
    studio: bool = True
    """Whether the plan keeps what questions are answered from."""


def settings_of(brief: Brief) -> PlanSettings:
    """Return the settings a brief asks for.

    Example:
        >>> from handful.brief.schema import ExperimentSpec, ProfitSpec
        >>> brief = Brief(ExperimentSpec(source="log.csv", offer="arm"), ProfitSpec("spend"))
        >>> settings_of(brief).max_offers
        8
    """
    return PlanSettings(
        max_offers=brief.menu.max_offers,
        setup_cost=brief.menu.setup_cost,
        always=brief.menu.always,
        never=brief.menu.never,
        folds=brief.evidence.folds,
        repetitions=brief.evidence.repetitions,
        learn_rows=brief.evidence.learn_rows,
        studio=brief.evidence.studio,
        engaged=brief.evidence.engaged,
        direct_mail=brief.evidence.direct_mail,
        hours=brief.team.hours,
        minutes_per_card=brief.team.minutes_per_card,
        by_rule=brief.policy.rules,
        rule_depth=brief.policy.depth,
        constraints=brief.constraints,
        variety=brief.variety,
        team=brief.team,
        stages=brief.stages,
        preset=brief.menu.preset,
        price=brief.profit.price,
        coverage=brief.coverage,
        worse_off=brief.worse_off,
    )

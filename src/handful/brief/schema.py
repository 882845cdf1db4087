"""The frozen records of a brief: what the person asks for, key by key as in handful.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from handful.brief.consent import ConsentSpec
from handful.brief.constraints import ConstraintsSpec
from handful.brief.contacts import ContactsSpec
from handful.brief.coverage import CoverageSpec, WorseOffSpec
from handful.brief.dials import DialSpec
from handful.brief.differentiation import DifferentiationSpec
from handful.brief.execution import ExecutionSpec
from handful.brief.fairness import FairnessSpec
from handful.brief.guardrails import GuardrailsSpec
from handful.brief.orchestration import OrchestrationSpec
from handful.brief.outcomes import OutcomeSpec
from handful.brief.policy import PolicySpec
from handful.brief.readiness import ReadinessSpec
from handful.brief.rollout import RolloutSpec
from handful.brief.sensitivity import SensitivitySpec
from handful.brief.size import SizeSpec
from handful.brief.stages import StagesSpec
from handful.brief.variety import VarietySpec

Unit = Literal["row", "customer"]


def _empty() -> Mapping[str, str]:
    return MappingProxyType({})


def _no_numbers() -> Mapping[str, float]:
    return MappingProxyType({})


def _no_outcomes() -> Mapping[str, OutcomeSpec]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ExperimentSpec:
    """The [experiment] table: where the log is and what its columns mean."""

    source: str
    offer: str | tuple[str, ...]
    """A column of names, or the columns of an offer's dials."""
    where: str | None = None
    customer: str | None = None
    cluster: str | None = None
    strata: tuple[str, ...] = ()
    time: str | None = None
    outcome_time: str | None = None
    control: str | Mapping[str, float | str] | None = None
    """A name; with dials a point (column -> value), or "null" where no dial is set."""
    propensity: str | Mapping[str, float] = "design"
    """"design", "column:NAME", "estimate", or a table offer name -> probability."""
    features: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
    unit: Unit | None = None
    """"row" or "customer" (profit summed) when customers repeat; None: repeats block."""
    crossovers: Literal["drop", "first"] | None = None
    date_format: str | None = None
    encoding: str = "utf-8"
    accept_observational: bool = False

    @property
    def offer_columns(self) -> tuple[str, ...]:
        """The columns that say what a row received."""
        return (self.offer,) if isinstance(self.offer, str) else self.offer


@dataclass(frozen=True, slots=True)
class ProfitSpec:
    """The [profit] table: money per row, currency, and how many customers a campaign reaches."""

    per_row: str
    currency: str = "USD"
    population: float | None = None
    kind: Literal["money", "binary"] = "money"
    take_up: str | None = None
    """SQL expression: whether the customer accepted; draws demand over the prices tried."""
    price: float | Mapping[str, float] | None = None
    """Price of each named offer; None where a dial is the price."""
    long_run: str | None = None
    """SQL expression: money per row that comes later; the reader adds it to `per_row`."""
    assumptions: Mapping[str, float] = field(default_factory=_no_numbers)
    """Numbers that `per_row` was written with by name; the reader has put them in."""


@dataclass(frozen=True, slots=True)
class MenuSpec:
    """The [menu] table: how many offers at most, what each costs to set up, forced in or out."""

    max_offers: int = 8
    setup_cost: float | Mapping[str, float] = 0.0
    always: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    preset: Literal["loyalty", "scale"] | None = None


@dataclass(frozen=True, slots=True)
class EvidenceSpec:
    """The [evidence] table: folds, repetitions, learning sample, the rivals' columns."""

    folds: int = 5
    repetitions: int = 2
    learn_rows: int = 200_000
    engaged: str | None = None
    direct_mail: tuple[str, ...] = ()
    studio: bool = True
    """Whether the plan keeps what what-if questions are answered from."""


@dataclass(frozen=True, slots=True)
class TeamSpec:
    """The [team] table: hours at hand and minutes one hand-written card takes."""

    hours: float | None = None
    minutes_per_card: float | None = None
    hours_per_offer: float | None = None
    offers_we_can_author: int | None = None


@dataclass(frozen=True, slots=True)
class Brief:
    """Everything a person asks of handful, read from handful.toml or built in Python.

    Example:
        >>> spec = ExperimentSpec(source="log.csv", offer="arm")
        >>> Brief(experiment=spec, profit=ProfitSpec(per_row="spend")).menu.max_offers
        8
    """

    experiment: ExperimentSpec
    profit: ProfitSpec
    menu: MenuSpec = field(default_factory=MenuSpec)
    evidence: EvidenceSpec = field(default_factory=EvidenceSpec)
    team: TeamSpec = field(default_factory=TeamSpec)
    columns: Mapping[str, str] = field(default_factory=_empty)
    """[columns]: derived columns, name -> SQL expression over the log's columns."""
    constraints: ConstraintsSpec = field(default_factory=ConstraintsSpec)
    variety: VarietySpec = field(default_factory=VarietySpec)
    consent: ConsentSpec = field(default_factory=ConsentSpec)
    guardrails: GuardrailsSpec = field(default_factory=GuardrailsSpec)
    policy: PolicySpec = field(default_factory=PolicySpec)
    readiness: ReadinessSpec = field(default_factory=ReadinessSpec)
    orchestration: OrchestrationSpec = field(default_factory=OrchestrationSpec)
    contacts: ContactsSpec = field(default_factory=ContactsSpec)
    rollout: RolloutSpec = field(default_factory=RolloutSpec)
    stages: StagesSpec = field(default_factory=StagesSpec)
    execution: ExecutionSpec = field(default_factory=ExecutionSpec)
    differentiation: DifferentiationSpec | None = None
    """None: not asked for."""
    fairness: FairnessSpec = field(default_factory=FairnessSpec)
    size: SizeSpec = field(default_factory=SizeSpec)
    dials: tuple[DialSpec, ...] = ()
    """[menu.COLUMN], one for each column of a list in experiment.offer; () for names."""
    pinned: tuple[Mapping[str, float | str], ...] = ()
    """The points among menu.always, which holds their names."""
    folder: str = "."
    """Folder that a relative `source` is looked up in."""
    sha256: str = ""
    profit_by_name: str | None = None
    """`profit.per_row` as it was written, names of assumptions in it; None without any."""
    coverage: CoverageSpec = field(default_factory=CoverageSpec)
    worse_off: WorseOffSpec = field(default_factory=WorseOffSpec)
    outcomes: Mapping[str, OutcomeSpec] = field(default_factory=_no_outcomes)
    """[outcomes.NAME], by name."""
    sensitivity: SensitivitySpec = field(default_factory=SensitivitySpec)

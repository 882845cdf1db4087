"""The [constraints] table: budgets, capacities, floors and caps on who gets which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from handful.brief.key import Key
from handful.errors import Finding, blocked


def _no_amounts() -> Mapping[str, float]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Cap:
    """A cap on what else comes of the offers: a sum of an outcome, per customer on average."""

    outcome: str
    """SQL over the log's columns, an amount per row."""
    at_most: float


def _no_texts() -> Mapping[str, str]:
    return MappingProxyType({})


def _no_caps() -> Mapping[str, Cap]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ConstraintsSpec:
    """The [constraints] table. Volumes are customers of one campaign."""

    budget: float | None = None
    """Money that one campaign may cost in all; `cost` says what counts."""
    cost: str | None = None
    """SQL over the log's columns, money per row."""
    capacity: float | Mapping[str, float] = field(default_factory=_no_amounts)
    """Offer -> customers that may get it at most; one number for every offer but the base."""
    at_least: Mapping[str, float] = field(default_factory=_no_amounts)
    """Offer -> customers that must get it at least; such an offer stays in every menu."""
    coverage_floor: float | None = None
    """Share of the customers that must get an acceptable offer."""
    coverage_floor_by: tuple[str, ...] = ()
    """Columns within every level of which the floor must hold too."""
    acceptable: tuple[str, ...] = ()
    """Offers that count as acceptable; empty: all but the base."""
    eligible: Mapping[str, str] = field(default_factory=_no_texts)
    """Offer -> SQL condition over customers' columns: who may get it."""
    never_together: tuple[tuple[str, str], ...] = ()
    """Pairs: two offers that no menu may hold both of, or an offer and the SQL condition of the
    customers who may not get it."""
    caps: Mapping[str, Cap] = field(default_factory=_no_caps)
    """Name -> cap on an outcome."""
    otherwise: str | None = None
    """The base: what a customer gets whom a limit leaves out; None: the control."""

    @property
    def limited(self) -> bool:
        """Whether there is a limit on all customers together."""
        return bool(
            self.budget is not None
            or self.capacity != {}
            or self.at_least
            or self.coverage_floor is not None
            or self.caps
        )


def read_caps(value: object) -> Mapping[str, Cap]:
    """Return the caps of a brief by name.

    Raises:
        ValueError: not a table name = {outcome = ..., at_most = ...}.

    Example:
        >>> read_caps({"complaints": {"outcome": "complained", "at_most": 0.01}})["complaints"]
        Cap(outcome='complained', at_most=0.01)
    """
    wanted = "a table name = {outcome = SQL, at_most = number}"
    if not isinstance(value, Mapping):
        raise ValueError(wanted)
    read = {}
    for name, cap in value.items():
        if not isinstance(cap, Mapping) or set(cap) != {"outcome", "at_most"}:
            raise ValueError(wanted)
        outcome, most = cap["outcome"], cap["at_most"]
        number = isinstance(most, int | float) and not isinstance(most, bool) and 0 <= most < 1e300
        if not isinstance(outcome, str) or not outcome.strip() or not number:
            raise ValueError(f"{wanted}, the number at least 0")
        read[str(name)] = Cap(outcome, float(most))
    return MappingProxyType(read)


def read_pairs(value: object) -> tuple[tuple[str, str], ...]:
    """Return pairs of texts.

    Raises:
        ValueError: not a list of pairs of different texts.

    Example:
        >>> read_pairs([["mail", "call"]])
        (('mail', 'call'),)
    """
    wanted = "a list of pairs in quotes: two offers, or an offer and an SQL condition"
    if not isinstance(value, list | tuple):
        raise ValueError(wanted)
    pairs = []
    for pair in value:
        whole = isinstance(pair, list | tuple) and len(pair) == 2 and len(set(pair)) == 2
        if not whole or not all(isinstance(part, str) and part.strip() for part in pair):
            raise ValueError(wanted)
        pairs.append((pair[0], pair[1]))
    return tuple(pairs)


def contradictions(read: Mapping[str, Any], population: float | None) -> list[Finding]:
    """Return what cannot be right in [constraints] whatever the log is.

    Args:
        read: the keys given, in their types.
        population: customers of one campaign, where the brief says so.

    Example:
        >>> contradictions({"budget": 5.0}, None)[0].code
        'B105'
    """
    spec = ConstraintsSpec(**read)
    found = []
    if (spec.budget is None) != (spec.cost is None):
        message = "constraints.budget and constraints.cost go together; one of them is missing."
        found.append(blocked("B105", message, "Give the money, and the SQL of what counts."))
    if spec.coverage_floor is not None and spec.coverage_floor > 1:
        message = (
            f"constraints.coverage_floor is a share from 0 to 1, found {spec.coverage_floor:g}."
        )
        found.append(blocked("B105", message, "Write 0.9 for nine customers in ten."))
    if spec.coverage_floor is None and (spec.coverage_floor_by or spec.acceptable):
        message = "constraints.coverage_floor_by and acceptable need a coverage_floor."
        found.append(blocked("B105", message, "Add coverage_floor, or leave them out."))
    return found + _volumes(spec, population)


def _volumes(spec: ConstraintsSpec, population: float | None) -> list[Finding]:
    found = []
    for name, least in spec.at_least.items():
        most = spec.capacity.get(name) if isinstance(spec.capacity, Mapping) else spec.capacity
        if most is not None and least > most:
            message = f"constraints.at_least asks for {least:,.10g} customers with '{name}', and "
            message += f"constraints.capacity allows {most:,.10g}."
            found.append(blocked("B105", message, "Lower the one or raise the other."))
    total = sum(spec.at_least.values())
    if population is not None and total > population:
        message = f"constraints.at_least adds up to {total:,.10g} customers; a campaign reaches "
        message += f"profit.population = {population:,.10g}."
        found.append(blocked("B105", message, "Lower the volumes or correct the population."))
    return found


_C = "constraints"

# fmt: off
KEYS: Final[tuple[Key, ...]] = (
    Key(_C, "budget", "number", "money that one campaign may cost in all", least=0),
    Key(_C, "cost", "text", "SQL over the log's columns: what a row cost, money per row"),
    Key(_C, "capacity", "costs", "customers who may get an offer at most", "no limit", least=0),
    Key(_C, "at_least", "volumes", "customers who must get an offer at least; it then stays in "
        "every menu", "{}", least=0),
    Key(_C, "coverage_floor", "number", "share of the customers who must get an acceptable offer",
        least=0),
    Key(_C, "coverage_floor_by", "names", "columns within every level of which the floor must hold "
        "too", "[]"),
    Key(_C, "acceptable", "offers", "offers that count for the floor", "all but the base"),
    Key(_C, "eligible", "conditions", "who may get an offer: SQL over customers' columns", "{}"),
    Key(_C, "never_together", "pairs", "offers that no menu may hold both of, or an offer and the "
        "condition of those who may not get it", "[]"),
    Key(_C, "caps", "caps", "most that an outcome may come to, per customer on average", "{}"),
    Key(_C, "otherwise", "control", "the base: what a customer gets whom a limit leaves out",
        "the control"),
)
# fmt: on

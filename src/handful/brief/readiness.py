"""The [readiness] table: where the facts lie that say how far a firm has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final

from handful.brief.key import Key

TABLE_KINDS: Final = ("customers", "prospects", "events", "contacts", "runs", "decisions")
"""What a table of the firm holds. "runs" has a row per campaign sent, "decisions" one per offer
decided while a customer waits."""

DEMOGRAPHIC: Final = (
    "age", "sex", "gender", "income", "education", "marital", "married", "household", "zip",
    "postcode", "region", "state", "city", "area", "urban", "country",
)  # fmt: skip
"""Words in a field's name that make it a description of the person, not of what they did."""


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table that the firm has.

    Attributes:
        source: csv, parquet, duckdb:///... or postgresql://...
        kind: one of TABLE_KINDS.
        key: column of the customer's id; None where rows are not of customers.
        channel: the channel that its rows are about.
        time: column with the day or moment of each row.
        requested: of "decisions": column with the moment the customer began to wait.
    """

    source: str
    kind: str
    key: str | None = None
    channel: str | None = None
    time: str | None = None
    requested: str | None = None


def _no_tables() -> Mapping[str, TableSpec]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ReadinessSpec:
    """The [readiness] table."""

    tables: Mapping[str, TableSpec] = field(default_factory=_no_tables)
    fresh_days: float = 35.0
    matched: float = 0.9
    segments: str | None = None
    """Column of the log that holds segments which the firm declared."""
    demographic: tuple[str, ...] = DEMOGRAPHIC
    aim: int | None = None
    """Stage, 1 to 4, that the firm wants to go to."""


_R: Final = "readiness"
_KEYS: Final = tuple(entry.name for entry in fields(TableSpec))

# fmt: off
KEYS: Final[tuple[Key, ...]] = (
    Key(_R, "tables", "sources", "the firm's tables, that facts are counted in; NAME = {source, "
        "kind, key, channel, time, requested}, kind one of " + ", ".join(TABLE_KINDS), "none"),
    Key(_R, "fresh_days", "number", "days within which a table must have grown to count as "
        "refreshed", "35", least=0, strict=True),
    Key(_R, "matched", "number", "share of the log's customers that a table must hold to count as "
        "connected", "0.9", least=0, strict=True),
    Key(_R, "segments", "text", "column of the log with segments that the firm declared"),
    Key(_R, "demographic", "names", "words in a field's name that make it a description of the "
        "person, not of what they did", "age, sex, income, region, ..."),
    Key(_R, "aim", "whole", "stage that you want to go to: 1 one-to-all, 2 one-to-many, "
        "3 one-to-few, 4 one-to-one", "the next one", least=1),
)
# fmt: on


def read_tables(value: object) -> Mapping[str, TableSpec]:
    """Read the firm's tables: NAME = {source = ..., kind = ..., ...}.

    Args:
        value: as read from TOML.

    Raises:
        ValueError: what was expected, with the name of the table.

    Example:
        >>> read_tables({"crm": {"source": "crm.csv", "kind": "customers", "key": "id"}})["crm"].key
        'id'
    """
    if not isinstance(value, Mapping):
        raise ValueError("a table NAME = {source, kind, key, channel, time, requested}")
    return MappingProxyType({name: _table(name, entry) for name, entry in value.items()})


def _table(name: str, entry: object) -> TableSpec:
    if not isinstance(entry, Mapping) or not {"source", "kind"} <= set(entry) <= set(_KEYS):
        raise ValueError(
            f"a table of {', '.join(_KEYS)}, source and kind at least (not so: {name})"
        )
    given: dict[str, Any] = dict(entry)
    if not all(isinstance(text, str) and text.strip() for text in given.values()):
        raise ValueError(f"text that is not empty (not so for {name})")
    kind, have = given["kind"], set(given)
    if kind not in TABLE_KINDS:
        raise ValueError(f"a kind among {', '.join(TABLE_KINDS)} (not so for {name})")
    wanted = {"runs": {"time"}, "decisions": {"time", "requested"}}.get(kind, {"key"})
    if not wanted <= have:
        raise ValueError(f"{' and '.join(sorted(wanted))} too, for {kind} (missing for {name})")
    return TableSpec(**given)

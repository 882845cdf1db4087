"""The [orchestration] table: what is said, to which segment, on which channel, when, by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final

from handful.brief.key import Key

TRIGGER_KINDS: Final = ("merchandise", "segment", "behaviour", "time")
"""What sets a message off, from the firm's own calendar to the customer's own moment."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the matrix: the content of an offer on a channel.

    Attributes:
        offer: name of the offer, which names the segment that gets it.
        channel: such as "email".
        content: the text or template that is used.
        trigger: name of a trigger.
        timing: when after the trigger, in words.
        owner: who answers for it.
    """

    offer: str
    channel: str
    content: str
    trigger: str | None = None
    timing: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class TriggerSpec:
    """What sets messages off.

    Attributes:
        kind: one of TRIGGER_KINDS.
        table: name of a table of [readiness] that holds its events.
        where: SQL condition that its rows meet.
    """

    kind: str
    table: str | None = None
    where: str | None = None


def _no_triggers() -> Mapping[str, TriggerSpec]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class OrchestrationSpec:
    """The [orchestration] table."""

    cells: tuple[Cell, ...] = ()
    default: str | None = None
    """Content of every cell that is reached and not listed."""
    triggers: Mapping[str, TriggerSpec] = field(default_factory=_no_triggers)
    preferred: str | None = None
    """Column of the log with the channel that each customer prefers."""


_O: Final = "orchestration"
_CELL: Final = tuple(entry.name for entry in fields(Cell))
_TRIGGER: Final = tuple(entry.name for entry in fields(TriggerSpec))

# fmt: off
KEYS: Final[tuple[Key, ...]] = (
    Key(_O, "cells", "cells", "the content of each offer on each channel: {offer, channel, "
        "content, trigger, timing, owner}", "[]"),
    Key(_O, "default", "text", "content of cells that are reached and not listed",
        "none: an empty cell fails"),
    Key(_O, "triggers", "triggers", "what sets messages off; NAME = {kind, table, where}, kind one "
        "of " + ", ".join(TRIGGER_KINDS), "none"),
    Key(_O, "preferred", "text", "column of the log with the channel that each customer prefers"),
)
# fmt: on


def read_cells(value: object) -> tuple[Cell, ...]:
    """Read the cells of the matrix.

    Args:
        value: a list of tables with offer, channel and content at least.

    Raises:
        ValueError: what was expected.

    Example:
        >>> read_cells([{"offer": "A", "channel": "email", "content": "a.txt"}])[0].channel
        'email'
    """
    expected = f"a list of tables {{{', '.join(_CELL)}}}, the first three at least"
    if not isinstance(value, list | tuple):
        raise ValueError(expected)
    cells = []
    for entry in value:
        if not isinstance(entry, Mapping) or not set(_CELL[:3]) <= set(entry) <= set(_CELL):
            raise ValueError(expected)
        if not all(isinstance(text, str) and text.strip() for text in entry.values()):
            raise ValueError(f"{expected}, all of it text that is not empty")
        cells.append(Cell(**{key: text.strip() for key, text in entry.items()}))
    places = [(cell.offer, cell.channel.casefold()) for cell in cells]
    twice = sorted({f"{o} on {c}" for o, c in places if places.count((o, c)) > 1})
    if twice:
        raise ValueError(f"each offer and channel once (twice: {', '.join(twice)})")
    return tuple(cells)


def read_triggers(value: object) -> Mapping[str, TriggerSpec]:
    """Read the register of triggers: NAME = {kind = ..., table = ..., where = ...}.

    Args:
        value: as read from TOML.

    Raises:
        ValueError: what was expected, with the name of the trigger.

    Example:
        >>> read_triggers({"basket left": {"kind": "behaviour"}})["basket left"].kind
        'behaviour'
    """
    if not isinstance(value, Mapping):
        raise ValueError("a table NAME = {kind, table, where}")
    found: dict[str, TriggerSpec] = {}
    for name, entry in value.items():
        if not isinstance(entry, Mapping) or not {"kind"} <= set(entry) <= set(_TRIGGER):
            raise ValueError(f"a table of {', '.join(_TRIGGER)}, kind at least (not so: {name})")
        given: dict[str, Any] = dict(entry)
        if given["kind"] not in TRIGGER_KINDS:
            raise ValueError(f"a kind among {', '.join(TRIGGER_KINDS)} (not so for {name})")
        if not all(isinstance(text, str) and text.strip() for text in given.values()):
            raise ValueError(f"text that is not empty (not so for {name})")
        found[name] = TriggerSpec(**given)
    return MappingProxyType(found)

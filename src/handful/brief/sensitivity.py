"""The [sensitivity] table: how far each assumption may be off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from handful.brief.key import KIND_WORDS, Key


def _nothing() -> Mapping[str, tuple[float, float]]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SensitivitySpec:
    """The [sensitivity] table."""

    swing: float = 0.2
    """Every number is tried at 1 - swing and 1 + swing times itself."""
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=_nothing)
    """Other ends, by the name of an assumption, or "setup_cost" and "population"."""


TABLE: Final = "sensitivity"

KEYS: Final[tuple[Key, ...]] = (
    Key(TABLE, "swing", "number", "share by which each number is tried lower and higher", "0.2",
        least=0, strict=True),
    Key(TABLE, "ranges", "spans", "other ends for an assumption, setup_cost or population", "{}"),
)  # fmt: skip


def read_spans(value: object) -> Mapping[str, tuple[float, float]]:
    """Return ranges by name.

    Raises:
        ValueError: not a table of pairs of numbers, the lower first.

    Example:
        >>> dict(read_spans({"margin": [0.2, 0.4]}))
        {'margin': (0.2, 0.4)}
    """
    if not isinstance(value, Mapping):
        raise ValueError(KIND_WORDS["spans"])
    found = {}
    for name, ends in value.items():
        fine = isinstance(ends, list | tuple) and len(ends) == 2
        if not fine or not all(type(end) in (int, float) for end in ends) or ends[0] >= ends[1]:
            raise ValueError(KIND_WORDS["spans"])
        found[name] = (float(ends[0]), float(ends[1]))
    return MappingProxyType(found)

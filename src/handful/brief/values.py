"""Turns one value of a brief into the type its key asks for, or says what was expected."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from handful.brief.constraints import read_caps, read_pairs
from handful.brief.execution import read_rate
from handful.brief.key import KIND_WORDS, Key, Kind
from handful.brief.orchestration import read_cells, read_triggers
from handful.brief.origins import read_origins
from handful.brief.readiness import read_tables
from handful.brief.reviews import read_reviews
from handful.brief.rollout import read_growing
from handful.brief.sensitivity import read_spans

_SHOWN = 60


def shown(value: object) -> str:
    """Return a value as it may be printed: on one line and capped.

    Example:
        >>> shown("x" * 200)[-3:]
        '...'
    """
    text = " ".join(repr(value).split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def as_name(value: object) -> str:
    """Return the name of a level: text as it is, a number without a needless ".0".

    Raises:
        ValueError: for anything but text and finite numbers.

    Example:
        >>> as_name(2.0), as_name("2.0")
        ('2', '2.0')
    """
    if isinstance(value, str) and value:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(KIND_WORDS["name"])
    return str(int(value)) if value == int(value) else repr(float(value))


def _text(key: Key, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(KIND_WORDS[key.kind] + ", not empty")
    return value


def _names(key: Key, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(KIND_WORDS[key.kind])
    names = tuple(as_name(item) for item in value)
    if len(set(names)) != len(names):
        raise ValueError("a list without repeated names")
    return names


def _columns(key: Key, value: object) -> tuple[str, ...]:
    if value == "*":
        return ("*",)
    names = _names(key, value)
    if not names:
        raise ValueError(KIND_WORDS[key.kind] + ", not empty")
    return names


def _number(key: Key, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(KIND_WORDS["number"])
    low = key.least
    if low is not None and (value < low or (key.strict and value == low)):
        raise ValueError(f"a number {'above' if key.strict else 'of at least'} {low:g}")
    return float(value)


def _whole(key: Key, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(KIND_WORDS["whole"])
    if key.least is not None and value < key.least:
        raise ValueError(f"a whole number of at least {key.least:g}")
    return value


def _flag(_key: Key, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(KIND_WORDS["flag"])
    return value


def _choice(key: Key, value: object) -> str:
    if value not in key.choices:
        raise ValueError(" or ".join(f'"{word}"' for word in key.choices))
    return str(value)


def _shares(_key: Key, value: object) -> str | Mapping[str, float]:
    if isinstance(value, str):
        column = value.removeprefix("column:")
        if value in {"design", "estimate"} or (column != value and column.strip()):
            return value
    if not isinstance(value, Mapping) or not value:
        raise ValueError(KIND_WORDS["shares"])
    wrong = [name for name, share in value.items() if not _is_probability(share)]
    if wrong:
        raise ValueError(f"probabilities above 0 and at most 1 (not so for {', '.join(wrong)})")
    total = math.fsum(value.values())
    if abs(total - 1.0) > 1e-6:
        raise ValueError(f"probabilities that add up to 1 (these add up to {total:g})")
    return MappingProxyType({name: float(share) for name, share in value.items()})


def _is_probability(share: object) -> bool:
    return isinstance(share, int | float) and not isinstance(share, bool) and 0.0 < share <= 1.0


def _costs(key: Key, value: object) -> float | Mapping[str, float]:
    if not isinstance(value, Mapping):
        return _number(key, value)
    return MappingProxyType({name: _number(key, cost) for name, cost in value.items()})


def _links(key: Key, value: object) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise ValueError(KIND_WORDS[key.kind])
    return MappingProxyType({name: as_name(other) for name, other in value.items()})


def _limits(key: Key, value: object) -> Mapping[str, float]:
    if not isinstance(value, Mapping):
        raise ValueError(KIND_WORDS[key.kind])
    return MappingProxyType({name: _number(key, limit) for name, limit in value.items()})


def _conditions(key: Key, value: object) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise ValueError(KIND_WORDS[key.kind])
    if not all(isinstance(sql, str) and sql.strip() for sql in value.values()):
        raise ValueError(KIND_WORDS[key.kind])
    return MappingProxyType(dict(value))


def _files(key: Key, value: object) -> str | Mapping[str, str]:
    return _text(key, value) if isinstance(value, str) else _links(key, value)


def _overrides(key: Key, value: object) -> Mapping[str, tuple[str, str]]:
    if not isinstance(value, Mapping):
        raise ValueError(KIND_WORDS[key.kind])
    read: dict[str, tuple[str, str]] = {}
    for name, answer in value.items():
        whole = isinstance(answer, Mapping) and set(answer) == {"by", "reason"}
        if not whole or not all(isinstance(t, str) and t.strip() for t in answer.values()):
            raise ValueError(f"{KIND_WORDS[key.kind]}, both as text that is not empty")
        read[name] = (answer["by"], answer["reason"])
    return MappingProxyType(read)


def _offer(key: Key, value: object) -> str | tuple[str, ...]:
    if not isinstance(value, list | tuple):
        return _text(key, value)
    names = tuple(_text(key, item) for item in value)
    if not 1 <= len(set(names)) == len(names) <= 3:
        raise ValueError(KIND_WORDS[key.kind] + ", none of them twice")
    return names


def _control(key: Key, value: object) -> str | Mapping[str, float | str]:
    return _point(key, value) if isinstance(value, Mapping) else as_name(value)


def _point(key: Key, value: Mapping[str, object]) -> Mapping[str, float | str]:
    """Read a point of dials: a number each, or the name of a level."""
    return MappingProxyType(
        {name: it if isinstance(it, str) else _number(key, it) for name, it in value.items()}
    )


def _offers(key: Key, value: object) -> tuple[str | Mapping[str, float | str], ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(KIND_WORDS[key.kind])
    entries = tuple(_control(key, item) for item in value)
    if any(entry in entries[:place] for place, entry in enumerate(entries)):
        raise ValueError("a list without repeated offers")
    return entries


_READERS: Final[Mapping[Kind, Callable[[Key, object], object]]] = MappingProxyType(
    {
        "text": _text,
        "name": lambda _key, value: as_name(value),
        "names": _names,
        "columns": _columns,
        "whole": _whole,
        "number": _number,
        "flag": _flag,
        "choice": _choice,
        "shares": _shares,
        "costs": _costs,
        "offer": _offer,
        "control": _control,
        "offers": _offers,
        "links": _links,
        "bounds": _costs,
        "limits": _limits,
        "origins": lambda _key, value: read_origins(value),
        "files": _files,
        "overrides": _overrides,
        "rate": lambda _key, value: read_rate(value),
        "reviews": lambda _key, value: read_reviews(value),
        "volumes": _limits,
        "numbers": _limits,
        "spans": lambda _key, value: read_spans(value),
        "conditions": _conditions,
        "pairs": lambda _key, value: read_pairs(value),
        "sources": lambda _key, value: read_tables(value),
        "cells": lambda _key, value: read_cells(value),
        "triggers": lambda _key, value: read_triggers(value),
        "growing": lambda _key, value: read_growing(value),
        "caps": lambda _key, value: read_caps(value),
    }
)


def read_value(key: Key, value: object) -> object:
    """Return the value in the type of its key.

    Args:
        key: the key the value was given for.
        value: as read from TOML or given in Python.

    Raises:
        ValueError: the value is not what the key asks for.

    Example:
        >>> from handful.brief.keys import keys_of
        >>> read_value(keys_of("menu")["max_offers"], 3)
        3
    """
    return _READERS[key.kind](key, value)

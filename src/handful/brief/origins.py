"""Where a field comes from: told by the customer, seen, guessed, bought; why and how long kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Final

HOWS: Final = ("declared", "observed", "inferred", "third-party", "sensitive", "ours")
"""How a field was come by. "ours" says nothing about the customer: the shop's name, an address."""

EVERY: Final = "*"
"""The entry that fills in what a field's own entry leaves out."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known about one field.

    Attributes:
        how: one of HOWS; None where the brief does not say.
        source: the system or form it was collected in.
        purpose: what it was collected for.
        legal_basis: such as "consent" or "legitimate interest".
        retention: how long it is kept, in words.
        recipients: who else gets it, in words.
        words: what customers call it, such as "months since your last order".
    """

    how: str | None = None
    source: str | None = None
    purpose: str | None = None
    legal_basis: str | None = None
    retention: str | None = None
    recipients: str | None = None
    words: str | None = None


UNKNOWN: Final = Origin()
_KEYS: Final = tuple(entry.name for entry in fields(Origin))
_FOR_ALL: Final = tuple(key for key in _KEYS if key != "words")


def read_origins(value: object) -> Mapping[str, Origin]:
    """Read the table of origins: field = how, or field = {how = ..., source = ..., ...}.

    Args:
        value: as read from TOML.

    Returns:
        Field -> origin, what is said for `EVERY` filled in.

    Raises:
        ValueError: what was expected, with the name of the field.

    Example:
        >>> read = read_origins({"*": {"source": "orders"}, "recency": "observed"})
        >>> read["recency"].how, read["recency"].source
        ('observed', 'orders')
    """
    if not isinstance(value, Mapping):
        raise ValueError("a table field = how it was come by")
    read = {name: _origin(name, entry) for name, entry in value.items()}
    every = read.get(EVERY, UNKNOWN)
    return MappingProxyType({name: _filled(origin, every) for name, origin in read.items()})


def origin_of(origins: Mapping[str, Origin], field: str) -> Origin:
    """Return the origin of a field; what the brief says for all where it has no entry.

    Example:
        >>> origin_of({}, "recency").how is None
        True
    """
    return origins.get(field, origins.get(EVERY, UNKNOWN))


def _origin(name: str, entry: object) -> Origin:
    given = {"how": entry} if isinstance(entry, str) else entry
    if not isinstance(given, Mapping) or not set(given) <= set(_KEYS):
        raise ValueError(f"a word or a table of {', '.join(_KEYS)} (not so for {name})")
    if not all(isinstance(text, str) and text.strip() for text in given.values()):
        raise ValueError(f"text that is not empty (not so for {name})")
    if "how" in given and given["how"] not in HOWS:
        raise ValueError(f"one of {', '.join(HOWS)} (not so for {name})")
    return Origin(**given)


def _filled(origin: Origin, every: Origin) -> Origin:
    missing = {key: getattr(every, key) for key in _FOR_ALL if getattr(origin, key) is None}
    return replace(origin, **missing)

"""What one key of a brief is: its table, its name, the kind of its value."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

Kind = Literal[
    "text", "name", "names", "columns", "whole", "number", "flag", "choice", "shares", "costs",
    "links", "limits", "origins", "files", "overrides", "reviews", "offer", "control", "offers",
    "volumes", "conditions", "pairs", "caps", "sources", "cells", "triggers", "growing", "bounds",
    "rate", "numbers", "spans",
]  # fmt: skip

KIND_WORDS: Final = MappingProxyType(
    {
        "text": "text in quotes",
        "name": "a name in quotes (or a number)",
        "names": "a list of names in quotes",
        "columns": 'a list of column names in quotes, or "*"',
        "whole": "a whole number",
        "number": "a number",
        "flag": "true or false",
        "choice": "one of the words listed",
        "shares": '"design", "column:NAME", "estimate", or a table offer = probability',
        "costs": "a number, or a table offer = number",
        "links": "a table name = name",
        "limits": "a table column = number",
        "bounds": "a number, or a table column = number",
        "offer": "text in quotes, or a list of 1 to 3 numeric columns",
        "control": 'a name in quotes (or a number), a table column = value, or "null"',
        "offers": "a list of names in quotes, or of tables column = value",
        "origins": "a table field = how, or field = {how, source, purpose, ...}",
        "files": "a folder in quotes, or a table offer = file",
        "volumes": "a table offer = number",
        "conditions": "a table offer = SQL condition in quotes",
        "pairs": "a list of pairs in quotes: two offers, or an offer and an SQL condition",
        "caps": "a table name = {outcome = SQL, at_most = number}",
        "rate": "a share from 0 to 1, or SQL in quotes that gives 0 or 1",
        "numbers": "a table name = number",
        "spans": "a table NAME = [low, high]",
        "sources": "a table NAME = {source = ..., kind = ..., ...}",
        "cells": "a list of tables {offer, channel, content, trigger, timing, owner}",
        "triggers": "a table NAME = {kind = ..., table = ..., where = ...}",
        "growing": "a list of growing shares, the last of them 1",
        "overrides": "a table NAME = {by = ..., reason = ...}",
        "reviews": "a list of tables {item, owner, last, every}",
    }
)
"""What each kind of value looks like, in the words of the messages and of docs/brief.md."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the brief.

    Attributes:
        table: the [table] it stands in.
        name: the key.
        kind: what its value looks like; see KIND_WORDS.
        meaning: one line for the docs.
        default: as shown in the docs; "" when the key is required.
        least: smallest value allowed for a number.
        strict: True when `least` itself is not allowed.
        choices: the words allowed for a choice.
        required: True when a brief without it is refused.
    """

    table: str
    name: str
    kind: Kind
    meaning: str
    default: str = "none"
    least: float | None = None
    strict: bool = False
    choices: tuple[str, ...] = ()
    required: bool = False

    @property
    def path(self) -> str:
        """The key as a reader writes it: table.name."""
        return f"{self.table}.{self.name}"

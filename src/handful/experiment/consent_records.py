"""The records of consent: who refuses what, for a whole register and for the rows of a log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from handful.brief.consent import ConsentSpec
from handful.errors import Finding
from handful.notation import BoolArray, IntArray

PURPOSES: Final = ("collect", "train", "personalise", "contact", "share", "measure")
"""What a customer may agree to or refuse."""

KEEPS_OUT: Final = ("collect", "train", "measure")
"""Purposes whose refusal keeps a row out of the log: every row is both learned from and valued."""


@dataclass(frozen=True, slots=True)
class ConsentFacts:
    """Where a register came from: for the record."""

    description: str
    events: int
    customers: int
    as_of: str
    """The day that grants were read as of, ISO 8601."""
    latest: str
    """Day of the latest event, ISO 8601."""
    runs_out: str | None = None
    """First day, after `as_of`, on which somebody's yes ends; None where no yes ends."""


@dataclass(frozen=True, slots=True)
class ConsentRegister:
    """Who refuses what: one row per customer m of the consent table, sorted by id.

    Attributes:
        ids: (m,) pyarrow array of text; whole numbers as digits.
        refused: (m, 6) True where the purpose of `PURPOSES` is refused, silence counted.
        unseen: (6,) the same for a customer that the table does not name.
        channels: names of the channels looked at, lower case.
        channel_refused: (m, C) True where that channel may not be used.
        tiers: names of the tiers looked at.
        member: (m, T) True where the customer joined that tier by an explicit act.
        facts: where it came from.
        findings: noticed while reading.
    """

    ids: Any
    refused: BoolArray
    unseen: BoolArray
    channels: tuple[str, ...]
    channel_refused: BoolArray
    tiers: tuple[str, ...]
    member: BoolArray
    facts: ConsentFacts
    findings: tuple[Finding, ...] = ()

    def says_no(self, purpose: str) -> BoolArray:
        """Return (m,) who refuses a purpose."""
        no: BoolArray = self.refused[:, PURPOSES.index(purpose)]
        return no


@dataclass(frozen=True, slots=True)
class Rights:
    """What some customers allow, row by row.

    Attributes:
        refused: (n, 6) as in the register.
        channel_refused: (n, C).
        member: (n, T).
        known: (n,) False where the register does not name the customer.
    """

    refused: BoolArray
    channel_refused: BoolArray
    member: BoolArray
    known: BoolArray

    def says_no(self, purpose: str) -> BoolArray:
        """Return (n,) who refuses a purpose."""
        no: BoolArray = self.refused[:, PURPOSES.index(purpose)]
        return no

    def take(self, rows: IntArray | BoolArray) -> Rights:
        """Return the rights of the chosen rows."""
        return Rights(
            self.refused[rows], self.channel_refused[rows], self.member[rows], self.known[rows]
        )


@dataclass(frozen=True, slots=True)
class Binding:
    """What consent binds among the offers of a log, by code.

    Attributes:
        default: offer of those who refuse to be personalised for.
        control: the offer that means "no offer"; None where there is none.
        channel: (G,) position in the register's channels, -1 where an offer has none declared.
        tier: (G,) position in the register's tiers, -1 where everybody may have it.
    """

    default: int
    control: int | None
    channel: IntArray
    tier: IntArray


@dataclass(frozen=True, slots=True)
class ConsentGate:
    """What a decision asks before it is made: who refuses what, and what that binds."""

    register: ConsentRegister
    binding: Binding


@dataclass(frozen=True, slots=True)
class Consented:
    """The consent that a log was read under; arrays aligned with its rows.

    Attributes:
        spec: the [consent] table of the brief.
        gate: everybody's register, and what it binds among the G offers.
        rights: of the n rows.
        closed: (n, G) True where the customer may not be given that offer.
        left_out: purpose -> rows of the source that were left out for refusing it.
        rows_left_out: rows left out in all.
    """

    spec: ConsentSpec
    gate: ConsentGate
    rights: Rights
    closed: BoolArray
    left_out: Mapping[str, int]
    rows_left_out: int

    def take(self, rows: IntArray | BoolArray) -> Consented:
        """Return the consent of the chosen rows; the register stays whole."""
        return replace(self, rights=self.rights.take(rows), closed=self.closed[rows])


def no_rights(rows: int, register: ConsentRegister) -> Rights:
    """Return what customers allow whom the register does not name."""
    return Rights(
        np.broadcast_to(register.unseen, (rows, len(PURPOSES))),
        np.full((rows, len(register.channels)), register.unseen[PURPOSES.index("contact")]),
        np.zeros((rows, len(register.tiers)), dtype=np.bool_),
        np.zeros(rows, dtype=np.bool_),
    )

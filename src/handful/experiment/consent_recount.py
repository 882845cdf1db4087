"""Who refuses what, a second time: the rules read event by event, for the customers really used.

This shares the reading of cells with the register, and none of its SQL: a mistake in one of the two
shows as a count that is not zero. Plain and slow on purpose.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from handful.brief.consent import ConsentSpec
from handful.experiment.coltypes import label_sql
from handful.experiment.consent import moment_of
from handful.experiment.consent_events import EVERYTHING, NEEDED, OPTIONAL, SAME, TIER, time_sql
from handful.experiment.consent_ids import as_text
from handful.experiment.consent_records import PURPOSES, ConsentRegister, Rights
from handful.experiment.consent_signals import signal_refusals
from handful.experiment.engine import quoted
from handful.experiment.opening import OpenLog, Request, open_log

_TEXTS: Final = ("purpose", "status", "channel", "scope", "source")


class Event(NamedTuple):
    """One event in the words of handful; times in microseconds since 1970."""

    purpose: str
    channel: str
    own: bool
    status: str
    at: int | None
    until: int | None
    explicit: bool


class _Words(NamedTuple):
    """What the words of a table mean."""

    purposes: Mapping[str, tuple[str, ...]]
    scopes: frozenset[str]
    no_acts: frozenset[str]
    signals: tuple[str, ...]
    """Purposes that a raw signal may refuse, in the order of `signal_refusals`."""


def recounted_rights(
    spec: ConsentSpec, folder: str, register: ConsentRegister, customers: np.ndarray | pa.Array
) -> Rights:
    """Read the consent table again and settle what some customers allow, one after the other.

    Args:
        spec: the [consent] table of the brief.
        folder: that a relative source starts from.
        register: whose channels and tiers are asked for; nothing else of it is read.
        customers: (n,) ids.

    Returns:
        Rights of the n customers, in their order.

    Raises:
        DataError, MachineError: as `read_register`.

    Cost: O(events + n), about 3 microseconds each.
    """
    types = dict.fromkeys((spec.customer, *NEEDED, *OPTIONAL), "VARCHAR")
    with open_log(spec.source or "", Request(folder=folder, streamed=True, types=types)) as log:
        return recount(log, spec, register, customers)


def recount(
    log: OpenLog, spec: ConsentSpec, register: ConsentRegister, customers: np.ndarray | pa.Array
) -> Rights:
    """Settle the same from an opened consent table."""
    asked = as_text(customers).to_pylist()
    mine, latest = _events_of(log, spec, set(asked))
    now = round(datetime.now(tz=UTC).timestamp() * 1_000_000)
    given = None if spec.as_of is None else moment_of(spec.as_of)
    as_of = min(latest, now) if given is None else given
    # Many share a history, and the rules look at nothing else.
    history = {name: tuple(mine.get(name, ())) for name in set(asked)}
    answers = {h: _answers(h, spec, register, as_of) for h in set(history.values())}
    said = {name: answers[events] for name, events in history.items()}
    rows = np.array([said[name] for name in asked], dtype=np.bool_)
    first, second = len(PURPOSES), len(PURPOSES) + len(register.channels)
    known = np.array([name in mine for name in asked], dtype=np.bool_)
    return Rights(rows[:, :first], rows[:, first:second], rows[:, second:], known)


def _answers(
    events: Sequence[Event], spec: ConsentSpec, register: ConsentRegister, as_of: int
) -> list[bool]:
    """Refused, by purpose and by channel; then member, by tier."""
    states = [(_state(events, p, as_of, ("",) if p == "contact" else None), p) for p in PURPOSES]
    states += [(_state(events, "contact", as_of, ("", c)), "contact") for c in register.channels]
    refused = [s == "no" or (s == "silent" and p in spec.consent_only) for s, p in states]
    joined = [_state(events, TIER + tier, as_of, None) == "yes" for tier in register.tiers]
    return [*refused, *joined]


def _state(
    events: Sequence[Event], purpose: str, as_of: int, channels: tuple[str, ...] | None
) -> str:
    """Yes, no or silent: any cell that says no decides, then any yes that speaks for this."""
    cells: dict[tuple[str, bool], list[Event]] = defaultdict(list)
    for event in events:
        if event.purpose == purpose and (channels is None or event.channel in channels):
            cells[event.channel, event.own].append(event)
    if not cells:
        return "silent"
    states = {key: _cell(cell, as_of) for key, cell in cells.items()}
    if "no" in states.values():
        return "no"
    counted = ("",) if channels is None else channels
    granted = any(s == "yes" and own and c in counted for (c, own), s in states.items())
    return "yes" if granted else "silent"


def _cell(events: Sequence[Event], as_of: int) -> str:
    opted_out = any(event.status in ("denied", "revoked") for event in events)
    others = [event.at for event in events if event.status != "granted"]
    for event in events:
        if event.status != "granted" or event.at is None or event.at > as_of:
            continue
        lasts = event.until is None or event.until > as_of
        latest = all(other is not None and other < event.at for other in others)
        act_needed = opted_out or event.purpose.startswith(TIER)
        if lasts and latest and (event.explicit or not act_needed):
            return "yes"
    return "no" if opted_out else "silent"


def _events_of(
    log: OpenLog, spec: ConsentSpec, asked: set[str]
) -> tuple[dict[str, list[Event]], int]:
    """Return the events of the customers asked for, and the moment of anybody's latest."""
    mine: dict[str, list[Event]] = defaultdict(list)
    latest = -(2**62)
    words = _words(spec)
    for name, *cells in _rows(log, spec):
        for event in _meant(cells, words) if name else ():
            latest = latest if event.at is None else max(latest, event.at)
            if name in asked:
                mine[name].append(event)
    return mine, latest


def _rows(log: OpenLog, spec: ConsentSpec) -> Iterator[tuple[str, ...]]:
    types = log.types
    names = (*NEEDED, *OPTIONAL)
    text = {n: f"CAST({quoted(n)} AS VARCHAR)" if n in types else "NULL" for n in names}
    raw = f"CAST({text['raw_signal']} AS VARCHAR)"
    listed = [label_sql(spec.customer, types[spec.customer]), *(text[name] for name in _TEXTS)]
    listed += [time_sql("granted_at", types), time_sql("expires_at", types), text["expires_at"]]
    listed += signal_refusals(raw).values()
    reader = log.con.execute(f"SELECT {', '.join(listed)} FROM log")  # noqa: S608 - quoted names
    while rows := reader.fetchmany(50_000):
        yield from rows


def _words(spec: ConsentSpec) -> _Words:
    words: dict[str, tuple[str, ...]] = {purpose: (purpose,) for purpose in PURPOSES}
    words |= {word: (purpose,) for word, purpose in SAME.items()}
    words |= dict.fromkeys(EVERYTHING, PURPOSES)
    for word, purpose in spec.purposes.items():
        words[word.lower()] = () if purpose.lower() == "none" else (purpose.lower(),)
    scopes = {"", *EVERYTHING, (spec.scope or "").strip().lower()}
    no_acts = {"", *(word.lower() for word in spec.implicit_sources)}
    return _Words(words, frozenset(scopes), frozenset(no_acts), tuple(signal_refusals("x")))


def _meant(cells: Sequence[object], words: _Words) -> Iterator[Event]:
    """Yield one event per purpose that a row speaks of, and one per refusal of its signal."""
    purpose, status, channel, scope, source = (str(c or "").strip(" ").lower() for c in cells[:5])
    at, until = _whole(cells[5]), _whole(cells[6])
    if until is None and str(cells[7] or "").strip(" "):
        until = -(2**62)
    own, explicit = scope in words.scopes, source not in words.no_acts
    for one in words.purposes.get(purpose, (purpose,) if purpose.startswith(TIER) else ()):
        yield Event(one, channel, own, status, at, until, explicit)
    for one, refuses in zip(words.signals, cells[8:], strict=True):
        if refuses:
            yield Event(one, "", True, "denied", at, None, True)


def _whole(moment: object) -> int | None:
    return moment if isinstance(moment, int) else None

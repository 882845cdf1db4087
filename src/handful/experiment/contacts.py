"""What all programmes together sent to whom within a window: the pressure a customer is under.

Cost O(messages) in the engine; ids are kept sorted, one count each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from handful.brief.contacts import ContactsSpec
from handful.errors import BriefError, DataError, blocked
from handful.experiment.consent_ids import as_text
from handful.experiment.engine import literal, one_row, quoted, reading
from handful.experiment.opening import OpenLog, Request, open_log
from handful.notation import BoolArray, IntArray

_WEEK: Final = 7.0


@dataclass(frozen=True, slots=True)
class ContactRegister:
    """How often each customer was written to within the window.

    Attributes:
        ids: (m,) pyarrow array of text; whole numbers as digits.
        counts: (m,) messages within the window, of all programmes.
        programmes: (name, messages within the window), the busiest first.
        days: length of the window.
        as_of: its last day, ISO 8601.
        at_most: messages that one customer may get within it; None where nothing is held back.
        description: the table in words.
    """

    ids: Any
    counts: IntArray
    programmes: tuple[tuple[str, int], ...]
    days: float
    as_of: str
    at_most: int | None
    description: str
    columns: tuple[str, ...] = ()
    """Those that were read: customer, time and, where there is one, programme."""

    @property
    def per_week(self) -> float:
        """Messages to one customer in a week, the mean over all whom the table names."""
        if not len(self.counts):
            return 0.0
        return float(self.counts.mean()) * _WEEK / self.days


def read_contacts(
    spec: ContactsSpec, folder: str, source: str | None = None
) -> ContactRegister | None:
    """Count the messages of all programmes within the window.

    Args:
        spec: the [contacts] table of a brief.
        folder: that a relative source starts from.
        source: read instead of `spec.source`: the same table on another day.

    Returns:
        The counts; None where the brief names no table.

    Raises:
        BriefError: G127 a column that is not there, a day that cannot be read, or keys without a
            source.
        DataError: G126 times that cannot be read; S200-S209 the file.
        MachineError: X904, X905 a database that cannot be reached.

    Cost: O(messages).
    """
    asked = source or spec.source
    if asked is None:
        if spec == ContactsSpec():
            return None
        message = "[contacts] names no source."
        raise BriefError(blocked("G127", message, "Add source, the table of messages sent."))
    request = Request(folder=folder, streamed=True, sampled=False)
    with open_log(asked, request) as log, reading(log.description):
        return _counted(log, spec)


def _counted(log: OpenLog, spec: ContactsSpec) -> ContactRegister:
    named = [spec.customer, spec.time, *([spec.programme] if spec.programme else [])]
    strange = [column for column in named if column not in log.columns]
    if strange:
        message = f"[contacts] names {', '.join(strange)}; there is {', '.join(log.columns[:12])}."
        raise BriefError(blocked("G127", message, "Name columns of that table."))
    moment = f"TRY_CAST({quoted(spec.time)} AS TIMESTAMP)"
    end, lost = _window_end(log, spec, moment)
    if lost or end is None:
        found = f"{lost:,} values are no ISO 8601 times" if lost else "there is no message"
        message = f"contacts.time: {found}."
        raise DataError(blocked("G126", message, "Write them as 2026-03-31 or 2026-03-31 09:00."))
    within = (
        f"{moment} <= {literal(end)}::TIMESTAMP AND {moment} > "
        f"{literal(end)}::TIMESTAMP - INTERVAL '{int(spec.days * 86_400)} seconds'"
    )
    key = f"CAST({quoted(spec.customer)} AS VARCHAR)"
    people = log.con.sql(
        f"SELECT {key} AS id, count(*) FILTER ({within}) AS sent FROM log "  # noqa: S608
        f"WHERE {key} IS NOT NULL GROUP BY 1 ORDER BY 1"
    ).to_arrow_table()
    programme = f"CAST({quoted(spec.programme)} AS VARCHAR)" if spec.programme else "'all'"
    busiest = log.con.execute(
        f"SELECT coalesce({programme}, 'not named'), count(*) FROM log WHERE {within} "  # noqa: S608
        "GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    return ContactRegister(
        ids=people.column("id").combine_chunks(),
        counts=people.column("sent").to_numpy().astype(np.int64),
        programmes=tuple((str(name), int(count)) for name, count in busiest),
        days=spec.days,
        as_of=end[:10],
        at_most=spec.at_most,
        description=log.description,
        columns=tuple(named),
    )


def _window_end(log: OpenLog, spec: ContactsSpec, moment: str) -> tuple[str | None, int]:
    """Return the end of the window, and how many times cannot be read."""
    lost = f"count({quoted(spec.time)}) - count({moment})"
    query = f"SELECT CAST(max({moment}) AS VARCHAR), {lost} FROM log"  # noqa: S608
    latest, unread = one_row(log.con, query)
    if spec.as_of is None:
        return latest, int(unread)
    given = one_row(log.con, "SELECT CAST(TRY_CAST($1 AS TIMESTAMP) AS VARCHAR)", [spec.as_of])[0]
    if given is None:
        message = f"contacts.as_of should be a day such as 2026-03-31, found {spec.as_of!r}."
        raise BriefError(blocked("G127", message, "Write year, month and day."))
    return str(given), int(unread)


def sent_to(register: ContactRegister, customers: np.ndarray | pa.Array) -> IntArray:
    """Return (n,) how many messages each customer got within the window; 0 for who is not there.

    Cost: O(n + m).

    Example:
        >>> register = ContactRegister(pa.array(["7"]), np.array([3]), (), 28.0, "", 4, "")
        >>> sent_to(register, np.array([7, 8])).tolist()
        [3, 0]
    """
    found = pc.index_in(as_text(customers), value_set=register.ids)
    known = np.asarray(found.is_valid())
    counts = np.zeros(len(known), dtype=np.int64)
    if len(register.counts):
        counts[known] = register.counts[np.asarray(found.fill_null(0))[known]]
    return counts


def at_the_cap(register: ContactRegister, customers: np.ndarray | pa.Array) -> BoolArray:
    """Return (n,) who has had as many messages as is allowed: one more would be too many."""
    if register.at_most is None:
        return np.zeros(len(customers), dtype=np.bool_)
    full: BoolArray = sent_to(register, customers) >= register.at_most
    return full

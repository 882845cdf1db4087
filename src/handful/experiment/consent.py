"""From consent events to a register: who refuses what as of a day.

A purpose is granted when a grant is in force on the day and nothing but a grant was recorded since.
After an opt-out only a grant by an explicit act counts. What is said of one channel or one scope
may only restrict what is said of all. Silence is a no where the brief says so.
Cost: O(events) in the engine; a few events per customer or many make no difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from handful.brief.consent import ConsentSpec
from handful.brief.schema import Brief
from handful.errors import BriefError, Finding, blocked
from handful.experiment.consent_events import NEEDED, OPTIONAL, TIER, load_events
from handful.experiment.consent_records import PURPOSES, ConsentFacts, ConsentRegister
from handful.experiment.engine import Connection, literal, one_row
from handful.experiment.opening import OpenLog, Request, open_log
from handful.notation import BoolArray

_NO, _YES = 2, 1
_FOREVER: Final = 2**62
_MICROSECONDS: Final = 1_000_000


def read_register(
    spec: ConsentSpec, folder: str, channels: Sequence[str] = (), source: str | None = None
) -> ConsentRegister:
    """Read a consent table and settle who refuses what.

    Args:
        spec: the [consent] table of a brief.
        folder: that a relative source starts from.
        channels: that offers go out on.
        source: read instead of `spec.source`: the same table on another day.

    Raises:
        BriefError: G030, G031 columns and purposes; G038 a day or a purpose of the brief that
            cannot be read.
        DataError: G032, G033 the events; S200-S209 the file.
        MachineError: X904, X905 a database that cannot be reached.

    Cost: O(events).
    """
    _check_spec(spec)
    asked = source or spec.source or ""
    # Streamed, and as text: every column is copied once, and no types are settled for nothing.
    types = dict.fromkeys((spec.customer, *NEEDED, *OPTIONAL), "VARCHAR")
    with open_log(asked, Request(folder=folder, streamed=True, types=types)) as log:
        return resolve(log, spec, channels)


def resolve(log: OpenLog, spec: ConsentSpec, channels: Sequence[str] = ()) -> ConsentRegister:
    """Settle who refuses what from an opened consent table; raises as `read_register` does.

    Example:
        >>> import pyarrow as pa
        >>> from handful.experiment.opening import open_table
        >>> events = pa.table({"customer_id": [7, 7], "purpose": ["train", "train"],
        ...                    "status": ["granted", "revoked"],
        ...                    "granted_at": ["2026-01-01", "2026-02-01"]})
        >>> with open_table(events, "events") as log:
        ...     register = resolve(log, ConsentSpec(source="events"))
        >>> register.ids.to_pylist(), register.says_no("train").tolist()
        (['7'], [True])
    """
    events, findings = load_events(log, spec)
    as_of = _as_of(log.con, spec)
    _settle(log.con, as_of)
    ways = tuple(sorted({channel.strip().lower() for channel in channels}))
    tiers = tuple(sorted({tier.strip().lower() for tier in spec.requires_tier.values()}))
    table = log.con.sql(_people_sql(ways, tiers)).to_arrow_table().combine_chunks()
    silence = np.array([purpose in spec.consent_only for purpose in PURPOSES])
    states = _stack(table, "p", len(PURPOSES))
    contact = bool(silence[PURPOSES.index("contact")])
    by_channel = _stack(table, "c", len(ways))
    latest = one_row(log.con, "SELECT max(moment) FROM said")[0]
    ending = f"status = 'granted' AND ends > {as_of}"
    ends = one_row(log.con, f"SELECT min(ends) FILTER ({ending}) FROM said")[0]  # noqa: S608
    log.con.execute("DROP TABLE said; DROP TABLE settled")
    return ConsentRegister(
        ids=table.column("id").combine_chunks(),
        refused=_refused(states, silence),
        unseen=silence,
        channels=ways,
        channel_refused=_refused(by_channel, np.full(len(ways), contact)),
        tiers=tiers,
        member=_stack(table, "t", len(tiers)) == _YES,
        facts=ConsentFacts(
            log.description,
            events,
            table.num_rows,
            _day(as_of),
            _day(latest),
            None if ends is None else _day(ends),
        ),
        findings=findings,
    )


def consent_channels(brief: Brief) -> tuple[str, ...]:
    """Return the channels that the brief's offers go out on, lower case, each once.

    Example:
        >>> from handful.brief.reader import parse_brief
        >>> brief = parse_brief({"experiment": {"source": "l.csv", "offer": "arm"},
        ...                      "profit": {"per_row": "y"}})
        >>> consent_channels(brief)
        ()
    """
    return tuple(sorted({c.strip().lower() for c in brief.guardrails.channels.values()}))


def _check_spec(spec: ConsentSpec) -> None:
    wrong: list[Finding] = []
    if not spec.source:
        wrong.append(blocked("G038", "[consent] names no source.", "Write consent.source = ..."))
    strange = sorted(set(spec.consent_only) - set(PURPOSES))
    strange += sorted(
        {p for p in spec.purposes.values() if p not in {*PURPOSES, "none"} and TIER not in p}
    )
    if strange:
        message = f"[consent] names purposes that are not ours: {', '.join(strange)}."
        wrong.append(blocked("G038", message, f"There are: {', '.join(PURPOSES)}."))
    if spec.as_of is not None and moment_of(spec.as_of) is None:
        message = "consent.as_of should be a day such as 2026-03-31."
        wrong.append(blocked("G038", message, "Write year, month and day with dashes."))
    if wrong:
        raise BriefError(wrong)


def moment_of(text: str) -> int | None:
    """Return the end of a day, or a moment of it, in microseconds since 1970."""
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if len(text.strip()) == len("2026-03-31"):
        when += timedelta(days=1, microseconds=-1)
    return round(when.replace(tzinfo=when.tzinfo or UTC).timestamp() * _MICROSECONDS)


def _day(moment: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)).date().isoformat()


def _as_of(con: Connection, spec: ConsentSpec) -> int:
    """The day asked for; else the latest event, but never later than now.

    A grant that begins in the future is no grant yet, and a no always counts.
    """
    given = None if spec.as_of is None else moment_of(spec.as_of)
    if given is not None:
        return given
    now = round(datetime.now(tz=UTC).timestamp() * _MICROSECONDS)
    return min(int(one_row(con, "SELECT max(moment) FROM said")[0]), now)


def _settle(con: Connection, as_of: int) -> None:
    """Make `settled`: for each customer, purpose, channel and scope, is it granted, opted out?"""
    con.execute(
        "CREATE TABLE settled AS WITH cell AS ("  # noqa: S608 - numbers and our own names
        "SELECT id, purpose, channel, own, "
        f"max(coalesce(moment, {_FOREVER})) FILTER (status <> 'granted') AS last_other, "
        "bool_or(status IN ('denied', 'revoked')) AS opted_out "
        "FROM said GROUP BY id, purpose, channel, own) "
        "SELECT id, purpose, channel, own, any_value(opted_out) AS opted_out, "
        f"bool_or(status = 'granted' AND moment > coalesce(last_other, {-_FOREVER}) "
        f"AND moment <= {as_of} AND (ends IS NULL OR ends > {as_of}) AND "
        f"(explicit OR NOT (opted_out OR starts_with(purpose, {literal(TIER)})))) AS granted "
        "FROM said JOIN cell USING (id, purpose, channel, own) "
        "GROUP BY id, purpose, channel, own"
    )


def _people_sql(channels: tuple[str, ...], tiers: tuple[str, ...]) -> str:
    """One row per customer: the state of each purpose, channel and tier: 2 no, 1 yes, 0 silent."""
    columns = []
    for at, purpose in enumerate(PURPOSES):
        every = "" if purpose != "contact" else " AND channel = ''"
        columns.append(f"{_state(f'purpose = {literal(purpose)}{every}', '')} AS p{at}")
    for at, channel in enumerate(channels):
        where = f"purpose = 'contact' AND channel IN ('', {literal(channel)})"
        columns.append(f"{_state(where, channel)} AS c{at}")
    for at, tier in enumerate(tiers):
        columns.append(f"{_state(f'purpose = {literal(TIER + tier)}', '')} AS t{at}")
    return f"SELECT id, {', '.join(columns)} FROM settled GROUP BY id ORDER BY id"  # noqa: S608


def _state(where: str, channel: str) -> str:
    """A no that no later yes has lifted; else a yes said of everything, or of this channel."""
    no = f"bool_or(opted_out AND NOT granted) FILTER ({where})"
    said = f"granted AND own AND channel IN ('', {literal(channel)})"
    yes = f"bool_or({said}) FILTER ({where})"
    return f"CASE WHEN {no} THEN {_NO} WHEN {yes} THEN {_YES} ELSE 0 END"


def _stack(table: Any, prefix: str, count: int) -> np.ndarray:  # noqa: ANN401 - a pyarrow Table
    columns = [table.column(f"{prefix}{at}").to_numpy() for at in range(count)]
    return np.column_stack(columns) if columns else np.zeros((table.num_rows, 0), dtype=np.int32)


def _refused(states: np.ndarray, silence: BoolArray) -> BoolArray:
    refused: BoolArray = (states == _NO) | ((states == 0) & silence)
    return refused

"""The consent table: its columns checked, its words settled, its events in the engine.

One row per event: who, what for (`purpose`), on which `channel`, in which `scope`, the `status`,
since `granted_at`, until `expires_at`, how (`source`), and a `raw_signal` as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from handful.brief.consent import ConsentSpec
from handful.brief.reader import did_you_mean
from handful.errors import BriefError, DataError, Finding, blocked
from handful.experiment.coltypes import label_sql, role_of
from handful.experiment.consent_records import PURPOSES
from handful.experiment.consent_signals import signal_refusals, unreadable_signal
from handful.experiment.engine import Connection, literal, one_row, quoted
from handful.experiment.opening import OpenLog

NEEDED: Final = ("purpose", "status", "granted_at")
OPTIONAL: Final = ("scope", "channel", "source", "expires_at", "raw_signal")
STATUSES: Final = ("granted", "denied", "revoked", "pending", "unknown", "expired")
EVERYTHING: Final = ("*", "all")
"""Words of a purpose that mean every purpose, of a scope that mean every scope."""

TIER: Final = "tier:"
"""A purpose that begins so is an act of joining a tier."""

SAME: Final[Mapping[str, str]] = {
    "personalize": "personalise",
    "personalization": "personalise",
    "personalisation": "personalise",
    "share_ads": "share",
    "training": "train",
    "measurement": "measure",
}


def load_events(log: OpenLog, spec: ConsentSpec) -> tuple[int, tuple[Finding, ...]]:
    """Make the table `said` of an opened consent table: one row per event and purpose.

    Columns: id, purpose, channel, own (False for a scope that is not this plan's), status, moment
    and ends (microseconds since 1970, UTC), explicit.

    Args:
        log: the consent table, opened.
        spec: the [consent] table of the brief.

    Returns:
        Number of events, and warnings: times and signals that cannot be read, rows without an id.

    Raises:
        BriefError: G030 columns missing; G031 purposes that are not known.
        DataError: G032 statuses that are not known; G033 no event says anything of ours.

    Cost: O(events).
    """
    _check_columns(log, spec)
    _copy(log, spec)
    _check_words(log.con, spec)
    findings = _check_values(log.con)
    events = one_row(log.con, "SELECT count(*) FROM events")[0]
    log.con.execute("CREATE TABLE said AS " + _events_sql(spec) + _signals_sql())
    log.con.execute("DROP TABLE events")
    if one_row(log.con, "SELECT count(moment) FROM said")[0] == 0:
        message = "no event of the consent table has a time, a customer and a purpose of ours."
        raise DataError(blocked("G033", message, "Look at consent.purposes, and at the table."))
    return int(events), findings


def _check_columns(log: OpenLog, spec: ConsentSpec) -> None:
    findings = [
        blocked(
            "G030",
            f"the consent table {log.description} has no column '{name}'.",
            did_you_mean(name, log.columns),
        )
        for name in (spec.customer, *NEEDED)
        if name not in log.types
    ]
    if findings:
        raise BriefError(findings)


def _copy(log: OpenLog, spec: ConsentSpec) -> None:
    """Copy the columns that are read, as text, under their own names; absent ones are NULL."""
    listed = [f"{label_sql(spec.customer, log.types[spec.customer])} AS id"]
    for name in (*NEEDED, *OPTIONAL):
        column = f"CAST({quoted(name)} AS VARCHAR)" if name in log.types else "NULL::VARCHAR"
        if name in {"purpose", "status", "channel", "scope", "source"}:
            column = f"coalesce(lower(trim({column})), '')"
        if name in {"granted_at", "expires_at"}:
            listed.append(f"{column} AS {name}, {time_sql(name, log.types)} AS {name[:1]}_us")
        else:
            listed.append(f"{column} AS {name}")
    log.con.execute(f"CREATE TABLE events AS SELECT {', '.join(listed)} FROM log")  # noqa: S608


def time_sql(name: str, types: Mapping[str, str]) -> str:
    """Read a time as microseconds since 1970; text without a zone is UTC."""
    if name not in types:
        return "NULL::BIGINT"
    if role_of(types[name]) not in {"time", "text"}:
        return "NULL::BIGINT"
    return f"epoch_us(TRY_CAST({quoted(name)} AS TIMESTAMPTZ))"


def _check_words(con: Connection, spec: ConsentSpec) -> None:
    known = {*PURPOSES, *SAME, *EVERYTHING, "", *(word.lower() for word in spec.purposes)}
    purposes = [p for p in _words(con, "purpose") if p not in known and not p.startswith(TIER)]
    statuses = [s for s in _words(con, "status") if s not in {*STATUSES, ""}]
    if purposes:
        message = f"the consent table has purposes that are not known: {_listed(purposes)}."
        remedy = f'Write consent.purposes = {{"{purposes[0]}" = "contact"}} (or "none") for each.'
        raise BriefError(blocked("G031", message, remedy))
    if statuses:
        message = (
            f"the consent table has statuses that are not known: {_listed(statuses)}; expected "
            f"{', '.join(STATUSES)}. A yes is never guessed."
        )
        raise DataError(blocked("G032", message, "Write one of these words in every row."))


def _words(con: Connection, column: str) -> list[str]:
    query = f"SELECT DISTINCT {column} FROM events ORDER BY 1"  # noqa: S608 - our own names
    return [row[0] for row in con.sql(query).fetchall()]


def _listed(words: list[str]) -> str:
    return ", ".join(repr(word[:40]) for word in words[:8]) + (", ..." if len(words) > 8 else "")


def _check_values(con: Connection) -> tuple[Finding, ...]:
    rows, nameless, untimed, unended, unread = one_row(
        con,
        "SELECT count(*), count(*) FILTER (coalesce(id, '') = ''), "  # noqa: S608 - our own names
        "count(*) FILTER (g_us IS NULL), "
        "count(*) FILTER (e_us IS NULL AND coalesce(trim(expires_at), '') <> ''), "
        f"count(*) FILTER ({unreadable_signal('raw_signal')}) FROM events",
    )
    if not rows or untimed == rows:
        message = f"none of the {rows:,} events of the consent table has a time in granted_at."
        raise DataError(blocked("G033", message, "Write ISO 8601 times, such as 2026-03-31."))
    told = (
        ("G034", nameless, "events name no customer and say nothing", "Fill the ids."),
        (
            "G035",
            untimed,
            "events have no time that can be read: their yes does not count, their no always does",
            "Write ISO 8601 times in granted_at.",
        ),
        ("G036", unended, "expiry times cannot be read: taken as expired", "Write ISO 8601 times."),
        (
            "G037",
            unread,
            "raw signals cannot be read: taken as a no to sharing",
            "Store the Sec-GPC header or the decoded usnat section as a JSON object.",
        ),
    )
    return tuple(
        Finding(code, "warn", f"the consent table: {count:,} {what}.", remedy, count, count / rows)
        for code, count, what, remedy in told
        if count
    )


def _events_sql(spec: ConsentSpec) -> str:
    """Select the events in the words of handful; a purpose for everything becomes six rows."""
    meant: list[tuple[str, str]] = [(p, p) for p in PURPOSES] + list(SAME.items())
    meant += [(word, purpose) for word in EVERYTHING for purpose in PURPOSES]
    told = {word.lower(): purpose.lower() for word, purpose in spec.purposes.items()}
    meant = [pair for pair in meant if pair[0] not in told]
    meant += [pair for pair in told.items() if pair[1] != "none"]
    values = ", ".join(f"({literal(word)}, {literal(purpose)})" for word, purpose in meant)
    no_act = ", ".join(map(literal, ("", *(word.lower() for word in spec.implicit_sources))))
    return (
        f"WITH meant(word, means) AS (VALUES {values}) "  # noqa: S608 - literals
        "SELECT id, coalesce(means, purpose) AS purpose, channel, "
        f"{_own_scope(spec)} AS own, "
        "CASE status WHEN '' THEN 'unknown' ELSE status END AS status, "
        f"g_us AS moment, {_until()} AS ends, source NOT IN ({no_act}) AS explicit "
        "FROM events LEFT JOIN meant ON purpose = word "
        f"WHERE id <> '' AND (means IS NOT NULL OR starts_with(purpose, {literal(TIER)}))"
    )


def _own_scope(spec: ConsentSpec) -> str:
    everywhere = ", ".join(map(literal, ("", *EVERYTHING)))
    own = "" if spec.scope is None else f", {literal(spec.scope.strip().lower())}"
    return f"scope IN ({everywhere}{own})"


def _until() -> str:
    """End of a grant: NULL for none, the beginning of time where it cannot be read."""
    unread = "e_us IS NULL AND coalesce(trim(expires_at), '') <> ''"
    return f"CASE WHEN {unread} THEN {-(2**62)} ELSE e_us END"


def _signals_sql() -> str:
    """Add one refusal per raw signal and purpose that it refuses."""
    return "".join(
        f" UNION ALL SELECT id, {literal(purpose)}, "  # noqa: S608 - our own SQL
        f"'', true, 'denied', g_us, NULL, true "
        f"FROM events WHERE id <> '' AND {condition}"
        for purpose, condition in signal_refusals("raw_signal").items()
    )

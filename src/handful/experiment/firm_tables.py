"""Facts about the firm's own tables: how many rows, whose, how fresh, and how well they connect.

Tables are counted where they are and not kept; no id leaves this module. Cost O(rows) each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from handful.brief.orchestration import TriggerSpec
from handful.brief.readiness import TableSpec
from handful.brief.schema import Brief
from handful.errors import BriefError, DataError, Finding, blocked
from handful.experiment.consent_ids import as_text
from handful.experiment.engine import one_row, quoted, reading, running
from handful.experiment.expressions import columns_read
from handful.experiment.opening import OpenLog, Request, open_log

_DATABASES: Final = ("duckdb:///", "postgresql://")


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What was counted in one table of the firm.

    Attributes:
        name: in the brief.
        kind: what it holds.
        place: the database it lies in, or its file; tables of one place are one source.
        rows: in all.
        key: column of the customer's id; None where it has none.
        keyed: rows whose key is there.
        customers: different ids; None without a key.
        matched: share of the log's customers that it holds; None without a key or ids in the log.
        channel: the channel it is about.
        latest: day of the latest row, ISO 8601; None without a time.
        days: different days with rows.
        steady: True when no gap between its days is over twice the middle one.
        wait: median seconds that a customer waited; None but for decisions.
        events: trigger -> rows that set it off.
    """

    name: str
    kind: str
    place: str
    rows: int
    key: str | None
    keyed: int
    customers: int | None
    matched: float | None
    channel: str | None
    latest: str | None
    days: int
    steady: bool
    wait: float | None
    events: Mapping[str, int]


def read_firm_tables(brief: Brief, customers: np.ndarray | None) -> tuple[TableFacts, ...]:
    """Count what the tables of [readiness] hold.

    Args:
        brief: names the tables, and the triggers whose events lie in them.
        customers: (n,) ids of the log; None where it has no column of them.

    Returns:
        The facts of each table, in the brief's order.

    Raises:
        BriefError: G125 a column, a trigger or a table that is not there; E-codes of expressions.
        DataError: G126 times that cannot be read; S200-S209 the file.
        MachineError: X904, X905 a database that cannot be reached.

    Cost: O(rows of the tables + n).
    """
    tables, triggers = brief.readiness.tables, brief.orchestration.triggers
    strange = [
        _missing(f"orchestration.triggers names the table '{spec.table}'", tuple(tables))
        for spec in triggers.values()
        if spec.table is not None and spec.table not in tables
    ]
    if strange:
        raise BriefError(strange)
    log_ids = None if customers is None else as_text(np.unique(customers))
    found = []
    for name, spec in tables.items():
        own = {key: trigger for key, trigger in triggers.items() if trigger.table == name}
        found.append(_facts(name, spec, own, brief.folder, log_ids))
    return tuple(found)


def _facts(
    name: str,
    spec: TableSpec,
    triggers: Mapping[str, TriggerSpec],
    folder: str,
    log_ids: Any,  # noqa: ANN401 - a pyarrow array of text
) -> TableFacts:
    request = Request(folder=folder, streamed=True, sampled=False)
    with open_log(spec.source, request) as table, reading(table.description):
        _check_columns(name, spec, table.columns)
        rows, keyed, customers = _keys(table, spec)
        latest, days, steady = _times(name, table, spec)
        return TableFacts(
            name=name,
            kind=spec.kind,
            place=_place(spec.source),
            rows=rows,
            key=spec.key,
            keyed=keyed,
            customers=customers,
            matched=_matched(table, spec, log_ids),
            channel=spec.channel,
            latest=latest,
            days=days,
            steady=steady,
            wait=_wait(name, table, spec),
            events={key: _count(table, key, spec) for key, spec in triggers.items()},
        )


def _place(source: str) -> str:
    """Return the database of a source, or the file itself."""
    return source.partition("?")[0] if source.startswith(_DATABASES) else source


def _missing(what: str, there: tuple[str, ...]) -> Finding:
    known = ", ".join(there[:12]) or "nothing"
    return blocked("G125", f"{what}, which is not there; there is {known}.", "Name one of these.")


def _check_columns(name: str, spec: TableSpec, columns: tuple[str, ...]) -> None:
    named = {"key": spec.key, "time": spec.time, "requested": spec.requested}
    strange = [
        _missing(f"readiness.tables.{name}.{key} is '{column}'", columns)
        for key, column in named.items()
        if column is not None and column not in columns
    ]
    if strange:
        raise BriefError(strange)


def _keys(table: OpenLog, spec: TableSpec) -> tuple[int, int, int | None]:
    if spec.key is None:
        return int(one_row(table.con, "SELECT count(*) FROM log")[0]), 0, None
    key = quoted(spec.key)
    query = f"SELECT count(*), count({key}), count(DISTINCT {key}) FROM log"  # noqa: S608
    rows, keyed, customers = one_row(table.con, query)
    return int(rows), int(keyed), int(customers)


def _matched(table: OpenLog, spec: TableSpec, log_ids: Any) -> float | None:  # noqa: ANN401
    if spec.key is None or log_ids is None or not len(log_ids):
        return None
    table.con.register("asked", pa.table({"id": log_ids}))
    key = f"CAST({quoted(spec.key)} AS VARCHAR)"
    query = f"SELECT count(*) FROM asked WHERE id IN (SELECT {key} FROM log)"  # noqa: S608
    held = one_row(table.con, query)[0]
    table.con.unregister("asked")
    return float(held) / len(log_ids)


def _times(name: str, table: OpenLog, spec: TableSpec) -> tuple[str | None, int, bool]:
    """Return the latest day, the number of days, and whether they come steadily."""
    if spec.time is None:
        return None, 0, False
    day = f"CAST({_moment(spec.time)} AS DATE)"
    lost = f"count({quoted(spec.time)}) - count({day})"
    unread = one_row(table.con, f"SELECT {lost} FROM log")[0]  # noqa: S608
    if unread:
        message = f"readiness.tables.{name}.time: {unread:,} values are no ISO 8601 times."
        raise DataError(blocked("G126", message, "Write them as 2026-03-31 or 2026-03-31 09:00."))
    query = f"SELECT DISTINCT {day} AS d FROM log WHERE {day} IS NOT NULL ORDER BY d"  # noqa: S608
    days = [row[0] for row in table.con.execute(query).fetchall()]
    if not days:
        return None, 0, False
    gaps = np.diff(np.array(days, dtype="datetime64[D]")).astype(np.int64)
    steady = len(gaps) > 1 and bool(gaps.max() <= 2 * np.median(gaps))
    return days[-1].isoformat(), len(days), steady


def _moment(column: str) -> str:
    return f"TRY_CAST({quoted(column)} AS TIMESTAMP)"


def _wait(name: str, table: OpenLog, spec: TableSpec) -> float | None:
    if spec.requested is None or spec.time is None:
        return None
    gap = f"date_diff('millisecond', {_moment(spec.requested)}, {_moment(spec.time)})"
    found, early = one_row(
        table.con,
        f"SELECT median({gap}), count(*) FILTER ({gap} < 0) FROM log",  # noqa: S608
    )
    if early:
        message = f"readiness.tables.{name}: {early:,} decisions were made before they were asked."
        raise DataError(blocked("G126", message, "Check the columns requested and time."))
    return None if found is None else float(found) / 1000


def _count(table: OpenLog, trigger: str, spec: TriggerSpec) -> int:
    if spec.where is None:
        return int(one_row(table.con, "SELECT count(*) FROM log")[0])
    key = f"orchestration.triggers.{trigger}.where"
    columns_read(table.con, spec.where, key=key, columns=table.columns)
    with running(key, table.columns):
        return int(one_row(table.con, f"SELECT count(*) FROM log WHERE ({spec.where})")[0])  # noqa: S608

"""Reads times without guessing: one kind of zone, and no day that could be a month."""

from __future__ import annotations

from typing import Final

import numpy as np

from handful.errors import DataError, Finding, blocked
from handful.experiment.coltypes import role_of
from handful.experiment.engine import Connection, literal, one_row, quoted, running

_DAY: Final = r"\d{4}-\d{2}-\d{2}"
_CLOCK: Final = r"[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?"
_NAIVE: Final = rf"{_DAY}({_CLOCK})?"
_ZONED: Final = rf"{_DAY}{_CLOCK} ?(Z|[+-]\d{{2}}(:?\d{{2}})?)"
_FORMATS: Final = tuple(
    day + clock
    for clock in ("", " %H:%M", " %H:%M:%S")
    for day in ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y%m%d")
)
"""Formats that may be suggested, never assumed."""


def time_sql(
    con: Connection, view: str, column: str, sql_type: str, *, date_format: str | None, key: str
) -> tuple[str, tuple[Finding, ...]]:
    """Return the SQL that reads a column as a timestamp (UTC if it carries zones).

    Args:
        con: engine; `view` names the rows, which carry a column `row_of_log`.
        view: table or view to look at.
        column: name of the column.
        sql_type: its SQL type.
        date_format: the brief's strptime format, or None for ISO 8601.
        key: the key of the brief that named the column.

    Raises:
        DataError: S230 mixed zones, S231 not ISO 8601, S232 cannot be read, S234 not a time.
        BriefError: B110 a format that does not exist.

    Example:
        >>> from handful.experiment.engine import connect
        >>> con = connect()
        >>> _ = con.execute("CREATE TABLE v AS SELECT 1 AS row_of_log, '2026-03-01' AS t")
        >>> time_sql(con, "v", "t", "VARCHAR", date_format=None, key="experiment.time")[0]
        'CAST("t" AS TIMESTAMP)'
    """
    name = quoted(column)
    role = role_of(sql_type)
    if role == "time":
        zoned = "WITH TIME ZONE" in sql_type.upper() or sql_type.upper() == "TIMESTAMPTZ"
        return _timestamp(name, zoned=zoned), ()
    if role != "text" and date_format is None:
        message = f"{key}: column '{column}' should hold times, found {sql_type} numbers."
        remedy = 'Make a time under [columns], such as sent = "to_timestamp(sent_at)".'
        raise DataError(blocked("S234", message, remedy))
    if date_format is not None:
        sql = f"try_strptime(CAST({name} AS VARCHAR), {literal(date_format)})"
        with running("experiment.date_format", (column,)):
            _refuse_unreadable(con, view, column, sql, date_format)
        return f"CAST({sql} AS TIMESTAMP)", ()
    return _iso_sql(con, view, column)


def _timestamp(name: str, *, zoned: bool) -> str:
    if zoned:
        return f"CAST(CAST({name} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS TIMESTAMP)"
    return f"CAST({name} AS TIMESTAMP)"


def _iso_sql(con: Connection, view: str, column: str) -> tuple[str, tuple[Finding, ...]]:
    name = quoted(column)
    kind = f"""CASE WHEN regexp_full_match({name}, {literal(_NAIVE)}) THEN 'naive'
        WHEN regexp_full_match({name}, {literal(_ZONED)}) THEN 'zoned' ELSE 'other' END"""
    query = f"""
        SELECT kind, count(*), min(row_of_log) FROM (
            SELECT {kind} AS kind, row_of_log FROM {view} WHERE {name} IS NOT NULL)
        GROUP BY kind"""  # noqa: S608 - names are quoted
    kinds = {row[0]: (row[1], row[2]) for row in con.execute(query).fetchall()}
    if "other" in kinds:
        raise DataError(_not_iso(con, view, column, kinds["other"]))
    missing_hour = _missing_hour(con, view, column)
    if len(kinds) == 2:
        (n_naive, naive_row), (n_zoned, zoned_row) = kinds["naive"], kinds["zoned"]
        message = (
            f"column '{column}' has mixed zones: {n_naive} times without a zone (first in row "
            f"{naive_row}) and {n_zoned} with one (first in row {zoned_row}).{missing_hour}"
        )
        remedy = "Write all times in UTC with Z, or all in one local time without a zone."
        raise DataError(blocked("S230", message, remedy))
    sql = _timestamp(name, zoned="zoned" in kinds)
    safe = sql.replace("CAST(", "TRY_CAST(")
    _refuse_unreadable(con, view, column, safe, "ISO 8601")
    if not missing_hour:
        return sql, ()
    message = f"column '{column}' has times without a zone.{missing_hour}"
    remedy = "If these are local times, write them with their zone; if UTC, nothing is wrong."
    return sql, (Finding("S233", "note", message, remedy),)


def _refuse_unreadable(con: Connection, view: str, column: str, sql: str, form: str) -> None:
    name = quoted(column)
    query = f"""
        SELECT count(*), min(row_of_log) FROM {view}
        WHERE {name} IS NOT NULL AND {sql} IS NULL"""  # noqa: S608 - names are quoted
    count, row = one_row(con, query)
    if count:
        message = (
            f"column '{column}' should hold times as {form}; {count} are not, "
            f"the first in row {row}."
        )
        raise DataError(blocked("S232", message, "Correct or empty those cells."))


def _not_iso(con: Connection, view: str, column: str, other: tuple[int, int]) -> Finding:
    name = quoted(column)
    tests = ", ".join(
        f"bool_and({name} IS NULL OR try_strptime({name}, {literal(form)}) IS NOT NULL)"
        for form in _FORMATS
    )
    fits = one_row(con, f"SELECT {tests} FROM {view}")  # noqa: S608 - names are quoted
    suited = [form for form, fit in zip(_FORMATS, fits, strict=True) if fit]
    message = (
        f"column '{column}' should hold ISO 8601 times (2026-04-03); {other[0]} are not, "
        f"the first in row {other[1]}."
    )
    if len(suited) > 1:
        message += " Day and month cannot be told apart."
    listed = " or ".join(f'"{form}"' for form in suited[:3]) or '"%d/%m/%Y"'
    return blocked("S231", message, f"Set experiment.date_format = {listed}; it is not guessed.")


def _missing_hour(con: Connection, view: str, column: str) -> str:
    """Name an hour that clocks skip in spring in Europe or North America, if a time lies in it."""
    name = quoted(column)
    query = f"""
        SELECT row_of_log, stamp FROM (
            SELECT row_of_log, TRY_CAST({name} AS TIMESTAMP) AS stamp FROM {view}
            WHERE regexp_full_match({name}, {literal(_DAY + _CLOCK)}))
        WHERE month(stamp) = 3 AND dayofweek(stamp) = 0 AND hour(stamp) = 2
          AND (day(stamp) >= 25 OR day(stamp) BETWEEN 8 AND 14)
        ORDER BY row_of_log LIMIT 1"""  # noqa: S608 - names are quoted
    found = con.execute(query).fetchall()
    if not found:
        return ""
    row, stamp = found[0]
    where = "most of Europe" if stamp.day >= 25 else "most of North America"
    return (
        f" Row {row} reads {stamp:%Y-%m-%d %H:%M}, an hour that does not exist in {where}, "
        "where clocks skip it that day."
    )


def as_datetimes(values: np.ndarray) -> np.ndarray:
    """Return times as datetime64[us], NaT where missing.

    Example:
        >>> as_datetimes(np.array(["2026-03-01"], dtype="datetime64[s]")).dtype
        dtype('<M8[us]')
    """
    return values.astype("datetime64[us]")

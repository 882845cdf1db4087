"""The embedded SQL engine, shut off from files, network and extensions once the log is in.

`connect` opens it, the source is loaded, `lock` closes every door, and only then do the
expressions of a brief run. Results stream through relations: a result taken from `execute` is
kept whole in memory whatever the limit, so `execute` serves only for queries of one row.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import duckdb

from handful.errors import BriefError, DataError, Finding, HandfulError, MachineError, blocked

Connection = duckdb.DuckDBPyConnection

_SHARE_OF_MEMORY: Final = "50%"
_EXCERPT: Final = 160


def connect() -> Connection:
    """Open an empty engine in memory: half the machine's memory at most, no extensions.

    Example:
        >>> connect().sql("SELECT 1").fetchall()
        [(1,)]
    """
    con = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": _SHARE_OF_MEMORY,
            "threads": str(_processors()),
            "temp_directory": "",
            "preserve_insertion_order": "true",
        },
    )
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET enable_progress_bar = false")
    return con


def _processors() -> int:
    """Count the processors this process may use, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def lock(con: Connection) -> None:
    """Close the engine's doors for good: no files, no network, no extensions, no settings.

    Example:
        >>> con = connect()
        >>> lock(con)
        >>> con.sql("SELECT * FROM read_csv('/etc/hosts')")
        Traceback (most recent call last):
        ...
        _duckdb.PermissionException: Permission Error: Cannot access file "/etc/hosts" - file \
system operations are disabled by configuration
    """
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")


def one_row(con: Connection, query: str, parameters: Sequence[object] = ()) -> tuple[Any, ...]:
    """Return the only row of a small query.

    Example:
        >>> one_row(connect(), "SELECT $1 + 1", [1])
        (2,)
    """
    (row,) = con.execute(query, list(parameters)).fetchall()
    only: tuple[Any, ...] = row
    return only


def quoted(name: str) -> str:
    """Return a column name as an SQL identifier.

    Example:
        >>> quoted('x"; DROP TABLE t;--')
        '"x""; DROP TABLE t;--"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return text as an SQL string.

    Example:
        >>> literal("it's")
        "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def excerpt(text: str) -> str:
    """Return text on one line, capped, without control characters.

    Example:
        >>> len(excerpt("x" * 10_000_000))
        160
    """
    line = "".join(c if c.isprintable() else " " for c in " ".join(text[:2000].split()))
    return line if len(line) <= _EXCERPT else line[: _EXCERPT - 3] + "..."


@contextmanager
def reading(place: str) -> Iterator[None]:
    """Turn an engine error while a source is read into a DataError or MachineError.

    Args:
        place: the file or table, for the message.

    Raises:
        DataError: S207 a row that is not proper csv, S241 a word among numbers, S208 anything else.
        MachineError: X901 not enough memory.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise _out_of_memory(str(error)) from None
    except duckdb.Error as error:
        raise DataError(_reading_finding(place, str(error))) from None


@contextmanager
def running(key: str, columns: tuple[str, ...]) -> Iterator[None]:
    """Turn an engine error in an expression of the brief into a BriefError that names the key.

    Args:
        key: the key of the brief, such as "profit.per_row".
        columns: the columns that exist, for the remedy.

    Raises:
        BriefError: B110 the expression cannot be run.
        MachineError: X901 not enough memory.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise _out_of_memory(str(error)) from None
    except duckdb.PermissionException:
        message = f"{key} tries to reach outside the log, which is never allowed."
        remedy = "Use only the log's columns; nothing was read or written."
        raise BriefError(blocked("B111", message, remedy)) from None
    except duckdb.Error as error:
        if "must appear in the GROUP BY" in str(error):
            message = f"{key} holds an aggregate such as sum; expected an expression over one row."
            remedy = "Drop the aggregate; rows are added up by handful."
            raise BriefError(blocked("B110", message, remedy)) from None
        listed = ", ".join(columns[:30]) + (", ..." if len(columns) > 30 else "")
        message = f"{key} is not SQL that can be run over the log: {_without_values(str(error))}."
        remedy = f"Correct the expression; the columns are {listed}."
        raise BriefError(blocked("B110", message, remedy)) from None


def _out_of_memory(text: str) -> HandfulError:
    message = f"the log does not fit in the memory allowed: {excerpt(text)}."
    remedy = "Filter it, keep fewer columns, or use a machine with more memory."
    return MachineError(blocked("X901", message, remedy))


def _without_values(text: str) -> str:
    """Drop the values of cells, which may be ids, from an engine message."""
    first = re.split(r"\n\n|\nLINE", text, maxsplit=1)[0]
    if first.startswith("Invalid Input Error"):  # may be nothing but a value
        return "Invalid Input Error: a value does not fit, and is not shown"
    if not first.startswith(_ABOUT_THE_TEXT):
        first = re.sub(r"'(?:[^']|'')*'", "'...'", first)
        first = re.sub(r'"[^"]*"', '"..."', first)
        first = re.sub(r"(?<![\w.])-?\d[\d.]*", "...", first)
    return excerpt(first).rstrip(".!")


_ABOUT_THE_TEXT = ("Parser Error", "Binder Error", "Catalog Error")
"""Errors about the SQL itself, made before any cell is read."""


def _reading_finding(place: str, text: str) -> Finding:
    line = re.search(r"CSV Error on Line: (\d+)", text)
    where = f"{place} line {line[1]}" if line else place
    counts = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text)
    column = re.search(r"Error when converting column \"(.*)\"\. Could not convert", text)
    if column:
        message = f"{where}: column '{excerpt(column[1])}' should hold numbers, found a word."
        return blocked("S241", message, "Correct that cell; leave missing cells empty.")
    if counts:
        message = f"{where}: expected {counts[1]} columns, found {counts[2]}."
        remedy = "Correct that row; put text that holds a comma in double quotes."
    elif "unterminated quote" in text:
        message = f"{where}: a double quote is opened and not closed as it should be."
        remedy = "Close the quote, or double a quote that belongs to the text."
    elif "Maximum line size" in text:
        message = f"{where}: a row of more than 2 MB; expected short cells."
        remedy = "Look for a missing closing quote, or leave that column out."
    elif "invalid state" in text:
        message = f"{where}: line ends or quotes are mixed (both CRLF and LF), expected one kind."
        remedy = "Save the file again with one kind of line end."
    else:
        kept = "\n".join(row for row in text.splitlines() if not row.startswith("Original Line"))
        message = f"{where} could not be read: {_without_values(kept)}."
        return blocked("S208", message, "Check the file and its format.")
    return blocked("S207", message, remedy)

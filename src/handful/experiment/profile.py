"""Looks at the columns of a log before there is a brief."""

from __future__ import annotations

from typing import Final

from handful.brief.profile import ColumnKind, ColumnProfile
from handful.experiment.coltypes import role_of
from handful.experiment.engine import one_row, quoted
from handful.experiment.opening import OpenLog, Request, count_rows, open_log

_LEVELS: Final = 12
_MOST_LEVELS: Final = 200
_SAMPLE: Final = 1000
_ISO: Final = r"\d{4}-\d{2}-\d{2}([T ].*)?"


def profile_source(source: str, *, encoding: str = "utf-8") -> tuple[ColumnProfile, ...]:
    r"""Return what is known of each column of a source.

    Args:
        source: csv, csv.gz, parquet, a glob, or duckdb:///file.db?table=t.
        encoding: of a csv.

    Raises:
        DataError: S200-S209 it cannot be read.

    Cost: O(rows x columns).

    Example:
        >>> import tempfile, pathlib
        >>> file = pathlib.Path(tempfile.mkdtemp(), "log.csv")
        >>> _ = file.write_text("arm,age\nA,31\nB,\n")
        >>> [(c.name, c.kind, c.distinct, c.missing) for c in profile_source(str(file))]
        [('arm', 'text', 2, 0), ('age', 'whole', 1, 1)]
    """
    with open_log(source, Request(encoding=encoding)) as log:
        rows = count_rows(log)
        return tuple(_profile(log, name, rows) for name in log.columns)


def _profile(log: OpenLog, name: str, rows: int) -> ColumnProfile:
    c, role = quoted(name), role_of(log.types[name])
    distinct, present = one_row(log.con, f"SELECT count(DISTINCT {c}), count({c}) FROM log")  # noqa: S608
    kind: ColumnKind = role
    if role == "text" and present and _all_dates(log, c):
        kind = "time"
    levels: tuple[str, ...] = ()
    if role != "other" and distinct <= _MOST_LEVELS:
        query = f"""
            SELECT CAST({c} AS VARCHAR) AS level FROM log WHERE {c} IS NOT NULL
            GROUP BY {c} ORDER BY count(*) DESC, level LIMIT {_LEVELS}"""  # noqa: S608
        levels = tuple(row[0] for row in log.con.execute(query).fetchall())
    return ColumnProfile(name, kind, rows, distinct, rows - present, levels)


def _all_dates(log: OpenLog, c: str) -> bool:
    query = f"""
        SELECT bool_and(regexp_full_match(cell, '{_ISO}')) FROM (
            SELECT CAST({c} AS VARCHAR) AS cell FROM log
            WHERE {c} IS NOT NULL LIMIT {_SAMPLE})"""  # noqa: S608 - the name is quoted
    return bool(one_row(log.con, query)[0])

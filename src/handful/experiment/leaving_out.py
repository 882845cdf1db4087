"""Rows of customers who said no are taken out of a source before anything else looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from handful.experiment.coltypes import label_sql
from handful.experiment.consent_records import KEEPS_OUT, PURPOSES, ConsentRegister
from handful.experiment.engine import Connection, one_row, quoted


@dataclass(frozen=True, slots=True)
class LeaveOut:
    """Which rows of a source are not to be read, and what became of it.

    Attributes:
        register: who refuses what.
        column: the source's column of ids.
    """

    register: ConsentRegister
    column: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows of a source that were left out, in all and by the purpose refused."""

    rows: int
    by_purpose: Mapping[str, int]


def leave_out(con: Connection, table: str, asked: LeaveOut, sql_type: str) -> LeftOut:
    """Delete from a table the rows of customers who refuse to be collected, trained on or measured.

    Nothing has looked at the rows yet: not even the types of a csv depend on those left out.

    Args:
        con: the engine, not locked yet.
        table: holds the source's rows.
        asked: who refuses, and in which column the ids are.
        sql_type: of that column.

    Returns:
        How many rows went, and why.

    Cost: O(rows).
    """
    register, ident = asked.register, label_sql(asked.column, sql_type)
    out = [PURPOSES.index(purpose) for purpose in KEEPS_OUT]
    columns = {f"p{at}": pa.array(register.refused[:, at]) for at in out}
    con.register("consent_of", pa.table({"id": register.ids, **columns}))
    con.execute("CREATE TEMP TABLE refusing AS SELECT * FROM consent_of")
    con.unregister("consent_of")
    silent = {at: str(bool(register.unseen[at])).lower() for at in out}
    counts = ", ".join(f"count(*) FILTER (coalesce(r.p{at}, {silent[at]}))" for at in out)
    name = quoted(table)
    query = (
        f"SELECT {counts} FROM (SELECT {ident} AS k FROM {name}) AS s "  # noqa: S608 - quoted
        "LEFT JOIN refusing AS r ON r.id = s.k"
    )
    by_purpose = dict(zip(KEEPS_OUT, one_row(con, query), strict=True))
    refuses = " OR ".join(f"r.p{at}" for at in out)
    if register.unseen[out].any():
        agree = f"SELECT r.id FROM refusing AS r WHERE NOT ({refuses})"  # noqa: S608 - our own SQL
        gone = f"coalesce({ident} NOT IN ({agree}), true)"
    else:
        gone = f"{ident} IN (SELECT r.id FROM refusing AS r WHERE {refuses})"  # noqa: S608 - our own SQL
    before = one_row(con, f"SELECT count(*) FROM {name}")[0]  # noqa: S608 - the name is quoted
    con.execute(f"DELETE FROM {name} WHERE {gone}")  # noqa: S608 - our own SQL
    con.execute("DROP TABLE refusing")
    rows = before - one_row(con, f"SELECT count(*) FROM {name}")[0]  # noqa: S608
    return LeftOut(rows, {purpose: count for purpose, count in by_purpose.items() if count})

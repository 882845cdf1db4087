"""What the store asks of a database: reads, and writes that hold together or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol, TypeAlias

from handful.errors import MachineError, blocked

Row: TypeAlias = tuple[Any, ...]
Run: TypeAlias = Callable[..., list[Row]]
"""run(sql, values): `?` stands for a value; rows of the answer, [] without one."""

VERSION: Final = 1

MIGRATIONS: Final[Sequence[Sequence[str]]] = (
    (
        "CREATE TABLE handful_plans (id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, name TEXT NOT NULL,"
        " folder TEXT NOT NULL, first_seen TEXT NOT NULL, last_seen TEXT NOT NULL)",
        "CREATE TABLE handful_edits (id BIGINT PRIMARY KEY, plan TEXT NOT NULL,"
        " offer TEXT NOT NULL, channel TEXT, text TEXT NOT NULL, signed_by TEXT NOT NULL,"
        " at TEXT NOT NULL)",
        "CREATE INDEX handful_edits_plan ON handful_edits (plan, id)",
        "CREATE TABLE handful_reviews (id BIGINT PRIMARY KEY, plan TEXT NOT NULL,"
        " content TEXT NOT NULL, sample TEXT NOT NULL, reviewer TEXT NOT NULL,"
        " answer TEXT NOT NULL CHECK (answer IN ('fine', 'not fine')), note TEXT NOT NULL,"
        " at TEXT NOT NULL, key_id TEXT NOT NULL, seal TEXT NOT NULL)",
        "CREATE INDEX handful_reviews_plan ON handful_reviews (plan, id)",
        "CREATE TABLE handful_releases (id BIGINT PRIMARY KEY, plan TEXT NOT NULL,"
        " name TEXT NOT NULL, signed_by TEXT NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL,"
        " action TEXT NOT NULL CHECK (action IN ('release', 'rollback')), content TEXT NOT NULL,"
        " back_to BIGINT, key_id TEXT NOT NULL, previous TEXT NOT NULL, seal TEXT NOT NULL)",
        "CREATE TABLE handful_served (one BIGINT PRIMARY KEY CHECK (one = 1),"
        " release_id BIGINT NOT NULL REFERENCES handful_releases (id))",
    ),
)
"""Forward only: entry v brings a store from version v to v + 1; never changed once published."""


class Database(Protocol):
    """An open database with one writer at a time."""

    @property
    def said(self) -> str:
        """The address, without a password."""
        ...

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return the rows of a SELECT."""
        ...

    def writing(self) -> AbstractContextManager[Run]:
        """Open a transaction that nobody else writes beside; committed durably at its end."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


def migrate(database: Database) -> int:
    """Bring a store to this version; tell the version it had.

    Args:
        database: open.

    Raises:
        MachineError: F874 the store is of a later version.
    """
    with database.writing() as run:
        run("CREATE TABLE IF NOT EXISTS handful_schema (version BIGINT NOT NULL)")
        rows = run("SELECT version FROM handful_schema")
        had = int(rows[0][0]) if rows else 0
        if had > VERSION:
            message = f"the store {database.said} was written by a later version of handful."
            raise MachineError(blocked("F874", message, "Use that version, or another --store."))
        for steps in MIGRATIONS[had:]:
            for step in steps:
                run(step)
        if not rows:
            run("INSERT INTO handful_schema VALUES (?)", (VERSION,))
        run("UPDATE handful_schema SET version = ?", (VERSION,))
    return had

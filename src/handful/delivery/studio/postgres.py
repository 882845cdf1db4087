"""The store in PostgreSQL: one connection, synchronous commits, one writer by an advisory lock."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final
from urllib.parse import urlsplit

from handful.delivery.studio.database import Row, Run
from handful.errors import MachineError, blocked

_LOCK: Final = 0x68616E6466756C
"""Number of the advisory lock, the same for every studio on a database."""


class PostgresDatabase:
    """One connection, made anew after it broke, behind a lock."""

    def __init__(self, driver: Any, url: str) -> None:  # noqa: ANN401 - psycopg comes when asked for
        self.said = _without_password(url)
        self._driver, self._url = driver, url
        self._turn = threading.RLock()
        self._connection: Any = None

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return the rows of a SELECT."""
        with self._turn, self._told():
            return self._run(sql, values)

    @contextmanager
    def writing(self) -> Iterator[Run]:
        """Open a transaction that no other studio writes beside."""
        with self._turn, self._told(), self._connected().transaction():
            self._run("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
            yield self._run

    def close(self) -> None:
        """Close the connection."""
        with self._turn:
            if self._connection is not None:
                self._connection.close()

    def _run(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        asked = self._connected().execute(sql.replace("?", "%s"), tuple(values))
        return [tuple(row) for row in asked.fetchall()] if asked.description else []

    def _connected(self) -> Any:  # noqa: ANN401
        if self._connection is None or self._connection.closed or self._connection.broken:
            self._connection = self._driver.connect(
                self._url, autocommit=True, connect_timeout=10, client_encoding="utf8"
            )
            self._connection.execute("SET synchronous_commit = on")
        return self._connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn the driver's errors into ours: its words may hold the address and its password."""
        try:
            yield
        except self._driver.Error as error:
            message = f"the store {self.said} refused: {type(error).__name__}."
            raise MachineError(
                blocked("F874", message, "Check server, database, user and rights.")
            ) from None


def open_postgres(url: str) -> PostgresDatabase:
    """Open a store in a PostgreSQL database.

    Args:
        url: postgresql://user@host/database; the password belongs in PGPASSWORD or ~/.pgpass.

    Raises:
        MachineError: X904 the driver is missing; F874 the server cannot be reached.
    """
    try:
        driver = import_module("psycopg")
    except ImportError:
        message = "a store in PostgreSQL needs the driver psycopg, which is not installed."
        remedy = 'Run pip install "handful[serve,postgres]".'
        raise MachineError(blocked("X904", message, remedy)) from None
    database = PostgresDatabase(driver, url)
    database.read("SELECT 1")
    return database


def _without_password(url: str) -> str:
    """Return an address that may be printed.

    Example:
        >>> _without_password("postgresql://jo:secret@db/shop?password=x")
        'postgresql://db/shop'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"

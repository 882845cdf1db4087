"""The store in one SQLite file: write-ahead log, synchronous=FULL, one connection, one process.

SQLite below 3.51.3 can lose a write-ahead log that two connections reset at once; apsw brings its
own build. Every commit is on the disk before the answer leaves.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import apsw

from handful.delivery.files import PRIVATE
from handful.delivery.studio.database import Row, Run
from handful.errors import MachineError, blocked

SAFE_SINCE: Final = (3, 51, 3)
_WAIT_MS: Final = 5_000


class SqliteDatabase:
    """One file and the one connection to it, behind a lock."""

    def __init__(self, connection: apsw.Connection, said: str) -> None:
        self.said = said
        self._connection = connection
        self._turn = threading.RLock()

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Return the rows of a SELECT.

        Raises:
            MachineError: F874 the file is locked, full, gone or no longer a store.
        """
        with self._turn, _explained(self.said):
            return list(self._connection.execute(sql, tuple(values)))

    @contextmanager
    def writing(self) -> Iterator[Run]:
        """Open a transaction; committed with a sync of the disk, or taken back whole."""
        with self._turn, _explained(self.said):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.read
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the file."""
        with self._turn:
            self._connection.close()


@contextmanager
def _explained(said: str) -> Iterator[None]:
    """Say what a failing file means for the person."""
    try:
        yield
    except apsw.Error as error:
        message = f"the store {Path(said).name} cannot be used now: {type(error).__name__}."
        remedy = "See that nothing else writes to it and the disk has room, then try again."
        raise MachineError(blocked("F874", message, remedy)) from error


def open_sqlite(file: Path) -> SqliteDatabase:
    """Open or make a store in a file, readable by its owner only.

    Args:
        file: where it is kept.

    Raises:
        MachineError: F874 it cannot be opened, is no such store, or SQLite is too old.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as home:
        ...     store = open_sqlite(Path(home) / "studio.sqlite")
        ...     store.read("PRAGMA journal_mode"), store.read("PRAGMA synchronous")
        ...     store.close()
        ([('wal',)], [(2,)])
    """
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < SAFE_SINCE:
        message = f"expected SQLite 3.51.3 or newer, found {apsw.sqlite_lib_version()}."
        raise MachineError(blocked("F874", message, 'Run pip install -U "handful[serve]".'))
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, PRIVATE))
        connection = apsw.Connection(str(file))
        connection.set_busy_timeout(_WAIT_MS)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            list(connection.execute(f"PRAGMA {pragma}"))
        fault = next(iter(connection.execute("PRAGMA quick_check")))[0]
    except (OSError, apsw.Error) as error:
        fault = error.strerror if isinstance(error, OSError) else type(error).__name__
    if fault != "ok":
        message = f"the store {file} cannot be opened: {fault}."
        remedy = "Check the path and its rights, put a backup back, or name another with --store."
        raise MachineError(blocked("F874", message, remedy))
    return SqliteDatabase(connection, str(file))

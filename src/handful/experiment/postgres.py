"""Reads a table or a query of a PostgreSQL database: read-only, streamed, in a steady order.

The driver (psycopg) comes with `pip install "handful[postgres]"`. Passwords belong in PGPASSWORD or
~/.pgpass; one in the address is never repeated in a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pyarrow as pa

from handful.errors import BriefError, HandfulError, MachineError, blocked

SCHEMES: Final = ("postgresql://", "postgres://")
ROWS_AT_A_TIME: Final = 50_000

_TYPES: Final[dict[str, pa.DataType]] = {
    **dict.fromkeys(("int2", "int4", "int8"), pa.int64()),
    **dict.fromkeys(("float4", "float8", "numeric"), pa.float64()),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", tz="UTC"),
}
"""PostgreSQL type -> Arrow type; any other is read as text."""

_STEADY: Final = (
    "SET TimeZone = 'UTC'",
    "SET synchronize_seqscans = off",
    "SET max_parallel_workers_per_gather = 0",
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a table is: the address without what is asked of it, and what is asked.

    Attributes:
        url: for the driver.
        query: a SELECT.
        said: the source in words, without names and passwords of the server.
        secret: the password, never to be repeated; "" if there is none.
    """

    url: str
    query: str
    said: str
    secret: str


def is_postgres(source: str) -> bool:
    """Tell whether a source is a PostgreSQL address.

    Example:
        >>> is_postgres("postgresql://localhost/shop?table=log")
        True
    """
    return source.startswith(SCHEMES)


def parse_address(source: str) -> Address:
    """Split an address such as postgresql://host/shop?table=sales.log.

    Args:
        source: with ?table=NAME, ?table=SCHEMA.NAME or ?query=SELECT ...; other parameters, such as
            sslmode, are the driver's.

    Raises:
        BriefError: B120 neither a table nor a query, or both.

    Example:
        >>> parse_address("postgresql://host/shop?table=a.log&sslmode=require").url
        'postgresql://host/shop?sslmode=require'
    """
    parts = urlsplit(source)
    asked = parse_qsl(parts.query, keep_blank_values=True)
    ours = [(key, value) for key, value in asked if key in {"table", "query"}]
    if len(ours) != 1 or not ours[0][1].strip():
        message = "a postgresql:// source should end in ?table=NAME or ?query=SELECT ..."
        raise BriefError(
            blocked("B120", message, "Example: postgresql://localhost/shop?table=mailing.")
        )
    ((key, value),) = ours
    rest = urlencode([pair for pair in asked if pair != ours[0]])
    url = urlunsplit((parts.scheme, parts.netloc, parts.path, rest, ""))
    named = ".".join('"' + name.replace('"', '""') + '"' for name in value.split("."))
    query = f"SELECT * FROM {named}" if key == "table" else value  # noqa: S608 - quoted
    return Address(url, query, f"PostgreSQL {key} {value[:60]}", parts.password or "")


def read_postgres(source: str) -> tuple[Any, str]:
    """Read a source whole, through a cursor of the server, in a read-only transaction.

    Args:
        source: as in `parse_address`.

    Returns:
        An Arrow table, and the source in words.

    Raises:
        BriefError: B120, B121 an address or a query that the server does not take.
        MachineError: X904 the driver is not installed; X905 the server cannot be reached.

    Cost: O(rows).
    """
    address = parse_address(source)
    try:
        driver = import_module("psycopg")
    except ImportError:
        message = "reading PostgreSQL needs the driver psycopg, which is not installed."
        remedy = 'Run pip install "handful[postgres]".'
        raise MachineError(blocked("X904", message, remedy)) from None
    try:
        with driver.connect(address.url, connect_timeout=10) as connection:
            return _read(connection, address), address.said
    except driver.OperationalError as error:
        raise _unreachable(error, address) from None
    except driver.Error as error:
        message = f"{address.said} cannot be read: {_first_line(error, address)}."
        remedy = "Correct the table or the query; it may hold one SELECT."
        raise BriefError(blocked("B121", message, remedy)) from None


def _read(connection: Any, address: Address) -> Any:  # noqa: ANN401 - psycopg is optional
    connection.read_only = True
    for setting in _STEADY:
        connection.execute(setting)
    # A subquery of its own, so that nothing but one SELECT can stand there.
    shape = connection.execute(f"SELECT * FROM (\n{address.query}\n) AS asked LIMIT 0")  # noqa: S608
    columns = [
        (column.name, _type_name(connection, column.type_code)) for column in shape.description
    ]
    listed = ", ".join(f"{_cast(name, kind)} AS {_quoted(name)}" for name, kind in columns)
    schema = pa.schema([(name, _TYPES.get(kind, pa.string())) for name, kind in columns])
    with connection.cursor(name="handful") as cursor:
        cursor.execute(f"SELECT {listed} FROM (\n{address.query}\n) AS asked")  # noqa: S608
        return pa.Table.from_batches(_batches(cursor, schema), schema)


def _batches(cursor: Any, schema: pa.Schema) -> Iterator[pa.RecordBatch]:  # noqa: ANN401
    while rows := cursor.fetchmany(ROWS_AT_A_TIME):
        columns = zip(*rows, strict=True)
        arrays = [pa.array(c, field.type) for c, field in zip(columns, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _type_name(connection: Any, code: int) -> str:  # noqa: ANN401
    known = connection.adapters.types.get(code)
    return "text" if known is None else str(known.name)


def _cast(name: str, kind: str) -> str:
    column = _quoted(name)
    if kind == "numeric":
        return f"{column}::float8"
    if kind in {"date", "timestamp", "timestamptz"}:
        # Infinity is no time: for ever is "none", since ever the beginning of our calendar.
        early = f"'0001-01-01'::{kind}"
        return (
            f"CASE WHEN isfinite({column}) THEN {column} WHEN {column} < {early} THEN {early} END"
        )
    return column if kind in _TYPES else f"{column}::text"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _unreachable(error: Exception, address: Address) -> HandfulError:
    message = f"the PostgreSQL server cannot be reached: {_first_line(error, address)}."
    remedy = "Check host, port, database and user; put the password in PGPASSWORD or ~/.pgpass."
    return MachineError(blocked("X905", message, remedy))


def _first_line(error: Exception, address: Address) -> str:
    """Return the first line alone, without the password and without values of cells."""
    line = next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
    if str(getattr(error, "sqlstate", None) or "42")[:2] != "42":
        # Names of tables and columns (class 42) may be told; what is quoted otherwise is a value.
        line = re.sub(r'"[^"]*("|$)', '"..."', line)
    return line.replace(address.secret, "...")[:200] if address.secret else line[:200]

"""Tables written one after the other to one file: parquet, or csv that a spreadsheet may open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from handful.errors import BriefError, blocked

Write: TypeAlias = Callable[[pa.Table], None]
"""Appends a table to the file."""

_ROW_GROUP = 1 << 20
_FORMULA_START = r"^([=+\-@\t\r])"


def file_format(target: Path) -> str:
    """Tell the format from the suffix: "parquet" or "csv".

    Args:
        target: the file asked for.

    Returns:
        "parquet" or "csv".

    Raises:
        BriefError: F805 any other suffix.

    Example:
        >>> file_format(Path("who.CSV"))
        'csv'
    """
    suffix = target.suffix.lower().removeprefix(".")
    if suffix in ("parquet", "csv"):
        return suffix
    raise BriefError(
        blocked(
            "F805",
            f"Expected a file name that ends in .parquet or .csv, found {target.name!r}.",
            "Name the output FILE.parquet or FILE.csv.",
        )
    )


@contextmanager
def open_sink(path: Path, schema: pa.Schema, kind: str) -> Iterator[Write]:
    """Open a file that takes tables of one schema; the same tables give the same bytes.

    Args:
        path: an existing staging file (see `delivery.files.publish_file`).
        schema: columns of every table.
        kind: "parquet" (zstd) or "csv" (formula-like text cells are prefixed by ').

    Yields:
        A function that appends a table.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as home:
        ...     path = Path(home) / "a.csv"
        ...     with open_sink(path, pa.schema([("offer", pa.string())]), "csv") as write:
        ...         write(pa.table({"offer": ["mail"]}))
        ...     path.read_text().splitlines()
        ['"offer"', '"mail"']
    """
    with path.open("wb") as stream:
        if kind == "csv":
            with pa_csv.CSVWriter(stream, schema) as writer:
                yield lambda table: writer.write_table(spreadsheet_safe(table))
        else:
            with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
                yield lambda table: writer.write_table(table, row_group_size=_ROW_GROUP)


def spreadsheet_safe(table: pa.Table) -> pa.Table:
    """Prefix text cells that a spreadsheet would run as a formula with an apostrophe.

    Args:
        table: any table; only text columns change.

    Returns:
        The table with cells that start with = + - @, tab or carriage return prefixed by '.

    Example:
        >>> spreadsheet_safe(pa.table({"offer": ["=1+1", "mail"]}))["offer"].to_pylist()
        ["'=1+1", 'mail']
    """
    for position, field in enumerate(table.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            column = table.column(position)
            safe = pc.replace_substring_regex(column, _FORMULA_START, r"'\1", max_replacements=1)
            table = table.set_column(position, field, safe)
    return table

"""Tables of the page: plain records that the template prints and that CSV is written from."""

from __future__ import annotations

import base64
import csv
import io
from dataclasses import dataclass
from typing import Final, TypeAlias

from handful.delivery.report.figures import Figure, Interval


@dataclass(frozen=True, slots=True)
class Short:
    """Text that is shown short, and told whole in the data taken away."""

    text: str
    whole: str


Cell: TypeAlias = str | Short | Figure | Interval

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, and whether it holds numbers (set to the right, sorted as such)."""

    title: str
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row of cells; `chosen` marks the plan's own row."""

    cells: tuple[Cell, ...]
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a caption; `ident` names it in links and in the CSV's file name."""

    ident: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def offers_text(menu: tuple[str, ...]) -> str:
    """Return a menu as words: "A", "A and B", "A, B and C".

    Example:
        >>> offers_text(("A", "B", "C"))
        'A, B and C'
    """
    if len(menu) < 2:
        return "".join(menu)
    return f"{', '.join(menu[:-1])} and {menu[-1]}"


def reasons(table: Table) -> tuple[str, ...]:
    """Return why numbers of a table are missing, one sentence for each column and reason."""
    found = (
        f"“{column.title}” is n/a: {cell.why_missing}."
        for at, column in enumerate(table.columns)
        for cell in (row.cells[at] for row in table.rows)
        if isinstance(cell, Figure) and cell.why_missing
    )
    return tuple(dict.fromkeys(found))


def csv_link(table: Table) -> str:
    """Return a data: link to the table as CSV, exact numbers, one column per end of a band."""
    text = csv_text(table).encode("utf-8")
    return f"data:text/csv;charset=utf-8;base64,{base64.b64encode(text).decode('ascii')}"


def csv_text(table: Table) -> str:
    r"""Return a table as CSV (RFC 4180); text that a spreadsheet would run as a formula is quoted.

    Example:
        >>> table = Table("t", "", (Column("Offer"),), (Row(("=1+1",)),))
        >>> csv_text(table)
        "Offer\r\n'=1+1\r\n"
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    banded = [
        any(isinstance(row.cells[at], Interval) for row in table.rows)
        for at in range(len(table.columns))
    ]
    titles: list[str] = []
    for column, wide in zip(table.columns, banded, strict=True):
        ends = (column.title, f"{column.title} (low)", f"{column.title} (high)")
        titles += ends if wide else ends[:1]
    writer.writerow(titles)
    for row in table.rows:
        values: list[str] = []
        for cell, wide in zip(row.cells, banded, strict=True):
            values += _csv_values(cell, wide)
        writer.writerow(values)
    return out.getvalue()


def _csv_values(cell: Cell, wide: bool) -> list[str]:
    if isinstance(cell, Interval):
        return [_exact(cell.value), _exact(cell.lo), _exact(cell.hi)]
    words = cell.whole if isinstance(cell, Short) else cell
    text = _exact(words) if isinstance(words, Figure) else _quoted(words)
    return [text, "", ""] if wide else [text]


def _exact(figure: Figure) -> str:
    return "" if figure.raw is None else repr(figure.raw)


def _quoted(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text

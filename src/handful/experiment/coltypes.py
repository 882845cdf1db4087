"""Settles the types of a csv's columns from all of its cells, so that nothing is lost or guessed.

A column is whole numbers only if each cell is written as the number would be printed (no leading
zeros: "00501" is a name, not 501); a number only if every cell is; otherwise text. Dates stay
text until a key of the brief says that they are times. O(cells).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from handful.errors import Finding
from handful.experiment.engine import Connection, literal, one_row, quoted

Role = Literal["whole", "number", "text", "truth", "time", "other"]

MISSING_WORDS: Final = ("", "NA", "N/A", "n/a", "na", "NULL", "null", "None", "NaN", "nan", "?")
"""Words that mean "missing" in a column of numbers."""

_MOSTLY_NUMBERS: Final = 0.5


def role_of(sql_type: str) -> Role:
    """Return what a column of this SQL type can serve as.

    Example:
        >>> role_of("DECIMAL(18,3)"), role_of("TIMESTAMP WITH TIME ZONE"), role_of("INTEGER[]")
        ('number', 'time', 'other')
    """
    name = sql_type.upper()
    if name.endswith("]"):
        return "other"
    if name.removeprefix("U") in {"BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT"}:
        return "whole"
    if name in {"DOUBLE", "FLOAT"} or name.startswith("DECIMAL"):
        return "number"
    if name in {"VARCHAR", "UUID"} or name.startswith("ENUM"):
        return "text"
    if name == "BOOLEAN":
        return "truth"
    return "time" if name.startswith(("DATE", "TIMESTAMP")) else "other"


def label_sql(column: str, sql_type: str) -> str:
    """Return the SQL that prints a column's value as a label: whole numbers without ".0".

    Example:
        >>> label_sql("site", "BIGINT")
        'CAST("site" AS VARCHAR)'
    """
    c = quoted(column)
    if role_of(sql_type) != "number":
        return f"CAST({c} AS VARCHAR)"
    whole = f"CAST(CAST({c} AS BIGINT) AS VARCHAR)"
    fits = f"{c} = trunc({c}) AND abs({c}) < {2**53}"
    gone = f"isnan(CAST({c} AS DOUBLE))"
    return f"CASE WHEN {gone} THEN NULL WHEN {fits} THEN {whole} ELSE CAST({c} AS VARCHAR) END"


def settle_types(
    con: Connection, columns: tuple[str, ...], *, keep_text: frozenset[str]
) -> tuple[Mapping[str, str], tuple[Finding, ...]]:
    """Return the SQL type of each column of the all-text table `raw`, and what was noticed.

    Args:
        con: engine that holds the table `raw`.
        columns: its columns.
        keep_text: columns that are names of something: never turned into fractions.

    Example:
        >>> from handful.experiment.engine import connect
        >>> con = connect()
        >>> _ = con.execute("CREATE TABLE raw AS SELECT '007' AS a, '7' AS b, '7.5' AS c")
        >>> settle_types(con, ("a", "b", "c"), keep_text=frozenset())[0]
        {'a': 'VARCHAR', 'b': 'BIGINT', 'c': 'DOUBLE'}
    """
    types: dict[str, str] = {}
    findings: list[Finding] = []
    for name in columns:
        cells, whole, number, odd = _count(con, name)
        if odd or (name in keep_text and whole < cells):
            types[name] = "VARCHAR"
        elif cells and whole == cells:
            types[name] = "BIGINT"
        elif number == cells or _only_missing_words(con, name, cells, number, findings):
            types[name] = "DOUBLE"
        else:
            types[name] = "VARCHAR"
    return types, tuple(findings)


def _count(con: Connection, name: str) -> tuple[int, int, int, int]:
    """Count cells, whole numbers, numbers, and digits that are a name rather than a number."""
    c = quoted(name)
    query = f"""
        SELECT count({c}),
               count(*) FILTER (CAST(TRY_CAST({c} AS BIGINT) AS VARCHAR) = {c}),
               count(TRY_CAST({c} AS DOUBLE)),
               count(*) FILTER (({c} >= '00' AND {c} < '0:') OR contains({c}, '_')
                        OR (length({c}) > 18 AND TRY_CAST({c} AS BIGINT) IS NULL
                            AND regexp_full_match({c}, '[0-9]+')))
        FROM raw"""  # noqa: S608 - the only name in it is quoted
    cells, whole, number, odd = one_row(con, query)
    return cells, whole, number, odd


def _only_missing_words(
    con: Connection, name: str, cells: int, number: int, findings: list[Finding]
) -> bool:
    if number < _MOSTLY_NUMBERS * cells:
        return False
    c, words = quoted(name), ", ".join(map(literal, MISSING_WORDS))
    query = f"""
        SELECT count(*) FILTER (trim({c}) NOT IN ({words})) FROM raw
        WHERE {c} IS NOT NULL AND TRY_CAST({c} AS DOUBLE) IS NULL"""  # noqa: S608 - quoted
    if one_row(con, query)[0]:
        return False
    missing = cells - number
    message = f"column '{name}' holds numbers and {missing} words such as NA, read as missing."
    remedy = "Leave missing cells empty to be sure that they are read as meant."
    findings.append(Finding("S210", "warn", message, remedy, missing, missing / cells))
    return True

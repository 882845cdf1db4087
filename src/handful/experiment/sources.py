"""Streams the customers to decide for, from any source, by column name and in bounded memory.

The engine casts, looks levels up and hands over blocks of rows: O(customers), memory one block.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import duckdb
import numpy as np

from handful.brief.reader import did_you_mean
from handful.errors import DataError, Finding, blocked
from handful.experiment.coltypes import MISSING_WORDS, label_sql, role_of
from handful.experiment.columns import derive
from handful.experiment.engine import Connection, literal, quoted, reading
from handful.experiment.expressions import names_in
from handful.experiment.frames import to_arrow
from handful.experiment.opening import OpenLog, Request, open_log, open_table
from handful.experiment.records import Features, FeatureSchema
from handful.experiment.units import JOIN, MISSING_STRATUM
from handful.notation import IntArray

ROWS_PER_BLOCK = 131_072


@dataclass(frozen=True, slots=True)
class CustomerBlock:
    """Some customers to decide for, in the order of their source.

    Attributes:
        customers: (n,) ids, text or integers; row numbers from 1 when no column names them.
        features: (n, p) in the order of the schema asked for.
        stratum: (n,) codes 0..S-1; S where the stratum was never seen in the log.
        unseen: feature -> values that are levels never seen in the log, read as missing.
        extra: columns of the source that are not needed.
    """

    customers: np.ndarray
    features: Features
    stratum: IntArray
    unseen: Mapping[str, int]
    extra: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a customer file must hold, and how to read it.

    Attributes:
        schema: the features, by name, with kinds and levels.
        strata_columns: columns that name a stratum, () for a single one.
        strata: labels of the strata: the columns' values joined by " | ".
        customer: column of ids, or None for row numbers.
        derived: derived columns, name -> SQL expression.
    """

    schema: FeatureSchema
    strata_columns: tuple[str, ...]
    strata: tuple[str, ...]
    customer: str | None
    derived: Mapping[str, str]


def stream_customers(  # noqa: PLR0913 - what a customer file must hold, by name
    source: Any,  # noqa: ANN401 - a path or any frame
    *,
    schema: FeatureSchema,
    strata_columns: tuple[str, ...] = (),
    strata: tuple[str, ...] = ("all",),
    customer: str | None = None,
    derived: Mapping[str, str] = MappingProxyType({}),
    rows_per_block: int = ROWS_PER_BLOCK,
) -> Iterator[CustomerBlock]:
    """Yield the customers of a source in blocks of rows.

    Args:
        source: a path, glob or duckdb:/// address, or a pandas, polars, Arrow or DuckDB frame.
        schema: the features, by name, with kinds and levels.
        strata_columns: columns that name a stratum, () for a single one.
        strata: labels of the strata: the columns' values joined by " | ".
        customer: column of ids, or None for row numbers.
        derived: derived columns, name -> SQL expression; those not needed are ignored.
        rows_per_block: rows held in memory at once.

    Raises:
        DataError: S200-S209 unreadable, S218 an id is missing, S240 columns missing, S241 a
            column of the wrong type.
        BriefError: B110-B114 a derived column cannot be made.

    Example:
        >>> import pyarrow as pa
        >>> schema = FeatureSchema(("town",), ("category",), (("Bern", "Ulm"),))
        >>> blocks = stream_customers(pa.table({"town": ["Ulm", "Rom"]}), schema=schema)
        >>> [(b.features.values.ravel(), dict(b.unseen)) for b in blocks]
        [(array([ 1., nan]), {'town': 1})]
    """
    wanted = _Wanted(schema, strata_columns, strata, customer, derived)
    with _open(source, wanted) as log:
        _check_columns(log, wanted)
        needed = _needed(log.con, wanted)
        made = {name: sql for name, sql in derived.items() if name in needed}
        columns = derive(log, made, numbered=False)
        _check_types(columns.types, wanted)
        query = _query(log.con, columns.types, wanted)
        used = columns.sources_of(needed)
        extra = tuple(name for name in log.columns if name not in used)
        start = 0
        for batch in _batches(log, query, rows_per_block):
            yield _block(batch, wanted, start, extra)
            start += batch.num_rows


def unseen_finding(unseen: Mapping[str, int], customers: int) -> Finding | None:
    """Return a warning about levels that the log never had, or None.

    Args:
        unseen: feature -> values, added up over all blocks.
        customers: number of customers.

    Example:
        >>> unseen_finding({"town": 1}, 2).code
        'S243'
    """
    counts = {name: count for name, count in unseen.items() if count}
    if not counts:
        return None
    total = sum(counts.values())
    named = ", ".join(f"{name} ({count})" for name, count in counts.items())
    message = f"levels the log never had, treated as missing: {named}."
    remedy = "Check the spelling; new levels need a new experiment."
    return Finding("S243", "warn", message, remedy, total, total / max(customers, 1))


def extra_finding(extra: tuple[str, ...]) -> Finding | None:
    """Return a note on the columns that were not needed, or None.

    Example:
        >>> extra_finding(("shoe_size",)).message
        'columns not needed for the decision: shoe_size.'
    """
    if not extra:
        return None
    listed = ", ".join(extra[:20]) + (f" and {len(extra) - 20} more" if len(extra) > 20 else "")
    message = f"columns not needed for the decision: {listed}."
    return Finding("S242", "note", message, "Leave them out to read faster.", len(extra))


def _open(source: Any, wanted: _Wanted) -> AbstractContextManager[OpenLog]:  # noqa: ANN401
    if not isinstance(source, str):
        return open_table(to_arrow(source), "the frame of customers", streamed=True)
    kinds = zip(wanted.schema.names, wanted.schema.kinds, strict=True)
    types = {name: "DOUBLE" if kind == "number" else "VARCHAR" for name, kind in kinds}
    types |= dict.fromkeys(filter(None, (*wanted.strata_columns, wanted.customer)), "VARCHAR")
    request = Request(
        streamed=True,
        types={} if wanted.derived else types,
        sampled=not wanted.derived,
        missing=_missing_words(wanted),
    )
    return open_log(source, request)


def _missing_words(wanted: _Wanted) -> tuple[str, ...]:
    """Words read as missing, unless the log knew one of them as a level."""
    known = {level for levels in wanted.schema.levels for level in levels}
    known |= {part for label in wanted.strata for part in label.split(JOIN)}
    return tuple(word for word in MISSING_WORDS if word not in known)


def _needed(con: Connection, wanted: _Wanted) -> frozenset[str]:
    """Return the columns needed, and the derived ones they are made from."""
    needed = {*wanted.schema.names, *wanted.strata_columns}
    needed |= {wanted.customer} if wanted.customer else set()
    for name in reversed(tuple(wanted.derived)):
        if name in needed:
            needed |= names_in(con, wanted.derived[name], key=f"columns.{name}")
    return frozenset(needed)


def _check_columns(log: OpenLog, wanted: _Wanted) -> None:
    there = {*log.columns, *wanted.derived}
    asked = (*wanted.schema.names, *wanted.strata_columns, *filter(None, (wanted.customer,)))
    findings = [
        blocked(
            "S240",
            f"{log.description} lacks the column '{name}', which the policy reads.",
            did_you_mean(name, log.columns),
        )
        for name in dict.fromkeys(asked)
        if name not in there
    ]
    if findings:
        raise DataError(findings)


def _check_types(types: Mapping[str, str], wanted: _Wanted) -> None:
    kinds = zip(wanted.schema.names, wanted.schema.kinds, strict=True)
    findings = [
        blocked(
            "S241",
            f"column '{name}' should hold numbers, as it did in the log; found {types[name]}.",
            "Give it the type it had in the log.",
        )
        for name, kind in kinds
        if kind == "number" and role_of(types[name]) not in {"whole", "number", "truth"}
    ]
    if findings:
        raise DataError(findings)


def _query(con: Connection, types: Mapping[str, str], wanted: _Wanted) -> str:
    listed = []
    schema = wanted.schema
    for j, (name, kind) in enumerate(zip(schema.names, schema.kinds, strict=True)):
        if kind == "number":
            listed.append(f"CAST({quoted(name)} AS DOUBLE) AS f{j}")
            continue
        coded = _coded(con, f"level{j}", label_sql(name, types[name]), schema.levels[j])
        listed += [f"{coded} AS f{j}", f"{quoted(name)} IS NULL AS m{j}"]
    if wanted.strata_columns:
        parts = [
            f"coalesce({label_sql(name, types[name])}, {literal(MISSING_STRATUM)})"
            for name in wanted.strata_columns
        ]
        label = f" || {literal(JOIN)} || ".join(parts)
        listed.append(f"{_coded(con, 'stratum', label, wanted.strata)} AS stratum")
    if wanted.customer:
        whole = role_of(types[wanted.customer]) == "whole"
        sql = f"CAST({quoted(wanted.customer)} AS BIGINT)"
        listed.append(
            f"{sql if whole else label_sql(wanted.customer, types[wanted.customer])} AS id"
        )
    return f"SELECT {', '.join(listed)} FROM rows_of_log"  # noqa: S608 - names are quoted


def _coded(con: Connection, kind: str, sql: str, levels: tuple[str, ...]) -> str:
    """Make an SQL type of the levels, so that the engine hands over codes instead of text."""
    if not levels:
        return "CAST(NULL AS DOUBLE)"
    con.execute(f"CREATE TYPE {kind} AS ENUM ({', '.join(map(literal, levels))})")
    return f"TRY_CAST({sql} AS {kind})"


def _batches(log: OpenLog, query: str, rows_per_block: int) -> Iterator[Any]:
    """Yield Arrow batches; only the relation form streams, and errors come while it does."""
    try:
        yield from log.con.sql(query).to_arrow_reader(rows_per_block)
    except (duckdb.Error, OSError) as error:
        with reading(log.description):
            raise duckdb.Error(str(error)) from None


def _block(batch: Any, wanted: _Wanted, start: int, extra: tuple[str, ...]) -> CustomerBlock:  # noqa: ANN401
    n, schema = batch.num_rows, wanted.schema
    values = np.empty((n, len(schema.names)), order="F")
    unseen: dict[str, int] = {}
    for j, (name, kind) in enumerate(zip(schema.names, schema.kinds, strict=True)):
        column = batch.column(f"f{j}")
        if kind == "number":
            values[:, j] = column.to_numpy(zero_copy_only=False)
            continue
        values[:, j] = _codes(column)
        lost = column.null_count - int(batch.column(f"m{j}").true_count)
        if lost:
            unseen[name] = lost
    values[np.isinf(values)] = np.nan
    stratum = np.zeros(n, dtype=np.int64)
    if wanted.strata_columns:
        stratum = np.nan_to_num(_codes(batch.column("stratum")), nan=len(wanted.strata))
    if wanted.customer and batch.column("id").null_count:
        count = batch.column("id").null_count
        message = f"column '{wanted.customer}' should name each customer; {count} ids are missing."
        raise DataError(blocked("S218", message, "Fill them or leave those rows out."))
    customers = (
        batch.column("id").to_numpy(zero_copy_only=False)
        if wanted.customer
        else (np.arange(start + 1, start + n + 1))
    )
    return CustomerBlock(
        customers, Features(schema, values), stratum.astype(np.int64), unseen, extra
    )


def _codes(column: Any) -> np.ndarray:  # noqa: ANN401
    """Return level codes as numbers, NaN where missing."""
    coded = getattr(column, "indices", column)
    return np.asarray(coded.to_numpy(zero_copy_only=False), dtype=np.float64)

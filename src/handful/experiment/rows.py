"""Settles what is read of a log, and reads it into one Arrow table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handful.brief.schema import Brief
from handful.errors import BriefError, DataError, Finding
from handful.experiment.apart import tested_names
from handful.experiment.coltypes import label_sql, role_of
from handful.experiment.columns import Columns, check_names_used, check_number, derive
from handful.experiment.engine import one_row, quoted, running
from handful.experiment.expressions import columns_read
from handful.experiment.features import Chosen, choose_features, feature_sql, kinds_of
from handful.experiment.limits import LimitReads, plan_limits
from handful.experiment.opening import OpenLog
from handful.experiment.times import time_sql

_EXACT = 2**53
"""Above this, a double no longer tells neighbouring whole numbers apart."""


@dataclass(frozen=True, slots=True)
class ReadingPlan:
    """What will be read: the columns, the features, the expressions in SQL.

    Attributes:
        brief: what the columns mean.
        columns: all columns.
        chosen: the features.
        apart: the columns held apart.
        where: a WHERE clause, or "".
        times: "time" and "outcome_time" -> SQL, those the brief names.
        findings: noticed so far.
        limits: what [constraints] reads.
    """

    brief: Brief
    columns: Columns
    chosen: Chosen
    apart: Chosen
    where: str
    times: Mapping[str, str]
    findings: tuple[Finding, ...]
    limits: LimitReads


def plan_reading(log: OpenLog, brief: Brief) -> ReadingPlan:
    """Settle what is read, naming every wrong name and expression at once.

    Args:
        log: an opened log.
        brief: what the columns mean.

    Raises:
        BriefError: B110-B116.
        DataError: S226 no features, S230-S234 times.
    """
    wrong: list[Finding] = []
    columns = derive(log, brief.columns)
    profit_reads: tuple[str, ...] = ()
    try:
        check_names_used(brief, columns)
    except BriefError as error:
        wrong.extend(error.findings)
    per_row, kept = brief.profit.per_row, brief.experiment.where
    expressions = {"profit.per_row": per_row, "experiment.where": kept}
    for key, expression in expressions.items():
        if expression is None:
            continue
        try:
            reads = columns_read(log.con, expression, key=key, columns=columns.names)
            check_number(log.con, expression, key, columns)
            profit_reads = reads if key == "profit.per_row" else profit_reads
        except BriefError as error:
            wrong.extend(error.findings)
    limits = plan_limits(log, brief, columns, wrong)
    if wrong:
        raise BriefError(wrong)
    chosen = choose_features(brief, columns, (*profit_reads, *limits.outcomes))
    times, findings = _times(log, brief, columns)
    where = f"WHERE (\n{brief.experiment.where}\n)" if brief.experiment.where else ""
    held = tested_names(brief, chosen.names)
    apart = Chosen(held, kinds_of(held, columns), ())
    found = (*log.findings, *chosen.findings, *findings)
    return ReadingPlan(brief, columns, chosen, apart, where, times, found, limits)


def _times(log: OpenLog, brief: Brief, columns: Columns) -> tuple[dict[str, str], list[Finding]]:
    spec = brief.experiment
    times: dict[str, str] = {}
    findings: list[Finding] = []
    wrong: list[Finding] = []
    for key, name in {"time": spec.time, "outcome_time": spec.outcome_time}.items():
        if name is None:
            continue
        try:
            times[key], noticed = time_sql(
                log.con,
                "rows_of_log",
                name,
                columns.types[name],
                date_format=spec.date_format,
                key=f"experiment.{key}",
            )
            findings.extend(noticed)
        except DataError as error:
            wrong.extend(error.findings)
    if wrong:
        raise DataError(wrong)
    return times, findings


def fetch(log: OpenLog, plan: ReadingPlan) -> Any:  # noqa: ANN401 - a pyarrow Table
    """Return the columns needed, in the order of the log, as one Arrow table.

    Columns: row, offer (d0, d1, ... with dials), profit; s0, s1, ... strata; f0, f1, ... features;
    h0, h1, ... columns held apart; a0, ... and e0, ... of the limits; and customer, cluster, time,
    outcome_time, propensity where the brief names them.

    Raises:
        BriefError: B110 an expression fails on some row.
    """
    spec, profit = plan.brief.experiment, plan.brief.profit
    wanted = {
        "row": "row_of_log",
        **_offer_sql(spec.offer, plan.columns),
        **{
            f"s{i}": label_sql(name, plan.columns.types[name]) for i, name in enumerate(spec.strata)
        },
        **plan.times,
        **_columns_sql("f", plan.chosen),
        **_columns_sql("h", plan.apart),
        **plan.limits.sql(),
    }
    for task, name in {"customer": spec.customer, "cluster": spec.cluster}.items():
        if name is not None:
            wanted[task] = _id_sql(name, plan.columns)
    if isinstance(spec.propensity, str) and spec.propensity.startswith("column:"):
        column = quoted(spec.propensity.removeprefix("column:"))
        wanted["propensity"] = f"TRY_CAST({column} AS DOUBLE)"
    listed = ", ".join(f"{sql} AS {task}" for task, sql in wanted.items())
    source = "FROM rows_of_log AS log"
    with running("experiment.where", plan.columns.names):
        log.con.execute(f"SELECT count(*) {source} {plan.where}").fetchall()
    for name in plan.columns.reads:
        with running(f"columns.{name}", plan.columns.names):
            made = f"SELECT count({quoted(name)}) {source} {plan.where}"
            log.con.execute(made).fetchall()
    with running("profit.per_row", plan.columns.names):
        query = f"SELECT {listed}, CAST((\n{profit.per_row}\n) AS DOUBLE) AS profit {source} "
        return log.con.sql(query + plan.where).to_arrow_table()


def _columns_sql(prefix: str, chosen: Chosen) -> dict[str, str]:
    pairs = zip(chosen.names, chosen.kinds, strict=True)
    return {f"{prefix}{j}": feature_sql(name, kind) for j, (name, kind) in enumerate(pairs)}


def _offer_sql(offer: str | tuple[str, ...], columns: Columns) -> dict[str, str]:
    if isinstance(offer, str):
        return {"offer": _name_sql(offer, columns)}
    return {f"d{j}": _dial_sql(name, columns) for j, name in enumerate(offer)}


def _dial_sql(name: str, columns: Columns) -> str:
    """Dials: numbers, and true or false as 1 or 0; anything else as text, which may be levels."""
    number = role_of(columns.types[name]) in {"whole", "number", "truth"}
    return _name_sql(name, columns) if not number else _number_sql(quoted(name))


def _number_sql(c: str) -> str:
    return f"CASE WHEN isfinite(CAST({c} AS DOUBLE)) THEN CAST({c} AS DOUBLE) END"


def _name_sql(name: str, columns: Columns) -> str:
    """Offers: numbers stay numbers, so that they sort as such; one that is not finite is none."""
    c = quoted(name)
    if role_of(columns.types[name]) != "number":
        return f"CAST({c} AS VARCHAR)"
    return _number_sql(c)


def _id_sql(name: str, columns: Columns) -> str:
    """Ids: whole numbers stay numbers, fractions that are whole become so, the rest is text."""
    role = role_of(columns.types[name])
    if role == "whole":
        return f"TRY_CAST({quoted(name)} AS BIGINT)"
    return label_sql(name, columns.types[name])


def count_lossy_ids(log: OpenLog, name: str, columns: Columns) -> int:
    """Return how many ids are fractions too large to be told apart from their neighbours.

    Example:
        >>> import pyarrow as pa
        >>> from handful.experiment.opening import open_table
        >>> with open_table(pa.table({"id": [2.0**53, 1.0]}), "a frame") as log:
        ...     count_lossy_ids(log, "id", derive(log, {}))
        1
    """
    role = role_of(columns.types[name])
    if role not in {"number", "text"}:
        return 0
    c = quoted(name)
    written = f"abs(TRY_CAST({c} AS DOUBLE)) >= {_EXACT}"
    if role == "text":
        written += f" AND regexp_full_match({c}, '[+-]?[0-9]+([.][0-9]*)?([eE][+-]?[0-9]+)?')"
        written += f" AND regexp_matches({c}, '[.eE]')"
    query = f"SELECT count(*) FILTER ({written}) FROM rows_of_log"  # noqa: S608 - the name is quoted
    return int(one_row(log.con, query)[0])

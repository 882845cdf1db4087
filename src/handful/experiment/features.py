"""Chooses which columns a decision may read, and turns them into an array with NaN for missing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from handful.brief.schema import Brief
from handful.errors import BriefError, DataError, Finding, blocked
from handful.experiment.apart import declared_elsewhere, kept_apart, refuse_apart
from handful.experiment.coltypes import role_of
from handful.experiment.columns import Columns
from handful.experiment.engine import quoted
from handful.experiment.records import Features, FeatureSchema, Kind
from handful.notation import FloatArray

OUTCOME_WORDS: Final = frozenset(
    {"visit", "visits", "visited", "conversion", "conversions", "converted", "convert", "spend"}
    | {"spent", "click", "clicks", "clicked", "revenue", "profit", "purchase", "purchases"}
    | {"purchased", "sales", "sale", "outcome", "response", "responded", "redeemed", "redemption"}
    | {"voted", "vote", "churn", "churned", "opened", "reply", "replied", "booked", "bought"}
)
"""Words in a column's name that suggest it was measured after the offer was given."""

_PAST: Final = re.compile(r"pre|prior|previous|last|past|before|avg|ago|history|baseline|hist")


def looks_like_outcome(name: str) -> bool:
    """Return True when a column's name reads like something measured after the offer.

    Example:
        >>> looks_like_outcome("spend"), looks_like_outcome("spend_last_year")
        (True, False)
    """
    words = re.split(r"[^a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())
    return bool(OUTCOME_WORDS & set(words)) and not _PAST.search(name.lower())


@dataclass(frozen=True, slots=True)
class Chosen:
    """The columns that will be features, their kinds, and why others are not.

    Attributes:
        names: column names.
        kinds: "number" or "category" of each.
        findings: what was left out or looks odd.
    """

    names: tuple[str, ...]
    kinds: tuple[Kind, ...]
    findings: tuple[Finding, ...]


def choose_features(brief: Brief, columns: Columns, profit_reads: tuple[str, ...]) -> Chosen:
    """Return the features: those named, or all that could be known before the offer was given.

    With "*", everything the profit expression or the offer is made from is left out, and so is
    every derived column that reads any of it.

    Args:
        brief: names features, exclude and the columns with other tasks.
        columns: all columns.
        profit_reads: columns that profit.per_row reads.

    Raises:
        BriefError: B116 a named column cannot be a feature.
        DataError: S226 no column is left.

    Example:
        >>> from handful.brief.reader import parse_brief
        >>> brief = parse_brief({"experiment": {"source": "l.csv", "offer": "arm"},
        ...                      "profit": {"per_row": "spend"}})
        >>> types = {"arm": "VARCHAR", "age": "BIGINT", "spend": "DOUBLE"}
        >>> choose_features(brief, Columns(types, {}), ("spend",)).names
        ('age',)
    """
    spec = brief.experiment
    after = columns.sources_of([*profit_reads, *spec.offer_columns])
    tainted = after | {name for name, behind in columns.reads.items() if behind & after}
    apart = kept_apart(brief, columns)
    refuse_apart(brief, columns)
    listed = spec.features != ("*",)
    apart = apart if listed else apart | declared_elsewhere(brief, columns)
    if listed:
        names, findings = spec.features, _warn_listed(brief, columns, tainted)
    else:
        names, findings = _all_but(brief, columns, tainted)
    names = tuple(name for name in names if name not in apart)
    suspects = [name for name in names if looks_like_outcome(name) and name not in tainted]
    if suspects:
        message = f"features that sound like outcomes: {', '.join(suspects)}."
        remedy = "If they were measured after the offer was given, put them under exclude."
        findings.append(Finding("S220", "warn", message, remedy, len(suspects)))
    if not names:
        message = "no column is left that a decision could read."
        remedy = "Name some under experiment.features; without any, only one offer makes sense."
        raise DataError(blocked("S226", message, remedy))
    return Chosen(names, kinds_of(names, columns), tuple(findings))


def kinds_of(names: tuple[str, ...], columns: Columns) -> tuple[Kind, ...]:
    """Return what each column is read as: a number or a category.

    Example:
        >>> kinds_of(("age", "town"), Columns({"age": "BIGINT", "town": "VARCHAR"}, {}))
        ('number', 'category')
    """
    return tuple(
        "number" if role_of(columns.types[name]) in {"whole", "number"} else "category"
        for name in names
    )


def _warn_listed(brief: Brief, columns: Columns, tainted: frozenset[str]) -> list[Finding]:
    spec = brief.experiment
    wrong = [
        name for name in spec.features if role_of(columns.types[name]) in {"time", "other"}
    ]  # fmt: skip
    wrong += [name for name in spec.offer_columns if name in spec.features]
    if wrong:
        message = f"experiment.features names {', '.join(wrong)}, which cannot be a feature."
        remedy = "Take out the offer, times, lists; make numbers of them under [columns]."
        raise BriefError(blocked("B116", message, remedy))
    risky = [name for name in spec.features if name in tainted]
    if not risky:
        return []
    message = f"features that the profit or the offer is made from: {', '.join(risky)}."
    remedy = "Keep them only if they were known before the offer was given."
    return [Finding("S223", "warn", message, remedy, len(risky))]


def _all_but(
    brief: Brief, columns: Columns, tainted: frozenset[str]
) -> tuple[tuple[str, ...], list[Finding]]:
    spec = brief.experiment
    propensity = spec.propensity if isinstance(spec.propensity, str) else ""
    tasks = {*spec.offer_columns, spec.customer, spec.cluster, spec.time, spec.outcome_time}
    tasks |= {propensity.removeprefix("column:")}
    free = [name for name in columns.names if name not in tasks and name not in spec.exclude]
    made = [name for name in free if name in tainted]
    odd = [
        name for name in free
        if name not in tainted and role_of(columns.types[name]) in {"time", "other"}
    ]  # fmt: skip
    findings = []
    if made:
        message = f"not used as features, since profit or offer is made from them: {_list(made)}."
        remedy = "Name them under experiment.features if they were known before the offer."
        findings.append(Finding("S219", "note", message, remedy, len(made)))
    if odd:
        message = f"not used as features, since they are times or lists: {_list(odd)}."
        remedy = "Make numbers of them under [columns] if they matter."
        findings.append(Finding("S221", "note", message, remedy, len(odd)))
    return tuple(name for name in free if name not in {*made, *odd}), findings


def _list(names: list[str]) -> str:
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def feature_sql(name: str, kind: Kind) -> str:
    """Return the SQL that reads one feature as a double or as text.

    Example:
        >>> feature_sql("age", "number")
        'CAST("age" AS DOUBLE)'
    """
    return f"CAST({quoted(name)} AS {'DOUBLE' if kind == 'number' else 'VARCHAR'})"


def encode(
    table: Any,  # noqa: ANN401 - a pyarrow Table
    chosen: Chosen,
    prefix: str = "f",
) -> tuple[Features, tuple[Finding, ...]]:
    """Return the features of a table: numbers as they are, levels sorted and numbered from 0.

    Args:
        table: Arrow table with a double or text column "f0", "f1", ... per feature.
        chosen: names and kinds.
        prefix: of the columns, "f" for features.

    Returns:
        Features (n, p), and a warning if infinite numbers were read as missing.

    Example:
        >>> table = pa.table({"f0": ["b", None, "a"]})
        >>> encode(table, Chosen(("town",), ("category",), ()))[0].values.ravel()
        array([ 1., nan,  0.])
    """
    values = np.empty((table.num_rows, len(chosen.names)), order="F")
    levels: list[tuple[str, ...]] = []
    infinite: dict[str, int] = {}
    for j, (name, kind) in enumerate(zip(chosen.names, chosen.kinds, strict=True)):
        column = table.column(f"{prefix}{j}")
        if kind == "category":
            codes, labels = encode_levels(column)
            values[:, j] = np.where(codes < 0, np.nan, codes)
            levels.append(labels)
            continue
        values[:, j] = column.to_numpy()
        levels.append(())
        wild = np.isinf(values[:, j])
        if wild.any():
            infinite[name] = int(wild.sum())
            values[wild, j] = np.nan
    schema = FeatureSchema(chosen.names, chosen.kinds, tuple(levels))
    return Features(schema, values), _infinite_finding(infinite, table.num_rows)


def encode_levels(column: Any) -> tuple[np.ndarray, tuple[str, ...]]:  # noqa: ANN401
    """Return codes of a text column's sorted levels (-1 where missing), and the levels.

    Example:
        >>> encode_levels(pa.chunked_array([["b", "a", None]]))
        (array([ 1,  0, -1]), ('a', 'b'))
    """
    coded = column.combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    labels = np.array(coded.dictionary.to_pylist(), dtype=object)
    order = np.argsort(labels.astype(str), kind="stable")
    rank = np.empty(len(labels) + 1, dtype=np.int64)
    rank[order] = np.arange(len(labels))
    rank[-1] = -1
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
    return rank[codes], tuple(labels[order])


def _infinite_finding(infinite: dict[str, int], n: int) -> tuple[Finding, ...]:
    if not infinite:
        return ()
    total = sum(infinite.values())
    named = ", ".join(f"{name} ({count})" for name, count in infinite.items())
    message = f"infinite numbers in features, read as missing: {named}."
    return (Finding("S222", "warn", message, "Check how they arose.", total, total / n),)


def as_float(column: Any) -> FloatArray:  # noqa: ANN401
    """Return an Arrow column of doubles as an array, NaN where null.

    Example:
        >>> as_float(pa.chunked_array([[1.0, None]]))
        array([ 1., nan])
    """
    return np.asarray(column.to_numpy(), dtype=np.float64)

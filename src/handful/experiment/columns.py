"""The columns of a log: derived ones added, every name a brief mentions checked against them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from handful.brief.reader import did_you_mean
from handful.brief.schema import Brief
from handful.errors import BriefError, Finding, blocked
from handful.experiment.csvhead import RESERVED
from handful.experiment.engine import Connection, quoted, running
from handful.experiment.expressions import columns_read
from handful.experiment.opening import OpenLog


@dataclass(frozen=True, slots=True)
class Columns:
    """All columns, in the order of the source, derived ones last.

    Attributes:
        types: column name -> SQL type.
        reads: derived column -> the columns it is made from, derived ones on the way included.
    """

    types: Mapping[str, str]
    reads: Mapping[str, frozenset[str]]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns."""
        return tuple(self.types)

    def sources_of(self, names: Iterable[str]) -> frozenset[str]:
        """Return the columns behind these names, the names included.

        Example:
            >>> c = Columns({"a": "BIGINT", "d": "DOUBLE"}, {"d": frozenset({"a"})})
            >>> sorted(c.sources_of(["d"]))
            ['a', 'd']
        """
        wanted = frozenset(names)
        return wanted.union(*(self.reads.get(name, frozenset()) for name in wanted))


def derive(log: OpenLog, derived: Mapping[str, str], *, numbered: bool = True) -> Columns:
    """Make the view `rows_of_log`: all columns, derived ones added, and row numbers from 1.

    Args:
        log: an opened log.
        derived: name -> SQL expression; one may read those before it.
        numbered: add the column `row_of_log` (needs a loaded log).

    Raises:
        BriefError: B110-B114 expressions that cannot be used, all at once.

    Example:
        >>> import pyarrow as pa
        >>> from handful.experiment.opening import open_table
        >>> with open_table(pa.table({"a": [1, 2]}), "a frame") as log:
        ...     derive(log, {"b": "a * 0.5"}).names
        ('a', 'b')
    """
    known = list(log.columns)
    reads: dict[str, frozenset[str]] = {}
    findings: list[Finding] = []
    for name, expression in derived.items():
        key = f"columns.{name}"
        if name.casefold() in {*RESERVED, *(other.casefold() for other in known)}:
            message = f"{key}: a column of that name is already there, or kept for row numbers."
            findings.append(blocked("B114", message, "Choose another name."))
            continue
        try:
            direct = columns_read(log.con, expression, key=key, columns=tuple(known))
        except BriefError as error:
            findings.extend(error.findings)
            continue
        behind = (reads.get(column, frozenset()) | {column} for column in direct)
        reads[name] = frozenset[str]().union(*behind)
        known.append(name)
    if findings:
        raise BriefError(findings)
    return Columns(_make_view(log, derived, numbered=numbered), reads)


def _make_view(log: OpenLog, derived: Mapping[str, str], *, numbered: bool) -> dict[str, str]:
    number = "rowid + 1 AS row_of_log, " if numbered else ""
    query = f"SELECT {number}log.* FROM log"  # noqa: S608 - no names in it
    for name, expression in derived.items():
        query = f"SELECT *, (\n{expression}\n) AS {quoted(name)} FROM ({query}) AS log"  # noqa: S608
        with running(f"columns.{name}", log.columns):
            log.con.sql(f"SELECT * FROM ({query}) LIMIT 0")  # noqa: S608 - parsed above
    log.con.execute(f"CREATE VIEW rows_of_log AS {query}")
    relation = log.con.table("rows_of_log")
    types = zip(relation.columns, relation.types, strict=True)
    return {name: str(kind) for name, kind in types if name != "row_of_log"}


def check_names_used(brief: Brief, columns: Columns) -> None:
    """Refuse a brief that mentions columns the log does not have.

    Raises:
        BriefError: B112, one finding per name, all at once.

    Example:
        >>> from handful.brief.reader import parse_brief
        >>> brief = parse_brief({"experiment": {"source": "l.csv", "offer": "arms"},
        ...                      "profit": {"per_row": "1"}})
        >>> check_names_used(brief, Columns({"arm": "VARCHAR"}, {}))
        Traceback (most recent call last):
        ...
        handful.errors.BriefError: B112: experiment.offer names a column 'arms' that the log \
does not have. Did you mean 'arm'?
    """
    spec, evidence = brief.experiment, brief.evidence
    features = () if spec.features == ("*",) else spec.features
    propensity = spec.propensity if isinstance(spec.propensity, str) else ""
    column = propensity.removeprefix("column:")
    used: dict[str, tuple[str | None, ...]] = {
        "experiment.offer": spec.offer_columns,
        "experiment.customer": (spec.customer,),
        "experiment.cluster": (spec.cluster,),
        "experiment.strata": spec.strata,
        "experiment.time": (spec.time,),
        "experiment.outcome_time": (spec.outcome_time,),
        "experiment.features": features,
        "experiment.exclude": spec.exclude,
        "experiment.propensity": (column,) if column != propensity else (),
        "evidence.engaged": (evidence.engaged,),
        "evidence.direct_mail": evidence.direct_mail,
        "guardrails.sensitive": brief.guardrails.sensitive,
        "guardrails.protected": brief.guardrails.protected,
        "guardrails.known_to_bystanders": brief.guardrails.known_to_bystanders,
        "consent.feature_purpose": tuple(brief.consent.feature_purpose),
    }
    findings = [
        blocked(
            "B112",
            f"{key} names a column '{name}' that the log does not have.",
            did_you_mean(name, columns.names),
        )
        for key, names in used.items()
        for name in names
        if name is not None and name not in columns.types
    ]
    if findings:
        raise BriefError(findings)


def check_number(con: Connection, expression: str, key: str, columns: Columns) -> None:
    """Refuse an expression that does not come out as a number or as true or false.

    Raises:
        BriefError: B110 it cannot be run, B115 it is not a number.

    Example:
        >>> import pyarrow as pa
        >>> from handful.experiment.opening import open_table
        >>> with open_table(pa.table({"a": [1]}), "a frame") as log:
        ...     check_number(log.con, "a + 1", "profit.per_row", derive(log, {}))
    """
    query = f"SELECT (\n{expression}\n) AS it FROM rows_of_log AS log LIMIT 0"  # noqa: S608
    with running(key, columns.names):
        kind = str(con.sql(query).types[0])
        con.sql(f"SELECT log.*, (\n{expression}\n) FROM rows_of_log AS log LIMIT 0")  # noqa: S608
    if kind.startswith(("VARCHAR", "DATE", "TIME", "INTERVAL", "STRUCT", "MAP")) or "[" in kind:
        wanted = "true or false" if key == "experiment.where" else "a number"
        example = "age >= 18" if key == "experiment.where" else "0.3 * spend - 0.05"
        message = f"{key} should come out as {wanted}, found {kind}."
        raise BriefError(blocked("B115", message, f"Example: {example}."))

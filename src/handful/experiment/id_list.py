"""Reads who is there: the ids of a list of customers, and the columns they are grouped by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from handful.brief.reader import did_you_mean
from handful.errors import DataError, blocked
from handful.experiment.coltypes import label_sql
from handful.experiment.opening import Request, open_log
from handful.experiment.units import MISSING_STRATUM


def read_id_list(
    source: str, customer: str, groups: Sequence[str] = ()
) -> Mapping[str, tuple[str, ...]]:
    r"""Return the columns asked for as text, row by row.

    Args:
        source: csv, csv.gz, parquet, a glob, duckdb:///... or postgresql://...
        customer: column of ids.
        groups: columns of clusters and strata; their missing values become a group of their own.

    Returns:
        Column -> (n,) text.

    Raises:
        DataError: S200-S209 it cannot be read; S218 an id is missing; S240 a column is missing.

    Cost: O(n).

    Example:
        >>> import tempfile, pathlib
        >>> file = pathlib.Path(tempfile.mkdtemp(), "who.csv")
        >>> _ = file.write_text("id,town\n007,Bern\n8,\n")
        >>> dict(read_id_list(str(file), "id", ("town",)))
        {'id': ('007', '8'), 'town': ('Bern', '(missing)')}
    """
    wanted = tuple(dict.fromkeys((customer, *groups)))
    with open_log(source, Request(names=frozenset(wanted))) as log:
        absent = [name for name in wanted if name not in log.columns]
        if absent:
            raise DataError(
                blocked(
                    "S240",
                    f"{log.description} lacks the column '{name}'.",
                    did_you_mean(name, log.columns),
                )
                for name in absent
            )
        listed = ", ".join(
            f"{label_sql(name, log.types[name])} AS c{at}" for at, name in enumerate(wanted)
        )
        table = log.con.sql(f"SELECT {listed} FROM log").to_arrow_table()  # noqa: S608 - quoted
    missing = table.column("c0").null_count
    if missing:
        message = f"column '{customer}' should name each customer; {missing} ids are missing."
        raise DataError(blocked("S218", message, "Fill them or leave those rows out."))
    return {
        name: tuple(MISSING_STRATUM if v is None else v for v in table.column(f"c{at}").to_pylist())
        for at, name in enumerate(wanted)
    }

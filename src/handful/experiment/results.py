"""What customers brought while a programme ran: one number each, for whoever was in it or out."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from handful.errors import BriefError, DataError, blocked
from handful.experiment.engine import one_row, quoted, reading
from handful.experiment.opening import OpenLog, Request, open_log
from handful.notation import FloatArray


def read_results(
    source: str, customer: str, profit: str, wave: tuple[str, int] | None
) -> tuple[pa.Array, FloatArray]:
    """Read profit per customer, rows of one customer summed.

    Args:
        source: csv, parquet, duckdb:///... or postgresql://...
        customer: column of ids.
        profit: column of money per row.
        wave: (column, number) of the wave to keep; None for all rows.

    Returns:
        Ids as text, sorted, and (n,) money per customer.

    Raises:
        BriefError: G133 a column that is not there.
        DataError: G134 money that is no number, no rows of the wave, customers without an id;
            S200-S209, S241 the file.

    Cost: O(rows).
    """
    with open_log(source, Request(streamed=True, sampled=False)) as log, reading(log.description):
        named = [customer, profit, *([wave[0]] if wave else [])]
        strange = [column for column in named if column not in log.columns]
        if strange:
            message = f"expected {', '.join(strange)} among {', '.join(log.columns[:12])}."
            raise BriefError(blocked("G133", message, "Name columns of the results."))
        return _summed(log, customer, profit, wave)


def _summed(
    log: OpenLog, customer: str, profit: str, wave: tuple[str, int] | None
) -> tuple[pa.Array, FloatArray]:
    money = f"TRY_CAST({quoted(profit)} AS DOUBLE)"
    kept = "" if wave is None else f"WHERE TRY_CAST({quoted(wave[0])} AS BIGINT) = {wave[1]:d}"
    query = (
        f"SELECT count(*), count(*) FILTER ({money} IS NULL OR NOT isfinite({money})), "  # noqa: S608
        f"count(*) FILTER ({quoted(customer)} IS NULL) FROM log {kept}"
    )
    rows, unread, nameless = one_row(log.con, query)
    if not rows or unread or nameless:
        found = (
            f"{rows:,} rows of this wave, {unread:,} without a number in '{profit}', {nameless:,} "
            f"without an id in '{customer}'"
        )
        remedy = "Give a row per customer reached or held out; 0 where nothing was bought."
        raise DataError(blocked("G134", f"expected results of customers, found {found}.", remedy))
    table = log.con.sql(
        f"SELECT CAST({quoted(customer)} AS VARCHAR) AS id, sum({money}) AS money "  # noqa: S608
        f"FROM log {kept} GROUP BY 1 ORDER BY 1"
    ).to_arrow_table()
    return table.column("id").combine_chunks(), np.asarray(table.column("money"), np.float64)

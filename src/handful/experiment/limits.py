"""What limits read of a log: costs and other outcomes per row, and who may get which offer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

import numpy as np

from handful.brief.reader import did_you_mean
from handful.brief.schema import Brief
from handful.brief.values import as_name
from handful.errors import BriefError, Finding, blocked
from handful.experiment.columns import Columns, check_number
from handful.experiment.engine import quoted, running
from handful.experiment.expressions import columns_read
from handful.experiment.opening import OpenLog
from handful.experiment.records import Amount, Eligibility
from handful.notation import BoolArray, FloatArray

BUDGET: Final = "budget"
MOST_OFFERS: Final = 1_000


@dataclass(frozen=True, slots=True)
class LimitReads:
    """What is read of the log for the limits.

    Attributes:
        amounts: name -> SQL of an amount per row; fetched as a0, a1, ...
        conditions: (offer, SQL) who may get it; fetched as e0, e1, ...
        outcomes: columns the amounts read: known only after the offer was given.
    """

    amounts: dict[str, str]
    conditions: tuple[tuple[str, str], ...]
    outcomes: tuple[str, ...]

    def sql(self) -> dict[str, str]:
        """Return the columns to fetch."""
        wanted = {
            f"a{j}": f"CAST((\n{sql}\n) AS DOUBLE)" for j, sql in enumerate(self.amounts.values())
        }
        conditions = enumerate(sql for _, sql in self.conditions)
        return wanted | {f"e{j}": condition_sql(sql) for j, sql in conditions}


def condition_sql(condition: str) -> str:
    """Return a condition as true or false; one that comes out as NULL is not met.

    Example:
        >>> condition_sql("age > 18").splitlines()[1]
        'age > 18'
    """
    return f"coalesce(CAST((\n{condition}\n) AS BOOLEAN), false)"


def plan_limits(log: OpenLog, brief: Brief, columns: Columns, wrong: list[Finding]) -> LimitReads:
    """Check the expressions of [constraints] against the log's columns.

    Args:
        log: an opened log.
        brief: names costs, outcomes and conditions.
        columns: all columns.
        wrong: findings B110-B115 are added here.
    """
    spec = brief.constraints
    amounts = {} if spec.cost is None else {BUDGET: spec.cost}
    amounts |= {f"caps.{name}": cap.outcome for name, cap in spec.caps.items()}
    outcomes: tuple[str, ...] = ()
    for name, sql in amounts.items():
        key = "constraints.cost" if name == BUDGET else f"constraints.{name}"
        outcomes += _checked(log, sql, key, columns, wrong)
    conditions = [
        (f"constraints.eligible.{offer}", offer, sql) for offer, sql in spec.eligible.items()
    ]
    offers = _offer_names(log, brief, columns) if spec.never_together else frozenset()
    wrong.extend(
        _misspelt(second, offers)
        for _, second in spec.never_together
        if second not in offers and get_close_matches(second, offers, cutoff=0.8)
    )
    conditions += [
        ("constraints.never_together", first, f"NOT coalesce((\n{second}\n), false)")
        for first, second in spec.never_together
        if second not in offers
    ]
    for key, _, sql in conditions:
        _checked(log, sql, key, columns, wrong)
    kept = tuple((offer, sql) for _, offer, sql in conditions)
    return LimitReads(amounts, kept, tuple(dict.fromkeys(outcomes)))


def _misspelt(name: str, offers: frozenset[str]) -> Finding:
    message = f"constraints.never_together names '{name}', which no row received."
    return blocked("B123", message, did_you_mean(name, sorted(offers)))


def _checked(
    log: OpenLog, sql: str, key: str, columns: Columns, wrong: list[Finding]
) -> tuple[str, ...]:
    try:
        reads = columns_read(log.con, sql, key=key, columns=columns.names)
        check_number(log.con, sql, key, columns)
    except BriefError as error:
        wrong.extend(error.findings)
        return ()
    return reads


def _offer_names(log: OpenLog, brief: Brief, columns: Columns) -> frozenset[str]:
    """Return the offers received, to tell them from conditions."""
    offer = brief.experiment.offer
    if not isinstance(offer, str) or offer not in columns.types:
        return frozenset()
    query = f"SELECT DISTINCT {quoted(offer)} FROM rows_of_log LIMIT {MOST_OFFERS}"  # noqa: S608
    with running("experiment.offer", columns.names):
        found = [row[0] for row in log.con.execute(query).fetchall() if row[0] is not None]
    numbers = all(isinstance(name, int | float) for name in found)
    return frozenset(as_name(name) if numbers else str(name) for name in found)


def read_amounts(
    table: Any,  # noqa: ANN401 - a pyarrow Table
    reads: LimitReads,
    of_units: Callable[[FloatArray], FloatArray],
    findings: list[Finding],
) -> tuple[Amount, ...]:
    """Return the amounts of the limits, one number per unit.

    Args:
        table: as fetched.
        reads: what was asked for.
        of_units: rows' amounts -> units' amounts, as profit is added up.
        findings: S236 is added here where a row has no amount.
    """
    amounts = []
    for j, name in enumerate(reads.amounts):
        values = np.asarray(table.column(f"a{j}").to_numpy(), dtype=np.float64)
        bad = ~np.isfinite(values)
        if bad.any():
            count, key = int(bad.sum()), "cost" if name == BUDGET else name
            message = f"constraints.{key} should give a number for every row; {count} have none."
            remedy = "Write coalesce(column, 0) if missing means nothing."
            share = count / len(values)
            findings.append(Finding("S236", "block", message, remedy, count, share))
        amounts.append(Amount(name, of_units(np.where(bad, 0.0, values))))
    return tuple(amounts)


def read_eligibility(
    table: Any,  # noqa: ANN401 - a pyarrow Table
    reads: LimitReads,
    offers: tuple[str, ...],
) -> Eligibility | None:
    """Return who may get which offer, or None where everybody may get everything.

    Raises:
        BriefError: B123 a condition for an offer that no row received.
    """
    if not reads.conditions:
        return None
    unknown = [offer for offer, _ in reads.conditions if offer not in offers]
    if unknown:
        raise BriefError(
            [
                blocked(
                    "B123",
                    f"[constraints] names an offer '{name}' that no row received.",
                    f"The log has: {', '.join(offers)}.",
                )
                for name in unknown
            ]
        )
    cells: BoolArray = np.ones((table.num_rows, len(offers)), dtype=np.bool_)
    for j, (offer, _) in enumerate(reads.conditions):
        met = np.asarray(table.column(f"e{j}").to_numpy(zero_copy_only=False), dtype=np.bool_)
        cells[:, offers.index(offer)] &= met
    return Eligibility(cells, reads.conditions)

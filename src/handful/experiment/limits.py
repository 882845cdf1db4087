"""What limits read of a log: costs and other outcomes per row, and who may get which offer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Final

import numpy as np

from handful.brief.dial_limits import read_point
from handful.brief.reader import did_you_mean
from handful.brief.schema import Brief
from handful.brief.values import as_name
from handful.errors import BriefError, Finding, blocked
from handful.experiment.columns import Columns, check_number
from handful.experiment.engine import quoted, running
from handful.experiment.expressions import columns_read
from handful.experiment.opening import OpenLog
from handful.experiment.records import Amount, Design
from handful.experiment.slopes import PREFIX, collisions, slope_sql
from handful.experiment.units import JOIN
from handful.notation import FloatArray

BUDGET: Final = "budget"
TAKE_UP: Final = "take_up"
"""The name of take-up among the amounts: no limit, but read like one."""
REVENUE: Final = "coverage.revenue"
"""The name of what customers bring today; known beforehand, so features may read its columns."""
OUTCOMES: Final = "outcomes."
"""What the names of the brief's further outcomes begin with."""
EXECUTION: Final = "execution."
"""What the names of the rates of carrying an offer out begin with."""
MOST_OFFERS: Final = 1_000


@dataclass(frozen=True, slots=True)
class LimitReads:
    """What is read of the log for the limits.

    Attributes:
        amounts: name -> SQL of an amount per row; fetched as a0, a1, ...
        eligible: offer -> SQL that gives yes or no; fetched as e0, e1, ...
        outcomes: columns the amounts read: known only after the offer was given.
    """

    amounts: dict[str, str]
    eligible: dict[str, str]
    outcomes: tuple[str, ...]

    def sql(self) -> dict[str, str]:
        """Return the columns to fetch."""
        wanted = {
            f"a{j}": f"CAST((\n{sql}\n) AS DOUBLE)" for j, sql in enumerate(self.amounts.values())
        }
        return wanted | {f"e{j}": sql for j, sql in enumerate(self.eligible.values())}

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Columns that say who may get what, with their SQL."""
        return tuple((f"may get {offer}", sql) for offer, sql in self.eligible.items())


def yes_or_no(conditions: list[str]) -> str:
    """Return conditions as SQL that gives yes where all are met; NULL is not met.

    Example:
        >>> yes_or_no(["age > 18"]).splitlines()[1]
        'age > 18'
    """
    met = " AND ".join(f"coalesce(CAST((\n{sql}\n) AS BOOLEAN), false)" for sql in conditions)
    return f"CASE WHEN {met} THEN 'yes' ELSE 'no' END"


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
    wrong.extend(collisions(brief.profit, columns.names))
    amounts |= slope_sql(brief.profit, brief.profit_by_name)
    amounts |= {} if brief.profit.take_up is None else {TAKE_UP: brief.profit.take_up}
    amounts |= {f"{OUTCOMES}{name}": spec.per_row for name, spec in brief.outcomes.items()}
    amounts |= {f"{EXECUTION}{name}": sql for name, sql in brief.execution.sql.items()}
    amounts |= {} if brief.coverage.revenue is None else {REVENUE: brief.coverage.revenue}
    outcomes: tuple[str, ...] = ()
    for name, sql in amounts.items():
        reads = _checked(log, sql, key_of(name), columns, wrong)
        outcomes += () if name == REVENUE else reads
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
        ("constraints.never_together", first, _unless(second))
        for first, second in spec.never_together
        if second not in offers
    ]
    for key, _, sql in conditions:
        _checked(log, sql, key, columns, wrong)
    by_offer: dict[str, list[str]] = {}
    for _, offer, sql in conditions:
        by_offer.setdefault(offer, []).append(sql)
    eligible = {offer: yes_or_no(met) for offer, met in by_offer.items()}
    return LimitReads(amounts, eligible, tuple(dict.fromkeys(outcomes)))


def key_of(amount: str) -> str:
    """Return the key of the brief that an amount comes from."""
    if amount.startswith(OUTCOMES):
        return f"{amount}.per_row"
    if amount.startswith(EXECUTION):
        return amount
    if amount.startswith(PREFIX):
        return f"profit.per_row, {amount.removeprefix(PREFIX)} of its assumptions,"
    known = {BUDGET: "constraints.cost", TAKE_UP: "profit.take_up", REVENUE: REVENUE}
    return known.get(amount, f"constraints.{amount}")


def is_limit(amount: str) -> bool:
    """Tell whether an amount is counted by a limit.

    Example:
        >>> is_limit("budget"), is_limit("outcomes.returns"), is_limit("take_up")
        (True, False, False)
    """
    families = (OUTCOMES, EXECUTION, PREFIX)
    return amount not in {TAKE_UP, REVENUE} and not amount.startswith(families)


def _unless(condition: str) -> str:
    return f"NOT coalesce(CAST((\n{condition}\n) AS BOOLEAN), false)"


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
    """Return the offers received, or the points named, to tell them from conditions."""
    offer = brief.experiment.offer
    if not isinstance(offer, str):
        pairs = brief.constraints.never_together
        return frozenset(name for pair in pairs for name in pair if read_point(name, offer))
    if offer not in columns.types:
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
        if name.startswith(EXECUTION):
            amounts.append(Amount(name, _rate(values, name, of_units, findings)))
            continue
        bad = ~np.isfinite(values)
        if name == TAKE_UP:
            bad |= values < 0
        if bad.any():
            count = int(bad.sum())
            message = f"{key_of(name)} should give a number for every row; {count} have none."
            if name == TAKE_UP:
                message = f"{key_of(name)} should be 0 or more in every row; {count} are not."
            remedy = "Write coalesce(column, 0) if missing means nothing."
            share = count / len(values)
            findings.append(Finding("S236", "block", message, remedy, count, share))
        amounts.append(Amount(name, of_units(np.where(bad, 0.0, values))))
    return tuple(amounts)


def _rate(
    values: FloatArray,
    name: str,
    of_units: Callable[[FloatArray], FloatArray],
    findings: list[Finding],
) -> FloatArray:
    """Return the share of each unit's rows that count, NaN where none does."""
    counts = np.isfinite(values)
    wrong = int(np.sum((values[counts] < 0.0) | (values[counts] > 1.0)))
    if wrong:
        message = f"{key_of(name)} should give 0, 1 or NULL; {wrong} rows give something else."
        remedy = 'Compare, as in "days_late <= 0"; NULL where a row does not count.'
        share = wrong / len(values)
        findings.append(Finding("S236", "block", message, remedy, wrong, share))
    met, counted = of_units(np.where(counts, values, 0.0)), of_units(counts.astype(np.float64))
    rate: FloatArray = np.where(counted > 0, met / np.where(counted > 0, counted, 1.0), np.nan)
    return rate


def close_ineligible(
    design: Design, strata: tuple[str, ...], reads: LimitReads, offers: tuple[str, ...]
) -> Design:
    """Return the design with every offer closed to the strata that may not get it.

    Who may get what is part of a row's stratum: the last parts of its label say yes or no.

    Args:
        design: support by stratum.
        strata: labels, eligibility last.
        reads: the conditions.
        offers: names of the offers.

    Raises:
        BriefError: B123 a condition for an offer that no row received.
    """
    unknown = [name for name in reads.eligible if name not in offers]
    if unknown:
        raise BriefError([_unknown(name, offers) for name in unknown])
    support = design.support.copy()
    count = len(reads.eligible)
    for s, label in enumerate(strata if count else ()):
        answers = label.split(JOIN)[-count:]
        for name, answer in zip(reads.eligible, answers, strict=True):
            support[s, offers.index(name)] &= answer == "yes"
    return replace(design, support=support)


def _unknown(name: str, offers: tuple[str, ...]) -> Finding:
    message = f"[constraints] names an offer '{name}' that no row received."
    return blocked("B123", message, did_you_mean(name, offers))

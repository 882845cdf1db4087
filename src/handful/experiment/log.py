"""From a brief to an Experiment: opens the log, checks every name, aligns all arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from handful.brief.schema import Brief
from handful.errors import BriefError, DataError, Finding, blocked
from handful.experiment.consent_rows import asked_of, consent_findings, consented
from handful.experiment.dial_log import read_points
from handful.experiment.features import as_float, encode
from handful.experiment.given import Given, offers_by_name, offers_with_dials
from handful.experiment.leaving_out import LeaveOut, LeftOut
from handful.experiment.levels import check_offer_names, check_profit, code_offers
from handful.experiment.limits import (
    EXECUTION,
    OUTCOMES,
    REVENUE,
    TAKE_UP,
    close_ineligible,
    is_limit,
    read_amounts,
)
from handful.experiment.opening import OpenLog, Request, count_rows, open_log
from handful.experiment.records import Amount, Dials, Experiment, SourceFacts
from handful.experiment.rows import ReadingPlan, count_lossy_ids, fetch, plan_reading
from handful.experiment.slopes import read_slopes
from handful.experiment.times import as_datetimes
from handful.experiment.units import Units, check_ids, codes_of, label_strata, settle_units
from handful.notation import FloatArray, IntArray
from handful.progress import SILENT, Progress

_ROWS_PER_OFFER: Final = 50


def load_experiment(brief: Brief, *, progress: Progress = SILENT) -> Experiment:
    r"""Read the log a brief names into an Experiment.

    Args:
        brief: what the columns mean.
        progress: told of the three stages: open, read, align.

    Returns:
        The experiment; what was noticed is in its `findings`.

    Raises:
        BriefError: B110-B123 names and expressions that do not fit the log.
        DataError: S200-S234 what is wrong with the log; the design room's own codes.
        MachineError: X901 not enough memory.

    Example:
        >>> import tempfile, pathlib
        >>> from handful.brief.reader import parse_brief
        >>> folder = tempfile.mkdtemp()
        >>> rows = "".join(f"{i % 7},{'AB'[i % 2]},{i % 3}\n" for i in range(200))
        >>> _ = pathlib.Path(folder, "log.csv").write_text("age,arm,spend\n" + rows)
        >>> brief = parse_brief({"experiment": {"source": "log.csv", "offer": "arm"},
        ...                      "profit": {"per_row": "spend"}}, folder=folder)
        >>> load_experiment(brief).offers
        ('A', 'B')
    """
    spec = brief.experiment
    progress.start("reading the log", 3)
    names = frozenset(filter(None, (spec.customer, spec.cluster)))
    asked = asked_of(brief)
    request = Request(brief.folder, spec.encoding, names, leave_out=asked)
    with open_log(spec.source, request) as log:
        progress.advance()
        return build_experiment(log, brief, asked=asked, progress=progress)


def build_experiment(
    log: OpenLog,
    brief: Brief,
    *,
    asked: LeaveOut | None = None,
    progress: Progress = SILENT,
) -> Experiment:
    """Read an opened log into an Experiment; raises as `load_experiment` does.

    `asked` holds the register of a log that was opened without the rows of those who refuse.

    Example:
        >>> import pyarrow as pa
        >>> from handful.brief.reader import parse_brief
        >>> from handful.experiment.opening import open_table
        >>> frame = pa.table({"arm": ["A", "B"] * 60, "y": [1.0] * 120, "x": range(120)})
        >>> brief = parse_brief({"experiment": {"source": "frame", "offer": "arm"},
        ...                      "profit": {"per_row": "y"}})
        >>> with open_table(frame, "a frame") as log:
        ...     build_experiment(log, brief).n_rows
        120
    """
    plan = plan_reading(log, brief)
    rows_read = count_rows(log)
    table = fetch(log, plan)
    progress.advance()
    experiment = _align(log, plan, table, rows_read)
    if asked is not None:
        experiment = _under_consent(experiment, brief, asked, log.left_out)
    progress.advance()
    progress.finish()
    return experiment


def _under_consent(
    experiment: Experiment, brief: Brief, asked: LeaveOut, left: LeftOut | None
) -> Experiment:
    """Add what every customer of the log allows."""
    rows = (experiment.customers, experiment.offer, experiment.offers, experiment.control)
    found = consented(brief, asked.register, left or LeftOut(0, {}), rows)
    findings = (*experiment.findings, *consent_findings(found))
    return replace(experiment, consent=found, findings=findings)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is settled before the units are: rows with an offer, and the codes of the offers."""

    table: Any
    offer: IntArray
    offers: tuple[str, ...]
    rows_read: int
    findings: tuple[Finding, ...]
    box: Dials | None
    """Offers with dials, without candidates; `offer` then codes the points received."""
    amounts: tuple[Amount, ...]


def _received(
    table: Any,  # noqa: ANN401
    brief: Brief,
    findings: list[Finding],
) -> tuple[IntArray, tuple[str, ...], Dials | None]:
    """Return what each row received: codes and names, and the dials where there are some."""
    if brief.dials:
        box, wrong = read_points(table, brief)
        findings += wrong
        points = np.unique(box.received, axis=0, return_inverse=True, equal_nan=True)[1]
        return points.reshape(-1).astype(np.int64), (), box
    control = brief.experiment.control
    try:
        offer, offers = code_offers(
            table.column("offer"), control if isinstance(control, str) else None
        )
        findings += check_offer_names(brief, offers)
    except BriefError as error:
        _raise_blocks([*findings, *error.findings])
        raise
    return offer, offers, None


def _align(log: OpenLog, plan: ReadingPlan, table: Any, rows_read: int) -> Experiment:  # noqa: ANN401
    """Turn the table into aligned arrays; every block found on the way is raised together."""
    spec = plan.brief.experiment
    _refuse_empty(table.num_rows, rows_read, spec.where)
    findings = list(plan.findings)
    table, missing = _with_offer(table, findings)
    if missing:
        _refuse_empty(table.num_rows, rows_read, spec.where)
    profit = as_float(table.column("profit"))
    findings += check_profit(profit, plan.brief)
    for task, name in {"customer": spec.customer, "cluster": spec.cluster}.items():
        if name is not None:
            lossy = count_lossy_ids(log, name, plan.columns)
            findings += check_ids(table.column(task), lossy, name, cluster=task == "cluster")
    offer, offers, box = _received(table, plan.brief, findings)
    n = table.num_rows
    customer = codes_of(table.column("customer")) if spec.customer else np.arange(n)
    when = table.column("time").to_numpy() if "time" in plan.times else None
    units = settle_units(customer, offer, profit, when, spec)
    amounts = read_amounts(
        table,
        plan.limits,
        lambda rows: settle_units(customer, offer, rows, when, spec).profit,
        findings,
    )
    _raise_blocks([*findings, *units.findings])
    known = _Known(table, offer, offers, rows_read, (*findings, *units.findings), box, amounts)
    return _finish(log, plan, known, units)


def _finish(log: OpenLog, plan: ReadingPlan, known: _Known, units: Units) -> Experiment:
    """Make the record from the rows that are kept."""
    brief, spec, keep = plan.brief, plan.brief.experiment, units.keep
    table = known.table if len(keep) == known.table.num_rows else known.table.take(keep)
    features, odd = encode(table, plan.chosen)
    parts = [f"s{i}" for i in range(len(spec.strata))]
    parts += [f"e{j}" for j in range(len(plan.limits.eligible))]
    stratum, strata, unstrated = _strata(table, parts)
    received = as_float(table.column("propensity")) if "propensity" in table.column_names else None
    given = _given(brief, known, keep, (stratum, strata), received)
    findings = (*known.findings, *odd, *unstrated, *given.findings)
    _raise_blocks(findings)
    cluster = codes_of(table.column("cluster")) if spec.cluster else units.customer
    return Experiment(
        customers=_ids(table, spec.customer),
        cluster=np.unique(cluster, return_inverse=True)[1].astype(np.int64),
        stratum=stratum,
        strata=strata,
        strata_columns=(*spec.strata, *(name for name, _ in plan.limits.columns)),
        offer=given.offer,
        offers=given.offers,
        control=given.control,
        profit=units.profit,
        features=features,
        design=close_ineligible(given.design, strata, plan.limits, given.offers),
        source=_facts(log, brief, known.rows_read, len(keep)),
        currency=brief.profit.currency,
        population=brief.profit.population,
        time=_stamps(table, "time", plan),
        outcome_time=_stamps(table, "outcome_time", plan),
        findings=findings,
        dials=given.dials,
        held_apart=encode(table, plan.apart, "h")[0] if plan.apart.names else None,
        amounts=tuple(amount for amount in known.amounts if is_limit(amount.name)),
        take_up=_named(known.amounts, TAKE_UP),
        outcomes=_family(known.amounts, OUTCOMES),
        revenue=_named(known.amounts, REVENUE),
        execution=_family(known.amounts, EXECUTION),
        eligibility=plan.limits.columns,
        slopes=read_slopes(brief.profit, units.profit, known.amounts),
    )


def _named(amounts: tuple[Amount, ...], name: str) -> FloatArray | None:
    return next((amount.values for amount in amounts if amount.name == name), None)


def _family(amounts: tuple[Amount, ...], prefix: str) -> tuple[Amount, ...]:
    """Return the amounts whose names begin alike, by the rest of their names."""
    return tuple(
        replace(amount, name=amount.name.removeprefix(prefix))
        for amount in amounts
        if amount.name.startswith(prefix)
    )


def _given(
    brief: Brief,
    known: _Known,
    keep: IntArray,
    strata: tuple[IntArray, tuple[str, ...]],
    received: FloatArray | None,
) -> Given:
    """Return what the rows that are kept were given, by name or on dials."""
    if known.box is None:
        offer = known.offer[keep]
        return offers_by_name(offer, known.offers, strata, brief.experiment, received)
    box = replace(known.box, received=known.box.received[keep])
    return offers_with_dials(box, brief, strata, received)


def _facts(log: OpenLog, brief: Brief, rows_read: int, rows_kept: int) -> SourceFacts:
    return SourceFacts(
        description=log.description,
        data_sha256=log.sha256,
        rows_read=rows_read,
        rows_kept=rows_kept,
        profit_sql=brief.profit.per_row,
        where=brief.experiment.where,
    )


def _with_offer(table: Any, findings: list[Finding]) -> tuple[Any, int]:  # noqa: ANN401
    if "offer" not in table.column_names:
        return table, 0
    missing = int(table.column("offer").null_count)
    if not missing:
        return table, 0
    share = missing / table.num_rows
    message = f"{missing} rows have no offer; they are left out."
    remedy = "Check whether the control group was logged as an empty cell."
    findings.append(Finding("S212", "warn", message, remedy, missing, share))
    return table.filter(table.column("offer").is_valid()), missing


def _strata(
    table: Any,  # noqa: ANN401
    columns: list[str],
) -> tuple[IntArray, tuple[str, ...], tuple[Finding, ...]]:
    if not columns:
        return np.zeros(table.num_rows, dtype=np.int64), ("all",), ()
    stratum, strata, missing = label_strata([table.column(name) for name in columns])
    if not missing:
        return stratum, strata, ()
    message = f"{missing} strata values are missing; they are a stratum of their own."
    remedy = "Fill them if they are known."
    share = missing / (table.num_rows * len(columns))
    return stratum, strata, (Finding("S224", "warn", message, remedy, missing, share),)


def _ids(table: Any, customer: str | None) -> np.ndarray:  # noqa: ANN401
    column = table.column("customer" if customer else "row")
    return np.asarray(column.to_numpy())


def _stamps(table: Any, task: str, plan: ReadingPlan) -> np.ndarray | None:  # noqa: ANN401
    return as_datetimes(table.column(task).to_numpy()) if task in plan.times else None


def _refuse_empty(rows: int, rows_read: int, where: str | None) -> None:
    if rows:
        return
    message = f"0 rows; need at least {_ROWS_PER_OFFER} per offer."
    remedy = "The file holds only a header line."
    if rows_read:
        message = f"0 of {rows_read} rows are left; need at least {_ROWS_PER_OFFER} per offer."
        remedy = "Look at experiment.where." if where else "The offer column is empty."
    raise DataError(blocked("S211", message, remedy))


def _raise_blocks(findings: Iterable[Finding]) -> None:
    """Raise all blocks together, as an error of the brief when only the brief is wrong."""
    blocks = [finding for finding in findings if finding.level == "block"]
    if not blocks:
        return
    if all(finding.code.startswith("B") for finding in blocks):
        raise BriefError(blocks)
    raise DataError(blocks)

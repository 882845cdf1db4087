"""Takes a plan elsewhere: who gets which as a csv, or the policy as one SQL statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from handful.delivery.consent_file import may_be_shared, read_gate
from handful.delivery.files import PRIVATE, publish_file
from handful.delivery.going_out import of_the_day, refuse_statement
from handful.delivery.sinks import open_sink
from handful.delivery.sql_script import ScriptSource, policy_script
from handful.delivery.stored import StoredPlan
from handful.errors import BriefError, DataError, Finding, blocked
from handful.experiment.consent_records import ConsentGate
from handful.experiment.engine import connect
from handful.experiment.expressions import names_in
from handful.guardrails.audience import check_export
from handful.guardrails.releasing import failed_of, refuse
from handful.policy.records import RuleTree
from handful.policy.rule_json import read_rule

FORMATS: Final = ("sql", "csv")
TABLE: Final = "customers"
ROWS_PER_BLOCK: Final = 131_072


@dataclass(frozen=True, slots=True)
class Destination:
    """Where audiences go, and the share of customers that it recognises."""

    name: str
    match_rate: float


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export did.

    Attributes:
        form: sql or csv.
        holds: what the file holds, in words.
        findings: what the reader must know.
    """

    form: str
    holds: str
    findings: tuple[Finding, ...]


def export_plan(
    stored: StoredPlan,
    folder: Path,
    form: str,
    out: Path,
    *,
    table: str = TABLE,
    destination: Destination | None = None,
) -> Exported:
    """Write a plan in a form that other systems read.

    Args:
        stored: the plan.
        folder: where it lies, for its assignments.
        form: "sql" or "csv".
        out: the file, published whole or not at all.
        table: name of the table of customers, for sql.
        destination: where a csv goes; its audiences must then be large enough for it.

    Returns:
        What was written.

    Raises:
        BriefError: F840 another form, or a destination for sql; G051 no such destination; and
            those of `publish_file`.
        DataError: F841 neither a short policy nor a rule; F842 the plan's assignments are gone;
            G001 a guardrail failed; G052 an audience too small for its destination; G138 a holdout,
            waves or a cap on messages, for sql.

    Cost: O(size of the model) for sql, O(customers) for csv.

    Example:
        >>> export_plan.__name__
        'export_plan'
    """
    refuse(failed_of(stored.document))
    if form not in FORMATS:
        message = f"expected --to {' or '.join(FORMATS)}; found '{form}'."
        remedy = "Export csv and load that; other forms are not written yet."
        raise BriefError(blocked("F840", message, remedy))
    if form == "csv":
        return _export_csv(folder / "assignments.parquet", out, stored, destination)
    if destination is not None:
        message = "an SQL statement knows no audiences to hold against a destination."
        raise BriefError(blocked("F840", message, "Use --to csv with --destination."))
    if stored.document.get("consent") is not None:
        message = "the plan was made under consent, which an SQL statement does not ask for."
        remedy = "Use `handful assign` with --consent, and load its file."
        raise BriefError(blocked("G082", message, remedy))
    refuse_statement(stored)
    text, holds, findings = _script(stored, table)
    with publish_file(out) as staging:
        staging.write_text(text, encoding="utf-8")
    return Exported("sql", holds, findings)


def _export_csv(
    assignments: Path, out: Path, stored: StoredPlan, destination: Destination | None
) -> Exported:
    if not assignments.is_file():
        message = f"expected {assignments}; it is not there."
        raise DataError(blocked("F842", message, "Run `handful assign`, or make the plan again."))
    gate = read_gate(stored.document, stored.folder, stored.policy.model.offers)
    if destination is not None:
        _refuse_small(assignments, stored, gate, destination)
    rows = 0
    with pq.ParquetFile(assignments) as file, publish_file(out, mode=PRIVATE) as staging:
        with open_sink(staging, file.schema_arrow, "csv") as write:
            for batch in file.iter_batches(ROWS_PER_BLOCK):
                shared = may_be_shared(pa.Table.from_batches([batch]), gate)
                rows += shared.num_rows
                write(shared)
        left_out = file.metadata.num_rows - rows
    said = f"; {left_out:,} who refuse to be shared are left out" if left_out else ""
    return Exported("csv", f"the offers of {rows:,} customers{said}", of_the_day(stored))


def _refuse_small(
    assignments: Path, stored: StoredPlan, gate: ConsentGate | None, destination: Destination
) -> None:
    """Refuse audiences that the destination would drop; "no offer" is no audience."""
    named = pq.read_table(assignments, columns=["customer", "offer"])
    people = may_be_shared(named, gate).group_by(["customer", "offer"]).aggregate([])
    counts = {pair["values"]: pair["counts"] for pair in people["offer"].value_counts().to_pylist()}
    for offer in stored.document["experiment"]["offers"]:
        if offer["control"]:
            counts.pop(offer["name"], None)
    small = check_export(counts, destination.name, destination.match_rate)
    if small:
        raise DataError(small)


def _script(stored: StoredPlan, table: str) -> tuple[str, str, tuple[Finding, ...]]:
    policy, document = stored.policy, stored.document
    facts = document["experiment"]
    if policy.chance is not None:
        message = "the policy leaves some offers to chance, drawn by a hash of the customer's id."
        raise DataError(blocked("F843", message, "Use `handful assign`, or --to csv."))
    if policy.ranking is not None and policy.ranking.forest is not None and len(policy.menu) > 1:
        message = "the policy keeps limits by prices on boosted trees; a rule would break them."
        raise DataError(blocked("F844", message, "Use `handful assign`, or --to csv."))
    rule, holds = policy.rule, "the rule that decides"
    findings: tuple[Finding, ...] = ()
    if rule is None and len(policy.menu) == 1:
        holds = "the one offer for everybody"
    elif rule is None and policy.deciding.forest is None:
        holds = "the whole policy"
    elif rule is None:
        rule, findings, holds = _stand_in(stored)
    derived = _derived_needed(stored, rule, facts["columns"])
    source = ScriptSource(table, facts["customer"], derived)
    remarks = [
        f"Who gets which offer: {holds}. Menu: "
        f"{', '.join(policy.model.offers[g] for g in policy.menu)}.",
        *(finding.message for finding in findings),
        f"Written by handful {facts['version']} from a plan of the log "
        f"{facts['data_sha256'][:12]}, seed {facts['seed']}.",
        f"The customers are rows of the table {table}; its columns have the names of the log.",
    ]
    return policy_script(policy, rule, source, remarks), holds, findings


def _stand_in(stored: StoredPlan) -> tuple[RuleTree, tuple[Finding, ...], str]:
    """Take the rule where the policy itself has no short statement, and say what that loses."""
    said = stored.document.get("rule")
    model = stored.policy.model
    if said is None:
        message = "the policy holds boosted trees, and the plan holds no rule in their place."
        raise DataError(blocked("F841", message, "Make the plan again, or use `handful assign`."))
    currency, loss = stored.document["experiment"]["currency"], said["loss"]
    message = (
        "the policy holds boosted trees, so the file holds its rule: the same offer for "
        f"{said['fidelity']['value']:.1%} of customers, {loss['value']:.4g} {currency} less per "
        f"customer ({loss['lo']:.4g} to {loss['hi']:.4g}), held out."
    )
    remedy = "Use `handful assign` for the policy itself, or plan with policy.rules = true."
    rule = read_rule(said["tree"], model.schema, model.offers)
    return rule, (Finding("F841", "warn", message, remedy),), "the rule in place of the policy"


def _derived_needed(
    stored: StoredPlan, rule: RuleTree | None, derived: Mapping[str, Any]
) -> dict[str, str]:
    """Return the derived columns that features asked for or strata are made from, in order."""
    policy = stored.policy
    names, single = policy.model.schema.names, len(policy.menu) == 1
    if rule is not None:
        asked = {names[s.feature] for s in rule.questions if s is not None}
    else:
        asked = set() if single else {names[term.feature] for term in policy.deciding.terms}
    asked |= {*policy.strata_columns, *filter(None, [stored.document["experiment"]["customer"]])}
    with connect() as engine:
        for name in reversed(tuple(derived)):
            if name in asked:
                asked |= names_in(engine, derived[name], key=f"columns.{name}")
    return {name: sql for name, sql in derived.items() if name in asked}

"""Who gets which where a list is the whole campaign: read all, allocate exactly, write.

The limits are scaled to the list and kept to its last customer. All customers are held in memory,
so a list has at most `MOST_CUSTOMERS`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from handful.delivery.aging import ready
from handful.delivery.consent_file import read_gate
from handful.delivery.deciding import (
    AS_PLANNED,
    Decided,
    Tally,
    Today,
    decided_of,
    new_tally,
    segments_of,
)
from handful.delivery.files import PRIVATE, publish_file
from handful.delivery.going_out import refuse_campaign
from handful.delivery.limits_file import read_limits
from handful.delivery.sinks import file_format, open_sink
from handful.delivery.stored import StoredPlan
from handful.errors import DataError, blocked
from handful.experiment.consent_records import ConsentGate
from handful.guardrails.releasing import failed_of, refuse
from handful.planning.assignment_table import assignment_table
from handful.planning.campaign import MOST_CUSTOMERS, Listed, list_block, solve_list
from handful.planning.customers import customer_blocks
from handful.planning.records import PlanLimits
from handful.policy.records import Assignment
from handful.progress import SILENT, Progress


def decide_campaign(
    stored: StoredPlan,
    source: str,
    out: Path,
    *,
    customer: str | None = None,
    today: Today = AS_PLANNED,
    progress: Progress = SILENT,
) -> Decided:
    """Decide a list of customers as one campaign, its limits kept exactly.

    Args:
        stored: a plan with limits.
        source: any source of customers; columns are matched by name.
        out: a .parquet or .csv file, published whole or not at all, readable by its owner only.
        customer: column of ids; None for the log's own, row numbers from 1 where it had none.
        today: the consent table of today; the plan's own copy without.
        progress: told of every block.

    Returns:
        Counts, findings, and what the list uses of each limit.

    Raises:
        BriefError: F833 the plan has no limits; G129 it has a holdout, waves or a contact cap;
            P730 they cannot hold on this list; and those of `publish_file`.
        DataError: F834 more than `MOST_CUSTOMERS`; and those of `decide_file`.

    Cost: O(customers x offers of the menu) memory, that of `allocate`.

    Example:
        >>> decide_campaign.__name__
        'decide_campaign'
    """
    refuse(failed_of(stored.document))
    refuse_campaign(stored)
    limits, kind = read_limits(stored), file_format(out)
    offers = stored.policy.model.offers
    gate = read_gate(stored.document, stored.folder, offers, today.consent)
    known = ready(stored, datetime.now(tz=UTC).date(), gate if today.consent else None)
    tally = new_tally(stored)
    blocks = _read(stored, (source, customer), (limits, gate), tally, progress)
    decided, uses = solve_list(stored.policy, limits, blocks)
    tally.add(decided)
    with publish_file(out, mode=PRIVATE) as staging:
        _write(stored, blocks, decided, staging, kind)
    return replace(decided_of(stored.policy, tally, known), limits=uses)


def _read(
    stored: StoredPlan,
    asked: tuple[str, str | None],
    terms: tuple[PlanLimits, ConsentGate | None],
    tally: Tally,
    progress: Progress,
) -> list[Listed]:
    """Read the whole list; refuse one that is empty or too long."""
    facts, blocks, count = stored.document["experiment"], [], 0
    customer = asked[1] or facts["customer"]
    progress.start("customers read", 0)
    for block in customer_blocks(asked[0], stored.policy, customer, facts["columns"]):
        count += len(block.stratum)
        if count > MOST_CUSTOMERS:
            message = f"Expected at most {MOST_CUSTOMERS:,} customers in one campaign, found more: "
            message += "all of them are held in memory."
            remedy = "Split the list at random, or leave --campaign out: prices decide each alone."
            raise DataError(blocked("F834", message, remedy))
        tally.read(block)
        blocks.append(list_block(stored.policy, terms[0], block, terms[1]))
        progress.advance(len(block.stratum))
    progress.finish()
    if not blocks:
        message = f"Expected customers in {asked[0]}, found 0 rows."
        raise DataError(blocked("F830", message, "Check the file."))
    return blocks


def _write(
    stored: StoredPlan, blocks: list[Listed], decided: Assignment, staging: Path, kind: str
) -> None:
    policy, segments, start = stored.policy, segments_of(stored), 0
    tables = []
    for block in blocks:
        rows = slice(start, start + len(block.fallback))
        part = Assignment(decided.offer[rows], decided.reason[rows], decided.expected_profit[rows])
        tables.append(
            assignment_table(block.customers, part, policy.model.offers, segments, policy.points)
        )
        start = rows.stop
    with open_sink(staging, tables[0].schema, kind) as write:
        for table in tables:
            write(table)

"""Who gets which among new customers: a frame in, a table of the same library out."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from handful.errors import DataError, blocked
from handful.experiment.consent_ids import refuse_lookalikes
from handful.experiment.consent_records import ConsentGate
from handful.experiment.consent_rows import rights_of
from handful.experiment.frames import to_native
from handful.experiment.sources import CustomerBlock, stream_customers, unseen_finding
from handful.planning.assignment_table import assignment_table, segment_numbers
from handful.planning.consenting import assign_with_consent
from handful.planning.records import Plan
from handful.policy.policy import UNKNOWN_STRATUM, assign
from handful.policy.records import Assignment, Policy

ROWS_PER_BLOCK = 131_072


def assign_customers(plan: Plan, customers: Any) -> Any:  # noqa: ANN401 - any frame library
    """Decide which offer each customer of a frame gets.

    Args:
        plan: whose policy decides.
        customers: a pandas, polars, Arrow or DuckDB frame; columns are matched by name.

    Returns:
        A table of the same library, one row per customer in the frame's order: customer, offer,
        segment, reason, expected_profit.

    Raises:
        DataError: F830 no customers; S240 columns missing; S241 a column of the wrong type.

    Cost: O(n) time and memory.

    Example:
        >>> assign_customers.__name__
        'assign_customers'
    """
    offers = plan.policy.model.offers
    segments = segment_numbers(offers, [segment.offer for segment in plan.segments])
    facts = plan.experiment
    gate = None if plan.consent is None else plan.consent.gate
    unseen: Counter[str] = Counter()
    tables = []
    for block in customer_blocks(customers, plan.policy, facts.customer, dict(facts.columns)):
        unseen.update(block.unseen)
        decided = decide_block(plan.policy, block, gate)
        points = plan.policy.points
        tables.append(assignment_table(block.customers, decided, offers, segments, points))
    if not tables:
        raise DataError(
            blocked("F830", "Expected customers, found a frame of 0 rows.", "Check the frame.")
        )
    table = pa.concat_tables(tables)
    finding = unseen_finding(unseen, table.num_rows)
    if finding is not None:
        warnings.warn(f"{finding.code}: {finding.message} {finding.remedy}", stacklevel=3)
    return to_native(table, customers)


def customer_blocks(
    source: Any,  # noqa: ANN401 - a path or any frame
    policy: Policy,
    customer: str | None,
    derived: Mapping[str, str],
) -> Iterator[CustomerBlock]:
    """Stream what a policy needs of its customers.

    Args:
        source: a path, glob or duckdb:/// address, or any frame.
        policy: whose features and strata are read, by name.
        customer: column of ids; None for row numbers.
        derived: derived columns, name -> SQL expression.

    Returns:
        Blocks of at most `ROWS_PER_BLOCK` customers.

    Raises:
        DataError: as `stream_customers`.

    Example:
        >>> customer_blocks.__name__
        'customer_blocks'
    """
    return stream_customers(
        source,
        schema=policy.model.schema,
        strata_columns=policy.strata_columns,
        strata=policy.strata,
        customer=customer,
        derived=derived,
        rows_per_block=ROWS_PER_BLOCK,
    )


def decide_block(
    policy: Policy, block: CustomerBlock, gate: ConsentGate | None = None
) -> Assignment:
    """Decide one block of customers; a stratum never seen gets the policy's last fallback.

    Args:
        policy: menu, support and fallbacks.
        block: features and strata, S where the stratum is not known.
        gate: the consent to ask first; None where the plan was made without.

    Returns:
        Offer, reason and expected profit of each.

    Raises:
        DataError: G048 ids written in two ways; and as `assign`.

    Example:
        >>> decide_block.__name__
        'decide_block'
    """
    known = block.stratum < len(policy.strata)
    stratum = np.where(known, block.stratum, UNKNOWN_STRATUM)
    ids = None if policy.chance is None else block.customers.tolist()
    if gate is None:
        return assign(policy, block.features, stratum, ids)
    rights = rights_of(gate.register, block.customers)
    refuse_lookalikes(gate.register, block.customers, rights)
    return assign_with_consent(policy, block.features, stratum, rights, gate.binding, ids)

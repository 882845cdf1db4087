"""Who gets which for any number of customers: read a block, decide, write, forget."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa

from handful.delivery.files import PRIVATE, publish_file
from handful.delivery.sinks import file_format, open_sink
from handful.delivery.stored import StoredPlan
from handful.errors import Finding
from handful.experiment.sources import CustomerBlock, stream_customers
from handful.planning.assignment_table import assignment_table, segment_numbers
from handful.policy.policy import assign
from handful.policy.records import REASON_UNKNOWN_STRATUM, REASONS, Assignment, Policy
from handful.progress import Progress

ROWS_PER_BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class Decided:
    """What an `assign` run did.

    Attributes:
        customers: customers decided.
        offers: offer name -> customers who get it.
        reasons: reason -> customers.
        findings: extra columns, levels and strata never seen.
    """

    customers: int
    offers: Mapping[str, int]
    reasons: Mapping[str, int]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Tally:
    """Running counts of one run: customers by offer code and by reason code."""

    by_offer: np.ndarray
    by_reason: np.ndarray

    def add(self, decided: Assignment) -> None:
        self.by_offer[:] += np.bincount(decided.offer, minlength=len(self.by_offer))
        self.by_reason[:] += np.bincount(decided.reason, minlength=len(self.by_reason))


def decide_file(stored: StoredPlan, source: str, out: Path, progress: Progress) -> Decided:
    """Decide every customer of a source and write who gets which.

    Args:
        stored: the plan.
        source: any source of customers; columns are matched by name.
        out: a .parquet or .csv file, published whole or not at all, readable by its owner only.
        progress: told of every block.

    Returns:
        Counts and findings.

    Raises:
        BriefError: F805 another suffix; and those of `publish_file`.
        DataError: those of `stream_customers`.

    Cost: O(customers) time, O(block) memory.

    Example:
        >>> decide_file.__name__
        'decide_file'
    """
    kind = file_format(out)
    offers = len(stored.policy.model.offers)
    tally = _Tally(np.zeros(offers, dtype=np.int64), np.zeros(len(REASONS), dtype=np.int64))
    with publish_file(out, mode=PRIVATE) as staging:
        tables = _tables(stored, source, tally)
        first = next(tables)
        with open_sink(staging, first.schema, kind) as write:
            for table in chain((first,), tables):
                write(table)
                progress.advance(table.num_rows)
    return _result(stored.policy, tally)


def _tables(stored: StoredPlan, source: str, tally: _Tally) -> Iterator[pa.Table]:
    """Yield the decisions of one block of customers after the other."""
    policy = stored.policy
    facts = stored.document["experiment"]
    offers = policy.model.offers
    segments = segment_numbers(offers, [part["offer"] for part in stored.document["segments"]])
    blocks: Iterator[CustomerBlock] = stream_customers(
        source,
        schema=policy.model.schema,
        strata_columns=policy.strata_columns,
        strata=policy.strata,
        customer=facts["customer"],
        rows_per_block=ROWS_PER_BLOCK,
        derived=facts["columns"],
    )
    for block in blocks:
        decided = assign(policy, block.features, block.stratum)
        tally.add(decided)
        yield assignment_table(block.customers, decided, offers, segments)


def _result(policy: Policy, tally: _Tally) -> Decided:
    offers = zip(policy.model.offers, tally.by_offer.tolist(), strict=True)
    reasons = zip(sorted(REASONS), tally.by_reason.tolist(), strict=True)
    customers = int(tally.by_offer.sum())
    return Decided(
        customers=customers,
        offers={name: count for name, count in offers if count},
        reasons={REASONS[code]: count for code, count in reasons if count},
        findings=tuple(_findings(customers, int(tally.by_reason[REASON_UNKNOWN_STRATUM]))),
    )


def _findings(customers: int, unknown: int) -> Iterator[Finding]:
    if unknown:
        yield Finding(
            "F831",
            "warn",
            f"Expected customers of the strata in the experiment, found {unknown:,} of others; "
            "they get the fallback offer.",
            "Check the strata columns, or decide these customers by hand.",
            count=unknown,
            share=unknown / customers,
        )

"""Who gets which for any number of customers: read a block, decide, write, forget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from handful.delivery.aging import ready
from handful.delivery.consent_file import read_gate
from handful.delivery.files import PRIVATE, publish_file
from handful.delivery.going_out import GoingOut, going_out, kept, with_wave
from handful.delivery.sinks import file_format, open_sink
from handful.delivery.stored import StoredPlan
from handful.errors import DataError, Finding, blocked
from handful.experiment.consent_records import ConsentGate
from handful.experiment.sources import (
    CustomerBlock,
    extra_finding,
    unseen_finding,
)
from handful.guardrails.releasing import failed_of, refuse
from handful.notation import IntArray
from handful.planning.assignment_table import assignment_table, segment_numbers
from handful.planning.campaign import ListUse
from handful.planning.customers import customer_blocks, decide_block
from handful.policy.points import offer_name
from handful.policy.records import REASON_UNKNOWN_STRATUM, REASONS, Assignment, Policy
from handful.progress import SILENT, Progress


@dataclass(frozen=True, slots=True)
class Decided:
    """What an `assign` run did.

    Attributes:
        customers: customers decided.
        offers: offer name -> customers who get it.
        reasons: reason -> customers.
        findings: extra columns, levels and strata never seen.
        limits: what a campaign uses of its limits; () where prices decide.
    """

    customers: int
    offers: Mapping[str, int]
    reasons: Mapping[str, int]
    findings: tuple[Finding, ...]
    limits: tuple[ListUse, ...] = ()


@dataclass(frozen=True, slots=True)
class Today:
    """Tables of the day of use.

    Attributes:
        consent: the consent table; None for the copy of the day of the plan.
        contacts: messages that all programmes sent; a plan with a cap on them needs it.
    """

    consent: str | None = None
    contacts: str | None = None


AS_PLANNED: Final = Today()


@dataclass(slots=True)
class Tally:
    """Running counts of one run: customers by offer and reason, values and columns not known."""

    by_offer: IntArray
    by_reason: IntArray
    unseen: Counter[str]
    extra: tuple[str, ...] = ()

    def read(self, block: CustomerBlock) -> None:
        """Count what a block holds that is not known."""
        self.unseen.update(block.unseen)
        self.extra = block.extra

    def add(self, decided: Assignment) -> None:
        """Count decisions."""
        self.by_offer += np.bincount(decided.offer, minlength=len(self.by_offer))
        self.by_reason += np.bincount(decided.reason, minlength=len(self.by_reason))


def decide_file(
    stored: StoredPlan,
    source: str,
    out: Path,
    *,
    customer: str | None = None,
    today: Today = AS_PLANNED,
    progress: Progress = SILENT,
) -> Decided:
    """Decide every customer of a source and write who gets which.

    Args:
        stored: the plan.
        source: any source of customers; columns are matched by name.
        out: a .parquet or .csv file, published whole or not at all, readable by its owner only.
        customer: column of ids; None for the log's own, row numbers from 1 where it had none.
        today: the consent table and the messages of today; the plan's own copy without.
        progress: told of every block.

    Returns:
        Counts and findings.

    Raises:
        BriefError: F805 another suffix; and those of `publish_file`.
        DataError: G001 a guardrail failed; G070 the plan is too old; G071 no consent table;
            F830 no customers; and those of `stream_customers`.

    Cost: O(customers) time, O(block) memory.

    Example:
        >>> decide_file.__name__
        'decide_file'
    """
    refuse(failed_of(stored.document))
    offers = stored.policy.model.offers
    gate = read_gate(stored.document, stored.folder, offers, today.consent)
    known = ready(stored, datetime.now(tz=UTC).date(), gate if today.consent else None)
    named = customer or stored.document["experiment"]["customer"]
    going = going_out(stored, today.contacts, named)
    kind = file_format(out)
    tally = new_tally(stored)
    with publish_file(out, mode=PRIVATE) as staging:
        tables = _tables(stored, (source, named), (gate, going), tally)
        first = next(tables, None)
        if first is None:
            raise DataError(
                blocked("F830", f"Expected customers in {source}, found 0 rows.", "Check the file.")
            )
        progress.start("customers decided", 0)
        with open_sink(staging, first.schema, kind) as write:
            for table in chain((first,), tables):
                write(table)
                progress.advance(table.num_rows)
        progress.finish()
    return decided_of(stored.policy, tally, known)


def new_tally(stored: StoredPlan) -> Tally:
    """Return counts of nothing yet."""
    offers = len(stored.policy.model.offers)
    return Tally(np.zeros(offers, np.int64), np.zeros(len(REASONS), np.int64), Counter())


def segments_of(stored: StoredPlan) -> dict[int, int]:
    """Return the number of each offer's segment in plan.json."""
    policy, offers = stored.policy, stored.policy.model.offers
    said = [offer_name(policy.points, offers, p["offer"]) for p in stored.document["segments"]]
    return segment_numbers(offers, said)


def _tables(
    stored: StoredPlan,
    asked: tuple[str, str | None],
    asks: tuple[ConsentGate | None, GoingOut],
    tally: Tally,
) -> Iterator[pa.Table]:
    """Yield the decisions of one block of customers after the other."""
    policy, facts = stored.policy, stored.document["experiment"]
    offers, segments = policy.model.offers, segments_of(stored)
    gate, going = asks
    for block in customer_blocks(asked[0], policy, asked[1], facts["columns"]):
        decided = kept(going, block, decide_block(policy, block, gate))
        tally.read(block)
        tally.add(decided)
        table = assignment_table(block.customers, decided, offers, segments, policy.points)
        yield with_wave(table, going, block, gate)


def decided_of(policy: Policy, tally: Tally, known: tuple[Finding, ...]) -> Decided:
    """Return the counts of a run with what was noticed."""
    offers = zip(policy.model.offers, tally.by_offer.tolist(), strict=True)
    reasons = zip(sorted(REASONS), tally.by_reason.tolist(), strict=True)
    customers = int(tally.by_offer.sum())
    found = (
        *known,
        _unknown_strata(int(tally.by_reason[REASON_UNKNOWN_STRATUM]), customers),
        unseen_finding(tally.unseen, customers),
        extra_finding(tally.extra),
    )
    return Decided(
        customers=customers,
        offers={name: count for name, count in offers if count},
        reasons={REASONS[code]: count for code, count in reasons if count},
        findings=tuple(finding for finding in found if finding is not None),
    )


def _unknown_strata(unknown: int, customers: int) -> Finding | None:
    if not unknown:
        return None
    return Finding(
        "F831",
        "warn",
        f"Expected customers of the strata in the experiment, found {unknown:,} of others; "
        "they get the fallback offer.",
        "Check the strata columns, or decide these customers by hand.",
        count=unknown,
        share=unknown / customers,
    )

"""The assignment file of an experiment: who gets which offer, and with which probability."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from handful.delivery.files import PRIVATE, publish_file
from handful.delivery.sinks import file_format, open_sink
from handful.errors import BriefError, DataError, Finding, blocked
from handful.experiment.id_list import read_id_list
from handful.sizing.assigning import (
    Given,
    HashWords,
    RatioCheck,
    check_ratio,
    deal_offers,
    draw_offers,
)
from handful.sizing.hashing import Dialect
from handful.sizing.records import Arm, Sizing
from handful.sizing.run import shares_of


@dataclass(frozen=True, slots=True)
class Grouping:
    """Columns of a list of customers: ids, clusters that get the same offer, strata."""

    customer: str
    cluster: str | None = None
    strata: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assigned:
    """What was written.

    Attributes:
        customers: rows of the file; `units` what was drawn (clusters count once).
        offers: offer -> customers.
        propensity: offer -> chance.
        check: whether the shares are those asked for.
        findings: too few rows, repeated ids.
    """

    customers: int
    units: int
    offers: Mapping[str, int]
    propensity: Mapping[str, float]
    check: RatioCheck
    findings: tuple[Finding, ...]


def write_assignment(
    sizing: Sizing, source: str, out: Path, grouping: Grouping, words: HashWords
) -> Assigned:
    """Give every customer of a list an offer to try and write the file.

    Columns: customer, cluster and strata where asked for, offer, a column for each dial, and
    propensity, the chance of the offer given: `propensity = "column:propensity"` reads it back.

    Args:
        sizing: whose offers and shares are given out.
        source: the list.
        out: FILE.parquet or FILE.csv; readable by its owner only.
        grouping: its columns.
        words: of the hash.

    Returns:
        Counts, the check of the shares, findings.

    Raises:
        BriefError: E546 no salt; E547 strata in another system's dialect; F805.
        DataError: F830 no customers; S200-S240 the list cannot be read; E548 wrong shares.

    Cost: O(n) hashes.
    """
    _check_words(words, grouping)
    kind = file_format(out)
    groups = (*filter(None, (grouping.cluster,)), *grouping.strata)
    columns = read_id_list(source, grouping.customer, groups)
    ids = columns[grouping.customer]
    if not ids:
        raise DataError(blocked("F830", f"{source} holds no customers.", "Check the file."))
    units = columns[grouping.cluster] if grouping.cluster else ids
    shares = shares_of(sizing)
    if grouping.strata:
        labels = [
            " | ".join(row) for row in zip(*(columns[n] for n in grouping.strata), strict=True)
        ]
        given = deal_offers(units, labels, shares, words)
    else:
        given = draw_offers(units, shares, words)
    check = check_ratio(given, units)
    _refuse_suspect(check, sizing, given)
    kept = {name: columns[name] for name in groups if name != grouping.customer}
    table = _table(sizing.arms, ids, kept, given)
    with (
        publish_file(out, mode=PRIVATE) as staging,
        open_sink(staging, table.schema, kind) as write,
    ):
        write(table)
    return _assigned(sizing, ids, given, check)


def _check_words(words: HashWords, grouping: Grouping) -> None:
    findings = []
    if words.dialect == "handful" and not words.salt:
        message = "size.salt is missing: without it anybody can reckon who gets what."
        remedy = "Write a word of your own under [size]; another experiment gets another word."
        findings.append(blocked("E546", message, remedy))
    if words.dialect != "handful" and grouping.strata:
        message = f"--strata deals offers out in order, which {words.dialect} does not do."
        findings.append(blocked("E547", message, "Leave one of --strata and --hash out."))
    if findings:
        raise BriefError(findings)


def _refuse_suspect(check: RatioCheck, sizing: Sizing, given: Given) -> None:
    """A hash gives the shares asked for; if it does not, ids are not what they seem."""
    if check.ok:
        return
    off = np.array(check.counts) / check.units - given.shares
    g = int(np.argmax(np.abs(off)))
    message = (
        f"{sizing.arms[g].name} would go to {check.counts[g] / check.units:.2%} of {check.units:,} "
        f"units, {given.shares[g]:.2%} were asked for (p = {check.p_value:.1g})."
    )
    remedy = "The ids may follow a pattern that this hash does not break: use handful's own."
    raise DataError(blocked("E548", message, remedy))


def _table(
    arms: Sequence[Arm], ids: Sequence[str], groups: Mapping[str, Sequence[str]], given: Given
) -> pa.Table:
    names = pa.array([arm.name for arm in arms])
    columns: dict[str, pa.Array] = {"customer": pa.array(ids, pa.string())}
    columns |= {name: pa.array(values, pa.string()) for name, values in groups.items()}
    columns["offer"] = names.take(pa.array(given.offer))
    for at, (dial, _) in enumerate(arms[-1].dials):
        values = pa.array([arm.dials[at][1] for arm in arms], pa.float64())
        columns[dial] = values.take(pa.array(given.offer))
    columns["propensity"] = pa.array(given.propensity)
    return pa.table(columns)


def _assigned(sizing: Sizing, ids: Sequence[str], given: Given, check: RatioCheck) -> Assigned:
    names = [arm.name for arm in sizing.arms]
    counts = np.bincount(given.offer, minlength=len(names))
    findings = []
    distinct = len(set(ids))
    if distinct < len(ids):
        message = f"{len(ids) - distinct:,} rows repeat an id; each got the same offer again."
        findings.append(Finding("E549", "warn", message, "List every customer once."))
    if sizing.rows is not None and distinct < sizing.rows:
        message = f"the list has {distinct:,} customers, and {sizing.rows:,} rows are needed."
        remedy = "Read what this many can see: set size.rows and run handful size again."
        findings.append(Finding("E552", "warn", message, remedy, distinct))
    return Assigned(
        customers=len(ids),
        units=check.units,
        offers=dict(zip(names, map(int, counts), strict=True)),
        propensity=dict(zip(names, map(float, given.shares), strict=True)),
        check=check,
        findings=tuple(findings),
    )


def words_of(sizing: Sizing, dialect: Dialect, salt: str | None) -> HashWords:
    """Return the words of the hash: the experiment's name, and the salt of the brief."""
    return HashWords(dialect, sizing.name, salt or "")

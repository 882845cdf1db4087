"""Any policy as a file of two columns, customer and offer, matched to the rows of a log.

With dials an offer is a candidate's name or any other point, and a column for each dial may stand
in place of the names.

With a customer column in the brief rows are matched by id, else by position. Everything wrong with
the file is said at once; ids are counted, never shown.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from handful.delivery.sinks import file_format
from handful.errors import BriefError, DataError, Finding, blocked
from handful.experiment.records import Dials, Experiment
from handful.notation import FloatArray, IntArray
from handful.planning.dials import with_points
from handful.planning.policy_points import on_points


@dataclass(frozen=True, slots=True)
class PolicyCodes:
    """A policy on the rows of a log.

    Attributes:
        offers: (n,) offer codes.
        points: (m, d) points of the dials that codes past the log's own stand for.
        findings: what was noticed and does not stop the job.
    """

    offers: IntArray
    points: FloatArray
    findings: tuple[Finding, ...]


def read_policy_file(
    path: Path, experiment: Experiment, customer: str | None = None
) -> PolicyCodes:
    """Read a policy and match it to the log.

    Args:
        path: csv or parquet with the columns `customer` (or the brief's name of it) and `offer`, or
            a column for each dial.
        experiment: the log.
        customer: name of the brief's customer column; None matches rows by position.

    Returns:
        One offer code per row of the log.

    Raises:
        BriefError: F805 neither csv nor parquet; F820 there is no such file.
        DataError: F821 the file cannot be read; F822 columns missing; F823 unknown offers; F824
            customers twice with different offers; F825 customers or rows missing; F826 offers
            given where the experiment did not try them.

    Cost: O(n).

    Example:
        >>> read_policy_file.__name__
        'read_policy_file'
    """
    table = _read_table(path)
    ids, names = _columns(_with_names(table, experiment.dials), customer)
    given = on_points(experiment, names.to_pylist())
    codes = given.codes
    findings = _unknown_offers(names.filter(pa.array(codes < 0)), len(names), experiment.offers)
    if ids is None:
        matched, more = _by_position(codes, experiment.n_rows)
    else:
        matched, more = _by_customer(ids, codes, experiment.customers)
    findings += more
    wide = with_points(experiment, given.points) if len(given.points) else experiment
    findings += _closed(matched, wide)
    if any(finding.level == "block" for finding in findings):
        raise DataError(findings)
    return PolicyCodes(matched, given.points, tuple(findings))


def _read_table(path: Path) -> pa.Table:
    kind = file_format(path)
    if not path.is_file():
        raise BriefError(
            blocked("F820", f"Expected a policy file at {path}, found none.", "Check the path.")
        )
    try:
        if kind == "parquet":
            return pq.read_table(path)
        return pa_csv.read_csv(path, convert_options=_all_text(path))
    except (pa.ArrowException, UnicodeDecodeError, ValueError) as error:
        reason = " ".join(str(error).split())[:160]
        raise DataError(
            blocked(
                "F821",
                f"Expected {path.name} to be a {kind} file with a header; reading says: {reason}.",
                "Write it again as UTF-8 csv or as parquet.",
            )
        ) from None


def _all_text(path: Path) -> pa_csv.ConvertOptions:
    """Read every column as text: ids keep their leading zeros, offers their spelling."""
    with path.open("rb") as stream:
        header = pa_csv.open_csv(stream).schema.names
    return pa_csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()))


def _columns(table: pa.Table, customer: str | None) -> tuple[pa.Array | None, pa.Array]:
    """Take the id and offer columns as text; ids are None when rows go by position."""
    known = table.column_names
    id_name = next((n for n in ("customer", customer) if n in known), None) if customer else None
    missing = [] if "offer" in known else ["offer"]
    missing += ["customer"] if customer and id_name is None else []
    if missing:
        raise DataError(
            blocked(
                "F822",
                f"Expected the columns {' and '.join(repr(name) for name in missing)}, "
                f"found {', '.join(known[:10])}.",
                "Name the columns customer and offer.",
            )
        )
    return (None if id_name is None else _text(table[id_name])), _text(table["offer"])


def _text(column: pa.ChunkedArray) -> pa.Array:
    return pc.cast(column, pa.string()).combine_chunks()


def _with_names(table: pa.Table, dials: Dials | None) -> pa.Table:
    """Add the column `offer` where a column for each dial stands in its place."""
    if dials is None or "offer" in table.column_names:
        return table
    found = [n if n in table.column_names else f"dial_{n}" for n in dials.names]
    if not set(found) <= set(table.column_names):
        return table
    parts = [
        pc.binary_join_element_wise(pa.scalar(name), _text(table[column]), " ")
        for name, column in zip(dials.names, found, strict=True)
    ]
    names = pc.binary_join_element_wise(*parts, ", ") if len(parts) > 1 else parts[0]
    return table.append_column("offer", pc.fill_null(names, "no offer"))


def _unknown_offers(strange: pa.Array, rows: int, offers: tuple[str, ...]) -> list[Finding]:
    if len(strange) == 0:
        return []
    listed = sorted({str(name) for name in pc.unique(strange).to_pylist()})
    close = difflib.get_close_matches(listed[0], offers, n=1)
    hint = f"Did you mean {close[0]!r}?" if close else "Use the names in the log."
    return [
        Finding(
            "F823",
            "block",
            f"Expected offers of the experiment ({', '.join(offers[:8])}), found "
            f"{', '.join(map(repr, listed[:5]))} in {len(strange):,} rows.",
            hint,
            count=len(strange),
            share=len(strange) / rows,
        )
    ]


def _by_position(codes: IntArray, rows: int) -> tuple[IntArray, list[Finding]]:
    if len(codes) == rows:
        return codes.astype(np.int64), []
    finding = blocked(
        "F825",
        f"Expected one offer for each of the {rows:,} rows of the log (it has no customer column), "
        f"found {len(codes):,} rows.",
        "Give one row per row of the log, in its order, or name a customer column in the brief.",
    )
    return np.full(rows, -1, dtype=np.int64), [finding]


def _by_customer(
    ids: pa.Array, codes: IntArray, customers: np.ndarray
) -> tuple[IntArray, list[Finding]]:
    """Look every row's customer up in the policy."""
    wanted = pa.array([str(c) for c in customers.tolist()], pa.string())
    unique = pc.unique(ids)
    first = pc.index_in(unique, value_set=ids).to_numpy(zero_copy_only=False)
    position = pc.index_in(ids, value_set=unique).to_numpy(zero_copy_only=False)
    differing = np.unique(position[codes != codes[first][position]])
    place = pc.fill_null(pc.index_in(wanted, value_set=unique), -1).to_numpy(zero_copy_only=False)
    absent = place < 0
    matched = np.where(absent, -1, codes[first][place]).astype(np.int64)
    unused = len(unique) - len(np.unique(place[~absent]))
    return matched, _id_findings(len(unique), len(differing), int(absent.sum()), unused)


def _id_findings(known: int, differing: int, absent: int, unused: int) -> list[Finding]:
    findings = []
    if differing:
        message = f"Expected one offer per customer, found {differing:,} customers with several."
        findings.append(
            Finding("F824", "block", message, "Keep one row per customer.", count=differing)
        )
    if absent:
        message = f"Expected an offer for every row of the log, {absent:,} rows have a customer "
        message += "who is not in the file."
        findings.append(
            Finding("F825", "block", message, "Give every customer an offer.", count=absent)
        )
    if unused:
        message = f"{unused:,} of the {known:,} customers in the file are not in the log."
        findings.append(
            Finding("F827", "note", message, "Nothing to do; they are ignored.", count=unused)
        )
    return findings


def _closed(codes: IntArray, experiment: Experiment) -> list[Finding]:
    """Find rows given an offer that the experiment did not try enough in their stratum."""
    given = codes >= 0
    support = experiment.design.support
    shut = given.copy()
    shut[given] = ~support[experiment.stratum[given], codes[given]]
    rows = int(shut.sum())
    if rows == 0:
        return []
    names = [experiment.offers[code] for code in np.unique(codes[shut])]
    return [
        Finding(
            "F826",
            "block",
            f"Expected offers only where the experiment tried them, found {rows:,} rows given "
            f"{', '.join(map(repr, names[:5]))} in strata where it was hardly or never tried.",
            "Give these customers an offer that was tried in their stratum; the log cannot say "
            "what another is worth.",
            count=rows,
            share=rows / experiment.n_rows,
        )
    ]

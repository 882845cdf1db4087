"""Who the rows belong to: ids, clusters, strata, repeated customers and crossovers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from handful.brief.schema import ExperimentSpec
from handful.errors import Finding, blocked
from handful.experiment.features import encode_levels
from handful.notation import FloatArray, IntArray

_CROSSOVERS_ALLOWED: Final = 0.001

MISSING_STRATUM: Final = "(missing)"
"""Label of a stratum column's missing value."""

JOIN: Final = " | "
"""What stands between the values of several strata columns in a label."""


@dataclass(frozen=True, slots=True)
class Units:
    """Which rows are kept, and what each belongs to.

    Attributes:
        keep: (n,) numbers of the rows that are kept, ascending.
        customer: (n,) codes of the customer of each row kept.
        profit: (n,) profit of each unit, money.
        findings: what was noticed.
    """

    keep: IntArray
    customer: IntArray
    profit: FloatArray
    findings: tuple[Finding, ...]


def codes_of(column: Any) -> IntArray:  # noqa: ANN401 - a pyarrow ChunkedArray
    """Return codes in the order of first appearance; each missing value is its own code.

    Example:
        >>> codes_of(pa.chunked_array([["b", "a", "b", None, None]]))
        array([0, 1, 0, 2, 3])
    """
    coded = column.combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    alone = codes < 0
    codes[alone] = len(coded.dictionary) + np.arange(int(alone.sum()))
    return np.asarray(codes, dtype=np.int64)


def settle_units(
    customer: IntArray,
    offer: IntArray,
    profit: FloatArray,
    when: np.ndarray | None,
    spec: ExperimentSpec,
) -> Units:
    """Decide what to do with customers seen more than once.

    Args:
        customer: (n,) codes of customers.
        offer: (n,) codes of offers.
        profit: (n,) money per row.
        when: (n,) times the offers were given, or None: the order of the rows counts.
        spec: unit and crossovers.

    Returns:
        The rows kept; S215 blocks repeats without a unit, S216 crossovers above 0.1 %.
        O(n log n).

    Example:
        >>> spec = ExperimentSpec(source="l.csv", offer="arm", unit="customer")
        >>> two = np.zeros(2, dtype=np.int64)
        >>> settle_units(two, two, np.array([1.0, 2.0]), None, spec).profit
        array([3.])
    """
    n = len(customer)
    order = np.arange(n) if when is None else np.argsort(when, kind="stable")
    n_customers = int(customer.max()) + 1 if n else 0
    first = np.empty(n_customers, dtype=np.int64)
    first[customer[order[::-1]]] = order[::-1]
    if n_customers == n:
        return Units(np.arange(n), customer, profit, ())
    crossed_rows = offer != offer[first[customer]]
    crossed = np.zeros(n_customers, dtype=bool)
    crossed[customer[crossed_rows]] = True
    findings = _repeats(customer, n_customers, spec)
    findings += _crossovers(int(crossed.sum()), n_customers, spec)
    keep = np.ones(n, dtype=bool)
    if spec.crossovers == "first":
        keep = ~crossed_rows
    elif spec.crossovers == "drop" or spec.unit != "row":
        keep = ~crossed[customer]
    if spec.unit == "customer":
        total: FloatArray = np.bincount(
            customer[keep], weights=profit[keep], minlength=n_customers
        ).astype(np.float64)
        chosen = np.sort(first[np.unique(customer[keep])])
        return Units(chosen, customer[chosen], total[customer[chosen]], tuple(findings))
    chosen = np.flatnonzero(keep)
    return Units(chosen, customer[chosen], profit[chosen], tuple(findings))


def _repeats(customer: IntArray, n_customers: int, spec: ExperimentSpec) -> list[Finding]:
    if spec.unit is not None:
        return []
    repeated = int((np.bincount(customer) > 1).sum())
    share = repeated / n_customers
    message = (
        f"{repeated} of {n_customers} customers appear in more than one row "
        f"({len(customer)} rows); one row per customer was expected."
    )
    remedy = (
        'Set experiment.unit = "customer" to add up each customer\'s profit, or "row" if each '
        "row was randomised anew; intervals then treat a customer as one cluster."
    )
    return [Finding("S215", "block", message, remedy, repeated, share)]


def _crossovers(crossed: int, n_customers: int, spec: ExperimentSpec) -> list[Finding]:
    if not crossed:
        return []
    share = crossed / n_customers
    message = f"{crossed} of {n_customers} customers ({share:.2%}) were seen under two offers"
    if spec.crossovers is not None:
        done = {"drop": "dropped", "first": "kept with their first offer only"}[spec.crossovers]
        remedy = "Find out how it happened; it can mean that offers were not given as planned."
        return [Finding("S216", "warn", f"{message}; {done}.", remedy, crossed, share)]
    if spec.unit == "row":
        remedy = 'Right only if each row was randomised anew; else set unit = "customer".'
        return [Finding("S216", "warn", f"{message}.", remedy, crossed, share)]
    if share > _CROSSOVERS_ALLOWED:
        message += "; at most 0.1 % was expected."
        remedy = (
            'Set experiment.crossovers = "drop" to leave them out, or "first" to keep the first.'
        )
        return [Finding("S216", "block", message, remedy, crossed, share)]
    remedy = "Find out how it happened."
    return [Finding("S216", "warn", f"{message}; dropped.", remedy, crossed, share)]


def label_strata(columns: list[Any]) -> tuple[IntArray, tuple[str, ...], int]:
    """Return the stratum of each row, the sorted labels, and how many rows miss a value.

    Args:
        columns: Arrow text columns, one per strata column; [] makes one stratum "".

    Example:
        >>> label_strata([pa.chunked_array([["hi", "lo", None]])])
        (array([1, 2, 0]), ('(missing)', 'hi', 'lo'), 1)
    """
    missing = sum(column.null_count for column in columns)
    filled = [pc.fill_null(column.cast(pa.string()), MISSING_STRATUM) for column in columns]
    joined = pc.binary_join_element_wise(*filled, JOIN)
    codes, labels = encode_levels(joined)
    return codes, labels, missing


def check_ids(
    column: Any,  # noqa: ANN401
    lossy: int,
    name: str,
    *,
    cluster: bool = False,
) -> list[Finding]:
    """Return what is wrong with the ids: some missing, or digits lost in a fraction.

    Args:
        column: Arrow column of ids.
        lossy: ids written as fractions of 2^53 or more.
        name: of the column.
        cluster: True for a cluster, where a missing value is a cluster of its own.

    Example:
        >>> check_ids(pa.chunked_array([[1, None]]), 0, "id")[0].code
        'S218'
    """
    findings = []
    missing = column.null_count
    if missing and cluster:
        message = f"column '{name}': {missing} rows name no cluster; each is one of its own."
        share = missing / len(column)
        findings.append(Finding("S224", "warn", message, "Fill them if known.", missing, share))
    elif missing:
        message = f"column '{name}' should name a customer in each row; {missing} do not."
        found = blocked("S218", message, f"Fill them, or set where = '{name} IS NOT NULL'.")
        findings.append(found)
    if lossy:
        message = (
            f"column '{name}': {lossy} ids are fractions above 2^53; such ids lose digits, "
            "so that different customers become one."
        )
        findings.append(blocked("S217", message, "Export the ids as text or whole numbers."))
    return findings

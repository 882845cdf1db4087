"""How offers were given out: propensities from the design, and where an offer may be given again.

    e_g(s) = share of stratum s that received offer g          ("design", "estimate")
    e_i    = the probability the log itself carries            ("column:NAME")
    e_g    = the table of the brief, the same in every stratum (a table)

Support: offer g is open to stratum s only if it was tried there: at least `MIN_ROWS` rows (fewer in
a stratum too small for that, see `support_mask`) and a probability of at least `MIN_PROPENSITY`.
Cells without support are masked, never extrapolated.
Cost O(n + S G).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from handful.brief.schema import ExperimentSpec
from handful.errors import DataError, Finding, blocked
from handful.experiment.records import Design
from handful.notation import BoolArray, FloatArray, IntArray

MIN_ROWS = 50
"""Fewest rows of an offer, in the log and in a stratum that can hold them, for it to be open."""

SMALL_STRATUM_SHARE = 0.25
"""In a small stratum an offer needs this share of an equal split of the stratum's rows."""

MIN_PROPENSITY = 0.01
"""Smallest probability of an offer in a stratum for the offer to be open there."""

TABLE_TOLERANCE = 1e-6
LISTED = 8

Kind = Literal["design", "column", "table", "estimate"]


def make_design(
    *,
    offer: IntArray,
    stratum: IntArray,
    offers: tuple[str, ...],
    strata: tuple[str, ...],
    spec: ExperimentSpec,
    received: FloatArray | None,
) -> tuple[Design, tuple[Finding, ...]]:
    """Return the design of a log and what was noticed about it.

    Args:
        offer: (n,) codes of the offer received.
        stratum: (n,) codes of the stratum.
        offers: (G,) offer names.
        strata: (S,) stratum labels.
        spec: the brief's [experiment] table; `propensity` and `accept_observational` are read.
        received: (n,) logged probability of the offer received, for "column:NAME" alone.

    Returns:
        The design and its findings (support, calibration, "not randomised, accepted in writing").

    Raises:
        DataError: D301 to D309, all at once.

    Cost O(n + S G).

    Example:
        >>> from handful.brief.schema import ExperimentSpec
        >>> arm = np.tile(np.array([0, 1]), 100)
        >>> design, findings = make_design(
        ...     offer=arm,
        ...     stratum=np.zeros(200, dtype=np.int64),
        ...     offers=("none", "mail"),
        ...     strata=("all",),
        ...     spec=ExperimentSpec(source="log.csv", offer="arm"),
        ...     received=None,
        ... )
        >>> design.by_stratum.tolist(), design.support.all().item(), findings
        ([[0.5, 0.5]], True, ())
    """
    kind = _kind(spec)
    counts = _cell_counts(offer, stratum, len(strata), len(offers))
    observed = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    problems = [*_arm_problems(counts, offers)]
    by_stratum, values = observed, observed[stratum, offer]
    if kind == "column":
        problems += received_problems(received, offers)
        values = values if received is None else np.asarray(received, dtype=np.float64)
    if kind == "table" and isinstance(spec.propensity, Mapping):
        problems += _table_problems(spec.propensity, offers, counts)
        row = np.array([spec.propensity.get(name, 0.0) for name in offers], dtype=np.float64)
        by_stratum = np.tile(row, (len(strata), 1))
        values = row[offer]
    if kind == "estimate" and not spec.accept_observational:
        problems.append(not_randomised())
    if problems:
        raise DataError(problems)
    support = support_mask(counts, by_stratum)
    findings = _support_findings(counts, support, offers, strata)
    if spec.accept_observational:
        findings += (accepted(),)
    return Design(kind, by_stratum, values, support, spec.accept_observational), findings


def support_mask(counts: IntArray, by_stratum: FloatArray) -> BoolArray:
    """Return the (S, G) cells in which an offer was tried enough to be given again.

    counts_g >= 50, counts_sg >= min(50, n_s / (4 G)) and e_g(s) >= 0.01: a stratum too small to
    hold 50 rows of each of its G offers asks for a quarter of an equal share instead.

    Args:
        counts: (S, G) rows of each offer in each stratum.
        by_stratum: (S, G) probability of each offer in each stratum.

    Cost O(S G).

    Example:
        >>> support_mask(np.array([[900, 60, 40]]), np.array([[0.9, 0.06, 0.04]])).tolist()
        [[True, True, False]]
    """
    equal_share = counts.sum(axis=1, keepdims=True) / counts.shape[1]
    least = np.minimum(MIN_ROWS, SMALL_STRATUM_SHARE * equal_share)
    tried: BoolArray = (counts >= np.maximum(least, 1.0)) & (counts.sum(axis=0) >= MIN_ROWS)
    return tried & (by_stratum >= MIN_PROPENSITY)


def _kind(spec: ExperimentSpec) -> Kind:
    if not isinstance(spec.propensity, str):
        return "table"
    if spec.propensity.startswith("column:"):
        return "column"
    return "estimate" if spec.propensity == "estimate" else "design"


def _cell_counts(offer: IntArray, stratum: IntArray, n_strata: int, n_offers: int) -> IntArray:
    cells = np.bincount(stratum * n_offers + offer, minlength=n_strata * n_offers)
    return cells.reshape(n_strata, n_offers).astype(np.int64)


def _arm_problems(counts: IntArray, offers: tuple[str, ...]) -> list[Finding]:
    total = counts.sum(axis=0)
    if int((total > 0).sum()) >= 2:
        return []
    present = ", ".join(repr(offers[g]) for g in np.flatnonzero(total)) or "no offer"
    return [
        blocked(
            "D301",
            f"cannot compare offers: expected at least two, only {present} present in the log.",
            "Check the offer column and the `where` filter.",
        )
    ]


def received_problems(
    received: FloatArray | None, offers: tuple[str, ...], *, density: bool = False
) -> list[Finding]:
    """Return what is wrong with logged probabilities; a density may be above 1."""
    if received is None:
        message = "expected a logged probability for every row; the column gave none."
        return [blocked("D302", message, 'Name the column as propensity = "column:NAME".')]
    values = np.asarray(received, dtype=np.float64)
    bad = {
        "missing": np.isnan(values),
        "zero": values == 0.0,
        "negative": values < 0.0,
        "infinite": np.isinf(values) & density,
        "above 1": (values > 1.0) & (not density),
    }
    counts = {name: int(mask.sum()) for name, mask in bad.items() if mask.any()}
    if counts:
        listed = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        n_bad = sum(counts.values())
        bound = "above 0" if density else "above 0 and at most 1"
        message = (
            f"expected the probability of the offer received, {bound}, on every row; "
            f"found {listed}, first on row {_first_bad(bad)}."
        )
        remedy = (
            "Log the probability at the moment of the draw, or leave those rows out with `where`."
        )
        return [Finding("D303", "block", message, remedy, n_bad, n_bad / max(values.size, 1))]
    if bool((values == 1.0).all()) and not density:
        return [_deterministic(offers)]
    return []


def _first_bad(bad: Mapping[str, BoolArray]) -> int:
    return int(np.flatnonzero(np.logical_or.reduce(list(bad.values())))[0]) + 1


def _deterministic(offers: tuple[str, ...]) -> Finding:
    return blocked(
        "D304",
        "every logged probability is 1: the offer was decided, not drawn, so there is no overlap "
        f"for offers {_listed(offers)}; what another offer would have brought cannot be evaluated.",
        "Use a log in which offers were drawn at random, with the probability of each draw.",
    )


def _table_problems(
    table: Mapping[str, float], offers: tuple[str, ...], counts: IntArray
) -> list[Finding]:
    problems = []
    remedy = "Correct the propensity table: one probability per offer, adding up to 1."
    missing = [name for name in offers if name not in table]
    unknown = [name for name in table if name not in offers]
    if missing or unknown:
        message = (
            f"the propensity table must name every offer of the log; missing: {_listed(missing)}; "
            f"not in the log: {_listed(unknown)}."
        )
        problems.append(blocked("D305", message, remedy))
    values = np.array(list(table.values()), dtype=np.float64)
    total = float(values.sum())
    if not np.isfinite(values).all() or (values < 0.0).any() or abs(total - 1.0) > TABLE_TOLERANCE:
        message = (
            "expected probabilities of 0 to 1 that add up to 1 in the propensity table; found "
            f"{', '.join(f'{v:g}' for v in values[:LISTED])}, adding up to {total:.6g}."
        )
        problems.append(blocked("D306", message, remedy))
    impossible = [
        name
        for g, name in enumerate(offers)
        if table.get(name) == 0.0 and int(counts[:, g].sum()) > 0
    ]
    if impossible:
        message = (
            f"the table gives probability 0 to offers that rows received: {_listed(impossible)}."
        )
        problems.append(blocked("D307", message, remedy))
    return problems


def not_randomised() -> Finding:
    """Return the refusal of a log that is not randomised."""
    return blocked(
        "D308",
        'propensity = "estimate" means that the log is not randomised: differences between offers '
        "may be differences between the customers who got them.",
        "Use the log of a randomised experiment. To go on all the same, write "
        "accept_observational = true in the brief; every page will then say so.",
    )


def accepted() -> Finding:
    """Return the warning that a log that is not randomised was accepted in writing."""
    return Finding(
        "D310",
        "warn",
        "the log is not randomised, and the brief accepts that in writing: every value rests on "
        "the features explaining why customers got different offers.",
        "Confirm the plan with a randomised experiment before acting on it at scale.",
    )


def _support_findings(
    counts: IntArray, support: BoolArray, offers: tuple[str, ...], strata: tuple[str, ...]
) -> tuple[Finding, ...]:
    closed = ~support & (counts.sum(axis=1, keepdims=True) > 0)
    cells = np.argwhere(closed)
    if cells.size == 0:
        return ()
    named = [f"{offers[g]!r} in {strata[s]!r} ({counts[s, g]:,} rows)" for s, g in cells[:LISTED]]
    more = f" and {len(cells) - LISTED} more" if len(cells) > LISTED else ""
    cell = "offer" if len(strata) == 1 else "offer x stratum"
    message = (
        f"{len(cells)} of {closed.size} {cell} cells are closed: {', '.join(named)}{more}. A cell "
        f"is open with {MIN_ROWS} rows (small strata: a quarter of an equal share) and a share of "
        f"{MIN_PROPENSITY:.0%}."
    )
    share = float(counts[closed].sum() / max(counts.sum(), 1))
    return (
        Finding(
            "D311",
            "note",
            message,
            "Nothing, if those offers need not go there; otherwise test them there first.",
            int(counts[closed].sum()),
            share,
        ),
    )


def _listed(names: list[str] | tuple[str, ...]) -> str:
    shown = ", ".join(repr(name[:60]) for name in names[:LISTED])
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return (shown + more) or "none"

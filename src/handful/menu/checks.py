"""What a call of the engine must satisfy; every finding at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from handful.errors import BriefError, DataError, Finding, blocked
from handful.menu.search import Rules
from handful.notation import FloatArray


def check_rules(
    n_offers: int,
    max_offers: int,
    setup_cost: ArrayLike | None,
    always: Sequence[int],
    never: Sequence[int],
) -> Rules:
    """Return the allowed menus and their costs.

    Raises:
        BriefError: M605 max_offers below 1 or below the forced offers; M606 always or never
            hold unknown columns or the same one; M607 set-up cost of the wrong shape, negative
            or not finite.
    """
    findings = _columns("always", always, n_offers) + _columns("never", never, n_offers)
    findings += _conflicts(always, never, n_offers)
    findings += _counts(max_offers, always)
    costs = np.zeros(n_offers) if setup_cost is None else np.asarray(setup_cost, dtype=np.float64)
    if costs.ndim == 0:
        costs = np.full(n_offers, float(costs))
    findings += _costs(costs, n_offers)
    if findings:
        raise BriefError(findings)
    flags = np.zeros((2, n_offers), dtype=np.bool_)
    flags[0, list(always)] = True
    flags[1, list(never)] = True
    last = min(int(max_offers), n_offers - int(flags[1].sum()))
    return Rules(costs, flags[0], flags[1], max(1, int(flags[0].sum())), last)


def check_weights(weights: ArrayLike) -> FloatArray:
    """Return one weight per customer.

    Raises:
        DataError: M604 not a vector, negative, not finite, or all zero.
    """
    out = np.asarray(weights, dtype=np.float64)
    bad = int(np.count_nonzero(~(np.isfinite(out) & (out >= 0))))
    if out.ndim != 1 or bad or not out.sum() > 0:
        raise DataError(
            blocked(
                "M604",
                "expected a vector of finite weights >= 0, not all zero; found shape "
                f"{out.shape} with {bad} that are negative or not finite.",
                "Drop those customers or give them weight 0.",
            )
        )
    return np.ascontiguousarray(out)


def wrong_length(weights: int, rows: int) -> DataError:
    """Return the error for weights that do not match the customers."""
    return DataError(
        blocked(
            "M604",
            f"expected one weight per customer; found {weights} weights for {rows} rows or more.",
            "Pass a vector as long as the values have rows.",
        )
    )


def check_aim(
    gap: float, n_threads: int | None, random_state: int, no_offer: int | None, n_offers: int
) -> None:
    """Check what the search is asked for.

    Raises:
        BriefError: M608 gap not in [0, 1), fewer than one thread or a negative seed; M606 no_offer
            is not a column.
    """
    findings = []
    if not 0 <= gap < 1:
        message = f"expected 0 <= gap < 1, a share of the value; found {gap}."
        findings.append(blocked("M608", message, "Use 1e-3 for one part in a thousand."))
    if n_threads is not None and n_threads < 1:
        message = f"expected n_threads >= 1; found {n_threads}."
        findings.append(blocked("M608", message, "Leave it out to use all processors."))
    if random_state < 0:
        message = f"expected random_state >= 0; found {random_state}."
        findings.append(blocked("M608", message, "Use a whole number such as 0."))
    if no_offer is not None and not 0 <= no_offer < n_offers:
        message = f"expected no_offer to be a column 0 to {n_offers - 1}; found {no_offer}."
        findings.append(blocked("M606", message, "Count columns from 0."))
    if findings:
        raise BriefError(findings)


def too_large() -> DataError:
    """Return the error for finite values whose sums are not."""
    return DataError(
        blocked(
            "M609",
            "expected values whose sums stay finite; found sums that overflow.",
            "State money in a larger unit, or pass float64.",
        )
    )


def not_finite(count: int) -> DataError:
    """Return the error for NaN or +infinity among the values."""
    return DataError(
        Finding(
            "M601",
            "block",
            f"expected finite profits (or -inf where an offer is not allowed); found {count} "
            "cells that are NaN or +inf.",
            "Fix the model that made them, or mark the cell as not allowed with -inf.",
            count=count,
        )
    )


def wrong_shape(found: str) -> DataError:
    """Return the error for values that are not an (n, G) matrix of numbers."""
    return DataError(
        blocked(
            "M602",
            "expected an (n, G) matrix of float32 or float64 with at least one row and one "
            f"column; found {found}.",
            "Pass customers as rows and offers as columns.",
        )
    )


def _columns(name: str, columns: Sequence[int], n_offers: int) -> list[Finding]:
    unknown = [g for g in columns if not 0 <= g < n_offers]
    if not unknown and len(set(columns)) == len(columns):
        return []
    message = f"expected distinct columns 0 to {n_offers - 1} in {name}; found {list(columns)}."
    return [blocked("M606", message, "Count columns from 0 and name each once.")]


def _conflicts(always: Sequence[int], never: Sequence[int], n_offers: int) -> list[Finding]:
    both = sorted(set(always) & set(never))
    if both:
        message = f"columns {both} are both in always and in never."
        return [blocked("M606", message, "Take them out of one of the two.")]
    if len(set(never)) >= n_offers:
        message = f"never rules out all {n_offers} offers."
        return [blocked("M606", message, "Leave at least one offer.")]
    return []


def _counts(max_offers: int, always: Sequence[int]) -> list[Finding]:
    least = max(1, len(set(always)))
    if isinstance(max_offers, bool) or int(max_offers) != max_offers or max_offers < least:
        message = f"expected max_offers to be a whole number >= {least}; found {max_offers}."
        return [blocked("M605", message, "Raise max_offers or force fewer offers.")]
    return []


def _costs(costs: FloatArray, n_offers: int) -> list[Finding]:
    if costs.shape == (n_offers,) and bool(np.all(np.isfinite(costs) & (costs >= 0))):
        return []
    message = (
        f"expected one set-up cost, or {n_offers} of them, finite and >= 0; "
        f"found shape {costs.shape}."
    )
    return [blocked("M607", message, "Give money per live offer, in the unit of the values.")]

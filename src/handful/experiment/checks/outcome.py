"""The profit column: finite, not constant, and whether a few rows carry the total. Cost O(n)."""

from __future__ import annotations

import numpy as np

from handful.errors import Finding
from handful.experiment.records import Experiment
from handful.experiment.tails import HEAVY, TOP, tail_facts

LARGEST = 1e15
"""Beyond this a sum of float64 money loses cents."""


def outcome_findings(experiment: Experiment) -> list[Finding]:
    """Return what is wrong with profit, or which part of it a few rows carry."""
    y = experiment.profit
    bad = ~np.isfinite(y)
    with np.errstate(invalid="ignore"):
        huge = np.isfinite(y) & (np.abs(y) > LARGEST)
    findings = []
    if bad.any():
        counts = {
            "missing": int(np.isnan(y).sum()),
            "infinite": int(np.isinf(y).sum()),
        }
        told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        findings.append(
            Finding(
                "C401",
                "block",
                f"expected a finite profit on every row; found {told}, first on row "
                f"{int(np.flatnonzero(bad)[0]) + 1}.",
                "Fill or filter those rows (COALESCE in `per_row`, or `where`).",
                int(bad.sum()),
                float(bad.mean()),
            )
        )
    if huge.any():
        findings.append(
            Finding(
                "C402",
                "block",
                f"expected profit in money per row; {int(huge.sum()):,} rows are beyond "
                f"{LARGEST:.0e} (first row {int(np.flatnonzero(huge)[0]) + 1}): sums lose digits.",
                "Correct those rows, or the unit of `per_row`.",
                int(huge.sum()),
                float(huge.mean()),
            )
        )
    return findings or _constant(experiment) or _top_heavy(experiment)


def _constant(experiment: Experiment) -> list[Finding]:
    """Constant overall, or constant within every offer (only the offers' costs are left)."""
    y, g = experiment.profit, experiment.offer
    low = np.full(experiment.n_offers, np.inf)
    high = np.full(experiment.n_offers, -np.inf)
    np.minimum.at(low, g, y)
    np.maximum.at(high, g, y)
    if bool((high > low).any()):
        return []
    value = f"always {y[0]:g}" if np.ptp(y) == 0 else "the same on every row of an offer"
    message = f"profit is {value}: no conversions, nothing to learn from."
    remedy = "Check the outcome column and `per_row`; wait until outcomes have come in."
    return [Finding("C403", "block", message, remedy, experiment.n_rows, 1.0)]


def _top_heavy(experiment: Experiment) -> list[Finding]:
    if experiment.n_rows * TOP < 1.0 or not np.all(np.isfinite(experiment.profit)):
        return []
    facts = tail_facts(experiment.profit)
    if not facts.heavy:
        return []
    message = (
        f"{facts.top_rows:,} rows ({TOP:.1%}) carry {facts.top_share:.0%} of all profit "
        f"(measured from the median; more than {HEAVY:.0%} is heavy-tailed), so values have "
        "wide bands."
    )
    remedy = "Read the winsorised values beside the raw ones; consider a less noisy outcome."
    return [Finding("C404", "warn", message, remedy, facts.top_rows, facts.top_share)]

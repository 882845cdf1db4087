"""Is a stored plan still good today? The age of what it rests on, and of its consent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from handful.delivery.stored import StoredPlan
from handful.errors import DataError, Finding, blocked
from handful.experiment.consent_records import ConsentGate
from handful.guardrails.staleness import stale_findings


def ready(stored: StoredPlan, today: date, gate: ConsentGate | None) -> tuple[Finding, ...]:
    """Return what to know before a stored plan is used: its age, and that of its consent.

    Args:
        stored: the plan.
        today: the day of use.
        gate: the consent of today, if a table of today was given.

    Raises:
        DataError: G070 what the plan rests on is too old; G084 a yes has run out since.
    """
    findings = list(stale_findings(stored.document, today, gate))
    said = stored.document.get("consent")
    if said is not None and gate is None:
        findings.append(_of_that_day(said, today))
    if any(finding.level == "block" for finding in findings):
        raise DataError(findings)
    return tuple(findings)


def _of_that_day(said: Mapping[str, Any], today: date) -> Finding:
    """Say that consent is that of the plan's day, and refuse it once somebody's yes has ended."""
    remedy = "Give the consent table of today with --consent, to respect what was said since."
    ended = said.get("runs_out")
    if ended is not None and ended <= today.isoformat():
        message = (
            f"consent is read as of {said['as_of']}, when the plan was made; somebody's yes ended "
            f"on {ended}, and the plan's copy cannot tell whose."
        )
        return blocked("G084", message, remedy)
    message = f"consent is read as of {said['as_of']}, when the plan was made."
    return Finding("G072", "warn", message, remedy)

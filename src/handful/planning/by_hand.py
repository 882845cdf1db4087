"""Whether the verdict gives way to writing every card by hand."""

from __future__ import annotations

from handful.evidence.records import Verdict
from handful.evidence.verdict import fits_by_hand


def or_by_hand(
    verdict: Verdict, customers: float, minutes: float | None, hours: float | None
) -> Verdict:
    """Return the verdict, or "by hand" where every card fits in the team's hours.

    Args:
        verdict: of the evidence.
        customers: of one campaign.
        minutes: that one card takes.
        hours: of the team.
    """
    if not fits_by_hand(customers, minutes, hours):
        return verdict
    reason = (
        f"{customers:,.0f} customers at {minutes:g} minutes each fit in "
        f"{hours:g} hours: write to each by hand and run no programme."
    )
    reasons = (reason, *verdict.reasons)
    return Verdict("by_hand", verdict.offers, verdict.menu, verdict.gain, reasons)

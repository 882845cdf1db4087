"""Results of a wave, weighed against the holdout that a stored plan tells of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handful.delivery.going_out import stored_rollout
from handful.delivery.stored import StoredPlan
from handful.errors import BriefError, blocked
from handful.evidence.records import Estimate
from handful.experiment.results import read_results
from handful.planning.gate import Gate, weigh_wave


def weigh_results(
    stored: StoredPlan, source: str, columns: tuple[str, str], wave: int | None
) -> Gate:
    """Weigh the results of a wave.

    Args:
        stored: a plan with a holdout.
        source: table of results.
        columns: of the customer's id and of the money.
        wave: its number in the column `wave`; None for all rows.

    Raises:
        BriefError: G136 the plan has no holdout; G133 columns.
        DataError: G134, G135, G140 what the results lack.

    Cost: O(rows).
    """
    rollout = stored_rollout(stored)
    if rollout is None or not rollout.holdout:
        message = "the plan holds nobody out, so there is nothing to weigh its results against."
        raise BriefError(blocked("G136", message, "Set rollout.holdout in the brief."))
    kept = None if wave is None else ("wave", wave)
    ids, money = read_results(source, columns[0], columns[1], kept)
    # A wave of the most engaged, or of those who opted in, is not everybody that the plan spoke of.
    chosen = wave is not None and (rollout.engaged is not None or rollout.opted_in)
    promised = None if chosen else _promised(stored.document)
    return weigh_wave(rollout, ids.to_pylist(), money, promised)


def _promised(document: Mapping[str, Any]) -> Estimate | None:
    """Return the plan's gain over no offer; None where it has none to compare with."""
    gain = document["verdict"]["gain"]
    if gain is None or document["reference"]["no_offer"] is None:
        return None
    return Estimate(**gain["total"])

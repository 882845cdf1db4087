"""size.json: the answer of `handful size` as plain JSON, schema `handful.size/1`."""

from __future__ import annotations

from typing import Final

from handful.delivery.plan_json import Json, plain
from handful.sizing.records import Sizing

SCHEMA: Final = "handful.size/1"

WHY_ABSENT: Final = {
    "rows": "no number of rows is enough",
    "available": "size.rows is not stated",
    "at_hand": "size.rows is not stated",
    "detectable": "size.rows is not stated, or no effect is seen with them",
    "population": "profit.population is not stated",
    "needed": "no costs are stated",
    "months": "it never pays back, or no costs are stated",
    "months_lo": "the gain has no interval, or it never pays back",
    "months_hi": "the gain has no interval, or it never pays back",
    "expected_lo": "no costs are stated, or no number of rows is enough",
    "rows_to_prove": "the gain is not above what is needed",
    "lo": "stated, assumed or derived: it has no interval",
    "hi": "stated, assumed or derived: it has no interval",
    "lead": "there is no log",
    "margin": "profit is not all or nothing",
    "realised": "asked of the menu of two alone",
    "offers": "asked of the next offer alone",
    "dry_run": "not asked for",
}
"""Why a field may be null, by field name."""


def sizing_document(sizing: Sizing) -> dict[str, Json]:
    """Return the dictionary that size.json holds; a field that is null is named in `absent`.

    Example:
        >>> sizing_document.__name__
        'sizing_document'
    """
    document: dict[str, Json] = {"schema": SCHEMA, **plain(sizing)}
    names = sorted(_nulls(document))
    return {**document, "absent": {name: WHY_ABSENT[name] for name in names if name in WHY_ABSENT}}


def _nulls(document: Json) -> set[str]:
    """Return the names of fields that are null somewhere."""
    if isinstance(document, dict):
        here = {name for name, value in document.items() if value is None}
        return here.union(*map(_nulls, document.values()))
    return set().union(*map(_nulls, document)) if isinstance(document, list) else set()

"""The [outcomes.NAME] tables: what else may not get worse, such as unsubscribing or returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from handful.brief.key import Key
from handful.errors import Finding, blocked


@dataclass(frozen=True, slots=True)
class OutcomeSpec:
    """One [outcomes.NAME] table."""

    per_row: str
    """SQL over the log's columns, an amount per row."""
    worse: Literal["higher", "lower"] = "higher"
    margin: float = 0.0
    """By how much it may get worse, per customer on average, without mattering."""
    horizon: str | None = None
    """When it is known, such as "180 days"; given, the outcome speaks of loyalty."""


TABLE: Final = "outcomes"

# fmt: off
KEYS: Final[tuple[Key, ...]] = (
    Key(TABLE, "per_row", "text", "SQL over the log's columns: the outcome, an amount per row; "
        "every outcome needs it", ""),
    Key(TABLE, "worse", "choice", "which way is worse", '"higher"', choices=("higher", "lower")),
    Key(TABLE, "margin", "number", "by how much it may get worse without mattering, per customer",
        "0", least=0),
    Key(TABLE, "horizon", "text", "when it is known, such as \"180 days\": a loyalty outcome, held "
        "against the profit"),
)
# fmt: on


def incomplete(read: Mapping[str, Mapping[str, Any]]) -> list[Finding]:
    """Return a block for every outcome that does not say what it is.

    Args:
        read: name -> keys given.

    Example:
        >>> incomplete({"returns": {"margin": 0.01}})[0].code
        'B102'
    """
    message = "outcomes.{}.per_row is missing: SQL over the log's columns, an amount per row."
    return [
        blocked("B102", message.format(name), f"Add per_row = ... under [outcomes.{name}].")
        for name, keys in read.items()
        if "per_row" not in keys
    ]

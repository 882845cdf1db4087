"""Names of the ledger's columns: one per policy that is valued."""

from __future__ import annotations

from typing import Final

NO_OFFER: Final = "no_offer"
BEST_SINGLE: Final = "best_single"
ONE_TO_ONE: Final = "one_to_one"
BEYOND: Final = "beyond"
"""The menu of one offer more than the team can author: valued, never advised."""


def menu_name(offers: int) -> str:
    """Return the column name of the menu of K."""
    return f"menu:{offers}"


def single_name(offer: int) -> str:
    """Return the column name of "everybody gets offer g"."""
    return f"single:{offer}"

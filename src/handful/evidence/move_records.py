"""A stream of customers between two menus, for a drawing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Move:
    """A share of the customers who would get one offer from one menu and another from the next.

    Attributes:
        offers: of the smaller menu.
        to_offers: of the larger menu.
        offer: what they get from the smaller menu.
        to_offer: what they get from the larger one; the same for those who stay.
        share: of all customers, as the final model predicts them.
    """

    offers: int
    to_offers: int
    offer: str
    to_offer: str
    share: float

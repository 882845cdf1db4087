"""The [contacts] table: what all programmes together sent whom, and how much is too much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from handful.brief.key import Key


@dataclass(frozen=True, slots=True)
class ContactsSpec:
    """The [contacts] table."""

    source: str | None = None
    customer: str = "customer_id"
    time: str = "sent_at"
    programme: str | None = None
    """Column with the name of the programme that sent it."""
    at_most: int | None = None
    """Contacts of one customer, of all programmes together, within `days`."""
    days: float = 28.0
    as_of: str | None = None


_C: Final = "contacts"

# fmt: off
KEYS: Final[tuple[Key, ...]] = (
    Key(_C, "source", "text", "the table of messages that all programmes sent, a row each"),
    Key(_C, "customer", "text", "column of the customer's id in that table", '"customer_id"'),
    Key(_C, "time", "text", "column with the moment each was sent", '"sent_at"'),
    Key(_C, "programme", "text", "column with the programme that sent it", "one programme"),
    Key(_C, "at_most", "whole", "messages to one customer, of all programmes, within days",
        "none: pressure is shown, nothing is held back", least=1),
    Key(_C, "days", "number", "length of the window that messages are counted in", "28", least=0,
        strict=True),
    Key(_C, "as_of", "text", "end of that window, such as 2026-03-31", "the latest message"),
)
# fmt: on

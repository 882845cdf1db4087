"""[[guardrails.reviews]]: what is looked at again and again, by whom, and when it was last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

EVERY_DAYS = 365
_KEYS = frozenset({"item", "owner", "last", "every"})


@dataclass(frozen=True, slots=True)
class Review:
    """One entry of the review register.

    Attributes:
        item: what is reviewed.
        owner: who does it.
        last: day of the last review.
        every: days from one review to the next.
    """

    item: str
    owner: str
    last: date
    every: int = EVERY_DAYS


def read_reviews(value: object) -> tuple[Review, ...]:
    """Return the reviews of a brief.

    Args:
        value: a list of tables with item, owner, last (a day) and every (days).

    Raises:
        ValueError: what was expected.

    Example:
        >>> read_reviews([{"item": "consent texts", "owner": "Jo", "last": "2026-01-31"}])[0].every
        365
    """
    expected = 'a list of tables {item = ..., owner = ..., last = "2026-01-31", every = 365}'
    if not isinstance(value, list | tuple):
        raise ValueError(expected)
    return tuple(_review(entry, expected) for entry in value)


def _review(entry: object, expected: str) -> Review:
    if not isinstance(entry, Mapping) or not {"item", "owner", "last"} <= set(entry) <= _KEYS:
        raise ValueError(expected)
    item, owner, last = entry["item"], entry["owner"], entry["last"]
    every = entry.get("every", EVERY_DAYS)
    texts = isinstance(item, str) and item.strip() and isinstance(owner, str) and owner.strip()
    if not texts or isinstance(every, bool) or not isinstance(every, int) or every < 1:
        raise ValueError(expected)
    try:
        day = last if type(last) is date else date.fromisoformat(str(last))
    except ValueError:
        raise ValueError(expected) from None
    return Review(str(item), str(owner), day, every)

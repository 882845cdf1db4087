"""The [consent] table: where the customers' yes and no are kept, and what they bind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from handful.brief.key import Key

CONSENT_ONLY: Final = ("train", "personalise", "contact", "share")
"""Purposes for which silence means no, unless the brief says otherwise."""

IMPLICIT_SOURCES: Final = (
    "assumed", "default", "implicit", "implied", "import", "inferred", "migration", "purchased",
)  # fmt: skip
"""Words in the column `source` that are no act of the person."""


def _no_links() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ConsentSpec:
    """The [consent] table."""

    source: str | None = None
    customer: str = "customer_id"
    as_of: str | None = None
    scope: str | None = None
    consent_only: tuple[str, ...] = CONSENT_ONLY
    purposes: Mapping[str, str] = field(default_factory=_no_links)
    """Word of the table -> purpose, or "none"."""
    implicit_sources: tuple[str, ...] = IMPLICIT_SOURCES
    default_offer: str | None = None
    requires_tier: Mapping[str, str] = field(default_factory=_no_links)
    """Offer -> tier."""
    feature_purpose: Mapping[str, str] = field(default_factory=_no_links)
    """Feature -> the purpose it was declared for, or "tier:NAME"."""


_C = "consent"

# fmt: off
KEYS: Final[tuple[Key, ...]] = (
    Key(_C, "source", "text", "the consent table: csv, parquet, duckdb:///... or postgresql://..."),
    Key(_C, "customer", "text", "column of the customer's id in that table", '"customer_id"'),
    Key(_C, "as_of", "text", "the day that grants are read as of, such as 2026-03-31",
        "the latest event"),
    Key(_C, "scope", "text", "scope of this plan; grants of other scopes do not count"),
    Key(_C, "consent_only", "names", "purposes for which silence means no",
        '["train", "personalise", "contact", "share"]'),
    Key(_C, "purposes", "links", 'words of that table = one of our purposes, or "none"', "none"),
    Key(_C, "implicit_sources", "names", "words in its column `source` that are no explicit act",
        '["assumed", "default", "implicit", "implied", "import", "inferred", "migration", '
        '"purchased"]'),
    Key(_C, "default_offer", "name", "what those get who refuse to be personalised for",
        "the control, or the offer tried most"),
    Key(_C, "requires_tier", "links", "offers for members only, offer = tier", "none"),
    Key(_C, "feature_purpose", "links",
        'features declared for one purpose only, feature = purpose or "tier:NAME"', "none"),
)
# fmt: on

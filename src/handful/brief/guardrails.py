"""The [guardrails] table: what a plan may never do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from handful.brief.key import Key
from handful.brief.origins import Origin
from handful.brief.reviews import Review


def _none() -> Mapping[str, tuple[str, str]]:
    return MappingProxyType({})


def _no_links() -> Mapping[str, str]:
    return MappingProxyType({})


def _no_origins() -> Mapping[str, Origin]:
    return MappingProxyType({})


def _no_numbers() -> Mapping[str, float]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class GuardrailsSpec:
    """The [guardrails] table."""

    sensitive: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    channels: Mapping[str, str] = field(default_factory=_no_links)
    """Offer -> the channel it goes out on, such as "email" or "post"."""
    shared_channels: tuple[str, ...] = ("post", "household e-mail", "tv")
    sensitive_not_in_log: tuple[str, ...] = ()
    sensitive_cuts: Mapping[str, float] = field(default_factory=_no_numbers)
    """Sensitive number -> what it must exceed to be the trait that is guessed."""
    known_to_bystanders: tuple[str, ...] = ()
    disclosure_shared: float = 1.25
    disclosure_private: float = 2.0
    disclosure_bounds: Mapping[str, float] = field(default_factory=_no_numbers)
    """Sensitive column -> likelihood ratio allowed on every channel."""
    repair: Literal["none", "cheapest"] = "none"
    deny: tuple[str, ...] = ()
    allow: Mapping[str, str] = field(default_factory=_no_links)
    """Feature, offer or template that the deny-list names all the same -> why it may stay."""
    topics: Mapping[str, str] = field(default_factory=_no_links)
    """Offer -> what it is about, in words."""
    provenance: Mapping[str, Origin] = field(default_factory=_no_origins)
    templates: str | Mapping[str, str] | None = None
    """Folder of message templates, or offer -> file."""
    purpose: str | None = None
    contact: str | None = None
    messages_per_month: float | None = None
    max_creepiness: float = 60.0
    minimum_audience: int = 50
    minimum_reported: int = 11
    minimise: bool = False
    max_age: float = 730.0
    reviews: tuple[Review, ...] = ()
    audit: bool = False
    previous: str | None = None
    """Folder of the plan that runs now, which this one would replace."""
    max_changed: float | None = None
    plugins: tuple[str, ...] = ()
    override: Mapping[str, tuple[str, str]] = field(default_factory=_none)
    """Guardrail name -> (by, reason)."""


_G = "guardrails"

# fmt: off
KEYS: Final[tuple[Key, ...]] = (
    Key(_G, "sensitive", "names", "columns held for testing only: never read by a decision", "[]"),
    Key(_G, "protected", "names", "columns that groups are compared by, held apart likewise", "[]"),
    Key(_G, "channels", "links", "the channel each offer goes out on, offer = channel", "none"),
    Key(_G, "shared_channels", "names", "channels that others in the home see too",
        '["post", "household e-mail", "tv"]'),
    Key(_G, "sensitive_not_in_log", "names",
        "sensitive traits that the log does not hold: reported as not testable", "[]"),
    Key(_G, "sensitive_cuts", "limits",
        "where a sensitive number is cut in two, column = number", "quartiles"),
    Key(_G, "known_to_bystanders", "names", "columns that somebody near the customer knows anyway",
        "[]"),
    Key(_G, "disclosure_shared", "number",
        "likelihood ratio that an offer on a shared channel may carry", "1.25", least=1,
        strict=True),
    Key(_G, "disclosure_private", "number",
        "likelihood ratio that an offer on a private channel may carry", "2", least=1,
        strict=True),
    Key(_G, "disclosure_bounds", "limits",
        "likelihood ratio allowed for one sensitive column, column = number", "none", least=1,
        strict=True),
    Key(_G, "repair", "choice", "change a plan that tells too much, at the least cost in profit",
        '"none"', choices=("none", "cheapest")),
    Key(_G, "deny", "names", "further words that no feature, offer or message may carry", "[]"),
    Key(_G, "allow", "links", "what the deny-list finds and may stay all the same, name = reason",
        "none"),
    Key(_G, "topics", "links", "what each offer is about, offer = words", "the offer's name"),
    Key(_G, "provenance", "origins", "how each field was come by, for what and for how long",
        "none: not known"),
    Key(_G, "templates", "files", "message templates (Jinja) to be read before they are sent",
        "none"),
    Key(_G, "purpose", "text", "what the plan uses data for, as the privacy notice says it"),
    Key(_G, "contact", "text", "where customers ask or say no; shown on the data-use page"),
    Key(_G, "messages_per_month", "number", "messages a customer gets in a month", least=0),
    Key(_G, "max_creepiness", "number", "creepy-to-caring score that no message may pass, 0 to 100",
        "60", least=0),
    Key(_G, "minimum_audience", "whole", "customers of the log that every live offer must have",
        "50", least=1),
    Key(_G, "minimum_reported", "whole", "smallest count of people that is shown", "11", least=1),
    Key(_G, "minimise", "flag", "find the fewest features that keep 95 % of the gain; slow",
        "false"),
    Key(_G, "max_age", "number", "days after which a log, a consent table or a review is too old",
        "730", least=1),
    Key(_G, "reviews", "reviews", "what is reviewed, by whom, when it last was and how often",
        "[]"),
    Key(_G, "audit", "flag", "keep an audit file beside the plan; with consent one is always kept",
        "false"),
    Key(_G, "previous", "text", "folder of the plan before, to count whose offer changes"),
    Key(_G, "max_changed", "number", "share of customers whose offer may change, at most",
        "no bound", least=0),
    Key(_G, "plugins", "names", 'guardrails of your own, "module:function", run when named here',
        "[]"),
    Key(_G, "override", "overrides", "a failed guardrail that somebody answers for, and why"),
)
# fmt: on

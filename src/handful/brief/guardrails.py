"""The [guardrails] table: what a plan may never do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from handful.brief.key import Key


def _none() -> Mapping[str, tuple[str, str]]:
    return MappingProxyType({})


def _no_links() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class GuardrailsSpec:
    """The [guardrails] table."""

    sensitive: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    channels: Mapping[str, str] = field(default_factory=_no_links)
    """Offer -> the channel it goes out on, such as "email" or "post"."""
    plugins: tuple[str, ...] = ()
    override: Mapping[str, tuple[str, str]] = field(default_factory=_none)
    """Guardrail name -> (by, reason)."""


_G = "guardrails"

# fmt: off
KEYS: Final[tuple[Key, ...]] = (
    Key(_G, "sensitive", "names", "columns held for testing only: never read by a decision", "[]"),
    Key(_G, "protected", "names", "columns that groups are compared by, held apart likewise", "[]"),
    Key(_G, "channels", "links", "the channel each offer goes out on, offer = channel", "none"),
    Key(_G, "plugins", "names", 'guardrails of your own, "module:function", run when named here',
        "[]"),
    Key(_G, "override", "overrides", "a failed guardrail that somebody answers for, and why"),
)
# fmt: on

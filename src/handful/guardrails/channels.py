"""Who may see an offer besides the customer: the channel it goes out on, shared or private."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from handful.brief.guardrails import GuardrailsSpec

NOT_DECLARED: Final = "not declared"


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel by name, and whether people other than the customer see what comes on it."""

    name: str
    shared: bool


def channel_of(offer: str, asked: GuardrailsSpec) -> Channel:
    """Return the channel of an offer; one that the brief does not name counts as shared.

    Args:
        offer: its name.
        asked: the [guardrails] table: `channels` and `shared_channels`.

    Example:
        >>> asked = GuardrailsSpec(channels={"coupon": "Post", "alert": "app"})
        >>> channel_of("coupon", asked).shared, channel_of("alert", asked).shared
        (True, False)
        >>> channel_of("other", asked)
        Channel(name='not declared', shared=True)
    """
    name = asked.channels.get(offer)
    if name is None:
        return Channel(NOT_DECLARED, shared=True)
    shared = {known.strip().casefold() for known in asked.shared_channels}
    return Channel(name, name.strip().casefold() in shared)

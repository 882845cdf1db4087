"""From caring to creepy, 0 to 100: how a message may feel to the customer who gets it.

score = 100 sum_k w_k c_k, with five components c_k in [0, 1] and weights that add to 1:

- leak 0.30: min(1, upper limit of |ln LR| / ln 4): what the offer tells about a sensitive trait;
- provenance 0.25: the worst way in which a feature that drives the segment was come by;
- distance 0.20: share of those features that were collected for another purpose;
- intimacy 0.15: how near the channel comes to the customer;
- frequency 0.10: 1 - exp(-messages a month / 4).

Whatever is not known counts half. The score rises in every component. It is a convention to be set
against complaints, not a measurement: its components are always shown beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from handful.brief.origins import Origin
from handful.guardrails.sensitive import words_of

WEIGHTS: Final = MappingProxyType(
    {"leak": 0.30, "provenance": 0.25, "distance": 0.20, "intimacy": 0.15, "frequency": 0.10}
)
HALF: Final = 0.5
FULL_LEAK: Final = math.log(4.0)
"""An offer that makes the trait four times likelier, or four times less likely, leaks in full."""

HOW_CREEPY: Final = MappingProxyType(
    {
        "ours": 0.0,
        "declared": 0.0,
        "observed": 0.25,
        "third-party": 0.75,
        "inferred": 0.85,
        "sensitive": 1.0,
    }
)
INTIMACY: Final = MappingProxyType(
    {
        "tv": 0.0,
        "web": 0.2,
        "website": 0.2,
        "shop": 0.2,
        "store": 0.2,
        "post": 0.3,
        "letter": 0.3,
        "email": 0.4,
        "e mail": 0.4,
        "household e mail": 0.5,
        "app": 0.6,
        "push": 0.7,
        "sms": 0.8,
        "text message": 0.8,
        "chat": 0.8,
        "whatsapp": 0.9,
        "phone": 0.9,
        "call": 0.9,
        "visit": 1.0,
    }
)


@dataclass(frozen=True, slots=True)
class Creepiness:
    """The score of one offer on one channel for one segment, with what it is made of."""

    offer: str
    channel: str
    segment: int
    score: float
    components: Mapping[str, float]
    assumed: tuple[str, ...]
    """Components that nobody stated or measured; each counts half."""


def creepiness(components: Mapping[str, float | None]) -> tuple[float, tuple[str, ...]]:
    """Return the score and the components that had to be assumed.

    score = 100 sum_k w_k c_k, with c_k = 1/2 where it is None.

    Args:
        components: c_k in [0, 1] by name of WEIGHTS; None or absent where not known.

    Example:
        >>> creepiness(dict.fromkeys(WEIGHTS, 0.0))
        (0.0, ())
        >>> creepiness({})[0]
        50.0
    """
    given = {name: components.get(name) for name in WEIGHTS}
    assumed = tuple(name for name, part in given.items() if part is None)
    parts = (w * (HALF if given[name] is None else given[name]) for name, w in WEIGHTS.items())  # type: ignore[operator]
    return round(100.0 * math.fsum(parts), 6), assumed


def leak_part(log_ratio: float | None) -> float | None:
    """Return min(1, |ln LR| / ln 4) of the upper limit of an offer's leak.

    Example:
        >>> leak_part(math.log(2.0))
        0.5
    """
    return None if log_ratio is None else min(1.0, abs(log_ratio) / FULL_LEAK)


def provenance_part(origins: Iterable[Origin]) -> float | None:
    """Return the worst provenance of the features that drive a segment; 0 when none does.

    Example:
        >>> provenance_part([Origin("declared"), Origin("inferred")])
        0.85
    """
    listed = list(origins)
    known = [HOW_CREEPY[o.how] for o in listed if o.how is not None]
    if len(known) < len(listed) and max(known, default=0.0) < HALF:
        return None
    return max(known, default=0.0)


def distance_part(origins: Iterable[Origin], purpose: str | None) -> float | None:
    """Return the share of driving features that were collected for another purpose.

    Bought features were never collected for this: they count as far.

    Example:
        >>> distance_part([Origin("observed", purpose="billing")], "offers")
        1.0
    """
    parts = [_far(origin, purpose) for origin in origins]
    known = [part for part in parts if part is not None]
    if parts and not known:
        return None
    return math.fsum(HALF if part is None else part for part in parts) / max(len(parts), 1)


def _far(origin: Origin, purpose: str | None) -> float | None:
    if origin.how == "third-party":
        return 1.0
    if origin.purpose is None or purpose is None:
        return None
    return float(words_of(origin.purpose) != words_of(purpose))


def intimacy_part(channel: str | None) -> float | None:
    """Return how near a channel comes to the customer; None for one that is not listed.

    Example:
        >>> intimacy_part("SMS"), intimacy_part("pigeon")
        (0.8, None)
    """
    return None if channel is None else INTIMACY.get(words_of(channel))


def frequency_part(messages_a_month: float | None) -> float | None:
    """Return 1 - exp(-messages a month / 4).

    Example:
        >>> frequency_part(0.0)
        0.0
    """
    return None if messages_a_month is None else 1.0 - math.exp(-messages_a_month / 4.0)

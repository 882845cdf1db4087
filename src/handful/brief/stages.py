"""The [stages] table: what each degree of personalising costs, and where one stage ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from handful.brief.key import Key
from handful.errors import Finding, blocked


@dataclass(frozen=True, slots=True)
class StagesSpec:
    """The [stages] table. The first four are costs, the rest thresholds of the names."""

    hourly_rate: float | None = None
    """What an hour of the team's work costs."""
    cost_per_decision: float = 0.0
    """Of deciding for one customer, where customers are told apart at all."""
    cost_per_field: float = 0.0
    """Of keeping one field of customers' data for a campaign, in total."""
    one_to_one_cost: float | None = None
    """Of making one customer an offer of their own; None: minutes_per_card x hourly_rate."""
    one_to_many: float = 1.2
    """Effective number of offers from which "one to many" begins."""
    one_to_few: float = 4.0
    one_to_one: float = 50.0
    customised: float = 0.5
    """Share of one-to-one's gain from which a plan is "customised", no longer "generic"."""
    highly_personalised: float = 0.95
    commodity_tolerance: float | None = None
    """Gain per customer that does not matter; None: 5 % of what the best single offer earns."""


def odd_stages(read: Mapping[str, Any]) -> list[Finding]:
    """Return what cannot be right in [stages] whatever the log is.

    Args:
        read: the keys given, in their types.

    Example:
        >>> odd_stages({"one_to_few": 1.0})[0].code
        'B105'
    """
    spec, found = StagesSpec(**read), []
    if not 1.0 <= spec.one_to_many <= spec.one_to_few <= spec.one_to_one:
        message = (
            "stages.one_to_many, one_to_few and one_to_one should rise from 1, found "
            f"{spec.one_to_many:g}, {spec.one_to_few:g}, {spec.one_to_one:g}."
        )
        found.append(blocked("B105", message, "Each is an effective number of offers."))
    if not 0.0 <= spec.customised <= spec.highly_personalised <= 1.0:
        message = (
            "stages.customised and highly_personalised should be shares that rise, found "
            f"{spec.customised:g}, {spec.highly_personalised:g}."
        )
        found.append(blocked("B105", message, "Write 0.5 for half of one-to-one's gain."))
    return found


_S = "stages"

# fmt: off
KEYS: Final[tuple[Key, ...]] = (
    Key(_S, "hourly_rate", "number", "what an hour of the team's work costs; prices "
        "hours_per_offer and minutes_per_card of [team]", "none: hours are free", least=0),
    Key(_S, "cost_per_decision", "number", "what deciding for one customer costs where customers "
        "get different offers", "0", least=0),
    Key(_S, "cost_per_field", "number", "what keeping one field of customers' data costs, in total",
        "0", least=0),
    Key(_S, "one_to_one_cost", "number", "what making one customer an offer of their own costs",
        "minutes_per_card x hourly_rate", least=0),
    Key(_S, "one_to_many", "number", "effective number of offers from which one-to-many begins",
        "1.2", least=1),
    Key(_S, "one_to_few", "number", "effective number of offers from which one-to-few begins", "4",
        least=1),
    Key(_S, "one_to_one", "number", "effective number of offers from which one-to-one begins", "50",
        least=1),
    Key(_S, "customised", "number", "share of one-to-one's gain from which a plan is customised",
        "0.5", least=0),
    Key(_S, "highly_personalised", "number",
        "share of one-to-one's gain from which a plan is highly personalised", "0.95", least=0),
    Key(_S, "commodity_tolerance", "number", "gain per customer that does not matter: below it "
        "one offer is as good as one-to-one", "5 % of what the best single offer earns", least=0,
        strict=True),
)
# fmt: on

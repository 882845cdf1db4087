"""The [variety] table: what running many offers costs besides setting each up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from handful.brief.key import Key


@dataclass(frozen=True, slots=True)
class VarietySpec:
    """The [variety] table. Costs are totals of one campaign; the units' are money per unit."""

    content_cost: float = 0.0
    """Of one content cell: a text, a picture, a template made for one offer in one channel."""
    contents: float | Mapping[str, float] = 1.0
    """Content cells that each offer needs."""
    unit_cost: float | None = None
    """What one unit costs to buy; None: nothing is kept in stock."""
    salvage: float = 0.0
    """What one unit left over still brings."""
    shortage: float = 0.0
    """What one unit short loses: its margin and the goodwill."""
    units: float | Mapping[str, float] = 1.0
    """Units that one customer of each offer takes on average."""
    demand_cv: float = 0.0
    """Spread of the whole campaign's demand around a forecast made one unit of time ahead."""
    lead_time: float | Mapping[str, float] = 1.0
    """Time between the order of each offer and the campaign."""
    cut_off: float | Mapping[str, float] | None = None
    """Time before the campaign at which each offer's quantity is fixed; None: its lead time."""


_V = "variety"

# fmt: off
KEYS: Final[tuple[Key, ...]] = (
    Key(_V, "content_cost", "number", "cost of one content cell (a text or picture for one offer "
        "in one channel), in total", "0", least=0),
    Key(_V, "contents", "costs", "content cells that each offer needs", "1", least=0),
    Key(_V, "unit_cost", "number", "what one unit of stock costs; switches stock-keeping on",
        "none: no stock is kept", least=0, strict=True),
    Key(_V, "salvage", "number", "what one unit left over still brings", "0", least=0),
    Key(_V, "shortage", "number", "what one unit short loses", "0", least=0),
    Key(_V, "units", "costs", "units that one customer of each offer takes on average", "1",
        least=0),
    Key(_V, "demand_cv", "number", "spread of a campaign's whole demand around its forecast, as a "
        "share, one unit of time ahead", "0", least=0),
    Key(_V, "lead_time", "costs", "time between ordering an offer and the campaign; the spread of "
        "demand grows with its root", "1", least=0, strict=True),
    Key(_V, "cut_off", "costs", "time before the campaign at which an offer's quantity is fixed, "
        "where that can be later or earlier than its order", "the lead time", least=0, strict=True),
)
# fmt: on

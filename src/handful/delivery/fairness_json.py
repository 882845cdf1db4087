"""Why a number of the fairness part of plan.json may be null, by field name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

WHY_NO_FAIRNESS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "customers": "too few are counted, or the count would give a small one away",
        "mean": "too few customers are counted",
        "p95": "too few customers are counted",
        "largest": "too few customers are counted",
        "held_out": "too few customers are counted",
        "offer": "the metric is of all offers together",
        "column": "the line is of everybody",
        "group": "the line is of all groups",
        "segment": "the line is of all offers",
        "value": "why_absent beside it says why",
        "lo": "why_absent beside it says why",
        "hi": "why_absent beside it says why",
        "assigned": "the metric rests on outcomes, or the assignment leaves a group uncounted",
        "bound": "no bound is set",
        "times": "the point has no bounds",
        "margin": "no unit cost is given",
    }
)

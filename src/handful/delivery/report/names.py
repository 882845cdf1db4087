"""Names of guardrails as a reader says them; plan.json and the brief keep the short ones."""

from __future__ import annotations

from typing import Final

_TITLES: Final = {
    "bystanders": "Bystanders",
    "children": "Children",
    "coverage": "Coverage",
    "data_use": "Fields that decide",
    "minimum_audience": "Smallest audience of an offer",
    "provenance": "Where features come from",
    "reidentification": "Singling people out",
    "smallest_cell": "Smallest group in the rule",
    "weird_things": "Sensitive things",
    "worse_off": "Nobody worse off",
}
_FAMILIES: Final = {
    "disclosure_": "What an offer gives away",
    "fairness_": "Fairness",
    "outcome_": "Further outcome",
    "pricing_": "Prices",
}


def title_of(name: str) -> str:
    """Return the name of a guardrail in words.

    Example:
        >>> title_of("worse_off"), title_of("outcome_visit"), title_of("staleness")
        ('Nobody worse off', 'Further outcome: visit', 'Staleness')
    """
    if name in _TITLES:
        return _TITLES[name]
    for start, family in _FAMILIES.items():
        if name.startswith(start):
            return f"{family}: {name.removeprefix(start).replace('_', ' ')}"
    return name.replace("_", " ").capitalize()

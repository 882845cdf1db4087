"""The topics of the page that are laid out as sections of records, in the order they are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from handful.delivery.report import (
    coverage,
    fairness,
    fitting,
    own_data,
    readiness,
    sensitivity,
    stages,
)
from handful.delivery.report.section import Section
from handful.planning.records import Plan

Topic: TypeAlias = Callable[[Plan], Section | None]
"""Returns what it has to say of a plan, or None where it has nothing."""

TOPICS: Final[tuple[tuple[str, Topic], ...]] = (
    ("stages", stages.section),
    ("fit", fitting.section),
    ("differentiation", own_data.section),
    ("coverage", coverage.section),
    ("fairness", fairness.section),
    ("sensitivity", sensitivity.section),
    ("readiness", readiness.section),
)
"""(name, function) of each; one more is one line here and one module beside."""


def topics_of(plan: Plan) -> tuple[Section, ...]:
    """Return the sections that have something to say of this plan, in order.

    Example:
        >>> len(TOPICS) == len({name for name, _ in TOPICS})
        True
    """
    found = (topic(plan) for _, topic in TOPICS)
    return tuple(section for section in found if section is not None)

"""GET /: the plans that can be looked at, and which one is served."""

from __future__ import annotations

from dataclasses import dataclass

from handful.delivery.studio.pages.frame import framed
from handful.delivery.studio.pages.words import line_value, verdict_words
from handful.delivery.studio.records import HomePage, PlanLine


@dataclass(frozen=True, slots=True)
class _Card:
    line: PlanLine
    verdict: str
    value: str


def render_home(home: HomePage) -> str:
    """Return the list of plans.

    Example:
        >>> from handful.delivery.studio.records import Frame
        >>> "No plan" in render_home(HomePage(Frame(())))
        True
    """
    cards = tuple(
        _Card(line, verdict_words(line.verdict, line.offers), line_value(line))
        for line in home.frame.plans
    )
    return framed("home.html", "home", home.frame, {"cards": cards})

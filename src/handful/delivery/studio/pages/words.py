"""Short wordings that several pages share: verdicts, days, how guardrails stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from handful.delivery.report.figures import MISSING, decimals, money_text
from handful.delivery.report.names import title_of
from handful.delivery.studio.pages.numbers import Document
from handful.delivery.studio.records import PlanLine
from handful.evidence.records import Estimate
from handful.guardrails.releasing import failed_of

_VERDICTS: Final = MappingProxyType(
    {
        "one_offer": "One offer for everybody",
        "handful": "A handful of offers",
        "no_offer": "No offer",
        "by_hand": "Decide by hand",
        "refused": "No decision",
    }
)
RAIL_SIGNS: Final = MappingProxyType(
    {"pass": "✓", "fail": "✗", "warn": "!", "answered": "!", "not_applicable": "–"}
)
RAIL_WORDS: Final = MappingProxyType(
    {
        "pass": "passed",
        "fail": "failed",
        "warn": "to watch",
        "answered": "failed, answered for",
        "not_applicable": "does not apply",
    }
)

_ORDER: Final = ("fail", "answered", "warn", "pass", "not_applicable")
"""What is in the way comes first."""


def verdict_words(kind: str, offers: int) -> str:
    """Return a verdict in a few words.

    Example:
        >>> verdict_words("handful", 3), verdict_words("one_offer", 1)
        ('A handful of offers: 3', 'One offer for everybody')
    """
    said = _VERDICTS[kind]
    return f"{said}: {offers}" if kind == "handful" else said


def when(at: str) -> str:
    """Return a time as people write it; the server keeps UTC and says so.

    Example:
        >>> when("2026-03-31T12:05:09Z")
        '31 March 2026, 12:05 UTC'
    """
    moment = datetime.fromisoformat(at)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def line_value(line: PlanLine) -> str:
    """Return a plan's value with its band, "n/a" where it has none."""
    if line.value is None or line.lo is None or line.hi is None or line.currency is None:
        return MISSING
    place = decimals([Estimate(line.value, 0.0, line.lo, line.hi)])
    value, lo, hi = (money_text(x, line.currency, place) for x in (line.value, line.lo, line.hi))
    return f"{value} ({lo} to {hi})"


@dataclass(frozen=True, slots=True)
class Rail:
    """A guardrail as a list shows it; `state` is a key of RAIL_WORDS."""

    at: int
    name: str
    measure: str
    state: str
    sign: str
    said: str
    advice: str
    planned: bool


def rails(document: Document, shown: Document) -> tuple[Rail, ...]:
    """Return the guardrails, those in the way first, then those to watch, then the others.

    Args:
        document: plan.json: its overrides say who answers for a failure.
        shown: the same, or the answer to a what-if.
    """
    answers = {
        o["name"]: f"Answered for by {o['by']}: {o['reason']}" for o in document["overrides"]
    }
    found = [_rail(at, rail, answers) for at, rail in enumerate(shown["guardrails"])]
    return tuple(sorted(found, key=lambda rail: _ORDER.index(rail.state)))


def _rail(at: int, rail: Document, answers: Mapping[str, str]) -> Rail:
    name = rail["name"]
    answered = rail["verdict"] == "fail" and name in answers
    state = "answered" if answered else rail["verdict"]
    return Rail(
        at=at,
        name=title_of(name),
        measure=rail["measure"],
        state=state,
        sign=RAIL_SIGNS[state],
        said=RAIL_WORDS[state],
        advice=answers[name] if answered else rail["remedy"],
        planned=rail.get("as_planned", True),
    )


def rails_line(document: Document) -> str:
    """Say in one line how the guardrails of a plan stand."""
    all_of = document["guardrails"]
    if not all_of:
        return "No guardrail looked at this plan."
    failed = failed_of(document)
    passed = sum(rail["verdict"] == "pass" for rail in all_of)
    watch = sum(rail["verdict"] == "warn" for rail in all_of)
    answered = sum(rail["verdict"] == "fail" for rail in all_of) - len(failed)
    counted = sum(rail["verdict"] in ("pass", "fail") for rail in all_of)
    parts = [f"{passed} of {counted} guardrails passed"]
    parts += [f"{len(failed)} failed"] if failed else []
    parts += [f"{answered} answered for by name"] if answered else []
    parts += [f"{watch} to watch"] if watch else []
    return ", ".join(parts) + "."


def menu_words(menu: Sequence[str], labels: Mapping[str, str]) -> str:
    """Return the offers of a menu by the names people gave them, in quotation marks.

    Example:
        >>> menu_words(["a", "b"], {"a": "Gift"})
        '“Gift” and “b”'
    """
    named = [f"“{labels.get(name, name)}”" for name in menu]
    return f"{', '.join(named[:-1])} and {named[-1]}" if len(named) > 1 else "".join(named)

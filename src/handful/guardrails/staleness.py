"""How old what a plan rests on is: the log, the consent table, the reviews.

A year old is a warning, past `guardrails.max_age` the plan is refused. The plan itself counts to
the day of `consent.as_of`, else to the latest day it knows of, so that the same data give the same
plan; whoever uses it counts again, to their own day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from handful.brief.reviews import Review
from handful.errors import Finding, Level
from handful.experiment.consent_records import ConsentGate
from handful.guardrails.results import GuardrailResult, GuardrailVerdict

if TYPE_CHECKING:
    # Who only counts an age again need not load all that a guardrail may read.
    from handful.guardrails.records import Facts

NAME: Final = "staleness"
OLD_DAYS: Final = 365
CONSENT: Final = "the consent table"
_LEVELS: Final[Mapping[GuardrailVerdict, Level]] = {"warn": "warn", "fail": "block"}


def check_staleness(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Return the age of the oldest thing the plan rests on; nothing where no day is known.

    Cost: O(n).
    """
    log, asked = facts.experiment, facts.asked
    if log.consent is None and not asked.reviews:
        return ()
    days: dict[str, date] = {}
    if log.time is not None and not np.isnat(log.time).all():
        days["the log"] = np.nanmax(log.time).astype("datetime64[D]").item()
    if log.consent is not None:
        days[CONSENT] = date.fromisoformat(log.consent.gate.register.facts.latest)
    reviews = {review.item: review.last for review in asked.reviews}
    given = None if facts.brief is None else facts.brief.consent.as_of
    latest = max([*days.values(), *reviews.values()])
    as_of = latest if given is None else date.fromisoformat(given[:10])
    late = overdue(asked.reviews, as_of)
    return (_result(days, as_of, asked.max_age, late),)


def overdue(reviews: Sequence[Review], today: date) -> tuple[Review, ...]:
    """Return the reviews whose day has passed, the longest overdue first.

    Args:
        reviews: the register.
        today: the day to count to.

    Example:
        >>> overdue([Review("texts", "Jo", date(2025, 1, 1), 365)], date(2026, 1, 1))
        ()
        >>> overdue([Review("texts", "Jo", date(2025, 1, 1), 365)], date(2026, 1, 2))[0].owner
        'Jo'
    """
    late = [review for review in reviews if (today - review.last).days > review.every]
    return tuple(sorted(late, key=lambda review: review.every - (today - review.last).days))


def stale_findings(
    document: Mapping[str, Any], today: date, fresh: ConsentGate | None = None
) -> tuple[Finding, ...]:
    """Count the age of a plan's sources again on the day it is used.

    Args:
        document: of plan.json.
        today: the day of use.
        fresh: consent of that day, in place of the plan's.

    Returns:
        G070, a warning past a year, a block past the plan's `max_age`; () without such a guardrail.
    """
    found = next((r for r in document["guardrails"] if r["name"] == NAME), None)
    if found is None:
        return ()
    days = {what: date.fromisoformat(day) for what, day in found["detail"]["latest"].items()}
    if fresh is not None:
        days[CONSENT] = date.fromisoformat(fresh.register.facts.latest)
    result = _result(days, today, found["bound"], ())
    if result.verdict not in _LEVELS:
        return ()
    answered = any(override["name"] == NAME for override in document["overrides"])
    level: Level = "warn" if answered else _LEVELS[result.verdict]
    ages = [f"{what} is {(today - day).days:,} days old" for what, day in days.items()]
    message = f"the plan is out of date: {', '.join(ages)}; more than {OLD_DAYS} are a warning and "
    message += f"more than {found['bound']:,.0f} too many."
    return (Finding("G070", level, message, result.remedy),)


def _result(
    days: Mapping[str, date], as_of: date, max_age: float, late: Sequence[Review]
) -> GuardrailResult:
    ages = {what: (as_of - day).days for what, day in days.items()}
    ages |= {f"the review of {review.item}": (as_of - review.last).days for review in late}
    oldest = max(ages, key=lambda what: ages[what], default="")
    age = ages.get(oldest, 0)
    verdict: GuardrailVerdict = "pass"
    remedy = "Everything the plan rests on is of the last year, and every review was held."
    if late or age > OLD_DAYS:
        named = "; ".join(f"{r.item} ({r.owner}, last {r.last.isoformat()})" for r in late)
        verdict = "fail" if age > max_age else "warn"
        remedy = f"Renew {oldest}." if age > OLD_DAYS else ""
        remedy += f" Reviews overdue: {named}." if late else ""
    return GuardrailResult(
        name=NAME,
        measure=f"days since the latest of {oldest}, the oldest of {len(ages)}"
        if ages
        else "days since the reviews",
        value=float(age),
        lo=None,
        hi=None,
        bound=float(max_age),
        verdict=verdict,
        remedy=remedy.strip(),
        detail={
            "as_of": as_of.isoformat(),
            "latest": {what: day.isoformat() for what, day in days.items()},
            "ages": ages,
            "warned_past": OLD_DAYS,
            "overdue": [review.item for review in late],
        },
    )

"""handful review: what is due, and does the proof still hold?"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import click

from handful.cli.console import Console
from handful.cli.flags import common_flags, console
from handful.errors import EXIT_OK, EXIT_WARNED, BriefError, DataError, blocked

EPILOG = "Example: handful review --verify plan --consent consent.csv"


@click.command(epilog=EPILOG)
@click.option("--due", "brief", type=click.Path(path_type=Path), help="Brief: reviews overdue?")
@click.option("--as-of", "day", help="The day to count to, such as 2026-03-31.  [default: today]")
@click.option("--verify", "plan", type=click.Path(path_type=Path), help="Plan: proofs intact?")
@click.option("--consent", help="With --verify: the consent table of today, to check against.")
@common_flags
def review(brief: Path | None, day: str | None, plan: Path | None, consent: str | None) -> int:
    """Look after a plan: are reviews due, and does the proof of respect still hold?

    With --due, exits with 1 when a review of the brief is overdue. With --verify, checks the parts
    of a plan, its consent certificate and the audit file beside it; exits with 2 on any edit, and
    when somebody who refuses was used.
    """
    if brief is None and plan is None:
        raise click.UsageError("Give --due BRIEF or --verify PLAN.")
    speak = console()
    if plan is not None:
        _verify(plan, consent, speak)
    return EXIT_OK if brief is None else _due(brief, day, speak)


def _due(brief: Path, day: str | None, speak: Console) -> int:
    """List the reviews of a brief, overdue ones first; tell the exit code."""
    from handful.brief.reader import read_brief
    from handful.guardrails.staleness import overdue

    today = datetime.now(tz=UTC).date() if day is None else _day(day)
    reviews = read_brief(brief).guardrails.reviews
    late = overdue(reviews, today)
    speak.emit({"as_of": today.isoformat(), "reviews": reviews, "overdue": late})
    for one in late:
        days = (today - one.last).days - one.every
        speak.say(f"OVERDUE by {days:,} days: {one.item} ({one.owner}, last {one.last})")
    for one in reviews:
        if one not in late:
            left = one.every - (today - one.last).days
            speak.say(f"due in {left:,} days: {one.item} ({one.owner}, last {one.last})")
    if not reviews:
        speak.say("No review is named under [[guardrails.reviews]].")
    return EXIT_WARNED if late else EXIT_OK


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"expected --as-of as a day such as 2026-03-31, found {text!r}."
        raise BriefError(blocked("G080", message, "Write year, month and day.")) from None


def _verify(plan: Path, consent: str | None, speak: Console) -> None:
    """Check every proof of a plan; all that is wrong is raised together."""
    from handful.delivery.verifying import verify_plan

    found = verify_plan(plan, consent)
    if found.findings:
        raise DataError(found.findings)
    speak.emit({"plan": str(plan), "checked": found.checked})
    for what in found.checked:
        speak.say(f"ok: {what}")

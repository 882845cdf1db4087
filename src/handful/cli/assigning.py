"""handful assign: who gets which, for any number of customers."""

from __future__ import annotations

from pathlib import Path

import click

from handful.cli.bars import progress_for
from handful.cli.flags import common_flags, console

EPILOG = "Example: handful assign plan customers.parquet --out who.csv"


@click.command(epilog=EPILOG)
@click.argument("plan", type=click.Path(path_type=Path))
@click.argument("customers", type=str)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="FILE.parquet or FILE.csv; readable by its owner only.",
)
@click.option(
    "--customer",
    help="Column of customer ids.  [default: the brief's, else row numbers]",
)
@click.option(
    "--consent",
    help="The consent table of today.  [default: as it was when the plan was made]",
)
@click.option(
    "--contacts",
    help="Messages of all programmes up to today, for a plan that caps them.",
)
@click.option(
    "--campaign",
    is_flag=True,
    help="The list is the whole campaign: keep the limits exactly, scaled to it.",
)
@common_flags
def assign(  # noqa: PLR0913 - one parameter for each option of the command
    plan: Path,
    customers: str,
    out: Path,
    customer: str | None,
    consent: str | None,
    contacts: str | None,
    campaign: bool,
) -> int:
    """Who gets which, for any number of customers, in bounded memory.

    Columns are matched by name. In a csv, text cells that begin with = + - @ get an apostrophe,
    so that no spreadsheet runs them; parquet keeps them as they are.
    """
    from handful.delivery.campaign_file import decide_campaign
    from handful.delivery.deciding import Today, decide_file
    from handful.delivery.release import record_use
    from handful.delivery.stored import read_plan

    speak = console()
    progress = progress_for(quiet=speak.quiet)
    stored = read_plan(plan)
    decide = decide_campaign if campaign else decide_file
    today = Today(consent, contacts)
    result = decide(stored, customers, out, customer=customer, today=today, progress=progress)
    record_use(stored.folder, "assign", {"customers": result.customers})
    speak.emit({"out": str(out)} | {"decided": result})
    speak.list_findings(result.findings)
    speak.say(f"{result.customers:,} customers:")
    for offer, count in result.offers.items():
        speak.say(f"  {offer}: {count:,}")
    for use in result.limits:
        side = use.kind.replace("_", " ")
        said = f"{use.used:,.10g} of {side} {use.bound:,.10g}"
        if use.kind == "within":
            said = f"{round(use.used, 4) + 0.0:.4g} apart, within {use.bound:.4g}"
        speak.say(f"  {use.name}: {said} on this list")
    speak.say(f"Wrote {out}")
    return speak.exit_code(result.findings)

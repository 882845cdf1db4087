"""handful export: the plan in a form that other systems read."""

from __future__ import annotations

from pathlib import Path

import click

from handful.cli.flags import common_flags, console

EPILOG = "Example: handful export plan --to sql --out policy.sql"


@click.command(epilog=EPILOG)
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--to", "form", required=True, metavar="FORMAT", help="sql or csv.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="File to write.")
@click.option(
    "--table",
    default="customers",
    show_default=True,
    help="Table of customers that the SQL reads.",
)
@click.option(
    "--destination",
    help="Where a csv goes: google, meta, linkedin, ...; refused where an audience is too small.",
)
@click.option(
    "--match-rate",
    type=float,
    default=1.0,
    show_default=True,
    help="Share of customers that the destination recognises.",
)
@common_flags
def export(
    plan: Path, form: str, out: Path, table: str, destination: str | None, match_rate: float
) -> int:
    """Take a plan elsewhere: the policy as SQL, or who gets which as a csv.

    The SQL decides as `handful assign` does where the policy is a rule or additive; otherwise it
    holds the rule, and says what that loses. The csv holds the customers of the log.
    """
    from handful.delivery.exporting import Destination, export_plan
    from handful.delivery.release import record_use
    from handful.delivery.stored import read_plan

    speak = console()
    folder = plan.parent if plan.name == "plan.json" else plan
    to = None if destination is None else Destination(destination, match_rate)
    done = export_plan(read_plan(plan), folder, form, out, table=table, destination=to)
    facts = {"form": done.form, "holds": done.holds, "destination": destination}
    record_use(folder, "export", facts)
    speak.emit({"out": str(out)} | {"exported": done})
    speak.list_findings(done.findings)
    speak.say(f"Wrote {done.holds} to {out}")
    return speak.exit_code(done.findings)

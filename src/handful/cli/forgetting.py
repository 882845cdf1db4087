"""handful forget: a person taken out of every file of ours."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from handful.cli.flags import common_flags, console

EPILOG = "Example: handful forget C-1042 --in plans --in exports"


@click.command(epilog=EPILOG)
@click.argument("customer", type=str)
@click.option(
    "--in",
    "folders",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="Folder to look through; give it as often as needed.",
)
@common_flags
def forget(customer: str, folders: tuple[Path, ...]) -> int:
    """Remove a person from every file that handful wrote about persons.

    With - in place of CUSTOMER the id is read from standard input, so that no history keeps it.
    Your own log and consent table are not touched; the last lines say which they are.
    """
    from handful.delivery.forgetting import forget as erase

    speak = console()
    name = sys.stdin.readline().rstrip("\n") if customer == "-" else customer
    done = erase(name, folders)
    speak.emit(done)
    if not done.removed:
        speak.say("This customer is in no file of ours there.")
    for file, rows in done.removed:
        speak.say(f"removed from {file}: {rows}")
    for plan in done.replan:
        speak.say(f"plan again: {plan} was made from a log with this customer")
    for source in done.sources:
        speak.say(f"yours to change: {source}")
    return speak.exit_code(())

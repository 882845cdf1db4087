"""handful serve: the studio, where plans are looked at, tried, reviewed, released and served."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from handful.cli.flags import common_flags, console
from handful.errors import EXIT_OK, MachineError, blocked

if TYPE_CHECKING:
    from handful.delivery.studio.shelf import Shelf

EPILOG = "Example: handful serve plan"


@click.command(epilog=EPILOG)
@click.argument(
    "plans", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="PLAN..."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="Port; 0 takes any that is free.",
)
@click.option(
    "--store",
    help="sqlite:///FILE or postgresql://...  [default: a file beside the first plan]",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    help="File with a token that everybody must give; needed where others can reach the address.",
)
@click.option("--name", "names", multiple=True, help="A further name the studio is reached by.")
@click.option("--open", "browse", is_flag=True, help="Open the studio in the browser.")
@common_flags
def serve(  # noqa: PLR0913 - one argument for each option
    plans: tuple[Path, ...],
    host: str,
    port: int,
    store: str | None,
    token_file: Path | None,
    names: tuple[str, ...],
    browse: bool,
) -> int:
    """Open the studio: try a plan, review it, release it, serve it.

    Runs until it is stopped (Ctrl-C). Only this machine can reach it, unless --host says otherwise.
    """
    try:
        from handful.delivery.studio import serving
    except ImportError as error:
        name = (error.name or "").partition(".")[0]
        if name not in {"apsw", "msgspec", "starlette", "uvicorn"}:
            raise
        message = f"the studio needs {name}, which is not installed."
        remedy = 'Run pip install "handful[serve]".'
        raise MachineError(blocked("X906", message, remedy)) from None
    speak = console()

    def ready(address: str, shelf: Shelf) -> None:
        shown = [{"plan": one.id, "name": one.name} for one in shelf.plans.values()]
        speak.emit({"address": address, "plans": shown, "refused": shelf.refused})
        for folder in shelf.refused:
            for found in folder.findings:
                speak.say(f"Not shown: {folder.name}. {found.code}: {found.message} {found.remedy}")
        speak.say(f"The studio is at {address} ({len(shown)} plans); stop it with Ctrl-C.")
        sys.stdout.flush()
        if browse:
            webbrowser.open(address)

    serving.serve(serving.Wanted(plans, host, port, store, token_file, names), ready)
    return EXIT_OK

"""handful init: a commented first brief, guessed from a data file."""

from __future__ import annotations

import os
from pathlib import Path

import click

from handful.cli.flags import common_flags, console
from handful.errors import BriefError, blocked

EPILOG = "Example: handful init log.csv.gz --out handful.toml"


@click.command(epilog=EPILOG)
@click.argument("data", type=str)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("handful.toml"),
    show_default=True,
    help="The brief to write; never overwritten.",
)
@common_flags
def init(data: str, out: Path) -> int:
    """Write a commented handful.toml guessed from a data file.

    Says what it guessed; read the file and correct it before you plan.
    """
    from handful.brief.starter import starter_brief
    from handful.delivery.files import publish_file
    from handful.experiment.profile import profile_source

    speak = console()
    _refuse_to_overwrite(out)
    columns = profile_source(data)
    starter = starter_brief(source_from(data, out), columns)
    with publish_file(out) as staging:
        _refuse_to_overwrite(out)
        staging.write_text(starter.text, encoding="utf-8")
    speak.emit({"brief": str(out), "guesses": starter.guesses})
    speak.say(f"Wrote {out}. What it guessed:")
    for guess in starter.guesses:
        speak.say(f"  {guess}")
    speak.say(f"Read it, correct it, then: handful check {out}")
    return speak.exit_code(())


def _refuse_to_overwrite(out: Path) -> None:
    if out.exists():
        raise BriefError(
            blocked(
                "F806",
                f"Expected no file called {out}, found one.",
                "Give another --out, or remove the file first.",
            )
        )


def source_from(data: str, brief: Path) -> str:
    """Write a data path as the brief will look it up: relative to the brief's folder.

    Args:
        data: as typed; a URL-like source or an absolute path stays as it is.
        brief: where the brief will be.

    Returns:
        The `source` of the brief.

    Example:
        >>> source_from("data/log.csv", Path("briefs/handful.toml"))
        '../data/log.csv'
    """
    if "://" in data or Path(data).is_absolute():
        return data
    return Path(os.path.relpath(data, brief.parent)).as_posix()

"""The application: commands in groups, errors as findings, exit codes of the contract."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import NoReturn

import click

import handful
from handful.cli.assigning import assign
from handful.cli.checking import check
from handful.cli.console import as_json, printable, show_findings
from handful.cli.demonstrating import demo
from handful.cli.evaluating import evaluate
from handful.cli.planning import plan
from handful.cli.starting import init
from handful.errors import EXIT_ENVIRONMENT, EXIT_OK, EXIT_USAGE, HandfulError, blocked

_SECTIONS: Mapping[str, tuple[click.Command, ...]] = {
    "Start": (demo, init),
    "Decide": (check, plan),
    "Use": (assign, evaluate),
}


class GroupedCommands(click.Group):
    """A click group whose help lists the commands under headings."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one definition list per section.

        Args:
            ctx: click's context.
            formatter: where the help goes.
        """
        width = formatter.width - 16
        for title, commands in _SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(str(c.name), c.get_short_help_str(limit=width)) for c in commands]
                )


@click.group(
    cls=GroupedCommands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: handful demo",
)
@click.version_option(handful.__version__, prog_name="handful")
def application() -> None:
    """Which few offers to run, for whom, and what that is worth: from a randomised experiment."""


for _commands in _SECTIONS.values():
    for _command in _commands:
        application.add_command(_command)


def run(arguments: Sequence[str]) -> int:
    """Run one command and tell its exit code; errors become messages.

    Args:
        arguments: the words after `handful`.

    Returns:
        0 ok; 1 warnings under --strict or an unmet --expect; 2 bad data; 3 bad usage or brief;
        4 environment, an interruption or an unexpected error.

    Example:
        >>> run(["--version"])
        handful, version 0.1.0
        0
    """
    try:
        outcome = application.main(list(arguments), prog_name="handful", standalone_mode=False)
    except HandfulError as error:
        return _refused(error, machine="--json" in arguments)
    except click.UsageError as error:
        error.show()
        return EXIT_USAGE
    except click.ClickException as error:
        error.show()
        return EXIT_ENVIRONMENT
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped before the end; nothing was left half-written.", err=True)
        return EXIT_ENVIRONMENT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except Exception as error:  # noqa: BLE001 - the last resort: one clear message, no traceback
        return _unexpected(error, debug="--debug" in arguments, machine="--json" in arguments)
    return outcome if isinstance(outcome, int) else EXIT_OK


def _refused(error: HandfulError, *, machine: bool) -> int:
    """Show every finding of a refusal."""
    if machine:
        click.echo(as_json({"verdict": {"kind": "refused"}, "findings": error.findings}))
    else:
        show_findings(error.findings, err=True)
    return error.exit_code


def _unexpected(error: Exception, *, debug: bool, machine: bool) -> int:
    """Say what went wrong in one finding; the traceback only under --debug."""
    if debug:
        traceback.print_exception(error)
    what = printable(" ".join(str(error).split()))[:200] or type(error).__name__
    if isinstance(error, MemoryError):
        finding = blocked(
            "X901",
            "Expected enough memory for the job; the machine has none left.",
            "Close other programs, or plan on a sample of rows first (where in the brief).",
        )
    elif isinstance(error, OSError):
        finding = blocked(
            "X902",
            f"The system refused an operation: {what}.",
            "Check the path, the permissions and the free space, then run again.",
        )
    else:
        finding = blocked(
            "X903",
            f"Something unexpected went wrong ({type(error).__name__}: {what}).",
            "Run again with --debug for the details, and please report it.",
        )
    if machine:
        click.echo(as_json({"verdict": {"kind": "refused"}, "findings": [finding]}))
    else:
        show_findings([finding], err=True)
    return EXIT_ENVIRONMENT


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main() -> NoReturn:
    """Run `handful` on the words of the command line."""
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(run(sys.argv[1:]))

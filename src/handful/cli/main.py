"""Runs a command: errors become findings, findings become exit codes of the contract."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from handful.errors import (
    EXIT_ENVIRONMENT,
    EXIT_OK,
    EXIT_USAGE,
    HandfulError,
    MachineError,
    blocked,
)

_interruptions: list[int] = []
"""Signals received: engines turn an interruption into errors of their own."""


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
        return _run(arguments)
    except KeyboardInterrupt:
        return _stopped()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except Exception as error:  # noqa: BLE001 - the last resort: one clear message, no traceback
        if _interruptions:
            return _stopped()
        return _unexpected(error, debug="--debug" in arguments, machine="--json" in arguments)


def _run(arguments: Sequence[str]) -> int:
    """Run one command; loads the application here, so that even its loading can be interrupted."""
    import click

    from handful.cli.application import application

    try:
        outcome = application.main(list(arguments), prog_name="handful", standalone_mode=False)
    except HandfulError as error:
        if _interruptions:
            return _stopped()
        return _refused(error, machine="--json" in arguments)
    except click.UsageError as error:
        error.show()
        return EXIT_USAGE
    except click.ClickException as error:
        error.show()
        return EXIT_ENVIRONMENT
    except click.Abort:
        return _stopped()
    return outcome if isinstance(outcome, int) else EXIT_OK


def _stopped() -> int:
    sys.stderr.write("Stopped before the end; nothing was left half-written.\n")
    return EXIT_ENVIRONMENT


def _refused(error: HandfulError, *, machine: bool) -> int:
    """Show every finding of a refusal."""
    from handful.cli.console import print_json, show_findings

    if machine:
        print_json({"verdict": {"kind": "refused"}, "findings": error.findings})
    else:
        show_findings(error.findings, err=True)
    return error.exit_code


def _unexpected(error: Exception, *, debug: bool, machine: bool) -> int:
    """Say what went wrong in one finding; the traceback only under --debug."""
    from handful.cli.console import printable

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
            f"Something unexpected went wrong ({type(error).__name__}{_place(error)}).",
            "Run again with --debug for the details, and please report it.",
        )
    return _refused(MachineError(finding), machine=machine)


def _place(error: Exception) -> str:
    """Return where in the code an accident happened; never its words, which may hold a row."""
    steps = traceback.extract_tb(error.__traceback__)
    return f" at {Path(steps[-1].filename).name}:{steps[-1].lineno}" if steps else ""


def _stop(received: int, _frame: FrameType | None) -> NoReturn:
    _interruptions.append(received)
    raise KeyboardInterrupt


def main() -> NoReturn:
    """Run `handful` on the words of the command line."""
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(run(sys.argv[1:]))

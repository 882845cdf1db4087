"""The flags that every command takes, kept beside the command's own arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from handful.cli.console import Console

AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])

_META = "handful."
_FLAGS = (
    ("--json", "as_json", "Print one JSON document for machines, nothing else."),
    ("--quiet", "quiet", "Print errors only."),
    ("--strict", "strict", "Exit with 1 when there are warnings."),
    ("--debug", "debug", "Show the traceback of an unexpected error."),
)


def common_flags(function: AnyFunction) -> AnyFunction:
    """Add --json, --quiet, --strict and --debug to a command; read them with `console()`.

    Args:
        function: the command's function.

    Returns:
        The function with the options attached.
    """
    for flag, name, text in reversed(_FLAGS):
        option = click.option(
            flag, name, is_flag=True, help=text, expose_value=False, callback=_keep
        )
        function = option(function)
    return function


def _keep(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    context.meta[f"{_META}{parameter.name}"] = value


def console() -> Console:
    """Build the console of the running command from its flags.

    Returns:
        How the command speaks.
    """
    meta = click.get_current_context().meta
    return Console(
        as_json=bool(meta[f"{_META}as_json"]),
        quiet=bool(meta[f"{_META}quiet"]),
        strict=bool(meta[f"{_META}strict"]),
    )

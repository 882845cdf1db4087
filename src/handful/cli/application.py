"""The application: six commands in three groups."""

from __future__ import annotations

from collections.abc import Mapping

import click

import handful
from handful.cli.assigning import assign
from handful.cli.checking import check
from handful.cli.demonstrating import demo
from handful.cli.evaluating import evaluate
from handful.cli.exporting import export
from handful.cli.forgetting import forget
from handful.cli.planning import plan
from handful.cli.reporting import report
from handful.cli.reviewing import review
from handful.cli.rolling import rollout
from handful.cli.serving import serve
from handful.cli.sizing import size
from handful.cli.starting import init

_SECTIONS: Mapping[str, tuple[click.Command, ...]] = {
    "Start": (demo, init, size),
    "Decide": (check, plan),
    "Use": (serve, report, assign, export, evaluate),
    "Look after": (rollout, review, forget),
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

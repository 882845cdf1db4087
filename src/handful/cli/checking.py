"""handful check: can this log carry a decision?"""

from __future__ import annotations

from pathlib import Path

import click

from handful.cli.bars import progress_for
from handful.cli.console import Console
from handful.cli.flags import common_flags, console
from handful.errors import EXIT_DATA

EPILOG = "Example: handful check handful.toml"


@click.command(epilog=EPILOG)
@click.argument("brief", type=click.Path(path_type=Path))
@common_flags
def check(brief: Path) -> int:
    """Can this log carry a decision? All findings at once.

    Exit code 2 when a finding blocks, 1 under --strict when there are warnings.
    """
    from handful.brief.reader import read_brief
    from handful.experiment.checks import check_experiment
    from handful.experiment.log import load_experiment

    out = console()
    wanted = read_brief(brief)
    experiment = load_experiment(wanted, progress=progress_for(quiet=out.quiet))
    result = check_experiment(experiment, wanted)
    refused = any(finding.level == "block" for finding in result.findings)
    kind = {"verdict": {"kind": "refused"}} if refused else {}
    out.emit({**kind, "rows": experiment.n_rows, "findings": result.findings})
    out.list_findings(result.findings, err=False)
    _conclude(out, refused=refused, rows=experiment.n_rows, offers=experiment.n_offers)
    return EXIT_DATA if refused else out.exit_code(result.findings)


def _conclude(out: Console, *, refused: bool, rows: int, offers: int) -> None:
    subject = f"{rows:,} rows, {offers} offers"
    if refused:
        out.say(f"{subject}: this log cannot carry a decision until the blocks are gone.")
    else:
        out.say(f"{subject}: this log can carry a decision.")

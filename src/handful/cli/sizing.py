"""handful size: everything to know before the experiment is run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from handful.cli.bars import progress_for
from handful.cli.console import Console
from handful.cli.flags import common_flags, console
from handful.errors import EXIT_WARNED
from handful.sizing.hashing import Dialect

if TYPE_CHECKING:
    from handful.brief.size_request import SizeRequest
    from handful.delivery.sizing_assign import Grouping
    from handful.progress import Progress
    from handful.sizing.records import Sizing

EPILOG = "Example: handful size size.toml --out size"


@click.command(epilog=EPILOG)
@click.argument("brief", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for size.json, design.csv and size.html; with --assign FILE.csv or FILE.parquet.",
)
@click.option("--dry-run", is_flag=True, help="Plan simulated experiments of the planned size.")
@click.option(
    "--runs", type=click.IntRange(min=2), default=10, show_default=True, help="Of the dry run."
)
@click.option("--assign", "customers", help="A list of customers: give each an offer to try.")
@click.option("--customer", default="customer_id", show_default=True, help="Its column of ids.")
@click.option("--cluster", help="Its column of clusters, which get the same offer.")
@click.option("--strata", multiple=True, help="A column to deal offers out within; repeatable.")
@click.option(
    "--hash",
    "dialect",
    type=click.Choice(get_args(Dialect)),
    default="handful",
    show_default=True,
    help="Whose assignment hash.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed.")
@common_flags
def size(  # noqa: PLR0913 - one argument per option
    brief: Path,
    out: Path | None,
    dry_run: bool,
    runs: int,
    customers: str | None,
    customer: str,
    cluster: str | None,
    strata: tuple[str, ...],
    dialect: Dialect,
    seed: int,
) -> int:
    """Before the experiment: how many rows, which offers to try, and does it pay.

    The brief needs a [size] table and no log; with a log, what is not stated is read from it.
    Exit code 1 when the launch does not pay within the horizon.
    """
    from handful.brief.size_request import read_size_request
    from handful.delivery.sizing_assign import Grouping

    speak = console()
    if customers is not None and out is None:
        raise click.UsageError("--assign needs --out FILE.csv or FILE.parquet.")
    request = read_size_request(brief)
    found = _sized(request, seed, progress_for(quiet=speak.quiet), runs if dry_run else None)
    if customers is not None and out is not None:
        grouping = Grouping(customer, cluster, strata)
        salt = request.brief.size.salt
        return _assign(found, (customers, out), grouping, (dialect, salt), speak)
    return _tell(found, out, speak)


def _sized(request: SizeRequest, seed: int, progress: Progress, runs: int | None) -> Sizing:
    from handful.cli.planning import checked_experiment
    from handful.sizing.dry_run import dry_run
    from handful.sizing.run import shares_of, size_experiment

    log = checked_experiment(request.brief, progress) if request.has_log else None
    found = size_experiment(request.brief, log, random_state=seed, progress=progress)
    if runs is None:
        return found
    tried = dry_run(
        found.facts,
        shares_of(found),
        found.needs,
        runs,
        random_state=seed,
        progress=progress,
    )
    return replace(found, dry_run=tried)


def _tell(found: Sizing, out: Path | None, speak: Console) -> int:
    """Print, write the folder where asked for, and tell the exit code."""
    from handful.delivery.sizing_folder import publish_sizing
    from handful.delivery.sizing_json import sizing_document
    from handful.delivery.sizing_words import size_lines

    if out is not None:
        publish_sizing(found, out)
    speak.emit(sizing_document(found))
    speak.list_findings(found.findings)
    for line in size_lines(found):
        speak.say(line)
    if out is not None:
        speak.say(f"Read {out / 'size.html'}")
    blocks = any(finding.level == "block" for finding in found.findings)
    return EXIT_WARNED if blocks else speak.exit_code(found.findings)


def _assign(
    found: Sizing,
    paths: tuple[str, Path],
    grouping: Grouping,
    words: tuple[Dialect, str | None],
    speak: Console,
) -> int:
    from handful.delivery.sizing_assign import words_of, write_assignment

    source, out = paths
    done = write_assignment(found, source, out, grouping, words_of(found, *words))
    speak.emit({"out": str(out), "assigned": done})
    speak.list_findings(done.findings)
    speak.say(f"{done.customers:,} customers:")
    for name, count in done.offers.items():
        speak.say(f"  {name}: {count:,} (probability {done.propensity[name]:.4g})")
    speak.say(f"Shares are as asked for (p = {done.check.p_value:.2g} over {done.check.units:,}).")
    speak.say(f"Wrote {out}")
    return speak.exit_code(done.findings)

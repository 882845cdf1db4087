"""handful plan: the main job."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from handful.cli.bars import progress_for
from handful.cli.console import Console
from handful.cli.flags import common_flags, console
from handful.errors import EXIT_WARNED, DataError
from handful.evidence.records import VerdictKind

if TYPE_CHECKING:
    from handful.brief.schema import Brief
    from handful.experiment.records import Experiment
    from handful.planning.records import Plan
    from handful.progress import Progress

EPILOG = "Example: handful plan handful.toml --out plan --seed 0"


@click.command(epilog=EPILOG)
@click.argument("brief", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for plan.json, report.html, policy/ and assignments.parquet.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed.")
@click.option(
    "--expect",
    type=click.Choice([kind for kind in get_args(VerdictKind) if kind != "refused"]),
    help="Exit with 1 when the verdict is another.",
)
@click.option(
    "--minimise",
    is_flag=True,
    help="Find the fewest features that keep 95 % of the gain; takes several times as long.",
)
@click.option(
    "--no-studio",
    is_flag=True,
    help="Keep nothing that what-if questions are answered from.",
)
@common_flags
def plan(
    brief: Path, out: Path, seed: int, expect: str | None, minimise: bool, no_studio: bool
) -> int:
    """The main job: how many offers, which, for whom, and what that is worth.

    Refuses, and writes nothing, when a check blocks.
    """
    from handful.brief.reader import read_brief

    asked = read_brief(brief)
    if minimise:
        asked = replace(asked, guardrails=replace(asked.guardrails, minimise=True))
    if no_studio:
        asked = replace(asked, evidence=replace(asked.evidence, studio=False))
    return plan_and_publish(asked, out, seed, expect)


def plan_and_publish(brief: Brief, out: Path, seed: int, expect: str | None = None) -> int:
    """Check, plan, write and sum up; the folder appears whole or not at all.

    Args:
        brief: what the person asks for.
        out: the plan folder.
        seed: of everything that draws.
        expect: the verdict asked for.

    Returns:
        The exit code.

    Raises:
        DataError: every finding, when a check blocks.
    """
    from handful.delivery.files import publish_folder
    from handful.delivery.plan_folder import write_plan
    from handful.delivery.release import certify, record_plan
    from handful.experiment.log import load_experiment
    from handful.planning.run import make_plan

    speak = console()
    progress = progress_for(quiet=speak.quiet)
    with publish_folder(out) as staging:
        experiment = load_experiment(brief, progress=progress)
        made = make_plan(experiment, brief=brief, random_state=seed, progress=progress)
        document = write_plan(made, staging, experiment.features, experiment.stratum)
        certify(made, staging, out)
    record_plan(made, brief, out, document)
    speak.emit(document)
    return _sum_up(made, out, speak, expect)


def checked_experiment(brief: Brief, progress: Progress) -> Experiment:
    """Load the log and check it; all findings travel in the error when one blocks.

    Args:
        brief: what the person asks for.
        progress: where to report.

    Returns:
        The experiment, less the features that the checks dropped.

    Raises:
        DataError: every finding, when one blocks.
    """
    from handful.experiment.checks import check_experiment
    from handful.experiment.log import load_experiment

    experiment = load_experiment(brief, progress=progress)
    result = check_experiment(experiment, brief)
    if any(finding.level == "block" for finding in result.findings):
        raise DataError(result.findings)
    return result.experiment


def _sum_up(made: Plan, out: Path, speak: Console, expect: str | None) -> int:
    """Print findings and the summary; tell the exit code."""
    from handful.delivery.summary import summary_lines

    speak.list_findings(made.findings)
    for line in summary_lines(made, out):
        speak.say(line)
    if made.failed:
        if speak.quiet:
            names = ", ".join(result.name for result in made.failed)
            click.echo(f"Not releasable, guardrails failed: {names}.", err=True)
        return EXIT_WARNED
    if expect is not None and made.verdict.kind != expect:
        click.echo(f"Expected the verdict {expect}, found {made.verdict.kind}.", err=True)
        return EXIT_WARNED
    return speak.exit_code(made.findings)

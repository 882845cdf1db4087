"""handful evaluate: what any policy is worth on the log."""

from __future__ import annotations

from pathlib import Path

import click

from handful.cli.bars import progress_for
from handful.cli.flags import common_flags, console
from handful.cli.planning import checked_experiment

EPILOG = "Example: handful evaluate handful.toml --policy who.csv --json"


@click.command(epilog=EPILOG)
@click.argument("brief", type=click.Path(path_type=Path))
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(path_type=Path),
    required=True,
    help="csv or parquet with the columns customer and offer.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed.")
@common_flags
def evaluate(brief: Path, policy_file: Path, seed: int) -> int:
    """What ANY policy is worth on the log, beside the references.

    The file names an offer for every customer; without a customer column in the brief, one for
    every row of the log in its order.
    """
    from handful.brief.reader import read_brief
    from handful.delivery.evaluated import evaluation_document, evaluation_lines
    from handful.delivery.policy_file import read_policy_file
    from handful.planning.evaluate import evaluate_policy
    from handful.planning.policy_points import OnPoints

    speak = console()
    progress = progress_for(quiet=speak.quiet)
    wanted = read_brief(brief)
    experiment = checked_experiment(wanted, progress)
    policy = read_policy_file(policy_file, experiment, wanted.experiment.customer)
    result = evaluate_policy(
        experiment,
        OnPoints(policy.offers, policy.points),
        folds=wanted.evidence.folds,
        repetitions=wanted.evidence.repetitions,
        random_state=seed,
        progress=progress,
    )
    speak.list_findings(policy.findings)
    speak.emit(evaluation_document(result) | {"findings": policy.findings})
    for line in evaluation_lines(result, experiment.currency):
        speak.say(line)
    return speak.exit_code(policy.findings)

"""handful rollout: may the next wave begin?"""

from __future__ import annotations

from pathlib import Path

import click

from handful.cli.flags import common_flags, console
from handful.errors import EXIT_OK, EXIT_WARNED

EPILOG = "Example: handful rollout plan --results sales.csv --wave 1"


@click.command(epilog=EPILOG)
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--results", required=True, help="Table with an id and the profit of each customer.")
@click.option("--wave", type=int, help="Wave that is weighed, in the column wave.  [default: all]")
@click.option("--customer", default="customer", show_default=True, help="Column of ids.")
@click.option("--profit", default="profit", show_default=True, help="Column of money.")
@common_flags
def rollout(plan: Path, results: str, wave: int | None, customer: str, profit: str) -> int:
    """May the next wave begin? Weigh a wave's results against the holdout.

    Exits with 0 when the gain over the held-out customers is shown to be above zero, with 1 when it
    is not (yet), or when the programme loses money.
    """
    from handful.delivery.gating import weigh_results
    from handful.delivery.release import record_use
    from handful.delivery.stored import read_plan

    speak = console()
    stored = read_plan(plan)
    gate = weigh_results(stored, results, (customer, profit), wave)
    said = {"wave": wave, "answer": gate.answer, "gain": gate.gain.value}
    record_use(stored.folder, "rollout", said)
    speak.emit({"wave": wave} | {"gate": gate})
    currency = stored.document["experiment"]["currency"]
    speak.say(
        f"{gate.treated:,} customers in the programme, {gate.held:,} held out: gain "
        f"{gate.gain.value:.3f} {currency} per customer ({gate.gain.lo:.3f} to {gate.gain.hi:.3f})."
    )
    if gate.promised is not None:
        agree = f"they differ by {'no ' if gate.agrees else ''}more than chance"
        speak.say(
            f"The plan promised {gate.promised.value:.3f} ({gate.promised.lo:.3f} to "
            f"{gate.promised.hi:.3f}): {agree}."
        )
    answers = {
        "open": "Open the next wave: the programme earns more than no offer.",
        "wait": "Wait: no gain is shown yet. Collect more results before the next wave.",
        "stop": "Stop: the programme earns less than no offer.",
    }
    speak.say(answers[gate.answer])
    return EXIT_OK if gate.answer == "open" else EXIT_WARNED

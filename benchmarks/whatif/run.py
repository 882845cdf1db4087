"""How long what-if questions take: CPU seconds, and as a multiple of one pass over the data.

python benchmarks/whatif/run.py      writes benchmarks/whatif/results/questions.csv

The large log is a plan of 20,000 simulated customers whose rows are repeated 50 times: questions
cost what rows, offers and splits cost, whatever is in them. One pass reads every prediction once.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path

import numpy as np

from handful.brief.reader import read_brief
from handful.evidence.whatif_records import KeptSplit
from handful.experiment.log import load_experiment
from handful.experiment.records import Slope
from handful.experiment.simulate import simulate
from handful.planning.run import make_plan, plan
from handful.planning.settings import PlanSettings
from handful.planning.whatif import Question, ask
from handful.planning.whatif_judge import changed_sums, choices_at
from handful.planning.whatif_records import WhatIf

RESULTS = Path(__file__).parent / "results" / "questions.csv"
TIMES = 50


def hillstrom() -> WhatIf:
    """Plan the e-mail test that ships with handful."""
    brief = read_brief(Path(str(files("handful.data"))) / "hillstrom.toml")
    found = make_plan(load_experiment(brief), brief=brief).whatif
    if found is None:
        raise ValueError("the plan kept nothing")
    return found


def large() -> WhatIf:
    """Plan 20,000 customers and 8 offers, and repeat the rows 50 times."""
    log = simulate("types", n=20_000, offers=8, random_state=1).experiment
    log = replace(log, slopes=(Slope("margin", 0.5, log.profit / 0.5),))
    found = plan(log, setup_cost=100.0, settings=PlanSettings(repetitions=2)).whatif
    if found is None:
        raise ValueError("the plan kept nothing")
    return repeated(found)


def repeated(whatif: WhatIf) -> WhatIf:
    """Return what was kept with every row 50 times over, its sums written anew."""
    n = whatif.log.n_rows
    index = np.tile(np.arange(n), TIMES)
    log = replace(whatif.log.take(index), cluster=np.arange(n * TIMES))
    kept = whatif.kept
    other = replace(
        whatif,
        log=log,
        columns=tuple(column[index] for column in whatif.columns),
        terms=replace(whatif.terms, fallback=whatif.terms.fallback[index]),
        assigned=whatif.assigned[index],
        slope_rows=tuple(rows[index] for rows in whatif.slope_rows),
        kept=replace(
            kept,
            own=None if kept.own is None else kept.own[:, index],
            splits=tuple(_repeated(split, index) for split in kept.splits),
        ),
        cache={},
    )
    sums = changed_sums(other, other.terms, choices_at(other, other.terms))
    sums_kept = replace(other.kept, means=sums.means, clipped=sums.clipped, follows=sums.follows)
    return replace(other, kept=sums_kept, cache={})


def _repeated(split: KeptSplit, index: np.ndarray) -> KeptSplit:
    return replace(
        split,
        fold=split.fold[index],
        predicted=np.ascontiguousarray(split.predicted[:, index]),
        codes=split.codes[:, index],
    )


def questions(whatif: WhatIf) -> Iterator[tuple[str, list[Question]]]:
    """Yield what is asked: name, and several questions of the kind, none asked before."""
    yield "as planned, first question", [Question()]
    yield "number of offers", [Question(offers=k) for k in (2, 3)]
    base = whatif.planned.uniform or 0.0
    yield "set-up cost", [Question(setup_cost=base + c) for c in (11.0, 503.0, 5_003.0)]
    people = whatif.planned.people
    yield "population", [Question(population=people * x) for x in (0.9, 0.5, 0.1)]
    if whatif.assumptions:
        first = whatif.assumptions[0]
        asked = [{first.name: first.at * x} for x in (0.8, 0.95, 1.1)]
        yield "assumption", [Question(assumptions=a) for a in asked]
    name = next(n for g, n in enumerate(whatif.log.offers) if g != whatif.log.control)
    asked = [people * x for x in (0.2, 0.3)]
    yield "capacity", [Question(capacities={name: most}) for most in asked]


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds of a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def one_pass(whatif: WhatIf) -> float:
    """Return the CPU seconds of reading every prediction of every split once."""
    return cpu(lambda: [split.predicted.max(axis=0).sum() for split in whatif.kept.splits])


def main() -> None:
    """Time every kind of question on both logs."""
    rows = []
    for name, make in (("hillstrom", hillstrom), ("repeated", large)):
        whatif = make()
        read = one_pass(whatif)
        ask(whatif, Question(setup_cost=1.0))  # lays the rows out, once for a plan
        for kind, asked in questions(whatif):
            worst = max(cpu(partial(ask, whatif, question)) for question in asked)
            size = f"{whatif.log.n_rows} x {whatif.log.n_offers}"
            rows.append((name, size, kind, f"{worst:.3f}", f"{worst / read:.1f}"))
            print(*rows[-1], sep=", ")
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("log", "size", "question", "worst_cpu_seconds", "passes"))
        writer.writerows(rows)


if __name__ == "__main__":
    main()

"""The execution scorecard: on time, in stock, without defects, each against its bound.

A rate read off the log passes where its whole Wilson interval is on the good side of the bound, and
fails where its value is on the wrong one; between, it is unknown. Cost O(n).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from handful.brief.execution import ExecutionSpec
from handful.evidence.ratios import clustered_share
from handful.evidence.records import Estimate
from handful.evidence.stage_records import Execution
from handful.experiment.records import Experiment

HIGHER_IS_BETTER: Final = frozenset({"on_time"})


def scorecard(experiment: Experiment, asked: ExecutionSpec) -> tuple[Execution, ...]:
    """Return every measure of [execution]; those not known name the key that is missing.

    Args:
        experiment: with the rates that are read off the log.
        asked: the [execution] table.

    Cost: O(n).

    Example:
        >>> from handful.experiment.simulate import simulate
        >>> log = simulate("null", n=400).experiment
        >>> [found.verdict for found in scorecard(log, ExecutionSpec(on_time=0.99))]
        ['pass', 'unknown', 'unknown']
    """
    read = {amount.name: amount.values for amount in experiment.execution}
    found = []
    for name, measure, bound in asked.measures:
        if isinstance(measure, float):
            rate: Estimate | None = Estimate(measure, 0.0, measure, measure)
        elif name in read and np.isfinite(read[name]).any():
            counted = np.isfinite(read[name])
            rate = clustered_share(read[name][counted], experiment.cluster[counted])
        else:
            rate = None
        found.append(_judged(name, rate, bound))
    return tuple(found)


def _judged(name: str, rate: Estimate | None, bound: float) -> Execution:
    said = name.replace("_", " ")
    if rate is None:
        remedy = f"Not known: add execution.{name}, a share or SQL over the log's columns."
        return Execution(name, None, bound, "unknown", remedy)
    better = name in HIGHER_IS_BETTER
    passed = rate.lo >= bound if better else rate.hi <= bound
    failed = rate.value < bound if better else rate.value > bound
    if passed:
        return Execution(name, rate, bound, "pass", "Keep it there.")
    if failed:
        return Execution(name, rate, bound, "fail", f"Mend the rate {said} before anything else.")
    return Execution(name, rate, bound, "unknown", "The log is too small to tell: count more.")

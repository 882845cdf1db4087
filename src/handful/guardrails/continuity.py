"""Does the service remember its customers: how many would get another offer than the plan before?

The earlier plan's policy decides for the customers of the log, and so does this one; the share for
whom the two differ is bounded by guardrails.max_changed. Cost: one assignment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from handful.errors import DataError, MachineError
from handful.evidence.ratios import clustered_share
from handful.experiment.records import Experiment
from handful.guardrails.records import Facts
from handful.guardrails.results import GuardrailResult
from handful.notation import BoolArray, IntArray
from handful.policy.artefact import read_policy
from handful.policy.policy import UNKNOWN_STRATUM, assign
from handful.policy.records import Policy

NAME: Final = "continuity"
MEASURE: Final = "share of customers who would get another offer than under the plan before"


def check_continuity(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Return the share of customers whose offer changed; nothing where no plan is named.

    Cost: one assignment of the log.
    """
    asked = facts.asked
    if facts.brief is None or asked.previous is None:
        return ()
    folder = Path(facts.brief.folder, asked.previous)
    try:
        changed = _changed(facts, read_policy(folder / "policy"))
    except (DataError, MachineError) as error:
        remedy = f"The plan at guardrails.previous cannot be compared: {error.findings[0].message}"
        result = GuardrailResult(NAME, MEASURE, None, None, None, None, "warn", remedy)
        return (result,)
    share = clustered_share(changed.astype(np.float64), facts.experiment.cluster)
    bound = asked.max_changed
    kept = bound is None or share.value <= bound
    remedy = (
        "Most customers keep what they know."
        if kept
        else "Keep the plan before, or raise guardrails.max_changed: too many would notice."
    )
    if bound is None:
        remedy = "Told for the record: set guardrails.max_changed to bound it."
    return (
        GuardrailResult(
            NAME,
            MEASURE,
            share.value,
            share.lo,
            share.hi,
            bound,
            "pass" if kept else "fail",
            remedy,
        ),
    )


def _changed(facts: Facts, before: Policy) -> BoolArray:
    """Return (n,) whether a customer's offer differs, by name."""
    log = facts.experiment
    ids = None if before.chance is None else log.customers.tolist()
    then = assign(before, log.features, _strata_of(log, before), ids).offer
    was = np.array(before.model.offers, dtype=object)[then]
    now = np.array(facts.policy.model.offers, dtype=object)[facts.assignment.offer]
    changed: BoolArray = was != now
    return changed


def _strata_of(log: Experiment, before: Policy) -> IntArray:
    """Return (n,) the strata of the log in the codes of the plan before."""
    if len(before.strata) == 1:
        return np.zeros(log.n_rows, np.int64)
    known = {label: code for code, label in enumerate(before.strata)}
    codes = np.array([known.get(label, UNKNOWN_STRATUM) for label in log.strata], dtype=np.int64)
    found: IntArray = codes[log.stratum]
    return found

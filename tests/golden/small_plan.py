"""A small plan with everything in it, its numbers as text, and the command that records them.

python tests/golden/small_plan.py      records tests/golden/small-plan.json anew
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np

from handful.experiment.simulate import SCENARIOS, simulate
from handful.planning.records import Plan
from handful.planning.run import plan
from handful.planning.settings import PlanSettings

RECORDED = Path(__file__).with_name("small-plan.json")

LOG = replace(
    SCENARIOS["types"],
    offers=4,
    categories=1,
    missing=0.05,
    cluster_size=2,
    strata=2,
    closed_cell=True,
    unequal_shares=True,
)

PARTS = (
    "heterogeneity",
    "reference",
    "frontier",
    "ladder",
    "verdict",
    "segments",
    "tails",
    "valuation",
)


def make_small_plan() -> Plan:
    log = simulate(LOG, n=2500, random_state=7).experiment
    asked = PlanSettings(repetitions=2, engaged="x1", direct_mail=("x2", "group1"))
    return plan(log, max_offers=4, setup_cost=20.0, settings=asked, random_state=7)


def numbers(found: Plan) -> dict[str, object]:
    """Every number and word of a plan by its path, and what the policy gives, in short."""
    leaves: dict[str, object] = {}
    for part in PARTS:
        _collect(getattr(found, part), part, leaves)
    given = np.bincount(found.assignment.offer, minlength=len(found.policy.model.offers))
    _collect(given.tolist(), "given", leaves)
    leaves["expected_profit"] = float(found.assignment.expected_profit.mean())
    return leaves


def _collect(value: object, path: str, leaves: dict[str, object]) -> None:
    if is_dataclass(value):
        for field in fields(value):
            _collect(getattr(value, field.name), f"{path}.{field.name}", leaves)
    elif isinstance(value, tuple | list):
        leaves[f"{path}.length"] = len(value)
        for at, inner in enumerate(value):
            _collect(inner, f"{path}[{at}]", leaves)
    else:
        leaves[path] = value


if __name__ == "__main__":
    text = json.dumps(numbers(make_small_plan()), indent=1, ensure_ascii=False)
    RECORDED.write_text(text + "\n", encoding="utf-8")

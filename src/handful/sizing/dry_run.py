"""The dry run: customers drawn as the brief describes them, and handful's own plan made of each.

Drawn at the planned size; above `MOST_ROWS` fewer rows are drawn with effects scaled up by
sqrt(planned / drawn), which every test here sees alike: precision and learning depend on effect x
sqrt(rows) alone. Profit is then drawn as normal of the same spread. Cost: two plans a run.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import numpy as np
from scipy.stats import beta

from handful.notation import FloatArray
from handful.planning.records import Plan
from handful.planning.run import make_plan
from handful.planning.settings import PlanSettings
from handful.progress import SILENT, Progress
from handful.sizing.records import DryRun, Facts, Need, Rate
from handful.sizing.world import World, draw_world

MOST_ROWS: Final = 8_000
RUNS: Final = 10
LEAST_FEATURES: Final = 4
"""With fewer the effects of two offers would share a feature, and not be independent."""

HALF: Final = 0.05
"""Share of the level on either side of an interval, twice."""

_SETTINGS: Final = PlanSettings(ladder=False, repetitions=2)


def dry_run(
    facts: Facts,
    shares: FloatArray,
    needs: tuple[Need, ...],
    runs: int = RUNS,
    *,
    random_state: int = 0,
    progress: Progress = SILENT,
) -> DryRun:
    """Plan simulated experiments of the planned size, with effects as stated and with none.

    Args:
        facts: what the experiment is sized from.
        shares: (G,) of the offers.
        needs: the answers; the largest number of rows is drawn.
        runs: experiments of each kind.
        random_state: seed.
        progress: told of every plan.

    Returns:
        How often each verdict came out, with intervals.

    Cost: 2 runs plans.
    """
    planned = max(need.rows or 0 for need in needs)
    rows = min(planned, MOST_ROWS)
    rows += -rows % facts.cluster_size
    scale = math.sqrt(max(planned / rows, 1.0))
    true = world_of(facts, shares, scale)
    same = replace(true, spread=(0.0,) * facts.n_offers)
    progress.start("dry run", 2 * runs)
    plans: list[Plan] = []
    nulls: list[Plan] = []
    for run in range(runs):
        for world, kept in ((true, plans), (same, nulls)):
            drawn = draw_world(world, rows, random_state * 10_000 + run)
            kept.append(make_plan(drawn.experiment, settings=_SETTINGS, random_state=run))
            progress.advance()
    progress.finish()
    return DryRun(rows, scale, _rates(plans, nulls, _powers(facts, needs)), _note(rows, scale))


def world_of(facts: Facts, shares: FloatArray, scale: float = 1.0) -> World:
    """Return customers with the stated gain in the pair of offers that a menu would hold.

    Example:
        >>> import numpy as np
        >>> facts = Facts(("none", "mail"), 0.0, 1.0, 0.2, 0.1, 0.05)
        >>> world_of(facts, np.array([0.5, 0.5])).gain
        (0.0, 0.2)
    """
    gain, spread = np.zeros(facts.n_offers), np.zeros(facts.n_offers)
    gain[1:3] = facts.gain * scale
    spread[1:3] = facts.spread * scale
    return World(
        offers=facts.offers,
        shares=tuple(float(share) for share in shares),
        gain=tuple(map(float, gain)),
        spread=tuple(map(float, spread)),
        baseline=facts.baseline,
        sd=facts.sd,
        margin=facts.margin if scale == 1.0 else None,
        features=max(facts.features, LEAST_FEATURES),
        explained=facts.explained,
        icc=facts.icc,
        cluster_size=facts.cluster_size,
    )


def _powers(facts: Facts, needs: tuple[Need, ...]) -> dict[str, float]:
    """Return what each rate is expected to be at least, at the rows of the largest question."""
    return {need.question: need.power for need in needs}


def _rates(plans: list[Plan], nulls: list[Plan], power: dict[str, float]) -> tuple[Rate, ...]:
    told = [plan.verdict.kind != "no_offer" for plan in plans]
    known = [plan.heterogeneity.p_value for plan in plans]
    differs = [p is not None and p < 0.05 for p in known]
    handful = [plan.verdict.kind == "handful" for plan in plans]
    false = [plan.verdict.kind == "handful" for plan in nulls]
    return (
        rate("an offer is found better than none", told, power.get("best offer")),
        rate("customers are found to differ", differs, power.get("heterogeneity")),
        rate("a handful is found better than one offer", handful, power.get("menu of two")),
        rate("a handful is found where nobody differs", false, 0.05),
    )


def rate(name: str, hits: list[bool], expected: float | None) -> Rate:
    """Return a share with its 95 % interval of Clopper and Pearson.

    Example:
        >>> found = rate("seen", [True] * 8 + [False] * 2, 0.8)
        >>> found.value, round(found.lo, 2), round(found.hi, 2)
        (0.8, 0.44, 0.97)
    """
    k, n = sum(hits), len(hits)
    lo = float(beta.ppf(HALF / 2, k, n - k + 1)) if k else 0.0
    hi = float(beta.ppf(1 - HALF / 2, k + 1, n - k)) if k < n else 1.0
    return Rate(name, k, n, lo, hi, expected)


def _note(rows: int, scale: float) -> str:
    if scale <= 1.0 + 1e-9:
        return f"{rows:,} customers drawn in each experiment, as many as planned."
    return (
        f"{rows:,} customers drawn in each experiment, with effects {scale:.3g} times as large: as "
        "precise as the planned number, and quicker."
    )

"""Limits on the page: what each allows, uses and costs, and the value of a larger budget."""

from __future__ import annotations

import math
from typing import Any, Final

import altair as alt

from handful.delivery.limit_words import limit_words
from handful.delivery.report.drawing import PAPER, WIDE, configured
from handful.delivery.report.figures import MISSING, Figure, Interval, money, plain
from handful.delivery.report.tables import Cell, Column, Row, Table
from handful.planning.records import Plan

FEWEST_POINTS: Final = 3
"""Budgets that a curve is drawn through, at least."""


def limits_words(plan: Plan) -> tuple[str, ...]:
    """Return a sentence for every limit, and one on how good the assignment is."""
    return tuple(limit_words(plan, use) for use in plan.constraints)


def constraints_table(plan: Plan) -> Table:
    """Return the limits of the brief, what the plan uses of them and their prices."""
    rows = []
    for at, limit in enumerate(plan.constraints):
        field, places = f"constraints.{at}", 4 if limit.unit in ("share", "difference") else 0
        why = "the limit does not bind"
        price: Figure = (
            Figure(MISSING, None, f"{field}.shadow_price", None, why)
            if limit.shadow_price is None
            else money(plan, f"{field}.shadow_price", 4)
        )
        held: Cell = _interval(plan, f"{field}.held_out", places, limit.held_out is not None)
        alone = _one(plan, f"{field}.by_prices.value", places, limit.by_prices is not None)
        bound, used = (plain(plan, f"{field}.{key}", places) for key in ("bound", "used"))
        side = {"at_least": "at least", "within": "within"}.get(limit.kind, "at most")
        rows.append(Row((limit.name, side, bound, limit.unit, used, held, alone, price)))
    columns = (
        Column("Limit of a campaign"),
        Column("Side"),
        Column("Bound", numeric=True),
        Column("Unit"),
        Column("Used, as expected", numeric=True),
        Column("Used, held out", numeric=True),
        Column("By prices alone", numeric=True),
        Column("One more unit is worth", numeric=True),
    )
    return Table("constraints", "Limits set in the brief", columns, tuple(rows))


def _interval(plan: Plan, field: str, places: int, known: bool) -> Cell:
    if not known:
        return _one(plan, field, places, known)
    ends = (plain(plan, f"{field}.{end}", places) for end in ("value", "lo", "hi"))
    return Interval(*ends)


def _one(plan: Plan, field: str, places: int, known: bool) -> Figure:
    if known:
        return plain(plan, field, places)
    return Figure(MISSING, None, field, None, "nothing to hold out")


def has_curve(plan: Plan) -> bool:
    """Return whether there are budgets enough to draw."""
    return plan.allocation is not None and len(plan.allocation.budget_curve) >= FEWEST_POINTS


def budget_spec(plan: Plan, width: int) -> dict[str, Any]:
    """Return held-out value per customer against the budget of a campaign; the brief's is ringed.

    Args:
        plan: with a budget curve.
        width: pixels.

    Returns:
        A Vega-Lite specification.
    """
    curve = () if plan.allocation is None else plan.allocation.budget_curve
    brief = next((use.bound for use in plan.constraints if use.name == "budget"), math.nan)
    rows = [
        {"budget": p.budget, "value": p.value, "lo": p.lo, "hi": p.hi, "brief": p.budget == brief}
        for p in curve
    ]
    currency = plan.experiment.currency
    title = f"Budget of a campaign, {currency}"
    across = alt.X(
        "budget:Q",
        scale=alt.Scale(nice=False, padding=12),
        axis=alt.Axis(title=title, grid=False, tickCount=5, format=",.0f"),
    )
    axis = alt.Axis(title=f"{currency} per customer", domain=False, ticks=False, tickCount=5)
    scale = alt.Scale(zero=False, nice=False, padding=14)
    base = alt.Chart({"values": rows}).encode(x=across)
    line = base.encode(y=alt.Y("value:Q", scale=scale, axis=axis))
    ring = line.mark_point(color=PAPER["plan"], opacity=1, size=320, strokeWidth=2)
    layers = [
        base.mark_area(color=PAPER["band"]).encode(y=alt.Y("lo:Q", scale=scale), y2="hi:Q"),
        line.mark_line(color=PAPER["plan"], strokeWidth=2.5),
        line.mark_point(color=PAPER["plan"], fill=PAPER["plan"], opacity=1, size=60),
        ring.transform_filter("datum.brief"),
    ]
    return configured(layers, width, 320 if width == WIDE else 300)

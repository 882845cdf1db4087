"""What the page says of variety: net values, stock to order, and the rule that says the plan."""

from __future__ import annotations

from typing import Any, Final

import altair as alt

from handful.delivery.report.drawing import PAPER
from handful.delivery.report.figures import decimals, interval, money, plain, share, significant
from handful.delivery.report.tables import Cell, Column, Row, Table
from handful.delivery.report.wording import Sentence
from handful.planning.records import Plan

COSTS: Final = (
    ("setup_cost", "Set-up cost"),
    ("content_cost", "Content"),
    ("holding_cost", "Stock"),
    ("running_cost", "Deciding and data"),
)


def costs_shown(plan: Plan) -> tuple[tuple[str, str], ...]:
    """Return (field, title) of the costs of a menu: set-up always, others where there are any."""
    return COSTS[:1] + tuple(
        (field, title)
        for field, title in COSTS[1:]
        if any(getattr(point, field) for point in plan.frontier)
    )


def cost_cells(plan: Plan, at: int, places: int) -> tuple[Cell, ...]:
    """Return the costs of one menu, each with two digits at least."""
    return tuple(
        money(
            plan,
            f"frontier.{at}.{field}",
            max(places, significant(getattr(point, field) for point in plan.frontier)),
        )
        for field, _ in costs_shown(plan)
    )


def has_costs(plan: Plan) -> bool:
    """Tell whether running a menu costs anything."""
    return any(point.cost for point in plan.frontier)


def net_layers(base: alt.Chart, scale: alt.Scale) -> list[Any]:
    """Return the net values of the frontier: a thin line with squares below the values."""
    down = alt.Y("net:Q", scale=scale)
    line = base.mark_line(color=PAPER["plan"], strokeWidth=1.3, strokeDash=[2, 2])
    point = base.mark_point(
        color=PAPER["plan"], fill=PAPER["paper"], opacity=1, shape="square", size=40
    )
    return [line.encode(y=down), point.encode(y=down)]


def supply_table(plan: Plan) -> Table | None:
    """Return what to order of each offer and what to expect of it; None without stock."""
    if plan.supply is None:
        return None
    rows = tuple(
        Row(
            (
                variant.offer,
                *(
                    plain(plan, f"supply.variants.{at}.{field}", 0)
                    for field in ("demand", "order", "leftover", "short")
                ),
            )
        )
        for at, variant in enumerate(plan.supply.variants)
    )
    columns = (
        Column("Offer"),
        Column("Expected demand", numeric=True),
        Column("Best order", numeric=True),
        Column("Expected left over", numeric=True),
        Column("Expected short", numeric=True),
    )
    return Table("supply", "What to order for one campaign, units", columns, rows)


def supply_words(plan: Plan) -> Sentence:
    """Compare leftover and stock-out with the plan that gives everybody one offer."""
    if plan.supply is None:
        return ()
    left, short = plan.supply.leftover_over_single, plan.supply.short_over_single
    return (
        "Against one offer for everybody the plan leaves ",
        _change(left.value, left.lo, left.hi),
        " units over and falls ",
        _change(short.value, short.lo, short.hi),
        " units short, on average. The intervals are those of the offers' shares, "
        "which the log can only sample.",
    )


def _change(value: float, lo: float, hi: float) -> str:
    def said(number: float) -> str:
        return f"{number:+,.0f}".replace("-", "−").replace("+0", "0").replace("−0", "0")

    return said(value) if lo == hi else f"{said(value)} ({said(lo)} to {said(hi)})"


def rule_words(plan: Plan) -> Sentence:
    """Say whether a rule decides, how often it agrees with the predictions and what it loses."""
    if plan.rule is None:
        return ()
    places = decimals([plan.rule.loss])
    lead = (
        f"A rule of at most {plan.rule.depth} questions decides in this plan. "
        if plan.rule.decides
        else f"The plan in a rule of at most {plan.rule.depth} questions would be a little "
        "different. "
    )
    return (
        lead,
        "Learned on other customers, it gives ",
        share(plan, "rule.fidelity.value"),
        " of customers what the predictions would give them. What is lost that way: ",
        interval(plan, "rule.loss", places),
        " per customer.",
        "" if plan.allocation is None else " The rule knows nothing of the limits.",
    )

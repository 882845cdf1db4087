"""What the page says of variety: net values, stock to order, and the rule that says the plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import altair as alt

from handful.delivery.report.drawing import PAPER
from handful.delivery.report.figures import decimals, interval, money, plain, share, significant
from handful.delivery.report.tables import Cell, Column, Row, Table
from handful.delivery.report.wording import Sentence
from handful.evidence.records import VariantFacts
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
    more = _more_of_supply(plan)
    rows = tuple(
        Row(
            (
                variant.offer,
                *(
                    plain(plan, f"supply.variants.{at}.{field}", 0)
                    for field in ("demand", "order", "leftover", "short")
                ),
                *(plain(plan, f"supply.variants.{at}.{f}", *how) for f, _, how in more),
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
        *(Column(title, numeric=True) for _, title, _ in more),
    )
    return Table("supply", "What to order for one campaign, units", columns, rows)


def _more_of_supply(plan: Plan) -> tuple[tuple[str, str, tuple[Any, ...]], ...]:
    """Return (field, title, how it is written) of what the brief says of supply besides."""
    variants = () if plan.supply is None else plan.supply.variants
    none = "the brief sets no such limit"
    known: tuple[tuple[str, str, tuple[Any, ...], bool], ...] = (
        ("ahead", "Fixed so long before", (1,), any(v.ahead != 1.0 for v in variants)),
        (
            "at_least",
            "Customers at least",
            (0, none),
            any(v.at_least is not None for v in variants),
        ),
        ("at_most", "Customers at most", (0, none), _any(variants, "at_most")),
    )
    return tuple((field, title, how) for field, title, how, shown in known if shown)


def _any(variants: Sequence[VariantFacts], field: str) -> bool:
    return any(getattr(variant, field) is not None for variant in variants)


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
        " units short, on average. ",
        *_money_words(plan),
        "The intervals are those of the offers' shares, which the log can only sample.",
    )


def _money_words(plan: Plan) -> Sentence:
    """Say what splitting the stock costs, and what is wasted."""
    found = plan.supply
    if found is None or found.pooling_loss is None or found.waste_over_single is None:
        return ()
    places = decimals([found.pooling_loss, found.waste_over_single])
    return (
        "Stock split over the offers costs ",
        interval(plan, "supply.pooling_loss", places),
        " more a campaign than one pool would; of that, units left over lose ",
        interval(plan, "supply.waste_over_single", places),
        " more. ",
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

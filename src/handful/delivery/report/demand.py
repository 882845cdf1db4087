"""Willingness to pay on the page: small multiples over the prices tried, and the premiums."""

from __future__ import annotations

from typing import Any, Final, Literal

import altair as alt

from handful.delivery.report.drawing import PAPER, WIDE, small_multiples
from handful.delivery.report.figures import count, decimals, interval, plain
from handful.delivery.report.tables import Cell, Column, Row, Table
from handful.evidence.records import DemandPoint
from handful.planning.records import Plan

Measure = Literal["take_up", "margin"]

_PER_ROW: Final = 3
_PANEL: Final = 200


def segments_shown(plan: Plan) -> tuple[str, ...]:
    """Return the segments that demand is drawn for, everybody first."""
    if plan.demand is None:
        return ()
    return tuple(dict.fromkeys(point.segment for point in plan.demand.points))


def demand_spec(plan: Plan, measure: Measure, width: int) -> dict[str, Any]:
    """Return take-up, or margin x take-up, against the prices tried: one panel a segment.

    Points are prices that were tried; their bands hold for all points of the drawing at once, and
    the line between them only leads the eye.

    Args:
        plan: with demand.
        measure: take_up or margin.
        width: pixels of the whole drawing.

    Returns:
        A Vega-Lite specification.
    """
    names = segments_shown(plan)
    columns = min(_PER_ROW, len(names)) if width == WIDE else 1
    room = (width - 70 - 62 * (columns - 1)) // columns
    points = () if plan.demand is None else plan.demand.points
    known = [(p, e) for p in points if (e := getattr(p, measure)) is not None]
    low = min((e.lo for _, e in known), default=0.0)
    high = max((e.hi for _, e in known), default=1.0)
    scale = alt.Scale(domain=[min(low, 0.0), high], nice=True)
    titles = {
        "take_up": "Take-up",
        "margin": f"Margin x take-up, {plan.experiment.currency} per customer",
    }
    price = "" if plan.demand is None else plan.demand.price
    panels = [
        _panel(points, name, measure, scale, (price, titles[measure] if at % columns == 0 else ""))
        .properties(width=room, height=_PANEL, title=name)
        for at, name in enumerate(names)
    ]  # fmt: skip
    return small_multiples(panels, columns)


def _panel(
    points: tuple[DemandPoint, ...],
    segment: str,
    measure: Measure,
    scale: alt.Scale,
    titles: tuple[str, str],
) -> Any:  # noqa: ANN401 - a layered chart
    rows = [
        {"price": p.price, "value": e.value, "lo": e.lo, "hi": e.hi}
        for p in points
        if p.segment == segment and (e := getattr(p, measure)) is not None
    ]
    across = alt.X(
        "price:Q",
        scale=alt.Scale(zero=False, padding=12),
        axis=alt.Axis(title=titles[0], grid=False, tickCount=4),
    )
    down = alt.Axis(title=titles[1] or None, tickCount=5, domain=False, ticks=False)
    base = alt.Chart({"values": rows}).encode(x=across)
    value = alt.Y("value:Q", scale=scale, axis=down)
    return alt.layer(
        base.mark_rule(color=PAPER["plan"], strokeWidth=2).encode(
            y=alt.Y("lo:Q", scale=scale), y2="hi:Q"
        ),
        base.mark_line(color=PAPER["plan"], strokeWidth=1.3, strokeDash=[3, 3]).encode(y=value),
        base.mark_point(color=PAPER["plan"], fill=PAPER["plan"], opacity=1, size=50).encode(
            y=value
        ),
    )


def demand_table(plan: Plan) -> Table | None:
    """Return every segment at every price: take-up and margin x take-up with bands."""
    if plan.demand is None:
        return None
    points = plan.demand.points
    takes = decimals(p.take_up for p in points if p.take_up is not None)
    margins = decimals(p.margin for p in points if p.margin is not None)
    rows = tuple(
        Row(
            (
                point.segment,
                plain(plan, f"demand.points.{at}.price", 2),
                _take_up(point, takes),
                "n/a: too few customers"
                if point.margin is None
                else interval(plan, f"demand.points.{at}.margin", margins),
            )
        )
        for at, point in enumerate(points)
    )
    columns = (
        Column("Segment"),
        Column(plan.demand.price.capitalize(), numeric=True),
        Column("Take-up, held out"),
        Column("Margin × take-up per customer, held out"),
    )
    return Table("demand", "Demand at the prices tried", columns, rows)


def _take_up(point: DemandPoint, places: int) -> Cell:
    if point.take_up is None:
        return "n/a: too few customers"
    value, lo, hi = (
        f"{number:.{max(places, 0)}f}"
        for number in (point.take_up.value, point.take_up.lo, point.take_up.hi)
    )
    return f"{value} ({lo} to {hi})"


def premium_table(plan: Plan) -> Table | None:
    """Return what each personalised offer earns over the standard one, refused ones marked."""
    if plan.demand is None or not plan.demand.premiums:
        return None
    found = plan.demand.premiums
    places = decimals(premium.gain for premium in found)
    rows = tuple(
        Row(
            (
                premium.offer,
                premium.standard,
                count(plan, f"demand.premiums.{at}.customers"),
                interval(plan, f"demand.premiums.{at}.gain", places),
                "refused" if premium.refused else "kept",
            )
        )
        for at, premium in enumerate(found)
    )
    columns = (
        Column("Offer"),
        Column("Against the standard"),
        Column("Customers of the log", numeric=True),
        Column("Margin × take-up over the standard’s", numeric=True),
        Column("As a product of its own"),
    )
    return Table("premiums", "Premium of each personalised offer, held out", columns, rows)

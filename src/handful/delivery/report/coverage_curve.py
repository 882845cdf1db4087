"""The coverage-profit curve: held-out profit as the floor rises, beside the menus' frontier."""

from __future__ import annotations

from typing import Any

import altair as alt
from markupsafe import Markup

from handful.delivery.report.drawing import NARROW, PAPER, WIDE, configured, svg
from handful.delivery.report.figures import decimals, interval, money, share
from handful.delivery.report.section import Chart
from handful.delivery.report.tables import Column, Row, Table
from handful.evidence.coverage_records import CurvePoint
from handful.planning.records import Plan


def _points(plan: Plan) -> tuple[CurvePoint, ...]:
    return () if plan.coverage is None else plan.coverage.curve


def curve_chart(plan: Plan) -> Chart:
    """Return the drawing in two sizes."""
    points = _points(plan)
    place = max(decimals([point.value for point in points]), 0)
    description = (
        f"Held-out profit per customer in {plan.experiment.currency}, from "
        f"{points[0].value.value:.{place}f} where {points[0].coverage:.0%} are covered to "
        f"{points[-1].value.value:.{place}f} where {points[-1].coverage:.0%} are, with a band; "
        "a dashed line for the best menu without a floor."
    )
    sizes = [
        svg(curve_spec(plan, width), f"covered-{width}", "What coverage costs", description)
        for width in (WIDE, NARROW)
    ]
    return Chart(Markup(sizes[0]), Markup(sizes[1]))  # noqa: S704 - escaped by the drawing


def curve_spec(plan: Plan, width: int) -> dict[str, Any]:
    """Return held-out profit against the share covered; a dashed line marks the best of the menus.

    Args:
        plan: with a curve of two points or more.
        width: pixels.

    Returns:
        A Vega-Lite specification.
    """
    rows = [
        {"covered": p.coverage, "value": p.value.value, "lo": p.value.lo, "hi": p.value.hi}
        for p in _points(plan)
    ]
    across = alt.X(
        "covered:Q",
        scale=alt.Scale(nice=False, padding=12),
        axis=alt.Axis(
            title="Customers with an acceptable offer", grid=False, tickCount=5, format=".0%"
        ),
    )
    title = f"{plan.experiment.currency} per customer"
    axis = alt.Axis(title=title, domain=False, ticks=False, tickCount=5)
    scale = alt.Scale(zero=False, nice=False, padding=14)
    base = alt.Chart({"values": rows}).encode(x=across)
    line = base.encode(y=alt.Y("value:Q", scale=scale, axis=axis))
    best = max(plan.frontier, key=lambda point: point.value)
    mark = alt.Chart({"values": [{"at": best.value, "name": f"best menu of {best.offers}"}]})
    across_all = mark.encode(y=alt.Y("at:Q", scale=scale, axis=axis))
    layers = [
        base.mark_area(color=PAPER["band"]).encode(
            y=alt.Y("lo:Q", scale=scale, axis=axis), y2="hi:Q"
        ),
        across_all.mark_rule(color=PAPER["quiet"], strokeDash=[8, 4], strokeWidth=1.3),
        across_all.mark_text(
            color=PAPER["quiet"], align="left", baseline="bottom", dx=6, dy=-4, fontSize=12
        ).encode(x=alt.value(0), text="name:N"),
        line.mark_line(color=PAPER["plan"], strokeWidth=2.5),
        line.mark_point(color=PAPER["plan"], fill=PAPER["plan"], opacity=1, size=60),
    ]
    return configured(layers, width, 320 if width == WIDE else 300)


def curve_table(plan: Plan) -> Table:
    """Return the points of the curve: floor, coverage, profit, what the floor costs."""
    points = _points(plan)
    places = decimals([point.value for point in points])
    rows = tuple(
        Row(
            (
                share(plan, f"coverage.curve.{at}.floor"),
                share(plan, f"coverage.curve.{at}.coverage"),
                interval(plan, f"coverage.curve.{at}.value", places),
                interval(plan, f"coverage.curve.{at}.cost", places),
                money(plan, f"coverage.curve.{at}.claimed", places),
            )
        )
        for at in range(len(points))
    )
    columns = (
        Column("Floor", numeric=True),
        Column("Covered", numeric=True),
        Column("Profit, held out", numeric=True),
        Column("Cost of the floor", numeric=True),
        Column("Profit, claimed", numeric=True),
    )
    return Table("coverage-curve", "Profit by coverage floor", columns, rows)

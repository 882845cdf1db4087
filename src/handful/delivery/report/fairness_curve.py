"""The price of fairness as a drawing: value and differences against the bounds."""

from __future__ import annotations

from typing import Any, Final

import altair as alt
from markupsafe import Markup

from handful.delivery.report.drawing import NARROW, PAPER, WIDE, small_multiples, svg
from handful.delivery.report.figures import Interval, decimals, interval, money, plain
from handful.delivery.report.section import Chart
from handful.delivery.report.tables import Column, Row, Table
from handful.evidence.records import Estimate
from handful.guardrails.fairness_records import FairPoint
from handful.planning.records import Plan

MOST_PANELS: Final = 2
"""Differences drawn besides value and cost, the dearest; the table has all of them."""


def times_text(point: FairPoint) -> str:
    """Return how wide the bounds of a point are.

    Example:
        >>> from handful.evidence.records import Estimate
        >>> zero = Estimate(0.0, 0.0, 0.0, 0.0)
        >>> times_text(FairPoint(0.5, zero, zero, ())), times_text(FairPoint(None, zero, zero, ()))
        ('0.5 ×', 'none')
    """
    return "none" if point.times is None else f"{point.times:g} ×"


def curve_chart(plan: Plan) -> Chart:
    """Return the drawing in two sizes."""
    points = () if plan.fairness is None else plan.fairness.curve
    said = ", ".join(times_text(point) for point in points)
    description = f"Value per customer and differences between groups with bounds {said}."
    title = "The price of fairness"
    sizes = [
        svg(curve_spec(plan, width), f"fair-{width}", title, description)
        for width in (WIDE, NARROW)
    ]
    return Chart(Markup(sizes[0]), Markup(sizes[1]))  # noqa: S704 - escaped by the drawing


def curve_spec(plan: Plan, width: int) -> dict[str, Any]:
    """Return value and differences at every bound, a panel each.

    Args:
        plan: with a curve.
        width: pixels of the whole drawing.

    Returns:
        A Vega-Lite specification.
    """
    points = () if plan.fairness is None else plan.fairness.curve
    columns = 2 if width == WIDE else 1
    room = (width - 60 - 62 * (columns - 1)) // columns
    order = [times_text(point) for point in points]
    unit = f"{plan.experiment.currency} per customer"
    panels = [
        _panel([_row(p, p.value) for p in points], order, f"Value, {unit}", room),
        _panel([_row(p, p.cost) for p in points], order, f"What the bounds cost, {unit}", room),
    ]
    for place in _dearest(points):
        one = points[0].achieved[place]
        rows = [
            _row(p, p.achieved[place].difference) | {"bound": p.achieved[place].bound}
            for p in points
        ]
        name = one.metric.replace("_", " ")
        panels.append(_panel(rows, order, f"Difference in {name} by {one.column}", room))
    return small_multiples(panels, columns)


def _row(point: FairPoint, found: Estimate) -> dict[str, Any]:
    return {"at": times_text(point), "value": found.value, "lo": found.lo, "hi": found.hi}


def _dearest(points: tuple[FairPoint, ...]) -> list[int]:
    count = min(len(point.achieved) for point in points)
    price = [max(point.achieved[k].shadow_price for point in points) for k in range(count)]
    return sorted(sorted(range(count), key=lambda k: -price[k])[:MOST_PANELS])


def _panel(rows: list[dict[str, Any]], order: list[str], title: str, room: int) -> Any:  # noqa: ANN401 - a layered chart
    across = alt.X(
        "at:N", sort=order, axis=alt.Axis(title="Bounds, times the brief's", labelAngle=0)
    )
    scale = alt.Scale(zero=False, nice=True)
    down = alt.Axis(title=None, tickCount=5, domain=False, ticks=False)
    base = alt.Chart({"values": rows}).encode(x=across)
    layers = [
        base.mark_rule(color=PAPER["plan"], strokeWidth=2).encode(
            y=alt.Y("lo:Q", scale=scale, axis=down), y2="hi:Q"
        ),
        base.mark_point(color=PAPER["plan"], fill=PAPER["plan"], opacity=1, size=60).encode(
            y=alt.Y("value:Q", scale=scale, axis=down)
        ),
    ]
    if any(row.get("bound") is not None for row in rows):
        layers.append(
            base.transform_filter("isValid(datum.bound)")
            .mark_tick(color=PAPER["claim"], thickness=2.5, width=26)
            .encode(y=alt.Y("bound:Q", scale=scale, axis=down))
        )
    return alt.layer(*layers).properties(width=room, height=190, title=title)


def curve_table(plan: Plan) -> Table:
    """Return every point of the curve: bound, value, what it costs, difference and price."""
    found = plan.fairness
    points = () if found is None else found.curve
    places = decimals([point.value for point in points])
    rows = []
    for at, point in enumerate(points):
        field = f"fairness.curve.{at}"
        for place, one in enumerate(point.achieved):
            inner = f"{field}.achieved.{place}"
            gap = (plain(plan, f"{inner}.difference.{end}", 3) for end in ("value", "lo", "hi"))
            rows.append(
                Row(
                    (
                        times_text(point),
                        f"{one.metric.replace('_', ' ')} by {one.column}",
                        plain(plan, f"{inner}.bound", 4, "no bound"),
                        Interval(*gap),
                        money(plan, f"{inner}.shadow_price", 4),
                        interval(plan, f"{field}.value", places),
                        interval(plan, f"{field}.cost", places),
                    ),
                    point.times == 1.0,
                )
            )
    columns = (
        Column("Bounds"),
        Column("What is bounded"),
        Column("Bound", numeric=True),
        Column("Difference, held out", numeric=True),
        Column("One more unit is worth", numeric=True),
        Column("Value per customer, held out", numeric=True),
        Column("What the bounds cost", numeric=True),
    )
    return Table("fair-curve", "The price of fairness", columns, tuple(rows))

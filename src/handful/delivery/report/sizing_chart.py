"""The drawing of size.html: the chance to see each effect against the number of rows."""

from __future__ import annotations

from typing import Any, Final

import altair as alt
from markupsafe import Markup

from handful.delivery.report.drawing import FONT, NARROW, PAPER, WIDE, configured, svg
from handful.delivery.report.figures import Figure, number_text, percent_text
from handful.delivery.report.section import Chart, Drawn
from handful.delivery.report.tables import Column, Row, Table
from handful.sizing.records import Sizing

NAMES: Final = {
    "best offer": "best offer",
    "heterogeneity": "customers differ",
    "menu of two": "menu of two",
}
_STYLES: Final = {
    "best offer": (PAPER["plan"], [1, 0]),
    "heterogeneity": (PAPER["claim"], [6, 3]),
    "menu of two": (PAPER["ink"], [2, 2]),
}
"""Colour and dash of each line, so that the lines differ without colour too."""


def power_drawn(sizing: Sizing) -> Drawn | None:
    """Return the curves with the table of what they draw; None without any."""
    if not sizing.curve:
        return None
    title = "Chance to see each effect by number of rows"
    said = "; ".join(
        f"{NAMES[need.question]}: {need.rows:,} rows"
        for need in sizing.needs
        if need.question in NAMES and need.rows is not None
    )
    description = f"Rising curves. {percent_text(sizing.power)} is reached at: {said}."
    sizes = [
        svg(power_spec(sizing, width), f"power-{width}", title, description)
        for width in (WIDE, NARROW)
    ]
    chart = Chart(Markup(sizes[0]), Markup(sizes[1]))  # noqa: S704 - escaped by the drawing
    return Drawn(chart, f"{title}; dashed across: what is asked for", _table(sizing))


def power_spec(sizing: Sizing, width: int) -> dict[str, Any]:
    """Return power against rows, one line a question, with the power asked for.

    Args:
        sizing: the answer.
        width: pixels.

    Returns:
        A Vega-Lite specification.
    """
    height = 360 if width == WIDE else 320
    low = min(point.rows for point in sizing.curve)
    high = max(point.rows for point in sizing.curve)
    across = alt.X(
        "rows:Q",
        scale=alt.Scale(type="log", domain=[low, high], nice=False),
        axis=alt.Axis(
            title="Rows of the experiment", format="~s", tickCount=6, grid=False, labelOverlap=True
        ),
    )
    down = alt.Y(
        "power:Q",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(title=None, format="%", tickCount=6, domain=False, ticks=False),
    )
    layers = [_level(sizing, "power", sizing.power, PAPER["quiet"])]
    if sizing.available is not None:
        layers += _rows_at_hand(sizing, sizing.available, across, height)
    layers.append(_lines(sizing, across, down))
    return configured(layers, width, height)


def _rows_at_hand(sizing: Sizing, available: int, across: alt.X, height: int) -> list[alt.Chart]:
    """Draw a line where the rows at hand are, with its name where the curves leave room."""
    base = alt.Chart({"values": [{"rows": available, "name": "rows at hand"}]}).encode(x=across)
    near = min(sizing.curve, key=lambda p: abs(p.rows - available))
    past = near.power > 0.5
    text = base.mark_text(
        align="right" if past else "left",
        dx=-6 if past else 6,
        fontSize=12,
        color=PAPER["quiet"],
    )
    down = alt.value(0.6 * height if past else 0.1 * height)
    return [base.mark_rule(color=PAPER["quiet"]), text.encode(y=down, text="name:N")]


def _level(sizing: Sizing, field: str, value: float, colour: str) -> alt.Chart:
    rule = alt.Chart({"values": [{field: value}]})
    drawn: alt.Chart = rule.mark_rule(color=colour, strokeDash=[4, 4]).encode(
        y=alt.Y(f"{field}:Q", scale=alt.Scale(domain=[0, 1]))
    )
    return drawn


def _lines(sizing: Sizing, across: alt.X, down: alt.Y) -> alt.Chart:
    """Draw one line a question, told apart by colour and by dash; the legend stands above."""
    values = [{"rows": p.rows, "power": p.power, "name": NAMES[p.question]} for p in sizing.curve]
    names = [NAMES[question] for question in _STYLES]
    colours, dashes = (list(part) for part in zip(*_STYLES.values(), strict=True))
    legend = alt.Legend(
        title=None,
        orient="top",
        symbolType="stroke",
        symbolSize=700,
        labelColor=PAPER["quiet"],
        labelFont=FONT,
        labelFontSize=12,
    )
    drawn: alt.Chart = (
        alt.Chart({"values": values})
        .mark_line(strokeWidth=2.5)
        .encode(
            x=across,
            y=down,
            color=alt.Color("name:N", scale=alt.Scale(domain=names, range=colours), legend=legend),
            strokeDash=alt.StrokeDash(
                "name:N", scale=alt.Scale(domain=names, range=dashes), legend=legend
            ),
        )
    )
    return drawn


def _table(sizing: Sizing) -> Table:
    questions = list(_STYLES)
    by_rows: dict[int, dict[str, float]] = {}
    for point in sizing.curve:
        by_rows.setdefault(point.rows, {})[point.question] = point.power
    columns = (
        Column("Rows", numeric=True),
        *(Column(NAMES[question].capitalize(), numeric=True) for question in questions),
    )
    rows = tuple(
        Row(
            (
                Figure(number_text(rows, 0), float(rows), "curve"),
                *(Figure(percent_text(powers[q]), powers[q], "curve") for q in questions),
            )
        )
        for rows, powers in sorted(by_rows.items())
    )
    return Table("power", "Chance to see each effect", columns, rows)

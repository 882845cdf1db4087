"""The two drawings of the page: the frontier over K, and rows of points with their bands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import altair as alt

from handful.delivery.report.drawing import PAPER, WIDE, configured
from handful.delivery.report.labels import spread
from handful.delivery.report.varying import has_costs, net_layers
from handful.planning.records import Plan

_LABEL_GAP: Final = 15
"""Least pixels between two labels at the right of the frontier."""


@dataclass(frozen=True, slots=True)
class Whisker:
    """One row of a chart of points with bands."""

    name: str
    value: float
    lo: float
    hi: float
    chosen: bool = False


def frontier_spec(plan: Plan, width: int) -> dict[str, Any]:
    """Return the frontier: held-out value against K with its band, and the reference lines.

    The menus' values are the blue line on its band; the claimed values are a dashed orange line
    with open diamonds, so that the two can be told apart without colour.

    Args:
        plan: the plan.
        width: pixels.

    Returns:
        A Vega-Lite specification.
    """
    height = 400 if width == WIDE else 340
    low, high = _domain(plan)
    scale = alt.Scale(domain=[low, high], nice=False, zero=False)
    rows = [
        {"k": p.offers, "value": p.value, "lo": p.lo, "hi": p.hi, "claimed": p.claimed}
        | ({"net": p.net} if has_costs(plan) else {})
        for p in plan.frontier
    ]
    axis = alt.Axis(title="Number of offers in the menu", labelAngle=0, grid=False, tickSize=0)
    across = alt.X("k:O", axis=axis)
    base = alt.Chart({"values": rows}).encode(x=across)
    money = alt.Axis(title=None, tickCount=6, domain=False, ticks=False)
    layers = [
        base.mark_area(color=PAPER["band"]).encode(
            y=alt.Y("lo:Q", scale=scale, axis=money), y2="hi:Q"
        ),
        base.mark_rule(color=PAPER["plan"], strokeWidth=1).encode(
            y=alt.Y("lo:Q", scale=scale), y2="hi:Q"
        ),
        *_reference_layers(plan, scale),
        *_claimed_layers(base, scale),
        *(net_layers(base, scale) if has_costs(plan) else []),
        base.mark_line(color=PAPER["plan"], strokeWidth=2.5).encode(
            y=alt.Y("value:Q", scale=scale)
        ),
        base.mark_point(color=PAPER["plan"], fill=PAPER["plan"], opacity=1, size=60).encode(
            y=alt.Y("value:Q", scale=scale)
        ),
        *_ring(plan, base, scale),
        _end_labels(plan, scale, (high - low) * _LABEL_GAP / (height - 60)),
    ]
    return configured(layers, width, height)


def _domain(plan: Plan) -> tuple[float, float]:
    ends = [end for p in plan.frontier for end in (p.lo, p.hi, p.claimed)]
    ends += [value for _, value in _reference_values(plan)]
    ends += [p.net for p in plan.frontier]
    finite = [end for end in ends if math.isfinite(end)]
    low, high = min(finite), max(finite)
    room = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def _reference_values(plan: Plan) -> list[tuple[str, float]]:
    reference = plan.reference
    named = [("best single", reference.best_single.value)]
    named += [("one-to-one", reference.one_to_one.value)]
    if reference.no_offer is not None:
        named.append(("no offer", reference.no_offer.value))
    return named


def _reference_layers(plan: Plan, scale: alt.Scale) -> list[alt.Chart]:
    dashes = {"best single": [1, 0], "one-to-one": [8, 4], "no offer": [2, 3]}
    return [
        alt.Chart({"values": [{"at": value}]})
        .mark_rule(color=PAPER["quiet"], strokeDash=dashes[name], strokeWidth=1.3)
        .encode(y=alt.Y("at:Q", scale=scale))
        for name, value in _reference_values(plan)
    ]


def _claimed_layers(base: alt.Chart, scale: alt.Scale) -> list[alt.Chart]:
    across = alt.Y("claimed:Q", scale=scale)
    line = base.mark_line(color=PAPER["claim"], strokeDash=[4, 4], strokeWidth=1.3)
    point = base.mark_point(
        color=PAPER["claim"], fill=PAPER["paper"], opacity=1, shape="diamond", size=44
    )
    return [line.encode(y=across), point.encode(y=across)]


def _ring(plan: Plan, base: alt.Chart, scale: alt.Scale) -> list[alt.Chart]:
    if plan.verdict.kind not in ("one_offer", "handful"):
        return []
    ring = base.mark_point(color=PAPER["plan"], opacity=1, size=320, strokeWidth=2)
    ring = ring.encode(y=alt.Y("value:Q", scale=scale))
    return [ring.transform_filter(f"datum.k === {plan.verdict.offers}")]


def _end_labels(plan: Plan, scale: alt.Scale, gap: float) -> alt.Chart:
    last = plan.frontier[-1]
    named = [(name, value, PAPER["quiet"]) for name, value in _reference_values(plan)]
    named += [("net of costs", last.net, PAPER["plan"])] if has_costs(plan) else []
    named += [("menu of K", last.value, PAPER["plan"]), ("claimed", last.claimed, PAPER["claim"])]
    named = sorted((n for n in named if math.isfinite(n[1])), key=lambda n: n[1])
    places = spread([value for _, value, _ in named], gap)
    rows = [
        {"name": name, "at": at, "colour": colour}
        for (name, _, colour), at in zip(named, places, strict=True)
    ]
    labels: alt.Chart = (
        alt.Chart({"values": rows})
        .mark_text(align="left", dx=8, fontSize=12, baseline="middle")
        .encode(
            x=alt.value("width"),
            y=alt.Y("at:Q", scale=scale),
            text="name:N",
            color=alt.Color("colour:N", scale=None, legend=None),
        )
    )
    return labels


def whisker_spec(rows: Sequence[Whisker], axis_title: str, width: int) -> dict[str, Any]:
    """Return rows of points with their bands around a zero line, one row per rival or part.

    Args:
        rows: from top to bottom.
        axis_title: what the horizontal axis measures.
        width: pixels; in a narrow drawing the names stand above their rows.

    Returns:
        A Vega-Lite specification.
    """
    wide = width == WIDE
    named = [
        {"row": at, "name": r.name, "value": r.value, "lo": r.lo, "hi": r.hi, "zero": 0.0}
        | {"colour": PAPER["plan"] if r.chosen else PAPER["quiet"]}
        for at, r in enumerate(rows)
    ]
    measure = alt.Axis(title=axis_title, tickCount=5 if wide else 4, domain=False, ticks=False)
    down = alt.Y("row:O", axis=None)
    colour = alt.Color("colour:N", scale=None, legend=None)
    base = alt.Chart({"values": named}).encode(y=down)
    zero = base.mark_rule(color=PAPER["ink"], strokeWidth=1).encode(x="zero:Q", y=alt.value(0))
    layers = [
        zero.encode(y2=alt.value("height")),
        base.mark_rule(strokeWidth=3).encode(
            x=alt.X("lo:Q", axis=measure), x2="hi:Q", color=colour
        ),
        base.mark_point(opacity=1, filled=True, size=80).encode(x="value:Q", color=colour),
        *_row_names(base, wide),
    ]
    row_height = 40 if wide else 54
    return configured(layers, width, row_height * len(rows) + 60)


def _row_names(base: alt.Chart, wide: bool) -> list[alt.Chart]:
    text = base.encode(text="name:N", x=alt.value(0))
    if wide:
        return [text.mark_text(align="right", dx=-12, fontSize=13, color=PAPER["ink"], limit=216)]
    place: dict[str, Any] = {"align": "left", "dy": -16, "fontSize": 13, "limit": 310}
    # A halo of the paper's colour keeps a name readable where the zero line runs through it.
    halo = text.mark_text(stroke=PAPER["paper"], strokeWidth=5, color=PAPER["paper"], **place)
    return [halo, text.mark_text(color=PAPER["ink"], **place)]

"""The drawing of the stages: gain and cost of each side by side, on bands that name the stages.

The wide drawing runs across and the narrow one down. Every mark is placed in numbers: stage k
stands at k, its gain to one side of it and its cost to the other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import altair as alt
from markupsafe import Markup

from handful.delivery.report.drawing import NARROW, PAPER, WIDE, configured, svg
from handful.delivery.report.figures import money_text, number_text, significant
from handful.delivery.report.section import Chart
from handful.evidence.stage_records import Stage, StageFacts
from handful.planning.records import Plan

HEADROOM: Final = 1.35
"""Bars end at this many times the largest gain; what a longer one comes to is written beside it."""
LOSS: Final = 0.3
"""A loss of more than this share of the largest gain is left to the table."""
CROWD: Final = 7
UNSEEN: Final = 0.02
"""Among more than CROWD stages, a cost below this share of the drawing is left to the table."""
BAR: Final = 0.28
TALL: Final = 430
ROW: Final = 80

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Frame:
    """How the drawing lies: across or down, its scales, and the ends of the money scale."""

    wide: bool
    along: dict[str, Any]
    up: dict[str, Any]
    low: float
    high: float


def stage_chart(plan: Plan) -> Chart | None:
    """Return the drawing in two sizes; None where the plan has no stages."""
    facts = plan.stages
    if facts is None:
        return None
    title = "What each stage of personalising gains and costs"
    said = f"{len(facts.stages)} stages, each with gain, cost and what is left; the table has them."
    sizes = [
        svg(stage_spec(facts, plan.experiment.currency, width), f"stages-{width}", title, said)
        for width in (WIDE, NARROW)
    ]
    return Chart(Markup(sizes[0]), Markup(sizes[1]))  # noqa: S704 - escaped by the drawing


def stage_spec(facts: StageFacts, currency: str, width: int) -> dict[str, Any]:
    """Return bands with the stages' names, gain and cost as bars, what is left as a diamond.

    Args:
        facts: the stages.
        currency: of the amounts.
        width: pixels.

    Returns:
        A Vega-Lite specification.
    """
    frame = _frame(facts, currency, wide=width == WIDE)
    bars, texts = _rows(facts, currency, frame)
    spans = [row for row in bars if row["lo"] is not None]
    nets = [
        {"k": k, "m": stage.net_gain.value}
        for k, stage in enumerate(facts.stages)
        if stage.offers and stage.net_gain.value >= frame.low
    ]
    layers = [
        *_bands(facts, frame),
        _encoded(_chart(bars).mark_rect(), frame, ("a", "b", "from", "to")).encode(
            color=alt.Color("colour:N", scale=None, legend=None)
        ),
        _encoded(
            _chart(spans).mark_rule(color=PAPER["ink"], strokeWidth=1.5),
            frame,
            ("k", None, "lo", "hi"),
        ),
        _encoded(
            _chart(nets).mark_point(
                shape="diamond", color=PAPER["ink"], fill=PAPER["paper"], opacity=1, size=70
            ),
            frame,
            ("k", None, "m", None),
        ),
        _text(texts, frame),
        _around_plan(facts, frame),
    ]
    return configured(layers, width, TALL if frame.wide else ROW * len(facts.stages) + 60)


def _chart(rows: Rows) -> Any:  # noqa: ANN401 - an Altair chart
    return alt.Chart({"values": rows})


def _encoded(
    chart: Any,  # noqa: ANN401 - an Altair chart
    frame: _Frame,
    fields: tuple[str, str | None, str, str | None],
) -> Any:  # noqa: ANN401
    """Place a chart by its fields (stage from, to, money from, to), whichever way it lies."""
    k, k2, m, m2 = fields
    first, second = ("x", "y") if frame.wide else ("y", "x")
    channels: dict[str, Any] = {"x": alt.X, "y": alt.Y}
    placed = {
        first: channels[first](f"{k}:Q", **frame.along),
        second: channels[second](f"{m}:Q", **frame.up),
    }
    placed |= {f"{first}2": f"{k2}:Q"} if k2 else {}
    placed |= {f"{second}2": f"{m2}:Q"} if m2 else {}
    return chart.encode(**placed)


def _frame(facts: StageFacts, currency: str, *, wide: bool) -> _Frame:
    top = max([0.0, *(s.gain.hi for s in facts.stages)]) or max(s.cost for s in facts.stages) or 1.0
    nets = [s.net_gain.value for s in facts.stages if s.net_gain.value >= -LOSS * top]
    low = max(min(0.0, *(s.gain.lo for s in facts.stages), *nets), -top) - 0.06 * top
    high = HEADROOM * top
    said = [_lines(stage, at == facts.plan) for at, stage in enumerate(facts.stages)]
    names = json.dumps(said, ensure_ascii=False)
    last = len(facts.stages) - 0.5
    stages = alt.Axis(
        title=None,
        values=list(range(len(facts.stages))),
        labelExpr=f"{names}[datum.value]",
        grid=False,
        ticks=False,
        domain=False,
        labelPadding=6,
        labelBaseline="top" if wide else "middle",
    )
    amount = alt.Axis(title=f"{currency} per customer", tickCount=5, domain=False, ticks=False)
    ends = [-0.5, last] if wide else [last, -0.5]
    return _Frame(
        wide=wide,
        along={"scale": alt.Scale(domain=ends, nice=False, zero=False), "axis": stages},
        up={"scale": alt.Scale(domain=[low, high], nice=False, zero=False), "axis": amount},
        low=low,
        high=high,
    )


def _lines(stage: Stage, chosen: bool) -> list[str]:
    """Return the words beside a stage: what it is, how many offers in effect, whose it is."""
    lines = [stage.name]
    if stage.offers and stage.name != "one-to-one":
        lines.append(f"({number_text(stage.effective, 1)} in effect)")
    return [*lines, "THE PLAN"] if chosen else lines


def _bands(facts: StageFacts, frame: _Frame) -> list[Any]:
    """Shade every other stage of the four, and write its name at the far end."""
    rows: Rows = []
    for k, stage in enumerate(facts.stages):
        if rows and rows[-1]["name"] == stage.stage:
            rows[-1]["b"] = k + 0.5
        else:
            rows.append({"name": stage.stage, "a": k - 0.5, "b": k + 0.5})
    for at, row in enumerate(rows):
        row |= {"from": frame.low, "to": frame.high, "shaded": at % 2 == 0}
        row["middle"] = (row["a"] + row["b"]) / 2 if frame.wide else row["a"]
    shade = _chart([row for row in rows if row["shaded"]]).mark_rect(
        color=PAPER["grid"], opacity=0.55
    )
    words = {"fontSize": 13, "fontWeight": "bold", "color": PAPER["quiet"]}
    place: dict[str, Any] = (
        {"align": "center", "dy": 14} if frame.wide else {"align": "right", "dy": 12, "dx": -6}
    )
    name = _chart(rows).mark_text(**words, **place).encode(text="name:N")
    zero = _chart([{"k": -0.5, "k2": len(facts.stages) - 0.5, "m": 0.0}]).mark_rule(
        color=PAPER["ink"], strokeWidth=1
    )
    return [
        _encoded(shade, frame, ("a", "b", "from", "to")),
        _encoded(name, frame, ("middle", None, "to", None)),
        _encoded(zero, frame, ("k", "k2", "m", None)),
    ]


def _rows(facts: StageFacts, currency: str, frame: _Frame) -> tuple[Rows, Rows]:
    """Return the bars, cut off where they leave the drawing, and the sums of costs beside them."""
    bars: Rows = []
    texts: Rows = []
    places = max(significant(stage.cost for stage in facts.stages if stage.cost), 0)
    for k, stage in enumerate(facts.stages):
        if stage.offers == 0:
            continue
        gain = stage.gain
        bars.append(
            {"a": k - BAR, "b": k, "k": k - BAR / 2, "from": 0.0, "colour": PAPER["plan"]}
            | {"to": _within(gain.value, frame)}
            | {"lo": _within(gain.lo, frame), "hi": _within(gain.hi, frame)}
        )
        if stage.cost <= 0:
            continue
        end = min(stage.cost, frame.high * (0.82 if frame.wide else 0.62))
        bars.append(
            {"a": k, "b": k + BAR, "k": k + BAR / 2, "from": 0.0, "to": end, "lo": None, "hi": None}
            | {"colour": PAPER["claim"]}
        )
        if len(facts.stages) > CROWD and stage.cost < UNSEEN * frame.high:
            continue
        arrow = "" if stage.cost <= end else "↑ " if frame.wide else "→ "
        said = money_text(stage.cost, currency, min(places, 4))
        texts.append({"k": k + BAR / 2, "m": end, "said": f"{arrow}{said}"})
    return bars, texts


def _within(value: float, frame: _Frame) -> float:
    return min(max(value, frame.low), frame.high)


def _text(rows: Rows, frame: _Frame) -> Any:  # noqa: ANN401 - an Altair chart
    place: dict[str, Any] = {"dy": -8, "dx": -13} if frame.wide else {"dx": 5}
    marks = (
        _chart(rows)
        .mark_text(fontSize=11, color=PAPER["ink"], align="left", **place)
        .encode(text="said:N")
    )
    return _encoded(marks, frame, ("k", None, "m", None))


def _around_plan(facts: StageFacts, frame: _Frame) -> Any:  # noqa: ANN401 - an Altair chart
    end = 0.9 * frame.high if frame.wide else frame.high
    rows = [{"a": facts.plan - 0.46, "b": facts.plan + 0.46, "from": frame.low, "to": end}]
    box = _chart(rows).mark_rect(filled=False, stroke=PAPER["plan"], strokeWidth=2)
    return _encoded(box, frame, ("a", "b", "from", "to"))

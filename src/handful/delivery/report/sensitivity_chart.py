"""The tornado: what the advice earns with each assumed number at both ends of its range."""

from __future__ import annotations

import json
from typing import Any, Final

import altair as alt
from markupsafe import Markup

from handful.delivery.report.drawing import NARROW, PAPER, WIDE, configured, svg
from handful.delivery.report.section import Chart
from handful.planning.records import Plan
from handful.planning.sensitivity_records import Sensitivity, SensitivityEnd

ROW: Final = 62
WORDS: Final = {
    "setup_cost": "set-up cost",
    "population": "population",
    "offers_we_can_author": "offers to author",
}


def name_of(name: str) -> str:
    """Return what was assumed, in words.

    Example:
        >>> name_of("setup_cost"), name_of("email_cost")
        ('set-up cost', 'email cost')
    """
    return WORDS.get(name, name.replace("_", " "))


def tornado(plan: Plan) -> Chart | None:
    """Return the drawing in two sizes; None where no number has two ends."""
    facts = plan.sensitivity
    if facts is None or not any(row.low and row.high for row in facts.rows):
        return None
    title = "What the advice earns with each assumed number lower and higher"
    said = "A bar for each number, from its low end to its high end; the table has the values."
    sizes = [
        svg(tornado_spec(facts, plan.experiment.currency, width), f"tornado-{width}", title, said)
        for width in (WIDE, NARROW)
    ]
    return Chart(Markup(sizes[0]), Markup(sizes[1]))  # noqa: S704 - escaped by the drawing


def tornado_spec(facts: Sensitivity, currency: str, width: int) -> dict[str, Any]:
    """Return a bar for each number, whiskers at its ends, a line at the plan.

    Args:
        facts: with at least one number that has two ends.
        currency: of the gains.
        width: pixels.

    Returns:
        A Vega-Lite specification.
    """
    told = [row for row in facts.rows if row.low is not None and row.high is not None]
    bars = [
        {"k": k, "from": row.low.gain.value, "to": row.high.gain.value}
        for k, row in enumerate(told)
        if row.low is not None and row.high is not None
    ]
    ends = [
        _mark(k, at, end)
        for k, row in enumerate(told)
        for at, end in enumerate((row.low, row.high))
        if end is not None
    ]
    names = json.dumps([name_of(row.name) for row in told], ensure_ascii=False)
    scale = alt.Scale(domain=[len(told) - 0.5, -0.5], nice=False, zero=False)
    axis = alt.Axis(
        title=None,
        values=list(range(len(told))),
        labelExpr=f"{names}[datum.value]",
        grid=False,
        ticks=False,
        domain=False,
    )
    y = alt.Y("k:Q", scale=scale, axis=axis)
    title = _title(currency, wide=width == WIDE)
    x = alt.X("from:Q", title=title, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5))
    layers = [
        _chart(bars).mark_bar(size=18, color=PAPER["band"]).encode(y=y, x=x, x2="to:Q"),
        _chart(ends).mark_rule(color=PAPER["quiet"]).encode(y=y, x=alt.X("lo:Q"), x2="hi:Q"),
        _chart([{"at": facts.planned.gain.value}])
        .mark_rule(color=PAPER["ink"], strokeDash=[4, 3])
        .encode(x=alt.X("at:Q")),
        _chart(ends)
        .mark_point(filled=True, opacity=1, size=52, color=PAPER["plan"])
        .encode(y=y, x=alt.X("value:Q")),
        _chart(ends)
        .mark_text(color=PAPER["ink"], fontSize=12, align="left", dx=6, dy=-8)
        .encode(y=y, x=alt.X("value:Q"), text="said:N"),
    ]
    return configured(layers, width, ROW * len(told) + 60)


def _chart(rows: list[dict[str, Any]]) -> Any:  # noqa: ANN401 - an Altair chart
    return alt.Chart({"values": rows})


def _mark(at: int, which: int, end: SensitivityEnd) -> dict[str, Any]:
    return {
        "k": at + (0.26 if which else -0.26),
        "value": end.gain.value,
        "lo": end.gain.lo,
        "hi": end.gain.hi,
        "said": said_at(end.at),
    }


def said_at(at: float) -> str:
    """Return an assumed number as it is written.

    Example:
        >>> said_at(0.24), said_at(1600000.0)
        ('0.24', '1,600,000')
    """
    return f"{at:,.0f}" if at == round(at) or abs(at) >= 1000 else f"{at:.6g}"


def _title(currency: str, *, wide: bool) -> str:
    what = "gain of the advice over no offer, costs paid" if wide else "gain, costs paid"
    return f"{what}, {currency} per customer"

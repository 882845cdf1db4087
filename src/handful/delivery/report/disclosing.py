"""The disclosure test on the page: what a sight tells, how well one guesses, what mending costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import altair as alt

from handful.delivery.report.drawing import PAPER, WIDE, configured
from handful.delivery.report.figures import (
    Figure,
    Interval,
    decimals,
    interval,
    lookup,
    plain,
    share,
)
from handful.delivery.report.tables import Column, Row, Table
from handful.delivery.report.wording import Sentence
from handful.evidence.records import Estimate
from handful.guardrails.records import GuardrailResult
from handful.planning.records import Plan

PREFIX: Final = "disclosure_"
REPAIR: Final = "disclosure_repair"
_FURTHEST: Final = 20.0
"""Likelihood ratios beyond this, and below its inverse, are drawn at the edge."""

_WITHHELD: Final = "some sight is seen by one to ten people"
_WORDS: Final = {"pass": "passes", "fail": "fails", "warn": "cannot be told"}


@dataclass(frozen=True, slots=True)
class Tested:
    """One sensitive attribute as the page shows it; `cells` feed its drawing."""

    attribute: str
    verdict: str
    words: str
    guesser: Sentence
    table: Table
    cells: tuple[Mapping[str, Any], ...]


def tested(plan: Plan) -> tuple[Tested, ...]:
    """Return the attributes that were tested, in the order of the plan."""
    return tuple(
        _tested(plan, at, rail)
        for at, rail in enumerate(plan.guardrails)
        if rail.name.startswith(PREFIX) and rail.name != REPAIR and "cells" in rail.detail
    )


def repair_at(plan: Plan) -> int | None:
    """Return the place of the repair among the guardrails; None where there is none."""
    places = (at for at, rail in enumerate(plan.guardrails) if rail.name == REPAIR)
    return next(places, None)


def _tested(plan: Plan, at: int, rail: GuardrailResult) -> Tested:
    cells: Any = rail.detail["cells"]
    field = f"guardrails.{at}.detail"
    return Tested(
        attribute=str(rail.detail["attribute"]),
        verdict=_WORDS[rail.verdict],
        words=rail.remedy,
        guesser=_guesser(plan, f"{field}.attacker") if rail.detail["attacker"] else (),
        table=Table(
            f"disclosure-{at}",
            f"What seeing an offer tells about {rail.detail['attribute']}",
            _COLUMNS,
            tuple(_row(plan, f"{field}.cells.{k}", cell) for k, cell in enumerate(cells)),
        ),
        cells=tuple(cells),
    )


_COLUMNS: Final = (
    Column("Trait"),
    Column("Somebody sees"),
    Column("Channel"),
    Column("With it, as chosen", numeric=True),
    Column("Without, as chosen", numeric=True),
    Column("True of those who get it", numeric=True),
    Column("True of all", numeric=True),
    Column("Likelihood ratio", numeric=True),
    Column("Allowed", numeric=True),
)


def _row(plan: Plan, field: str, cell: Mapping[str, Any]) -> Row:
    rates = Interval(
        share(plan, f"{field}.posterior"),
        share(plan, f"{field}.posterior_lo"),
        share(plan, f"{field}.posterior_hi"),
    )
    ratio = Interval(
        plain(plan, f"{field}.ratio", 2),
        plain(plan, f"{field}.ratio_lo", 2),
        plain(plan, f"{field}.ratio_hi", 2, "no customer without the trait gets it"),
    )
    return Row(
        (
            cell["trait"],
            cell["sight"],
            "shared" if cell["shared"] else "private",
            plain(plan, f"{field}.having", 0, _WITHHELD),
            plain(plan, f"{field}.lacking", 0, _WITHHELD),
            rates,
            share(plan, f"{field}.base_rate"),
            ratio,
            plain(plan, f"{field}.bound", 2),
        )
    )


def _guesser(plan: Plan, field: str) -> Sentence:
    """Say how well somebody guesses the worst trait, without the offer and with it."""

    def rate(name: str) -> Interval:
        value, lo, hi = (share(plan, f"{field}.{name}.{end}") for end in ("value", "lo", "hi"))
        return Interval(value, lo, hi)

    found = lookup(plan, field)
    facts = found["facts"]
    known = f"who knows {', '.join(facts)}" if facts else "who knows nothing else"
    return (
        f"Of a customer of whom “{found['trait']}” is true and one of whom it is not, a guesser "
        f"{known} picks the right one in ",
        rate("auc_without"),
        " of pairs, and in ",
        rate("auc_with"),
        " after seeing the offer (50% is a coin). The best guess for each customer alone is right "
        "for ",
        rate("success_without"),
        " without the offer and for ",
        rate("success_with"),
        " with it.",
    )


def ratio_spec(cells: Sequence[Mapping[str, Any]], width: int) -> dict[str, Any]:
    """Return the likelihood ratio of every sight with its limits, on a log scale, and the bounds.

    A row inside its shaded band is within the bound; the line at 1 is "tells nothing".

    Args:
        cells: of one attribute.
        width: pixels; in a narrow drawing the names stand above their rows.

    Returns:
        A Vega-Lite specification.
    """
    rows = [_drawn(at, cell) for at, cell in enumerate(cells)]
    ends = [end for row in rows for end in (row["lo"], row["hi"], row["low"], row["high"])]
    reach = max(max(ends), 1.0 / min(ends)) * 1.1
    axis = alt.Axis(
        title="Likelihood ratio: 1 tells nothing", format="~g", domain=False, ticks=False,
        tickCount=6, values=[v for v in _TICKS if 1.0 / reach <= v <= reach],
    )  # fmt: skip
    scale = alt.Scale(type="log", domain=[1.0 / reach, reach], nice=False)
    base = alt.Chart({"values": rows}).encode(y=alt.Y("row:O", axis=None))
    colour = alt.Color("colour:N", scale=None, legend=None)
    layers = [
        base.mark_bar(color=PAPER["band"], height=22).encode(
            x=alt.X("low:Q", scale=scale, axis=axis), x2="high:Q"
        ),
        base.mark_rule(color=PAPER["ink"], strokeWidth=1).encode(
            x="one:Q", y=alt.value(0), y2=alt.value("height")
        ),
        base.mark_rule(strokeWidth=3).encode(x="lo:Q", x2="hi:Q", color=colour),
        base.mark_point(opacity=1, filled=True, size=80).encode(x="value:Q", color=colour),
        *_names(base, width == WIDE),
    ]
    return configured(layers, width, (44 if width == WIDE else 58) * len(rows) + 60)


_TICKS: Final = (0.05, 0.1, 0.2, 0.5, 0.8, 1.0, 1.25, 2.0, 5.0, 10.0, 20.0)


def _drawn(at: int, cell: Mapping[str, Any]) -> dict[str, Any]:
    def within(value: float) -> float:
        return min(max(value, 1.0 / _FURTHEST), _FURTHEST) if math.isfinite(value) else _FURTHEST

    over = cell["ratio_hi"] > cell["bound"] or cell["ratio_lo"] < 1.0 / cell["bound"]
    return {
        "row": at,
        "name": f"{cell['sight']}: {cell['trait']}",
        "value": within(cell["ratio"]),
        "lo": within(cell["ratio_lo"]),
        "hi": within(cell["ratio_hi"]),
        "low": within(1.0 / cell["bound"]),
        "high": within(cell["bound"]),
        "one": 1.0,
        "colour": PAPER["claim"] if over else PAPER["plan"],
    }


def _names(base: alt.Chart, wide: bool) -> list[alt.Chart]:
    text = base.encode(text="name:N", x=alt.value(0))
    if wide:
        return [text.mark_text(align="right", dx=-12, fontSize=13, color=PAPER["ink"], limit=250)]
    place: dict[str, Any] = {"align": "left", "dy": -20, "fontSize": 13, "limit": 310}
    halo = text.mark_text(stroke=PAPER["paper"], strokeWidth=5, color=PAPER["paper"], **place)
    return [halo, text.mark_text(color=PAPER["ink"], **place)]


def price_spec(detail: Mapping[str, Any], currency: str, width: int) -> dict[str, Any]:
    """Return the price of the repair: profit kept, held out, against the bound.

    Args:
        detail: of the repair: `before` and `curve`.
        currency: of the profit.
        width: pixels.

    Returns:
        A Vega-Lite specification.
    """
    rows = [
        {
            "bound": point["shared"],
            "value": point["value"]["value"],
            "lo": point["value"]["lo"],
            "hi": point["value"]["hi"],
            "brief": point["factor"] == 1.0,
        }
        for point in detail["curve"]
    ]
    before = float(detail["before"]["value"])
    across = alt.X(
        "bound:Q",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(
            title="Likelihood ratio allowed on a shared channel",
            values=[row["bound"] for row in rows],
            format=".2f", grid=False,
        ),
    )  # fmt: skip
    axis = alt.Axis(title=f"{currency} per customer", domain=False, ticks=False, tickCount=5)
    scale = alt.Scale(zero=False, nice=False, padding=14)
    base = alt.Chart({"values": rows}).encode(x=across)
    line = base.encode(y=alt.Y("value:Q", scale=scale, axis=axis))
    kept = alt.Chart({"values": [{"at": before, "text": "without repair"}]})
    layers = [
        base.mark_area(color=PAPER["band"]).encode(y=alt.Y("lo:Q", scale=scale), y2="hi:Q"),
        kept.mark_rule(color=PAPER["quiet"], strokeDash=[8, 4]).encode(y="at:Q"),
        kept.mark_text(align="left", dx=4, dy=-8, color=PAPER["quiet"], fontSize=12).encode(
            y="at:Q", x=alt.value(0), text="text:N"
        ),
        line.mark_line(color=PAPER["plan"], strokeWidth=2.5),
        line.mark_point(color=PAPER["plan"], fill=PAPER["plan"], opacity=1, size=60),
        line.mark_point(color=PAPER["plan"], opacity=1, size=320, strokeWidth=2).transform_filter(
            "datum.brief"
        ),
    ]
    return configured(layers, width, 300 if width == WIDE else 280)


def price_table(plan: Plan, at: int) -> Table:
    """Return what every bound would cost and change."""
    curve: Any = plan.guardrails[at].detail["curve"]
    field = f"guardrails.{at}.detail.curve"
    places = decimals(Estimate(**point["cost"]) for point in curve)
    rows = tuple(
        Row(
            (
                plain(plan, f"{field}.{k}.shared", 2),
                plain(plan, f"{field}.{k}.private", 2),
                ", ".join(point["menu"]),
                _by_chance(plan, f"{field}.{k}"),
                interval(plan, f"{field}.{k}.value", places),
                interval(plan, f"{field}.{k}.cost", places),
            ),
            chosen=point["factor"] == 1.0,
        )
        for k, point in enumerate(curve)
    )
    columns = (
        Column("Allowed, shared", numeric=True),
        Column("Allowed, private", numeric=True),
        Column("Menu"),
        Column("Get another offer by chance", numeric=True),
        Column("Profit per customer", numeric=True),
        Column("Cost", numeric=True),
    )
    return Table("repair", "What telling less costs, held out and net of set-up", columns, rows)


def _by_chance(plan: Plan, field: str) -> Figure:
    return share(plan, f"{field}.changed")

"""The page: gather what the template needs, draw the charts, write one self-contained file."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from handful.delivery.limit_words import gap_words
from handful.delivery.looks import looks
from handful.delivery.report import (
    demand,
    disclosing,
    drivers,
    flows,
    guarding,
    limits,
    sections,
    tables,
    varying,
    verdict,
    wording,
)
from handful.delivery.report.charts import Whisker, frontier_spec, whisker_spec
from handful.delivery.report.drawing import NARROW, WIDE, svg
from handful.delivery.report.figures import (
    Figure,
    Interval,
    count,
    decimals,
    interval,
    percent_text,
    share,
)
from handful.delivery.report.lettering import letters_of
from handful.delivery.report.plane import letters, line_spec, plane_spec
from handful.delivery.report.section import Chart
from handful.delivery.report.topics import topics_of
from handful.errors import Finding
from handful.evidence.records import Estimate
from handful.planning.records import Plan

_HERE: Final = Path(__file__).parent
_LEVELS: Final = (
    ("block", "Stops the decision"),
    ("warn", "Keep in mind"),
    ("note", "For the record"),
)


@dataclass(frozen=True, slots=True)
class Card:
    """A segment as the page shows it."""

    offer: str
    customers: Figure
    share: Figure
    value: Interval
    rule: str
    fits: bool
    fidelity: Figure
    loss: Interval
    unknowns: tuple[wording.Sentence, ...]


def render_report(plan: Plan) -> str:
    """Return the plan as one self-contained HTML page.

    The page needs no network and no script to be read: charts are drawn into it as SVG, a short
    script only sorts tables and unfolds details for print, and the content-security policy allows
    nothing but that script and the style sheet, by hash. The same plan always gives the same bytes.

    Args:
        plan: the plan; all its text is escaped.

    Returns:
        HTML text, to be written as UTF-8.

    Cost:
        O(menus + rivals + segments + findings), about a second for the drawings.

    Example:
        >>> from handful.delivery.report import render_report
        >>> callable(render_report)
        True
    """
    css = looks() + (_HERE / "report.css").read_text(encoding="utf-8")
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html")
    return template.render(
        css=Markup(css),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        policy=_policy(css, script),
        csv_link=tables.csv_link,
        reasons=tables.reasons,
        **_context(plan),
    )


def _policy(css: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src '{_hash(css)}'; script-src '{_hash(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _context(plan: Plan) -> dict[str, Any]:
    return {
        "plan": plan,
        "experiment": plan.experiment,
        "rows": count(plan, "experiment.rows"),
        "customers": count(plan, "experiment.customers"),
        "clusters": count(plan, "experiment.clusters"),
        "level": wording.level_text(plan),
        "ringed": plan.verdict.kind in ("one_offer", "handful"),
        "targeted": plan.verdict.kind == "handful",
        "findings": _findings(plan.findings),
        **_sentences(plan),
        **_tables(plan),
        **_charts(plan),
        **_disclosure(plan),
        "cards": tuple(_card(plan, at) for at in sections.shown_segments(plan)),
        "letters": tuple(letters_of(plan).items()),
        "around": tuple(one for one in (flows.section(plan), drivers.section(plan)) if one),
        "topics": topics_of(plan),
    }


def _sentences(plan: Plan) -> dict[str, object]:
    return {
        "headline": verdict.headline(plan),
        "proud": verdict.proud_note(plan),
        "tiles": verdict.tiles(plan),
        "wrong": verdict.to_be_wrong(plan),
        "setup": wording.setup_note(plan),
        "heterogeneity": wording.heterogeneity(plan),
        "tails": wording.tails(plan),
        "tails_limits": wording.tails_limits(plan),
        "baseline": wording.baseline(plan),
        "supply_words": varying.supply_words(plan),
        "rule_words": varying.rule_words(plan),
        "limits_words": limits.limits_words(plan),
        "gap_words": gap_words(plan),
        "guard": guarding.guard_words(plan),
    }


def _tables(plan: Plan) -> dict[str, tables.Table | None]:
    return {
        "frontier_table": sections.frontier_table(plan),
        "reference_table": sections.reference_table(plan),
        "ladder_table": sections.ladder_table(plan),
        "segments_table": sections.segments_table(plan),
        "split_table": sections.split_table(plan, wording.baseline(plan)),
        "tails_table": sections.tails_table(plan),
        "arms_table": sections.arms_table(plan),
        "constraints_table": limits.constraints_table(plan),
        "guardrails_table": sections.guardrails_table(plan),
        "supply_table": varying.supply_table(plan),
        "demand_table": demand.demand_table(plan),
        "premium_table": demand.premium_table(plan),
    }


def _charts(plan: Plan) -> dict[str, object]:
    return {
        "frontier_chart": _frontier_chart(plan),
        "ladder_chart": _ladder_chart(plan),
        "segments_chart": _segments_chart(plan),
        "plane_chart": _plane_chart(plan),
        "plane_offers": _plane_offers(plan),
        "split_chart": _split_chart(plan),
        **_demand_charts(plan),
        "budget_chart": _budget_chart(plan),
    }


def _demand_charts(plan: Plan) -> dict[str, Chart | None]:
    """Draw take-up and margin over the prices tried, a panel for each segment."""
    if plan.demand is None:
        return {"take_up_chart": None, "margin_chart": None}
    prices = len({point.price for point in plan.demand.points})
    said = f"{len(demand.segments_shown(plan))} panels, each with {prices} prices and their bands."
    return {
        "take_up_chart": _two_sizes(
            lambda width: demand.demand_spec(plan, "take_up", width),
            "take-up",
            "Take-up at the prices tried",
            said,
        ),
        "margin_chart": _two_sizes(
            lambda width: demand.demand_spec(plan, "margin", width),
            "margin",
            "Margin x take-up at the prices tried",
            said,
        ),
    }


def _frontier_chart(plan: Plan) -> Chart | None:
    if not plan.frontier:
        return None
    first, last = plan.frontier[0], plan.frontier[-1]
    place = decimals(plan.frontier)
    description = (
        f"Held-out value per customer in {plan.experiment.currency} against the number of offers, "
        f"from {first.value:.{max(place, 0)}f} with {first.offers} to "
        f"{last.value:.{max(place, 0)}f} with {last.offers}, with a band, and lines for no offer, "
        "best single offer and one-to-one. The model's own claim is a dashed line beside it."
    )
    sizes = [
        svg(frontier_spec(plan, width), f"frontier-{width}", "Value of each menu", description)
        for width in (WIDE, NARROW)
    ]
    return Chart(Markup(sizes[0]), Markup(sizes[1]))  # noqa: S704 - escaped by the drawing


def _plane_offers(plan: Plan) -> tuple[str, ...]:
    """Say which offer each letter on the plane stands for, and who gets none."""
    if plan.plane is None or len(plan.plane.dials) == 1:
        return ()
    return tuple(
        f"{letter or 'Not drawn'}: {part.offer}, {percent_text(part.share)} of customers"
        for letter, part in zip(letters(plan.plane), plan.plane.segments, strict=True)
    )


def _plane_chart(plan: Plan) -> Chart | None:
    """Draw offers with dials: a line of menus for one dial, a plane for two or three."""
    plane = plan.plane
    if plane is None:
        return None
    draw = line_spec if len(plane.dials) == 1 else plane_spec
    said = "; ".join(f"{part.offer} for {percent_text(part.share)}" for part in plane.segments)
    description = f"Where the offers lie on {', '.join(plane.dials)}. The plan gives: {said}."
    sizes = [
        svg(draw(plane, width), f"plane-{width}", "Where the offers lie", description)
        for width in (WIDE, NARROW)
    ]
    return Chart(Markup(sizes[0]), Markup(sizes[1]))  # noqa: S704 - escaped by the drawing


def _disclosure(plan: Plan) -> dict[str, object]:
    """Lay out the disclosure test: a drawing and a table for each attribute, and the price."""
    found = disclosing.tested(plan)
    at = disclosing.repair_at(plan)
    price = None if at is None else plan.guardrails[at]
    curve = None if price is None or not price.detail["curve"] else price.detail
    return {
        "disclosed": tuple((one, _ratio_chart(one, k)) for k, one in enumerate(found)),
        "price": price,
        "price_chart": None if curve is None else _price_chart(curve, plan.experiment.currency),
        "price_table": None if curve is None or at is None else disclosing.price_table(plan, at),
    }


def _ratio_chart(one: disclosing.Tested, at: int) -> Chart:
    title = f"What seeing an offer tells about {one.attribute}"
    description = f"{len(one.cells)} rows, each a likelihood ratio with its limits and its bound."
    return _two_sizes(
        lambda width: disclosing.ratio_spec(one.cells, width), f"ratio-{at}", title, description
    )


def _price_chart(curve: Mapping[str, Any], currency: str) -> Chart:
    description = "Profit per customer, held out, against the likelihood ratio allowed."
    return _two_sizes(
        lambda width: disclosing.price_spec(curve, currency, width),
        "price",
        "The price of telling less",
        description,
    )


def _budget_chart(plan: Plan) -> Chart | None:
    if not limits.has_curve(plan):
        return None
    title = "Value against budget"
    description = "Profit per customer, held out, against the budget of a campaign; limits kept."
    return _two_sizes(lambda width: limits.budget_spec(plan, width), "budget", title, description)


def _two_sizes(
    spec: Callable[[int], dict[str, Any]], ident: str, title: str, description: str
) -> Chart:
    sizes = [svg(spec(width), f"{ident}-{width}", title, description) for width in (WIDE, NARROW)]
    return Chart(Markup(sizes[0]), Markup(sizes[1]))  # noqa: S704 - escaped by the drawing


def _whiskers(rows: list[Whisker], axis: str, ident: str, title: str) -> Chart | None:
    rows = [row for row in rows if math.isfinite(row.value)]
    if not rows:
        return None
    description = f"{title}: {len(rows)} rows, each a point with its band; the table has the same."
    sizes = [
        svg(whisker_spec(rows, axis, width), f"{ident}-{width}", title, description)
        for width in (WIDE, NARROW)
    ]
    return Chart(Markup(sizes[0]), Markup(sizes[1]))  # noqa: S704 - escaped by the drawing


def _whisker(name: str, found: Estimate, chosen: bool = False) -> Whisker:
    return Whisker(name, found.value, found.lo, found.hi, chosen)


def _ladder_chart(plan: Plan) -> Chart | None:
    rows = [
        _whisker(sections.rival_name(rung.name), rung.gain)
        for rung in plan.ladder
        if rung.gain is not None
    ]
    at = sections.shown_menu(plan)
    if at is not None:
        gain = plan.frontier[at].gain_over_single
        rows.insert(0, _whisker(sections.shown_menu_name(plan, at), gain, chosen=True))
    axis = f"Gain over the best single offer, {plan.experiment.currency} per customer"
    return _whiskers(rows, axis, "ladder", "Gain of each rival over the best single offer")


def _segments_chart(plan: Plan) -> Chart | None:
    shown = [plan.segments[at] for at in sections.shown_segments(plan)]
    if len(shown) < 2:
        return None
    rows = [_whisker(segment.offer, segment.value, True) for segment in shown]
    axis = f"Held-out value, {plan.experiment.currency} per customer of the segment"
    return _whiskers(rows, axis, "segments", "What each segment is worth with its offer")


def _split_chart(plan: Plan) -> Chart | None:
    gain = plan.verdict.gain
    if gain is None:
        return None
    rows = [
        _whisker("Better single offer", gain.better_single),
        _whisker("Targeting", gain.targeting),
        _whisker("Total", gain.total, chosen=True),
    ]
    axis = f"Gain over {wording.baseline(plan)}, {plan.experiment.currency} per customer"
    return _whiskers(rows, axis, "split", "The gain, split in two")


def _findings(findings: tuple[Finding, ...]) -> tuple[tuple[str, str, tuple[Finding, ...]], ...]:
    grouped = (
        (level, title, tuple(found for found in findings if found.level == level))
        for level, title in _LEVELS
    )
    return tuple(group for group in grouped if group[2])


def _card(plan: Plan, at: int) -> Card:
    segment, field = plan.segments[at], f"segments.{at}"
    return Card(
        offer=segment.offer,
        customers=count(plan, f"{field}.customers"),
        share=share(plan, f"{field}.share"),
        value=interval(plan, f"{field}.value", decimals((segment.value,))),
        rule=segment.rule,
        fits=segment.rule_fidelity == 1 and segment.rule_loss.value == 0,
        fidelity=share(plan, f"{field}.rule_fidelity"),
        loss=interval(plan, f"{field}.rule_loss", decimals((segment.rule_loss,))),
        unknowns=wording.unknowns(plan, at),
    )

"""The tables of the page's sections, filled from the plan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from handful.delivery.report.figures import (
    count,
    decimals,
    interval,
    money,
    plain,
    share,
)
from handful.delivery.report.lettering import lettered, letters_of
from handful.delivery.report.tables import Cell, Column, Row, Table, offers_text
from handful.delivery.report.varying import cost_cells, costs_shown
from handful.planning.records import Plan


def frontier_table(plan: Plan) -> Table:
    """Return the table of menus: one row per K, the chosen one marked."""
    places = decimals(plan.frontier)
    gain_places = decimals(point.gain_over_single for point in plan.frontier)
    chosen = plan.verdict.offers if plan.verdict.kind in ("one_offer", "handful") else None
    marks = letters_of(plan)
    rows = tuple(
        Row(_frontier_cells(plan, at, places, gain_places, marks), point.offers == chosen)
        for at, point in enumerate(plan.frontier)
    )
    columns = (
        Column("Offers", numeric=True),
        Column("Menu"),
        Column("Value, held out", numeric=True),
        Column("Gain over best single", numeric=True),
        Column("Share of one-to-one’s gain", numeric=True),
        *(Column(title, numeric=True) for _, title in costs_shown(plan)),
        Column("Net", numeric=True),
        Column("Certified gap", numeric=True),
        Column("Claimed", numeric=True),
    )
    return Table(
        "frontier", "What each number of offers is worth, money per customer", columns, rows
    )


def _frontier_cells(
    plan: Plan, at: int, places: int, gain_places: int, marks: Mapping[str, str]
) -> tuple[Cell, ...]:
    field, point = f"frontier.{at}", plan.frontier[at]
    return (
        count(plan, f"{field}.offers"),
        lettered(point.menu, marks),
        interval(plan, field, places),
        interval(plan, f"{field}.gain_over_single", gain_places),
        share(plan, f"{field}.share_of_one_to_one", "one-to-one gains nothing over one offer"),
        *cost_cells(plan, at, places),
        money(plan, f"{field}.net", places),
        share(plan, f"{field}.certified_gap", "no bound was made"),
        money(plan, f"{field}.claimed", places),
    )


def shown_menu(plan: Plan) -> int | None:
    """Return the position of the menu to set beside the rivals: the plan's, else the best of many.

    Args:
        plan: the plan.

    Returns:
        The position in the frontier of the chosen menu of two or more offers, or of the one with
        the highest net value; None when no menu of two or more was valued.
    """
    many = [at for at, point in enumerate(plan.frontier) if point.offers >= 2]
    if not many:
        return None
    if plan.verdict.kind == "handful":
        many = [at for at in many if plan.frontier[at].offers == plan.verdict.offers] or many
    return max(many, key=lambda at: plan.frontier[at].net)


def reference_table(plan: Plan) -> Table:
    """Return the reference lines as a table: no offer, best single, menu of K, one-to-one."""
    best = plan.reference.best_single.offer or "not named"
    named = [(f"Best single offer: {best}", "reference.best_single")]
    if plan.reference.no_offer is not None:
        named.insert(0, ("No offer", "reference.no_offer"))
    at = shown_menu(plan)
    if at is not None:
        point = plan.frontier[at]
        named.append((f"Menu of {point.offers}: {offers_text(point.menu)}", f"frontier.{at}"))
    named.append(("One-to-one: each customer’s best of all offers", "reference.one_to_one"))
    places = decimals(plan.frontier)
    chosen = f"frontier.{at}" if plan.verdict.kind == "handful" else "reference.best_single"
    marked = plan.verdict.kind in ("handful", "one_offer")
    rows = [
        Row((name, interval(plan, field, places)), marked and field == chosen)
        for name, field in named
    ]
    if plan.reference.no_offer is None:
        rows.insert(0, Row(("No offer", "n/a: the experiment had no “no offer” arm")))
    columns = (Column("Reference line"), Column("Value per customer, held out", numeric=True))
    return Table("reference", "The four reference lines", columns, tuple(rows))


def shown_menu_name(plan: Plan, at: int) -> str:
    """Return what the menu beside the rivals is called: the plan, or the best menu of its size."""
    offers = plan.frontier[at].offers
    return (
        f"This plan ({offers} offers)"
        if plan.verdict.kind == "handful"
        else f"Best menu of {offers}"
    )


def ladder_table(plan: Plan) -> Table:
    """Return our menu and the rivals: value and gain over the best single offer, or why absent."""
    places = decimals(plan.frontier)
    gain_places = decimals(rung.gain for rung in plan.ladder if rung.gain is not None)
    rows = [Row(_rung_cells(plan, at, places, gain_places)) for at in range(len(plan.ladder))]
    at = shown_menu(plan)
    if at is not None:
        field = f"frontier.{at}"
        ours = (
            shown_menu_name(plan, at),
            count(plan, f"{field}.offers"),
            count(plan, f"{field}.offers"),
            interval(plan, field, places),
            interval(plan, f"{field}.gain_over_single", gain_places),
        )
        rows.insert(0, Row(ours, plan.verdict.kind == "handful"))
    columns = (
        Column("Way"),
        Column("Segments", numeric=True),
        Column("Offers", numeric=True),
        Column("Value per customer, held out", numeric=True),
        Column("Gain over best single", numeric=True),
    )
    return Table("ladder", "Ways to decide who gets what", columns, tuple(rows))


def _rung_cells(plan: Plan, at: int, places: int, gain_places: int) -> tuple[Cell, ...]:
    rung, field = plan.ladder[at], f"ladder.{at}"
    why = f"n/a: {rung.why_absent or 'not valued'}"
    return (
        rival_name(rung.name),
        "n/a" if rung.segments is None else count(plan, f"{field}.segments"),
        "n/a" if rung.offers is None else count(plan, f"{field}.offers"),
        why if rung.value is None else interval(plan, field, places),
        "n/a" if rung.gain is None else interval(plan, f"{field}.gain", gain_places),
    )


def rival_name(name: str) -> str:
    """Return a rival's name with a capital letter, underscores read as hyphens."""
    words = name.replace("_", "-")
    return words[:1].upper() + words[1:]


def shown_segments(plan: Plan) -> tuple[int, ...]:
    """Return the positions of the segments that somebody is in, or may be (n/a)."""
    return tuple(at for at, one in enumerate(plan.segments) if one.customers != 0)


def segments_table(plan: Plan) -> Table:
    """Return the segments: who gets which offer, how many, what it is worth."""
    places = decimals(segment.value for segment in plan.segments)
    rows = tuple(
        Row(
            (
                segment.offer,
                count(plan, f"segments.{at}.customers"),
                share(plan, f"segments.{at}.share"),
                interval(plan, f"segments.{at}.value", places),
            )
        )
        for at, segment in ((at, plan.segments[at]) for at in shown_segments(plan))
    )
    columns = (
        Column("Offer"),
        Column("Customers", numeric=True),
        Column("Share", numeric=True),
        Column("Value per customer, held out", numeric=True),
    )
    return Table("segments", "Worth of each segment’s offer", columns, rows)


def split_table(plan: Plan, baseline: str) -> Table:
    """Return the gain split into a better single offer and targeting."""
    gain = plan.verdict.gain
    if gain is None:
        return Table("split", "", (), ())
    places = decimals((gain.better_single, gain.targeting, gain.total))
    named = (
        (f"Better single offer, over {baseline}", "better_single"),
        ("Targeting, over the better single offer", "targeting"),
        ("Total", "total"),
    )
    rows = tuple(
        Row((name, interval(plan, f"verdict.gain.{field}", places))) for name, field in named
    )
    if gain.corrected is not None:
        expected = money(plan, "verdict.gain.corrected", places)
        rows = (*rows, Row(("To expect, winner's curse taken off", expected)))
    columns = (Column("Part"), Column("Gain per customer, held out", numeric=True))
    return Table("split", "The gain, part by part", columns, rows)


def tails_table(plan: Plan) -> Table:
    """Return raw values beside winsorised ones, for each line that has both."""
    places = decimals(estimate for _, estimate in plan.tails.winsorised)
    rows = tuple(
        Row(
            (
                winsorised_name(name),
                _raw_value(plan, name, places),
                interval(plan, f"tails.winsorised.{at}.1", places),
            )
        )
        for at, (name, _) in enumerate(plan.tails.winsorised)
    )
    columns = (
        Column("Line"),
        Column("As measured", numeric=True),
        Column("Winsorised", numeric=True),
    )
    return Table("tails", "Values with the largest profits cut back", columns, rows)


def winsorised_name(name: str) -> str:
    """Return the words for a winsorised line: "menu:3" becomes "Menu of 3"."""
    number = re.search(r"\d+$", name)
    if name.startswith("menu") and number:
        return f"Menu of {number.group()}"
    words = {"no_offer": "No offer", "best_single": "Best single offer", "one_to_one": "One-to-one"}
    return words.get(name, name)


def _raw_value(plan: Plan, name: str, places: int) -> Cell:
    number = re.search(r"\d+$", name)
    if name in ("no_offer", "best_single", "one_to_one") and getattr(plan.reference, name):
        return interval(plan, f"reference.{name}", places)
    if number:
        for at, point in enumerate(plan.frontier):
            if point.offers == int(number.group()):
                return interval(plan, f"frontier.{at}", places)
    return "n/a: not valued as measured"


def arms_table(plan: Plan) -> Table:
    """Return the offers as they were tried; with dials, the candidates and the rows nearest."""
    rows = tuple(
        Row(
            (
                offer.name,
                count(plan, f"experiment.offers.{at}.rows"),
                "yes" if offer.control else "no",
            )
        )
        for at, offer in enumerate(plan.experiment.offers)
    )
    near, title = "Rows", "The offers tried"
    if plan.plane is not None:
        near, title = "Rows nearest to it", "The candidate offers"
    columns = (Column("Offer"), Column(near, numeric=True), Column("Means no offer"))
    return Table("arms", title, columns, rows)


NO_BOUND: Final = "none is set"
"""Why a guardrail that only tells has no bound."""


def guardrails_table(plan: Plan) -> Table:
    """Return the guardrails: measured, bound, verdict, what to do or who answers for it."""
    answers = {o.name: f"Answered for by {o.by}: {o.reason}" for o in plan.overrides}
    rows = tuple(
        Row(
            (
                rail.name,
                rail.measure,
                plain(plan, f"guardrails.{at}.value", rail_places(rail.value, rail.bound)),
                plain(
                    plan, f"guardrails.{at}.bound", rail_places(rail.value, rail.bound), NO_BOUND
                ),
                rail.verdict.replace("_", " "),
                answers.get(rail.name, rail.remedy),
            ),
        )
        for at, rail in enumerate(plan.guardrails)
    )
    columns = (
        Column("Guardrail"),
        Column("Measure"),
        Column("Value", numeric=True),
        Column("Bound", numeric=True),
        Column("Verdict"),
        Column("What to do"),
    )
    return Table("guardrails", "Guardrails", columns, rows)


def rail_places(value: float | None, bound: float | None) -> int:
    """Counts are shown as counts, anything else with three places."""
    return 0 if all(x is None or float(x).is_integer() for x in (value, bound)) else 3

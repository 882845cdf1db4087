"""The rows of an answer's tables: menus, segments and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from handful.delivery.report.figures import (
    MISSING,
    Figure,
    Interval,
    money_text,
    significant,
)
from handful.delivery.studio.pages.numbers import (
    Document,
    count,
    interval,
    known,
    money,
    places,
    share,
    sized,
)
from handful.delivery.studio.pages.words import menu_words

_SHORT_MENU: Final = 3


@dataclass(frozen=True, slots=True)
class MenuRow:
    """One number of offers: its menu and what it is worth."""

    offers: int
    menu: str
    shown: bool
    advised: bool
    value: Interval
    gain: Interval
    cost: Figure
    net: Figure


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """Who gets one offer; `bar` is the share in percent, for a drawing."""

    offer: str
    customers: Figure
    share: Figure
    bar: float
    value: Interval


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A limit: its bound, what is used of it, what one more unit is worth."""

    name: str
    kind: str
    unit: str
    bound: Figure
    used: Figure
    price: Figure


def menu_cost(answer: Document, at: int | None, place: int, currency: str) -> Figure | None:
    """Return what the menu costs per customer, all costs together."""
    if at is None:
        return None
    point = answer["frontier"][at]
    if not known(point["value"]) or not known(point["net"]):
        return None
    # Rounded where floating point ends, so that 0.01 is not taken for less than it.
    cost = round(point["value"] - point["net"], 12)
    return Figure(
        money_text(cost, currency, max(place, significant([cost]))), cost, f"frontier.{at}.cost"
    )


def menu_row(
    answer: Document, at: int, chosen: int | None, labels: Mapping[str, str], currency: str
) -> MenuRow:
    """Return one number of offers as a row; `chosen` is the size of the menu shown."""
    point, field = answer["frontier"][at], f"frontier.{at}"
    place = places(answer["frontier"])
    gain_place = places(p["gain_over_single"] for p in answer["frontier"])
    verdict = answer["verdict"]
    cost = menu_cost(answer, at, place, currency)
    return MenuRow(
        offers=point["offers"],
        menu=_menu_step(answer, at, chosen, labels),
        shown=point["offers"] == chosen,
        advised=set(point["menu"]) == set(verdict["menu"]),
        value=interval(answer, field, place, currency),
        gain=interval(answer, f"{field}.gain_over_single", gain_place, currency),
        cost=cost or Figure(MISSING, None, f"{field}.cost", None, "not measured"),
        net=money(answer, f"{field}.net", place, currency),
    )


def _menu_step(answer: Document, at: int, chosen: int | None, labels: Mapping[str, str]) -> str:
    """Name a menu's offers; a long one that nobody asked for by its step from the menu before."""
    point = answer["frontier"][at]
    wanted = point["offers"] == chosen or set(point["menu"]) == set(answer["verdict"]["menu"])
    if at == 0 or wanted or point["offers"] <= _SHORT_MENU:
        return menu_words(point["menu"], labels)
    before = answer["frontier"][at - 1]
    added = [name for name in point["menu"] if name not in before["menu"]]
    left = [name for name in before["menu"] if name not in point["menu"]]
    out = f" without {menu_words(left, labels)}" if left else ""
    return f"The menu of {before['offers']}{out}, and {menu_words(added, labels)}"


def segment_row(answer: Document, at: int, labels: Mapping[str, str], currency: str) -> SegmentRow:
    """Return a segment as a row."""
    segment, field = answer["segments"][at], f"segments.{at}"
    part = segment["share"]
    why = "nobody gets it" if segment["customers"] == 0 else "too few get it"
    return SegmentRow(
        offer=labels.get(segment["offer"], segment["offer"]),
        customers=count(answer, f"{field}.customers"),
        share=share(answer, f"{field}.share"),
        bar=round(100 * part, 2) if known(part) else 0.0,
        value=interval(answer, f"{field}.value", places([segment["value"]]), currency, why),
    )


def limit_row(answer: Document, at: int, currency: str) -> LimitRow:
    """Return a limit as a row."""
    limit, field = answer["constraints"][at], f"constraints.{at}"
    price = limit["shadow_price"]
    place = max(significant([price]) + 1, 2) if known(price) else 0
    return LimitRow(
        name=limit["name"].replace("_", " ").replace("capacity.", "capacity of "),
        kind="at least" if limit["kind"] == "at_least" else "at most",
        unit=limit["unit"],
        bound=sized(answer, f"{field}.bound"),
        used=sized(answer, f"{field}.used", "not measured"),
        price=(
            Figure(money_text(price, currency, place), price, f"{field}.shadow_price")
            if known(price)
            else Figure(MISSING, None, f"{field}.shadow_price", None, "the limit does not bind")
        ),
    )

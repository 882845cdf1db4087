"""The answer to a question as the page tells it: a verdict, four numbers, tables, a drawing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from handful.delivery.report.figures import (
    MISSING,
    Figure,
    Interval,
    money_text,
    significant,
)
from handful.delivery.studio.pages.chart import Drawing, Shown, drawings
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
from handful.delivery.studio.pages.words import Rail, menu_words, rails
from handful.delivery.studio.records import PlanView

NO_INTERVAL: Final = (
    "n/a interval: both numbers come from the same customers, so their bands do not tell how "
    "sure the difference is."
)
_SHORT_MENU: Final = 3
COSTS_ONLY: Final = "Exact: the menu and its value are the same, only costs differ."


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


@dataclass(frozen=True, slots=True)
class Told:
    """An answer in words and figures.

    Attributes:
        headline: what to run.
        aside: what the evidence says where the menu shown is not the one it advises; "" else.
        said: headline and net value in one line, to be read aloud.
        reasons: of the verdict.
        value, gain, net: of the menu shown; None where no menu was valued.
        total: net times the customers of a campaign.
        change: net of the menu shown less net of the plan as made; None where one is missing.
        change_note: how sure that is.
        before: the plan as made, in words.
        menus, segments, limits, rails, notes, drawings: as the page lists them.
    """

    headline: str
    aside: str
    said: str
    reasons: tuple[str, ...]
    value: Interval | None
    gain: Interval | None
    net: Figure | None
    cost: Figure | None
    total: Figure | None
    change: Figure | None
    change_note: str
    before: str
    menus: tuple[MenuRow, ...]
    segments: tuple[SegmentRow, ...]
    limits: tuple[LimitRow, ...]
    rails: tuple[Rail, ...]
    notes: tuple[str, ...]
    drawings: tuple[Drawing, ...]
    asked: bool


def as_answer(document: Document) -> dict[str, Any]:
    """Return plan.json with the fields that an answer has beside: the answer to no question.

    Example:
        >>> made = as_answer({"verdict": {"offers": 2, "menu": ["a", "b"]},
        ...                   "experiment": {"population": None, "customers": 9}})
        >>> made["offers"], made["menu"], made["population"]
        (2, ['a', 'b'], 9)
    """
    facts = document["experiment"]
    return dict(document) | {
        "offers": document["verdict"]["offers"],
        "menu": document["verdict"]["menu"],
        "population": facts["population"] or facts["customers"],
        "setup_cost": None,
        "assumptions": {},
        "note": [],
    }


def tell(view: PlanView, settings: Document, answer: Document | None) -> Told:
    """Return an answer in words and figures.

    Args:
        view: the plan.
        settings: the answer at the plan's own settings.
        answer: to the question; None where nothing is asked.
    """
    shown = settings if answer is None else answer
    currency = view.document["experiment"]["currency"]
    at, was = position(shown), position(settings)
    place = places(shown["frontier"])
    headline, aside = _headline(shown, view.labels), _aside(shown, view.labels)
    net = None if at is None else money(shown, f"frontier.{at}.net", place, currency)
    change, how_sure = _change(shown, settings, at, was, (place, currency))
    chosen = None if at is None else shown["frontier"][at]["offers"]
    return Told(
        headline=headline,
        aside=aside,
        said=_said(headline, aside, net),
        reasons=tuple(shown["verdict"]["reasons"]),
        value=None if at is None else interval(shown, f"frontier.{at}", place, currency),
        gain=_gain(shown, at, currency),
        net=net,
        cost=_cost(shown, at, place, currency),
        total=_total(shown, at, currency),
        change=change,
        change_note=how_sure,
        before=_headline(settings, view.labels),
        menus=tuple(
            _menu(shown, k, chosen, view.labels, currency) for k in range(len(shown["frontier"]))
        ),
        segments=tuple(
            _segment(shown, k, view.labels, currency) for k in range(len(shown["segments"]))
        ),
        limits=tuple(_limit(shown, k, currency) for k in range(len(shown["constraints"]))),
        rails=rails(view.document, shown),
        notes=tuple(shown["note"]),
        drawings=drawings(Shown(shown, settings, chosen, currency)),
        asked=answer is not None,
    )


def position(answer: Document) -> int | None:
    """Return where the menu shown stands in the frontier; None when it is not there."""
    for at, point in enumerate(answer["frontier"]):
        if point["offers"] == answer["offers"]:
            return at
    return None


def _headline(answer: Document, labels: Mapping[str, str]) -> str:
    """Say what to run; a menu that was asked for is named as such."""
    kind, menu = answer["verdict"]["kind"], menu_words(answer["menu"], labels)
    if not _is_advice(answer):
        many = "one offer" if answer["offers"] == 1 else f"{answer['offers']} offers"
        return f"With {many}: {menu}."
    return {
        "one_offer": f"One offer for everybody: {menu}.",
        "handful": f"Run {answer['offers']} offers: {menu}. Each customer gets what suits them.",
        "no_offer": "Make no offer: none is shown to earn more than doing nothing.",
        "by_hand": "Write to each customer by hand: the team has the hours.",
        "refused": "No decision: these data cannot carry one.",
    }[kind]


def _is_advice(answer: Document) -> bool:
    """Tell whether the menu shown is the one that the verdict advises."""
    verdict = answer["verdict"]
    if verdict["kind"] in ("one_offer", "handful"):
        return set(answer["menu"]) == set(verdict["menu"])
    return bool(answer["offers"] == verdict["offers"])


def _aside(answer: Document, labels: Mapping[str, str]) -> str:
    if _is_advice(answer):
        return ""
    verdict = answer["verdict"]
    if verdict["kind"] == "one_offer":
        return f"The evidence asks for one offer: {menu_words(verdict['menu'], labels)}."
    if verdict["kind"] == "handful":
        menu = menu_words(verdict["menu"], labels)
        return f"The evidence supports {verdict['offers']} offers: {menu}."
    return {
        "no_offer": "The evidence asks for no offer at all.",
        "by_hand": "The team could write to each customer by hand.",
        "refused": "The evidence carries no decision.",
    }[verdict["kind"]]


def _said(headline: str, aside: str, net: Figure | None) -> str:
    worth = "" if net is None else f"Net {net.text} per customer."
    return " ".join(part for part in (worth, headline, aside) if part)


def _gain(answer: Document, at: int | None, currency: str) -> Interval | None:
    if at is None:
        return None
    gain = answer["frontier"][at]["gain_over_single"]
    return interval(answer, f"frontier.{at}.gain_over_single", places([gain]), currency)


def _cost(answer: Document, at: int | None, place: int, currency: str) -> Figure | None:
    """Return what the menu costs per customer, all costs together."""
    if at is None:
        return None
    point = answer["frontier"][at]
    if not known(point["value"]) or not known(point["net"]):
        return None
    cost = point["value"] - point["net"]
    return Figure(
        money_text(cost, currency, max(place, significant([cost]))), cost, f"frontier.{at}.cost"
    )


def _total(answer: Document, at: int | None, currency: str) -> Figure | None:
    if at is None or not known(answer["frontier"][at]["net"]):
        return None
    point, times = answer["frontier"][at], float(answer["population"])
    ends = {end: point[end] for end in ("value", "lo", "hi") if known(point[end])}
    scaled = {end: value * times for end, value in ends.items()} if len(ends) == 3 else None
    total = point["net"] * times
    place = min(places([scaled]), 0)
    return Figure(money_text(total, currency, place), total, f"frontier.{at}.net", times)


def _change(
    shown: Document,
    settings: Document,
    at: int | None,
    was: int | None,
    style: tuple[int, str],
) -> tuple[Figure | None, str]:
    """Return what the question changes in net value, and how sure that is."""
    if at is None or was is None:
        return None, "n/a: no menu to compare."
    now, before = shown["frontier"][at], settings["frontier"][was]
    if not known(now["net"]) or not known(before["net"]):
        return None, "n/a: not measured."
    place, currency = style
    change = now["net"] - before["net"]
    same = now["value"] == before["value"] and set(now["menu"]) == set(before["menu"])
    text = money_text(change, currency, max(place, significant([change])) if same else place)
    figure = Figure(f"+{text}" if change > 0 else text, change, f"frontier.{at}.net.change")
    if change == 0 and same:
        return figure, "This is the plan as it was made."
    return figure, COSTS_ONLY if same else NO_INTERVAL


def _menu(
    answer: Document, at: int, chosen: int | None, labels: Mapping[str, str], currency: str
) -> MenuRow:
    point, field = answer["frontier"][at], f"frontier.{at}"
    place = places(answer["frontier"])
    gain_place = places(p["gain_over_single"] for p in answer["frontier"])
    verdict = answer["verdict"]
    cost = _cost(answer, at, place, currency)
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


def _segment(answer: Document, at: int, labels: Mapping[str, str], currency: str) -> SegmentRow:
    segment, field = answer["segments"][at], f"segments.{at}"
    part = segment["share"]
    return SegmentRow(
        offer=labels.get(segment["offer"], segment["offer"]),
        customers=count(answer, f"{field}.customers"),
        share=share(answer, f"{field}.share"),
        bar=round(100 * part, 2) if known(part) else 0.0,
        value=interval(answer, f"{field}.value", places([segment["value"]]), currency),
    )


def _limit(answer: Document, at: int, currency: str) -> LimitRow:
    limit, field = answer["constraints"][at], f"constraints.{at}"
    price = limit["shadow_price"]
    return LimitRow(
        name=limit["name"].replace("_", " ").replace("capacity.", "capacity of "),
        kind="at least" if limit["kind"] == "at_least" else "at most",
        unit=limit["unit"],
        bound=sized(answer, f"{field}.bound"),
        used=sized(answer, f"{field}.used", "not measured"),
        price=(
            Figure(
                money_text(price, currency, significant([price])), price, f"{field}.shadow_price"
            )
            if known(price)
            else Figure(MISSING, None, f"{field}.shadow_price", None, "the limit does not bind")
        ),
    )

"""The answer to a question as the page tells it: a verdict, four numbers, tables, a drawing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from handful.delivery.report.figures import (
    Figure,
    Interval,
    money_text,
    significant,
)
from handful.delivery.studio.pages.chart import Drawing, Shown, drawings
from handful.delivery.studio.pages.numbers import (
    Document,
    interval,
    known,
    money,
    places,
)
from handful.delivery.studio.pages.rows import (
    LimitRow,
    MenuRow,
    SegmentRow,
    limit_row,
    menu_cost,
    menu_row,
    segment_row,
)
from handful.delivery.studio.pages.words import Rail, menu_words, rails
from handful.delivery.studio.records import PlanView

NO_INTERVAL: Final = (
    "n/a interval: both numbers come from the same customers, so their bands do not tell how "
    "sure the difference is."
)
COSTS_ONLY: Final = "Exact: the menu and its value are the same, only costs differ."


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
        cost=menu_cost(shown, at, place, currency),
        total=_total(shown, at, currency),
        change=change,
        change_note=how_sure,
        before=_headline(settings, view.labels),
        menus=tuple(
            menu_row(shown, k, chosen, view.labels, currency) for k in range(len(shown["frontier"]))
        ),
        segments=tuple(
            segment_row(shown, k, view.labels, currency) for k in range(len(shown["segments"]))
        ),
        limits=tuple(limit_row(shown, k, currency) for k in range(len(shown["constraints"]))),
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
    whom = "for everybody" if not answer["constraints"] else "as far as the limits let you"
    return {
        "one_offer": f"One offer {whom}: {menu}.",
        "handful": f"Run {answer['offers']} offers: {menu}. Each customer gets what suits them.",
        "no_offer": "Make no offer: none is shown to earn more than doing nothing.",
        "by_hand": "Write to each customer by hand: the team has the hours.",
        "refused": "No decision: these data cannot carry one.",
    }[kind]


def _is_advice(answer: Document) -> bool:
    """Tell whether the menu shown is the one that the verdict advises."""
    verdict = answer["verdict"]
    if answer["question"].get("offers") is None:
        return True
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
    change = round(now["net"] - before["net"], 12)
    same = now["value"] == before["value"] and set(now["menu"]) == set(before["menu"])
    text = money_text(change, currency, max(place, significant([change])) if same else place)
    figure = Figure(f"+{text}" if change > 0 else text, change, f"frontier.{at}.net.change")
    if change == 0 and same:
        return figure, "This is the plan as it was made."
    return figure, COSTS_ONLY if same else NO_INTERVAL

"""GET /plans/{id}/customers: which offer one row gets and why, without saying who it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from handful.delivery.report.figures import Figure, money_text, number_text
from handful.delivery.studio.pages.frame import framed
from handful.delivery.studio.pages.numbers import Document, known
from handful.delivery.studio.records import CustomersPage

_REASONS: Final = MappingProxyType(
    {
        "best_in_menu": "It is the best of the menu for them, as the model expects.",
        "menu_not_open_here": "No offer of the menu may be given here, so they get the fallback.",
        "unknown_stratum": "Their kind of customer was not in the experiment.",
        "by_rule": "The plan’s rule gives it to them.",
        "no_consent_personalise": "They do not allow their data to be used for choosing.",
        "no_consent_contact": "They do not allow to be contacted.",
        "no_consent_channel": "They do not allow this channel.",
        "not_in_tier": "The offer is not open to them.",
        "default_is_better": "The offer that would have won makes its segment worse off.",
        "contact_cap": "They have had as many messages as is allowed.",
        "held_out": "They are held out, so that the worth of the programme can be measured.",
        "randomised_for_privacy": "Drawn by chance, so that an offer tells less about who gets it.",
    }
)


@dataclass(frozen=True, slots=True)
class RankRow:
    """An offer of the menu for this row; `behind` the first, `bar` from 0 to 100."""

    offer: str
    expected: Figure
    behind: Figure | None
    bar: float


@dataclass(frozen=True, slots=True)
class MovedRow:
    """A feature and what it does to the lead of the first offer over the second."""

    feature: str
    value: str
    typical: str
    words: str
    change: Figure


@dataclass(frozen=True, slots=True)
class Explained:
    """Why one row gets its offer, in words and figures."""

    row: int
    offer: str
    second: str | None
    lead: Figure | None
    reason: str
    claim: str
    ranked: tuple[RankRow, ...]
    moved: tuple[MovedRow, ...]


def render_customers(customers: CustomersPage) -> str:
    """Return one row of the log with its offer and what speaks for it; never who it is.

    Example:
        >>> render_customers.__name__
        'render_customers'
    """
    view = customers.plan
    told = None
    if customers.explained is not None:
        currency = view.document["experiment"]["currency"]
        told = _explained(customers.explained, view.labels, currency)
    own = {
        "live": customers.live,
        "why_not": customers.why_not,
        "rows": customers.rows,
        "rows_text": number_text(customers.rows, 0),
        "row": customers.row,
        "told": told,
        "refusal": customers.refusal,
    }
    return framed("customers.html", "customers", customers.frame, own, view)


def _explained(found: Document, labels: Mapping[str, str], currency: str) -> Explained:
    first, second = _label(found["offer"], labels), found["second"]
    second = None if second is None else _label(second, labels)
    style = (currency, _place(found["ranked"]))
    top = found["ranked"][0]["expected_profit"] if found["ranked"] else None
    return Explained(
        row=found["row"],
        offer=first,
        second=second,
        lead=_money(found["lead"], "lead", style),
        reason=_REASONS.get(found["reason"], found["reason"].replace("_", " ")),
        claim=found["claim"],
        ranked=tuple(_rank(found, at, (top, labels), style) for at in range(len(found["ranked"]))),
        moved=tuple(
            _moved(found, at, style)
            for at in range(len(found["moved"]))
            if found["moved"][at]["change"]
        ),
    )


def _rank(
    found: Document,
    at: int,
    against: tuple[float | None, Mapping[str, str]],
    style: tuple[str, int],
) -> RankRow:
    top, labels = against
    one, field = found["ranked"][at], f"ranked.{at}.expected_profit"
    worth = one["expected_profit"]
    behind = None
    if at > 0 and top is not None and known(worth):
        behind = Figure(money_text(top - worth, *style), top - worth, f"{field}.behind")
    biggest = max((abs(r["expected_profit"]) for r in found["ranked"]), default=0.0)
    return RankRow(
        offer=_label(one["offer"], labels),
        expected=Figure(money_text(worth, *style), worth, field),
        behind=behind,
        bar=round(100 * max(worth, 0.0) / biggest, 1) if biggest else 0.0,
    )


def _moved(found: Document, at: int, style: tuple[str, int]) -> MovedRow:
    one = found["moved"][at]
    change = one["change"]
    text = money_text(change, *style)
    return MovedRow(
        feature=one["feature"],
        value=one["value"],
        typical=one["typical"],
        words="for the first" if change > 0 else "against the first",
        change=Figure(f"+{text}" if change > 0 else text, change, f"moved.{at}.change"),
    )


def _money(value: float | None, field: str, style: tuple[str, int]) -> Figure | None:
    return None if value is None else Figure(money_text(value, *style), value, field)


def _place(ranked: Sequence[Document]) -> int:
    """Return decimals that leave four digits of the largest profit expected, two at least."""
    biggest = max((abs(one["expected_profit"]) for one in ranked), default=0.0)
    return 2 if biggest == 0 else min(max(3 - math.floor(math.log10(biggest)), 2), 6)


def _label(name: str, labels: Mapping[str, str]) -> str:
    return labels.get(name, name)

"""Writes a first handful.toml from the columns of a log, saying what was guessed and why."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from handful.brief.profile import ColumnProfile

_OFFER_WORDS: Final = re.compile(
    r"(?i)(^|_|\b)(segment|arm|offer|treatment|treat|group|variant|variation|campaign|tg|test|"
    r"coupon|mailing|price|incentive|cell|condition|assignment)s?($|_|\b)"
)
_CONTROL_WORDS: Final = re.compile(r"(?i)\b(no|none|control|holdout|hold-out|nothing|untreated)\b")
_OUTCOME_WORDS: Final = re.compile(
    r"(?i)^(visit|conversion|convert|spend|spent|click|revenue|profit|purchase|sale|outcome|"
    r"response|respond|redeem|vote|churn|open|repl|book|bought|order)(s|d|ed|ion|y|ied)?$"
)
_MONEY_WORDS: Final = re.compile(r"(?i)^(profit|margin|spend|spent|revenue|sale|purchase|order)s?$")
_CUSTOMER_WORDS: Final = re.compile(
    r"(?i)^(customer|client|user|person|member|account|cust)?[_ ]?(id|no|number|key)$"
)
_CLUSTER_WORDS: Final = re.compile(r"(?i)(household|^hh_?id|family|cluster|village|store|school)")
_STRATA_WORDS: Final = re.compile(r"(?i)(^strat|strata|^wave$|^block$|^site$)")
_TIME_WORDS: Final = re.compile(r"(?i)(sent|assigned|offered|treated|mailed)")
_DIAL_WORDS: Final = re.compile(
    r"(?i)(^|_|\b)(discount|amount|rate|incentive|price|subsidy|voucher|bonus|rebate|cash|offer|"
    r"treatment|treat)s?($|_|\b)"
)
_MOST_OFFERS: Final = 80
_DIAL_LEVELS: Final = 10
"""A numeric offer with more levels than this is a dial rather than a list of names."""


@dataclass(frozen=True, slots=True)
class Starter:
    """A first brief.

    Attributes:
        text: of handful.toml.
        guesses: one sentence each: what was guessed and why.
    """

    text: str
    guesses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Roles:
    """Which column does what."""

    offer: str
    dial: bool
    control: str | None
    profit: str
    outcomes: tuple[str, ...]
    customer: str | None
    cluster: str | None
    strata: tuple[str, ...]
    time: str | None


def starter_brief(source: str, columns: tuple[ColumnProfile, ...]) -> Starter:
    """Return a commented first brief for a log, and what was guessed.

    Args:
        source: as it is to stand in the brief.
        columns: of the log, in its order.

    Returns:
        Text that `read_brief` accepts; a guess that found nothing is marked CHANGE.

    Example:
        >>> arm = ColumnProfile("arm", "text", 100, 2, 0, ("control", "mail"))
        >>> spend = ColumnProfile("spend", "number", 100, 40, 0)
        >>> starter_brief("log.csv", (arm, spend)).guesses[0]
        "offer = 'arm': 2 levels and a name that sounds like offers."
    """
    guesses: list[str] = []
    offer = _guess_offer(columns, guesses)
    outcomes = _guess_outcomes(columns, offer, guesses)
    roles = _Roles(
        offer=offer.name if offer else "CHANGE_ME",
        dial=offer is not None and _is_dial(offer),
        control=_guess_control(offer, guesses),
        profit=_guess_profit(columns, outcomes, guesses),
        outcomes=outcomes,
        customer=_guess_customer(columns, guesses),
        cluster=_guess_named(columns, _CLUSTER_WORDS, "cluster", guesses),
        strata=_guess_strata(columns, guesses),
        time=_guess_time(columns, guesses),
    )
    return Starter(_write(source, roles), tuple(guesses))


def _guess_offer(columns: tuple[ColumnProfile, ...], guesses: list[str]) -> ColumnProfile | None:
    fit = [c for c in columns if 2 <= c.distinct <= _MOST_OFFERS and c.kind in {"text", "whole"}]
    named = [c for c in fit if _OFFER_WORDS.search(c.name) and not _OUTCOME_WORDS.match(c.name)]
    if named:
        best = max(named, key=lambda c: (_has_control(c), c.kind == "text"))
        reason = f"{best.distinct} levels and a name that sounds like offers"
    else:
        held = [c for c in fit if _has_control(c)]
        dials = [c for c in columns if _is_dial(c) and _DIAL_WORDS.search(c.name)]
        if dials and not held:
            guesses.append(_told_dial(dials[0]))
            return dials[0]
        if not held:
            guesses.append(
                "offer: no column looks like offers; write its name in place of CHANGE_ME."
            )
            return None
        best = held[0]
        reason = f"{best.distinct} levels, one of which sounds like a control"
    guesses.append(_told_dial(best) if _is_dial(best) else f"offer = '{best.name}': {reason}.")
    return best


def _is_dial(column: ColumnProfile) -> bool:
    return column.kind in {"number", "whole"} and column.distinct > _DIAL_LEVELS


def _told_dial(column: ColumnProfile) -> str:
    return (
        f"offer = ['{column.name}']: a number with {column.distinct} values and a name that sounds "
        "like offers; add its box under [menu] and further dials to the list."
    )


def _has_control(column: ColumnProfile) -> bool:
    return any(_CONTROL_WORDS.search(level) for level in column.levels)


def _guess_control(offer: ColumnProfile | None, guesses: list[str]) -> str | None:
    if offer is None:
        return None
    if _is_dial(offer):
        return _guess_dial_control(offer, guesses)
    found = [level for level in offer.levels if _CONTROL_WORDS.search(level)]
    if len(found) == 1:
        guesses.append(f"control = '{found[0]}': its name says no offer.")
        return found[0]
    if "0" in offer.levels and offer.kind == "whole":
        guesses.append("control = '0': the smallest code; check that it means no offer.")
        return "0"
    guesses.append("control: none found; set it if one level means no offer.")
    return None


def _guess_dial_control(offer: ColumnProfile, guesses: list[str]) -> str | None:
    if {"0", "0.0"} & set(offer.levels):
        guesses.append(f"control = {offer.name} 0: check that it means no offer.")
        return "0"
    if offer.missing:
        guesses.append("control = 'null': cells of the dial are empty; check what that means.")
        return "null"
    guesses.append("control: none found; set it if one point means no offer.")
    return None


def _guess_outcomes(
    columns: tuple[ColumnProfile, ...], offer: ColumnProfile | None, guesses: list[str]
) -> tuple[str, ...]:
    found = tuple(
        c.name for c in columns if c != offer and _OUTCOME_WORDS.match(c.name)
    )  # fmt: skip
    if found:
        listed = ", ".join(found)
        guesses.append(f"exclude = {listed}: they sound measured after the offer was given.")
    return found


def _guess_profit(
    columns: tuple[ColumnProfile, ...], outcomes: tuple[str, ...], guesses: list[str]
) -> str:
    found = [c for c in columns if c.name in outcomes]
    numbers = [_identifier(c.name) for c in found if c.kind in {"number", "whole"}]
    money = [name for name in numbers if _MONEY_WORDS.match(name)]
    yes = [
        f"CASE WHEN {_identifier(c.name)} = '{level}' THEN 1 ELSE 0 END"
        for c in found
        for level in c.levels
        if level.lower() in {"yes", "true"} and c.distinct == 2
    ]
    for chosen in (*money, *numbers, *yes):
        guesses.append(f"per_row = {chosen}: write your margin and the cost of each offer in.")
        return chosen
    guesses.append("per_row: no outcome found; write what a row earned in place of 0.0.")
    return "0.0"


def _guess_customer(columns: tuple[ColumnProfile, ...], guesses: list[str]) -> str | None:
    for column in columns:
        many = column.distinct > max(20, column.rows // 50)
        if many and _CUSTOMER_WORDS.match(column.name):
            guesses.append(f"customer = '{column.name}': it sounds like an id.")
            return column.name
    guesses.append("customer: no id found; each row counts as one customer.")
    return None


def _guess_named(
    columns: tuple[ColumnProfile, ...], words: re.Pattern[str], key: str, guesses: list[str]
) -> str | None:
    for column in columns:
        if column.distinct > 20 and words.search(column.name):
            guesses.append(f"{key} = '{column.name}': it sounds like the unit that was randomised.")
            return column.name
    return None


def _guess_strata(columns: tuple[ColumnProfile, ...], guesses: list[str]) -> tuple[str, ...]:
    found = tuple(
        c.name for c in columns if 2 <= c.distinct <= 200 and _STRATA_WORDS.search(c.name)
    )
    if found:
        guesses.append(f"strata = {', '.join(found)}: check that offers were randomised within.")
    return found


def _guess_time(columns: tuple[ColumnProfile, ...], guesses: list[str]) -> str | None:
    found = [c.name for c in columns if c.kind == "time" and _TIME_WORDS.search(c.name)]
    if not found:
        return None
    guesses.append(f"time = '{found[0]}': it sounds like the time the offer was given.")
    return found[0]


def _identifier(name: str) -> str:
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name)
    return name if plain else '"' + name.replace('"', '""') + '"'


def _toml(value: str | tuple[str, ...]) -> str:
    """Write a value as TOML: a JSON string is one, but for DEL."""
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _line(key: str, value: str | tuple[str, ...] | None, comment: str) -> str:
    off = "" if value else "# "
    return f"{off}{key:<10} = {_toml('' if value is None else value)}".ljust(44) + f"  # {comment}"


def _offer_lines(roles: _Roles) -> list[str]:
    """Write the offer and its control: a level, or a point of the dial."""
    if not roles.dial:
        return [
            _line("offer", roles.offer, "the column that says which offer a row received"),
            _line("control", roles.control, 'the level that means "no offer"'),
        ]
    point = "{" + f"{_key(roles.offer)} = 0" + "}"
    written = '"null"' if roles.control == "null" else point
    off = "" if roles.control else "# "
    return [
        _line("offer", (roles.offer,), "the numbers that make an offer, up to three columns"),
        f"{off}control    = {written}".ljust(44) + '  # the point that means "no offer"',
    ]


def _dial_table(roles: _Roles) -> list[str]:
    if not roles.dial:
        return []
    return [
        f"[menu.{_key(roles.offer)}]",
        "# min       = 0.0                            # the range tried when absent",
        "# max       = 1.0",
        "# increment = 0.05                           # steps that can be said aloud",
        "",
    ]


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)


def _example(roles: _Roles) -> str:
    if roles.dial:
        line = f"#   0.30 * spend - {_identifier(roles.offer)}"
        return "".join(c if c.isprintable() else " " for c in line)
    control = (roles.control or "none").replace("'", "''")
    free = f"CASE WHEN {_identifier(roles.offer)} = '{control}' THEN 0 ELSE 0.05 END"
    line = f"#   0.30 * spend - {free}"
    return "".join(c if c.isprintable() else " " for c in line)


def _write(source: str, roles: _Roles) -> str:
    lines = [
        "# A first brief, guessed from the columns of the log. Read every line before you use it.",
        "# All keys: docs/brief.md.",
        "",
        "[experiment]",
        _line("source", source, "the log"),
        *_offer_lines(roles),
        _line("customer", roles.customer, "the row number when absent"),
        _line("cluster", roles.cluster, "the unit that was randomised, such as a household"),
        _line("strata", roles.strata, "columns within which offers were randomised"),
        _line("time", roles.time, "when the offer was given"),
        _line("propensity", "design", '"design" = the shares seen; or "column:NAME", or a table'),
        _line("features", "*", "columns a decision may read; known before the offer was given"),
        _line("exclude", roles.outcomes, "measured after the offer: never features"),
        "",
        "[profit]",
        "# Money per row: margin x outcome less the cost of the offer, for example",
        _example(roles),
        _line("per_row", roles.profit, "SQL over the log's columns"),
        _line("currency", "USD", "printed beside every amount"),
        "# population = 100_000                       # customers one campaign reaches",
        "",
        "[menu]",
        "max_offers = 8                               # largest menu considered",
        "setup_cost = 0.0                             # cost of running one more offer, in total",
        "",
        *_dial_table(roles),
    ]
    return "\n".join(lines)

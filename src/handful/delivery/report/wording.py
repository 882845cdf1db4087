"""The sentences of the page: tuples of words and figures, so that numbers stay traceable."""

from __future__ import annotations

import math
from typing import Final, TypeAlias

from handful.delivery.report.figures import (
    Figure,
    Interval,
    decimals,
    money,
    plain,
    share,
    significant,
)
from handful.delivery.report.tables import offers_text
from handful.planning.records import Plan

Sentence: TypeAlias = tuple[str | Figure | Interval, ...]

SIGNIFICANT: Final = 0.01
"""Simulated logs where nobody differs fall below 0.05 in 10 % and below 0.01 in 2 % of cases."""
_LOOSE_RULE: Final = 0.9


def quoted(name: str) -> str:
    """Return an offer's name in quotation marks, so that it cannot be read as our own words."""
    return f"“{name}”"


def quoted_menu(menu: tuple[str, ...]) -> str:
    """Return the offers of a menu, each in quotation marks."""
    return offers_text(tuple(quoted(name) for name in menu))


def chosen_position(plan: Plan) -> int | None:
    """Return the position in the frontier of the verdict's menu; None when it has none."""
    for at, point in enumerate(plan.frontier):
        if point.offers == plan.verdict.offers and set(point.menu) == set(plan.verdict.menu):
            return at
    for at, point in enumerate(plan.frontier):
        if point.offers == plan.verdict.offers:
            return at
    return None


def baseline(plan: Plan) -> str:
    """Return what gains are counted from: no offer, or the log's own mix where that is absent."""
    return "no offer" if plan.reference.no_offer is not None else "the offers as they were given"


def level_text(plan: Plan) -> str:
    """Return the level of the bands as words, such as "95%"."""
    level = plan.valuation.level
    return f"{100 * (level if level > 0.5 else 1 - level):.0f}%"


def setup_note(plan: Plan) -> Sentence:
    """Return what is left after set-up costs for the chosen menu; () when set-up is free."""
    at = chosen_position(plan)
    if at is None or plan.frontier[at].cost == 0 or plan.verdict.kind == "refused":
        return ()
    place = decimals(plan.frontier)
    cost_place = max(place, significant([plan.frontier[at].cost]))
    only_set_up = plan.frontier[at].cost == plan.frontier[at].setup_cost
    return (
        "Setting up costs "
        if only_set_up
        else "Setting up, content, stock and data together cost ",
        money(plan, f"frontier.{at}.cost", cost_place),
        " per customer, which leaves a net value of ",
        money(plan, f"frontier.{at}.net", place),
        " per customer.",
    )


def heterogeneity(plan: Plan) -> Sentence:
    """Return the test of differences between customers, in words."""
    test = plan.heterogeneity
    if test.p_value is None:
        return (f"n/a: the test of differences between customers was not run ({test.test}).",)
    p_value = plain(plan, "heterogeneity.p_value", 3)
    small = test.p_value < 0.001
    shown, sign = ("below 0.001", "p ") if small else (p_value.text, "p = ")
    figure = Figure(shown, p_value.raw, p_value.field)
    if test.p_value < SIGNIFICANT:
        return (
            "Yes. Customers differ in what the offers do to them: differences this large would "
            f"hardly turn up if every customer answered alike ({sign}",
            figure,
            ", measured on customers the model had not seen).",
        )
    return (
        "Not as far as this experiment can tell. Differences as large as those found turn up "
        f"easily when every customer answers alike ({sign}",
        figure,
        ", measured on customers the model had not seen).",
    )


def tails(plan: Plan) -> Sentence:
    """Return whether a few rows carry the total, in words."""
    top = share(plan, "tails.top_share")
    begin = (
        "The 0.1% of rows with the most extreme profits carry ",
        top,
        " of all deviation of profit from its middle. ",
    )
    if not plan.tails.heavy:
        limit = share(plan, "tails.threshold")
        return (*begin, "That is under the limit of ", limit,
                ", so the values are reported as measured only.")  # fmt: skip
    return (
        *begin,
        "That is enough to move a verdict, so every value is also reported winsorised: profits "
        "beyond the limits are cut back to them. Where the two columns disagree about the verdict, "
        "trust neither alone.",
    )


def tails_limits(plan: Plan) -> Sentence:
    """Return the limits that winsorising cut to; () when nothing was cut."""
    if plan.tails.limits is None:
        return ()
    return (
        "Profits were cut to the range ",
        money(plan, "tails.limits.0", 2),
        " to ",
        money(plan, "tails.limits.1", 2),
        " per row.",
    )


def unknowns(plan: Plan, at: int) -> tuple[Sentence, ...]:
    """Return what is not known about a segment, in sentences.

    Args:
        plan: the plan.
        at: position of the segment.

    Returns:
        Sentences, the most pressing first; never empty.
    """
    segment = plan.segments[at]
    found: list[Sentence] = []
    if not math.isfinite(segment.value.value):
        found.append(("What it is worth: too few customers of the log fall in it.",))
    if segment.value.lo <= 0 <= segment.value.hi:
        found.append(("Whether this segment earns anything at all: the band holds zero.",))
    if segment.rule_fidelity < _LOOSE_RULE:
        found.append(
            ("Who exactly: the words agree with the plan for ",
             share(plan, f"segments.{at}.rule_fidelity"),
             " of these customers only; assignments.parquet has the plan itself.")
        )  # fmt: skip
    if plan.experiment.observational:
        found.append(("Whether the offer caused the profit: the log was not randomised.",))
    return tuple(found) or (("Nothing beyond what holds for the whole plan, below.",),)

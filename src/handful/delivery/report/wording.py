"""The sentences of the page. A sentence is a tuple of words and figures, so numbers stay traceable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from handful.delivery.report.figures import (
    Figure,
    Interval,
    count,
    decimals,
    interval,
    money,
    plain,
    share,
)
from handful.delivery.report.tables import offers_text
from handful.evidence.records import FrontierPoint
from handful.planning.records import Plan

Sentence: TypeAlias = tuple[str | Figure | Interval, ...]

SIGNIFICANT: Final = 0.05
_LOOSE_RULE: Final = 0.9


@dataclass(frozen=True, slots=True)
class Tile:
    """One of the answers at the top of the page: a question, the answer, a note."""

    question: str
    answer: Sentence
    note: Sentence = ()


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
    """Return what gains are counted from: no offer, or the first offer where that was not tried."""
    if plan.reference.no_offer is not None:
        return "no offer"
    return quoted(plan.experiment.offers[0].name)


def headline(plan: Plan) -> Sentence:
    """Return the verdict in one sentence with its interval in money per customer."""
    return _HEADLINES[plan.verdict.kind](plan)


def _one_offer(plan: Plan) -> Sentence:
    place = decimals((plan.reference.best_single,))
    worth = interval(plan, "reference.best_single", place)
    name = quoted_menu(plan.verdict.menu)
    return (f"One offer for everybody: give {name}. It is worth ", worth, " per customer.")


def _handful(plan: Plan) -> Sentence:
    at = chosen_position(plan)
    if at is None:
        return (f"Run {plan.verdict.offers} offers: {quoted_menu(plan.verdict.menu)}.",)
    place = decimals((plan.frontier[at].gain_over_single,))
    gain = interval(plan, f"frontier.{at}.gain_over_single", place)
    return (
        f"Run {plan.verdict.offers} offers, {quoted_menu(plan.verdict.menu)}, and give each "
        "customer the one that suits them. That earns ",
        gain,
        " per customer more than the best single offer for everybody.",
    )


def _no_offer(plan: Plan) -> Sentence:
    place = decimals((plan.reference.best_single,))
    return (
        "Make no offer: even the best one, "
        f"{quoted(plan.reference.best_single.offer or 'the best single offer')} at ",
        interval(plan, "reference.best_single", place),
        " per customer, is not shown to earn more than doing nothing.",
    )


def _by_hand(plan: Plan) -> Sentence:
    place = decimals((plan.reference.best_single,))
    return (
        "Write to each customer by hand: there are few enough for the team’s hours. "
        "The best single offer, to compare with, is worth ",
        interval(plan, "reference.best_single", place),
        " per customer.",
    )


def _refused(plan: Plan) -> Sentence:
    return ("No decision: these data cannot carry one. The findings below say what to mend.",)


_HEADLINES: Final = {
    "one_offer": _one_offer,
    "handful": _handful,
    "no_offer": _no_offer,
    "by_hand": _by_hand,
    "refused": _refused,
}


def proud_note(plan: Plan) -> str:
    """Return what to say when the data do not support personalising; "" when they do."""
    if plan.verdict.kind == "one_offer":
        return (
            "This is an answer, not a failure. Every way of giving different customers different "
            "offers was measured on customers it had not seen, and none is shown to earn more than "
            "one good offer for all. You save the segments, the extra designs and the set-up cost."
        )
    if plan.verdict.kind == "no_offer":
        return (
            "This is an answer, not a failure: the experiment shows which money not to spend."
        )
    return ""


def tiles(plan: Plan) -> tuple[Tile, ...]:
    """Return what to run, for whom, what it is worth and how sure, for the top of the page."""
    return tuple(
        tile for tile in (_what(plan), _whom(plan), _worth(plan), _total(plan)) if tile is not None
    )


def _what(plan: Plan) -> Tile:
    verdict = plan.verdict
    answers = {
        "no_offer": "No offer",
        "by_hand": "A hand-written card each",
        "refused": "Nothing yet",
    }
    answer = answers.get(verdict.kind) or offers_text(verdict.menu)
    extra = plan.frontier and plan.frontier[-1].offers
    note = f"Chosen among menus of 1 to {extra} offers." if extra else ""
    return Tile("What to run", (answer,), (note,))


def _whom(plan: Plan) -> Tile:
    if plan.verdict.kind == "handful":
        note = "Each segment is described in words below."
        return Tile("For whom", (f"{len(plan.segments)} segments, one per offer",), (note,))
    answer = {"refused": "Nobody yet", "by_hand": "Each customer, one at a time"}
    return Tile(
        "For whom",
        (answer.get(plan.verdict.kind, "Everybody"),),
        ("Measured on ", count(plan, "experiment.customers"), " customers."),
    )


def _worth(plan: Plan) -> Tile | None:
    if plan.verdict.kind == "refused":
        return None
    field, label = _gain_field(plan)
    if field is None:
        return None
    value = interval(plan, field, decimals((_estimate(plan, field),)))
    note = _sureness(plan, field)
    return Tile(f"Gain over {label}, per customer", (value,), (note,))


def _total(plan: Plan) -> Tile | None:
    people = plan.experiment.population
    field, label = _gain_field(plan)
    if people is None or field is None or plan.verdict.kind == "refused":
        return None
    value = interval(plan, field, decimals((_estimate(plan, field),), people), people)
    note = (
        "For ",
        count(plan, "experiment.population"),
        f" customers, gain over {label} before set-up costs.",
    )
    return Tile("Total of one campaign", (value,), note)


def _gain_field(plan: Plan) -> tuple[str | None, str]:
    at = chosen_position(plan)
    if plan.verdict.kind == "handful" and at is not None:
        return f"frontier.{at}.gain_over_single", "best single offer"
    if plan.verdict.kind == "one_offer" and plan.verdict.gain is not None:
        return "verdict.gain.total", baseline(plan)
    return None, ""


def _estimate(plan: Plan, field: str) -> FrontierPoint:
    from handful.delivery.report.figures import lookup

    found: FrontierPoint = lookup(plan, field)
    return found


def _sureness(plan: Plan, field: str) -> str:
    found = _estimate(plan, field)
    level = level_text(plan)
    if found.lo > 0:
        return f"Shown to be above zero: the whole {level} band is."
    if found.hi < 0:
        return f"Shown to be below zero: the whole {level} band is."
    return f"Not shown to differ from zero: the {level} band holds zero."


def level_text(plan: Plan) -> str:
    """Return the level of the bands as words, such as "95%"."""
    level = plan.valuation.level
    return f"{100 * (level if level > 0.5 else 1 - level):.0f}%"


def to_be_wrong(plan: Plan) -> Sentence:
    """Return what being wrong would cost: the pessimistic end of the band of the gain."""
    field, label = _gain_field(plan)
    if field is None:
        return ()
    low = money(plan, f"{field}.lo", decimals((_estimate(plan, field),)))
    verb = "still gains" if _estimate(plan, field).lo > 0 else "gains"
    return (f"At the pessimistic end of the band the plan {verb} ", low,
            f" per customer over {label}.")  # fmt: skip


def setup_note(plan: Plan) -> Sentence:
    """Return what is left after set-up costs for the chosen menu; () when set-up is free."""
    at = chosen_position(plan)
    if at is None or plan.frontier[at].setup_cost == 0 or plan.verdict.kind == "refused":
        return ()
    place = decimals(plan.frontier)
    return (
        "Setting up costs ",
        money(plan, f"frontier.{at}.setup_cost", place),
        " per customer and leaves a net value of ",
        money(plan, f"frontier.{at}.net", place),
        " per customer.",
    )


def heterogeneity(plan: Plan) -> Sentence:
    """Return the test of differences between customers, in words."""
    test = plan.heterogeneity
    if test.p_value is None:
        return (f"n/a: the test of differences between customers was not run ({test.test}).",)
    p_value = plain(plan, "heterogeneity.p_value", 3)
    shown = "below 0.001" if test.p_value < 0.001 else p_value.text
    figure = Figure(shown, p_value.raw, p_value.field)
    if test.p_value < SIGNIFICANT:
        return (
            "Yes. Customers differ in what the offers do to them: differences this large would "
            "hardly turn up if every customer answered alike (p = ",
            figure,
            ", measured on customers the model had not seen).",
        )
    return (
        "Not as far as this experiment can tell. Differences as large as those found turn up easily "
        "when every customer answers alike (p = ",
        figure,
        ", measured on customers the model had not seen).",
    )


def tails(plan: Plan) -> Sentence:
    """Return whether a few rows carry the total, in words."""
    top = share(plan, "tails.top_share")
    begin = ("The 0.1% of rows with the largest profits carry ", top, " of all profit in size. ")
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
    if segment.value.lo <= 0 <= segment.value.hi:
        found.append(("Whether this segment earns anything at all: the band holds zero.",))
    if segment.rule_fidelity < _LOOSE_RULE:
        found.append(
            ("Who exactly: the words agree with the plan for ",
             share(plan, f"segments.{at}.rule_fidelity"),
             " of customers only; assignments.parquet has the plan itself.")
        )  # fmt: skip
    if plan.experiment.observational:
        found.append(
            ("Whether the offer caused the profit: the log was not randomised.",)
        )
    found.append(
        ("Whether the effect lasts beyond the period measured, or holds for kinds of customers who "
         "were not in the experiment.",)
    )  # fmt: skip
    return tuple(found)

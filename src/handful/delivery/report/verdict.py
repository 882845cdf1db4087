"""The top of the page: the verdict in one sentence, six answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from handful.delivery.report import guarding
from handful.delivery.report.figures import count, decimals, interval, lookup, money, percent_text
from handful.delivery.report.names import title_of
from handful.delivery.report.sections import shown_menu, shown_segments
from handful.delivery.report.tables import offers_text
from handful.delivery.report.wording import (
    Sentence,
    baseline,
    chosen_position,
    level_text,
    quoted,
    quoted_menu,
)
from handful.evidence.records import Estimate, FrontierPoint
from handful.planning.records import Plan

PER_CUSTOMER: Final = " per customer."
_HEADLINE_NAMES: Final = 110
"""Characters that the offers' names may take in the first sentence."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One of the answers at the top of the page: a question, the answer, a note."""

    question: str
    answer: Sentence
    note: Sentence = ()


def headline(plan: Plan) -> Sentence:
    """Return the verdict in one sentence with its interval in money per customer."""
    return _HEADLINES[plan.verdict.kind](plan)


def _one_offer(plan: Plan) -> Sentence:
    single, at = plan.reference.best_single, chosen_position(plan)
    name = quoted_menu(plan.verdict.menu)
    whom = "for everybody" if plan.allocation is None else "as far as the limits let you"
    said = f"One offer {whom}: give {name}. It is worth "
    if at is None or single.offer is None or single.offer in plan.verdict.menu:
        return (said, interval(plan, "reference.best_single", decimals((single,))), PER_CUSTOMER)
    worth = interval(plan, f"frontier.{at}", decimals((plan.frontier[at],)))
    gain = plan.verdict.gain
    shown = gain is None or gain.total.lo > 0
    more = (
        f" per customer. The brief asks for it: it is not shown to earn more than {baseline(plan)}."
    )
    return (said, worth, PER_CUSTOMER if shown else more)


def _handful(plan: Plan) -> Sentence:
    at = chosen_position(plan)
    if at is None:
        return (f"Run {plan.verdict.offers} offers: {quoted_menu(plan.verdict.menu)}.",)
    place = decimals((plan.frontier[at].gain_over_single,))
    gain = interval(plan, f"frontier.{at}.gain_over_single", place)
    names = quoted_menu(plan.verdict.menu)
    named = f", {names}," if len(names) <= _HEADLINE_NAMES else ""
    if plan.frontier[at].gain_over_single.lo <= 0:
        return (
            f"Run {plan.verdict.offers} offers{named.rstrip(',')}, as the brief asks. They are not "
            "shown to earn more than the best single offer for everybody: the difference is ",
            gain,
            " per customer.",
        )
    return (
        f"Run {plan.verdict.offers} offers{named} and give each customer the one that suits "
        "them. That earns ",
        gain,
        " per customer more than the best single offer for everybody.",
    )


def _no_offer(plan: Plan) -> Sentence:
    place = decimals((plan.reference.best_single,))
    best = plan.reference.best_single.offer
    if best in [offer.name for offer in plan.experiment.offers if offer.control]:
        worth = interval(plan, "reference.best_single", place)
        return ("Make no offer: nothing that was tried earns more than doing nothing, which is "
                "worth ", worth, " per customer.")  # fmt: skip
    return (
        f"Make no offer: even the best one, {quoted(best or 'the best single offer')} at ",
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
    if plan.verdict.kind == "no_offer":
        return "This is an answer, not a failure: the experiment shows which money not to spend."
    if plan.verdict.kind != "one_offer" or plan.reference.best_single.offer not in (
        None,
        *plan.verdict.menu,
    ):
        return ""
    saved = "You save the segments, the extra designs and the set-up cost."
    if _some_way_leads(plan):
        return (
            "This is an answer, not a failure. Some ways of giving different customers different "
            "offers come out ahead of the best single offer, but none passed the whole test of a "
            f"verdict, which is stricter: it must beat every single offer, costs included. {saved}"
        )
    return (
        "This is an answer, not a failure. Ways of giving different customers different offers "
        "were measured on customers they had not seen, and none is shown to earn more than one "
        f"good offer for all. {saved}"
    )


def _some_way_leads(plan: Plan) -> bool:
    gains = [point.gain_over_single for point in plan.frontier]
    gains += [rung.gain for rung in plan.ladder if rung.gain is not None]
    return any(gain.lo > 0 for gain in gains)


def tiles(plan: Plan) -> tuple[Tile, ...]:
    """Return what to run, for whom, what it is worth and how sure, for the top of the page."""
    return tuple(
        tile
        for tile in (
            _what(plan),
            _whom(plan),
            _worth(plan),
            _total(plan),
            _if_wrong(plan),
            _closest(plan),
        )
        if tile is not None
    )


def _if_wrong(plan: Plan) -> Tile | None:
    """Say what it costs to be wrong: the end of a band that goes against the verdict."""
    question = "What it costs to be wrong"
    if plan.verdict.kind == "no_offer":
        return _missed(plan, question)
    found = _forgone_field(plan)
    if found is not None:
        forgone, point = found
        high = money(plan, forgone, decimals((point.gain_over_single,)))
        note = (
            f"per customer: what {point.offers} offers would earn more at the high end of the "
            "band, before set-up costs."
        )
        return Tile(question, ("Up to ", high), (note,))
    field, label = _gain_field(plan) if plan.verdict.kind != "refused" else (None, "")
    if field is None:
        return None
    estimate = _estimate(plan, field)
    low = money(plan, f"{field}.lo", decimals((estimate,)))
    note = f"per customer over {label}: the low end of the band, before set-up costs."
    return Tile(question, ("Still gains " if estimate.lo > 0 else "At worst ", low), (note,))


def _missed(plan: Plan, question: str) -> Tile | None:
    """Say what running no offer misses if the best stage is as good as its band allows."""
    if plan.stages is None or plan.reference.no_offer is None:
        return None
    stages = plan.stages.stages
    at = max(range(len(stages)), key=lambda k: stages[k].gain.hi)
    if stages[at].gain.hi <= 0:
        return Tile(question, ("Nothing is missed",), ("No offer is above zero in its band.",))
    field = f"stages.stages.{at}.gain"
    gain = interval(plan, field, decimals((stages[at].gain,)))
    note = (f"per customer: what {stages[at].name} would gain over no offer at the high end of ",)
    ends = ("its band, ", gain.lo, " to ", gain.hi, ".")
    return Tile(question, ("Up to ", gain.hi), (*note, *ends))


def _closest(plan: Plan) -> Tile | None:
    """Name the guardrail that is closest to failing."""
    if not plan.guardrails:
        return None
    question = "Guardrail closest to failing"
    stops = tuple(sorted(result.name for result in plan.failed))
    if stops:
        return Tile(
            question,
            ("Failed: ", offers_text(tuple(map(title_of, stops)))),
            ("This plan may not be used yet.",),
        )
    at = guarding.closest_at(plan)
    if at is None:
        return Tile(question, ("None is near",), (guarding.ALL_NIL,))
    return Tile(question, (title_of(plan.guardrails[at].name),), guarding.nearness(plan, at))


def _what(plan: Plan) -> Tile:
    verdict = plan.verdict
    answers = {
        "no_offer": "No offer",
        "by_hand": "A hand-written card each",
        "refused": "Nothing yet",
    }
    answer = answers.get(verdict.kind) or offers_text(verdict.menu)
    most = plan.frontier[-1].offers if plan.frontier else 0
    note = f"Chosen among menus of 1 to {most} offers." if most > 1 else ""
    if len(answer) > _HEADLINE_NAMES and verdict.offers > 1:
        answer, note = f"{verdict.offers} offers", f"Each is named below. {note}"
    return Tile("What to run", (answer,), (note,))


def _whom(plan: Plan) -> Tile:
    if plan.verdict.kind == "handful":
        note = "Each segment is described in words below."
        return Tile("For whom", (f"{len(shown_segments(plan))} segments, one per offer",), (note,))
    answer = {"refused": "Nobody yet", "by_hand": "Each customer, one at a time"}
    if plan.allocation is not None and plan.verdict.kind == "one_offer":
        reached = sum(s.share or 0.0 for s in plan.segments if s.offer in plan.verdict.menu)
        answer["one_offer"] = f"{percent_text(reached)} of the customers, within the limits"
    everybody = "Everybody" if plan.consent is None else "Everybody who allows it"
    return Tile(
        "For whom",
        (answer.get(plan.verdict.kind, everybody),),
        ("Measured on ", count(plan, "experiment.customers"), " customers."),
    )


def _worth(plan: Plan) -> Tile | None:
    if plan.verdict.kind == "no_offer" and plan.reference.no_offer is not None:
        worth = interval(plan, "reference.no_offer", decimals((plan.reference.no_offer,)))
        return Tile("Worth of no offer, per customer", (worth,))
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
        return f"frontier.{at}.gain_over_single", "the best single offer"
    if plan.verdict.kind == "one_offer" and plan.verdict.gain is not None:
        return "verdict.gain.total", baseline(plan)
    return None, ""


def _estimate(plan: Plan, field: str) -> Estimate:
    found: Estimate = lookup(plan, field)
    return found


def _sureness(plan: Plan, field: str) -> str:
    found = _estimate(plan, field)
    level = level_text(plan)
    if plan.experiment.observational:
        return f"A conjecture: the {level} band leaves out what was not randomised."
    if found.lo > 0:
        return f"Shown to be above zero: the whole {level} band is."
    if found.hi < 0:
        return f"Shown to be below zero: the whole {level} band is."
    return f"Not shown to differ from zero: the {level} band holds zero."


def to_be_wrong(plan: Plan) -> Sentence:
    """Return what being wrong would cost: the ends of the bands that go against the verdict."""
    return (*_pessimistic(plan), *_forgone(plan))


def _pessimistic(plan: Plan) -> Sentence:
    field, label = _gain_field(plan)
    if field is None:
        return ()
    found = _estimate(plan, field)
    low = money(plan, f"{field}.lo", decimals((found,)))
    verb = "still gains" if found.lo > 0 else "gains"
    return (f"At the low end of the band the plan {verb} ", low, f" per customer over {label}. ")


def _forgone(plan: Plan) -> Sentence:
    """Return what one offer for all gives up if the best menu is as good as its band allows."""
    found = _forgone_field(plan)
    if found is None:
        return ()
    field, point = found
    high = money(plan, field, decimals((point.gain_over_single,)))
    return (
        f"A menu of {point.offers} would earn ",
        high,
        " per customer more at the high end of its band, before set-up costs: about as much as "
        "the verdict can leave on the table.",
    )


def _forgone_field(plan: Plan) -> tuple[str, FrontierPoint] | None:
    """Return where the plan holds what the best menu may earn more; None where nothing is."""
    at = shown_menu(plan)
    if plan.verdict.kind != "one_offer" or at is None:
        return None
    point = plan.frontier[at]
    if point.gain_over_single.hi <= 0:
        return None
    return f"frontier.{at}.gain_over_single.hi", point

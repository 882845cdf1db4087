"""What a decision record says: recommended or not, why, on what evidence, instead of what.

Every part is made of sentences whose numbers name the field of plan.json they were read from.
Cost O(menus + rivals + guardrails).
"""

from __future__ import annotations

from dataclasses import dataclass

from handful.delivery.decision.doubts import doubts
from handful.delivery.report import verdict as top
from handful.delivery.report.figures import (
    count,
    decimals,
    interval,
    measured,
    money,
    share,
)
from handful.delivery.report.sections import rival_name
from handful.delivery.report.tables import offers_text
from handful.delivery.report.wording import (
    Sentence,
    baseline,
    heterogeneity,
    quoted,
    quoted_menu,
    setup_note,
)
from handful.planning.records import Plan


@dataclass(frozen=True, slots=True)
class Part:
    """A heading and what stands under it: paragraphs, points, or rows of a table.

    Attributes:
        title: the heading.
        words: paragraphs, each a sentence with its figures.
        points: the lines of a list.
        titles, rows: a table; `rows` holds sentences, one for each cell.
    """

    title: str
    words: tuple[Sentence, ...] = ()
    points: tuple[Sentence, ...] = ()
    titles: tuple[str, ...] = ()
    rows: tuple[tuple[Sentence, ...], ...] = ()


def status(plan: Plan) -> Sentence:
    """Return whether the plan is recommended, in one sentence."""
    stopped = tuple(sorted(result.name for result in plan.failed))
    if plan.verdict.kind == "refused":
        return ("Not recommended: these data cannot carry a decision.",)
    if stopped:
        names = offers_text(stopped)
        return (f"Not recommended as it stands: failed guardrails forbid its use ({names}).",)
    advice = {
        "one_offer": "Recommended: one offer. Personalising is not recommended.",
        "handful": "Recommended: a handful of offers, each customer the one that suits them.",
        "no_offer": "Recommended: no offer. None is shown to pay.",
        "by_hand": "Recommended: write by hand, and run no programme.",
    }
    mark = " The log was not randomised: read this as a conjecture."
    return (advice[plan.verdict.kind] + (mark if plan.experiment.observational else ""),)


def parts(plan: Plan) -> tuple[Part, ...]:
    """Return the record's parts in reading order; those with nothing to say are left out."""
    found = (
        Part("The decision", (top.headline(plan), setup_note(plan))),
        Part("Why", points=tuple((reason,) for reason in plan.verdict.reasons)),
        _evidence(plan),
        _alternatives(plan),
        Part("What being wrong would cost", (top.to_be_wrong(plan),)),
        Part("What would change our mind", points=doubts(plan)),
        _guardrails(plan),
        _limits(plan),
        _record(plan),
    )
    return tuple(p for p in found if any(p.words) or p.points or p.rows)


def _evidence(plan: Plan) -> Part:
    places = decimals(plan.frontier)
    rows: list[tuple[Sentence, ...]] = []
    if plan.reference.no_offer is not None:
        rows.append((("No offer",), (interval(plan, "reference.no_offer", places),)))
    best = plan.reference.best_single.offer or "not named"
    rows.append(((f"Best single offer: {quoted(best)}",),
                 (interval(plan, "reference.best_single", places),)))  # fmt: skip
    rows.append((("One-to-one",), (interval(plan, "reference.one_to_one", places),)))
    gain = plan.verdict.gain
    if gain is not None:
        own = decimals((gain.total,))
        named = (
            (f"Gain over {baseline(plan)}", "total"),
            ("of it, from the better single offer", "better_single"),
            ("of it, from targeting", "targeting"),
        )
        rows += [((name,), (interval(plan, f"verdict.gain.{at}", own),)) for name, at in named]
        if gain.corrected is not None:
            corrected = money(plan, "verdict.gain.corrected", own)
            rows.append((("To expect, winner's curse taken off (a correction, no band)",),
                         (corrected,)))  # fmt: skip
    return Part(
        "Evidence",
        words=(
            ("Money per customer, measured on customers that played no part in the choice; "
             "bands hold together.",),
            ("Do customers differ? ", *heterogeneity(plan)),
        ),
        titles=("Line", "Value, held out"),
        rows=tuple(rows),
    )  # fmt: skip


def _alternatives(plan: Plan) -> Part:
    places = decimals(p.gain_over_single for p in plan.frontier)
    rows: list[tuple[Sentence, ...]] = []
    for at, point in enumerate(plan.frontier):
        if point.offers == plan.verdict.offers and plan.verdict.kind in ("one_offer", "handful"):
            continue
        field = f"frontier.{at}"
        gain = interval(plan, f"{field}.gain_over_single", places)
        name = f"{point.offers} offers: {quoted_menu(point.menu)}"
        net = money(plan, f"{field}.net", max(places, 0))
        rows.append(((name,), (gain,), (net,)))
    for at, rung in enumerate(plan.ladder):
        if rung.gain is not None:
            gain = interval(plan, f"ladder.{at}.gain", places)
            rows.append(((rival_name(rung.name),), (gain,), ("not priced",)))
    return Part(
        "Alternatives",
        titles=("Instead", "Gain over the best single offer", "Net value"),
        rows=tuple(rows),
    )


def _guardrails(plan: Plan) -> Part:
    answers = {override.name: override for override in plan.overrides}
    rows: list[tuple[Sentence, ...]] = []
    for at, result in enumerate(plan.guardrails):
        if result.verdict == "not_applicable":
            continue
        field = f"guardrails.{at}"
        who = answers.get(result.name)
        said = result.remedy if who is None else f"{who.by} answers for it: {who.reason}"
        rows.append((
            (result.name,),
            (result.verdict,),
            (measured(plan, f"{field}.value"),),
            ("none" if result.bound is None else measured(plan, f"{field}.bound"),),
            (said,),
        ))  # fmt: skip
    return Part("Guardrails", titles=("Guardrail", "Verdict", "Measured", "Bound", "What to do"),
                rows=tuple(rows))  # fmt: skip


def _limits(plan: Plan) -> Part:
    rows: list[tuple[Sentence, ...]] = []
    for at, limit in enumerate(plan.constraints):
        field = f"constraints.{at}"
        name = f"{field}.used" if limit.held_out is None else f"{field}.held_out.value"
        rows.append((
            (f"{limit.name} ({limit.kind.replace('_', ' ')}, {limit.unit})",),
            (measured(plan, f"{field}.bound"),),
            (measured(plan, name),),
            (measured(plan, f"{field}.shadow_price"),),
        ))  # fmt: skip
    return Part("Limits", titles=("Limit", "Bound", "Used", "One more unit is worth"),
                rows=tuple(rows))  # fmt: skip


def _record(plan: Plan) -> Part:
    facts = plan.experiment
    people: Sentence = ("not named",)
    if facts.population is not None:
        people = (count(plan, "experiment.population"),)
    named: list[tuple[Sentence, ...]] = [
        (("Log",), (facts.source,)),
        (("Rows",), (count(plan, "experiment.rows"),)),
        (("Customers",), (count(plan, "experiment.customers"),)),
        (("Profit per row",), (facts.profit_sql,)),
        (("Customers of one campaign",), people),
        (("sha256 of the data",), (facts.data_sha256,)),
        (("sha256 of the brief",), (facts.brief_sha256 or "made without a file",)),
        (("Seed",), (str(facts.seed),)),
        (("Version",), (f"handful {facts.version}",)),
    ]
    if plan.segments:
        named += [
            ((f"Share that gets {quoted(segment.offer)}",), (share(plan, f"segments.{at}.share"),))
            for at, segment in enumerate(plan.segments)
        ]
    return Part("Record", titles=("What", "Which"), rows=tuple(named))

"""What would change the advice: the tornado, its table, and the set-up costs where K stays."""

from __future__ import annotations

from handful.delivery.report.figures import Interval, decimals, interval, money, plain
from handful.delivery.report.section import Block, Drawn, Folded, Listed, Section, Words
from handful.delivery.report.sensitivity_chart import name_of, said_at, tornado
from handful.delivery.report.tables import Cell, Column, Row, Table, offers_text
from handful.delivery.report.wording import Sentence
from handful.planning.records import Plan
from handful.planning.sensitivity_records import Sensitivity, SensitivityEnd

ADVICE = {
    "one_offer": "one offer for everybody",
    "no_offer": "no offer",
    "by_hand": "cards by hand",
    "refused": "nothing",
}


def section(plan: Plan) -> Section | None:
    """Return what would change the advice; None where the plan keeps nothing to ask."""
    facts = plan.sensitivity
    if facts is None:
        return None
    blocks: list[Block] = [Words(_changes(facts)), Words(_band(plan, facts))]
    chart, table = None if _nothing(facts) else tornado(plan), _table(plan, facts)
    if chart is not None:
        blocks.append(Drawn(chart, _caption(), table))
    blocks += [Words(_loss(facts)), *_untold(facts)]
    if chart is None:
        blocks.append(Listed(table))
    blocks.append(Folded("How this was computed", (Words((_how(),), "quiet"),)))
    return Section(
        ident="sensitivity",
        title="What would change this advice?",
        short="Sensitivity",
        blocks=tuple(blocks),
    )


def _changes(facts: Sensitivity) -> Sentence:
    moved = [
        f"{name_of(row.name)} at {said_at(end.at)} ({_advice(end)})"
        for row in facts.rows
        for end in (row.low, row.high)
        if end is not None and _other(facts, end)
    ]
    told = [row for row in facts.rows if row.low is not None or row.high is not None]
    if not told:
        return ("No assumed number could be moved without planning again.",)
    if not moved:
        names = offers_text(tuple(name_of(row.name) for row in told))
        return (f"The advice stays the same at both ends of every range tried: {names}.",)
    return (f"The advice changes with {offers_text(tuple(moved))}; at all other ends it stays.",)


def _other(facts: Sensitivity, end: SensitivityEnd) -> bool:
    """Tell whether an end gives another advice: another kind, or another menu."""
    return end.verdict != facts.planned.verdict or set(end.menu) != set(facts.planned.menu)


def _advice(end: SensitivityEnd) -> str:
    if end.verdict == "handful":
        return f"{end.offers} offers: {offers_text(end.menu)}"
    if end.verdict == "one_offer" and end.menu:
        return f"{end.menu[0]} for everybody"
    return ADVICE.get(end.verdict, end.verdict)


def _band(plan: Plan, facts: Sensitivity) -> Sentence:
    if facts.band is None:
        return ("How far set-up costs may go cannot be told here: other rules settle the menu.",)
    low = money(plan, "sensitivity.band.lowest", 0)
    what = "No offer stays the advice" if facts.band.offers == 0 else None
    if what is None:
        offers = "offer" if facts.band.offers == 1 else "offers"
        what = f"The advice stays at {facts.band.offers} {offers}"
    if facts.band.highest is None:
        return (f"{what} for every set-up cost per offer from ", low, " on.")
    high = money(plan, "sensitivity.band.highest", 0)
    return (f"{what} for set-up costs per offer from ", low, " to ", high, ".")


def _loss(facts: Sensitivity) -> Sentence:
    if facts.first_loss is None:
        return ("Every further offer nets more than the menu before it.",)
    return (
        f"More is not better without end: {facts.first_loss} offers net no more than one fewer.",
    )


def _untold(facts: Sensitivity) -> tuple[Words, ...]:
    return tuple(
        Words((f"{name_of(row.name).capitalize()} was not moved: {row.why_absent}.",), "quiet")
        for row in facts.rows
        if row.why_absent is not None and row.low is None
    )


def _caption() -> str:
    return (
        "Each bar runs from what the advice earns at the low end to what it earns at the high end; "
        "thin lines are 95 % intervals, the dashed line is the plan"
    )


def _table(plan: Plan, facts: Sensitivity) -> Table:
    gains = [end.gain for row in facts.rows for end in (row.low, row.high) if end is not None]
    places = decimals([*gains, facts.planned.gain])
    rows = [
        Row(
            ("as planned", "", _advice(facts.planned), interval(plan, _field("planned"), places)),
            chosen=True,
        )
    ]
    for at, row in enumerate(facts.rows):
        for which, end in (("low", row.low), ("high", row.high)):
            if end is not None:
                field = f"sensitivity.rows.{at}.{which}"
                gain: Interval = interval(plan, f"{field}.gain", places)
                number: Cell = plain(plan, f"{field}.at", _places(end.at))
                rows.append(Row((name_of(row.name), number, _advice(end), gain)))
    columns = (
        Column("Number"),
        Column("Tried at", numeric=True),
        Column("Advice"),
        Column("Gain over no offer, costs paid", numeric=True),
    )
    return Table("sensitivity", "The advice at other numbers", columns, tuple(rows))


def _nothing(facts: Sensitivity) -> bool:
    """Say whether the advice gains nothing at any number tried, so that there is none to draw."""
    ends = [end for row in facts.rows for end in (row.low, row.high) if end is not None]
    return all(end.gain.lo == end.gain.hi == 0 for end in (facts.planned, *ends))


def _field(name: str) -> str:
    return f"sensitivity.{name}.gain"


def _places(value: float) -> int:
    return (
        0 if value == round(value) or abs(value) >= 1000 else len(f"{value:.6g}".rpartition(".")[2])
    )


def _how() -> str:
    return (
        "One number is moved at a time. Effects are not learned again: the held-out scores of "
        "every customer are the same sums with the number moved, menus are chosen again on "
        "customers they are not valued on, and the verdict follows the same rule. Intervals are "
        "95 % for the parts of each gain; they are not widened for the number of ends tried, so "
        "treat a change of advice at one end as a reason to check that number, not as a test."
    )

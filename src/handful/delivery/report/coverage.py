"""Coverage on the page: who is left out and at what cost, who is worse off, what gets worse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from handful.delivery.report.coverage_curve import curve_chart, curve_table
from handful.delivery.report.figures import (
    MISSING,
    Figure,
    Interval,
    count,
    decimals,
    interval,
    money,
    plain,
    share,
)
from handful.delivery.report.section import Block, Drawn, Folded, Listed, Points, Section, Words
from handful.delivery.report.tables import Cell, Column, Row, Table
from handful.evidence.coverage_records import CoverageFacts, OutcomeFacts, Standing, WorseOffFacts
from handful.evidence.records import Estimate
from handful.planning.records import Plan

STANDINGS: Final = {
    "worse": "worse off",
    "unclear": "not shown either way",
    "no_worse": "not worse off",
    "same": "gets the default",
    "too_few": "too few to tell",
}
OUTCOMES: Final = {
    "pass": "within",
    "fail": "beyond",
    "unclear": "cannot be excluded",
    "too_few": "too few to tell",
}


def section(plan: Plan) -> Section | None:
    """Return what the plan says of coverage and harm; None where there is nothing to compare."""
    blocks = (*_covered(plan), *_standing(plan), *_outcomes(plan))
    if not blocks:
        return None
    return Section("coverage", "Is anybody left out or worse off?", "Left out", blocks)


def shares(plan: Plan, field: str) -> Interval:
    """Return a share with its band, as percentages."""
    value, lo, hi = (share(plan, f"{field}.{end}") for end in ("value", "lo", "hi"))
    return Interval(value, lo, hi)


def _covered(plan: Plan) -> Iterator[Block]:
    found = plan.coverage
    if found is None or (plan.verdict.kind == "no_offer" and found.floor is None):
        return
    kept = [offer.offer for offer in found.offers if offer.acceptable]
    yield Words(
        (
            "Customers with an acceptable offer: ",
            shares(plan, "coverage.overall.held_out"),
            f". Counted: {', '.join(kept) or 'none of the offers given'}.",
        )
    )
    if found.floor is not None:
        yield _floor(plan, found, found.floor)
    why = [f"{o.offer}: {o.why_not}" for o in found.offers if o.why_not is not None]
    if why:
        yield Words((f"Not counted: {'; '.join(why)}.",), "quiet")
    yield from _shut_out(plan, found)
    if len(found.groups) or _known(found, "revenue") or _known(found, "reach"):
        yield Listed(_group_table(plan, found))
    yield from _curve(plan, found)


def _floor(plan: Plan, found: CoverageFacts, floor: float) -> Words:
    """Say whether the floor is reached, overall and in every group."""
    asked = share(plan, "coverage.floor")
    members = (found.overall, *found.groups)
    below = [one.name for one in members if one.held_out.hi < floor]
    if below:
        return Words(("The brief asks for ", asked, f"; below it: {', '.join(below)}."), "bad")
    unclear = [one.name for one in members if one.held_out.lo < floor]
    if unclear:
        names = ", ".join(unclear)
        return Words(("The brief asks for ", asked, f"; not shown to be reached: {names}."), "warn")
    where = ", in every group" if found.groups else ""
    return Words(("The brief asks for ", asked, f": reached{where}."), "good")


def _shut_out(plan: Plan, found: CoverageFacts) -> Iterator[Block]:
    if not found.shut_out:
        return
    places = decimals([one.cost for one in found.shut_out])
    rows = tuple(
        Row(
            (
                one.rule,
                count(plan, f"coverage.shut_out.{at}.customers"),
                share(plan, f"coverage.shut_out.{at}.share"),
                share(plan, f"coverage.shut_out.{at}.within"),
                interval(plan, f"coverage.shut_out.{at}.cost", places),
            )
        )
        for at, one in enumerate(found.shut_out)
    )
    columns = (
        Column("Who"),
        Column("Customers left out", numeric=True),
        Column("Of all left out", numeric=True),
        Column("Of those so described", numeric=True),
        Column("Cost of letting each in", numeric=True),
    )
    yield Listed(Table("shut-out", "Who has no acceptable offer", columns, rows))
    rest = found.shut_out_hidden
    if rest:
        words = "Left out as well, and found by no short description: "
        yield Words((words, count(plan, "coverage.shut_out_hidden"), " customers."), "quiet")


def _known(found: CoverageFacts, name: str) -> bool:
    return getattr(found.overall, name) is not None


def _group_table(plan: Plan, found: CoverageFacts) -> Table:
    more = [
        (name, title)
        for name, title in (("revenue", "Of today's revenue"), ("reach", "Take up what they get"))
        if _known(found, name)
    ]
    fields = [
        ("coverage.overall", found.overall.name),
        *((f"coverage.groups.{at}", group.name) for at, group in enumerate(found.groups)),
    ]
    rows = tuple(
        Row(
            (
                name,
                count(plan, f"{field}.customers"),
                shares(plan, f"{field}.held_out"),
                *(shares(plan, f"{field}.{key}") for key, _ in more),
            )
        )
        for field, name in fields
    )
    columns = (
        Column("Group"),
        Column("Customers of the log", numeric=True),
        Column("With an acceptable offer", numeric=True),
        *(Column(title, numeric=True) for _, title in more),
    )
    return Table("coverage", "Coverage by group, held out", columns, rows)


def _curve(plan: Plan, found: CoverageFacts) -> Iterator[Block]:
    if len(found.curve) > 1:
        table = curve_table(plan)
        yield Drawn(curve_chart(plan), "What coverage costs: profit as the floor rises", table)
    elif found.curve:
        yield Words(
            (
                "Without any floor the offers ",
                ", ".join(found.menu),
                " would cover ",
                share(plan, "coverage.curve.0.coverage"),
                " of customers, so no floor costs anything.",
            ),
            "quiet",
        )


def _standing(plan: Plan) -> Iterator[Block]:
    found = plan.worse_off
    if found is None:
        return
    yield _answer(plan, found)
    yield Listed(_standing_table(plan, found))
    items = [
        "Plan less default, money per customer, held out; the intervals of all segments hold "
        "together (95 %), and so do those of all groups.",
        "What members forgo: against each one's own best offer. The mean is held out; the other "
        "numbers are what the model itself expects, since no single loss can be measured.",
    ]
    if found.fell_back:
        items.append(
            "Segments are shown as they were before they fell back. Which do is decided for every "
            "fold on the other folds, and the plan's values are made that way."
        )
    yield Folded("How this is measured", (Points(tuple((item,) for item in items)),))


def _answer(plan: Plan, found: WorseOffFacts) -> Words:
    standing = (*found.segments, *found.groups)
    left = [one.name for one in standing if one.verdict == "worse" and not one.falls_back]
    if left:
        text = f"Worse off than under “{found.default}”: {', '.join(left)}."
        return Words((text,), "bad")
    if found.fell_back:
        places = decimals([] if found.effect is None else [found.effect])
        return Words(
            (
                f"Customers of {', '.join(found.fell_back)} would be worse off than under "
                f"“{found.default}”, so they get “{found.default}”. That changes profit by ",
                interval(plan, "worse_off.effect", places),
                " per customer of all.",
            ),
            "warn",
        )
    unclear = [one.name for one in standing if one.verdict in ("unclear", "too_few")]
    if unclear:
        text = (
            f"Nobody is shown to be worse off than under “{found.default}”. Not shown to be as "
            f"well off either: {', '.join(unclear)}."
        )
        return Words((text,))
    return Words((f"Nobody is worse off than under “{found.default}”.",), "good")


def _standing_table(plan: Plan, found: WorseOffFacts) -> Table:
    members = [
        *((f"worse_off.segments.{at}", one) for at, one in enumerate(found.segments)),
        *((f"worse_off.groups.{at}", one) for at, one in enumerate(found.groups)),
    ]
    places = decimals(_estimates([one.difference for _, one in members]))
    regrets = [one.regret for _, one in members if one.regret is not None]
    fine = decimals([regret.mean for regret in regrets])
    rows = tuple(
        Row((one.name, count(plan, f"{field}.customers"), *_cells(plan, field, one, places, fine)))
        for field, one in members
    )
    columns = (
        Column("Who"),
        Column("Customers", numeric=True),
        Column(f"Over “{found.default}”", numeric=True),
        Column("Verdict"),
        Column("Members forgo, mean", numeric=True),
        Column("One in 20 forgoes more than (claimed)", numeric=True),
        Column("The most anybody forgoes (claimed)", numeric=True),
    )
    return Table("worse-off", "Segments and groups against the default", columns, rows)


def _cells(plan: Plan, field: str, one: Standing, places: int, fine: int) -> Iterator[Cell]:
    if one.difference is None:
        yield Figure(MISSING, None, f"{field}.difference", None, "too few tell the two apart")
    else:
        yield interval(plan, f"{field}.difference", places)
    yield "gets the default instead" if one.falls_back else STANDINGS[one.verdict]
    if one.regret is None:
        yield from ("", "", "")
        return
    yield interval(plan, f"{field}.regret.mean", fine)
    yield money(plan, f"{field}.regret.p95", fine)
    yield money(plan, f"{field}.regret.worst", fine)


def _estimates(found: Sequence[Estimate | None]) -> list[Estimate]:
    return [one for one in found if one is not None]


def _outcomes(plan: Plan) -> Iterator[Block]:
    if not plan.outcomes:
        return
    for one in plan.outcomes:
        if one.conflict:
            text = (
                f"Profit goes up, and “{one.name}” ({one.horizon}) gets worse, both beyond chance: "
                "weigh the one against the other."
            )
            yield Words((text,), "bad")
    yield Listed(_outcome_table(plan))
    text = (
        "Plan less default, per customer, held out; the intervals of this table hold together "
        "(95 %). “Within” means shown to stay within what the brief allows; “cannot be excluded” "
        "that the log is too small to tell."
    )
    yield Words((text,), "quiet")


def _outcome_table(plan: Plan) -> Table:
    rows = [row for at, one in enumerate(plan.outcomes) for row in _outcome_rows(plan, at, one)]
    columns = (
        Column("Outcome"),
        Column("Who"),
        Column("Under the default", numeric=True),
        Column("Change by the plan", numeric=True),
        Column("Allowed", numeric=True),
        Column("Verdict"),
    )
    return Table("outcomes", "What else may not get worse", columns, tuple(rows))


def _outcome_rows(plan: Plan, at: int, one: OutcomeFacts) -> Iterator[Row]:
    tests = [(f"outcomes.{at}.overall", one.overall)]
    tests += [(f"outcomes.{at}.segments.{k}", test) for k, test in enumerate(one.segments)]
    places = decimals(_estimates([test.difference for _, test in tests]))
    way = "more" if one.worse == "higher" else "less"
    later = "" if one.horizon is None else f" ({one.horizon})"
    for field, test in tests:
        yield Row(
            (
                f"{one.name}{later}",
                test.name,
                _plain(plan, f"{field}.under_default", test.under_default, places),
                _plain(plan, f"{field}.difference", test.difference, places),
                f"{one.margin:g} {way}",
                OUTCOMES[test.verdict],
            ),
            test.verdict == "fail",
        )


def _plain(plan: Plan, field: str, known: Estimate | None, places: int) -> Cell:
    if known is None:
        return Figure(MISSING, None, field, None, "too few tell the two apart")
    value, lo, hi = (plain(plan, f"{field}.{end}", places) for end in ("value", "lo", "hi"))
    return Interval(value, lo, hi)

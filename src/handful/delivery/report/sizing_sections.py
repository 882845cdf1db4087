"""The sections of size.html: rows, the rows at hand, what to try, does it pay, what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from handful.delivery.report.figures import Figure, number_text, percent_text
from handful.delivery.report.section import Block, Folded, Listed, Points, Section, Tone, Words
from handful.delivery.report.sizing_chart import power_drawn
from handful.delivery.report.tables import Cell, Column, Row, Table
from handful.delivery.sizing_words import (
    KNOWN,
    asks,
    dry_lines,
    known_value,
    pays_lines,
    sum_of,
    wants,
)
from handful.sizing.records import Launch, Sizing


def sections_of(sizing: Sizing) -> tuple[Section, ...]:
    """Return the sections of the page, from the answer down to the record."""
    found = [_rows(sizing), _at_hand(sizing), _arms(sizing), _pays(sizing), _dry(sizing)]
    found += [_findings(sizing), _known(sizing)]
    return tuple(section for section in found if section is not None)


def _figure(text: str, raw: float | None, field: str, why: str = "") -> Figure:
    return Figure(text, raw, field, None, why)


def _count(value: int | None, field: str) -> Figure:
    if value is None:
        return _figure("n/a", None, field, "no number of rows is enough")
    return _figure(number_text(value, 0), float(value), field)


def _share(value: float, field: str) -> Figure:
    return _figure(percent_text(value), value, field)


def _rows(sizing: Sizing) -> Section:
    columns = (
        Column("Question"),
        Column("What is to be seen"),
        Column("Rows", numeric=True),
        Column("Chance to see it", numeric=True),
    )
    rows = tuple(
        Row(
            (
                asks(need),
                wants(need, sizing.currency),
                _count(need.rows, f"needs.{at}.rows"),
                _share(need.power, f"needs.{at}.power"),
            )
        )
        for at, need in enumerate(sizing.needs)
    )
    blocks: list[Block] = [Listed(Table("needs", "What each question takes", columns, rows))]
    drawn = power_drawn(sizing)
    if drawn is not None:
        blocks.append(drawn)
    realised = [need.realised for need in sizing.needs if need.realised is not None]
    if realised:
        text = (
            "What targeting gains is what it would gain if effects were known. A plan learned on "
            f"these rows keeps about {percent_text(realised[0])} of it; that is reckoned in."
        )
        blocks.append(Words((text,)))
    blocks.append(Folded("How it is computed", (Points(tuple((line,) for line in _HOW)),)))
    return Section("rows", "How many customers does it take?", "Rows", tuple(blocks))


_HOW = (
    "The best offer: the verdict's own rule, drawn many times. The offer is chosen on the other "
    "folds and valued on this one, so the number of offers is taken care of without a correction.",
    "Differing customers: handful's heterogeneity test, one-sided at 5 %, by a normal law whose "
    "mean depends on how well effects can be learned from so many rows and features.",
    "A menu of two must beat every single offer beyond the critical value of all menus together. "
    "The pair is the hardest one: two offers that are equally good for the average customer.",
    "One more offer is a choice and no test: the smaller menu is taken where it is within one "
    "standard error of the best, so where the offer adds nothing it is still taken in one of six.",
    "docs/studies.md shows by simulation how near to the promise these come.",
)


def _at_hand(sizing: Sizing) -> Section | None:
    if sizing.available is None:
        return None
    columns = (
        Column("Question"),
        Column("Smallest effect seen", numeric=True),
        Column("Effect asked for", numeric=True),
        Column("Chance to see that", numeric=True),
    )
    rows = []
    for at, need in enumerate(sizing.needs):
        least: Cell = "none, however large"
        if need.detectable is not None:
            text = sum_of(need.detectable, sizing.currency)
            least = _figure(text, need.detectable, f"needs.{at}.detectable")
        effect = sum_of(need.effect, sizing.currency)
        chance = _share(need.at_hand or 0.0, f"needs.{at}.at_hand")
        rows.append(
            Row((asks(need), least, _figure(effect, need.effect, f"needs.{at}.effect"), chance))
        )
    caption = f"What {sizing.available:,} rows can see with {percent_text(sizing.power)} power"
    table = Table("at-hand", caption, columns, tuple(rows))
    return Section("at-hand", "What can the rows at hand see?", "Rows at hand", (Listed(table),))


def _arms(sizing: Sizing) -> Section:
    dials = [name for name, _ in sizing.arms[-1].dials]
    columns = (
        Column("Offer"),
        *(Column(name, numeric=True) for name in dials),
        Column("Share", numeric=True),
        Column("Rows", numeric=True),
    )
    rows = []
    for at, arm in enumerate(sizing.arms):
        values: tuple[Cell, ...] = tuple(
            "none" if v is None else _figure(f"{v:.10g}", v, f"arms.{at}.dials.{j}.1")
            for j, (_, v) in enumerate(arm.dials)
        )
        name = f"{arm.name} (the control)" if arm.control else arm.name
        counted = _count(arm.rows, f"arms.{at}.rows")
        rows.append(Row((name, *values, _share(arm.share, f"arms.{at}.share"), counted)))
    table = Table("arms", "Offers to try", columns, tuple(rows))
    blocks: list[Block] = [Words((sizing.design,)), Listed(table)]
    if dials:
        text = (
            "Every value of a dial is tried on as many customers as every other, and no two dials "
            "move together. Rows are reckoned as if nothing were learned from neighbouring values."
        )
        blocks.insert(1, Words((text,)))
    return Section("try", "What should be tried?", "What to try", tuple(blocks))


_TONES: Final[Mapping[Launch, Tone]] = {
    "pays": "good",
    "not shown to pay": "warn",
    "never pays": "bad",
    "not known yet": "plain",
    "no costs stated": "quiet",
}


def _pays(sizing: Sizing) -> Section:
    tone = _TONES[sizing.break_even.launch]
    first, *rest = pays_lines(sizing)
    blocks: list[Block] = [Words((first,), tone)]
    if rest:
        blocks.append(Points(tuple((line,) for line in rest)))
    return Section("pays", "Does it pay?", "Does it pay", tuple(blocks))


def _dry(sizing: Sizing) -> Section | None:
    if sizing.dry_run is None:
        return None
    note, *rates = dry_lines(sizing.dry_run)
    text = (
        "Customers were drawn as the brief describes them, and handful's own plan was made of "
        f"each draw. {note} Half of the draws have no differing customers."
    )
    blocks: tuple[Block, ...] = (Words((text,)), Points(tuple((line,) for line in rates)))
    return Section("dry-run", "Does the pipeline find it?", "Dry run", blocks)


def _findings(sizing: Sizing) -> Section | None:
    if not sizing.findings:
        return None
    points = tuple(
        (f"{one.level} {one.code}: {one.message} {one.remedy}",) for one in sizing.findings
    )
    return Section("findings", "What is to be kept in mind?", "Findings", (Points(points),))


def _known(sizing: Sizing) -> Section:
    columns = (
        Column("What"),
        Column("Value", numeric=True),
        Column("95 % interval"),
        Column("From"),
    )
    rows = []
    for at, one in enumerate(sizing.facts.known):
        ends = "none: it was not measured"
        if one.lo is not None and one.hi is not None:
            ends = f"{sum_of(one.lo, sizing.currency)} to {sum_of(one.hi, sizing.currency)}"
        elif one.origin == "read from the log":
            ends = "not computed"
        value = _figure(known_value(one, sizing.currency), one.value, f"facts.known.{at}.value")
        why = f"{one.origin}: {one.why}" if one.why else one.origin
        rows.append(Row((KNOWN[one.name], value, ends, why)))
    table = Table("known", "What is known beforehand", columns, tuple(rows))
    record = f"handful {sizing.version}; brief sha256 {sizing.brief_sha256 or 'none'}"
    blocks = (Listed(table), Words((record,), "quiet"))
    return Section("known", "What does this rest on?", "What it rests on", blocks)

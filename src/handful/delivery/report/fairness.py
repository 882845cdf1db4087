"""Fairness on the page: who gets what by group, what bounds cost, proxies, regret and prices."""

from __future__ import annotations

from collections.abc import Iterator

from handful.delivery.report.fairness_curve import curve_chart, curve_table
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
from handful.delivery.report.section import (
    Block,
    Drawn,
    Folded,
    Listed,
    Points,
    Section,
    Tone,
    Words,
)
from handful.delivery.report.tables import Cell, Column, Row, Table
from handful.guardrails.fairness_records import Fairness, MetricFrame
from handful.guardrails.fairness_words import frame_name
from handful.planning.records import Plan

MONEY = ("benefit", "benefit_over_single", "regret")
MOST_PROXIES = 12
VERDICTS = {
    "pass": "within",
    "fail": "beyond",
    "warn": "cannot be excluded",
    "no_bound": "no bound set",
}


def section(plan: Plan) -> Section | None:
    """Return what the plan says of fairness; None where the brief asks for nothing."""
    found = plan.fairness
    if found is None:
        return None
    blocks = (
        *_answer(found),
        *_differences(plan, found),
        *_curve(plan, found),
        *_proxies(plan, found),
        *_prices(plan, found),
        *_regret(plan, found),
        *_unmeasured(found),
        Words((ADVICE,), "quiet"),
    )
    return Section("fairness", "Are groups of customers treated alike?", "Fairness", blocks)


ADVICE = (
    "These are measurements, not legal advice. A ratio below 0.8 is a rule of thumb that asks for "
    "a second look; it is no legal test. What is gained is counted in the brief's own profit: a "
    "fair share of a firm's gain is not a fair share of what customers get out of it."
)


def _answer(found: Fairness) -> Iterator[Block]:
    bounded = [frame for frame in found.frames if frame.bound is not None]
    texts: dict[str, tuple[str, Tone]] = {
        "fail": ("A difference is beyond what the brief allows: ", "bad"),
        "warn": ("More than the brief allows cannot be excluded: ", "warn"),
        "pass": ("Within what the brief allows: ", "good"),
    }
    for verdict, (lead, tone) in texts.items():
        named = [_said(frame) for frame in bounded if frame.verdict == verdict]
        if named:
            yield Words((lead + "; ".join(named) + ".",), tone)
    if found.frames and not bounded:
        yield Words(("The brief sets no bound under [fairness]; nothing here can fail.",))


def _said(frame: MetricFrame) -> str:
    return f"{frame_name(frame).lower()} by {frame.column}"


def _differences(plan: Plan, found: Fairness) -> Iterator[Block]:
    if not found.frames:
        return
    yield Listed(_difference_table(plan, found))
    yield Folded("Every group's own value", (Listed(_group_table(plan, found)),))
    yield Points(
        tuple(
            (text,)
            for text in (
                "Held out: what customers get from a plan that was made without them. Customers "
                "of the log stand for the customers to come.",
                "The difference is the largest between any two groups. The intervals of all "
                "differences in this table hold together (95 %).",
                *found.notes,
            )
        )
    )


def _difference_table(plan: Plan, found: Fairness) -> Table:
    rows = []
    for at, frame in enumerate(found.frames):
        field = f"fairness.frames.{at}"
        bound = _value(plan, f"{field}.bound", frame, "no bound is set")
        cells: tuple[Cell, ...] = (
            frame.column,
            frame_name(frame),
            _span(plan, f"{field}.difference", frame),
            _ratio(plan, field, frame),
            bound,
            VERDICTS[frame.verdict],
        )
        rows.append(Row(cells, frame.verdict == "fail"))
    columns = (
        Column("Groups by"),
        Column("What is compared"),
        Column("Largest difference", numeric=True),
        Column("Smallest over largest", numeric=True),
        Column("Allowed", numeric=True),
        Column("Verdict"),
    )
    return Table("fairness", "Differences between groups, held out", columns, tuple(rows))


def _group_table(plan: Plan, found: Fairness) -> Table:
    rows = [
        Row(
            (
                value.group,
                frame_name(frame),
                count(plan, f"fairness.frames.{at}.by_group.{place}.customers"),
                _span(plan, f"fairness.frames.{at}.by_group.{place}", frame),
            )
        )
        for at, frame in enumerate(found.frames)
        for place, value in enumerate(frame.by_group)
    ]
    columns = (
        Column("Group"),
        Column("What is compared"),
        Column("Customers of the log", numeric=True),
        Column("Value", numeric=True),
    )
    return Table("fairness-groups", "Values by group, held out", columns, tuple(rows))


def _value(plan: Plan, field: str, frame: MetricFrame, why: str = "not measured") -> Figure:
    if frame.metric in MONEY:
        found = money(plan, field, decimals([frame.difference]))
        return found if found.raw is not None else Figure(MISSING, None, field, None, why)
    if frame.metric == "price":
        return plain(plan, field, 2, why)
    return share(plan, field, why)


def _span(plan: Plan, field: str, frame: MetricFrame) -> Interval:
    value, lo, hi = (_value(plan, f"{field}.{end}", frame) for end in ("value", "lo", "hi"))
    return Interval(value, lo, hi)


def _ratio(plan: Plan, field: str, frame: MetricFrame) -> Cell:
    if frame.ratio.value is None:
        return Figure(MISSING, None, f"{field}.ratio.value", None, frame.ratio.why_absent)
    ends = (plain(plan, f"{field}.ratio.{end}", 2) for end in ("value", "lo", "hi"))
    return Interval(*ends)


def _curve(plan: Plan, found: Fairness) -> Iterator[Block]:
    if len(found.curve) < 2:
        return
    yield Drawn(curve_chart(plan), "The price of fairness", curve_table(plan))
    words = (
        "Held out: the plan's offers with bounds tighter and looser than the brief's, and without. "
        "Bars are 95 % intervals of each point by itself; the orange lines are the bounds.",
    )
    yield Words(words, "quiet")


def _proxies(plan: Plan, found: Fairness) -> Iterator[Block]:
    if not found.proxies:
        return
    strong = [p for p in found.proxies if p.shown][:3]
    if strong:
        named = "; ".join(f"{p.predictor} ({p.group})" for p in strong)
        lead = f"Decisions that never read a group can still follow it. Strongest traces: {named}."
    else:
        lead = "Nothing that decisions read is shown to tell the groups apart."
    rows = tuple(
        Row(
            (
                proxy.predictor + (" (a direct-mail field)" if proxy.direct_mail else ""),
                proxy.group,
                Interval(
                    *(
                        plain(plan, f"fairness.proxies.{at}.auc.{end}", 2)
                        for end in ("value", "lo", "hi")
                    )
                ),
                "yes" if proxy.shown else "not shown",
            )
        )
        for at, proxy in enumerate(found.proxies[:MOST_PROXIES])
    )
    columns = (
        Column("What decisions see"),
        Column("Group"),
        Column("Ranked right (0.5 is guessing)", numeric=True),
        Column("Tells the group"),
    )
    table = Table("proxies", "What tells the groups apart, strongest first", columns, rows)
    yield Words((lead,))
    yield Folded("Traces of the groups", (Listed(table),))


def _prices(plan: Plan, found: Fairness) -> Iterator[Block]:
    if not found.prices:
        return
    rows = tuple(
        Row(
            (
                line.item,
                line.offer,
                plain(plan, f"fairness.prices.{at}.price", 2),
                share(plan, f"fairness.prices.{at}.share"),
                plain(plan, f"fairness.prices.{at}.over_lowest", 2),
                plain(plan, f"fairness.prices.{at}.margin", 2, "no unit cost is given"),
            )
        )
        for at, line in enumerate(found.prices)
    )
    columns = (
        Column("Item"),
        Column("Offer"),
        Column("Price", numeric=True),
        Column("Customers", numeric=True),
        Column("Over the lowest price", numeric=True),
        Column("Price less unit cost", numeric=True),
    )
    yield Listed(Table("prices", "Who is asked what for the same item", columns, rows))
    lints = [(g.remedy,) for g in plan.guardrails if g.name.startswith("pricing_")]
    if lints:
        yield Points(tuple(lints))


def _regret(plan: Plan, found: Fairness) -> Iterator[Block]:
    lines = [(at, line) for at, line in enumerate(found.regrets) if line.mean is not None]
    if not lines:
        return
    known = [line.held_out for _, line in lines if line.held_out is not None]
    places = decimals(known)
    rows = tuple(
        Row(
            (
                line.group or "everybody",
                line.segment or "all offers",
                *(
                    money(plan, f"fairness.regrets.{at}.{end}", places)
                    for end in ("mean", "p95", "largest")
                ),
                interval(plan, f"fairness.regrets.{at}.held_out", places),
            )
        )
        for at, line in lines
    )
    columns = (
        Column("Customers"),
        Column("Given"),
        Column("Mean, claimed", numeric=True),
        Column("95 in 100 lose less, claimed", numeric=True),
        Column("Worst off, claimed", numeric=True),
        Column("Mean, held out", numeric=True),
    )
    table = Table("regret", "What customers lose against their own best offer", columns, rows)
    words = (
        "Loss of each customer against the offer the model holds best for that customer. What one "
        "customer loses only the model can claim; the mean is held out too, and below zero where "
        "one-to-one would have earned less than the plan.",
    )
    yield Folded("What members of a group lose against their own best offer", (
        Words(words), Listed(table),
    ))  # fmt: skip


def _unmeasured(found: Fairness) -> Iterator[Block]:
    if found.unmeasured:
        items = tuple((f"{one.what}: {one.why}.",) for one in found.unmeasured)
        yield Folded("What could not be compared", (Points(items),))

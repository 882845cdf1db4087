"""Is this a case for personalising: the advice, the commodity test, execution, waste, baselines."""

from __future__ import annotations

from typing import Final

from handful.delivery.report.figures import (
    MISSING,
    Figure,
    Interval,
    decimals,
    interval,
    share,
)
from handful.delivery.report.section import Block, Listed, Points, Section, Words
from handful.delivery.report.tables import Cell, Column, Row, Table
from handful.delivery.report.wording import Sentence, quoted
from handful.evidence.stage_records import FitFacts
from handful.planning.records import Plan

ADVICE: Final = {
    "no_offer": "Do not run an offer, and do not personalise.",
    "one_offer": "Do not personalise: give everybody the same offer, and be good at it.",
    "handful": "Personalise coarsely: a handful of offers.",
    "one_to_one": "Personalise further than this plan: each customer's own best offer earns more.",
    "by_hand": "Write to each customer by hand, and roll no programme out.",
    "refused": "The log cannot carry a decision.",
}
NAMES: Final = {
    "on_time": "On time, at least",
    "stock_out": "Out of stock, at most",
    "defect": "Defects, at most",
}
JUDGED: Final = {"pass": "good enough", "fail": "not good enough", "unknown": "not known"}


def section(plan: Plan) -> Section | None:
    """Return whether to personalise at all; None where the plan does not say."""
    facts = plan.fit
    if facts is None:
        return None
    blocks: list[Block] = [
        Words((_advice(plan, facts),)),
        Points(tuple((reason,) for reason in facts.reasons)),
    ]
    if not facts.reasons:
        del blocks[1]
    if plan.verdict.offers == 1 or facts.commodity.verdict == "commodity":
        blocks += [Words(_single_words(plan)), *_execution(plan, facts)]
    if facts.wasted and facts.wasted[0].wasted is not None:
        blocks += [Words(_waste(plan)), Listed(_wasted_table(plan, facts))]
    if any(found.lead for found in facts.baselines):
        blocks.append(Listed(_baseline_table(plan, facts)))
    return Section("fit", "Is this a case for personalising?", "Personalise?", tuple(blocks))


def _advice(plan: Plan, facts: FitFacts) -> str:
    """Return the advice; a menu that the brief asked for is not called one that pays."""
    gain = plan.verdict.gain
    if facts.advice == "handful" and gain is not None and gain.targeting.lo <= 0:
        return "Not shown: the brief asks for this menu, the log does not say that it pays."
    return ADVICE[facts.advice]


def _single_words(plan: Plan) -> Sentence:
    """Say what is left to be good at with one offer, and which offer at what price is the best."""
    single = plan.reference.best_single
    values = next((o.values for o in plan.experiment.offers if o.name == single.offer), None)
    untold = {k: v for k, v in (values or {}).items() if k not in (single.offer or "")}
    price = " (" + ", ".join(f"{k} {v}" for k, v in untold.items()) + ")" if untold else ""
    return (
        "What is left to be good at with one offer is carrying it out. The best single offer is ",
        f"{quoted(single.offer or '')}{price}, worth ",
        interval(plan, "reference.best_single", decimals([single])),
        " per customer.",
    )


def _execution_table(plan: Plan, facts: FitFacts) -> Table:
    rows = []
    for at, found in enumerate(facts.execution):
        field = f"fit.execution.{at}"
        rate: Cell = Figure(MISSING, None, f"{field}.rate", None, "the brief does not say")
        if found.rate is not None:
            rate = _percent(plan, f"{field}.rate")
        rows.append(
            Row(
                (
                    NAMES[found.name],
                    rate,
                    share(plan, f"{field}.bound"),
                    JUDGED[found.verdict],
                    found.remedy,
                )
            )
        )
    columns = (
        Column("Measure"),
        Column("Share", numeric=True),
        Column("Bound", numeric=True),
        Column("Verdict"),
        Column("What to do"),
    )
    return Table("execution", "How well the one offer is carried out", columns, tuple(rows))


def _percent(plan: Plan, field: str) -> Interval:
    value, lo, hi = (share(plan, f"{field}.{end}") for end in ("value", "lo", "hi"))
    return Interval(value, lo, hi)


def _execution(plan: Plan, facts: FitFacts) -> tuple[Block, ...]:
    if all(found.rate is None for found in facts.execution):
        text = (
            "How well it is carried out is not known: say in [execution] of the brief what share "
            "comes on time, runs out of stock, or has defects."
        )
        return (Words((text,), "quiet"),)
    return (Listed(_execution_table(plan, facts)),)


def _waste(plan: Plan) -> Sentence:
    """Say how many of the plan's sends are expected to bring nothing."""
    return (
        "Of what the plan sends, ",
        _percent(plan, "fit.wasted.0.wasted"),
        " goes to people who are expected to bring no more for it. What they did bring is measured "
        "on customers the models never saw: where its interval is not below zero, the waste is a "
        "guess of the models.",
    )


def _wasted_table(plan: Plan, facts: FitFacts) -> Table:
    benefits = [found.benefit for found in facts.wasted if found.benefit is not None]
    places = decimals(benefits)
    rows = []
    for at, found in enumerate(facts.wasted):
        field = f"fit.wasted.{at}"
        nothing = Figure(MISSING, None, f"{field}.wasted", None, "nothing is sent")
        none = Figure(MISSING, None, f"{field}.benefit", None, "none, or too few to tell")
        rows.append(
            Row(
                (
                    found.policy,
                    share(plan, f"{field}.sends"),
                    nothing if found.wasted is None else _percent(plan, f"{field}.wasted"),
                    none if found.benefit is None else interval(plan, f"{field}.benefit", places),
                ),
                chosen=at == 0,
            )
        )
    columns = (
        Column("Policy"),
        Column("Customers sent to", numeric=True),
        Column("Of the sends, wasted", numeric=True),
        Column("What such a send brings", numeric=True),
    )
    return Table("wasted", "Sends to people who bring no more for it", columns, tuple(rows))


def _baseline_table(plan: Plan, facts: FitFacts) -> Table:
    leads = [found.lead for found in facts.baselines if found.lead is not None]
    places = decimals(leads)
    rows = tuple(
        Row(
            (
                found.name,
                Figure(MISSING, None, f"fit.baselines.{at}.lead", None, found.why_absent or "")
                if found.lead is None
                else interval(plan, f"fit.baselines.{at}.lead", places),
                "yes" if found.beaten else "not shown",
            )
        )
        for at, found in enumerate(facts.baselines)
    )
    columns = (
        Column("Simplest segments"),
        Column("The plan earns more, per customer", numeric=True),
        Column("Beaten"),
    )
    return Table("baselines", "The plan against the two oldest ways to segment", columns, rows)

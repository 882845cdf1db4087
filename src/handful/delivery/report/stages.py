"""How far to personalise: every stage with its gain, cost and names, and what one more is worth."""

from __future__ import annotations

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
    significant,
)
from handful.delivery.report.section import Block, Drawn, Folded, Listed, Section, Words
from handful.delivery.report.stage_chart import stage_chart
from handful.delivery.report.tables import Cell, Column, Row, Table
from handful.delivery.report.wording import Sentence
from handful.evidence.records import Estimate
from handful.evidence.stage_records import StageFacts
from handful.planning.records import Plan

NOT_ABOVE = "one-to-one is not shown to gain over the best single offer"
TOO_LITTLE = "one-to-one gains too little over the best single offer for a share of it to tell"
NO_COST = "the brief names no cost of it"
MOST_SPREAD = 2.0
"""A share with an interval wider than this, 200 points, is not shown."""


def section(plan: Plan) -> Section | None:
    """Return the stages of a plan, the plan's own marked; None where it has none."""
    facts, chart = plan.stages, stage_chart(plan)
    if facts is None or chart is None:
        return None
    blocks: list[Block] = [
        Words(_where(plan, facts)),
        Drawn(chart, "What each stage gains and costs", _stages_table(plan, facts)),
        Words((_legend(facts),), "quiet"),
        Words(_efficiencies(plan, facts)),
        *([Listed(_efficiency_table(plan, facts))] if facts.stages[-1].cost else []),
        Words(_unpaid(plan, facts)),
        Listed(_marginal_table(plan, facts)),
        Words(_complexity(plan, facts)),
    ]
    below = _folded(plan, facts)
    return Section(
        ident="stages",
        title="How far should we personalise?",
        short="Stages",
        blocks=(*blocks, *([below] if below else [])),
    )


def _legend(facts: StageFacts) -> str:
    return (
        f"Left bar, blue: what a stage gains over {facts.base}, with its band. Right bar, orange: "
        "what it costs, with an arrow where it is taller than the drawing. Diamond: what is left; "
        "none where far more is lost than can be drawn. “In effect” counts offers by how evenly "
        "they are given: two offers of which one goes to nearly everybody are hardly more than one."
    )


def _where(plan: Plan, facts: StageFacts) -> Sentence:
    stage, field = facts.stages[facts.plan], f"stages.stages.{facts.plan}"
    said: Sentence = (f"The plan, {stage.name}, stands at {stage.stage} ({stage.depth})",)
    if stage.offers > 1:
        said = (*said, ": it treats customers like ", plain(plan, f"{field}.effective", 1),
                " groups of equal size")  # fmt: skip
    if stage.retained is None:
        if stage.offers < 2:
            return (*said, ".")
        return (*said, f". What it keeps of one-to-one's gain cannot be told: {NOT_ABOVE}.")
    if _unbounded(stage.retained):
        return (*said, f". What it keeps of one-to-one's gain cannot be told: {TOO_LITTLE}.")
    return (
        *said,
        ". Of what one-to-one gains over one offer for everybody it keeps ",
        _percent(plan, f"{field}.retained"),
        ".",
    )


def _percent(plan: Plan, field: str) -> Interval:
    """Return a share and its interval as percentages."""
    value, lo, hi = (share(plan, f"{field}.{end}") for end in ("value", "lo", "hi"))
    return Interval(value, lo, hi)


def _retained(plan: Plan, facts: StageFacts, at: int) -> Cell:
    field = f"stages.stages.{at}.retained"
    if facts.stages[at].retained is None:
        why = NOT_ABOVE if facts.stages[at].offers else "nothing is offered"
        return Figure(MISSING, None, field, None, why)
    if _unbounded(facts.stages[at].retained):
        return Figure(MISSING, None, field, None, TOO_LITTLE)
    return _percent(plan, field)


def _unbounded(kept: Estimate | None) -> bool:
    """Say whether a share reaches so far that it tells nothing: its denominator is all but 0."""
    return kept is not None and kept.hi - kept.lo > MOST_SPREAD


def _efficiency_table(plan: Plan, facts: StageFacts) -> Table:
    unit = plan.experiment.currency
    found = [stage.value_efficiency for stage in facts.stages if stage.value_efficiency]
    places = max(decimals(found), 0)
    rows = []
    for at, stage in enumerate(facts.stages):
        field = f"stages.stages.{at}"
        worth: Cell = Figure(MISSING, None, f"{field}.value_efficiency", None, NO_COST)
        if stage.value_efficiency is not None:
            worth = interval(plan, f"{field}.value_efficiency", places)
        rows.append(Row((stage.name, _decisions(plan, at), worth), chosen=at == facts.plan))
    columns = (
        Column("Stage"),
        Column(f"Decisions made per {unit} spent", numeric=True),
        Column(f"What personalising adds per {unit} spent", numeric=True),
    )
    return Table("efficiency", "Two kinds of efficiency", columns, tuple(rows))


def _decisions(plan: Plan, at: int) -> Figure:
    """Return decisions for one unit of money, with two digits at least."""
    field = f"stages.stages.{at}.operating_efficiency"
    known = None if plan.stages is None else plan.stages.stages[at].operating_efficiency
    return plain(plan, field, max(significant([known or 0.0]), 0), NO_COST)


def _stages_table(plan: Plan, facts: StageFacts) -> Table:
    places = decimals([stage.gain for stage in facts.stages])
    costs = max(places, min(significant(stage.cost for stage in facts.stages), 5))
    rows = tuple(
        Row(
            (
                stage.name,
                stage.stage,
                stage.depth,
                plain(plan, f"stages.stages.{at}.effective", 1 if stage.effective < 1000 else 0),
                _retained(plan, facts, at),
                interval(plan, f"stages.stages.{at}.gain", places),
                money(plan, f"stages.stages.{at}.cost", costs),
                interval(plan, f"stages.stages.{at}.net_gain", places),
            ),
            chosen=at == facts.plan,
        )
        for at, stage in enumerate(facts.stages)
    )
    columns = (
        Column("Stage"),
        Column("One to how many"),
        Column("How personal"),
        Column("In effect", numeric=True),
        Column("Kept of one-to-one", numeric=True),
        Column(f"Gain over {facts.base}", numeric=True),
        Column("Cost", numeric=True),
        Column("Left", numeric=True),
    )
    caption = "Gain and cost of every stage, per customer, held out; all bands hold together"
    return Table("stages", caption, columns, rows)


def _efficiencies(plan: Plan, facts: StageFacts) -> Sentence:
    """Say which stage is efficient in which sense."""
    priced = [at for at, stage in enumerate(facts.stages) if stage.operating_efficiency is not None]
    if not priced:
        return (
            "The brief names no costs, so no stage is more efficient than another: add "
            "menu.setup_cost, or [stages].",
        )

    def decisions(at: int) -> float:
        return facts.stages[at].operating_efficiency or 0.0

    def worth(at: int) -> float:
        found = facts.stages[at].value_efficiency
        return found.value if found else 0.0

    most, least = max(priced, key=decisions), min(priced, key=decisions)
    best, unit = max(priced, key=worth), plan.experiment.currency
    said: Sentence = (
        f"“Efficient” has two meanings that disagree. Per {unit} spent, {facts.stages[most].name} "
        "makes the most decisions (",
        _decisions(plan, most),
        f") and {facts.stages[least].name} the fewest (",
        _decisions(plan, least),
        "). What personalising adds over one offer for everybody, its extra costs paid, per "
        f"{unit} spent ",
    )
    if worth(best) <= 0:
        return (*said, "is nowhere above zero.")
    field = f"stages.stages.{best}.value_efficiency.value"
    places = max(significant([worth(best)]), 0)
    return (*said, f"is highest with {facts.stages[best].name} (", plain(plan, field, places), ").")


def _unpaid(plan: Plan, facts: StageFacts) -> Sentence:
    if not facts.marginal:
        return ()
    if facts.first_unpaid is None:
        return ("More is not always better; here every further offer pays for itself, as far as "
                "was tried.",)  # fmt: skip
    return (
        "More is not always better: the first offer that does not pay for itself is number ",
        count(plan, "stages.first_unpaid"),
        ".",
    )


def _marginal_table(plan: Plan, facts: StageFacts) -> Table:
    places = decimals([step.worth for step in facts.marginal])
    costs = max(places, min(significant(step.cost for step in facts.marginal), 5))
    rows = tuple(
        Row(
            (
                count(plan, f"stages.marginal.{at}.offers"),
                interval(plan, f"stages.marginal.{at}.worth", places),
                money(plan, f"stages.marginal.{at}.cost", costs),
                interval(plan, f"stages.marginal.{at}.net", places),
            ),
            chosen=step.offers == plan.verdict.offers,
        )
        for at, step in enumerate(facts.marginal)
    )
    columns = (
        Column("Offers", numeric=True),
        Column("Worth of the last one", numeric=True),
        Column("It costs more", numeric=True),
        Column("What is left", numeric=True),
    )
    return Table("marginal", "What one more offer is worth, per customer, held out", columns, rows)


def _complexity(plan: Plan, facts: StageFacts) -> Sentence:
    """Say what there is to run, beside the decisions of one-to-one."""
    field, known = "stages.complexity", facts.complexity
    said: Sentence = (
        "To run: offers ",
        count(plan, f"{field}.offers"),
        ", segments ",
        count(plan, f"{field}.segments"),
        ", texts or pictures ",
        plain(plan, f"{field}.contents", 0),
    )
    if known.rules > 1:
        said = (
            *said,
            ", rules ",
            count(plan, f"{field}.rules"),
            " of ",
            plain(plan, f"{field}.questions", 1),
            " questions on average, fields of data ",
            count(plan, f"{field}.fields"),
        )
    if known.channels is not None:
        said = (*said, ", channels ", count(plan, f"{field}.channels"))
    lead = ". One-to-one would make "
    return (*said, lead, count(plan, f"{field}.decisions"), " decisions, one for each customer.")


def _folded(plan: Plan, facts: StageFacts) -> Folded | None:
    blocks: list[Words | Listed] = []
    if facts.regret:
        text = (
            "A shared offer is not everybody's best. What its customers lose against their own "
            "best is held out; what one in twenty and the worst off lose is what the model "
            "expects.",
        )
        blocks += [Words(text), Listed(_regret_table(plan, facts))]
    if facts.wrong_offers:
        text = (
            "If one field of a customer were out of date, and held another customer's value, this "
            "many would get another offer. Each field is tried in turn, on customers the models "
            "never saw.",
        )
        blocks += [Words(text), Listed(_wrong_table(plan, facts))]
    if not blocks:
        return None
    return Folded("Who is served less well, and what stale data would do", tuple(blocks))


def _regret_table(plan: Plan, facts: StageFacts) -> Table:
    places = max(decimals([found.mean for found in facts.regret]), 2)
    rows = tuple(
        Row(
            (
                found.offer,
                count(plan, f"stages.regret.{at}.customers"),
                interval(plan, f"stages.regret.{at}.mean", places),
                money(plan, f"stages.regret.{at}.p95", places),
                money(plan, f"stages.regret.{at}.largest", places),
            )
        )
        for at, found in enumerate(facts.regret)
    )
    columns = (
        Column("Offer"),
        Column("Customers of the log", numeric=True),
        Column("Lost on average", numeric=True),
        Column("One in twenty loses more than (expected)", numeric=True),
        Column("The worst off (expected)", numeric=True),
    )
    return Table("regret", "What sharing an offer loses, per customer", columns, rows)


def _wrong_table(plan: Plan, facts: StageFacts) -> Table:
    rows = tuple(
        Row(
            (
                count(plan, f"stages.wrong_offers.{at}.offers"),
                _percent(plan, f"stages.wrong_offers.{at}.rate"),
                share(plan, f"stages.wrong_offers.{at}.worst"),
                found.worst_field,
            ),
            chosen=found.offers == plan.verdict.offers,
        )
        for at, found in enumerate(facts.wrong_offers)
    )
    columns = (
        Column("Offers", numeric=True),
        Column("Another offer, on average over fields", numeric=True),
        Column("At most", numeric=True),
        Column("When this field is wrong"),
    )
    return Table("wrong-offers", "Customers whom one stale field would give another offer", columns,
                 rows)  # fmt: skip

"""How ready the firm is, what is said where, how much is sent, and in which waves a plan goes out.

Everything here was counted in tables or read from the brief; nothing is estimated, so nothing has
an interval, and the section says so.
"""

from __future__ import annotations

from typing import Any, Final

import altair as alt
from markupsafe import Markup

from handful.delivery.report.drawing import NARROW, PAPER, WIDE, configured, svg
from handful.delivery.report.figures import count, plain, share
from handful.delivery.report.section import (
    Block,
    Chart,
    Drawn,
    Folded,
    Listed,
    Points,
    Section,
    Words,
)
from handful.delivery.report.tables import Column, Row, Table
from handful.delivery.report.wording import Sentence
from handful.guardrails.maturity_records import Scorecard
from handful.planning.records import Plan

STAGES: Final = ("one-to-all", "one-to-many", "one-to-few", "one-to-one")
TALL: Final = 236
ASKS: Final = {
    "data": "Data: is what you know of a customer in one place?",
    "definition": "Definition: what tells customers apart?",
    "trigger": "Trigger: what sets a message off?",
    "content": "Content: is it made for the segment?",
    "automation": "Automation: who sends it?",
    "channel": "Channel: is it where the customer wants it?",
}


def section(plan: Plan) -> Section | None:
    """Return what the page says of readiness; None for a plan made without a brief."""
    card = plan.readiness
    if card is None:
        return None
    known = plan.orchestration is not None or any(
        one.stage > 1 for one in card.dimensions if one.name != "definition"
    )
    blocks: list[Block] = [Words(_overall(card, known))]
    whole: tuple[Words | Points | Drawn | Listed, ...] = (
        Points(tuple((said,) for said in card.blocked_by)),
        Drawn(_chart(card), "The stage reached in each of six dimensions; the weakest counts",
              _stage_table(plan)),
    )  # fmt: skip
    blocks += whole if known else [Folded("The six dimensions, and what each lacks", whole)]
    blocks += [*_matrix(plan), *_pressure(plan), *_rollout(plan)]
    blocks.append(Words(("Counted, not estimated: these numbers need no interval.",), "quiet"))
    return Section("readiness", "Is the firm ready for it?", "Readiness", tuple(blocks))


def _overall(card: Scorecard, known: bool) -> Sentence:
    if not known:
        return (
            "Nothing is known of the firm's own tables and messages, so every dimension but what "
            "decides is taken to be at the first stage. Name them under [readiness.tables] and "
            "[orchestration] of the brief, and the facts are counted.",
        )
    if card.next_step is None:
        return (f"The firm is at the last stage, {card.name}, in all six dimensions.",)
    return (
        f"The firm is at the stage {card.name}: its weakest dimension decides. The next step is "
        f"{card.next_step}, and no further; it lacks:",
    )


def _chart(card: Scorecard) -> Chart:
    title = "Stages of readiness"
    said = "; ".join(f"{one.name} {one.stage} of 4" for one in card.dimensions)
    sizes = [svg(_spec(card, w), f"readiness-{w}", title, said) for w in (WIDE, NARROW)]
    return Chart(Markup(sizes[0]), Markup(sizes[1]))  # noqa: S704 - escaped by the drawing


def _spec(card: Scorecard, width: int) -> dict[str, Any]:
    """Return a row per dimension with four steps, those climbed filled."""
    rows = [
        {"name": one.name.capitalize(), "step": step + 0.5, "stage": STAGES[step],
         "climbed": step < one.stage, "weakest": one.stage == card.overall}
        for one in card.dimensions
        for step in range(len(STAGES))
    ]  # fmt: skip
    labels = list(STAGES) if width == WIDE else ["1", "2", "3", "4"]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "step:Q",
            scale=alt.Scale(domain=[0, 4], nice=False),
            axis=alt.Axis(
                title=None,
                values=[0.5, 1.5, 2.5, 3.5],
                labelExpr=f"{labels}[floor(datum.value)]",
                grid=False,
                ticks=False,
                domain=False,
            ),
        ),
        y=alt.Y(
            "name:N",
            sort=[one.name.capitalize() for one in card.dimensions],
            axis=alt.Axis(title=None, ticks=False, domain=False),
        ),
    )
    empty = _squares(base, "!datum.climbed", PAPER["grid"], PAPER["paper"])
    weak = _squares(base, "datum.climbed && datum.weakest", PAPER["claim"], PAPER["claim"])
    done = _squares(base, "datum.climbed && !datum.weakest", PAPER["plan"], PAPER["plan"])
    return configured([empty, done, weak], width, TALL)


def _squares(base: Any, test: str, stroke: str, fill: str) -> Any:  # noqa: ANN401 - Altair's
    """Return the steps that pass a test, as squares."""
    return base.transform_filter(test).mark_point(
        shape="square", size=380, strokeWidth=1.4, opacity=1, stroke=stroke, fill=fill
    )


def _stage_table(plan: Plan) -> Table:
    card = plan.readiness
    rows = () if card is None else tuple(
        Row(
            (
                ASKS[one.name],
                count(plan, f"readiness.dimensions.{at}.stage"),
                STAGES[one.stage - 1],
                " · ".join(one.evidence),
            ),
            one.stage == card.overall,
        )
        for at, one in enumerate(card.dimensions)
    )  # fmt: skip
    columns = (Column("Dimension"), Column("Stage", numeric=True), Column("Name"),
               Column("Rests on"))  # fmt: skip
    return Table("readiness", "The six dimensions and the facts they rest on", columns, rows)


def _matrix(plan: Plan) -> list[Block]:
    matrix = plan.orchestration
    if matrix is None:
        return []
    rows = tuple(
        Row(
            (
                cell.offer,
                cell.channel,
                count(plan, f"orchestration.cells.{at}.customers"),
                cell.content or "EMPTY: nothing is said here",
                cell.trigger or "not said",
                cell.timing or "not said",
                cell.owner or "nobody",
            )
        )
        for at, cell in enumerate(matrix.cells)
    )
    titles = ("Segment that gets", "Channel", "Customers", "Content", "Set off by", "When", "Owner")
    columns = tuple(Column(title, numeric=title == "Customers") for title in titles)
    table = Table("orchestration", "What is said to whom, where, when", columns, rows)
    found: list[Block] = [Listed(table)]
    if matrix.preferred is not None:
        met = share(plan, "orchestration.preferred")
        found.append(
            Words((met, " of the customers written to are reached on the channel they prefer."))
        )
    return found


def _pressure(plan: Plan) -> list[Block]:
    found = plan.pressure
    if found is None:
        return []
    said: Sentence = (
        "All programmes together sent a customer ",
        plain(plan, "pressure.before", 2),
        f" messages a week in the {found.days:g} days to {found.as_of}; with this plan it is ",
        plain(plan, "pressure.after", 2),
        ", and the busiest customer had ",
        count(plan, "pressure.most"),
        " within them.",
    )
    if found.at_most is None:
        return [Words(said)]
    kept: Sentence = (
        " ",
        count(plan, "pressure.held_back"),
        f" customers have had {found.at_most} or more and get nothing now. The values of the plan "
        "are of everybody: they do not know of this.",
    )
    return [Words((*said, *kept))]


def _rollout(plan: Plan) -> list[Block]:
    found = plan.rollout
    if found is None:
        return []
    blocks: list[Block] = []
    if found.waves:
        rows = tuple(
            Row(
                (
                    f"Wave {at + 1}",
                    share(plan, f"rollout.waves.{at}"),
                    count(plan, f"rollout.counts.{at}"),
                    "now" if at == 0 else f"when “handful rollout” opens wave {at + 1}",
                )
            )
            for at in range(len(found.waves))
        )
        columns = (Column("Wave"), Column("Reached by then", numeric=True),
                   Column("Customers of the log", numeric=True), Column("Begins"))  # fmt: skip
        table = Table("rollout", "The waves in which the plan goes out", columns, rows)
        first = (
            "drawn by chance" if found.engaged is None else f"the most engaged ({found.engaged})"
        )
        also = ", who opted in" if found.opted_in else ""
        blocks = [Words((f"In the first wave: {first}{also}.",)), Listed(table)]
    if found.holdout:
        held: Sentence = (
            count(plan, "rollout.held_out"),
            " customers (",
            share(plan, "rollout.holdout"),
            ") get no offer for as long as the programme runs, so that its worth can be measured "
            "at any time. The same customers each time, drawn by a hash of their id.",
        )
        blocks.append(Words(held))
    return blocks

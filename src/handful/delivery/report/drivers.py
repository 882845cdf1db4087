"""What drives the segments: the fields that decide, and what each is worth held out."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

from handful.delivery.report.charts import Whisker, whisker_spec
from handful.delivery.report.drawing import NARROW, WIDE, svg
from handful.delivery.report.figures import MISSING, Figure, decimals, interval, share
from handful.delivery.report.section import Block, Chart, Drawn, Listed, Section, Words
from handful.delivery.report.tables import Cell, Column, Row, Table
from handful.planning.records import Plan

_MOST: Final = 12
"""Fields that are drawn; the table has them all."""

_LEAD: Final = (
    "Each field was shuffled over the customers, all else as it is, to see whose offer changes. "
    "Its worth is what the plan then loses, on customers it was not learned on; the intervals "
    "hold for all fields together. Fields that say the same share their worth, so neither "
    "may seem to matter."
)


def section(plan: Plan) -> Section | None:
    """Return which fields decide who gets what; None where everybody gets the same."""
    if plan.data_use is None or len(plan.data_use.offers) < 2:
        return None
    fields = plan.data_use.fields
    deciding = [at for at, field in enumerate(fields) if field.status == "decides"]
    if not deciding:
        return None
    blocks: list[Block] = [Words((_LEAD,))]
    table = _table(plan, deciding)
    drawn = _chart(plan)
    title = "Worth of each field that decides"
    blocks.append(Listed(table) if drawn is None else Drawn(drawn, title, table))
    idle = [field.field for field in fields if field.status != "decides"]
    if idle:
        blocks.append(Words((f"No decision depends on {', '.join(idle)}.",), "quiet"))
    return Section("drivers", "What drives the segments", "What decides", tuple(blocks))


def _chart(plan: Plan) -> Chart | None:
    if plan.data_use is None:
        return None
    rows = [
        Whisker(field.field, field.worth.value, field.worth.lo, field.worth.hi, field.worth.lo > 0)
        for field in plan.data_use.fields
        if field.worth is not None
    ][:_MOST]
    if not rows:
        return None
    axis = f"What the plan loses without it, {plan.experiment.currency} per customer, held out"
    said = f"{len(rows)} fields, each a point with its interval; blue where it is above zero."
    wide, narrow = (
        svg(whisker_spec(rows, axis, width), f"drivers-{width}", "Worth of each field", said)
        for width in (WIDE, NARROW)
    )
    return Chart(Markup(wide), Markup(narrow))  # noqa: S704 - escaped by the drawing


def _table(plan: Plan, deciding: list[int]) -> Table:
    fields = () if plan.data_use is None else plan.data_use.fields
    worth = [fields[at].worth for at in deciding]
    places = decimals([found for found in worth if found is not None])
    rows = []
    for at in deciding:
        path = f"data_use.fields.{at}"
        missing = Figure(MISSING, None, f"{path}.worth", None, "limits tie customers together")
        told: Cell = (
            missing if fields[at].worth is None else interval(plan, f"{path}.worth", places)
        )
        rows.append(Row((fields[at].field, share(plan, f"{path}.changed"), told)))
    columns = (
        Column("Field"),
        Column("Decisions it changes", numeric=True),
        Column("Worth per customer, held out", numeric=True),
    )
    return Table("drivers", "What each field is worth to the plan", columns, tuple(rows))

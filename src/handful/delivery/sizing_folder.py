"""What `handful size --out DIR` leaves behind: size.json, design.csv, size.html."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Final

from handful.delivery.files import publish_folder
from handful.delivery.plan_json import dump_document
from handful.delivery.report.sizing_page import render_sizing
from handful.delivery.report.tables import Column, Row, Table, csv_text
from handful.delivery.sizing_json import sizing_document
from handful.sizing.records import Sizing

PARTS: Final = frozenset({"size.json", "design.csv", "size.html"})


def publish_sizing(sizing: Sizing, out: Path) -> None:
    """Write the folder; it appears whole or not at all.

    Args:
        sizing: the answer.
        out: the folder.

    Raises:
        BriefError: F804 the place is taken.
        MachineError: F801-F803 it cannot be written.
    """
    with publish_folder(out, parts=PARTS, mark="size.json") as staging:
        text = dump_document(sizing_document(sizing))
        (staging / "size.json").write_text(text, encoding="utf-8")
        (staging / "design.csv").write_text(design_csv(sizing), encoding="utf-8")
        (staging / "size.html").write_text(render_sizing(sizing), encoding="utf-8")


def design_csv(sizing: Sizing) -> str:
    """Return the offers to try as CSV: offer, share, rows, and a column for each dial."""
    dials = [name for name, _ in sizing.arms[-1].dials]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["offer", "control", "share", "rows", *dials])
    for arm in sizing.arms:
        values = ["" if value is None else repr(value) for _, value in arm.dials]
        writer.writerow([_safe(arm.name), arm.control, repr(arm.share), arm.rows, *values])
    return out.getvalue()


def _safe(name: str) -> str:
    """Return a name that no spreadsheet runs as a formula."""
    table = Table("t", "", (Column("offer"),), (Row((name,)),))
    return next(csv.reader([csv_text(table).splitlines()[1]]))[0]

"""size.html: the answer of `handful size` as one page, from the same records as the report."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from handful.delivery.looks import looks
from handful.delivery.report import tables
from handful.delivery.report.sizing_sections import sections_of
from handful.delivery.sizing_words import headline
from handful.sizing.records import Sizing

_HERE: Final = Path(__file__).parent


def render_sizing(sizing: Sizing) -> str:
    """Return the answer as one self-contained HTML page without script or network.

    Args:
        sizing: the answer; all its text is escaped.

    Returns:
        HTML text, to be written as UTF-8; the same answer gives the same bytes.

    Cost: two drawings, about a second.

    Example:
        >>> render_sizing.__name__
        'render_sizing'
    """
    css = looks() + (_HERE / "report.css").read_text(encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    digest = base64.b64encode(hashlib.sha256(css.encode("utf-8")).digest()).decode("ascii")
    return environment.get_template("sizing.html").render(
        css=Markup(css),  # noqa: S704 - our own file
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'",
        sizing=sizing,
        headline=headline(sizing),
        sections=sections_of(sizing),
        csv_link=tables.csv_link,
        reasons=tables.reasons,
    )

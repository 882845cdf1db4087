"""From an Altair chart to accessible SVG text for the page.

The charts are drawn here and now (vl-convert), so the page needs no script and no remote file.
Colours are written as plain hexadecimal attributes; the page's style sheet re-colours exactly these
values in the dark, so SCREEN colours and style sheet must agree (a test checks it).
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final

import altair as alt
import vl_convert

PAPER: Final = MappingProxyType(
    {
        "ink": "#20242b",
        "quiet": "#565d67",
        "grid": "#e2e2dc",
        "plan": "#1b5793",
        "band": "#c7daee",
        "claim": "#9c4604",
        "paper": "#ffffff",
    }
)
"""Colours of a chart on light ground: tokens of looks.css, which has a dark counterpart of each."""

FONT: Final = "Liberation Sans, Arial, Helvetica, sans-serif"
WIDE: Final = 780
NARROW: Final = 336


def configured(layers: Sequence[alt.Chart], width: int, height: int) -> dict[str, Any]:
    """Return the Vega-Lite specification of a chart in the page's look.

    Args:
        layers: from back to front, without size or style.
        width: pixels of the whole drawing.
        height: pixels of the whole drawing.

    Returns:
        A Vega-Lite specification.
    """
    together: Any = alt.layer(*layers)
    sized = together.properties(
        width=width,
        height=height,
        background="transparent",
        autosize=alt.AutoSizeParams(type="fit", contains="padding"),
        padding={"left": 4, "top": 10, "bottom": 4, "right": 6},
    )
    return _styled(sized)


def small_multiples(panels: Sequence[Any], columns: int) -> dict[str, Any]:
    """Return the Vega-Lite specification of several panels, each with its own size.

    Args:
        panels: charts, row by row.
        columns: panels beside each other.

    Returns:
        A Vega-Lite specification.
    """
    grid: Any = alt.concat(*panels, columns=columns, spacing={"row": 18, "column": 22})
    return _styled(
        grid.properties(
            background="transparent", padding={"left": 4, "top": 10, "bottom": 4, "right": 6}
        )
    )


def _styled(chart: Any) -> dict[str, Any]:  # noqa: ANN401 - an Altair chart of any shape
    text = {"labelColor": PAPER["quiet"], "titleColor": PAPER["quiet"], "labelFontSize": 12}
    styled = chart.configure(font=FONT, aria=False).configure_view(stroke=None)
    styled = styled.configure_axis(
        **text,
        titleFontSize=12,
        titleFontWeight="normal",
        gridColor=PAPER["grid"],
        domainColor=PAPER["grid"],
        tickColor=PAPER["grid"],
        labelFlush=False,
        labelFont=FONT,
        titleFont=FONT,
    )
    styled = styled.configure_title(
        font=FONT, fontSize=13, fontWeight="normal", color=PAPER["ink"], anchor="start", offset=6
    )
    spec: dict[str, Any] = styled.to_dict()
    return spec


def svg(spec: dict[str, Any], ident: str, title: str, description: str) -> str:
    """Return the drawing as an SVG element with a name, a description and ids of its own.

    Args:
        spec: Vega-Lite specification.
        ident: prefix of every id in the drawing, unique on the page.
        title: short name, read aloud first.
        description: what the drawing shows, in a sentence.

    Returns:
        SVG text; every word of the data in it is escaped.
    """
    text = str(vl_convert.vegalite_to_svg(spec))
    text = re.sub(r'\bid="([^"]+)"', rf'id="{ident}-\1"', text)
    text = re.sub(r"url\(#([^)]+)\)", rf"url(#{ident}-\1)", text)
    text = re.sub(r'<rect [^>]*fill="transparent"/>', "", text)
    text = re.sub(r' aria-roledescription="[^"]*"| role="graphics-[^"]*"', "", text)
    size = re.search(r'width="([\d.]+)" height="([\d.]+)"', text)
    if size is None:
        raise ValueError("vl-convert returned a drawing without a size")
    width, height = size.groups()
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" aria-labelledby="{ident}-title {ident}-desc">'
        f'<title id="{ident}-title">{html.escape(title)}</title>'
        f'<desc id="{ident}-desc">{html.escape(description)}</desc>'
    )
    return re.sub(r"^<svg[^>]*>", lambda _: head, text, count=1)

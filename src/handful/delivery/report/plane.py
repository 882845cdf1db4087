"""Drawings of offers with dials: the menus along one dial, or the plan on the plane of two."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import altair as alt

from handful.brief.dials import number_text
from handful.delivery.report.drawing import PAPER, WIDE, configured
from handful.delivery.report.figures import percent_text
from handful.planning.records import OfferPlane, PlaneMark, PlaneSegment

_ROW: Final = 42
_LETTER: Final = 6.5
_MARGIN: Final = 150
"""Pixels of a letter of a label, and of the names at the left of a line."""

_LEAST_SHARE: Final = 0.002
"""Own best offers of a smaller share of a segment are not drawn."""

_MOST: Final = 0.8
"""Share of a segment's members whose own best offers its outline encloses."""

_Row = dict[str, Any]


def line_spec(plane: OfferPlane, width: int) -> dict[str, Any]:
    """Return one line per menu along the dial, each offer as large as its share of customers.

    The uppermost line shows what was tried, the lines below the menus where each segment's own
    best offers lie, with the segment's offer as a ring.

    Args:
        plane: of one dial.
        width: pixels.

    Returns:
        A Vega-Lite specification.
    """
    rows, names = _line_rows(plane, width)
    axis = alt.Axis(title=plane.dials[0], grid=True, ticks=False, domain=False, tickCount=6)
    across = alt.X("at:Q", scale=alt.Scale(zero=False, nice=False, padding=24), axis=axis)
    if _is_level(plane, 0):
        across = alt.X("at:N", axis=axis)
    down = alt.Y(
        "row:N",
        sort=names,
        axis=alt.Axis(title=None, ticks=False, domain=False, grid=True, labelLimit=230),
    )
    base = alt.Chart({"values": rows}).encode(x=across, y=down)
    size = alt.Size("share:Q", scale=alt.Scale(domain=[0, 1], range=[12, 420]), legend=None)
    dots = base.mark_point(filled=True, opacity=1).encode(
        size=size, color=alt.Color("colour:N", scale=None, legend=None)
    )
    words = base.mark_text(fontSize=12, dy=-20, color=PAPER["ink"]).encode(text="text:N")
    ring = base.mark_point(color=PAPER["ink"], opacity=1, size=150, strokeWidth=2, shape="diamond")
    layers = [
        dots.transform_filter("datum.kind !== 'ring'"),
        ring.transform_filter("datum.kind === 'ring'"),
        words.transform_filter("datum.text !== ''"),
    ]
    return configured(layers, width, _ROW * len(names) + 70)


def _line_rows(plane: OfferPlane, width: int) -> tuple[list[_Row], list[str]]:
    places = [mark.values[0] for mark in plane.tried if mark.values is not None]
    numbers = [float(place) for place in places if not isinstance(place, str)]
    # What one letter of a label takes of the dial's range on the drawing.
    reach = (max(numbers) - min(numbers)) * _LETTER / (width - _MARGIN) if numbers else 0.0
    rows = [_dot("tried", mark, PAPER["quiet"]) for mark in plane.tried]
    names: list[str] = ["tried"]
    for k, marks in plane.menus:
        name = f"{k} offer" + "s" * (k > 1) + _silent(marks)
        names.append(name)
        rows += _legible([_dot(name, mark, PAPER["plan"], label=True) for mark in marks], reach)
    several = plane.segments if len(plane.segments) > 1 else ()
    for segment in sorted(several, key=lambda part: _sayable_order(part.values)):
        name = f"best for: {segment.offer}" + _silent(segment.optima)
        names.append(name)
        rows += [_dot(name, m, PAPER["band"]) for m in segment.optima if m.share >= _LEAST_SHARE]
        if segment.values is not None:
            ring = _dot(name, PlaneMark(segment.values, segment.share), PAPER["ink"])
            rows.append(ring | {"kind": "ring", "text": percent_text(segment.share)})
    return [row for row in rows if row["at"] is not None], names


def _legible(rows: list[_Row], reach: float) -> list[_Row]:
    """Shorten the labels of a line that would overlap to their values, or leave them out."""
    placed = sorted(
        (row for row in rows if row["at"] is not None), key=lambda row: _place(row["at"])
    )
    for texts in ("text", "short"):
        ends = [(row["at"], len(row[texts]) * reach / 2.0) for row in placed]
        if all(
            isinstance(a, str) or a + half + reach <= b - other
            for (a, half), (b, other) in pairwise(ends)
        ):
            return [row | {"text": row[texts]} for row in rows]
    return [row | {"text": ""} for row in rows]


def _sayable_order(values: tuple[float | str, ...] | None) -> tuple[str, float]:
    """Sort offers as they stand on the line; "no offer" comes first."""
    first = None if values is None else values[0]
    return ("", float("-inf")) if first is None else _place(first)


def _place(value: float | str) -> tuple[str, float]:
    return (value, 0.0) if isinstance(value, str) else ("", float(value))


def _silent(marks: Sequence[PlaneMark]) -> str:
    """Say which share of customers has no place on the drawing, since nothing is offered."""
    share = sum(mark.share for mark in marks if mark.values is None)
    return f" (none for {percent_text(share)})" if share > 0 else ""


def _dot(row: str, mark: PlaneMark, colour: str, *, label: bool = False) -> _Row:
    at = None if mark.values is None else mark.values[0]
    text = f"{_said(at)} · {percent_text(mark.share)}" if label and at is not None else ""
    short = _said(at) if label and at is not None else ""
    said = {"text": text, "short": short, "kind": ""}
    return {"row": row, "at": at, "share": mark.share, "colour": colour, **said}


def _said(value: float | str) -> str:
    return value if isinstance(value, str) else number_text(value)


def plane_spec(plane: OfferPlane, width: int) -> dict[str, Any]:
    """Return the plan on the plane of the first two dials: tried, own best offers, offers in use.

    Each own best offer is joined to the offer that its customers get, so that a segment's region
    is a star around its offer; its outline encloses the region.

    Args:
        plane: of two or three dials.
        width: pixels.

    Returns:
        A Vega-Lite specification.
    """
    across, down = (_axis(plane, j) for j in range(2))
    tried = _chart([_spot(mark, PAPER["grid"]) for mark in plane.tried], across, down)
    size = alt.Size("share:Q", scale=alt.Scale(domain=[0, 1], range=[14, 2600]), legend=None)
    colour = alt.Color("colour:N", scale=None, legend=None)
    spokes, optima, chosen = _stars(plane)
    ends = _chart(spokes, across, down).encode(x2="x2:Q", y2="y2:Q")
    own = _chart(optima, across, down)
    offers = _chart(chosen, across, down)
    layers = [
        tried.mark_point(filled=True, opacity=1, shape="square", size=26).encode(color=colour),
        *([_rules(ends)] if _both_numbers(plane) else []),
        *_outlines(plane, across, down),
        own.mark_point(filled=True, opacity=1).encode(size=size, color=colour),
        offers.mark_point(filled=True, opacity=1, size=330).encode(color=colour),
        offers.mark_text(fontSize=12, fontWeight="bold", color=PAPER["paper"]).encode(
            text="text:N"
        ),
    ]
    return configured(layers, width, 460 if width == WIDE else 380)


def _rules(ends: alt.Chart) -> alt.Chart:
    """Return the spokes, as wide as the share of customers they stand for."""
    width = alt.StrokeWidth(
        "share:Q", scale=alt.Scale(domain=[0, 0.1], range=[0.4, 9], clamp=True), legend=None
    )
    drawn: alt.Chart = ends.mark_rule(color=PAPER["band"]).encode(strokeWidth=width)
    return drawn


def _axis(plane: OfferPlane, j: int) -> Any:  # noqa: ANN401 - an Altair channel
    channel: Any = alt.X if j == 0 else alt.Y
    axis = alt.Axis(title=plane.dials[j], grid=False, tickCount=6)
    if _is_level(plane, j):
        return channel(f"{'xy'[j]}:N", axis=axis)
    scale = alt.Scale(zero=False, nice=False, padding=28)
    return channel(f"{'xy'[j]}:Q", scale=scale, axis=axis)


def _is_level(plane: OfferPlane, j: int) -> bool:
    return any(isinstance(mark.values[j], str) for mark in plane.tried if mark.values is not None)


def _both_numbers(plane: OfferPlane) -> bool:
    return not _is_level(plane, 0) and not _is_level(plane, 1)


def _chart(rows: list[_Row], across: Any, down: Any) -> alt.Chart:  # noqa: ANN401
    made: alt.Chart = alt.Chart({"values": rows}).encode(x=across, y=down)
    return made


def _spot(mark: PlaneMark, colour: str) -> _Row:
    x, y = (None, None) if mark.values is None else mark.values[:2]
    return {"x": x, "y": y, "share": mark.share, "colour": colour}


def _stars(plane: OfferPlane) -> tuple[list[_Row], list[_Row], list[_Row]]:
    """Return the spokes, the own best offers (as shares of all customers) and the offers in use."""
    spokes: list[_Row] = []
    optima: list[_Row] = []
    chosen: list[_Row] = []
    for letter, segment in zip(letters(plane), plane.segments, strict=True):
        if segment.values is None:
            continue
        x, y, *_ = segment.values
        chosen.append({"x": x, "y": y, "text": letter, "colour": PAPER["plan"]})
        for mark in segment.optima:
            if mark.values is None or mark.share < _LEAST_SHARE:
                continue
            share = mark.share * segment.share
            spot = _spot(PlaneMark(mark.values, share), PAPER["band"])
            optima.append(spot)
            spokes.append(spot | {"x2": x, "y2": y})
    return spokes, optima, chosen


def letters(plane: OfferPlane) -> tuple[str, ...]:
    """Return the letter of each offer in use on the drawing, "" for what has no place there."""
    placed = [segment.values is not None for segment in plane.segments]
    return tuple(chr(ord("A") + sum(placed[:at])) if here else "" for at, here in enumerate(placed))


def _outlines(plane: OfferPlane, across: Any, down: Any) -> list[alt.Chart]:  # noqa: ANN401
    """Return the outline of each segment's own best offers."""
    if not _both_numbers(plane):
        return []
    dashes = ([1, 0], [6, 3], [2, 3], [8, 3, 2, 3], [12, 4], [4, 4])
    drawn = []
    for at, segment in enumerate(plane.segments):
        corners = outline(_most_of(segment))
        if segment.values is None or len(corners) < 3:
            continue
        rows = [{"x": x, "y": y, "order": k} for k, (x, y) in enumerate([*corners, corners[0]])]
        line = _chart(rows, across, down).encode(order="order:Q")
        drawn.append(
            line.mark_line(
                color=PAPER["quiet"], strokeWidth=1.3, strokeDash=dashes[at % len(dashes)]
            )
        )
    return drawn


def _most_of(segment: PlaneSegment) -> list[tuple[float, float]]:
    """Return the commonest own best offers that together hold most of a segment's members."""
    marks = [mark for mark in segment.optima if mark.values is not None]
    marks.sort(key=lambda mark: -mark.share)
    spots: list[tuple[float, float]] = []
    held, whole = 0.0, sum(mark.share for mark in marks)
    for mark in marks:
        if mark.values is None or held >= _MOST * whole:
            break
        spots.append((float(mark.values[0]), float(mark.values[1])))
        held += mark.share
    return spots


def outline(spots: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the corners of the convex hull of points, counter-clockwise (Andrew's chain).

    Example:
        >>> outline([(0, 0), (1, 0), (0.5, 0.2), (1, 1), (0, 1)])
        [(0, 0), (1, 0), (1, 1), (0, 1)]
    """
    ordered = sorted(set(spots))
    if len(ordered) < 3:
        return ordered
    below, above = _chain(ordered), _chain(ordered[::-1])
    return [*below[:-1], *above[:-1]]


def _chain(ordered: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    kept: list[tuple[float, float]] = []
    for x, y in ordered:
        while len(kept) > 1:
            (ax, ay), (bx, by) = kept[-2:]
            if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                break
            kept.pop()
        kept.append((x, y))
    return kept

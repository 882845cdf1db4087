"""Reads the dials of a log: numbers as they are, few text levels as a categorical dial.

Everything that does not fit the brief is said at once: a dial that is no number, constant or empty,
a box outside what was tried, a control that no row received.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa

from handful.brief.dials import NO_OFFER, DialSpec, number_text, point_name
from handful.brief.schema import Brief
from handful.errors import DataError, Finding, blocked
from handful.experiment.dial_candidates import DialOffers, box_of, settle_dials
from handful.experiment.dials import categorical, value_text
from handful.experiment.features import encode_levels
from handful.experiment.records import Dials
from handful.notation import FloatArray, IntArray

MOST_LEVELS: Final = 12
"""Text levels of a categorical dial, at most."""

SMALL_WHOLE: Final = 20
"""A whole-number dial no wider than this has steps of 1 unless the brief says otherwise."""

_SLACK: Final = 1e-9


def read_points(table: Any, brief: Brief) -> tuple[Dials, list[Finding]]:  # noqa: ANN401
    """Return the dials of every row of a table, without candidates, and what is wrong with them.

    Args:
        table: Arrow table with a double or text column "d0", "d1", ... per dial.
        brief: names the dials, their boxes and the control.

    Returns:
        The dials; B117, B122 and S235 are blocks, so that the caller can raise all at once.

    Cost: O(n d).

    Example:
        >>> from handful.brief.reader import parse_brief
        >>> brief = parse_brief({"experiment": {"source": "l.csv", "offer": ["rate"]},
        ...                      "profit": {"per_row": "y"}})
        >>> dials, wrong = read_points(pa.table({"d0": [1.0, 2.0]}), brief)
        >>> dials.received.ravel().tolist(), wrong
        ([1.0, 2.0], [])
    """
    findings: list[Finding] = []
    values = np.full((table.num_rows, len(brief.dials)), np.nan)
    levels: list[tuple[str, ...]] = []
    specs: list[DialSpec] = []
    for j, spec in enumerate(brief.dials):
        values[:, j], named = _read_column(table.column(f"d{j}"), spec, findings)
        levels.append(named)
        specs.append(_with_steps(spec, values[:, j]))
    findings += _missing(values, brief)
    for spec, named, column in zip(specs, levels, values.T, strict=True):
        findings += misfit(spec, named, column)
    findings += _control_never_seen(brief, values, levels)
    findings += _levels_unknown(brief, levels)
    if any(finding.level == "block" for finding in findings):
        return _empty(brief, values), findings
    return box_of(values, specs, tuple(levels)), findings


def _empty(brief: Brief, values: FloatArray) -> Dials:
    """Stand in for dials that are refused anyway."""
    zero = np.zeros(len(brief.dials))
    names = tuple(spec.name for spec in brief.dials)
    return Dials(names, values, np.zeros((0, len(names))), zero, zero, zero)


def _read_column(
    column: Any,  # noqa: ANN401 - a pyarrow ChunkedArray
    spec: DialSpec,
    findings: list[Finding],
) -> tuple[FloatArray, tuple[str, ...]]:
    if pa.types.is_floating(column.type):
        return np.asarray(column.to_numpy(), dtype=np.float64), ()
    codes, labels = encode_levels(column)
    if len(labels) > MOST_LEVELS:
        message = (
            f"experiment.offer lists '{spec.name}', which holds {len(labels)} different texts; "
            f"expected numbers, or at most {MOST_LEVELS} levels."
        )
        remedy = "Make a number of it under [columns], or name one column of offers."
        findings.append(blocked("B117", message, remedy))
    elif (spec.low, spec.high, spec.increment) != (None, None, None):
        message = f"[menu.{spec.name}] sets a box, but '{spec.name}' holds text levels."
        remedy = f"Leave [menu.{spec.name}] out: its levels are offered as they are."
        findings.append(blocked("B117", message, remedy))
    return np.where(codes < 0, np.nan, codes.astype(np.float64)), labels


def _with_steps(spec: DialSpec, values: FloatArray) -> DialSpec:
    """Give a small whole-number dial steps of 1."""
    known = values[~np.isnan(values)]
    whole = known.size > 0 and bool((known == np.floor(known)).all())
    if spec.increment is None and whole and float(np.ptp(known)) <= SMALL_WHOLE:
        return replace(spec, increment=1.0)
    return spec


def _missing(values: FloatArray, brief: Brief) -> list[Finding]:
    gone = np.isnan(values)
    partly = gone.any(axis=1) & ~gone.all(axis=1)
    names = ", ".join(spec.name for spec in brief.dials)
    findings = []
    if brief.experiment.control != NO_OFFER:
        partly = gone.any(axis=1)
    if partly.any():
        count = int(partly.sum())
        message = (
            f"{count} rows have no value in {names}, the first in row {int(np.argmax(partly)) + 1} "
            "of those kept; a value was expected in each."
        )
        remedy = "Filter them with where. "
        if brief.experiment.control != NO_OFFER:
            remedy += 'If empty cells mean that no offer was made, set control = "null".'
        findings.append(Finding("S235", "block", message, remedy, count, count / len(values)))
    if brief.experiment.control == NO_OFFER and not gone.all(axis=1).any():
        message = f'experiment.control is "null", but no row is empty in {names}.'
        remedy = "Name the point that means no offer, or leave control out."
        findings.append(blocked("B122", message, remedy))
    return findings


def misfit(spec: DialSpec, levels: tuple[str, ...], values: FloatArray) -> list[Finding]:
    """Return what is wrong with one dial: nothing to turn, or a box that was never tried."""
    known = values[~np.isnan(values)]
    if known.size == 0 or float(np.ptp(known)) == 0.0:
        found = "no value" if known.size == 0 else "one value"
        message = f"the dial '{spec.name}' holds {found}: there is nothing to compare."
        remedy = "Take it out of experiment.offer, or check where."
        return [blocked("B117", message, remedy)]
    if levels:
        return []
    least, most = float(known.min()), float(known.max())
    slack = _SLACK * max(1.0, abs(least), abs(most))
    tried = f"{number_text(least)} to {number_text(most)}"
    findings = []
    for key, value in {"min": spec.low, "max": spec.high}.items():
        if value is not None and not least - slack <= value <= most + slack:
            message = f"[menu.{spec.name}] {key} = {number_text(value)} was never tried: {tried}."
            remedy = "Keep the box inside what was tried; nothing is known beyond it."
            findings.append(blocked("B117", message, remedy))
    low = least if spec.low is None else spec.low
    high = most if spec.high is None else spec.high
    if not findings and low >= high:
        message = f"[menu.{spec.name}] leaves an empty box; {tried} was tried."
        findings.append(blocked("B117", message, "Lower min or raise max."))
    elif not findings and spec.increment is not None and low + spec.increment > high + slack:
        message = (
            f"[menu.{spec.name}] increment = {number_text(spec.increment)} is wider than {tried}."
        )
        findings.append(blocked("B117", message, "Make the step smaller."))
    return findings


def control_of(brief: Brief, levels: Sequence[tuple[str, ...]]) -> FloatArray | None:
    """Return the (d,) point of the control, NaN where rows received nothing; None without one."""
    control = brief.experiment.control
    if isinstance(control, Mapping):
        return point_of(control, brief, levels)
    return np.full(len(brief.dials), np.nan) if control == NO_OFFER else None


def point_of(
    point: Mapping[str, float | str], brief: Brief, levels: Sequence[tuple[str, ...]]
) -> FloatArray:
    """Return the (d,) numbers of a point of the brief: a level's code, NaN for one unknown.

    Example:
        >>> from handful.brief.reader import parse_brief
        >>> brief = parse_brief({"experiment": {"source": "l.csv", "offer": ["site"]},
        ...                      "profit": {"per_row": "y"}})
        >>> point_of({"site": "west"}, brief, [("east", "west")]).tolist()
        [1.0]
    """
    found = []
    for spec, named in zip(brief.dials, levels or ((),) * len(brief.dials), strict=True):
        value = point[spec.name]
        if isinstance(value, str):
            found.append(float(named.index(value)) if value in named else np.nan)
        else:
            found.append(value if not named else np.nan)
    return np.array(found, dtype=np.float64)


def _levels_unknown(brief: Brief, levels: Sequence[tuple[str, ...]]) -> list[Finding]:
    """Return a block for each point of the brief whose levels the log does not hold."""
    control = brief.experiment.control
    points = [("experiment.control", control)] if isinstance(control, Mapping) else []
    points += [("menu.always or [constraints]", point) for point in brief.pinned]
    return [
        blocked(
            "B122",
            f"{key} names an offer ({point_name(point)}) that no row received.",
            "Write numbers for dials that are numbers, and the names of levels for texts.",
        )
        for key, point in points
        if np.isnan(point_of(point, brief, levels)).any()
    ]


def _control_never_seen(
    brief: Brief, values: FloatArray, levels: Sequence[tuple[str, ...]]
) -> list[Finding]:
    control = control_of(brief, levels)
    if control is None or np.isnan(control).any():
        return []
    same = np.abs(values - control) <= _SLACK * np.maximum(1.0, np.abs(control))
    if same.all(axis=1).any():
        return []
    given = brief.experiment.control
    said = point_name(given) if isinstance(given, Mapping) else ""
    message = f"experiment.control names an offer ({said}) that no row received."
    return [blocked("B122", message, "Name a point that was tried, or leave control out.")]


def settle_points(
    box: Dials,
    strata: tuple[IntArray, tuple[str, ...]],
    control: FloatArray | None,
    pinned: Sequence[Sequence[float]] = (),
) -> tuple[DialOffers, list[Finding]]:
    """Choose the candidates of a box and say where which of them are closed.

    Args:
        box: dials without candidates.
        strata: (n,) codes and their labels.
        control: (d,) the control's point, NaN for rows that received nothing, or None.
        pinned: points that must be candidates.

    Raises:
        DataError: D312 fewer than two points of the box were tried enough.

    Cost: O(n G d).
    """
    stratum, labels = strata
    forced = np.array(pinned, dtype=np.float64).reshape(-1, len(box.names))
    settled = settle_dials(box, stratum, len(labels), control, forced)
    if int(settled.support.any(axis=0).sum()) < 2:
        message = (
            "fewer than two points of the box were tried on enough rows: "
            f"{int(settled.support.any(axis=0).sum())} of {len(settled.offers)}."
        )
        remedy = "Widen the box, make the increment coarser, or collect more rows."
        raise DataError(blocked("D312", message, remedy))
    return settled, _closed(settled, labels)


def _closed(settled: DialOffers, strata: tuple[str, ...]) -> list[Finding]:
    """Say for each stratum how many candidates are closed there, and what it tried."""
    shut = ~settled.support
    if not shut.any():
        return []
    told = [
        f"{int(shut[s].sum())} of {shut.shape[1]} in {label!r} (open: {_open_range(settled, s)})"
        for s, label in enumerate(strata)
        if shut[s].any()
    ]
    more = f" and {len(told) - 6} more strata" if len(told) > 6 else ""
    message = (
        f"points of the box that were not tried enough are closed: {'; '.join(told[:6])}{more}."
    )
    remedy = "Nothing, if those offers need not go there; otherwise test them there first."
    return [Finding("D313", "note", message, remedy, int(shut.sum()), float(shut.mean()))]


def _open_range(settled: DialOffers, s: int) -> str:
    dials = settled.dials
    points = dials.candidates[settled.support[s]]
    points = points[~np.isnan(points).any(axis=1)]
    if not len(points):
        return "none"
    return ", ".join(
        f"{name} {value_text(dials, j, points[:, j].min())} to "
        f"{value_text(dials, j, points[:, j].max())}"
        for j, name in enumerate(dials.names)
        if not categorical(dials)[j]
    )

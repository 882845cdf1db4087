"""The orchestration matrix: every segment on every channel it is reached on, filled or not.

A cell is reached where at least one customer of the segment may be written to on that channel. It
is filled where the brief lists its content, defaulted where the brief names a default, else empty,
and an empty cell that is reached fails. Cost O(segments x channels x n).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

import numpy as np

from handful.brief.orchestration import Cell
from handful.guardrails.maturity_records import Matrix, MatrixCell, State
from handful.guardrails.records import Facts, GuardrailResult
from handful.notation import BoolArray

NAME: Final = "orchestration"


def make_matrix(facts: Facts) -> Matrix | None:
    """Lay out the matrix of a plan; None where the brief has no [orchestration].

    Args:
        facts: brief, policy, assignment, consent.

    Cost: O(segments x channels x n).
    """
    if facts.brief is None or not (
        facts.brief.orchestration.cells or facts.brief.orchestration.default
    ):
        return None
    spec = facts.brief.orchestration
    listed = {(cell.offer, cell.channel.casefold()): cell for cell in spec.cells}
    cells = []
    for code, offer in _live(facts):
        for channel in _channels(facts, offer):
            reached = int((_reached(facts, channel) & (facts.assignment.offer == code)).sum())
            if reached:
                found = listed.get((offer, channel.casefold()))
                cells.append(_cell(offer, channel, reached, found, spec.default))
    there = {(cell.offer, cell.channel.casefold()) for cell in cells}
    unused = tuple(
        f"{cell.offer} on {cell.channel}" for key, cell in listed.items() if key not in there
    )
    return Matrix(tuple(cells), unused, _preferred(facts, cells))


def _live(facts: Facts) -> list[tuple[int, str]]:
    """Return code and name of every offer that somebody gets, "no offer" left out."""
    log = facts.experiment
    used = np.unique(facts.assignment.offer).tolist()
    return [(g, log.offers[g]) for g in used if g != log.control]


def _channels(facts: Facts, offer: str) -> tuple[str, ...]:
    """Return the channels an offer goes out on: declared for it, or listed in its cells."""
    declared = facts.asked.channels.get(offer)
    spec = facts.brief.orchestration.cells if facts.brief else ()
    named = [cell.channel for cell in spec if cell.offer == offer]
    every = [*([declared] if declared else []), *named]
    if not every:
        every = [cell.channel for cell in spec] or ["not declared"]
    unique = {channel.casefold(): channel for channel in reversed(every)}
    return tuple(unique[key] for key in sorted(unique))


def _reached(facts: Facts, channel: str) -> BoolArray:
    """Return (n,) who may be written to on a channel."""
    found = facts.experiment.consent
    rows = np.ones(facts.experiment.n_rows, dtype=np.bool_)
    if found is None:
        return rows
    rows &= ~found.rights.says_no("contact")
    channels = found.gate.register.channels
    if channel.strip().lower() in channels:
        rows &= ~found.rights.channel_refused[:, channels.index(channel.strip().lower())]
    return rows


def _cell(
    offer: str, channel: str, customers: int, found: Cell | None, default: str | None
) -> MatrixCell:
    if found is not None:
        return MatrixCell(offer, channel, customers, "filled", found.content, found.trigger,
                          found.timing, found.owner)  # fmt: skip
    state: State = "empty" if default is None else "default"
    return MatrixCell(offer, channel, customers, state, default)


def _preferred(facts: Facts, cells: list[MatrixCell]) -> float | None:
    """Return the share of customers with a wish who are reached on the channel they wish for."""
    name = None if facts.brief is None else facts.brief.orchestration.preferred
    columns = facts.experiment.features
    if name is None or name not in columns.schema.names:
        return None
    at = columns.schema.names.index(name)
    codes = columns.values[:, at]
    words = columns.schema.levels[at]
    by_offer: Mapping[int, set[str]] = {
        g: {cell.channel.casefold() for cell in cells if cell.offer == offer}
        for g, offer in _live(facts)
    }
    met = wished = 0
    for g, channels in by_offer.items():
        mine = codes[(facts.assignment.offer == g) & np.isfinite(codes)].astype(np.int64)
        counted = Counter(mine.tolist())
        wished += sum(counted.values())
        met += sum(
            number
            for code, number in counted.items()
            if 0 <= code < len(words) and str(words[code]).casefold() in channels
        )
    return None if not wished else met / wished


def check_matrix(facts: Facts) -> tuple[GuardrailResult, ...]:
    """Count cells that customers reach and that hold nothing: must be 0.

    Cost: O(cells).
    """
    if facts.matrix is None:
        return ()
    empty = [cell for cell in facts.matrix.cells if cell.state == "empty"]
    listed = "; ".join(f"{cell.offer} on {cell.channel}" for cell in empty[:8])
    counts = Counter(cell.state for cell in facts.matrix.cells)
    holds = (
        f"All {len(facts.matrix.cells)} cells that are reached hold content: {counts['filled']} "
        f"of their own, {counts['default']} the default."
    )
    remedy = f"Add content under [orchestration] for {listed}; or name a default."
    unowned = [cell for cell in facts.matrix.cells if cell.state == "filled" and not cell.owner]
    if not empty and unowned:
        holds += f" {len(unowned)} of them have no owner."
    return (
        GuardrailResult(
            NAME,
            "cells of the orchestration matrix that are reached and hold nothing",
            float(len(empty)),
            None,
            None,
            0.0,
            "fail" if empty else "pass",
            remedy if empty else holds,
            detail={"unused": list(facts.matrix.unused)},
        ),
    )

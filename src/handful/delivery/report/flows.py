"""Who would move with one offer more or fewer: streams of customers between neighbouring menus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from markupsafe import Markup

from handful.delivery.report.drawing import FONT, NARROW, PAPER, WIDE
from handful.delivery.report.figures import count, percent_text, share
from handful.delivery.report.lettering import letters_of
from handful.delivery.report.section import Block, Chart, Drawn, Section, Words
from handful.delivery.report.tables import Column, Row, Table
from handful.evidence.move_records import Move
from handful.planning.records import Plan

TITLE: Final = "Who moves with one offer more"
_DARK: Final = "Dark streams change their offer, pale ones keep it."
_HEIGHT: Final = 300
_TOP: Final = 34
_GAP: Final = 22
_BAR: Final = 12


def section(plan: Plan) -> Section | None:
    """Return who would get something else from a menu of one offer more or fewer."""
    if not plan.moves:
        return None
    moved = [
        f"from {before} to {after} {'offers' if after > 1 else 'offer'}, "
        f"{percent_text(sum(m.share for m in _step(plan, before) if m.offer != m.to_offer))} of "
        "customers would get another offer"
        for before, after in sorted({(m.offers, m.to_offers) for m in plan.moves})
    ]
    text = "; ".join(moved)
    if all(move.offer == move.to_offer for move in plan.moves):
        said = f"Nobody: {text}. The model would give everybody the same as before."
        return Section("moves", TITLE, "Who moves", (Words((said,)),))
    blocks: tuple[Block, ...] = (
        Words((f"{text[0].upper()}{text[1:]}. {_DARK}{_key(plan)}",)),
        Drawn(_chart(plan), "Who would move with one offer fewer or more", _table(plan)),
        Words(
            (
                "By the final model’s predictions, before limits and rules: how menus differ, not "
                "what they are worth.",
            ),
            "quiet",
        ),
    )
    return Section("moves", TITLE, "Who moves", blocks)


def _key(plan: Plan) -> str:
    """Say what the letters of the drawing stand for, where it has letters."""
    drawn = {name for move in plan.moves for name in (move.offer, move.to_offer)}
    said = "; ".join(
        f"{mark} is {name}" for name, mark in letters_of(plan).items() if name in drawn
    )
    return f" {said}." if said else ""


def _step(plan: Plan, before: int) -> tuple[Move, ...]:
    return tuple(move for move in plan.moves if move.offers == before)


def _table(plan: Plan) -> Table:
    rows = tuple(
        Row(
            (
                count(plan, f"moves.{at}.offers"),
                move.offer,
                count(plan, f"moves.{at}.to_offers"),
                move.to_offer,
                share(plan, f"moves.{at}.share"),
            )
        )
        for at, move in enumerate(plan.moves)
    )
    columns = (
        Column("With", numeric=True),
        Column("They get"),
        Column("With", numeric=True),
        Column("They would get"),
        Column("Share of customers", numeric=True),
    )
    return Table("moves", "Streams of customers between menus", columns, rows)


def _chart(plan: Plan) -> Chart:
    marks = letters_of(plan)
    wide, narrow = (_drawing(plan.moves, marks, width) for width in (WIDE, NARROW))
    return Chart(Markup(wide), Markup(narrow))  # noqa: S704 - every name is escaped


def _drawing(moves: Sequence[Move], marks: Mapping[str, str], width: int) -> str:
    """Draw columns of offers and the streams between them."""
    sizes = sorted({m.offers for m in moves} | {m.to_offers for m in moves})
    across = {k: 1 + at * (width - _BAR - 2) / (len(sizes) - 1) for at, k in enumerate(sizes)}
    columns = {k: _column(_shares(moves, k), marks) for k in sizes}
    height = _TOP + _HEIGHT + _GAP * max(len(column) for column in columns.values())
    parts = [_stream_parts(moves, across, columns)]
    for at, k in enumerate(sizes):
        end = at == len(sizes) - 1
        parts.append(_column_parts(columns[k], across[k], (k, end), marks))
    ident = f"moves-{width}"
    said = f"Streams of customers between the menus of {', '.join(map(str, sizes))} offers."
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" aria-labelledby="{ident}-title {ident}-desc">'
        f'<title id="{ident}-title">Who would move between menus</title>'
        f'<desc id="{ident}-desc">{said} The table has the same.</desc>'
        f'<g font-family="{FONT}" font-size="12">{"".join(parts)}</g></svg>'
    )


def _shares(moves: Sequence[Move], offers: int) -> dict[str, float]:
    """Return offer -> share of the customers drawn, from the side that is there."""
    found: dict[str, float] = {}
    leaving = [(m.offer, m.share) for m in moves if m.offers == offers]
    arriving = [(m.to_offer, m.share) for m in moves if m.to_offers == offers]
    for name, part in leaving or arriving:
        found[name] = found.get(name, 0.0) + part
    for name, _ in arriving:
        found.setdefault(name, 0.0)
    return found


def _column(
    shares: Mapping[str, float], marks: Mapping[str, str]
) -> dict[str, tuple[float, float, float]]:
    """Return offer -> (top, height, share), in the order of the key."""
    placed, top = {}, float(_TOP)
    for name in sorted(shares, key=lambda offer: marks.get(offer, offer)):
        tall = shares[name] * _HEIGHT
        placed[name] = (top, tall, shares[name])
        top += tall + _GAP
    return placed


def _stream_parts(
    moves: Sequence[Move],
    across: Mapping[int, float],
    columns: Mapping[int, dict[str, tuple[float, float, float]]],
) -> str:
    """Draw the streams, in the order of both columns so that few cross."""
    ranks = {name: at for column in columns.values() for at, name in enumerate(column)}
    left = {(k, name): place[0] for k, column in columns.items() for name, place in column.items()}
    right = dict(left)
    still: list[str] = []
    turning: list[str] = []
    for move in sorted(moves, key=lambda m: (m.offers, ranks[m.offer], ranks[m.to_offer])):
        tall = move.share * _HEIGHT
        x0, x1 = across[move.offers] + _BAR, across[move.to_offers]
        y0, y1 = left[move.offers, move.offer], right[move.to_offers, move.to_offer]
        left[move.offers, move.offer] += tall
        right[move.to_offers, move.to_offer] += tall
        half = (x0 + x1) / 2
        stays = move.offer == move.to_offer
        look = PAPER["band"] if stays else PAPER["plan"]
        (still if stays else turning).append(
            f'<path fill="{look}" fill-opacity="{1 if stays else 0.55}" d="'
            f"M{x0:.1f},{y0:.1f}C{half:.1f},{y0:.1f} {half:.1f},{y1:.1f} {x1:.1f},{y1:.1f}"
            f"V{y1 + tall:.1f}C{half:.1f},{y1 + tall:.1f} {half:.1f},{y0 + tall:.1f} "
            f'{x0:.1f},{y0 + tall:.1f}Z"/>'
        )
    return "".join((*still, *turning))


def _column_parts(
    column: Mapping[str, tuple[float, float, float]],
    x: float,
    which: tuple[int, bool],
    marks: Mapping[str, str],
) -> str:
    """Draw one menu: its size on top, a bar for each offer, its name above the bar."""
    offers, end = which
    side = ("end", x + _BAR) if end else ("start", x)
    place = f'text-anchor="{side[0]}" x="{side[1]:.1f}"'
    word = "offer" if offers == 1 else "offers"
    parts = [f'<text {place} y="12" fill="{PAPER["quiet"]}">{offers} {word}</text>']
    for name, (top, tall, part) in column.items():
        label = escape(f"{marks.get(name, name)} {percent_text(part)}")
        parts.append(
            f'<rect x="{x:.1f}" y="{top:.1f}" width="{_BAR}" height="{max(tall, 1):.1f}" '
            f'fill="{PAPER["plan"]}"/>'
            f'<text {place} y="{top - 5:.1f}" fill="{PAPER["ink"]}">{label}</text>'
        )
    return "".join(parts)

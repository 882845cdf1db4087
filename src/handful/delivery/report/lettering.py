"""Letters for offers with long names, the same in tables and drawings, with a key."""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_uppercase
from typing import Final

from handful.delivery.report import plane
from handful.delivery.report.tables import Short, offers_text
from handful.planning.records import Plan

LONGEST_NAME: Final = 18
"""Characters of a name that still fit beside a drawing."""

LONGEST_MENU: Final = 48
"""Characters of a menu that still fit in a cell."""


def letters_of(plan: Plan) -> dict[str, str]:
    """Return offer -> letter for the offers of the frontier; {} where the names are short.

    The letters of the plane of offers come first, so that one offer never has two.

    Args:
        plan: the plan.

    Returns:
        Letters in the order of the key.

    Example:
        >>> letter(27)
        'AB'
    """
    names = tuple(dict.fromkeys(name for point in plan.frontier for name in point.menu))
    menus = [offers_text(point.menu) for point in plan.frontier]
    if all(len(name) <= LONGEST_NAME for name in names) and all(
        len(menu) <= LONGEST_MENU for menu in menus
    ):
        return {}
    drawn = plan.plane if plan.plane is not None and len(plan.plane.dials) > 1 else None
    first = () if drawn is None else zip(drawn.segments, plane.letters(drawn), strict=True)
    found = {segment.offer: mark for segment, mark in first if mark}
    free = (mark for mark in map(letter, range(702)) if mark not in found.values())
    return found | {name: next(free) for name in names if name not in found}


def letter(at: int) -> str:
    """Return A, B, ..., Z, AA, AB, ... for 0, 1, ..."""
    high, low = divmod(at, len(ascii_uppercase))
    return (ascii_uppercase[high - 1] if high else "") + ascii_uppercase[low]


def lettered(menu: tuple[str, ...], marks: Mapping[str, str]) -> str | Short:
    """Return a menu for a cell: its letters, with the names for whoever takes the data away."""
    if not marks:
        return offers_text(menu)
    return Short(", ".join(sorted(marks[name] for name in menu)), offers_text(menu))

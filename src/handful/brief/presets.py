"""The presets of the menu: loyalty and scale, as weights on the same evidence.

A preset never proves a menu: it only changes what counts as profit in the long run, how heavily
costs weigh, and which of the proven menus is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Preset:
    """What a preset changes.

    Attributes:
        long_run: weight of profit.long_run in the profit.
        cost_weight: how often costs are counted when a menu is proven and chosen.
        slack: standard errors below the best net value at which a smaller menu is taken.
    """

    long_run: int
    cost_weight: float
    slack: float


PLAIN: Final = Preset(long_run=1, cost_weight=1.0, slack=1.0)
PRESETS: Final[Mapping[str | None, Preset]] = MappingProxyType(
    {
        None: PLAIN,
        "loyalty": Preset(long_run=1, cost_weight=1.0, slack=0.0),
        "scale": Preset(long_run=0, cost_weight=2.0, slack=2.0),
    }
)


def with_long_run(profit: Mapping[str, Any], preset: str | None) -> dict[str, Any]:
    """Return the keys of [profit] with what comes later added to the profit of a row.

    With weight 0 the expression still reads its columns: an outcome must not become a feature.

    Args:
        profit: the keys given, in their types.
        preset: of the menu.

    Example:
        >>> with_long_run({"per_row": "a", "long_run": "b"}, "scale")["per_row"]
        '(a) + 0 * (b)'
    """
    later = profit.get("long_run")
    if later is None:
        return dict(profit)
    weight = PRESETS[preset].long_run
    times = "" if weight == 1 else f"{weight} * "
    return dict(profit) | {"per_row": f"({profit['per_row']}) + {times}({later})"}

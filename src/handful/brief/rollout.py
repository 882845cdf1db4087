"""The [rollout] table: in which waves a plan goes out, and who is held out of it for its life."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from handful.brief.key import Key


@dataclass(frozen=True, slots=True)
class RolloutSpec:
    """The [rollout] table."""

    waves: tuple[float, ...] = ()
    """Cumulative share of customers reached after each wave, the last one 1."""
    holdout: float = 0.0
    """Share of customers kept on the standard offer for as long as the programme runs."""
    salt: str = "handful"
    engaged: str | None = None
    """Column that says how engaged a customer is; the most engaged are in the first wave."""
    engaged_is: str = "high"


_R: Final = "rollout"

# fmt: off
KEYS: Final[tuple[Key, ...]] = (
    Key(_R, "waves", "growing", "share of customers reached after each wave, the last one 1",
        "[]: all at once"),
    Key(_R, "holdout", "number", "share of customers kept on the standard offer for the life of "
        "the programme", "0", least=0),
    Key(_R, "salt", "text", "word that draws the holdout; another draws other customers",
        '"handful"'),
    Key(_R, "engaged", "text", "feature that tells the engaged, who are in the first wave",
        "evidence.engaged"),
    Key(_R, "engaged_is", "choice", "whether high or low values of it are the engaged", '"high"',
        choices=("high", "low")),
)
# fmt: on


def read_growing(value: object) -> tuple[float, ...]:
    """Read cumulative shares: growing numbers above 0, the last of them 1.

    Example:
        >>> read_growing([0.1, 0.5, 1])
        (0.1, 0.5, 1.0)
    """
    expected = "a list of growing shares above 0, the last of them 1"
    numbers = isinstance(value, list | tuple) and all(
        isinstance(v, int | float) and not isinstance(v, bool) for v in value
    )
    if not numbers:
        raise ValueError(expected)
    shares = tuple(float(v) for v in value)  # type: ignore[attr-defined]
    grow = all(a < b for a, b in zip((0.0, *shares), shares, strict=False))
    if not shares or not grow or shares[-1] != 1.0:
        raise ValueError(expected)
    return shares

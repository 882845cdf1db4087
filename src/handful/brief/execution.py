"""The [execution] table: how well the one offer is carried out, where personalising adds nothing.

Each measure is a share known beforehand, or SQL over the log's columns that gives 0 or 1 (NULL
where a row does not count).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from handful.brief.key import Key


@dataclass(frozen=True, slots=True)
class ExecutionSpec:
    """The [execution] table: measures, and the bounds they are held against."""

    on_time: float | str | None = None
    stock_out: float | str | None = None
    defect: float | str | None = None
    on_time_least: float = 0.95
    stock_out_most: float = 0.02
    defect_most: float = 0.01

    @property
    def measures(self) -> tuple[tuple[str, float | str | None, float], ...]:
        """(name, measure, bound) of each, in the order they are shown."""
        return (
            ("on_time", self.on_time, self.on_time_least),
            ("stock_out", self.stock_out, self.stock_out_most),
            ("defect", self.defect, self.defect_most),
        )

    @property
    def sql(self) -> dict[str, str]:
        """The measures that are read off the log, by name."""
        return {name: found for name, found, _ in self.measures if isinstance(found, str)}


_X = "execution"

# fmt: off
KEYS: Final[tuple[Key, ...]] = (
    Key(_X, "on_time", "rate", "share delivered on time"),
    Key(_X, "stock_out", "rate", "share of orders that met an empty shelf"),
    Key(_X, "defect", "rate", "share that came broken, wrong or not at all"),
    Key(_X, "on_time_least", "number", "share on time that is good enough", "0.95", least=0),
    Key(_X, "stock_out_most", "number", "share of empty shelves that is still good enough", "0.02",
        least=0),
    Key(_X, "defect_most", "number", "share of defects that is still good enough", "0.01", least=0),
)
# fmt: on


def read_rate(value: object) -> float | str:
    """Return a share, or the SQL that gives it.

    Raises:
        ValueError: neither a share from 0 to 1 nor text.

    Example:
        >>> read_rate(0.98), read_rate("late = 0")
        (0.98, 'late = 0')
    """
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
        raise ValueError("a share from 0 to 1, or SQL in quotes that gives 0 or 1")
    return float(value)

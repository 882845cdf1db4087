"""The [coverage] and [worse_off] tables: who has an acceptable offer, and who loses by the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from handful.brief.key import Key
from handful.errors import Finding, blocked


@dataclass(frozen=True, slots=True)
class CoverageSpec:
    """The [coverage] table: measured on the plan, never enforced; [constraints] enforces."""

    floor: float | None = None
    """Share of the customers that must have an acceptable offer, overall and in every group."""
    revenue_floor: float | None = None
    """The same as a share of what the customers bring today."""
    revenue: str | None = None
    """SQL over the log's columns: what a customer brings today, money per row."""
    acceptable: tuple[str, ...] = ()
    """Offers that count; empty: all but the default."""
    acceptable_take_up: float | None = None
    """Share of a segment that must take its offer up for it to count."""
    curve: bool = False

    @property
    def asked(self) -> bool:
        """Whether the brief says anything of coverage."""
        return self != CoverageSpec()


@dataclass(frozen=True, slots=True)
class WorseOffSpec:
    """The [worse_off] table."""

    default: str | None = None
    """The offer that segments are compared with; None: the control, or the best single offer."""
    act: Literal["fall_back", "warn"] = "fall_back"
    """What is done for a segment that is significantly worse off."""
    margin: float = 0.0
    """Loss per customer that is too small to matter."""


_C, _W = "coverage", "worse_off"

# fmt: off
KEYS: Final[tuple[Key, ...]] = (
    Key(_C, "floor", "number", "share of the customers, and of every protected group, that must "
        "have an acceptable offer", least=0),
    Key(_C, "revenue_floor", "number", "the same as a share of what customers bring today",
        least=0),
    Key(_C, "revenue", "text", "SQL over the log's columns: what a customer brings today, money "
        "per row", "what each would bring under the default, held out"),
    Key(_C, "acceptable", "names", "offers that count as acceptable", "all but the default"),
    Key(_C, "acceptable_take_up", "number", "share of a segment that must take its offer up for "
        "it to count; needs profit.take_up", least=0),
    Key(_C, "curve", "flag", "draw what coverage costs; drawn too where a floor is given", "false"),
    Key(_W, "default", "name", "the offer that segments are compared with",
        "the control, or the best single offer"),
    Key(_W, "act", "choice", "what is done for a segment that is significantly worse off",
        '"fall_back"', choices=("fall_back", "warn")),
    Key(_W, "margin", "number", "loss per customer that is too small to matter", "0", least=0),
)
# fmt: on


def coverage_conflicts(found: Mapping[str, Mapping[str, Any]]) -> list[Finding]:
    """Return what cannot be right in [coverage] whatever the log is.

    Args:
        found: the tables read.

    Example:
        >>> coverage_conflicts({"coverage": {"floor": 80.0}, "profit": {}})[0].code
        'B105'
    """
    spec = CoverageSpec(**found.get("coverage", {}))
    shares = {
        "floor": spec.floor,
        "revenue_floor": spec.revenue_floor,
        "acceptable_take_up": spec.acceptable_take_up,
    }
    wrong = [
        blocked(
            "B105",
            f"coverage.{key} is a share from 0 to 1, found {share:g}.",
            "Write 0.9 for nine in ten.",
        )
        for key, share in shares.items()
        if share is not None and share > 1
    ]
    if spec.acceptable_take_up is not None and found["profit"].get("take_up") is None:
        message = "coverage.acceptable_take_up needs profit.take_up, which is not given."
        wrong.append(blocked("B105", message, "Say under [profit] who took an offer up."))
    return wrong

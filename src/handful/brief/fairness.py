"""The [fairness] table: how far groups may differ, and what prices may not do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from handful.brief.key import Key

Bound: TypeAlias = float | Mapping[str, float] | None
"""Largest difference between groups: for every protected column, or column = number."""

Metric: TypeAlias = Literal[
    "selection_rate", "offer_share", "price", "benefit", "exclusion", "regret"
]
METRICS: Final[tuple[Metric, ...]] = (
    "selection_rate", "offer_share", "price", "benefit", "exclusion", "regret",
)  # fmt: skip
ENFORCED: Final[tuple[Metric, ...]] = ("selection_rate", "offer_share", "price", "exclusion")
"""Metrics that prices can hold: what an offer brings to a group is known without any outcome."""

COMPETITOR_WORDS: Final = ("competitor", "competing", "rival", "switcher", "conquest")
"""Words in names and origins of fields that tell of custom with a competitor."""


def _no_numbers() -> Mapping[str, float]:
    return MappingProxyType({})


def _no_links() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FairnessSpec:
    """The [fairness] table. Bounds are largest differences between two groups of a column."""

    selection_rate: Bound = None
    offer_share: Bound = None
    price: Bound = None
    benefit: Bound = None
    exclusion: Bound = None
    regret: Bound = None
    enforce: bool = True
    use_protected: bool = False
    ratio_warn: float = 0.8
    cuts: Mapping[str, float] = field(default_factory=_no_numbers)
    """Protected number -> where it is cut in two; quartiles where it is not."""
    price_dial: str | None = None
    """The dial that is the price."""
    items: Mapping[str, str] = field(default_factory=_no_links)
    """Offer -> the item that it sells; without, all offers with a price sell the same."""
    unit_cost: float | Mapping[str, float] | None = None
    competitor_confidential: tuple[str, ...] = ()
    competitor_words: tuple[str, ...] = ()

    def bound(self, metric: Metric, column: str) -> float | None:
        """Return the bound of a metric for a protected column, None where there is none.

        Example:
            >>> spec = FairnessSpec(selection_rate=0.1, price={"sex": 5.0})
            >>> spec.bound("selection_rate", "age"), spec.bound("price", "age")
            (0.1, None)
        """
        asked: Bound = getattr(self, metric)
        return asked.get(column) if isinstance(asked, Mapping) else asked

    @property
    def bounded(self) -> bool:
        """Whether any difference is bounded."""
        return any(getattr(self, metric) is not None for metric in METRICS)

    @property
    def given(self) -> bool:
        """Whether the brief asks for anything here."""
        return self != FairnessSpec()


_F = "fairness"

# fmt: off
KEYS: Final[tuple[Key, ...]] = (
    Key(_F, "selection_rate", "bounds", "largest difference between groups in the share that gets "
        "any offer", least=0),
    Key(_F, "offer_share", "bounds", "the same for each offer by itself", least=0),
    Key(_F, "price", "bounds", "largest difference between groups in the mean price", least=0),
    Key(_F, "benefit", "bounds", "largest difference between groups in what the plan adds per "
        "customer; tested, not enforced", least=0),
    Key(_F, "exclusion", "bounds", "largest difference between groups in the share that is left "
        "out", least=0),
    Key(_F, "regret", "bounds", "largest difference between groups in what one-to-one would add "
        "per customer; tested, not enforced", least=0),
    Key(_F, "enforce", "flag", "hold the plan to the bounds; false only tests it", "true"),
    Key(_F, "use_protected", "flag", "let decisions read the protected columns themselves; a "
        "warning says so", "false"),
    Key(_F, "ratio_warn", "number", "warn where the smallest selection rate is below this share "
        "of the largest; a tripwire, not a legal test", "0.8", least=0),
    Key(_F, "cuts", "limits", "where a protected number is cut in two, column = number",
        "quartiles"),
    Key(_F, "price_dial", "text", "the dial that is the price",
        "the one dial there is, if it is the only one"),
    Key(_F, "items", "links", "what each offer with a price sells, offer = item",
        "all offers sell the same"),
    Key(_F, "unit_cost", "costs", "what one sale costs: a number, or a table offer = number",
        least=0),
    Key(_F, "competitor_confidential", "names", "columns with confidential data of competitors: "
        "refused as features", "[]"),
    Key(_F, "competitor_words", "names", "further words that tell of custom with a competitor",
        "[]"),
)
# fmt: on

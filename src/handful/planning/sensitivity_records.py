"""How the advice hangs on what was assumed: the records of the sensitivity table."""

from __future__ import annotations

from dataclasses import dataclass

from handful.evidence.records import Estimate, VerdictKind


@dataclass(frozen=True, slots=True)
class SensitivityEnd:
    """What the plan would say with one number moved to one end.

    Attributes:
        at: the number there.
        verdict: the kind of advice; `offers` its K and `menu` its offers.
        gain: what the advice earns over "no offer" (over the log's own mix where there is none),
            all costs paid, money per customer, held out; 0 where no offer is advised.
    """

    at: float
    verdict: VerdictKind
    offers: int
    menu: tuple[str, ...]
    gain: Estimate


@dataclass(frozen=True, slots=True)
class SensitivityRow:
    """One number that was assumed, at both ends of its range.

    `low` and `high` are None where the answer cannot be told, and `why_absent` says why.
    """

    name: str
    planned: float
    low: SensitivityEnd | None
    high: SensitivityEnd | None
    why_absent: str | None = None


@dataclass(frozen=True, slots=True)
class StabilityBand:
    """For which set-up costs per offer the number of offers stays, menus as planned.

    `highest` is None where it stays however much an offer costs.
    """

    offers: int
    lowest: float
    highest: float | None


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Tornado and stability band.

    Attributes:
        planned: the advice as planned.
        rows: numbers that were assumed, the one that moves the gain most first.
        band: None where limits, offers that must stay or costs by offer settle the number of
            offers, and where the plan was merged, mended or fell back after its menu was chosen.
        first_loss: the first menu that nets no more than the one before it; None where each does.
    """

    planned: SensitivityEnd
    rows: tuple[SensitivityRow, ...]
    band: StabilityBand | None
    first_loss: int | None

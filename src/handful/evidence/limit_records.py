"""The limits of a brief in the units of the log: what the evidence room allocates under."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handful.notation import BoolArray


@dataclass(frozen=True, slots=True)
class LimitRule:
    """One limit of a campaign, whatever customers it is applied to.

    Attributes:
        name: as in plan.json: "budget", "capacity.mail", "coverage_floor.town=Bern", ...
        low, high: campaign totals in customers or money; shares of the rows counted if `share`.
        offers: codes counted; () where an amount is.
        rows: (n,) True for the rows of the log counted; None for all.
        amount: position among the experiment's amounts; None where customers are counted.
        share: whether `low` and `high` are shares of the customers counted, or means per customer
            where an amount is.
        group: (column, level) that `rows` stands for; what a new customer is asked.
    """

    name: str
    low: float = -np.inf
    high: float = np.inf
    offers: tuple[int, ...] = ()
    rows: BoolArray | None = None
    amount: int | None = None
    share: bool = False
    group: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class LimitTerms:
    """All limits of a brief on all customers together.

    Attributes:
        rules: the limits, in the order of plan.json.
        population: customers of a campaign, which totals are scaled by.
        base: code of what a customer gets whom a limit leaves out; in no menu's count.
        inward: counts are rounded so that the limit holds to the last customer; outwards for part
            of a log, where a fraction of a customer must not make a limit impossible.
    """

    rules: tuple[LimitRule, ...]
    population: float
    base: int
    inward: bool = True


@dataclass(frozen=True, slots=True)
class BudgetPoint:
    """The held-out value of the plan's menu at one budget, money per customer.

    `budget` is the total of a campaign; the interval is 95 %, of this point alone.
    """

    budget: float
    value: float
    se: float
    lo: float
    hi: float

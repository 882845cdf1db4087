"""Does it pay: months until what customers bring has paid for building and running.

    months = build / (campaigns (gain x population - set-up) - run)      per month,

never where the month's surplus is not above zero. With a log the gain is that of its best offer,
held to all offers at once, and the lower end has to pay within the horizon; without one there is
only the gain stated, which has no interval, and what the experiment's would be is told beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.stats import norm

from handful.sizing.records import BreakEven, Known, Launch


@dataclass(frozen=True, slots=True)
class Business:
    """What running the programme costs and whom it reaches; money in total.

    Attributes:
        population: customers a campaign reaches.
        build: cost of building it.
        run: cost of running it a month.
        setup: cost of one offer in one campaign.
        campaigns: a month.
        horizon: months.
    """

    population: float
    build: float
    run: float
    setup: float
    campaigns: float
    horizon: float

    @property
    def costs(self) -> bool:
        """Whether there is anything to pay back."""
        return self.build > 0 or self.run > 0 or self.setup > 0


def months_to_pay(business: Business, gain: float) -> float | None:
    """Return the months until a gain per customer has paid back; None where it never does.

    Example:
        >>> months_to_pay(Business(10_000, 6_000, 500, 0, 1, 12), 0.1)
        12.0
    """
    surplus = business.campaigns * (gain * business.population - business.setup) - business.run
    if surplus <= 0.0:
        return 0.0 if business.build == 0.0 and surplus == 0.0 else None
    return business.build / surplus


def gain_needed(business: Business) -> float:
    """Return the gain per customer at which the horizon just pays.

    Example:
        >>> gain_needed(Business(10_000, 6_000, 500, 0, 1, 12))
        0.1
    """
    monthly = business.build / business.horizon + business.run + business.campaigns * business.setup
    return monthly / (business.campaigns * business.population)


def break_even(
    business: Business | None, gain: Known, error: float | None, power: float, horizon: float
) -> BreakEven:
    """Return whether the programme pays, with intervals where the gain has one.

    Args:
        business: None where nobody said how many customers a campaign reaches.
        gain: what it is reckoned with.
        error: standard error of the gain per square root of a row: error / sqrt(n) after n rows.
        power: chance to prove that it pays, for `rows_to_prove`.
        horizon: months.

    Cost: O(1).
    """
    if business is None or not business.costs:
        why = "No costs are stated, so there is nothing to break even with."
        return BreakEven("no costs stated", gain, None, None, None, None, None, None, horizon, why)
    needed = gain_needed(business)
    months = months_to_pay(business, gain.value)
    slow = None if gain.lo is None else months_to_pay(business, gain.lo)
    fast = None if gain.hi is None else months_to_pay(business, gain.hi)
    launch = _launch(gain, needed)
    return BreakEven(
        launch=launch,
        gain=gain,
        needed=needed,
        months=months,
        months_lo=fast,
        months_hi=slow,
        expected_lo=None,
        rows_to_prove=_rows_to_prove(gain.value, needed, error, power),
        horizon=horizon,
        why=_why(launch, gain, needed),
    )


def _launch(gain: Known, needed: float) -> Launch:
    """Judge by the lower end where there is one; what breaks even by definition tells nothing."""
    if gain.origin == "derived":
        return "not known yet"
    if (gain.value if gain.hi is None else gain.hi) < needed:
        return "never pays"
    return "pays" if (gain.value if gain.lo is None else gain.lo) >= needed else "not shown to pay"


def _rows_to_prove(gain: float, needed: float, error: float | None, power: float) -> int | None:
    """Return rows at which the lower end of the gain is above what is needed, with this power."""
    if error is None or gain <= needed:
        return None
    size = float(norm.ppf(0.975)) + float(norm.ppf(power))
    return math.ceil((size * error / (gain - needed)) ** 2)


def _why(launch: Launch, gain: Known, needed: float) -> str:
    asked = f"the {needed:.4g} per customer that the horizon asks for"
    if launch == "not known yet":
        return "No gain is stated: whether there is one this large is what the experiment tells."
    if launch == "never pays":
        end = f"its upper end, {gain.hi:.4g}," if gain.hi is not None else f"{gain.value:.4g}"
        return f"The gain, {end} is below {asked}."
    if launch == "pays":
        end = f"its lower end, {gain.lo:.4g}," if gain.lo is not None else f"{gain.value:.4g}"
        return f"The gain, {end} is not below {asked}."
    lower = 0.0 if gain.lo is None else gain.lo
    return f"The gain may be {gain.value:.4g}, but its lower end, {lower:.4g}, is below {asked}."

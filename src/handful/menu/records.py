"""The frozen records of the menu room: one menu per K, and the whole path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from handful.errors import BriefError, blocked
from handful.notation import FloatArray


@dataclass(frozen=True, slots=True)
class MenuChoice:
    """The menu of K offers, its value and its proven distance from the best possible menu.

    Attributes:
        offers: K.
        menu: column numbers, ascending.
        value: F(S) = sum_i w_i max_{g in S} P_ig, total over customers (set-up costs not charged).
        bound: proven upper bound on `net` of ANY menu of K offers (`net` is `value` where set-up
            costs are zero); NaN where none was made.
        gap: (bound - net) / |value|, as a share of F.
        gap_over_none: (bound - net) as a share of the value over "no offer"; NaN without one.
        shares: (K,) share of customer weight that takes each offer of the menu.
        next_offer_worth: value of the best menu of K + 1 less this one's; NaN at the last K.
        setup_cost: what the offers of the menu cost to set up, total.
        proven_in: columns that every menu of K better than this one must hold.
        proven_out: columns that no menu of K better than this one can hold.
    """

    offers: int
    menu: tuple[int, ...]
    value: float
    bound: float
    gap: float
    gap_over_none: float
    shares: FloatArray
    next_offer_worth: float
    setup_cost: float = 0.0
    proven_in: tuple[int, ...] = ()
    proven_out: tuple[int, ...] = ()

    @property
    def net(self) -> float:
        """Value less set-up cost."""
        return self.value - self.setup_cost


@dataclass(frozen=True, slots=True)
class BestSize:
    """The size whose net value is largest, with its own certificate.

    Attributes:
        choice: the menu of that size.
        bound: proven upper bound on the net value of any menu of the path's sizes.
        gap: (bound - net) / |value|.
    """

    choice: MenuChoice
    bound: float
    gap: float


@dataclass(frozen=True, slots=True)
class BreakEven:
    """For which set-up cost per offer a size is the best of its path.

    Attributes:
        offers: K.
        lowest, highest: the size is best for costs in [lowest, highest]; both NaN where it never
            is. Money per offer, in the unit of the values.
    """

    offers: int
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class MenuPath:
    """Menus for consecutive K in one path; iterates over its choices."""

    choices: tuple[MenuChoice, ...]

    def __iter__(self) -> Iterator[MenuChoice]:
        return iter(self.choices)

    def __len__(self) -> int:
        return len(self.choices)

    def menu(self, offers: int) -> tuple[int, ...]:
        """Return the column numbers of the menu of that many offers."""
        return self.at(offers).menu

    def at(self, offers: int) -> MenuChoice:
        """Return the choice of that many offers.

        Raises:
            BriefError: M605 the path holds no menu of that size.
        """
        for choice in self.choices:
            if choice.offers == offers:
                return choice
        sizes = f"{self.choices[0].offers} to {self.choices[-1].offers}"
        message = f"expected a size of the path, {sizes}; found {offers}."
        raise BriefError(blocked("M605", message, "Ask for a size of the path."))

    @property
    def best(self) -> BestSize:
        """Return the size of largest net value; ties go to fewer offers.

        Its bound is the largest bound of any size of the path.
        """
        choice = max(self.choices, key=lambda each: (each.net, -each.offers))
        bound = max(each.bound for each in self.choices)
        excess = max(bound - choice.net, 0.0)
        return BestSize(choice, bound, excess / abs(choice.value) if choice.value else excess)

    def break_even(self) -> tuple[BreakEven, ...]:
        """Return, for each size, the costs per offer at which it is the best; cost O(K^2).

        With net values N_K before the extra cost f per offer, K is best where
        N_K - f K >= N_L - f L for all L: f at most every (N_K - N_L) / (K - L) with L < K and at
        least every such slope with L > K.
        """
        return tuple(_best_between(each, self.choices) for each in self.choices)


def _best_between(choice: MenuChoice, choices: tuple[MenuChoice, ...]) -> BreakEven:
    lowest, highest = 0.0, float("inf")
    for other in choices:
        if other.offers == choice.offers:
            continue
        slope = (choice.net - other.net) / (choice.offers - other.offers)
        if other.offers < choice.offers:
            highest = min(highest, slope)
        else:
            lowest = max(lowest, slope)
    if lowest > highest:
        lowest = highest = float("nan")
    return BreakEven(choice.offers, lowest, highest)

"""Addable sums over blocks of customers: all that the search and the bounds ever need.

Sums of two disjoint sets of customers add up (`a + b`), so that any engine can compute them on
its own partitions and the search need not know where the customers are.
"""

from __future__ import annotations

from dataclasses import dataclass

from handful.notation import FloatArray


@dataclass(frozen=True, slots=True)
class ColumnSums:
    """What one first look at the customers gives.

    Attributes:
        totals: (G,) sum_i w_i P_ig; not finite where the column holds NaN or +inf.
        weight: sum of the weights.
        masked: number of masked cells.
        rows: number of customers.
    """

    totals: FloatArray
    weight: float
    masked: int
    rows: int

    def __add__(self, other: ColumnSums) -> ColumnSums:
        return ColumnSums(
            self.totals + other.totals,
            self.weight + other.weight,
            self.masked + other.masked,
            self.rows + other.rows,
        )


@dataclass(frozen=True, slots=True)
class SwapSums:
    """What every single change of each of M menus is worth.

    With m1 >= m2 a customer's best and second-best value in the menu, j the member that gives m1,
    and sums over j's customers: inside_jg = sum w (P_ig - m1)+, removed_jg = sum w (P_ig - m2)+,
    loss_j = sum w (m1 - m2). Adding g gains sum_j inside_jg; dropping j loses loss_j; swapping j
    for g gains sum_j' inside_j'g - inside_jg + removed_jg - loss_j.

    Attributes:
        value: (M,) F of each menu.
        taken: (M, K) weight of the customers of each member, by place in the menu.
        loss: (M, K), zero at padded places.
        inside: (M, K, G).
        removed: (M, K, G).
    """

    value: FloatArray
    taken: FloatArray
    loss: FloatArray
    inside: FloatArray
    removed: FloatArray

    def __add__(self, other: SwapSums) -> SwapSums:
        return SwapSums(
            self.value + other.value,
            self.taken + other.taken,
            self.loss + other.loss,
            self.inside + other.inside,
            self.removed + other.removed,
        )


@dataclass(frozen=True, slots=True)
class CutSums:
    """Upper bounds on the value of any menu, one per fractional menu t, split by customer group c.

    For any prices lambda, sum_i in c w_i max_{g in S} P_ig <= constant_c + sum_{g in S} slope_cg
    with constant_c = sum w_i lambda_i and slope_cg = sum w_i (P_ig - lambda_i)+.

    Attributes:
        constant: (T, C).
        slope: (T, C, G).
    """

    constant: FloatArray
    slope: FloatArray

    def __add__(self, other: CutSums) -> CutSums:
        return CutSums(self.constant + other.constant, self.slope + other.slope)


@dataclass(frozen=True, slots=True)
class ValueSums:
    """What each of V menus is worth.

    Attributes:
        value: (V,) F of each menu.
        taken: (V, K) weight of the customers of each member, by place in the menu.
    """

    value: FloatArray
    taken: FloatArray

    def __add__(self, other: ValueSums) -> ValueSums:
        return ValueSums(self.value + other.value, self.taken + other.taken)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one pass over customers gives; records of what was not asked for are empty.

    Attributes:
        columns: column sums.
        swaps: of the menus to swap.
        values: of the menus to value.
        cuts: at the points.
    """

    columns: ColumnSums
    swaps: SwapSums
    values: ValueSums
    cuts: CutSums

    def __add__(self, other: Reading) -> Reading:
        return Reading(
            self.columns + other.columns,
            self.swaps + other.swaps,
            self.values + other.values,
            self.cuts + other.cuts,
        )

"""Addable sums over blocks of customers: all that the search and the bounds ever need.

Sums of two disjoint sets of customers add up (`a + b`), so that any engine can compute them on
its own partitions and the search need not know where the customers are.
"""

from __future__ import annotations

from dataclasses import dataclass

from handful.notation import FloatArray


@dataclass(frozen=True, slots=True)
class SwapSums:
    """What every single change of each of M menus is worth.

    With m1 >= m2 a customer's best and second-best value in the menu, j the member that gives m1,
    and sums over j's customers: inside_jg = sum w (P_ig - m1)+, removed_jg = sum w (P_ig - m2)+,
    loss_j = sum w (m1 - m2). Adding g gains sum_j inside_jg; dropping j loses loss_j; swapping j
    for g gains sum_j' inside_j'g - inside_jg + removed_jg - loss_j.

    Attributes:
        value: (M,) F of each menu.
        loss: (M, K) by place in the menu, zero at padded places.
        inside: (M, K, G).
        removed: (M, K, G).
    """

    value: FloatArray
    loss: FloatArray
    inside: FloatArray
    removed: FloatArray

    def __add__(self, other: SwapSums) -> SwapSums:
        return SwapSums(
            self.value + other.value,
            self.loss + other.loss,
            self.inside + other.inside,
            self.removed + other.removed,
        )

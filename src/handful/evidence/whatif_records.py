"""What evidence keeps of its splits, so that another question needs no new fit."""

from __future__ import annotations

from dataclasses import dataclass

from handful.evidence.ledger import Means
from handful.notation import Float32Array, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class KeptWorld:
    """What fold j chose from: the log as it looks without it.

    Attributes:
        menus: size -> menu, as the plan chose it.
        single: the best single offer.
        pool: menus of any size and `worth` what each earns there, money per customer over the
            fallback, set-up not paid; () where the offers are too many to try every menu.
        mean: (G,) mean scores, closed cells holding the fallback's; set-up not paid.
    """

    menus: dict[int, tuple[int, ...]]
    single: int
    pool: tuple[tuple[int, ...], ...]
    worth: FloatArray
    mean: FloatArray


@dataclass(frozen=True, slots=True)
class KeptSplit:
    """One split: every row predicted without its fold, and what each policy gave it.

    The doubly robust score is Gamma_ig = P_ig + 1{t_i = g} missed_i.

    Attributes:
        fold: (n,) folds.
        predicted: (G, n) P; None for offers with dials.
        missed: (n,) (y - P_t) / e_t; None for offers with dials.
        cut: (n,) the part of `missed` that winsorising the profit takes away; None without tail.
        names: (L,) policies, and `codes` (L, n) the offer each gives.
        worlds: one for each fold.
    """

    fold: IntArray
    predicted: Float32Array | None
    missed: Float32Array | None
    cut: Float32Array | None
    names: tuple[str, ...]
    codes: IntArray
    worlds: tuple[KeptWorld, ...]


@dataclass(frozen=True, slots=True)
class KeptLedger:
    """The ledger's sums over all splits: small, and exact.

    Attributes:
        means: before the noise of choosing; `clipped` with the profit winsorised.
        follows: (M,) share of rows to which a policy gives what the best single offer gives.
        apart: size -> whether enough clusters tell its menu from every single offer.
    """

    means: Means
    clipped: Means | None
    follows: FloatArray
    apart: dict[int, bool]

"""What evidence keeps of its splits, so that another question needs no new fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from handful.evidence.frontier import MenuFacts
from handful.evidence.ledger import Means
from handful.notation import Float32Array, FloatArray, IntArray

SmallArray: TypeAlias = NDArray[np.unsignedinteger[Any]]
"""Codes in the fewest bytes."""


@dataclass(frozen=True, slots=True)
class KeptSlope:
    """What one more unit of an assumption does to profit: B = share P + table, or as predicted.

    Attributes:
        name: of the assumption; `at` its number as planned.
        share, table: of P, and (G,) money; both 0 where B is learned.
        predicted: (G, n) B; None where it is not learned.
    """

    name: str
    at: float
    share: float
    table: FloatArray
    predicted: Float32Array | None = None


@dataclass(frozen=True, slots=True)
class KeptAmount:
    """What a limit counts, under every offer: (G,) `table`, or (G, n) `predicted` where learned."""

    name: str
    table: FloatArray | None
    predicted: Float32Array | None


@dataclass(frozen=True, slots=True)
class KeptSample:
    """Some rows of a world, for choosing its menus under other assumptions.

    Attributes:
        rows: (m,) rows of the log.
        predicted: (G, m) P there.
        slopes: (G, m) B there of every slope, in their order; None where it is not learned.
        means: (A, G) mean slope scores of the whole world, closed cells holding the fallback's.
    """

    rows: IntArray
    predicted: Float32Array
    slopes: tuple[Float32Array | None, ...]
    means: FloatArray


@dataclass(frozen=True, slots=True)
class KeptWorld:
    """What fold j chose from: the log as it looks without it.

    Attributes:
        menus: size -> menu, as the plan chose it.
        single: the best single offer.
        pool: menus of any size and `worth` what each earns there, money per customer over the
            fallback, set-up not paid; () where the offers are too many to try every menu.
        mean: (G,) mean scores, closed cells holding the fallback's; set-up not paid.
        sample: rows to choose on under other assumptions; None where there are none.
    """

    menus: dict[int, tuple[int, ...]]
    single: int
    pool: tuple[tuple[int, ...], ...]
    worth: FloatArray
    mean: FloatArray
    sample: KeptSample | None = None


@dataclass(frozen=True, slots=True)
class KeptSplit:
    """One split: every row predicted without its fold, and what each policy gave it.

    The doubly robust score is Gamma_ig = P_ig + 1{t_i = g} (y_i - P_ig) / e_i.

    Attributes:
        fold: (n,) folds.
        predicted: (G, n) P.
        names: (L,) the ladder's rivals, and `codes` (L, n) the offer each gives.
        worlds: one for each fold.
        slopes: of every assumption that can be moved.
        amounts: what limits count, in the order of the log's.
    """

    fold: SmallArray
    predicted: Float32Array
    names: tuple[str, ...]
    codes: SmallArray
    worlds: tuple[KeptWorld, ...]
    slopes: tuple[KeptSlope, ...] = ()
    amounts: tuple[KeptAmount, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptEvidence:
    """The ledger's sums over all splits, which are small and exact, and the splits themselves.

    Attributes:
        means: before the noise of choosing; `clipped` with the profit winsorised.
        follows: (M,) share of rows to which a policy gives what the best single offer gives.
        apart: size -> whether enough clusters tell its menu from every single offer.
        splits: of every repetition; () for offers with dials.
        own: (G, n) predictions of the final model; None for offers with dials.
        facts: of the final menus.
    """

    means: Means
    clipped: Means | None
    follows: FloatArray
    apart: dict[int, bool]
    splits: tuple[KeptSplit, ...]
    own: Float32Array | None
    facts: tuple[MenuFacts, ...]

"""The frozen records of the effects room: plain arrays that predict profit without a learner."""

from __future__ import annotations

from dataclasses import dataclass

from handful.experiment.records import FeatureSchema
from handful.notation import BoolArray, Float32Array, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Term:
    """What one feature adds to the predicted profit of every offer (additive part).

    f(x) = table[b(x)] + slope * (clip(x, low, high) - centre) for a number, table[b(x)] for a
    category; b = 0 when missing or never seen. A number's bin is 1 + #{edges < x} computed in
    float64 (numpy.searchsorted side="left"); a category's bin is 1 + its level code.

    Attributes:
        feature: column of `Features.values`.
        edges: (B - 1,) ascending bin edges of a number, empty for a category.
        table: (B + 1, G) money per customer; row 0 is for missing values.
        slope: (G,) money per unit of the feature; zeros for a category.
        low, high: the slope is flat outside this range.
        centre: value at which the slope adds nothing.
    """

    feature: int
    edges: FloatArray
    table: FloatArray
    slope: FloatArray
    low: float
    high: float
    centre: float


@dataclass(frozen=True, slots=True)
class Forest:
    """Boosted trees with a vector of G values in each leaf, all trees in flat arrays.

    A node goes left when float32(x) < threshold (number) or when x == threshold (category level
    code); a missing value goes where `missing_left` says. Children always come after parents.

    Attributes:
        roots: (T,) node number of each tree's root.
        feature: (N,) column of `Features.values`; -1 marks a leaf.
        threshold: (N,) float32 threshold, or the level code of a category; -1, which is no level's
            code, where only missing values are told apart.
        left, right: (N,) node numbers; at a leaf `left` is the row of `leaves`.
        missing_left: (N,) where a missing value goes.
        leaves: (L, G) money per customer, summed over trees in tree order.
    """

    roots: IntArray
    feature: IntArray
    threshold: Float32Array
    left: IntArray
    right: IntArray
    missing_left: BoolArray
    leaves: FloatArray


@dataclass(frozen=True, slots=True)
class EffectsModel:
    """Predicted profit of every offer for any customer, as plain arrays.

    P_g(x) = constant_g + sum_terms f_g(x) + sum_trees leaf_g(x), added in that order in float64,
    so that a row-by-row reader and the vectorised one agree bit for bit.

    Attributes:
        schema: the features the model reads, by name, with levels.
        offers: (G,) offer names.
        constant: (G,) profit per customer of giving everybody offer g.
        terms: additive part, stack weight already multiplied in.
        forest: boosted part, stack weight already multiplied in; None when it has no weight.
    """

    schema: FeatureSchema
    offers: tuple[str, ...]
    constant: FloatArray
    terms: tuple[Term, ...]
    forest: Forest | None


@dataclass(frozen=True, slots=True)
class AmountFit:
    """A cost or an outcome that a limit counts, cross-fitted on the folds of the profit.

    Attributes:
        name: of the experiment's amount.
        predicted: (n, G) by models without the row's fold; (1, G) where offers alone settle it.
        scores: the same with doubly robust scores; the table where offers alone settle it.
        worlds: what the rows outside each fold look like without it, one array per fold.
    """

    name: str
    predicted: FloatArray
    scores: FloatArray
    worlds: tuple[FloatArray, ...]


@dataclass(frozen=True, slots=True)
class SlopeFit:
    """What one more unit of an assumption does to profit, in one split: B = share P + table.

    Attributes:
        name: of the assumption; `at` its number as profit was computed.
        share, table: of P, and (G,) money; both 0 where B is learned.
        predicted: (n, G) B by models without the row's fold; None where it is not learned.
        worlds: (l, G) B of the rows outside each fold without it, and `scores` theirs; () likewise.
    """

    name: str
    at: float
    share: float
    table: FloatArray
    predicted: FloatArray | None = None
    worlds: tuple[FloatArray, ...] = ()
    scores: tuple[FloatArray, ...] = ()

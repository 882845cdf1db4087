"""Promotions with a known truth: logit demand over discount x minimum basket.

A customer with usual basket b, facing "d off over m", chooses between not buying (utility 0),
buying the usual basket without the coupon (u) and redeeming with basket r = max(b, m):

    v(d, m) = u - effort + sensitivity * d - stretch * (r - b) / b
    profit  = Pr(plain) * margin * b + Pr(redeem) * (margin - d) * r

so the best discount is interior, and a minimum basket pays only for those who can stretch to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from handful.experiment.records import FeatureSchema, Kind
from handful.notation import FloatArray, IntArray

MARGIN = 0.40
EFFORT = 1.5
DISCOUNTS = (0.05, 0.35)
MINIMUMS = (0.0, 60.0)
CHANNELS = ("app", "store", "web")
REGIONS = ("east", "north", "south", "west")
NAMES = (
    "usual_basket",
    "coupon_share",
    "months_since_purchase",
    "visits",
    "age",
    "household_size",
    "channel",
    "region",
)


@dataclass(frozen=True, slots=True)
class PromotionGrid:
    """Offers of a promotion: discount as a share (0 = no offer) and minimum basket in money."""

    names: tuple[str, ...]
    discount: FloatArray
    minimum: FloatArray


@dataclass(frozen=True, slots=True)
class Demand:
    """Purchase probabilities (n, G) without and with the coupon, and the baskets in money."""

    plain: FloatArray
    redeem: FloatArray
    usual: FloatArray
    stretched: FloatArray


def promotion_grid(offers: int) -> PromotionGrid:
    """Return "no offer" and offers - 1 promotions spread over discount x minimum basket.

    Example:
        >>> promotion_grid(5).names
        ('no offer', '5% off', '5% off over $60', '35% off', '35% off over $60')
    """
    promotions = offers - 1
    n_minimums = max(1, round((promotions / 1.5) ** 0.5))
    n_discounts = -(-promotions // n_minimums)
    discounts = np.round(np.linspace(*DISCOUNTS, max(n_discounts, 2))[:n_discounts], 2)
    minimums = np.round(np.linspace(*MINIMUMS, max(n_minimums, 2))[:n_minimums], -1)
    pairs = [(float(d), float(m)) for d in discounts for m in minimums][:promotions]
    names = [_offer_name(d, m) for d, m in pairs]
    return PromotionGrid(
        ("no offer", *names),
        np.array([0.0, *(d for d, _ in pairs)]),
        np.array([0.0, *(m for _, m in pairs)]),
    )


def _offer_name(discount: float, minimum: float) -> str:
    over = f" over ${minimum:.0f}" if minimum > 0 else ""
    return f"{100 * discount:.0f}% off{over}"


def promotion_schema(extra: int) -> FeatureSchema:
    """Return the features of a promotions log, with `extra` columns of pure noise."""
    noise = tuple(f"noise_{j + 1}" for j in range(extra))
    kinds: tuple[Kind, ...] = ("number",) * 6 + ("category",) * 2 + ("number",) * extra
    levels = ((),) * 6 + (CHANNELS, REGIONS) + ((),) * extra
    return FeatureSchema(NAMES + noise, kinds, levels)


def promotion_features(z: FloatArray) -> FloatArray:
    """Turn (n, >= 8) standard normals into the columns of `promotion_schema`."""
    values = np.array(z, dtype=np.float64, order="F")
    values[:, 0] = np.round(np.exp(np.log(45.0) + 0.5 * z[:, 0]), 2)
    values[:, 1] = np.round(1.0 / (1.0 + np.exp(-z[:, 1])), 3)
    values[:, 2] = np.round(3.0 * np.exp(0.8 * z[:, 2]), 1)
    values[:, 3] = np.floor(4.0 * np.exp(0.6 * z[:, 3]))
    values[:, 4] = np.round(np.clip(45.0 + 14.0 * z[:, 4], 18.0, 90.0))
    values[:, 5] = np.clip(np.round(2.5 + 1.2 * z[:, 5]), 1.0, 7.0)
    values[:, 6] = np.searchsorted([-0.5, 0.5], z[:, 6])
    values[:, 7] = np.searchsorted([-0.7, 0.0, 0.7], z[:, 7])
    return values


def promotion_demand(values: FloatArray, grid: PromotionGrid, heterogeneity: float) -> Demand:
    """Return choice probabilities and baskets of every customer under every promotion.

    A missing number counts as its typical value. `heterogeneity` scales how much customers differ
    in price sensitivity and in how hard they find it to stretch: 0 makes them all alike in these.
    Cost O(n G).
    """
    return demand_at(values, grid.discount[None, :], grid.minimum[None, :], heterogeneity)


def demand_at(
    values: FloatArray, discount: FloatArray, minimum: FloatArray, heterogeneity: float
) -> Demand:
    """Return the demand of n customers at promotions (1, m), or at each one's own (n, 1).

    A discount of 0 is "no offer".
    """
    basket = np.where(np.isnan(values[:, 0]), 45.0, values[:, 0])
    coupons = np.where(np.isnan(values[:, 1]), 0.5, values[:, 1])
    months = np.where(np.isnan(values[:, 2]), 3.0, values[:, 2])
    household = np.where(np.isnan(values[:, 5]), 2.5, values[:, 5])
    app = (values[:, 6] == 0).astype(np.float64)
    usual = -0.6 * np.log(np.maximum(months, 0.1) / 3.0)
    sensitivity = 12.0 * np.exp(heterogeneity * (4.0 * (coupons - 0.5) + 0.4 * (app - 0.3)))
    stretch = 2.0 * np.exp(-0.35 * heterogeneity * (household - 2.5))
    stretched = np.maximum(basket[:, None], minimum)
    over = (stretched - basket[:, None]) / basket[:, None]
    value = usual[:, None] - EFFORT + sensitivity[:, None] * discount - stretch[:, None] * over
    redeem = np.where(discount > 0.0, np.exp(np.minimum(value, 30.0)), 0.0)
    plain = np.exp(usual)[:, None]
    total = 1.0 + plain + redeem
    return Demand(plain / total, redeem / total, basket, stretched)


def promotion_profit(demand: Demand, grid: PromotionGrid) -> FloatArray:
    """Return the (n, G) expected profit, money per customer: margin less discount on redemption."""
    return profit_at(demand, grid.discount[None, :])


def profit_at(demand: Demand, discount: FloatArray) -> FloatArray:
    """Return the expected profit of a demand at discounts (1, m) or (n, 1)."""
    plain = demand.plain * MARGIN * demand.usual[:, None]
    redeemed = demand.redeem * (MARGIN - discount) * demand.stretched
    profit: FloatArray = plain + redeemed
    return profit


@dataclass(frozen=True, slots=True)
class Purchases:
    """What each customer did: net sales in money, redeemed or not, and the realised profit."""

    sales: FloatArray
    redeemed: IntArray
    profit: FloatArray


def draw_purchases(
    demand: Demand,
    grid: PromotionGrid,
    offer: IntArray,
    spread: float,
    rng: np.random.Generator,
) -> Purchases:
    """Draw each customer's choice under the offer received; baskets vary lognormally, mean kept."""
    return draw_choices(demand, grid.discount[offer], offer, spread, rng)


def draw_choices(
    demand: Demand,
    discount: FloatArray,
    column: IntArray,
    spread: float,
    rng: np.random.Generator,
) -> Purchases:
    """Draw choices from the (n,) columns of a demand, at each customer's own (n,) discount."""
    rows = np.arange(column.shape[0])
    u = rng.random(column.shape[0])
    redeem = u < demand.redeem[rows, column]
    plain = ~redeem & (u < demand.redeem[rows, column] + demand.plain[rows, column])
    wobble = np.exp(spread * rng.standard_normal(column.shape[0]) - spread**2 / 2.0)
    basket = np.where(redeem, demand.stretched[rows, column], demand.usual * plain) * wobble
    given = np.where(redeem, discount, 0.0)
    return Purchases(
        sales=basket * (1.0 - given),
        redeemed=redeem.astype(np.int64),
        profit=basket * (MARGIN - given),
    )

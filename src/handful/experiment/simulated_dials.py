"""Simulated offers with dials: where they are drawn from, and the true profit of any point.

    promotions        discount 5 % to 35 % in steps of 1 % x minimum basket 0 to 60 in steps of 5
                      (`largest_basket`); a tenth of the rows get no offer (a control of NaN)
    linear_quadratic  t from 0 to 1 in steps of 0.01, profit base + a t - b t^2 / 2;
                      a tenth of the rows get t = 0, the control

With `closed_cell` the upper half of the first dial is never tried in the last stratum.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from handful.brief.dials import DialSpec
from handful.errors import BriefError, blocked
from handful.experiment import promotions as promo
from handful.experiment import surfaces
from handful.experiment.dials import nearest_candidate, product
from handful.experiment.draws import basket_spread, noisy
from handful.experiment.records import Dials, Features
from handful.experiment.simulation import Simulation
from handful.notation import FloatArray, IntArray

CONTROL_SHARE: Final = 0.1
"""Share of rows that get the control, besides those the dial's own draw sends there."""

_BASKET_STEP: Final = 5.0
_QUADRATIC: Final = (DialSpec("t", 0.0, 1.0, 0.01),)


def dial_specs(settings: Simulation) -> tuple[DialSpec, ...]:
    """Return the boxes and steps of a simulated experiment's dials.

    Raises:
        BriefError: D392 a surface or an option that is not simulated with dials.

    Example:
        >>> [spec.name for spec in dial_specs(Simulation(surface="promotions", dials=True))]
        ['discount', 'minimum_basket']
    """
    discount = DialSpec("discount", 0.05, 0.35, 0.01)
    basket = DialSpec("minimum_basket", 0.0, settings.largest_basket, _BASKET_STEP)
    known = {"promotions": (discount, basket), "linear_quadratic": _QUADRATIC}
    odd = settings.unequal_shares or settings.observational
    if settings.surface not in known or odd:
        found = f"surface {settings.surface!r}" + (", unequal or observational shares" * odd)
        message = f"expected promotions or linear_quadratic, evenly drawn; found {found}."
        remedy = "Leave dials out, or choose one of these surfaces."
        raise BriefError(blocked("D392", message, remedy))
    return known[settings.surface]


def control_point(settings: Simulation) -> FloatArray:
    """Return the (d,) point of the control: NaN for promotions, t = 0 else."""
    return np.full(2, np.nan) if settings.surface == "promotions" else np.zeros(1)


def draw_points(
    settings: Simulation, stratum: IntArray, cluster: IntArray, rng: np.random.Generator
) -> FloatArray:
    """Draw the (n, d) offer of every row, one for each cluster, evenly over the steps."""
    first = np.concatenate(([0], np.flatnonzero(np.diff(cluster)) + 1))
    specs = dial_specs(settings)
    drawn = np.empty((first.size, len(specs)))
    closed = settings.closed_cell & (stratum[first] == settings.strata - 1)
    for j, spec in enumerate(specs):
        steps = steps_of(spec)
        most = np.where(closed & (j == 0), (len(steps) + 1) // 2, len(steps))
        drawn[:, j] = steps[(rng.random(first.size) * most).astype(np.int64)]
    drawn[rng.random(first.size) < CONTROL_SHARE] = control_point(settings)
    points: FloatArray = drawn[cluster]
    return points


def steps_of(spec: DialSpec) -> FloatArray:
    """Return the values of a simulated dial."""
    low, high, step = spec.low or 0.0, spec.high or 1.0, spec.increment or 1.0
    values: FloatArray = np.round(low + step * np.arange(round((high - low) / step) + 1), 10)
    return values


def all_points(settings: Simulation) -> FloatArray:
    """Return the (m, d) sayable points of a simulated experiment, the control first."""
    points = product(tuple(steps_of(spec) for spec in dial_specs(settings)))
    control = control_point(settings)
    return np.vstack([control, points[~(points == control).all(axis=1)]])


def candidate_shares(settings: Simulation, dials: Dials) -> FloatArray:
    """Return the (S, G) true probability that a row's nearest candidate is each of them."""
    lattice = product(tuple(steps_of(spec) for spec in dial_specs(settings)))
    nearest = nearest_candidate(dials, lattice)
    first = steps_of(dial_specs(settings)[0])
    half = first[(len(first) + 1) // 2 - 1]
    shares = np.empty((settings.strata, len(dials.candidates)))
    for s in range(settings.strata):
        last = settings.closed_cell and s == settings.strata - 1
        kept = nearest[lattice[:, 0] <= half] if last else nearest
        counts = np.bincount(kept, minlength=shares.shape[1])
        shares[s] = (1.0 - CONTROL_SHARE) * counts / counts.sum()
        shares[s, 0] += CONTROL_SHARE
    return shares


def point_profit(settings: Simulation, features: Features, points: FloatArray) -> FloatArray:
    """Return the (n, m) true expected profit of any points, money per customer.

    Args:
        settings: what made the experiment.
        features: of n customers.
        points: (m, d); a row of NaN is "no offer".

    Cost: O(n m).
    """
    profit = np.empty((features.values.shape[0], len(points)))
    size = max(1, 2_000_000 // max(len(points), 1))
    for start in range(0, profit.shape[0], size):
        block = features.values[start : start + size]
        profit[start : start + size] = _profit(settings, block, points[None, :, :])
    return profit


def _profit(settings: Simulation, values: FloatArray, points: FloatArray) -> FloatArray:
    """(n, m) profit of n customers at points (1, m, d) or (n, 1, d)."""
    if settings.surface == "promotions":
        discount, minimum = promotion_terms(points)
        demand = promo.demand_at(values, discount, minimum, settings.heterogeneity)
        return promo.profit_at(demand, discount)
    x = np.nan_to_num(values[:, : settings.features], nan=0.0)
    a, b = surfaces.quadratic_curve(x)
    t = points[:, :, 0]
    curve = a[:, None] * t - b[:, None] * t**2 / 2.0
    profit: FloatArray = surfaces.base_profit(x)[:, None] + settings.arm_effects * t
    return profit + settings.heterogeneity * curve


def promotion_terms(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Split points (.., 2) into discount and minimum basket; "no offer" is a discount of 0."""
    terms = np.nan_to_num(points, nan=0.0)
    return terms[..., 0], terms[..., 1]


def draw_dial_profit(
    settings: Simulation,
    features: Features,
    received: FloatArray,
    cluster: IntArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Draw the realised profit of every row at the point it received."""
    if settings.surface == "promotions":
        return draw_dial_purchases(settings, features, received, rng).profit
    mean = _profit(settings, features.values, received[:, None, :])[:, 0]
    return noisy(settings, mean, cluster, rng)


def draw_dial_purchases(
    settings: Simulation, features: Features, received: FloatArray, rng: np.random.Generator
) -> promo.Purchases:
    """Draw what every customer does at the promotion received."""
    discount, minimum = promotion_terms(received[:, None, :])
    demand = promo.demand_at(features.values, discount, minimum, settings.heterogeneity)
    first = np.zeros(len(received), dtype=np.int64)
    return promo.draw_choices(demand, discount[:, 0], first, basket_spread(settings), rng)

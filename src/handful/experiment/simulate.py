"""Simulated experiments with a known truth: for tests, benchmarks, docs and the demo.

Never used by the estimators. The truth is a function of the settings alone (coefficients come from
`truth_seed`), so a policy's true value can be computed on any number of fresh customers:

    V(pi) = mean_i P_{pi(x_i)}(x_i),   P = true_profit(settings, features).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from handful.brief.schema import ExperimentSpec
from handful.errors import Finding
from handful.experiment import promotions as promo
from handful.experiment import surfaces
from handful.experiment.design import make_design
from handful.experiment.dial_candidates import box_of, dial_design, settle_dials
from handful.experiment.draws import (
    assign_offers,
    basket_spread,
    draw_clusters,
    draw_latent,
    draw_profit,
    draw_strata,
    observe,
    offer_probabilities,
)
from handful.experiment.records import Design, Dials, Experiment, Features, SourceFacts
from handful.experiment.simulated_dials import (
    all_points,
    candidate_shares,
    control_point,
    dial_specs,
    draw_dial_profit,
    draw_dial_purchases,
    draw_points,
    point_profit,
)
from handful.experiment.simulation import SCENARIOS, Simulation, offer_names, resolve
from handful.notation import FloatArray, IntArray

__all__ = [
    "SCENARIOS",
    "Simulated",
    "Simulation",
    "promotions_table",
    "simulate",
    "simulate_customers",
    "true_profit",
]


@dataclass(frozen=True, slots=True)
class Simulated:
    """A simulated experiment and its truth.

    Attributes:
        experiment: what an analyst would see.
        truth: (n, G) true expected profit of each offer for each customer, money per customer;
            with dials of each candidate point.
        settings: what made it; `true_profit(settings, features)` gives the truth of others.
        probabilities: (n, G) true probability that the row received each offer.
    """

    experiment: Experiment
    truth: FloatArray
    settings: Simulation
    probabilities: FloatArray


def simulate(
    kind: str | Simulation, *, n: int, offers: int | None = None, random_state: int = 0
) -> Simulated:
    """Draw an experiment of n rows from a named scenario or from settings of your own.

    y_i = P_{t_i}(x_i) + noise, t_i drawn from the design.

    Args:
        kind: a name of `SCENARIOS`, or a `Simulation`.
        n: rows.
        offers: G, in place of the settings' own.
        random_state: seed of the draw; the truth does not depend on it.

    Raises:
        BriefError: D390 when no scenario has that name.

    Cost O(n (p + G)).

    Example:
        >>> drawn = simulate("types", n=1000, random_state=1)
        >>> drawn.truth.shape
        (1000, 5)
    """
    settings = resolve(kind, offers)
    rng = np.random.default_rng(random_state)
    cluster = draw_clusters(settings, n, rng)
    z = draw_latent(settings, cluster, rng)
    features = observe(settings, z, rng)
    stratum = draw_strata(settings, z, cluster, rng)
    if settings.dials:
        return _with_dials(settings, features, stratum, cluster, rng)
    truth = true_profit(settings, features)
    probabilities = offer_probabilities(settings, z, stratum)
    offer = assign_offers(probabilities, cluster, rng)
    profit = draw_profit(settings, features, truth, offer, cluster, rng)
    given = _levels_given(settings, offer, stratum)
    experiment = _experiment(settings, features, profit, (cluster, stratum), given)
    return Simulated(experiment, truth, settings, probabilities)


def simulate_customers(kind: str | Simulation, *, n: int, random_state: int = 0) -> Features:
    """Draw the features of n fresh customers, to value a policy on the population itself.

    Example:
        >>> simulate_customers("promotions", n=3).values.shape
        (3, 8)
    """
    settings = resolve(kind, None)
    rng = np.random.default_rng(random_state)
    z = draw_latent(settings, draw_clusters(settings, n, rng), rng)
    return observe(settings, z, rng)


def true_profit(
    kind: str | Simulation, features: Features, points: FloatArray | None = None
) -> FloatArray:
    """Return the (n, G) true expected profit of each offer, money per customer.

    Args:
        kind: a name of `SCENARIOS`, or a `Simulation`.
        features: of n customers.
        points: (m, d) points of offers with dials, NaN for no offer; None: every sayable point,
            the control first.

    Example:
        >>> customers = simulate_customers("null", n=2)
        >>> effects = true_profit("null", customers)
        >>> bool(np.ptp(effects[:, 1] - effects[:, 0]) < 1e-12)
        True
    """
    settings = resolve(kind, None)
    if settings.dials:
        asked = all_points(settings) if points is None else points
        return point_profit(settings, features, asked)
    if settings.surface == "promotions":
        grid = promo.promotion_grid(settings.offers)
        demand = promo.promotion_demand(features.values, grid, settings.heterogeneity)
        return promo.promotion_profit(demand, grid)
    x = np.nan_to_num(features.values[:, : settings.features], nan=0.0)
    categories = np.nan_to_num(features.values[:, settings.features :], nan=-1.0)
    base = surfaces.base_profit(x)[:, None]
    main = surfaces.main_effects(settings.offers, settings.arm_effects)
    return np.ascontiguousarray(base + main + _effects(settings, x, categories))


def promotions_table(
    n: int, random_state: int = 0, offers: int = 13, *, dials: bool = False
) -> pa.Table:
    """Return the log of a simulated promotions test, one row per customer, as people keep it.

    Columns: customer_id, the features, discount (share), minimum_basket (money), offer (its name),
    redeemed (0/1), sales (money, after the discount) and profit (money: 40 % margin less discount).

    Args:
        n: customers.
        random_state: seed.
        offers: promotions tried, "no offer" included.
        dials: draw discount and minimum basket from their box; there are no names then, and both
            are empty for customers who got no offer.

    Example:
        >>> promotions_table(10).column_names[-3:]
        ['redeemed', 'sales', 'profit']
        >>> "offer" in promotions_table(10, dials=True).column_names
        False
    """
    settings = replace(SCENARIOS["promotions"], offers=offers, dials=dials, largest_basket=120.0)
    rng = np.random.default_rng(random_state)
    features = observe(settings, rng.standard_normal((n, settings.features)), rng)
    columns: dict[str, object] = {"customer_id": np.arange(1, n + 1)}
    for j, (name, levels) in enumerate(
        zip(features.schema.names, features.schema.levels, strict=True)
    ):
        column = features.values[:, j]
        columns[name] = np.array(levels)[column.astype(np.int64)] if levels else column
    given, bought = _given_and_bought(settings, features, rng)
    columns |= given
    columns["redeemed"] = bought.redeemed
    columns["sales"] = np.round(bought.sales, 2)
    columns["profit"] = np.round(bought.profit, 4)
    return pa.table(columns)


def _given_and_bought(
    settings: Simulation, features: Features, rng: np.random.Generator
) -> tuple[dict[str, object], promo.Purchases]:
    """Return the columns that say what each customer got, and what came of it."""
    n = features.values.shape[0]
    if settings.dials:
        alone = np.arange(n)
        received = draw_points(settings, np.zeros(n, dtype=np.int64), alone, rng)
        none = np.isnan(received[:, 0])
        names = ("discount", "minimum_basket")
        given: dict[str, object] = {
            name: pa.array(received[:, j], mask=none) for j, name in enumerate(names)
        }
        return given, draw_dial_purchases(settings, features, received, rng)
    grid = promo.promotion_grid(settings.offers)
    demand = promo.promotion_demand(features.values, grid, settings.heterogeneity)
    offer: IntArray = np.asarray(rng.integers(0, settings.offers, size=n))
    bought = promo.draw_purchases(demand, grid, offer, basket_spread(settings), rng)
    given = {"discount": grid.discount[offer], "minimum_basket": grid.minimum[offer]}
    return given | {"offer": np.array(grid.names)[offer]}, bought


def _effects(settings: Simulation, x: FloatArray, categories: FloatArray) -> FloatArray:
    if settings.surface == "null":
        return np.zeros((x.shape[0], settings.offers))
    if settings.surface == "types":
        kind = surfaces.customer_type(x, settings.types)
        effects = surfaces.type_effects(settings.types, settings.offers)[kind]
    elif settings.surface == "linear_quadratic":
        a, b = surfaces.quadratic_curve(x)
        t = surfaces.quadratic_levels(settings.offers)
        effects = a[:, None] * t - b[:, None] * t**2 / 2.0
    else:
        rng = np.random.default_rng(settings.truth_seed)
        effects = surfaces.smooth_effects(x, categories, settings.offers, rng)
    scaled: FloatArray = settings.heterogeneity * effects
    return scaled


@dataclass(frozen=True, slots=True)
class _Given:
    """What was given out, and how."""

    offer: IntArray
    offers: tuple[str, ...]
    design: Design
    findings: tuple[Finding, ...] = ()
    dials: Dials | None = None


def _with_dials(
    settings: Simulation,
    features: Features,
    stratum: IntArray,
    cluster: IntArray,
    rng: np.random.Generator,
) -> Simulated:
    received = draw_points(settings, stratum, cluster, rng)
    profit = draw_dial_profit(settings, features, received, cluster, rng)
    box = box_of(received, dial_specs(settings))
    settled = settle_dials(box, stratum, settings.strata, control_point(settings))
    design = dial_design(settled, stratum, settings.strata)
    given = _Given(settled.offer, settled.offers, design, (), settled.dials)
    experiment = _experiment(settings, features, profit, (cluster, stratum), given)
    truth = point_profit(settings, features, settled.dials.candidates)
    return Simulated(
        experiment, truth, settings, candidate_shares(settings, settled.dials)[stratum]
    )


def _levels_given(settings: Simulation, offer: IntArray, stratum: IntArray) -> _Given:
    offers = offer_names(settings)
    design, findings = make_design(
        offer=offer,
        stratum=stratum,
        offers=offers,
        strata=_strata(settings),
        spec=ExperimentSpec(source="simulated", offer="offer"),
        received=None,
    )
    return _Given(offer, offers, design, findings)


def _strata(settings: Simulation) -> tuple[str, ...]:
    return tuple(f"stratum {s + 1}" for s in range(settings.strata))


def _experiment(
    settings: Simulation,
    features: Features,
    profit: FloatArray,
    groups: tuple[IntArray, IntArray],
    given: _Given,
) -> Experiment:
    cluster, stratum = groups
    n = profit.shape[0]
    return Experiment(
        customers=np.arange(n),
        cluster=cluster,
        stratum=stratum,
        strata=_strata(settings),
        strata_columns=("stratum",) if settings.strata > 1 else (),
        offer=given.offer,
        offers=given.offers,
        control=0,
        profit=profit,
        features=features,
        design=given.design,
        source=SourceFacts(f"simulated: {settings.surface}", "", n, n, "profit"),
        findings=given.findings,
        dials=given.dials,
    )

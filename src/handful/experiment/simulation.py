"""What defines a simulated experiment: settings and the named scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np

from handful.errors import BriefError, blocked
from handful.experiment import promotions as promo
from handful.experiment import surfaces
from handful.experiment.records import FeatureSchema, Kind
from handful.notation import FloatArray

MIN_FEATURES = 3
CATEGORY_LEVELS = ("a", "b", "c", "d", "e")


@dataclass(frozen=True, slots=True)
class Simulation:
    """Everything that defines a simulated experiment; options combine freely.

    Attributes:
        surface: null (same effect for everyone), types (k clear types), promotions (logit demand
            over discount x minimum basket), linear_quadratic (known optimum), smooth.
        offers: G, offer 0 being the control.
        features: number of numeric features (promotions: at least 8 columns in all).
        categories: number of categorical features besides.
        missing: share of feature values missing at random.
        tails: "normal" noise, or "heavy": a rare purchase of lognormal size, mean unchanged.
        noise: standard deviation of normal noise, money per customer.
        spend_rate: share of customers who spend under heavy tails, about.
        arm_effects: main effect of the last offer over the control (the others in between).
        heterogeneity: scale of what differs between customers.
        types: k of the surface "types".
        cluster_size: average rows of a cluster; offers are given to whole clusters.
        cluster_correlation: share of variance of noise and features that a cluster shares.
        strata: number of strata; shares differ between them, and strata differ in base profit.
        closed_cell: the last offer is never tried in the last stratum.
        unequal_shares: half the rows get the control, the other offers shrink geometrically.
        observational: the offer depends on a feature that also moves profit (a trap).
        truth_seed: starts the coefficients of the truth.
        dials: offers are points of a box (promotions, linear_quadratic); `offers` is not read.
        largest_basket: the largest minimum basket of promotions with dials, money.
    """

    surface: surfaces.Surface = "smooth"
    offers: int = 5
    features: int = 8
    categories: int = 0
    missing: float = 0.0
    tails: Literal["normal", "heavy"] = "normal"
    noise: float = 1.0
    spend_rate: float = 0.01
    arm_effects: float = 0.1
    heterogeneity: float = 1.0
    types: int = 3
    cluster_size: int = 1
    cluster_correlation: float = 0.3
    strata: int = 1
    closed_cell: bool = False
    unequal_shares: bool = False
    observational: bool = False
    truth_seed: int = 0
    dials: bool = False
    largest_basket: float = 60.0


SCENARIOS: Mapping[str, Simulation] = MappingProxyType(
    {
        "null": Simulation(surface="null"),
        "types": Simulation(surface="types", arm_effects=0.0),
        "promotions": Simulation(surface="promotions", offers=13),
        "linear_quadratic": Simulation(surface="linear_quadratic", offers=11, arm_effects=0.0),
        "strata": Simulation(strata=3),
        "clusters": Simulation(cluster_size=4),
        "heavy": Simulation(tails="heavy"),
        "observational": Simulation(observational=True),
        "smooth": Simulation(),
        "promotions_dials": Simulation(surface="promotions", dials=True),
        "quadratic_dial": Simulation(surface="linear_quadratic", arm_effects=0.0, dials=True),
    }
)
"""Named settings (a) to (i) of the method's section on simulation."""


def resolve(kind: str | Simulation, offers: int | None) -> Simulation:
    """Return the settings meant by a scenario's name or by a record, with G put in."""
    if isinstance(kind, str):
        if kind not in SCENARIOS:
            message = f"expected one of {', '.join(SCENARIOS)}; found {kind!r}."
            raise BriefError(blocked("D390", message, "Name a scenario or pass a Simulation."))
        kind = SCENARIOS[kind]
    least = max(MIN_FEATURES, kind.types - 1)
    if kind.surface != "promotions" and kind.features < least:
        message = f"expected features of {least} or more, found {kind.features}."
        raise BriefError(blocked("D391", message, "Ask for more features: the truth reads them."))
    if kind.surface == "promotions" and kind.features < len(promo.NAMES):
        kind = replace(kind, features=len(promo.NAMES))
    return kind if offers is None else replace(kind, offers=offers)


def feature_schema(settings: Simulation) -> FeatureSchema:
    """Return the features that the settings make: x1 .. xp, then group1 .. groupq."""
    if settings.surface == "promotions":
        return promo.promotion_schema(settings.features - len(promo.NAMES))
    p, q = settings.features, settings.categories
    names = tuple(f"x{j + 1}" for j in range(p)) + tuple(f"group{j + 1}" for j in range(q))
    number: Kind = "number"
    category: Kind = "category"
    kinds = (number,) * p + (category,) * q
    return FeatureSchema(names, kinds, ((),) * p + (CATEGORY_LEVELS,) * q)


def offer_names(settings: Simulation) -> tuple[str, ...]:
    """Return the (G,) names of the offers, the control first."""
    if settings.surface == "promotions":
        return promo.promotion_grid(settings.offers).names
    if settings.surface == "linear_quadratic":
        return tuple(f"t = {t:.4g}" for t in surfaces.quadratic_levels(settings.offers))
    return ("control", *(f"offer {g}" for g in range(1, settings.offers)))


def design_shares(settings: Simulation) -> FloatArray:
    """Return (S, G) design probabilities, a function of the settings alone."""
    g = np.arange(settings.offers)
    shares = np.ones((settings.strata, settings.offers))
    if settings.unequal_shares:
        shares = shares * np.where(g == 0, 2.0, 0.75 ** (g - 1))
    for s in range(1, settings.strata):
        shares[s] *= 1.0 + 1.5 * ((g + s) % settings.strata == 0)
    if settings.closed_cell:
        shares[-1, -1] = 0.0
    normalised: FloatArray = shares / shares.sum(axis=1, keepdims=True)
    return normalised

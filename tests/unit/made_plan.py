"""A whole plan without an experiment behind it: every field filled, some of them absent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from made_policy import SCHEMA, made_policy

from handful.errors import Finding
from handful.evidence.records import (
    Estimate,
    FrontierPoint,
    GainSplit,
    Heterogeneity,
    NamedEstimate,
    References,
    Rung,
    Segment,
    Tails,
    Valuation,
    Verdict,
)
from handful.experiment.records import Features
from handful.notation import IntArray
from handful.planning.records import ConstraintUse, ExperimentFacts, OfferFacts, Plan
from handful.policy.policy import assign

ROWS = 500


def estimate(value: float) -> Estimate:
    return Estimate(value, 0.01, value - 0.03, value + 0.03)


def named(value: float, offer: str | None = None) -> NamedEstimate:
    return NamedEstimate(value, 0.01, value - 0.03, value + 0.03, offer)


def made_features(seed: int = 0) -> tuple[Features, IntArray]:
    rng = np.random.default_rng(seed)
    values = np.asfortranarray(rng.normal(size=(ROWS, 3)))
    values[:, 1] = rng.integers(0, 3, ROWS)
    values[rng.random((ROWS, 3)) < 0.05] = np.nan
    return Features(SCHEMA, values), rng.integers(-1, 3, ROWS)


def point(offers: int, menu: tuple[str, ...], share: float | None) -> FrontierPoint:
    value = 0.3 + 0.1 * offers
    return FrontierPoint(
        offers=offers,
        menu=menu,
        value=value,
        se=0.01,
        lo=value - 0.03,
        hi=value + 0.03,
        gain_over_single=estimate(value - 0.4),
        share_of_one_to_one=share,
        claimed=value + 0.1,
        certified_gap=None,
        setup_cost=0.001 * offers,
        net=value - 0.001 * offers,
    )


def made_plan(seed: int = 0, customers: np.ndarray | None = None) -> Plan:
    policy = replace(made_policy(seed), menu=(1, 2))
    features, stratum = made_features(seed)
    facts = ExperimentFacts(
        rows=ROWS,
        customers=ROWS,
        clusters=ROWS,
        offers=tuple(OfferFacts(name, 125, name == "none") for name in policy.model.offers),
        currency="USD",
        data_sha256="a" * 64,
        brief_sha256="b" * 64,
        seed=seed,
        version="0.1.0",
        source="log.csv",
        profit_sql="spend",
        observational=False,
        population=1_000_000.0,
        customer="id",
        columns=(("band", "spend > 3"),),
    )
    return Plan(
        experiment=facts,
        findings=(Finding("C401", "warn", "a little odd.", "Look again.", 3, 0.006),),
        heterogeneity=Heterogeneity("calibration", 2.5, 0.006),
        reference=References(named(0.2), named(0.4, "mail"), named(0.55)),
        frontier=(point(1, ("mail",), None), point(2, ("mail", "voucher"), 0.7)),
        ladder=(
            Rung("one-to-one", ROWS, 4, 0.55, 0.01, 0.52, 0.58, gain=estimate(0.15)),
            Rung("direct mail", None, None, None, None, None, None, why_absent="no such column"),
        ),
        verdict=Verdict(
            "handful",
            2,
            ("mail", "voucher"),
            GainSplit(estimate(0.2), estimate(0.1), estimate(0.3)),
            ("Two offers earn more than any one.",),
        ),
        segments=tuple(
            Segment(name, ROWS // 2, 0.5, estimate(0.5), "age > 3", 0.9, estimate(0.01), "card")
            for name in ("voucher", "mail")
        ),
        tails=Tails(0.2, 0.5, heavy=True, winsorised=(("no_offer", estimate(0.2)),), limits=(0, 9)),
        valuation=Valuation(5, 2, 0.95, 2.4, ROWS, (("same_for_all", 0.25), ("boosted", 0.75))),
        policy=policy,
        customers=np.arange(ROWS) if customers is None else customers,
        assignment=assign(policy, features, stratum),
        constraints=(ConstraintUse("budget", 10.0, 3.0, None),),
    )

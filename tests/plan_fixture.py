"""Plans built by hand, for tests of what is made of a plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from handful.effects.records import EffectsModel
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
from handful.experiment.records import FeatureSchema
from handful.planning.records import ExperimentFacts, OfferFacts, Plan
from handful.policy.records import Assignment, Policy

SCRIPT = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("x")'
CRITICAL = 2.6


def estimate(value: float, se: float) -> Estimate:
    return Estimate(value, se, value - CRITICAL * se, value + CRITICAL * se)


def named(value: float, se: float, offer: str | None = None) -> NamedEstimate:
    return NamedEstimate(value, se, value - CRITICAL * se, value + CRITICAL * se, offer)


def point(offers, menu, value, gain, share, claimed, setup=0.0, gap=0.0) -> FrontierPoint:
    band = estimate(value, 0.03)
    return FrontierPoint(
        offers=offers,
        menu=menu,
        value=value,
        se=band.se,
        lo=band.lo,
        hi=band.hi,
        gain_over_single=gain,
        share_of_one_to_one=share,
        claimed=claimed,
        certified_gap=gap,
        setup_cost=setup,
        net=value - setup,
    )


def rung(name, segments, offers, value, gain) -> Rung:
    band = estimate(value, 0.03)
    return Rung(name, segments, offers, value, band.se, band.lo, band.hi, gain)


def policy(offers: tuple[str, ...], menu: tuple[int, ...], currency: str) -> Policy:
    model = EffectsModel(FeatureSchema((), (), ()), offers, np.zeros(len(offers)), (), None)
    support = np.ones((1, len(offers)), dtype=bool)
    return Policy(model, menu, (), ("",), support, np.zeros(2, dtype=np.int64), currency)


def assignment(n: int) -> Assignment:
    return Assignment(np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64), np.zeros(n))


def facts(offers, currency="USD", population=None, observational=False) -> ExperimentFacts:
    return ExperimentFacts(
        rows=64_000,
        customers=64_000,
        clusters=64_000,
        offers=offers,
        currency=currency,
        data_sha256="9f" * 32,
        brief_sha256="3c" * 32,
        seed=0,
        version="0.1.0",
        source="hillstrom.csv.gz",
        profit_sql="0.30 * spend - CASE WHEN segment = 'No E-Mail' THEN 0 ELSE 0.05 END",
        observational=observational,
        population=population,
    )


def one_offer_plan() -> Plan:
    """Like Hillstrom's: one e-mail for everybody, heavy tails, personalising loses money."""
    mens, womens, none = "Mens E-Mail", "Womens E-Mail", "No E-Mail"
    still = Estimate(0.0, 0.0, 0.0, 0.0)
    frontier = (
        point(1, (mens,), 0.377, still, None, 0.379),
        point(2, (mens, womens), 0.361, estimate(-0.016, 0.011), None, 0.392),
        point(3, (mens, none, womens), 0.359, estimate(-0.018, 0.012), None, 0.401, 0.0005, 0.002),
    )
    return Plan(
        experiment=facts(
            (
                OfferFacts(none, 21_306, True),
                OfferFacts(mens, 21_307, False),
                OfferFacts(womens, 21_387, False),
            ),
            population=2_000_000,
        ),
        findings=(
            Finding(
                "C431",
                "warn",
                "578 of 64,000 rows have any spend; the top 0.1 % of rows carry 31 % of it.",
                "Read the winsorised values beside the raw ones.",
                578,
                0.009,
            ),
            Finding("C402", "note", "Sample ratio as planned (p = 0.91).", ""),
        ),
        heterogeneity=Heterogeneity("held-out calibration of predicted differences", 0.41, 0.341),
        reference=References(named(0.196, 0.026), named(0.377, 0.029, mens), named(0.359, 0.031)),
        frontier=frontier,
        ladder=(
            rung("engaged or not", 2, 2, 0.352, estimate(-0.025, 0.012)),
            Rung(
                "direct-mail segments", None, None, None, None, None, None,
                why_absent="the log has no age or region column",
            ),
            rung("k-means on features", 3, 2, 0.365, estimate(-0.012, 0.009)),
            rung("k-means on effects", 3, 3, 0.356, estimate(-0.021, 0.012)),
            rung("depth-2 policy tree", 4, 2, 0.358, estimate(-0.019, 0.011)),
            rung("one-to-one", None, 3, 0.359, estimate(-0.018, 0.012)),
        ),
        verdict=Verdict(
            "one_offer",
            1,
            (mens,),
            GainSplit(estimate(0.181, 0.029), estimate(0.0, 0.0), estimate(0.181, 0.029)),
            (
                "No menu of two or more offers is shown to earn more than Mens E-Mail for all.",
                "Mens E-Mail earns more than no offer: the whole band of its gain is above zero.",
            ),
        ),
        segments=(
            Segment(
                mens, 64_000, 1.0, estimate(0.377, 0.029), "everybody", 1.0, still,
                "Everybody gets Mens E-Mail.",
            ),
        ),
        tails=Tails(
            0.31,
            0.1,
            True,
            (
                ("no_offer", estimate(0.171, 0.018)),
                ("best_single", estimate(0.318, 0.019)),
                ("menu:2", estimate(0.311, 0.02)),
                ("menu:3", estimate(0.309, 0.02)),
                ("one_to_one", estimate(0.309, 0.02)),
            ),
            (-0.05, 60.0),
        ),
        valuation=Valuation(
            5, 2, 0.95, CRITICAL, 64_000,
            (("same_for_all", 0.86), ("additive", 0.14), ("boosted", 0.0)),
        ),
        policy=policy((none, mens, womens), (1,), "USD"),
        customers=np.arange(3),
        assignment=assignment(3),
    )  # fmt: skip


def handful_plan(offers: tuple[str, str, str] = ("10% off", "Free delivery", "Gift")) -> Plan:
    """Three segments chosen among eight menus; pounds, a set-up cost and a population."""
    rest = tuple(f"Bundle {letter}" for letter in "ABCDE")
    names = (*offers, *rest)
    values = (3.10, 3.42, 3.71, 3.73, 3.735, 3.73, 3.72, 3.71)
    frontier = tuple(
        point(
            k,
            names[:k],
            value,
            estimate(value - 3.10, 0.0 if k == 1 else 0.05),
            (value - 3.10) / 0.62,
            3.15 + 0.16 * k,
            0.002 * k,
            0.0 if k < 5 else 0.004,
        )
        for k, value in enumerate(values, start=1)
    )
    rules = ("basket under £40", "basket £40 or more and region is North", "everybody else")
    sizes = (21_000, 11_400, 7_600)
    segments = tuple(
        Segment(
            offer, size, size / 40_000, estimate(worth, 0.08), rule, fidelity,
            estimate(0.021, 0.011), f"{offer}: {rule}.",
        )
        for offer, size, worth, rule, fidelity in zip(
            offers, sizes, (3.1, 4.2, 0.1), rules, (0.94, 0.91, 0.78), strict=True
        )
    )  # fmt: skip
    return Plan(
        experiment=facts(
            (OfferFacts("No offer", 5_000, True), *(OfferFacts(n, 4_375, False) for n in names)),
            currency="GBP",
            population=500_000,
        ),
        findings=(),
        heterogeneity=Heterogeneity("held-out calibration of predicted differences", 9.3, 0.0002),
        reference=References(named(2.4, 0.03), named(3.1, 0.03, offers[0]), named(3.72, 0.035)),
        frontier=frontier,
        ladder=(
            rung("engaged or not", 2, 2, 3.18, estimate(0.08, 0.04)),
            rung("k-means on effects", 3, 3, 3.6, estimate(0.5, 0.05)),
            rung("depth-2 policy tree", 4, 3, 3.66, estimate(0.56, 0.05)),
            rung("one-to-one", None, 9, 3.72, estimate(0.62, 0.05)),
        ),
        verdict=Verdict(
            "handful",
            3,
            offers,
            GainSplit(estimate(0.7, 0.04), estimate(0.61, 0.05), estimate(1.31, 0.05)),
            ("A menu of 3 earns more than every single offer, after set-up costs.",),
        ),
        segments=segments,
        tails=Tails(0.004, 0.1, False),
        valuation=Valuation(
            5, 2, 0.95, CRITICAL, 40_000, (("same_for_all", 0.1), ("boosted", 0.9))
        ),
        policy=policy(("No offer", *names), (1, 2, 3), "GBP"),
        customers=np.arange(3),
        assignment=assignment(3),
    )


def observational_plan() -> Plan:
    """The handful plan from a log that was not randomised."""
    plan = handful_plan()
    return replace(plan, experiment=replace(plan.experiment, observational=True))


def hostile_plan() -> Plan:
    """The handful plan with offer names that a page or a spreadsheet might run."""
    return handful_plan((SCRIPT, FORMULA, 'x"; DROP TABLE t;--'))

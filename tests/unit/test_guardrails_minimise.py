"""Minimising: the feature that matters stays, noise goes, and without a gain nothing is needed."""

from __future__ import annotations

import numpy as np
import pytest

from handful.effects.crossfit import cross_fit, open_workshop
from handful.effects.folds import make_folds
from handful.effects.records import EffectsModel
from handful.evidence.terms import make_terms
from handful.experiment.records import Design, Experiment, Features, FeatureSchema, SourceFacts
from handful.guardrails.minimise import KEEP, Minimised, minimise
from handful.policy.records import Policy

ROWS = 900
NAMES = ("noise", "real", "copy", "more")


def experiment(effect: float) -> Experiment:
    rng = np.random.default_rng(5)
    values = rng.uniform(0.0, 1.0, (ROWS, 4))
    values[:, 2] = values[:, 1] + rng.normal(0.0, 0.02, ROWS)  # nearly the same thing again
    offer = rng.integers(0, 2, ROWS)
    profit = offer * effect * np.where(values[:, 1] > 0.5, 1.0, -1.0) + rng.normal(0.0, 1.0, ROWS)
    design = Design("design", np.full((1, 2), 0.5), np.full(ROWS, 0.5), np.ones((1, 2), bool))
    return Experiment(
        customers=np.arange(ROWS),
        cluster=np.arange(ROWS),
        stratum=np.zeros(ROWS, int),
        strata=("all",),
        strata_columns=(),
        offer=offer,
        offers=("none", "mail"),
        control=0,
        profit=profit,
        features=Features(
            FeatureSchema(NAMES, ("number",) * 4, ((),) * 4), np.asfortranarray(values)
        ),
        design=design,
        source=SourceFacts("made", "", ROWS, ROWS, "profit"),
    )


def minimised(log: Experiment, menu: tuple[int, ...] = (0, 1)) -> Minimised:
    fold = make_folds(log.cluster, 4, np.random.default_rng(0))
    fit = cross_fit(log, open_workshop(log, fold, learn_rows=5000, random_state=0), fold)
    schema = log.features.schema
    model = EffectsModel(schema, log.offers, np.zeros(2), (), None)
    policy = Policy(model, menu, (), ("all",), np.ones((1, 2), bool), np.zeros(2, int), "USD")
    return minimise(log, fit.scores, make_terms(log, max_offers=2), policy, random_state=1)


@pytest.fixture(scope="module")
def strong() -> Minimised:
    return minimised(experiment(2.0))


def test_one_of_two_twins_is_kept_and_noise_goes(strong: Minimised) -> None:
    assert strong.proven
    assert len(strong.needed) == 1
    assert strong.needed[0] in {"real", "copy"}
    assert set(strong.needed) | set(strong.not_needed) == set(NAMES)
    assert not set(strong.needed) & set(strong.not_needed)


def test_the_curve_runs_from_all_to_none_and_the_kept_size_keeps_its_share(
    strong: Minimised,
) -> None:
    assert [point.features for point in strong.curve] == [4, 3, 2, 1, 0]
    gains = {point.features: point.gain for point in strong.curve}
    assert gains[0].value == gains[0].se == 0.0
    assert gains[len(strong.needed)].value >= KEEP * gains[4].value
    assert all(g.lo <= g.value <= g.hi for g in gains.values())
    assert 0.5 < gains[4].value < 1.5  # the truth is one: half the customers gain two


def test_without_a_gain_nothing_is_needed() -> None:
    found = minimised(experiment(0.0))
    assert not found.proven
    assert (found.needed, set(found.not_needed)) == ((), set(NAMES))


def test_one_offer_needs_no_feature() -> None:
    found = minimised(experiment(2.0), menu=(1,))
    assert (found.needed, found.not_needed, found.curve) == ((), NAMES, ())

"""A small policy with everything in it: numbers, categories, trees, strata, closed offers."""

from __future__ import annotations

import numpy as np

from handful.effects.records import EffectsModel, Forest, Term
from handful.experiment.records import Features, FeatureSchema
from handful.policy.records import Policy

SCHEMA = FeatureSchema(
    names=("age", "zip", "spend"),
    kinds=("number", "category", "number"),
    levels=((), ("rural", "suburban", "urban"), ()),
)
OFFERS = ("none", "mail", "voucher", "gift")


def made_forest(rng: np.random.Generator, trees: int, offers: int) -> Forest:
    """Trees of seven nodes: two levels of splits, four leaves."""
    feature, threshold, left, right = [], [], [], []
    for tree in range(trees):
        base, leaf = 7 * tree, 4 * tree
        split = rng.integers(0, 3, size=3)
        feature += [*split.tolist(), -1, -1, -1, -1]
        cut = np.where(split == 1, rng.integers(0, 3, 3), np.round(rng.normal(size=3), 1))
        threshold += [*cut.tolist(), 0.0, 0.0, 0.0, 0.0]
        left += [base + 1, base + 3, base + 5, leaf, leaf + 1, leaf + 2, leaf + 3]
        right += [base + 2, base + 4, base + 6, 0, 0, 0, 0]
    return Forest(
        roots=np.arange(trees) * 7,
        feature=np.array(feature),
        threshold=np.array(threshold, dtype=np.float32),
        left=np.array(left),
        right=np.array(right),
        missing_left=rng.random(7 * trees) < 0.5,
        leaves=rng.normal(size=(4 * trees, offers)),
    )


def made_model(seed: int = 0) -> EffectsModel:
    rng = np.random.default_rng(seed)
    offers = len(OFFERS)
    terms = (
        Term(
            feature=0,
            edges=np.array([-1.0, 0.0, 0.5]),
            table=rng.normal(size=(5, offers)),
            slope=rng.normal(size=offers),
            low=-1.5,
            high=2.0,
            centre=0.1,
        ),
        Term(
            feature=1,
            edges=np.empty(0),
            table=rng.normal(size=(4, offers)),
            slope=np.zeros(offers),
            low=0.0,
            high=0.0,
            centre=0.0,
        ),
    )
    return EffectsModel(SCHEMA, OFFERS, rng.normal(size=offers), terms, made_forest(rng, 3, offers))


def made_policy(seed: int = 0) -> Policy:
    support = np.ones((3, 4), dtype=np.bool_)
    support[1, 1:] = False
    support[2, 3] = False
    return Policy(
        model=made_model(seed),
        menu=(1, 2, 3),
        strata_columns=("quarter",),
        strata=("q1", "q2", "q3"),
        support=support,
        fallback=np.array([0, 0, 0, 0]),
        currency="USD",
    )


def made_features(rows: int = 400, seed: int = 1) -> Features:
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(size=(rows, 3)), 1)
    values[:, 1] = rng.integers(0, 3, size=rows)
    values[rng.random((rows, 3)) < 0.1] = np.nan
    return Features(SCHEMA, np.asfortranarray(values))


def labelled(features: Features, row: int) -> dict[str, object]:
    """One customer as a decision server would be sent it."""
    entry: dict[str, object] = {}
    schema = features.schema
    for column, (name, levels) in enumerate(zip(schema.names, schema.levels, strict=True)):
        value = features.values[row, column].item()
        entry[name] = levels[int(value)] if levels and value == value else value
    return entry

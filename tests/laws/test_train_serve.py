"""The law of serving: the plain reader, the vectorised policy and the artefact decide alike.

Models are made to be awkward: coefficients that tie, values exactly on an edge or a threshold,
missing values, levels never seen, numbers beyond single precision, strata never seen.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.effects.predict import predict_profit
from handful.effects.records import EffectsModel, Forest, Term
from handful.experiment.records import Features, FeatureSchema
from handful.policy.artefact import read_policy, write_policy
from handful.policy.decide import decide
from handful.policy.policy import assign
from handful.policy.records import REASONS, GiveWay, Policy

CUTS = (-1.0, 0.0, 0.1, 0.25, 3.0, 16_777_217.0)
MONEY = st.sampled_from((-1.0, 0.0, 0.0, 0.1, 0.2, 0.3, 1.0, 1e15, -1e15))
NUMBERS = st.one_of(
    st.sampled_from((*CUTS, math.nan, math.inf, -math.inf, 1e300, -1e300, -0.0, 5e-324)),
    st.floats(),
)
LEVELS = ("", "a", "b", "1.0")


def _money(draw: st.DrawFn, *shape: int) -> np.ndarray:
    size = math.prod(shape)
    return np.array(draw(st.lists(MONEY, min_size=size, max_size=size))).reshape(shape)


@st.composite
def schemas(draw: st.DrawFn) -> FeatureSchema:
    kinds = tuple(draw(st.lists(st.sampled_from(("number", "category")), min_size=1, max_size=4)))
    levels = tuple(LEVELS if kind == "category" else () for kind in kinds)
    return FeatureSchema(tuple(f"x{column}" for column in range(len(kinds))), kinds, levels)


@st.composite
def terms(draw: st.DrawFn, schema: FeatureSchema, offers: int) -> Term:
    feature = draw(st.integers(0, len(schema.names) - 1))
    if schema.kinds[feature] == "category":
        table = _money(draw, len(LEVELS) + 1, offers)
        return Term(feature, np.empty(0), table, np.zeros(offers), 0.0, 0.0, 0.0)
    edges = np.array(sorted(draw(st.lists(st.sampled_from(CUTS), max_size=4))))
    low, high = sorted(draw(st.lists(st.sampled_from(CUTS), min_size=2, max_size=2)))
    table, slope = _money(draw, edges.size + 2, offers), _money(draw, offers)
    return Term(feature, edges, table, slope, low, high, draw(st.sampled_from(CUTS)))


@st.composite
def forests(draw: st.DrawFn, schema: FeatureSchema, offers: int) -> Forest:
    nodes: list[tuple[int, float, int, int, bool]] = []
    leaves = 0

    def grow(depth: int) -> int:
        nonlocal leaves
        here = len(nodes)
        nodes.append((-1, 0.0, leaves, 0, False))
        if depth == 0 or draw(st.booleans()):
            leaves += 1
            return here
        feature = draw(st.integers(0, len(schema.names) - 1))
        category = schema.kinds[feature] == "category"
        cut = draw(st.sampled_from((0.0, 1.0, 2.0) if category else CUTS))
        left, right = grow(depth - 1), grow(depth - 1)
        nodes[here] = (feature, cut, left, right, draw(st.booleans()))
        return here

    roots = [grow(3) for _ in range(draw(st.integers(1, 3)))]
    feature, threshold, left, right, missing_left = zip(*nodes, strict=True)
    return Forest(
        roots=np.array(roots),
        feature=np.array(feature),
        threshold=np.array(threshold, dtype=np.float32),
        left=np.array(left),
        right=np.array(right),
        missing_left=np.array(missing_left),
        leaves=_money(draw, leaves, offers),
    )


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    schema = draw(schemas())
    offers = draw(st.integers(1, 4))
    strata = draw(st.integers(1, 3))
    codes = st.integers(0, offers - 1)
    support = draw(st.lists(st.booleans(), min_size=strata * offers, max_size=strata * offers))
    fallback = draw(st.lists(codes, min_size=strata + 1, max_size=strata + 1))
    menu = tuple(sorted(draw(st.sets(codes, min_size=1))))
    return Policy(
        model=EffectsModel(
            schema=schema,
            offers=tuple(f"offer {code}" for code in range(offers)),
            constant=_money(draw, offers),
            terms=tuple(draw(st.lists(terms(schema, offers), max_size=3))),
            forest=draw(st.none() | forests(schema, offers)),
        ),
        menu=menu,
        strata_columns=("s",) if strata > 1 else (),
        strata=tuple(f"s{stratum}" for stratum in range(strata)),
        support=np.array(support).reshape(strata, offers),
        fallback=np.array(fallback),
        currency="USD",
        give_way=None if len(menu) < 2 else draw(st.none() | gives_way(menu, offers)),
    )


@st.composite
def gives_way(draw: st.DrawFn, menu: tuple[int, ...], offers: int) -> GiveWay:
    """Offers that compete and one of the menu that stands in for those not on it."""
    default = draw(st.sampled_from(menu))
    more = draw(st.sets(st.integers(0, offers - 1)))
    return GiveWay(tuple(sorted({*menu} - {default} | more)), default)


@st.composite
def customers(draw: st.DrawFn, schema: FeatureSchema) -> list[dict[str, object]]:
    label = st.sampled_from((*LEVELS, "never seen", None))
    fields = {
        name: label if kind == "category" else NUMBERS | st.none()
        for name, kind in zip(schema.names, schema.kinds, strict=True)
    }
    return draw(st.lists(st.fixed_dictionaries(fields), min_size=1, max_size=12))


def _columns(schema: FeatureSchema, rows: list[dict[str, object]]) -> Features:
    values = np.full((len(rows), len(schema.names)), np.nan, order="F")
    for column, (name, levels) in enumerate(zip(schema.names, schema.levels, strict=True)):
        for place, row in enumerate(rows):
            value = row[name]
            if levels:
                values[place, column] = levels.index(value) if value in levels else np.nan
            elif value is not None and math.isfinite(value):  # infinity is read as missing
                values[place, column] = value
    return Features(schema, values)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_plain_and_vectorised_decisions_agree(data: st.DataObject) -> None:
    policy = data.draw(policies())
    rows = data.draw(customers(policy.model.schema))
    strata = len(policy.strata)
    code = st.integers(-1 if strata > 1 else 0, strata - 1)
    stratum = np.array(data.draw(st.lists(code, min_size=len(rows), max_size=len(rows))))
    decided = assign(policy, _columns(policy.model.schema, rows), stratum)
    for place, row in enumerate(rows):
        label = "never seen" if stratum[place] < 0 else policy.strata[stratum[place]]
        one = decide(policy, row, label)
        assert one.offer == policy.model.offers[decided.offer[place]]
        assert one.reason == REASONS[int(decided.reason[place])]
        assert one.expected_profit == decided.expected_profit[place]


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_the_artefact_decides_as_the_policy_it_was_made_from(data: st.DataObject) -> None:
    policy = data.draw(policies())
    features = _columns(policy.model.schema, data.draw(customers(policy.model.schema)))
    with tempfile.TemporaryDirectory() as folder:
        write_policy(policy, Path(folder), features, None)
        back = read_policy(Path(folder))
    assert np.array_equal(
        predict_profit(back.model, features), predict_profit(policy.model, features)
    )
    stratum = np.zeros(features.values.shape[0], dtype=np.int64)
    first, second = assign(policy, features, stratum), assign(back, features, stratum)
    assert np.array_equal(first.offer, second.offer)
    assert np.array_equal(first.reason, second.reason)
    assert np.array_equal(first.expected_profit, second.expected_profit)

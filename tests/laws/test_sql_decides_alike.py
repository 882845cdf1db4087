"""The law of export: SQL run by a database decides every row as the policy and its reader do."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from handful.data import demo_path
from handful.delivery.sql_script import ScriptSource, policy_script
from handful.effects.records import EffectsModel, Term
from handful.experiment.records import Features, FeatureSchema
from handful.experiment.sources import stream_customers
from handful.policy.artefact import read_policy, write_policy
from handful.policy.decide import decide
from handful.policy.policy import assign
from handful.policy.records import GiveWay, Policy, RuleTree, Split
from handful.policy.rules import best_tree

CUTS = (-1e300, -1.0, 0.0, 0.1, 0.25, 3.0, 1e22)
LEVELS = ("", "a", "it's", 'b"c', "1.0")
OFFERS = ("none", "it's mail", 'x"; DROP TABLE t;--')
NAMES = ('odd "name"', "it's; --", "Größe", "select")
KINDS = ("number", "category", "number", "category")
SCHEMA = FeatureSchema(NAMES, KINDS, tuple(LEVELS if kind == "category" else () for kind in KINDS))
STRATA = ("it's | 1", "b | (missing)")
NUMBERS = st.one_of(
    st.none(),
    st.sampled_from((*CUTS, math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308)),
    st.floats(),
)
MONEY = st.sampled_from((-1.0, -0.0, 0.0, 0.1, 0.2, 0.3, 1e15, -1e15, 5e-324))


@st.composite
def questions(draw: st.DrawFn) -> Split | None:
    if draw(st.integers(0, 3)) == 0:
        return None
    feature = draw(st.integers(0, 3))
    test = draw(st.sampled_from(("is" if KINDS[feature] == "category" else "over", "missing")))
    if test == "missing":
        return Split(feature, "missing", 0.0, True, True)
    value = float(draw(st.integers(0, len(LEVELS) - 1))) if test == "is" else None
    cut = draw(st.sampled_from((*CUTS, -0.0))) if value is None else value
    return Split(feature, test, cut, draw(st.booleans()), True)


@st.composite
def rules(draw: st.DrawFn) -> RuleTree:
    depth = draw(st.integers(1, 3))
    asked = tuple(draw(questions()) for _ in range(2**depth - 1))
    return RuleTree(asked, tuple(draw(st.integers(0, 2)) for _ in range(2**depth)), 0.0)


@st.composite
def terms(draw: st.DrawFn) -> Term:
    def money(*shape: int) -> np.ndarray:
        size = math.prod(shape)
        return np.array(draw(st.lists(MONEY, min_size=size, max_size=size))).reshape(shape)

    feature = draw(st.integers(0, 3))
    if KINDS[feature] == "category":
        return Term(feature, np.empty(0), money(len(LEVELS) + 1, 3), np.zeros(3), 0.0, 0.0, 0.0)
    edges = np.array(sorted(draw(st.lists(st.sampled_from(CUTS[1:]), max_size=4))))
    low, high = sorted(draw(st.lists(st.sampled_from(CUTS[1:]), min_size=2, max_size=2)))
    return Term(
        feature,
        edges,
        money(edges.size + 2, 3),
        money(3),
        low,
        high,
        draw(st.sampled_from(CUTS[1:])),
    )


@st.composite
def policies(draw: st.DrawFn, *, by_rule: bool) -> Policy:
    parts = () if by_rule else tuple(draw(st.lists(terms(), max_size=3)))
    constant = np.array([draw(MONEY) for _ in OFFERS])
    menu = tuple(sorted(draw(st.sets(st.integers(0, 2), min_size=1))))
    strata = STRATA if draw(st.booleans()) else ("all",)
    rule = draw(rules()) if by_rule else None
    return Policy(
        model=EffectsModel(SCHEMA, OFFERS, constant, parts, None),
        menu=(0, 1, 2) if by_rule else menu,
        strata_columns=("stratum a", "stratum b") if len(strata) > 1 else (),
        strata=strata,
        support=np.array([[draw(st.booleans()) for _ in OFFERS] for _ in strata]),
        fallback=np.array([draw(st.integers(0, 2)) for _ in range(len(strata) + 1)]),
        currency="USD",
        rule=rule,
        give_way=None if by_rule or len(menu) < 2 else draw(st.none() | gives_way(menu)),
    )


@st.composite
def gives_way(draw: st.DrawFn, menu: tuple[int, ...]) -> GiveWay:
    """Offers that compete and one of the menu that stands in for those not on it."""
    default = draw(st.sampled_from(menu))
    more = draw(st.sets(st.integers(0, 2)))
    return GiveWay(tuple(sorted({*menu} - {default} | more)), default)


ROWS = st.lists(
    st.tuples(
        NUMBERS,
        st.sampled_from((None, *LEVELS, "never seen")),
        NUMBERS,
        st.sampled_from((None, *LEVELS, "A")),
        st.sampled_from((None, "it's", "b", "c")),
        st.sampled_from((None, "1", "2")),
    ),
    min_size=1,
    max_size=30,
)


def _table(rows: list[tuple[object, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True))
    kinds = (pa.float64(), pa.string(), pa.float64(), pa.string(), pa.string(), pa.string())
    names = (*NAMES, "stratum a", "stratum b")
    return pa.table(
        {name: pa.array(list(c), k) for name, c, k in zip(names, columns, kinds, strict=True)}
    )


def _by_database(policy: Policy, table: pa.Table) -> list[str]:
    statement = policy_script(policy, policy.rule, ScriptSource("all customers", None, {}), ["x"])
    with duckdb.connect() as engine:
        engine.register("arrow", table)
        engine.execute('CREATE TABLE "all customers" AS SELECT * FROM arrow')
        found = engine.execute(statement).fetchall()
    return [offer for _, offer in sorted(found)]


def _by_policy(policy: Policy, table: pa.Table) -> list[str]:
    offers: list[str] = []
    for block in stream_customers(
        table,
        schema=policy.model.schema,
        strata_columns=policy.strata_columns,
        strata=policy.strata,
    ):
        stratum = np.where(block.stratum < len(policy.strata), block.stratum, -1)
        decided = assign(policy, block.features, stratum)
        offers += [policy.model.offers[code] for code in decided.offer]
    return offers


def _one_by_one(policy: Policy, table: pa.Table) -> list[str]:
    found = []
    for row in table.to_pylist():
        label = None
        if policy.strata_columns:
            parts = [row[name] for name in policy.strata_columns]
            label = " | ".join("(missing)" if part is None else part for part in parts)
        found.append(decide(policy, row, label).offer)
    return found


@settings(max_examples=40, deadline=None)
@given(policy=policies(by_rule=True), rows=ROWS)
def test_a_rule_decides_alike_as_sql_many_and_one(policy: Policy, rows: list) -> None:
    table = _table(rows)
    decided = _by_policy(policy, table)
    assert _by_database(policy, table) == decided
    assert _one_by_one(policy, table) == decided


@settings(max_examples=40, deadline=None)
@given(policy=policies(by_rule=False), rows=ROWS)
def test_an_additive_model_decides_alike_as_sql(policy: Policy, rows: list) -> None:
    table = _table(rows)
    assert _by_database(policy, table) == _by_policy(policy, table)


@settings(max_examples=15, deadline=None)
@given(policy=policies(by_rule=True))
def test_the_artefact_keeps_the_rule(policy: Policy) -> None:
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "policy"
        write_policy(policy, folder, Features(SCHEMA, np.zeros((1, 4))), np.zeros(1, np.int64))
        assert read_policy(folder).rule == policy.rule


def test_every_row_of_hillstrom(tmp_path: Path) -> None:
    names = ("recency", "history", "mens", "womens", "zip_code", "newbie", "channel")
    listed = ", ".join(names)
    source = demo_path("hillstrom").with_name("hillstrom.csv.gz")
    with duckdb.connect() as engine:
        log = engine.sql(
            f"SELECT {listed}, segment, visit FROM read_csv('{source}')"
        ).to_arrow_table()
    kinds = tuple("category" if name in {"zip_code", "channel"} else "number" for name in names)
    levels = tuple(
        tuple(sorted(set(log[name].to_pylist()))) if kind == "category" else ()
        for name, kind in zip(names, kinds, strict=True)
    )
    schema = FeatureSchema(names, kinds, levels)
    block = next(iter(stream_customers(log, schema=schema)))
    offers = ("No E-Mail", "Mens E-Mail", "Womens E-Mail")
    received = np.array([offers.index(name) for name in log["segment"].to_pylist()])
    earned = log["visit"].to_numpy() - np.where(received > 0, 0.06, 0.0)
    scores = np.zeros((log.num_rows, 3))
    scores[np.arange(log.num_rows), received] = 3.0 * earned
    rule = best_tree(scores, block.features, (0, 1, 2))
    policy = Policy(
        EffectsModel(schema, offers, np.zeros(3), (), None),
        (0, 1, 2), (), ("all",), np.ones((1, 3), bool), np.zeros(2, np.int64), "USD", rule,
    )  # fmt: skip
    write_policy(policy, tmp_path / "policy", block.features, None)
    decided = _by_policy(read_policy(tmp_path / "policy"), log)
    assert len(decided) == 64_000
    assert len(set(decided)) == 3
    assert _by_database(policy, log) == decided

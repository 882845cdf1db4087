"""The data-use manifest: what is traced is what is read, and no edit goes unseen."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from handful.brief.reader import read_brief
from handful.delivery.manifest_json import manifest_document, verify_manifest, write_manifest
from handful.delivery.plan_json import dump_document
from handful.delivery.report.manifest_page import render_manifest
from handful.effects.records import EffectsModel, Forest, Term
from handful.experiment.log import load_experiment
from handful.experiment.records import Features, FeatureSchema
from handful.guardrails.tracing import artefact_reads, trace_policy
from handful.guardrails.uniqueness import bins_of, crowds
from handful.planning.records import Plan
from handful.planning.run import make_plan
from handful.policy.artefact import write_policy
from handful.policy.records import Chance, GiveWay, Policy
from made_shop import write_brief, write_shop

SCHEMA = FeatureSchema(("a", "b", "c", "d"), ("number", "number", "category", "number"),
                       ((), (), ("x", "y"), ()))  # fmt: skip


def term(feature: int, tables: list[list[float]], slope: tuple[float, float] = (0.0, 0.0)) -> Term:
    edges = np.array([5.0] if feature != 2 else [])
    return Term(feature, edges, np.array(tables), np.array(slope), 0.0, 10.0, 5.0)


def policy(*terms: Term, forest: Forest | None = None, menu: tuple[int, ...] = (0, 1)) -> Policy:
    model = EffectsModel(SCHEMA, ("none", "mail"), np.zeros(2), terms, forest)
    fallback = np.zeros(2, int)
    return Policy(model, menu, (), ("all",), np.ones((1, 2), bool), fallback, "EUR")


def stump(feature: int, left: list[float], right: list[float]) -> Forest:
    """One tree with one question about a feature."""
    return Forest(
        roots=np.array([0]),
        feature=np.array([feature, -1, -1]),
        threshold=np.array([5.0, 0.0, 0.0], dtype=np.float32),
        left=np.array([1, 0, 1]),
        right=np.array([2, 0, 0]),
        missing_left=np.zeros(3, bool),
        leaves=np.array([left, right]),
    )


def customers(n: int = 400) -> Features:
    rng = np.random.default_rng(3)
    values = np.column_stack(
        [rng.uniform(0, 10, n), rng.uniform(0, 10, n), rng.integers(0, 2, n), rng.uniform(0, 9, n)]
    )
    return Features(SCHEMA, np.asfortranarray(values))


SAME = term(1, [[0.0, 0.0], [3.0, 3.0], [-2.0, -2.0]])  # moves both offers alike
SMALL = term(2, [[0.0, 0.0], [0.0, 1e-6], [0.0, 0.0]])  # never outweighs the other
BIG = term(0, [[0.0, 0.0], [0.0, -1.0], [0.0, 1.0]])


def test_a_term_that_moves_all_offers_alike_is_not_read() -> None:
    assert artefact_reads(policy(BIG, SAME)) == {0}


def test_a_menu_of_one_reads_nothing() -> None:
    assert artefact_reads(policy(BIG, forest=stump(3, [0, 1], [1, 0]), menu=(1,))) == frozenset()


def test_trees_are_read_only_where_leaves_tell_offers_apart() -> None:
    assert artefact_reads(policy(forest=stump(3, [0.0, 1.0], [1.0, 0.0]))) == {3}
    assert artefact_reads(policy(forest=stump(3, [0.5, 1.0], [1.5, 2.0]))) == frozenset()


def test_a_field_that_only_tells_an_offer_that_gives_way_is_read() -> None:
    tables = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 0.0, 1.0]])
    told = Term(0, np.array([5.0]), tables, np.zeros(3), 0.0, 10.0, 5.0)
    worth = np.array([-9.0, 0.0, 0.0])
    model = EffectsModel(SCHEMA, ("none", "mail", "call"), worth, (told,), None)
    open_cells, fallback = np.ones((1, 3), bool), np.zeros(2, int)
    made = Policy(model, (0, 1), (), ("all",), open_cells, fallback, "EUR")
    made = replace(made, give_way=GiveWay((1, 2), 0))
    known = trace_policy(made, customers(), np.zeros(400, int)).of("a")
    assert artefact_reads(made) == {0}
    assert known is not None
    assert known.status == "decides"
    assert len(np.unique(bins_of(made, 0, customers().values[:, 0]))) == 2


def test_tracing_tells_deciding_from_idle_from_unread() -> None:
    log = customers()
    traced = trace_policy(policy(BIG, SAME, SMALL), log, np.zeros(400, int))
    assert {use.field: use.status for use in traced.uses} == {
        "a": "decides",
        "b": "asked for but never read",
        "c": "read but never decides",
        "d": "asked for but never read",
    }
    assert traced.agrees
    decides = traced.of("a")
    assert decides is not None
    assert 0.4 < decides.changed < 0.6
    assert [name for name, _ in decides.by_offer] == ["none", "mail"]


def test_tracing_leaves_the_features_as_they_were() -> None:
    log = customers()
    before = log.values.copy()
    trace_policy(policy(BIG), log, np.zeros(400, int))
    assert np.array_equal(before, log.values)


def test_what_is_drawn_by_chance_is_not_laid_at_a_field() -> None:
    drawn = replace(policy(SAME), chance=Chance(0.5, (0, 1), "salt"))
    traced = trace_policy(drawn, customers(), np.zeros(400, int))
    assert not any(use.decides for use in traced.uses)


def test_customers_alike_to_the_policy_share_a_bin() -> None:
    values = np.array([1.0, 4.9, 5.0, 5.1, 9.0, np.nan])
    assert bins_of(policy(BIG), 0, values).tolist() == [1, 1, 1, 2, 2, 0]  # x <= 5 is one bin
    tree = policy(forest=stump(0, [0.0, 1.0], [1.0, 0.0]))
    assert bins_of(tree, 0, values).tolist() == [1, 1, 2, 2, 2, 0]  # x < 5 is one
    line = policy(term(0, [[0.0, 0.0]] * 3, (0.0, 1.0)))
    assert len(set(bins_of(line, 0, values).tolist())) == 6


def test_the_meter_rises_as_features_are_added() -> None:
    both = policy(BIG, SMALL, term(3, [[0.0, 0.0]] * 3, (0.0, 1.0)))
    readings = crowds(both, customers())
    assert [r.feature for r in readings] == ["a", "c", "d"]
    assert [r.paths for r in readings][:2] == [2, 4]
    assert readings[0].effective > readings[1].effective > readings[2].effective
    assert readings[-1].unique > 0.99
    assert readings[0].smallest > 150


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("shop")
    write_shop(folder, rows=1500)
    told = """
[columns]
late = "recency > 12"
[guardrails]
purpose = "choosing offers"
[guardrails.provenance]
late = {how = "observed", source = "orders", words = "<b>when you last ordered</b>"}
"""
    brief = read_brief(write_brief(folder, told))
    return make_plan(load_experiment(brief), brief=brief)


def test_the_fields_that_decide_have_a_worth_and_its_interval(shop: Plan) -> None:
    assert shop.data_use is not None
    by_name = {field.field: field for field in shop.data_use.fields}
    deciding = [field for field in by_name.values() if field.status == "decides"]
    assert deciding
    assert set(by_name) == {"recency", "history", "city", "late"}
    worth = max(field.worth.value for field in deciding if field.worth)
    assert worth > 0.5  # scrambling the week of the last order costs about two
    assert all(f.worth and f.worth.lo <= f.worth.value <= f.worth.hi for f in deciding)
    assert by_name["late"].made_from == "recency > 12"


def stored(shop: Plan, folder: Path) -> Path:
    schema = shop.policy.model.schema
    features = Features(schema, np.zeros((20, len(schema.names)), order="F"))
    write_policy(shop.policy, folder / "policy", features, None)
    assert shop.data_use is not None
    write_manifest(shop.data_use, folder)
    return folder


def test_a_manifest_as_written_is_verified(shop: Plan, tmp_path: Path) -> None:
    assert verify_manifest(stored(shop, tmp_path)) == ()


def edited(folder: Path, **changes: object) -> list[str]:
    path = folder / "manifest.json"
    document = json.loads(path.read_text("utf-8")) | changes
    path.write_text(dump_document(document), "utf-8")
    return [finding.code for finding in verify_manifest(folder)]


def test_every_edit_of_a_manifest_is_found(shop: Plan, tmp_path: Path) -> None:
    folder = stored(shop, tmp_path)
    assert edited(folder, purpose="anything") == ["G061"]
    assert edited(folder, purpose="choosing offers") == []
    assert edited(folder, policy_sha256="0" * 64) == ["G061", "G062"]
    assert edited(folder, fields=[])[0] == "G061"
    (folder / "manifest.json").write_text("[1]", "utf-8")
    assert [finding.code for finding in verify_manifest(folder)] == ["G060"]
    (folder / "manifest.json").unlink()
    assert [finding.code for finding in verify_manifest(folder)] == ["G060"]


def test_a_manifest_made_anew_cannot_leave_out_what_is_read(shop: Plan, tmp_path: Path) -> None:
    folder = stored(shop, tmp_path)
    assert shop.data_use is not None
    less = replace(shop.data_use, fields=())
    write_manifest(less, folder)
    assert [finding.code for finding in verify_manifest(folder)] == ["G063"]


def test_the_page_says_it_plainly_and_escapes(shop: Plan) -> None:
    assert shop.data_use is not None
    page = render_manifest(manifest_document(shop.data_use, "0" * 64))
    assert page == render_manifest(manifest_document(shop.data_use, "0" * 64))
    assert "What we use about you and why" in page
    assert "&lt;b&gt;when you last ordered" in page
    assert "<b>when" not in page
    assert "<script" not in page
    assert "guardrails.contact" in page  # nobody said where to say no: the page says so
    assert "ZQX-" not in page


def test_a_plan_with_one_offer_uses_nothing(tmp_path: Path) -> None:
    write_shop(tmp_path, rows=600)
    brief = read_brief(write_brief(tmp_path))
    brief = replace(brief, menu=replace(brief.menu, max_offers=1))
    plan = make_plan(load_experiment(brief), brief=brief)
    assert plan.data_use is not None
    assert {field.status for field in plan.data_use.fields} == {"asked for but never read"}
    assert "Everybody gets the same offer" in render_manifest(
        manifest_document(plan.data_use, "0" * 64)
    )

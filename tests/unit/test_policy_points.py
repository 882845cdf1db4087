from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from handful.effects.records import EffectsModel
from handful.experiment.records import Features, FeatureSchema
from handful.experiment.simulate import simulate
from handful.planning.assignment_table import assignment_table
from handful.planning.facts import experiment_facts, offer_points
from handful.policy.artefact import read_policy, write_policy
from handful.policy.decide import decide
from handful.policy.points import offer_entry, offer_name, read_points, values_of
from handful.policy.records import Assignment, OfferPoints, Policy
from handful.policy.soundness import unsound

SCHEMA = FeatureSchema(("age",), ("number",), ((),))
OFFERS = ("no offer", "rate 7.75, site east", "rate 8, site west")
POINTS = OfferPoints(("rate", "site"), (None, (7.75, "east"), (8.0, "west")))


def policy(points=POINTS, best=1):
    constant = np.zeros(3)
    constant[best] = 1.0
    model = EffectsModel(SCHEMA, OFFERS, constant, (), None)
    support = np.ones((1, 3), dtype=bool)
    return Policy(
        model, (0, 1, 2), (), ("all",), support, np.zeros(2, np.int64), "USD", points=points
    )


def test_a_decision_carries_the_values_of_its_offer():
    assert decide(policy(), {"age": 1}, None).values == {"rate": 7.75, "site": "east"}
    assert decide(policy(best=0), {"age": 1}, None).values is None
    assert decide(policy(points=None), {"age": 1}, None).values is None


def test_an_artefact_keeps_its_points(tmp_path):
    probe = Features(SCHEMA, np.asfortranarray([[1.0], [2.0]]))
    write_policy(policy(), tmp_path / "p", probe, None)
    assert read_policy(tmp_path / "p").points == POINTS
    write_policy(policy(points=None), tmp_path / "q", probe, None)
    assert "points" not in (tmp_path / "q" / "manifest.json").read_text()


@pytest.mark.parametrize(
    ("points", "fault"),
    [
        (OfferPoints(("a",), (None, (1.0,))), "expected 3 points"),
        (OfferPoints(("a", "a"), (None,) * 3), "all different"),
        (OfferPoints(("a",), (None, (1.0, 2.0), None)), "a value for every dial"),
        (OfferPoints(("a",), (None, (1.0,), ("x",))), "both numbers and levels"),
        (OfferPoints(("a",), (None, (float("nan"),), None)), "not finite"),
    ],
)
def test_points_that_are_not_sound_are_told(points, fault):
    assert any(fault in said for said in unsound(policy(points)))
    assert unsound(policy()) == []


@pytest.mark.parametrize(
    "entry", [[], {"dials": ["a"]}, {"dials": [1], "values": []}, {"dials": ["a"], "values": 3},
              {"dials": ["a"], "values": [3]}, {"dials": ["a"], "values": [[True]]}],
)  # fmt: skip
def test_points_of_a_manifest_are_checked(entry):
    with pytest.raises(ValueError, match="expected"):
        read_points(entry)


def test_plan_json_writes_values_and_reads_them_back():
    entries = [offer_entry(POINTS, OFFERS, name) for name in OFFERS]
    assert entries == ["no offer", {"rate": 7.75, "site": "east"}, {"rate": 8, "site": "west"}]
    assert isinstance(entries[2]["rate"], int)
    assert tuple(offer_name(POINTS, OFFERS, entry) for entry in entries) == OFFERS
    assert offer_entry(None, ("a",), "a") == "a"
    assert values_of(None, 0) is None


def test_a_table_has_a_column_for_each_dial():
    decided = Assignment(np.array([2, 0, 1]), np.zeros(3, int), np.zeros(3))
    table = assignment_table(np.arange(3), decided, OFFERS, {}, POINTS)
    assert table.column_names[-2:] == ["rate", "site"]
    assert table["rate"].to_pylist() == [8.0, None, 7.75]
    assert table["site"].to_pylist() == ["west", None, "east"]
    assert table.schema.field("rate").type == pa.float64()
    named = replace(POINTS, dials=("offer", "site"))
    again = assignment_table(np.arange(3), decided, OFFERS, {}, named)
    assert again["offer"].to_pylist() == [OFFERS[2], OFFERS[0], OFFERS[1]]
    assert again["dial_offer"].to_pylist() == [8.0, None, 7.75]


def test_facts_of_an_experiment_tell_the_values_of_its_candidates():
    log = simulate("promotions_dials", n=2_000).experiment
    points = offer_points(log)
    assert points.values[0] is None
    assert dict(zip(points.dials, points.values[1], strict=True)) == {
        "discount": log.dials.candidates[1, 0],
        "minimum_basket": log.dials.candidates[1, 1],
    }
    facts = experiment_facts(log, 0, None)
    assert facts.offers[0].values is None
    assert set(facts.offers[1].values) == {"discount", "minimum_basket"}

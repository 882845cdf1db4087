"""plan.json says the plan exactly, in one order, without NaN, as its schema promises."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_plan import made_plan

from handful.delivery.plan_json import dump_document, load_document, plain, plan_document
from handful.evidence.records import Heterogeneity, References

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "plan.schema.json").read_text(encoding="utf-8")
)

CONTRACT = {
    "experiment": "rows customers clusters offers currency data_sha256 brief_sha256 seed version",
    "heterogeneity": "test statistic p_value",
    "reference": "no_offer best_single one_to_one",
    "verdict": "kind offers menu gain reasons",
}
CONTRACT_LISTS = {
    "findings": "code level message count share remedy",
    "frontier": "offers menu value se lo hi gain_over_single share_of_one_to_one claimed "
    "certified_gap setup_cost net",
    "ladder": "name segments offers value se lo hi",
    "segments": "offer customers share value rule rule_fidelity rule_loss card",
    "constraints": "name bound used shadow_price",
}


def test_a_plan_fits_its_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(plan_document(made_plan()), SCHEMA)


def test_the_schema_refuses_another_verdict_and_unknown_keys() -> None:
    document = plan_document(made_plan())
    for broken in (
        document | {"more": 1},
        document | {"verdict": document["verdict"] | {"kind": "maybe"}},
        {key: value for key, value in document.items() if key != "absent"},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, SCHEMA)


def test_every_field_of_the_contract_is_there() -> None:
    document = plan_document(made_plan())
    for table, keys in CONTRACT.items():
        assert set(keys.split()) <= set(document[table])
    for table, keys in CONTRACT_LISTS.items():
        assert set(keys.split()) <= set(document[table][0])


def test_values_are_the_plan_s_own() -> None:
    plan = made_plan()
    document = plan_document(plan)
    assert document["schema"] == "handful.plan/1"
    assert document["frontier"][1]["value"] == plan.frontier[1].value
    assert document["frontier"][1]["menu"] == ["mail", "voucher"]
    assert document["reference"]["best_single"]["offer"] == "mail"
    assert document["verdict"]["gain"]["targeting"]["value"] == 0.1
    assert document["experiment"]["columns"] == {"band": "spend > 3"}
    assert document["valuation"]["stack"][1] == {"name": "boosted", "weight": 0.75}
    assert document["tails"]["winsorised"][0]["name"] == "no_offer"


def test_every_null_has_its_reason() -> None:
    document = plan_document(made_plan())
    reasons = {entry["field"]: entry["reason"] for entry in document["absent"]}
    assert "frontier[0].share_of_one_to_one" in reasons
    assert "frontier[1].certified_gap" in reasons
    assert "constraints[0].shadow_price" in reasons
    assert all(reasons.values())


def test_no_offer_and_tests_that_cannot_be_made_are_null_with_a_reason() -> None:
    plan = made_plan()
    bare = replace(
        plan,
        reference=References(None, plan.reference.best_single, plan.reference.one_to_one),
        heterogeneity=Heterogeneity("calibration", float("nan"), None),
    )
    document = plan_document(bare)
    assert document["reference"]["no_offer"] is None
    assert document["heterogeneity"]["statistic"] is None
    fields = {entry["field"] for entry in document["absent"]}
    assert {"reference.no_offer", "heterogeneity.statistic", "heterogeneity.p_value"} <= fields
    jsonschema.validate(document, SCHEMA)


def test_a_number_that_is_not_finite_is_said_not_written() -> None:
    plan = made_plan()
    broken = replace(plan, frontier=(replace(plan.frontier[0], claimed=math.inf),))
    document = plan_document(broken)
    assert document["frontier"][0]["claimed"] is None
    assert {"field": "frontier[0].claimed", "reason": "the number is not finite"} in document[
        "absent"
    ]
    assert "Infinity" not in dump_document(document)


def test_the_same_plan_gives_the_same_text() -> None:
    assert dump_document(plan_document(made_plan())) == dump_document(plan_document(made_plan()))


def test_writing_reading_and_writing_again_changes_nothing() -> None:
    text = dump_document(plan_document(made_plan()))
    assert dump_document(load_document(text)) == text


@pytest.mark.parametrize("text", ["[1]", "{", '{"a": NaN}', '{"a": Infinity}', ""])
def test_what_is_not_a_document_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|Expecting|property name"):
        load_document(text)


def test_numpy_values_become_plain() -> None:
    found = plain({"a": np.float64(0.1), "b": np.int64(3), "c": np.array([1.0, np.nan])})
    assert found == {"a": 0.1, "b": 3, "c": [1.0, None]}
    assert [type(found["a"]), type(found["b"])] == [float, int]


def test_what_has_no_plain_form_is_refused() -> None:
    with pytest.raises(TypeError, match="no plain form for set"):
        plain({1, 2})


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), JSON_VALUES, max_size=5))
def test_every_document_reads_back_exactly(document: dict[str, object]) -> None:
    assert load_document(dump_document(document)) == document

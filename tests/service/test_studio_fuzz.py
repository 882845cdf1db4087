"""Whatever is posted: an answer, never an accident."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from made_serving import Running, planned, studio

ROUTES = (
    "/api/plans/{plan}/whatif",
    "/api/plans/{plan}/content",
    "/api/plans/{plan}/reviews",
    "/api/plans/{plan}/release",
    "/api/rollback",
    "/api/decide",
)
FIELDS = (
    "offers", "setup_cost", "population", "assumptions", "budget", "capacities", "offer", "label",
    "channel", "text", "by", "sample", "reviewer", "answer", "note", "reason", "after", "to",
    "customer", "features", "recency", "history", "city",
)  # fmt: skip
WORDS = st.sampled_from(
    ["mail", "call", "none", "fine", "not fine", "Jo", "Ulm", "", "\u0000", "é"]
)
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30) | WORDS
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
BODIES = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6) | VALUES
DECIDED = st.fixed_dictionaries(
    {"features": st.dictionaries(st.sampled_from(["recency", "history", "city", "x"]), LEAVES)},
    optional={"customer": LEAVES},
)
ASKED = st.fixed_dictionaries(
    {},
    optional={
        "offers": st.integers(-5, 5) | st.integers(),
        "setup_cost": st.floats(allow_nan=False, allow_infinity=False),
        "population": st.floats(allow_nan=False, allow_infinity=False),
        "budget": st.floats(allow_nan=False, allow_infinity=False),
        "assumptions": st.dictionaries(st.text(max_size=5), st.floats(-9, 9), max_size=2),
        "capacities": st.dictionaries(WORDS, st.floats(-9, 1e9), max_size=2),
    },
)
QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str]]:
    with studio(planned(tmp_path_factory.mktemp("fuzz"))) as found:
        plan = found.client.get("/").text.split('href="/plans/')[1][:12]
        yield found, plan


def ask(running: tuple[Running, str], route: str, content: bytes) -> int:
    found, plan = running
    answer = found.client.post(
        route.replace("{plan}", plan),
        content=content,
        headers={"content-type": "application/json"},
    )
    assert answer.headers["content-type"] == "application/json"
    if answer.status_code != 200:
        document = answer.json()
        assert document["request"] == answer.headers["x-request-id"]
        assert all({"code", "message", "remedy"} == set(told) for told in document["errors"])
        assert "Traceback" not in answer.text
    return answer.status_code


@QUICK
@given(route=st.sampled_from(ROUTES), body=BODIES)
def test_any_json_gets_an_answer(running: tuple[Running, str], route: str, body: object) -> None:
    assert ask(running, route, json.dumps(body).encode("utf-8", "surrogatepass")) < 500


@QUICK
@given(route=st.sampled_from(ROUTES), content=st.binary(max_size=200))
def test_any_bytes_get_an_answer(running: tuple[Running, str], route: str, content: bytes) -> None:
    assert ask(running, route, content) in {400, 422, 409}


@QUICK
@given(body=DECIDED)
def test_any_customer_gets_an_answer(running: tuple[Running, str], body: object) -> None:
    found, plan = running
    if found.client.get("/api/served").json()["release"] is None:
        signed = {"by": "Jo", "reason": "to be asked"}
        assert found.post(f"/api/plans/{plan}/release", signed).status_code == 200
    assert ask(running, "/api/decide", json.dumps(body).encode()) in {200, 400, 422}


@QUICK
@given(body=ASKED)
def test_any_question_gets_an_answer(running: tuple[Running, str], body: object) -> None:
    assert ask(running, "/api/plans/{plan}/whatif", json.dumps(body).encode()) in {200, 400, 422}


@settings(QUICK, max_examples=25)
@given(text=st.text(max_size=40))
def test_any_address_gets_an_answer(running: tuple[Running, str], text: str) -> None:
    found, plan = running
    for params in ({"row": text}, {"offers": text}, {"assumption.x": text}, {"a": text, "b": plan}):
        for page in (f"/plans/{plan}", f"/plans/{plan}/customers", "/compare"):
            assert found.client.get(page, params=params).status_code in {200, 404}

"""Every route of the studio over HTTP, and every way it says no."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from made_serving import (
    FEATURES,
    HOSTILE,
    ROWS,
    SIGNED,
    Running,
    failing,
    hostile,
    planned,
    stop,
    studio,
)

PAGES = ("", "/customers", "/content", "/reviews", "/release", "/report")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("studio")
    planned(folder)
    planned(folder, "second", seed=3)
    failing(folder / "plan", folder / "failing")
    shutil.copytree(folder / "plan", folder / "broken")
    with (folder / "broken" / "policy" / "arrays.bin").open("r+b") as stream:
        stream.write(b"\0\1\2")
    hostile(folder / "hostile")
    return folder


@pytest.fixture
def running(home: Path, tmp_path: Path) -> Iterator[Running]:
    names = ("plan", "second", "failing", "broken")
    store = ("--store", f"sqlite:///{tmp_path / 'studio.sqlite'}")
    with studio(*(home / name for name in names), flags=store) as found:
        yield found


@pytest.fixture(scope="module")
def standing(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One studio for the tests that do not mind what others did in it."""
    store = ("--store", f"sqlite:///{tmp_path_factory.mktemp('store') / 'studio.sqlite'}")
    names = ("plan", "second", "failing", "broken")
    with studio(*(home / name for name in names), flags=store) as found:
        yield found


def ids(running: Running) -> dict[str, str]:
    """Names of folders and the ids they have."""
    page = running.client.get("/").text
    found = dict(re.findall(r'href="/plans/([0-9a-f]{12})"[^>]*>\s*([a-z]+)', page))
    return {name: plan for plan, name in found.items()}


def code(answer: httpx.Response) -> str:
    return str(answer.json()["errors"][0]["code"])


def test_a_plan_goes_from_the_first_page_to_served_and_back(running: Running) -> None:
    known = ids(running)
    assert set(known) == {"plan", "second", "failing"}
    assert running.client.get("/api/served").json() == {"release": None, "ready": False}
    assert running.post("/api/decide", {"features": FEATURES}).status_code == 409
    for name in ("plan", "second"):
        answer = running.post(f"/api/plans/{known[name]}/release", SIGNED)
        assert answer.status_code == 200, answer.text
        assert answer.json()["release"]["by"] == "Jo Doe"
        served = running.client.get("/api/served").json()
        assert served["ready"]
        assert served["release"]["plan"] == known[name]
        decided = running.post("/api/decide", {"features": FEATURES})
        assert decided.status_code == 200, decided.text
        assert decided.json()["plan"] == known[name]
    back = running.post("/api/rollback", {"to": 1, "by": "Al", "reason": "second was worse"})
    assert back.json()["release"]["action"] == "rollback"
    assert back.json()["release"]["back_to"] == 1
    assert running.client.get("/api/served").json()["release"]["plan"] == known["plan"]
    history = running.client.get("/history").text
    assert "second was worse" in history
    assert running.client.get("/health").json()["served"] == known["plan"]


def test_every_page_of_every_plan_is_drawn_under_a_strict_policy(standing: Running) -> None:
    known = ids(standing)
    pages = [f"/plans/{plan}{page}" for plan in known.values() for page in PAGES]
    pages += ["/", "/history", "/compare", "/compare?a={plan}&b={second}".format(**known), "/login"]
    for page in pages:
        answer = standing.client.get(page)
        assert answer.status_code == 200, page
        policy = answer.headers["content-security-policy"]
        if not page.endswith("/report"):
            assert "unsafe" not in policy
            assert "default-src 'self'" in policy
            assert not re.search(r"<script(?![^>]*\bsrc=)|\bon\w+=|style=|javascript:", answer.text)
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers
        for asset in re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.text):
            assert standing.client.get(asset).status_code == 200, asset


def test_a_plan_that_cannot_be_believed_is_named_and_the_others_stay(standing: Running) -> None:
    page = standing.client.get("/").text
    assert "broken" in page
    assert "F812" in page
    health = standing.client.get("/health").json()
    assert (health["ok"], health["plans"], health["refused"]) == (True, 3, 1)


def test_a_failed_guardrail_refuses_the_release_and_says_which(standing: Running) -> None:
    plan = ids(standing)["failing"]
    before = standing.client.get("/api/served").json()
    answer = standing.post(f"/api/plans/{plan}/release", SIGNED)
    assert answer.status_code == 409
    (told,) = answer.json()["errors"]
    assert told["code"] == "G001"
    assert "smallest" in told["message"]
    page = standing.client.get(f"/plans/{plan}/release").text
    assert "smallest" in page
    assert "Merge &lt;b&gt;it&lt;/b&gt;." in page
    assert standing.client.get("/api/served").json() == before


def test_a_plan_that_was_edited_after_the_start_is_not_released(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(home / "plan", folder)
    with studio(folder) as running:
        (plan,) = ids(running).values()
        document = (folder / "plan.json").read_text()
        (folder / "plan.json").write_text(document.replace('"rows": 900', '"rows": 901'))
        refused = running.post(f"/api/plans/{plan}/release", SIGNED)
        assert (refused.status_code, code(refused)) == (409, "F890")
        (folder / "plan.json").write_text(document)
        (folder / "report.html").write_text("<h1>another</h1>")
        assert code(running.post(f"/api/plans/{plan}/release", SIGNED)) == "F812"
        assert running.client.get(f"/plans/{plan}/report").status_code == 409
    with studio(home / "second", folder) as running:
        assert set(ids(running)) == {"second"}


def test_a_release_that_was_overtaken_is_refused(running: Running) -> None:
    known = ids(running)
    first = running.post(f"/api/plans/{known['plan']}/release", SIGNED | {"after": 0})
    assert first.status_code == 200
    late = running.post(f"/api/plans/{known['second']}/release", SIGNED | {"after": 0})
    assert (late.status_code, code(late)) == (409, "F876")
    assert "Jo Doe made release 1" in late.json()["errors"][0]["message"]
    again = running.post("/api/rollback", {"to": 7, "by": "Al", "reason": "x"})
    assert (again.status_code, code(again)) == (404, "F875")


@pytest.mark.parametrize(
    ("path", "body", "status", "found"),
    [
        ("/api/plans/{plan}/release", {"by": "Jo"}, 400, "F880"),
        ("/api/plans/{plan}/release", {"by": " ", "reason": "x"}, 400, "F880"),
        ("/api/plans/{plan}/release", {"by": "Jo\u0000", "reason": "x"}, 400, "F880"),
        ("/api/plans/{plan}/release", {"by": "J" * 201, "reason": "x"}, 400, "F880"),
        ("/api/plans/{plan}/release", {"by": "Jo", "reason": "x", "force": True}, 400, "F880"),
        ("/api/plans/ffffffffffff/release", {"by": "Jo", "reason": "x"}, 404, "F875"),
        ("/api/plans/..%2f..%2fetc/release", {"by": "Jo", "reason": "x"}, 404, "F892"),
        ("/api/rollback", {"to": "1", "by": "Jo", "reason": "x"}, 400, "F880"),
        ("/api/rollback", {"to": 2**70, "by": "Jo", "reason": "x"}, 400, "F880"),
        ("/api/plans/{plan}/content", {"offer": "mail"}, 400, "F880"),
        ("/api/plans/{plan}/content", {"offer": "nobody's", "label": "x"}, 422, "F875"),
        ("/api/plans/{plan}/content", {"offer": "mail", "label": "a", "text": "b"}, 400, "F880"),
        ("/api/plans/{plan}/content", {"offer": "mail", "label": "x" * 20_001}, 400, "F880"),
        ("/api/plans/{plan}/reviews", {"sample": "x", "reviewer": "Jo", "answer": "ok"}, 400,
         "F880"),
        ("/api/plans/{plan}/reviews", {"sample": "x", "reviewer": "Jo", "answer": "fine"}, 422,
         "F875"),
        ("/api/plans/{plan}/whatif", {"offers": 2.5}, 400, "F880"),
        ("/api/plans/{plan}/whatif", {"offer": 2}, 400, "F880"),
        ("/api/decide", {}, 400, "F880"),
        ("/api/decide", {"features": {"recency": [1]}}, 400, "F880"),
    ],
)  # fmt: skip
def test_bodies_that_are_not_what_is_asked_are_refused(
    standing: Running, path: str, body: object, status: int, found: str
) -> None:
    answer = standing.post(path.replace("{plan}", ids(standing)["plan"]), body)
    assert (answer.status_code, code(answer)) == (status, found)
    assert re.fullmatch("[0-9a-f]{12}", answer.json()["request"])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'{"by": "a", "by": "b", "reason": "c"}',
        b'{"by": "\\ud800", "reason": "c"}',
        b'{"by": "a", "reason": NaN}',
        b"[" * 20_000,
        b'{"by": ' + b"9" * 400 + b', "reason": "x"}',
    ],
    ids=range(11),
)
def test_odd_json_is_refused(standing: Running, content: bytes) -> None:
    path = f"/api/plans/{ids(standing)['plan']}/release"
    answer = standing.client.post(
        path, content=content, headers={"content-type": "application/json"}
    )
    assert (answer.status_code, code(answer)) == (400, "F880")


def test_large_bodies_and_other_types_are_refused(standing: Running) -> None:
    path = f"/api/plans/{ids(standing)['plan']}/release"
    large = standing.post(path, {"by": "Jo", "reason": "x" * 2**20})
    assert (large.status_code, code(large)) == (413, "F885")

    def pieces() -> Iterator[bytes]:
        yield from (b" " * 2**16 for _ in range(40))

    streamed = standing.client.post(
        path, content=pieces(), headers={"content-type": "application/json"}
    )
    assert streamed.status_code == 413
    form = standing.client.post(path, data={"by": "Jo", "reason": "x"})
    assert (form.status_code, code(form)) == (415, "F884")
    assert standing.client.get(path).status_code == 405
    assert standing.client.put("/api/served").status_code == 405
    assert standing.client.get("/api/nothing").status_code == 404
    assert "Not here" in standing.client.get("/nothing").text


def test_other_hosts_and_other_sites_are_refused(standing: Running) -> None:
    rebound = standing.client.get("/", headers={"host": "evil.example"})
    assert rebound.status_code == 400
    assert "F882" not in rebound.text or "evil" not in rebound.text
    assert standing.client.get("/health", headers={"host": "localhost"}).status_code == 200
    path = f"/api/plans/{ids(standing)['plan']}/release"
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        answer = standing.post(path, SIGNED, headers=headers)
        assert (answer.status_code, code(answer)) == (403, "F883")
    followed = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert standing.client.get("/", headers=followed).status_code == 200
    embedded = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert standing.client.get("/api/served", headers=embedded).status_code == 403
    own = {"origin": standing.address.rstrip("/"), "sec-fetch-site": "same-origin"}
    assert standing.post(path, SIGNED, headers=own).status_code == 200


def test_names_and_texts_are_edited_on_record(standing: Running) -> None:
    plan = ids(standing)["plan"]
    path = f"/api/plans/{plan}/content"
    first = standing.post(path, {"offer": "mail", "label": "Letter <i>", "by": "Jo"})
    assert first.status_code == 200
    second = standing.post(
        path, {"offer": "mail", "channel": "post", "text": "Hi & bye", "by": "Al"}
    )
    assert second.json()["content"] != first.json()["content"]
    standing.post(path, {"offer": "mail", "label": "Letter", "by": "Jo"})
    page = standing.client.get(f"/plans/{plan}/content").text
    assert "Hi &amp; bye" in page
    assert "Letter &lt;i&gt;" in page
    assert "<i>" not in page
    shown = standing.client.get(f"/plans/{plan}/release").text
    assert "Letter" in shown


def test_customers_and_questions_say_so_where_the_plan_kept_nothing(standing: Running) -> None:
    known = ids(standing)
    for plan in known.values():
        live = standing.post(f"/api/plans/{plan}/whatif", {})
        assert live.status_code in {200, 422}
        if live.status_code == 422:
            assert code(live) == "F860"
        beyond = standing.client.get(f"/api/plans/{plan}/customers/{ROWS}")
        assert (beyond.status_code, code(beyond)) == (404, "F875")
        assert standing.client.get(f"/api/plans/{plan}/customers/abc").status_code == 404


def test_names_that_a_page_might_run_are_text_everywhere(home: Path) -> None:
    with studio(home / "hostile" / "plan") as running:
        (plan,) = ids(running).values()
        answer = running.post(
            f"/api/plans/{plan}/content",
            {"offer": HOSTILE[1], "label": "<img src=x onerror=alert(2)>", "by": "<b>Jo</b>"},
        )
        assert answer.status_code == 200, answer.text
        note = {"by": "<script>alert(3)</script>", "reason": "</script><svg onload=alert(4)>"}
        assert running.post(f"/api/plans/{plan}/release", note).status_code == 200
        pages = ["/", "/history", f"/compare?a={plan}&b={plan}", "/%3Cscript%3E"]
        pages += [f"/plans/{plan}{page}" for page in PAGES]
        for page in pages:
            text = running.client.get(page).text
            for sign in ("<script>alert", "<img src=x", "<b>Jo", "<svg onload"):
                assert sign not in text, (page, sign)
        assert "&lt;script&gt;alert(1)" in running.client.get(f"/plans/{plan}/content").text
        decided = running.post("/api/decide", {"features": FEATURES}).json()
        assert decided["offer"] in HOSTILE


def test_the_log_holds_no_id_and_no_query(home: Path, tmp_path: Path) -> None:
    store = ("--store", f"sqlite:///{tmp_path / 's.sqlite'}")
    with studio(home / "plan", flags=store) as running:
        (plan,) = ids(running).values()
        running.post(f"/api/plans/{plan}/release", SIGNED)
        running.post("/api/decide", {"customer": "ZQX-00007-ID", "features": FEATURES})
        running.client.get(f"/plans/{plan}/customers?row=17&secret=ZQX")
        running.client.get("/ZQX-00007-ID")
        assert stop(running.process) == 0
        said = running.log.read_text()
    assert "POST decide_customer 200" in said
    for hidden in ("ZQX", "Jo Doe", "row=17", "Traceback"):
        assert hidden not in said


def test_answers_are_json_without_stack_or_row(standing: Running) -> None:
    known = ids(standing)
    standing.post(f"/api/plans/{known['plan']}/release", SIGNED)
    wrong = standing.post("/api/decide", {"features": FEATURES | {"city": 3.5, "recency": "late"}})
    assert (wrong.status_code, code(wrong)) == (422, "P711")
    assert "late" not in wrong.text
    strange = standing.post("/api/decide", {"features": FEATURES | {"spend": 1}})
    assert (strange.status_code, code(strange)) == (422, "F889")
    missing = standing.post("/api/decide", {"features": {"recency": 1}})
    assert (missing.status_code, code(missing)) == (422, "P711")
    assert json.loads(missing.text)["errors"]

"""What-if over HTTP: the plan's own answer, the newest question first, and no waiting for ever."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest

from handful.delivery.studio import asking
from handful.delivery.studio.asking import Asker
from handful.delivery.studio.bodies import Question
from handful.delivery.studio.refusing import RefusalError
from made_serving import ROWS, Running, planned, studio


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planned(tmp_path_factory.mktemp("asking"))


@pytest.fixture(scope="module")
def running(plan: Path) -> Iterator[tuple[Running, str]]:
    with studio(plan) as found:
        yield found, found.client.get("/").text.split('href="/plans/')[1][:12]


def ask(running: tuple[Running, str], **question: object) -> httpx.Response:
    found, plan = running
    return found.post(f"/api/plans/{plan}/whatif", question)


def test_asked_nothing_it_says_what_plan_json_says(
    plan: Path, running: tuple[Running, str]
) -> None:
    document = json.loads((plan / "plan.json").read_text())
    answer = ask(running).json()
    assert answer["as_planned"] is True
    for part in ("reference", "frontier", "verdict"):
        assert answer[part] == document[part]
    assert answer["menu"] == document["verdict"]["menu"]


def test_a_question_moves_the_answer(running: tuple[Running, str]) -> None:
    one = ask(running, offers=1).json()
    assert len(one["menu"]) == 1
    dear = ask(running, setup_cost=1e6, population=1_000).json()
    assert dear["verdict"]["offers"] <= 1
    found, plan = running
    page = found.client.get(f"/plans/{plan}?offers=1")
    assert one["menu"][0] in page.text


def test_a_row_says_why_and_not_who(plan: Path, running: tuple[Running, str]) -> None:
    found, name = running
    table = pq.read_table(plan / "assignments.parquet").to_pydict()
    for row in (0, 17, ROWS - 1):
        told = found.client.get(f"/api/plans/{name}/customers/{row}")
        assert told.status_code == 200, told.text
        assert told.json()["offer"] == table["offer"][row]
        assert told.json()["ranked"][0]["expected_profit"] == pytest.approx(
            table["expected_profit"][row], rel=1e-6
        )
        assert "ZQX" not in told.text
        assert "ZQX" not in found.client.get(f"/plans/{name}/customers?row={row}").text
    assert found.client.get(f"/api/plans/{name}/customers/-1").status_code == 404


def test_of_questions_that_wait_only_the_newest_is_answered(plan: Path) -> None:
    asker, gate = Asker(plan), threading.Event()
    asker._worker.submit(gate.wait)
    outcomes: dict[int, object] = {}

    def put(offers: int) -> None:
        try:
            outcomes[offers] = asker.ask(Question(offers=offers))["offers"]
        except RefusalError as refused:
            outcomes[offers] = refused.obstacles[0].code

    threads = []
    pages = [threading.Thread(target=asker.show, args=(Question(),)) for _ in range(2)]
    for page in pages:
        page.start()
    for offers in (1, 3, 2):
        threads.append(threading.Thread(target=put, args=(offers,)))
        threads[-1].start()
        while asker._newest < len(threads):
            time.sleep(0.001)
    gate.set()
    for thread in (*threads, *pages):
        thread.join()
    assert asker.show(Question())["as_planned"]
    asker.close()
    assert outcomes == {1: "F887", 3: "F887", 2: 2}


def test_an_answer_that_takes_too_long_is_given_up(
    plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "LONGEST_S", 0.05)
    asker, gate = Asker(plan), threading.Event()
    asker._worker.submit(gate.wait)
    with pytest.raises(RefusalError) as refused:
        asker.ask(Question())
    gate.set()
    assert (refused.value.status, refused.value.obstacles[0].code) == (503, "F888")
    monkeypatch.setattr(asking, "LONGEST_S", 20.0)
    assert asker.ask(Question())["as_planned"]
    asker.close()


def test_what_was_kept_for_questions_is_checked(plan: Path, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "plan"
    shutil.copytree(plan, folder)
    with studio(folder) as running:
        name = running.client.get("/").text.split('href="/plans/')[1][:12]
        shutil.rmtree(folder / "whatif")
        answer = running.post(f"/api/plans/{name}/whatif", {})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "F860")
        page = running.client.get(f"/plans/{name}")
        assert page.status_code == 200
        assert running.client.get(f"/plans/{name}/customers?row=1").status_code == 200

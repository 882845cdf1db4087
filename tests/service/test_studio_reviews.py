"""The review queue: a plan whose brief asks for reviews waits for a named person's answers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from handful.delivery.secret_key import SecretKey
from handful.delivery.studio import releasing
from handful.delivery.studio.app import build_app, close_studio
from handful.delivery.studio.bodies import Signed
from handful.delivery.studio.fence import Rules
from handful.delivery.studio.records import Edit, Obstacle
from handful.delivery.studio.refusing import RefusalError
from handful.delivery.studio.shelf import fill_shelf
from handful.delivery.studio.sqlite import open_sqlite
from handful.delivery.studio.store import add_edit, open_store, releases
from handful.experiment.records import Features, FeatureSchema
from handful.guardrails.samples import rendered, typical
from made_serving import SIGNED, Running, asking_for_reviews, studio


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return asking_for_reviews(tmp_path_factory.mktemp("reviews") / "shop")


def queue(running: Running, plan: str) -> list[str]:
    page = running.client.get(f"/plans/{plan}/reviews").text
    return list(dict.fromkeys(re.findall(r'name="sample" value="([0-9a-f]{12})"', page)))


def answer(running: Running, plan: str, sample: str, said: str, who: str = "Jo") -> int:
    body = {"sample": sample, "reviewer": who, "answer": said, "note": "I would smile."}
    found = running.post(f"/api/plans/{plan}/reviews", body)
    assert found.status_code == 200, found.text
    return int(found.json()["open"])


def test_samples_are_kept_with_the_plan_and_name_nobody(plan: Path) -> None:
    sheet = json.loads((plan / "review.json").read_text())
    assert sheet["asked"] is True
    assert {sample["offer"] for sample in sheet["samples"]} == {"mail"}
    (channel,) = {sample["channel"] for sample in sheet["samples"]}
    assert channel == "e-mail"
    for sample in sheet["samples"]:
        assert re.fullmatch(
            r"Dear \[first_name\] of (Ulm|Bern|Rom): \[unsubscribe_url\] \[privacy_url\]",
            sample["text"],
        )
    listed = json.loads((plan / "plan.json").read_text())["files"]
    assert "review.json" in {part["name"] for part in listed}


def test_a_release_waits_until_every_sample_is_found_fine(plan: Path) -> None:
    with studio(plan) as running:
        name = running.client.get("/").text.split('href="/plans/')[1][:12]
        release = f"/api/plans/{name}/release"
        assert running.post(release, SIGNED).json()["errors"][0]["code"] == "F877"
        samples = queue(running, name)
        assert len(samples) >= 2
        left = [answer(running, name, sample, "fine") for sample in samples]
        assert left == list(range(len(samples) - 1, -1, -1))
        # One reviewer who is not at ease holds it up, until that very person is.
        assert answer(running, name, samples[0], "not fine", "Al") == 1
        assert answer(running, name, samples[0], "fine", "Jo") == 1
        assert running.post(release, SIGNED).status_code == 409
        assert answer(running, name, samples[0], "fine", "al") == 0
        # A text that changes makes every answer one about another text.
        edit = {"offer": "call", "channel": "phone", "text": "Hello, it is us.", "by": "Jo"}
        assert running.post(f"/api/plans/{name}/content", edit).status_code == 200
        refused = running.post(release, SIGNED)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "F877")
        page = running.client.get(f"/plans/{name}/reviews").text
        assert "Hello, it is us." in page
        for sample in queue(running, name):
            answer(running, name, sample, "fine")
        assert running.post(release, SIGNED).status_code == 200


def test_a_text_that_changes_during_a_release_stops_it(
    plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(open_sqlite(tmp_path / "s.sqlite"), SecretKey("k", b"k" * 32))
    _, made = build_app(fill_shelf([plan]), store, Rules(frozenset()), lambda _: None)
    (shelved,) = made.shelf.plans.values()

    def looked(*_: object) -> tuple[Obstacle, ...]:
        add_edit(store, shelved.id, Edit("mail", None, "Another name", "Al", ""))
        return ()

    monkeypatch.setattr(releasing, "obstacles", looked)
    with pytest.raises(RefusalError) as refused:
        releasing.release(made, shelved, Signed("Jo", "autumn"))
    assert refused.value.obstacles[0].code == "F876"
    assert releases(store) == ((), True)
    close_studio(made)


def test_a_template_is_read_by_a_made_up_member_in_a_sandbox() -> None:
    fields = {"city": "Ulm & <b>"}
    assert rendered("To {{ city }}, {{ customer.city }}", fields) == "To Ulm & <b>, Ulm & <b>"
    assert rendered("{% for x in goods %}{{ x }}{% endfor %}!", fields) == "!"
    assert rendered("{{ a.b.c }}", fields) == "[c]"
    for text in ("{{ ''.__class__.__mro__ }}", "{{ 1 / 0 }}", "{% if %}", "{{ x() }}"):
        made = rendered(text, fields)
        assert "class '" not in made
        assert made == "" or made.startswith("[this template cannot be read")


def test_the_typical_member_is_made_of_middles() -> None:
    schema = FeatureSchema(
        ("age", "town", "gap"), ("number", "category", "number"), ((), ("A", "B"), ())
    )
    values = np.array([[20.0, 0.0, np.nan], [30.0, 1.0, np.nan], [50.0, 1.0, np.nan]])
    people = Features(schema, values)
    rows = np.ones(3, dtype=np.bool_)
    assert typical(people, rows, 0.5) == {"age": "30", "town": "B"}
    assert typical(people, rows, 0.0)["age"] == "20"
    assert typical(people, np.array([False, False, True]), 0.5)["age"] == "50"

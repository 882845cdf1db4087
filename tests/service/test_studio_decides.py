"""One customer at a time by the served plan: as for all at once, and every no kept."""

from __future__ import annotations

import csv
import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from handful.cli.main import run
from handful.delivery.studio.bodies import Asked
from handful.delivery.studio.deciding import Counter, decide_asked, open_counter
from handful.delivery.studio.refusing import RefusalError
from handful.delivery.studio.shelf import read_shelved
from handful.errors import DataError
from made_serving import FEATURES, SIGNED, Running, planned, studio, under_consent


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return under_consent(tmp_path_factory.mktemp("consent") / "shop")


@pytest.fixture(scope="module")
def counter(plan: Path) -> Counter:
    return open_counter(read_shelved(plan))


@pytest.fixture(scope="module")
def running(plan: Path) -> Iterator[Running]:
    with studio(plan) as found:
        known = found.client.get("/health").json()
        assert known["served"] is None
        page = found.client.get("/").text
        name = page.split('href="/plans/')[1][:12]
        assert found.post(f"/api/plans/{name}/release", SIGNED).status_code == 200
        yield found


def customers(plan: Path) -> dict[str, dict[str, float | str | bool | None]]:
    with (plan.parent / "shop.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    return {
        row["customer"]: {
            "recency": float(row["recency"]),
            "history": float(row["history"]),
            "city": row["city"],
        }
        for row in rows
    }


def test_one_by_one_gives_what_the_plan_gave_to_all(plan: Path, counter: Counter) -> None:
    table = pq.read_table(plan / "assignments.parquet").to_pydict()
    people = customers(plan)
    for at, name in enumerate(table["customer"]):
        told = decide_asked(counter, Asked(people[name], name))
        for key in ("offer", "segment", "reason", "expected_profit"):
            assert told[key] == table[key][at], (at, key)
    assert {"no_consent_personalise", "no_consent_contact", "no_consent_channel"} <= set(
        table["reason"]
    )


def test_no_personalise_is_the_standard_offer_whatever_the_features(counter: Counter) -> None:
    given = {
        tuple(
            decide_asked(
                counter,
                Asked({"recency": recency, "history": history, "city": city}, "ZQX-00123-ID"),
            ).items()
        )
        for recency in (1, 24)
        for history in (0.0, 900.0)
        for city in ("Ulm", "Rom", "Nowhere")
    }
    assert len(given) == 1
    (told,) = (dict(one) for one in given)
    assert (told["offer"], told["reason"]) == ("none", "no_consent_personalise")
    assert told["expected_profit"] is None
    # Not even read: nothing is asked of them, nothing needs to be right.
    assert decide_asked(counter, Asked({}, "ZQX-00123-ID"))["offer"] == "none"


def test_no_contact_is_no_offer_and_an_id_spelt_otherwise_is_the_same_person(
    counter: Counter,
) -> None:
    told = decide_asked(counter, Asked(dict(FEATURES), "ZQX-00222-ID"))
    assert (told["offer"], told["reason"]) == ("none", "no_consent_contact")
    for spelt in ("zqx-00222-id", " ZQX-00222-ID "):
        assert decide_asked(counter, Asked(dict(FEATURES), spelt))["offer"] == "none"


def test_somebody_unknown_or_anonymous_is_taken_at_the_silence_of_the_table(
    counter: Counter,
) -> None:
    for who in (None, "a stranger", 7):
        told = decide_asked(counter, Asked(dict(FEATURES), who))
        # The table says nothing of them, and silence is a no: the public offer, features unread.
        assert (told["offer"], told["reason"]) == ("none", "no_consent_personalise")


def test_anonymous_calls_of_a_plan_without_consent_decide_by_context_and_write_nothing(
    tmp_path: Path,
) -> None:
    with studio(planned(tmp_path)) as running:
        page = running.client.get("/").text
        name = page.split('href="/plans/')[1][:12]
        assert running.post(f"/api/plans/{name}/release", SIGNED).status_code == 200
        before = {file.name: file.stat().st_size for file in tmp_path.iterdir() if file.is_file()}
        told = [running.post("/api/decide", {"features": FEATURES | {"recency": r}}).json()
                for r in (2, 22)]  # fmt: skip
        after = {file.name: file.stat().st_size for file in tmp_path.iterdir() if file.is_file()}
        assert [one["offer"] for one in told] == ["call", "mail"]
        assert all(math.isfinite(one["expected_profit"]) for one in told)
        assert before == after


def test_decisions_over_http_under_consent(running: Running) -> None:
    for who, offer in (("ZQX-00222-ID", "none"), ("ZQX-00005-ID", "call"), (None, "none")):
        body = {"features": FEATURES} if who is None else {"features": FEATURES, "customer": who}
        answer = running.post("/api/decide", body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["offer"] == offer
        assert "ZQX" not in answer.text


@pytest.mark.parametrize("who", ["", "a\tb", "x" * 201, "\u202e123", "a\n"])
def test_ids_that_hide_something_are_refused(counter: Counter, who: str) -> None:
    with pytest.raises(RefusalError) as refused:
        decide_asked(counter, Asked(dict(FEATURES), who))
    assert refused.value.obstacles[0].code == "F880"
    assert who not in refused.value.obstacles[0].message or not who


def test_features_are_asked_for_by_name_and_kind(counter: Counter) -> None:
    with pytest.raises(RefusalError) as strange:
        decide_asked(counter, Asked({**FEATURES, "shoe_size": 43.0}, "ZQX-00005-ID"))
    assert strange.value.obstacles[0].code == "F889"
    with pytest.raises(DataError) as absent:
        decide_asked(counter, Asked({"recency": 3.0}, "ZQX-00005-ID"))
    assert {found.code for found in absent.value.findings} == {"P711"}


def test_an_erasure_leaves_the_released_plan_served_and_proved(plan: Path, tmp_path: Path) -> None:
    home = tmp_path / "shop"
    shutil.copytree(plan.parent, home)
    with studio(home / "plan") as running:
        name = running.client.get("/").text.split('href="/plans/')[1][:12]
        assert running.post(f"/api/plans/{name}/release", SIGNED).status_code == 200
    assert run(["review", "--verify", str(home / "plan"), "--quiet"]) == 0
    assert run(["forget", "ZQX-00005-ID", "--in", str(home), "--quiet"]) == 0
    with studio(home / "plan") as running:
        assert running.client.get("/api/served").json()["ready"]
        told = running.post("/api/decide", {"features": FEATURES, "customer": "ZQX-00005-ID"})
        assert told.json()["offer"] == "none"
        assert running.post(f"/api/plans/{name}/release", SIGNED).status_code == 200


def test_a_plan_whose_copy_of_the_register_is_gone_serves_nobody(
    plan: Path, tmp_path: Path
) -> None:
    home = tmp_path / "shop"
    shutil.copytree(plan.parent, home)
    with studio(home / "plan") as running:
        name = running.client.get("/").text.split('href="/plans/')[1][:12]
        assert running.post(f"/api/plans/{name}/release", SIGNED).status_code == 200
        audit = (home / "handful-audit.jsonl").read_text()
        assert '"event": "release"' in audit
        assert "Jo Doe" in audit
        (home / "handful-audit.jsonl").write_text(audit.replace("Jo Doe", "Al Doe"))
        refused = running.post(f"/api/plans/{name}/release", SIGNED)
        assert refused.status_code == 409
        assert "G075" in {told["code"] for told in refused.json()["errors"]}
        (home / "plan" / "consent.parquet").unlink()
        answer = running.post("/api/decide", {"features": FEATURES, "customer": "ZQX-00005-ID"})
        assert answer.status_code == 409
        assert answer.json()["errors"][0]["code"] == "G071"

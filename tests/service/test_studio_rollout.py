"""Who is held out, or has had enough messages, gets no offer by any way out of a plan."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from handful.cli.main import run
from handful.delivery.studio.asking import Asker
from handful.delivery.studio.bodies import Asked
from handful.delivery.studio.deciding import Counter, decide_asked, open_counter
from handful.delivery.studio.refusing import RefusalError
from handful.delivery.studio.shelf import read_shelved
from made_serving import planned, under_consent
from made_shop import write_brief, write_shop

AT_MOST = 2
ROLLOUT = f"""
[contacts]
source = "sent.csv"
customer = "customer"
time = "day"
at_most = {AT_MOST}
days = 30

[rollout]
holdout = 0.2
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rollout")
    write_shop(folder)
    sent = [f"ZQX-{i:05d}-ID,2026-03-{day:02d}" for i in range(200) for day in (3, 9)]
    (folder / "sent.csv").write_text("\n".join(["customer,day", *sent]) + "\n")
    return planned(folder, brief=write_brief(folder, extra=ROLLOUT))


@pytest.fixture(scope="module")
def counter(plan: Path) -> Counter:
    return open_counter(read_shelved(plan))


def test_one_by_one_keeps_the_holdout_and_the_cap(plan: Path, counter: Counter) -> None:
    with (plan.parent / "shop.csv").open() as stream:
        people = {row["customer"]: row for row in csv.DictReader(stream)}
    reasons = set()
    for said in pq.read_table(plan / "assignments.parquet").to_pylist():
        row = people[said["customer"]]
        features = {"recency": float(row["recency"]), "history": float(row["history"])}
        messages = AT_MOST if said["customer"] < "ZQX-00200" else 0
        asked = Asked(features | {"city": row["city"]}, said["customer"], messages)
        made = decide_asked(counter, asked)
        assert (made["offer"], made["reason"]) == (said["offer"], said["reason"])
        assert made["segment"] == said["segment"]
        reasons.add(said["reason"])
    assert reasons == {"held_out", "contact_cap", "best_in_menu"}


@pytest.mark.parametrize("untold", [{"customer": None}, {"messages": None}])
def test_without_id_or_messages_nobody_is_decided(
    counter: Counter, untold: dict[str, None]
) -> None:
    features = {"recency": 3.0, "history": 120.5, "city": "Ulm"}
    asked = {"features": features, "customer": "new", "messages": 0} | untold
    with pytest.raises(RefusalError) as refused:
        decide_asked(counter, Asked(**asked))  # type: ignore[arg-type]
    assert refused.value.obstacles[0].code == "F895"


def test_no_statement_is_written_and_a_list_says_what_it_lacks(
    plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "policy.sql"
    assert run(["export", str(plan), "--to", "sql", "--out", str(out)]) == 2
    assert "G138" in capsys.readouterr().err
    assert not out.exists()
    assert run(["export", str(plan), "--to", "csv", "--out", str(tmp_path / "who.csv")]) == 0
    assert "G139" in capsys.readouterr().err


def test_a_row_is_explained_by_the_reason_of_the_list(plan: Path) -> None:
    asker = Asker(plan)
    reasons = pq.read_table(plan / "assignments.parquet")["reason"].to_pylist()
    for reason in ("held_out", "contact_cap", "best_in_menu"):
        told = asker.explain(reasons.index(reason))
        assert told["reason"] == reason
        assert (told["offer"] == "none") is (reason != "best_in_menu")
    asker.close()


def test_nothing_is_predicted_for_who_refuses_to_be_personalised_for(tmp_path: Path) -> None:
    private = under_consent(tmp_path / "shop")
    asker = Asker(private)
    for row in (100, 200):
        told = asker.explain(row)
        refuses = told["reason"] == "no_consent_personalise"
        assert refuses is (row == 100)
        assert bool(told["ranked"]) is not refuses
        assert told["offer"] == "none"
    asker.close()

"""The pregnancy test end to end: a planted leak stops a plan, a clean one passes, one is mended."""

from __future__ import annotations

import csv
import gzip
import json
from importlib.resources import files

import numpy as np
import pyarrow.parquet as pq
import pytest

from handful.cli.main import run

ROWS = 8_000
BRIEF = """\
[experiment]
source   = "log.csv"
customer = "id"
offer    = "arm"
control  = "none"
features = ["basket", "visits", "zip"]

[profit]
per_row = "gain"

[menu]
max_offers = 3

[evidence]
repetitions = 1
folds       = 4
"""
SHARED = '[guardrails.channels]\nbaby = "post"\nbeer = "post"\n'
PRIVATE = '[guardrails.channels]\nbaby = "app"\nbeer = "app"\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Customers whose baskets want the baby offer or the beer offer; baskets follow the trait."""
    home = tmp_path_factory.mktemp("disclosure")
    rng = np.random.default_rng(4)
    pregnant = rng.random(ROWS) < 0.2
    basket = np.where(rng.random(ROWS) < np.where(pregnant, 0.85, 0.4), 1, 0)
    arm = rng.integers(0, 3, ROWS)
    gain = rng.normal(1.0, 1.0, ROWS)
    gain += np.where(arm == 1, np.where(basket == 1, 1.0, -0.5), 0.0)
    gain += np.where(arm == 2, np.where(basket == 1, -0.5, 0.7), 0.0)
    with (home / "log.csv").open("w", newline="") as file:
        write = csv.writer(file)
        write.writerow(
            ["id", "arm", "gain", "basket", "visits", "zip", "pregnant", "left_handed", "age"]
        )
        for i in range(ROWS):
            write.writerow(
                [
                    f"c{i}",
                    ("none", "baby", "beer")[arm[i]],
                    round(gain[i], 4),
                    basket[i],
                    rng.poisson(3),
                    "NWSE"[rng.integers(0, 4)],
                    "yes" if pregnant[i] else "no",
                    int(rng.random() < 0.3),
                    rng.integers(18, 80),
                ]
            )
    return home


def plan(folder, guardrails, capsys, name="handful"):
    """Run the plan; return exit code, what was said and plan.json."""
    (folder / f"{name}.toml").write_text(BRIEF + guardrails)
    code = run(["plan", str(folder / f"{name}.toml"), "--out", str(folder / name)])
    said = capsys.readouterr()
    document = folder / name / "plan.json"
    return code, said.out + said.err, json.loads(document.read_text()) if document.exists() else {}


def rail(document, name):
    return next(r for r in document["guardrails"] if r["name"] == name)


def test_a_planted_leak_stops_the_plan(folder, capsys):
    asked = '[guardrails]\nsensitive = ["pregnant", "left_handed"]\nknown_to_bystanders = ["zip"]\n'
    code, said, document = plan(folder, asked + SHARED, capsys, "leak")
    assert code == 1
    assert "disclosure_pregnant" in said
    assert document["releasable"] is False
    failed = rail(document, "disclosure_pregnant")
    assert failed["verdict"] == "fail"
    assert failed["lo"] > 1.25
    assert "times better than before" in failed["remedy"]
    assert failed["detail"]["attacker"]["auc_gain"]["lo"] > 0.1
    assert failed["detail"]["attacker"]["facts"] == ["zip"]
    assert rail(document, "disclosure_left_handed")["verdict"] != "fail"
    on_offer = rail(document, "disclosure_repair")
    assert on_offer["verdict"] == "not_applicable"
    assert on_offer["lo"] > 0
    costs = [point["cost"]["value"] for point in on_offer["detail"]["curve"]]
    assert costs == sorted(costs, reverse=True)
    page = (folder / "leak" / "report.html").read_text()
    assert "What an offer gives away" in page
    assert "pregnant: fails" in page
    out = folder / "refused.parquet"
    assert run(["assign", str(folder / "leak"), str(folder / "log.csv"), "--out", str(out)]) == 2
    assert not out.exists()


def test_an_independent_attribute_passes(folder, capsys):
    asked = '[guardrails]\nsensitive = ["left_handed"]\n'
    code, _, document = plan(folder, asked + PRIVATE, capsys, "clean")
    assert code == 0
    found = rail(document, "disclosure_left_handed")
    assert found["verdict"] == "pass"
    assert found["hi"] <= found["bound"] == 2.0
    assert document["releasable"] is True
    assert not any(r["name"] == "disclosure_repair" for r in document["guardrails"])


def test_the_cheapest_repair_passes_with_its_price_shown(folder, capsys):
    asked = '[guardrails]\nsensitive = ["pregnant"]\nrepair = "cheapest"\n'
    code, _, document = plan(folder, asked + PRIVATE, capsys, "mended")
    assert code == 0
    found = rail(document, "disclosure_pregnant")
    assert found["verdict"] == "pass"
    assert found["hi"] <= 2.0
    price = rail(document, "disclosure_repair")
    assert price["verdict"] == "pass"
    assert 0 < price["value"] < 0.5
    assert document["verdict"]["reasons"][0].startswith("Mended so that no offer tells too much")
    gain = document["verdict"]["gain"]
    assert gain["total"]["value"] == pytest.approx(
        gain["better_single"]["value"] + gain["targeting"]["value"]
    )
    point = next(p for p in document["frontier"] if p["offers"] == document["verdict"]["offers"])
    assert point["menu"] == document["verdict"]["menu"]
    assert point["gain_over_single"]["value"] == pytest.approx(gain["targeting"]["value"])
    repaired = price["detail"]["repaired"]["value"]["value"]
    assert point["net"] == pytest.approx(repaired)
    made = pq.read_table(folder / "mended" / "assignments.parquet").to_pydict()
    drawn = sum(reason == "randomised_for_privacy" for reason in made["reason"])
    keep = price["detail"]["repaired"]["keep"]
    assert abs(drawn / ROWS - (1 - keep)) < 4 * np.sqrt(keep * (1 - keep) / ROWS)
    assert min(made["propensity"]) > 0
    counted = {s["offer"]: s["customers"] for s in document["segments"]}
    assert sum(counted.values()) == ROWS
    realised = pregnant_ratio(folder, made)
    assert realised < 2.2
    out = folder / "again.parquet"
    code = run(["assign", str(folder / "mended"), str(folder / "log.csv"), "--out", str(out)])
    assert code == 0
    again = pq.read_table(out).to_pydict()
    assert again["offer"] == made["offer"]
    assert again["propensity"] == made["propensity"]


def test_content_is_taken_off_a_mended_plan_once(folder, capsys):
    asked = '[guardrails]\nsensitive = ["pregnant"]\nrepair = "cheapest"\n'
    costs = "[variety]\ncontent_cost = 160.0\n"
    code, _, document = plan(folder, costs + asked + PRIVATE, capsys, "content")
    assert code == 0
    point = next(p for p in document["frontier"] if p["offers"] == document["verdict"]["offers"])
    assert point["content_cost"] == pytest.approx(160.0 * point["contents"] / ROWS)
    assert point["contents"] == sum(name != "none" for name in point["menu"])
    assert point["net"] == pytest.approx(point["value"] - point["content_cost"])


def pregnant_ratio(folder, made):
    """Largest likelihood ratio among the offers really given."""
    with (folder / "log.csv").open() as file:
        trait = {row["id"]: row["pregnant"] == "yes" for row in csv.DictReader(file)}
    offer = np.array(made["offer"])
    holds = np.array([trait[i] for i in made["customer"]])
    ratios = [np.mean(offer[holds] == o) / np.mean(offer[~holds] == o) for o in np.unique(offer)]
    return max(max(r, 1 / r) for r in ratios)


def test_a_stricter_bound_on_shared_channels_costs_more(folder, capsys):
    asked = '[guardrails]\nsensitive = ["pregnant"]\nrepair = "cheapest"\n'
    code, _, document = plan(folder, asked + SHARED, capsys, "strict")
    assert code == 0
    assert rail(document, "disclosure_pregnant")["verdict"] == "pass"
    loose = json.loads((folder / "mended" / "plan.json").read_text())
    first, second = (rail(d, "disclosure_repair")["value"] for d in (document, loose))
    assert first > second


def test_one_offer_for_all_gives_nothing_away(folder, capsys):
    asked = '[guardrails]\nsensitive = ["pregnant"]\n'
    brief = BRIEF.replace("max_offers = 3", "max_offers = 1")
    (folder / "one.toml").write_text(brief + asked + SHARED)
    assert run(["plan", str(folder / "one.toml"), "--out", str(folder / "one"), "--quiet"]) == 0
    capsys.readouterr()
    document = json.loads((folder / "one" / "plan.json").read_text())
    found = rail(document, "disclosure_pregnant")
    assert (found["verdict"], found["value"], found["hi"]) == ("pass", 1.0, 1.0)


def test_what_the_log_does_not_hold_is_no_pass(folder, capsys):
    asked = '[guardrails]\nsensitive_not_in_log = ["faith"]\n'
    code, said, document = plan(folder, asked, capsys, "absent")
    assert code == 0
    found = rail(document, "disclosure_faith")
    assert found["verdict"] == "warn"
    assert "Not testable" in found["remedy"]
    assert "basket" in found["remedy"]
    assert "disclosure_faith" in said


def test_names_that_fit_nothing_are_refused_together(folder, capsys):
    asked = (
        '[guardrails]\nsensitive = ["pregnant"]\nsensitive_cuts = {pregnant = 1}\n'
        "disclosure_bounds = {pregnnt = 1.5}\n"
        '[guardrails.channels]\nbabby = "post"\n'
    )
    code, said, document = plan(folder, asked, capsys, "wrong")
    assert (code, document) == (3, {})
    assert all(text in said for text in ("G020", "G021", "G022", "'pregnant'", "'baby'"))


def test_an_unknown_fact_of_bystanders_is_refused(folder, capsys):
    asked = '[guardrails]\nsensitive = ["pregnant"]\nknown_to_bystanders = ["streeet"]\n'
    code, said, _ = plan(folder, asked, capsys, "unknown")
    assert code == 3
    assert "B112" in said


def test_hillstrom_with_a_planted_trait(tmp_path, capsys):
    packed = files("handful.data").joinpath("hillstrom.csv.gz").read_bytes()
    lines = list(csv.reader(gzip.decompress(packed).decode().splitlines()))[:24_001]
    rng = np.random.default_rng(0)
    womens, mens = lines[0].index("womens"), lines[0].index("mens")
    with (tmp_path / "log.csv").open("w", newline="") as file:
        write = csv.writer(file)
        write.writerow([*lines[0], "pregnant", "left_handed"])
        for line in lines[1:]:
            rate = 0.30 if line[womens] == "1" and line[mens] == "0" else 0.05
            write.writerow([*line, int(rng.random() < rate), int(rng.random() < 0.3)])
    brief = """\
[experiment]
source   = "log.csv"
offer    = "segment"
control  = "No E-Mail"
exclude  = ["history_segment", "visit", "conversion", "spend"]
[profit]
per_row  = "visit - CASE WHEN segment = 'No E-Mail' THEN 0 ELSE 0.02 END"
[menu]
max_offers = 2
always   = ["Mens E-Mail", "Womens E-Mail"]
[evidence]
repetitions = 1
folds    = 4
[guardrails]
sensitive = ["pregnant", "left_handed"]
shared_channels = ["household e-mail"]
[guardrails.channels]
"Mens E-Mail" = "household e-mail"
"Womens E-Mail" = "household e-mail"
"""
    (tmp_path / "handful.toml").write_text(brief)
    code = run(["plan", str(tmp_path / "handful.toml"), "--out", str(tmp_path / "out"), "--quiet"])
    capsys.readouterr()
    document = json.loads((tmp_path / "out" / "plan.json").read_text())
    assert code == 1
    assert rail(document, "disclosure_pregnant")["verdict"] == "fail"
    assert rail(document, "disclosure_left_handed")["verdict"] == "pass"

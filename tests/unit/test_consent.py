"""Consent through the command line: planted violations caught, clean cases passed."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from handful.brief.consent import ConsentSpec
from handful.brief.reader import read_brief
from handful.brief.reviews import read_reviews
from handful.cli.main import run
from handful.errors import BriefError, DataError, MachineError
from handful.experiment.consent import read_register, resolve
from handful.experiment.consent_rows import rights_of
from handful.experiment.log import load_experiment
from handful.experiment.opening import open_table
from handful.guardrails.staleness import overdue, stale_findings

N = 900
BRIEF = """
[experiment]
source = "log.csv"
customer = "id"
offer = "arm"
control = "none"
features = ["age", "size"]

[profit]
per_row = "spend"

[evidence]
repetitions = 1
folds = 4

[consent]
source = "consent.csv"
"""
HEADER = "customer_id,purpose,channel,status,granted_at,source"


def log_rows(n: int = N) -> list[str]:
    """Mail pays for the old, a letter for the young: a plan of two offers."""
    rng = np.random.default_rng(0)
    rows = []
    for i in range(n):
        arm, age = ("none", "mail", "letter")[i % 3], 20 + (i * 7) % 50
        best = "mail" if age > 45 else "letter"
        spend = rng.normal(1.0 + 4.0 * (arm == best) - 3.0 * (arm not in ("none", best)), 0.7)
        rows.append(f"c{i},{arm},{age},{i % 11},{spend:.4f}")
    return rows


def everybody_agrees(n: int = N) -> list[str]:
    return [f"c{i},*,,granted,2026-01-01,form" for i in range(n)]


def shop(home: Path, events: list[str], brief: str = BRIEF, rows: list[str] | None = None) -> Path:
    lines = log_rows() if rows is None else rows
    (home / "log.csv").write_text("\n".join(["id,arm,age,size,spend", *lines]) + "\n")
    (home / "consent.csv").write_text("\n".join([HEADER, *events]) + "\n")
    (home / "handful.toml").write_text(brief)
    return home / "handful.toml"


def refusals(purpose: str, rows: range, channel: str = "") -> list[str]:
    return [f"c{i},{purpose},{channel},revoked,2026-02-01,account" for i in rows]


def planned(brief: Path, code: int = 0) -> dict:
    out = brief.parent / "plan"
    assert run(["plan", str(brief), "--out", str(out), "--quiet"]) == code
    return json.loads((out / "plan.json").read_text())


def result(document: dict, name: str) -> dict:
    (found,) = [r for r in document["guardrails"] if r["name"] == name]
    return found


def decided(file: Path) -> dict[str, tuple]:
    table = pq.read_table(file).to_pydict()
    keys = ("offer", "reason", "expected_profit")
    return {c: tuple(table[k][i] for k in keys) for i, c in enumerate(table["customer"])}


EVENTS = [
    *everybody_agrees(),
    *refusals("train", range(30)),
    *refusals("personalise", range(100, 160)),
    *refusals("contact", range(200, 260)),
    *refusals("contact", range(300, 360), "email"),
    *refusals("share", range(500, 560)),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with a plan made under consent, for tests that do not change it."""
    home = tmp_path_factory.mktemp("shop")
    more = 'default_offer = "letter"\n[guardrails]\nchannels = {mail = "Email", letter = "post"}\n'
    planned(shop(home, EVENTS, BRIEF + more))
    return home


@pytest.fixture
def mine(made: Path, tmp_path: Path) -> Path:
    """A copy of that shop, for tests that do."""
    return Path(shutil.copytree(made, tmp_path / "shop"))


def assigned(home: Path, customers: Path, out: Path) -> dict[str, tuple]:
    words = ["assign", str(home / "plan"), str(customers), "--out", str(out), "--quiet"]
    assert run(words) == 0
    return decided(out)


def test_every_no_is_respected_in_a_plan_and_for_new_customers(made: Path, tmp_path: Path) -> None:
    document = json.loads((made / "plan" / "plan.json").read_text())
    assert document["verdict"]["kind"] == "handful"
    assert document["consent"]["rows_left_out"] == 30
    for name in ("consent_trained", "consent_targeted"):
        assert (result(document, name)["verdict"], result(document, name)["value"]) == ("pass", 0.0)
    own = decided(made / "plan" / "assignments.parquet")
    assert not {f"c{i}" for i in range(30)} & set(own)
    everybody = assigned(made, made / "log.csv", tmp_path / "who.parquet")
    assert len(everybody) == N
    for given in (own, everybody):
        blind = {given[f"c{i}"] for i in range(100, 160)}
        assert blind == {("letter", "no_consent_personalise", None)}
        assert {given[f"c{i}"][0] for i in range(200, 260)} == {"none"}
        no_email = [given[f"c{i}"][:2] for i in range(300, 360)]
        assert "mail" not in {offer for offer, _ in no_email}
        assert "no_consent_channel" in {reason for _, reason in no_email}
        assert {given[f"c{i}"][0] for i in range(400, 460)} == {"mail", "letter"}


def test_the_default_is_independent_of_features(made: Path, tmp_path: Path) -> None:
    customers = tmp_path / "customers.csv"
    for ages in (range(20, 80), [99] * 60):
        rows = [f"c{i},{age},3" for i, age in zip(range(100, 160), ages, strict=True)]
        customers.write_text("\n".join(["id,age,size", *rows]) + "\n")
        given = assigned(made, customers, tmp_path / "who.parquet")
        assert set(given.values()) == {("letter", "no_consent_personalise", None)}


def test_who_refuses_leaves_no_trace_in_the_policy(tmp_path: Path) -> None:
    out = np.random.default_rng(3).random(N) < 0.1
    rows = log_rows()
    # Among those who refuse: another offer, another type of cell, another level of everything.
    mixed = [row if not out[i] else f"c{i},gift,old,{i},77.5" for i, row in enumerate(rows)]
    kept = [row for i, row in enumerate(rows) if not out[i]]
    events = everybody_agrees() + [e for i, e in enumerate(refusals("train", range(N))) if out[i]]
    places = []
    for name, lines in (("with", mixed), ("without", kept)):
        (tmp_path / name).mkdir()
        brief = BRIEF if name == "with" else BRIEF.split("[consent]")[0]
        document = planned(shop(tmp_path / name, events, brief, lines))
        assert (document["consent"] is None) == (name == "without")
        places.append(tmp_path / name / "plan" / "policy")
    for file in sorted(places[0].iterdir()):
        assert file.read_bytes() == (places[1] / file.name).read_bytes()
    # Without consent nothing is kept beside the plan.
    names = {path.name for path in (tmp_path / "without").iterdir()}
    assert names == {"log.csv", "consent.csv", "handful.toml", "plan"}


def test_silence_is_no_only_where_the_brief_says_so(tmp_path: Path) -> None:
    for more, rows in (("", 600), ('consent_only = ["share"]\n', N)):
        brief = shop(tmp_path, everybody_agrees(600), BRIEF + more)
        assert load_experiment(read_brief(brief)).n_rows == rows


def test_a_later_no_breaks_the_proof(mine: Path, capsys) -> None:
    verify = ["review", "--verify", str(mine / "plan")]
    assert run(verify) == 0
    assert "nobody who refuses was learned from" in capsys.readouterr().out
    later = mine / "later.csv"
    later.write_text("\n".join([HEADER, *EVENTS, *refusals("train", range(600, 607))]) + "\n")
    assert run([*verify, "--consent", str(later)]) == 2
    assert "7 customers who refuse 'train'" in capsys.readouterr().err


def test_the_proof_names_nobody_and_shows_every_edit(mine: Path, capsys) -> None:
    certificate = mine / "plan" / "consent-certificate.json"
    text = certificate.read_text()
    assert '"c1"' not in text
    for name in ("consent-certificate.json", "consent.parquet", "assignments.parquet"):
        assert (mine / "plan" / name).stat().st_mode & 0o077 == 0
    content = json.loads(text)
    assert len(content["refused"]["train"]) == 30
    assert not set(content["refused"]["train"]) & set(content["used"]["train"])
    verify = ["review", "--verify", str(mine / "plan")]
    content["refused"]["train"].pop()
    certificate.write_text(json.dumps(content))
    assert run(verify) == 2
    certificate.unlink()
    assert run(verify) == 2
    assert capsys.readouterr().err.count("G076") == 2
    certificate.write_text(text)
    assert run(verify) == 0


def test_the_audit_shows_every_edit(mine: Path, tmp_path: Path, capsys) -> None:
    verify = ["review", "--verify", str(mine / "plan")]
    audit = mine / "handful-audit.jsonl"
    assert audit.stat().st_mode & 0o077 == 0
    assigned(mine, mine / "log.csv", tmp_path / "who.parquet")
    line = audit.read_text()
    events = [json.loads(one)["event"] for one in line.splitlines()]
    assert (events[0], events[-1]) == ("plan", "assign")
    lines = line.splitlines(keepends=True)
    for edited in (line.replace('"rows": 870', '"rows": 900'), line + line, "", "nonsense\n"):
        assert edited != line
        audit.write_text(edited)
        assert run(verify) == 2
        assert "G075" in capsys.readouterr().err
    for shorter in (lines[:-1], lines[1:]):
        audit.write_text("".join(shorter))
        assert run(verify) == 2
    audit.unlink()
    assert run(verify) == 2
    assert "lines at its end" in capsys.readouterr().err
    audit.write_text(line)
    assert run(verify) == 0


def test_the_secret_is_needed_and_private(mine: Path, capsys) -> None:
    secret = mine / "handful-secret.json"
    verify = ["review", "--verify", str(mine / "plan")]
    assert secret.stat().st_mode & 0o777 == 0o600
    secret.chmod(0o644)
    assert run(verify) == 4
    secret.unlink()
    assert run(verify) == 2
    assert {"G073", "G074"} <= set(capsys.readouterr().err.split())


def test_a_person_is_forgotten_everywhere(mine: Path, capsys) -> None:
    plan = mine / "plan"
    for name in ("who.csv", "who.parquet"):
        words = ["assign", str(plan), str(mine / "log.csv"), "--out", str(mine / name), "--quiet"]
        assert run(words) == 0
    before = json.loads((plan / "consent-certificate.json").read_text())
    capsys.readouterr()
    assert run(["forget", "c107", "--in", str(mine)]) == 0
    said = capsys.readouterr().out
    assert "c107" not in said
    assert "plan again" in said
    assert "yours to change: log.csv" in said
    assert "c107" not in decided(plan / "assignments.parquet")
    assert "c107" not in pq.read_table(plan / "consent.parquet")["id"].to_pylist()
    assert "c107" not in (mine / "who.csv").read_text()
    assert '"c10"' in (mine / "who.csv").read_text()
    assert "c107" not in decided(mine / "who.parquet")
    after = json.loads((plan / "consent-certificate.json").read_text())
    assert len(after["known"]) == len(before["known"]) - 1
    assert run(["review", "--verify", str(plan)]) == 0
    assert run(["forget", "c107", "--in", str(mine)]) == 0
    assert "in no file of ours" in capsys.readouterr().out
    assert run(["forget", "c8", "--in", str(mine / "absent")]) == 3


def test_tiers_are_for_members_and_their_data_stays_there(tmp_path: Path) -> None:
    tiers = '[consent.requires_tier]\nmail = "gold"\n[consent.feature_purpose]\nage = "tier:gold"\n'
    joined = [
        f"c{i},tier:gold,,granted,2026-01-05,{'form' if i < 450 else 'import'}" for i in range(N)
    ]
    brief = shop(tmp_path, [*everybody_agrees(), *joined], BRIEF + tiers)
    document = planned(brief, code=1)
    assert document["failed"] == ["purpose_binding"]
    assert result(document, "tiers")["verdict"] == "pass"
    given = decided(tmp_path / "plan" / "assignments.parquet")
    assert "mail" not in {given[f"c{i}"][0] for i in range(450, N)}
    assert "not_in_tier" in {given[f"c{i}"][1] for i in range(450, N)}
    brief.write_text((BRIEF + tiers).replace('["age", "size"]', '"*"'))
    assert load_experiment(read_brief(brief)).features.schema.names == ("size",)


def test_an_export_leaves_out_who_refuses_to_be_shared(made: Path, tmp_path: Path, capsys) -> None:
    plan, out = str(made / "plan"), tmp_path / "out.csv"
    assert run(["export", plan, "--to", "csv", "--out", str(out)]) == 0
    exported = {line.split(",")[0].strip('"') for line in out.read_text().splitlines()[1:]}
    assert exported == {f"c{i}" for i in range(30, N) if not 500 <= i < 560}
    assert run(["export", plan, "--to", "sql", "--out", str(tmp_path / "p.sql")]) == 3
    assert "G082" in capsys.readouterr().err


def test_old_consent_is_warned_of_and_then_refused(tmp_path: Path) -> None:
    late = BRIEF + 'as_of = "2027-06-01"\n[guardrails]\nmax_age = 400\n'
    document = planned(shop(tmp_path, everybody_agrees(), late), 1)
    assert document["failed"] == ["staleness"]
    assert result(document, "staleness")["value"] == 516.0
    assert stale_findings(document, date(2026, 1, 2)) == ()
    for day, level in ((date(2027, 1, 3), "warn"), (date(2028, 1, 2), "block")):
        (finding,) = stale_findings(document, day)
        assert (finding.code, finding.level) == ("G070", level)


def test_reviews_are_due_by_their_day(tmp_path: Path, capsys) -> None:
    register = """
[[guardrails.reviews]]
item = "consent texts"
owner = "Jo"
last = "2026-01-31"
[[guardrails.reviews]]
item = "suppliers"
owner = "Al"
last = 2026-03-01
every = 30
"""
    brief = shop(tmp_path, everybody_agrees(), BRIEF + register)
    due = ["review", "--due", str(brief), "--as-of"]
    assert run([*due, "2026-03-31"]) == 0
    assert run([*due, "2026-04-01"]) == 1
    assert "OVERDUE by 1 days: suppliers (Al" in capsys.readouterr().out
    assert [r.item for r in overdue(read_brief(brief).guardrails.reviews, date(2027, 6, 1))] == [
        "suppliers",
        "consent texts",
    ]
    with pytest.raises(ValueError, match="list of tables"):
        read_reviews([{"item": "x", "owner": "y", "last": "soon"}])


def register_of(rows: dict, **keys):
    with open_table(pa.table(rows), "events") as log:
        return resolve(log, ConsentSpec(source="events", **keys))


def test_a_no_and_a_yes_of_the_same_moment_are_a_no() -> None:
    rows = {
        "customer_id": [1, 1],
        "purpose": ["train", "train"],
        "status": ["granted", "revoked"],
        "granted_at": ["2026-01-01T10:00:00+01:00", "2026-01-01T09:00:00Z"],
        "source": ["form", "form"],
    }
    assert register_of(rows).says_no("train").tolist() == [True]


def test_ids_meet_whatever_they_are_written_as() -> None:
    rows = {
        "customer_id": [1.0, 20.0],
        "purpose": ["train", "train"],
        "status": ["granted", "granted"],
        "granted_at": ["2026-01-01", "2026-01-01"],
    }
    rights = rights_of(register_of(rows), np.array([20, 1, 3]))
    assert rights.says_no("train").tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"purpose": ["newsletter"]}, "G031"),
        ({"status": ["yes"]}, "G032"),
        ({"status": ["true"]}, "G032"),
        ({"granted_at": ["03/04/2026"]}, "G033"),
        ({"granted_at": None}, "G030"),
    ],
)
def test_what_cannot_be_read_is_refused_not_guessed(change: dict, code: str) -> None:
    rows = {
        "customer_id": ["a"],
        "purpose": ["train"],
        "status": ["granted"],
        "granted_at": ["2026-01-01"],
    }
    rows |= change
    with pytest.raises((BriefError, DataError), match=code):
        register_of({name: values for name, values in rows.items() if values is not None})


def test_words_of_a_table_are_mapped_by_the_brief() -> None:
    rows = {
        "customer_id": ["a"],
        "purpose": ["Newsletter"],
        "status": ["denied"],
        "granted_at": ["2026-01-01"],
    }
    register = register_of(rows, purposes={"newsletter": "contact"}, consent_only=())
    assert register.says_no("contact").tolist() == [True]
    with pytest.raises(DataError, match="G033"):
        register_of(rows, purposes={"newsletter": "none"})


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ('consent_only = ["trane"]', "G038"),
        ('as_of = "yesterday"', "G038"),
        ('default_offer = "gift"', "G045"),
        ('requires_tier = {gift = "gold"}', "G045"),
    ],
)
def test_a_brief_that_cannot_be_meant_is_refused(
    tmp_path: Path, extra: str, code: str, capsys
) -> None:
    brief = shop(tmp_path, everybody_agrees(), BRIEF + extra)
    assert run(["plan", str(brief), "--out", str(tmp_path / "plan")]) == 3
    assert code in capsys.readouterr().err
    assert not (tmp_path / "plan").exists()


def test_consent_needs_ids_a_way_out_and_the_same_people(tmp_path: Path, capsys) -> None:
    events = [*everybody_agrees(), *refusals("contact", range(9))]
    for brief, code in (
        (BRIEF.replace('customer = "id"\n', ""), "G039"),
        (BRIEF.replace('control = "none"\n', ""), "G046"),
    ):
        assert run(["plan", str(shop(tmp_path, events, brief)), "--out", str(tmp_path / "p")]) in (
            2,
            3,
        )
        assert code in capsys.readouterr().err
    strangers = [f"x{i},*,,granted,2026-01-01,form" for i in range(N)]
    brief = shop(tmp_path, strangers, BRIEF + 'consent_only = ["contact"]\n')
    assert run(["plan", str(brief), "--out", str(tmp_path / "p")]) == 2
    assert "G042" in capsys.readouterr().err


def test_a_secret_others_may_read_is_refused(tmp_path: Path, monkeypatch) -> None:
    from handful.delivery.secret_key import secret_of

    elsewhere = tmp_path / "vault.json"
    monkeypatch.setenv("HANDFUL_SECRET", str(elsewhere))
    first = secret_of(tmp_path)
    assert elsewhere.stat().st_mode & 0o777 == 0o600
    assert secret_of(tmp_path / "other") == first
    elsewhere.chmod(0o640)
    with pytest.raises(MachineError, match="G074"):
        secret_of(tmp_path)


def test_a_register_is_read_from_duckdb_too(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(str(tmp_path / "c.db")) as con:
        con.execute(
            "CREATE TABLE c AS SELECT 'a' AS customer_id, 'train' AS purpose, 'granted' AS status, "
            "TIMESTAMPTZ '2026-01-01' AS granted_at"
        )
    register = read_register(ConsentSpec(source="duckdb:///c.db?table=c"), str(tmp_path))
    assert register.says_no("train").tolist() == [False]

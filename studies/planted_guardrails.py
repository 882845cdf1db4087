"""Plant a violation under each guardrail, and see the command catch it; then plan the clean case.

Two logs: Hillstrom's rural customers who order by phone (real), and a simulated shop whose
customers differ. Every case is `handful plan` as a person would run it: its exit code, and the
guardrails that failed. Writes studies/results/planted_guardrails.csv. About two minutes.
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from handful.cli.main import run  # noqa: E402
from made_shop import write_shop  # noqa: E402

HILLSTROM = """
[experiment]
source = "hillstrom.csv.gz"
where = "zip_code = 'Rural' AND channel = 'Phone'"
offer = "segment"
control = "No E-Mail"
exclude = ["history_segment", "visit", "conversion", "spend", "zip_code", "channel"]
[columns]
{columns}
[profit]
per_row = "visit"
[menu]
max_offers = 3
always = {always}
[evidence]
repetitions = 1
folds = 4
[guardrails]
{guardrails}
"""
SHOP = """
[experiment]
source = "shop.csv"
customer = "customer"
offer = "offer"
control = "none"
[columns]
{columns}
[profit]
per_row = "spend"
[menu]
max_offers = 3
always = {always}
[evidence]
repetitions = 1
folds = 4
[guardrails]
{guardrails}
"""
BOTH = {"hillstrom": ("Mens E-Mail", "Womens E-Mail", 35), "shop": ("mail", "call", 60)}


def cases(one: str, two: str, bound: int) -> list[tuple[str, str, str, str, str]]:
    """Return (guardrail, what is planted, columns, guardrails, offers that must stay)."""
    said = f'templates = {{"{one}" = "message.txt"}}\nprovenance = {{mood = "inferred"}}'
    clean = f'templates = {{"{one}" = "clean.txt"}}\nprovenance = {{name = "declared"}}'
    told = '{"*" = {how = "third-party", purpose = "credit scoring"}}'
    # With one offer for all no feature drives it, so Hillstrom's bound is lower to be passed.
    near = f'channels = {{"{one}" = "sms", "{two}" = "phone"}}\nmax_creepiness = {bound}\n'
    kept = json.dumps([one, two])
    return [
        ("none", "nothing", "", "", "[]"),
        ("weird_things", "feature is_pregnant", 'is_pregnant = "recency > 6"', "", "[]"),
        ("weird_things", "allowed with a reason", 'is_pregnant = "recency > 6"',
         'allow = {is_pregnant = "asked for"}', "[]"),
        ("weird_things", "topic HIV clinic", "", f'topics = {{"{one}" = "HIV clinic"}}', "[]"),
        ("weird_things", "a word of the brief's own", "", 'deny = ["history"]', "[]"),
        ("children", "ages from 1 on", 'age = "recency"', "", "[]"),
        ("bystanders", "HIV clinic by post", "",
         f'topics = {{"{one}" = "HIV clinic"}}\nallow = {{"{one}" = "asked for"}}\n'
         f'channels = {{"{one}" = "post", "{two}" = "app"}}', "[]"),
        ("bystanders", "HIV clinic in the app", "",
         f'topics = {{"{one}" = "HIV clinic"}}\nallow = {{"{one}" = "asked for"}}\n'
         f'channels = {{"{one}" = "app", "{two}" = "app"}}', "[]"),
        ("copy", "a guessed mood spoken", "", said, "[]"),
        ("copy", "a declared name spoken", "", clean, "[]"),
        ("creepiness", "bought data by phone, daily", "",
         f"{near}messages_per_month = 30\npurpose = \"offers\"\nprovenance = {told}", "[]"),
        ("creepiness", "seen for this, by phone, monthly", "",
         f'{near}messages_per_month = 1\npurpose = "offers"\n'
         'provenance = {"*" = {how = "observed", purpose = "offers"}}', "[]"),
        ("minimum_audience", "an offer that must stay, for too few", "",
         "minimum_audience = 1000000", kept),
    ]  # fmt: skip


def run_case(folder: Path, text: str) -> tuple[int, list[str]]:
    """Plan once by the command; return the exit code and the guardrails that failed."""
    (folder / "brief.toml").write_text(text, "utf-8")
    out = folder / "plan"
    shutil.rmtree(out, ignore_errors=True)
    code = run(["plan", str(folder / "brief.toml"), "--out", str(out), "--quiet"])
    document = json.loads((out / "plan.json").read_text("utf-8"))
    return code, document["failed"]


def main() -> None:
    rows = []
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        write_shop(folder, rows=2000)
        data = HERE.parent / "src" / "handful" / "data" / "hillstrom.csv.gz"
        shutil.copy(data, folder / "hillstrom.csv.gz")
        links = "{{ unsubscribe_url }} {{ privacy_url }}"
        (folder / "message.txt").write_text("You seem {{ mood }}. " + links, "utf-8")
        (folder / "clean.txt").write_text("Hello {{ name }}. " + links, "utf-8")
        for log, template in (("hillstrom", HILLSTROM), ("shop", SHOP)):
            for rail, planted, columns, guardrails, always in cases(*BOTH[log]):
                text = template.format(columns=columns, guardrails=guardrails, always=always)
                code, failed = run_case(folder, text)
                rows.append([log, rail, planted, code, " ".join(failed) or "none"])
                print(*rows[-1], sep=" | ")
    target = HERE / "results" / "planted_guardrails.csv"
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["log", "guardrail", "planted", "exit_code", "failed"])
        writer.writerows(rows)


if __name__ == "__main__":
    main()

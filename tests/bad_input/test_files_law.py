"""The law of bad input: an exit code of the contract, a short message, no traceback, no file.

Every case is a whole log and a whole brief with one thing wrong; `check` says so, and `plan`
refuses and writes nothing.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from handful.cli.main import run

ID_START = "CID"
"""How every customer id begins: no message may show one."""

ROWS = 1_200

BRIEF = """\
[experiment]
source = "log.csv"
customer = "customer"
offer = "arm"
control = "none"
features = ["age", "visits", "zone"]

[profit]
per_row = "spend"

[menu]
max_offers = 2
"""


def log_rows() -> list[list[str]]:
    rng = np.random.default_rng(7)
    arms = rng.permutation(np.arange(ROWS) % 3)
    rows = [
        [
            f"{ID_START}{i:06d}",
            str(rng.integers(18, 90)),
            str(rng.integers(0, 30)),
            str(rng.choice(["north", "south"])),
            ("none", "mail", "call")[arms[i]],
            "0.3333333333",
            f"{max(0.0, rng.normal(5, 3)):.2f}",
        ]
        for i in range(ROWS)
    ]
    return [["customer", "age", "visits", "zone", "arm", "p", "spend"], *rows]


GOOD = log_rows()
HEADER = GOOD[0]


def text(rows: list[list[str]]) -> bytes:
    return "".join(",".join(row) + "\n" for row in rows).encode()


def column(name: str, change: Callable[[int, str], str]) -> bytes:
    """Return the log with one column changed cell by cell."""
    place = HEADER.index(name)
    body = [
        [change(i, cell) if j == place else cell for j, cell in enumerate(row)]
        for i, row in enumerate(GOOD[1:])
    ]
    return text([HEADER, *body])


def brief(old: str, new: str) -> str:
    assert old in BRIEF
    return BRIEF.replace(old, new)


@dataclass(frozen=True)
class Case:
    """A broken log or brief, and a word that the message must hold."""

    name: str
    says: str = ""
    log: bytes | None = None
    brief: str = BRIEF


CASES = (
    Case("empty file", "empty", log=b""),
    Case("header only", r"0 rows|no rows", log=text(GOOD[:1])),
    Case("three rows", r"", log=text(GOOD[:4])),
    Case(
        "one arm only",
        r"only 'mail'",
        log=column("arm", lambda _i, _c: "mail"),
        brief=brief('control = "none"\n', ""),
    ),
    Case("profit column misspelt", r"[Dd]id you mean", brief=brief('"spend"', '"spnd"')),
    Case("offer column misspelt", r"[Dd]id you mean", brief=brief('"arm"', '"arms"')),
    Case("feature misspelt", r"[Dd]id you mean", brief=brief('"visits"', '"visit"')),
    Case("control not in the log", "none", brief=brief('"none"', '"nobody"')),
    Case(
        "repeated customers",
        r"customer",
        log=column("customer", lambda i, _c: f"{ID_START}{i // 4:06d}"),
    ),
    Case("profit not a number", "", log=column("spend", lambda i, c: "n/a" if i == 5 else c)),
    Case("profit infinite", "", log=column("spend", lambda i, c: "inf" if i == 5 else c)),
    Case("profit absurd", "", log=column("spend", lambda i, c: "1e308" if i < 9 else c)),
    Case("profit constant", "", log=column("spend", lambda _i, _c: "0")),
    Case(
        "propensities out of range",
        "",
        log=column("p", lambda i, _c: ("0", "-0.5", "1.2", "")[i % 4]),
        brief=brief('control = "none"', 'control = "none"\npropensity = "column:p"'),
    ),
    Case(
        "logged propensity against observed share",
        "",
        log=column("p", lambda i, _c: {"none": "0.8", "mail": "0.1"}.get(GOOD[1 + i][4], "0.1")),
        brief=brief('control = "none"', 'control = "none"\npropensity = "column:p"'),
    ),
    Case(
        "deterministic log",
        "",
        log=column("p", lambda _i, _c: "1.0"),
        brief=brief('control = "none"', 'control = "none"\npropensity = "column:p"'),
    ),
    Case(
        "leak",
        "leak",
        log=text([[*HEADER, "coupon"], *([*row, row[6]] for row in GOOD[1:])]),
        brief=brief('"zone"]', '"zone", "coupon"]'),
    ),
    Case(
        "shares far from those promised",
        "",
        brief=brief(
            'control = "none"',
            'control = "none"\npropensity = { none = 0.8, mail = 0.1, call = 0.1 }',
        ),
    ),
    Case(
        "latin-1 bytes", r"byte|encod", log=column("zone", lambda _i, c: c) + "é,".encode("latin1")
    ),
    Case("unclosed quote", r"", log=text(GOOD[:600]) + b'"' + text(GOOD[600:])),
    Case("ragged row", r"", log=text(GOOD) + b"a,b\n"),
    Case("NUL byte", r"", log=text(GOOD) + b"\x00,\x00,\x00,\x00,\x00,\x00,\x00,\x00\n"),
    Case("binary rubbish", r"", log=bytes(range(256)) * 40),
    Case("no log there", r"", brief=brief("log.csv", "lgo.csv")),
    Case("the log is a folder", r"", brief=brief('"log.csv"', '"."')),
    Case("a source of another kind", r"", brief=brief('"log.csv"', '"ftp://x/log"')),
    Case(
        "where keeps nothing", r"0 rows|no rows", brief=brief('"arm"', '"arm"\nwhere = "age > 900"')
    ),
    Case("where is no SQL", r"", brief=brief('"arm"', '"arm"\nwhere = "age >"')),
    Case("profit is no SQL", r"", brief=brief('"spend"', '"spend +"')),
    Case("profit is text", r"", brief=brief('"spend"', "\"'a'\"")),
    Case("profit adds rows up", r"", brief=brief('"spend"', '"sum(spend)"')),
    Case("profit reads files", r"", brief=brief('"spend"', "\"(SELECT 1 FROM '/etc/passwd')\"")),
    Case("profit is two statements", r"", brief=brief('"spend"', '"spend; DROP TABLE log"')),
    Case("unknown key", r"[Dd]id you mean", brief=brief("max_offers", "max_ofers")),
    Case("unknown table", r"[Dd]id you mean", brief=brief("[menu]", "[menue]")),
    Case(
        "a budget of nothing", r"constraints\.cost", brief=BRIEF + "\n[constraints]\nbudget = 5\n"
    ),
    Case("not TOML", r"TOML", brief="experiment: {}"),
    Case("empty brief", r"", brief=""),
    Case("wrong type", r"max_offers", brief=brief("= 2", '= "two"')),
    Case("no offers allowed", r"max_offers", brief=brief("= 2", "= 0")),
    Case("negative cost", r"setup_cost", brief=BRIEF + "setup_cost = -1.0\n"),
    Case("cost not finite", r"setup_cost", brief=BRIEF + "setup_cost = nan\n"),
    Case("population zero", r"population", brief=brief('"spend"', '"spend"\npopulation = 0')),
    Case(
        "several things at once",
        r"max_ofers",
        brief=brief("max_offers", "max_ofers") + "neve = []\n",
    ),
)


def put(case: Case, folder: Path) -> Path:
    (folder / "log.csv").write_bytes(text(GOOD) if case.log is None else case.log)
    path = folder / "handful.toml"
    path.write_text(case.brief, encoding="utf-8")
    return path


def lawful(code: int, shown: str) -> None:
    assert code in {0, 1, 2, 3, 4}
    assert "Traceback" not in shown
    assert "X903" not in shown
    assert len(shown.splitlines()) < 20
    assert ID_START + "0" not in shown


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_law_holds(case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = put(case, tmp_path)
    begun = time.process_time()
    code = run(["check", str(path)])
    shown = capsys.readouterr()
    assert time.process_time() - begun < 10
    lawful(code, shown.out + shown.err)
    assert code in {2, 3}, shown.out + shown.err
    assert re.search(case.says, shown.out + shown.err), shown.out + shown.err
    assert run(["plan", str(path), "--out", str(tmp_path / "plan")]) in {2, 3}
    shown = capsys.readouterr()
    lawful(code, shown.err)
    assert shown.out == ""
    assert sorted(p.name for p in tmp_path.iterdir()) == ["handful.toml", "log.csv"]


def test_all_findings_come_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = brief("max_offers = 2", "max_ofers = 2\nneve = []") + "\n[nonsense]\nx = 1\n"
    path = put(Case("all at once", brief=wrong), tmp_path)
    assert run(["check", str(path)]) == 3
    shown = capsys.readouterr().err
    assert all(word in shown for word in ("max_ofers", "neve", "nonsense"))


def test_the_good_log_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = put(Case("good"), tmp_path)
    assert run(["check", str(path)]) == 0, capsys.readouterr()
    lawful(0, capsys.readouterr().out)


@pytest.mark.parametrize(
    ("menu", "says"),
    [
        ('always = ["fax"]\n', "fax"),
        ('never = ["fax"]\n', "fax"),
        ('always = ["mail"]\nnever = ["mail"]\n', "mail"),
        ('always = ["none", "mail", "call"]\n', r"always"),
        ('never = ["none", "mail", "call"]\n', r"never"),
        ("setup_cost = { fax = 5.0 }\n", "fax"),
    ],
)
def test_a_menu_that_cannot_be_is_refused_by_the_key_that_forbids_it(
    menu: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(Case("menu", brief=BRIEF + menu), tmp_path)
    code = run(["plan", str(path), "--out", str(tmp_path / "plan")])
    shown = capsys.readouterr()
    lawful(code, shown.err)
    assert code in {2, 3}, shown
    assert says in shown.err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["handful.toml", "log.csv"]

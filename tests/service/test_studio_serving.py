"""Starting and stopping: addresses, tokens, stores, and what is not loaded."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

import made_postgres
from handful.cli.main import run
from handful.delivery.studio import serving
from handful.delivery.studio.fence import COOKIE
from made_serving import (
    FEATURES,
    SIGNED,
    Running,
    failing,
    planned,
    start,
    stop,
    studio,
    told_address,
)

TOKEN = "a-token-of-more-than-twenty-characters"  # noqa: S105 - of this test
EVERYWHERE = "0.0.0.0"  # noqa: S104 - to be refused
HEAVY = ("altair", "narwhals", "pandas", "polars", "scipy", "sklearn", "xgboost")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serving")
    planned(folder)
    return folder


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.touch(mode=0o600)
    file.write_text(TOKEN + "\n")
    return file


def plan_id(running: Running) -> str:
    return running.client.get("/").text.split('href="/plans/')[1][:12]


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(["serve", *words, "--json"]) in {2, 3, 4}
    return str(json.loads(capsys.readouterr().out)["findings"][0]["code"])


def test_starting_loads_no_learner_and_takes_little(home: Path) -> None:
    code = f"""
import resource, sys
from pathlib import Path
from handful.cli import application
from handful.delivery.studio import serving
from handful.delivery.studio.app import build_app
from handful.delivery.studio.fence import Rules
from handful.delivery.studio.shelf import fill_shelf
from handful.delivery.studio.sqlite import open_sqlite
from handful.delivery.studio.store import open_store
from handful.delivery.secret_key import SecretKey
store = open_store(open_sqlite(Path({str(home / "one.sqlite")!r})), SecretKey("k", b"k" * 32))
build_app(fill_shelf([Path({str(home / "plan")!r})]), store, Rules(frozenset()), print)
print(resource.getrusage(resource.RUSAGE_SELF).ru_utime)
print(*sorted({{name.split(".")[0] for name in sys.modules}}))
"""
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, loaded = made.stdout.splitlines()
    assert set(loaded.split()).isdisjoint(HEAVY)
    assert {"starlette", "msgspec", "apsw"} <= set(loaded.split())
    # Twice of what was measured on a slow machine; a learner alone would take longer.
    assert float(seconds) < 2.5


def test_a_missing_package_of_the_extra_is_named(home: Path) -> None:
    code = (
        "import sys; sys.modules['apsw'] = None\n"
        f"from handful.cli.main import run; sys.exit(run(['serve', {str(home / 'plan')!r}]))"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert made.returncode == 4
    assert "X906" in made.stderr
    assert 'pip install "handful[serve]"' in made.stderr


def test_it_stops_cleanly_and_remembers(home: Path, tmp_path: Path) -> None:
    store = ("--store", f"sqlite:///{tmp_path / 's.sqlite'}")
    for kind in (signal.SIGTERM, signal.SIGINT):
        process, _ = start(home / "plan", flags=store)
        address = told_address(process)
        assert address.startswith("http://127.0.0.1:")
        assert httpx.get(address, trust_env=False).status_code == 200
        assert stop(process, kind) == 0
    assert not (tmp_path / ".s.sqlite.lock").exists()


def test_it_prints_where_it_is_for_a_person(home: Path, tmp_path: Path) -> None:
    words = ["serve", str(home / "plan"), str(tmp_path / "none"), "--port", "0"]
    code = f"import sys; sys.argv[1:] = {words!r}; from handful.cli.main import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    said = [process.stdout.readline(), process.stdout.readline()]
    stop(process)
    assert said[0].startswith("Not shown: none. F810")
    assert said[1].startswith("The studio is at http://127.0.0.1:")


def test_no_plan_at_all_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, str(tmp_path / "none")) == "F810"
    assert not list(tmp_path.iterdir())


def test_a_port_in_use_is_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert refused(capsys, str(home / "plan"), "--port", port) == "F870"


def test_answers_are_sent_at_once(home: Path) -> None:
    # An event loop turns Nagle's delay off only where the socket says that it is TCP.
    with serving._listening(serving.Wanted((home / "plan",), port=0)) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_two_studios_do_not_share_a_file(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = f"sqlite:///{tmp_path / 's.sqlite'}"
    with studio(home / "plan", flags=("--store", store)):
        words = (str(home / "plan"), "--port", "0", "--store", store)
        assert refused(capsys, *words) == "F801"


@pytest.mark.parametrize(
    ("store", "found"),
    [("mysql://x/y", "F893"), ("sqlite:///{tmp}/no/x.sqlite", "F874"), ("x.sqlite", "F893")],
)
def test_stores_that_cannot_be_are_named(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], store: str, found: str
) -> None:
    words = (str(home / "plan"), "--port", "0", "--store", store.format(tmp=tmp_path))
    assert refused(capsys, *words) == found


def test_a_public_address_needs_a_token(
    home: Path, tmp_path: Path, token_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = str(home / "plan")
    assert refused(capsys, plan, "--host", EVERYWHERE, "--port", "0") == "F871"
    token = ("--token-file", str(token_file))
    assert refused(capsys, plan, "--host", EVERYWHERE, "--port", "0", *token) == "F871"
    token_file.chmod(0o644)
    assert refused(capsys, plan, "--port", "0", *token) == "F872"
    short = tmp_path / "short"
    short.touch(mode=0o600)
    short.write_text("short")
    assert refused(capsys, plan, "--port", "0", "--token-file", str(short)) == "F872"
    assert refused(capsys, plan, "--port", "0", "--token-file", str(tmp_path / "no")) == "F872"


def test_everything_asks_for_the_token(home: Path, token_file: Path) -> None:
    flags = ("--host", EVERYWHERE, "--name", "localhost", "--token-file", str(token_file))
    with ExitStack() as held:
        running = held.enter_context(studio(home / "plan", flags=flags, token=TOKEN))
        plan = plan_id(running)
        bare = held.enter_context(httpx.Client(base_url=running.address, trust_env=False))
        for path in ("/", "/history", f"/plans/{plan}", f"/plans/{plan}/report"):
            answer = bare.get(path)
            assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        for path in ("/api/served", f"/api/plans/{plan}/customers/0"):
            assert bare.get(path).status_code == 401
        for path in (f"/api/plans/{plan}/release", "/api/rollback", "/api/decide"):
            answer = bare.post(path, json=SIGNED)
            assert answer.status_code == 401
            assert answer.json()["errors"][0]["code"] == "F881"
        for wrong in ("Bearer x", "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xe9"):
            told = {"authorization": wrong.encode("latin-1")}
            assert bare.get("/api/served", headers=told).status_code == 401
        assert bare.get("/health").status_code == 200
        assert bare.get("/static/looks.css").status_code == 200
        assert bare.get("/static/../../x").status_code in {303, 404}
        assert running.client.get("/api/served").status_code == 200


def test_the_form_sets_a_cookie_that_a_script_cannot_read(home: Path, token_file: Path) -> None:
    with ExitStack() as held:
        running = held.enter_context(studio(home / "plan", flags=("--token-file", str(token_file))))
        browser = held.enter_context(httpx.Client(base_url=running.address, trust_env=False))
        assert browser.post("/login", data={"token": TOKEN + "x"}).status_code == 401
        assert browser.post("/login", content=b"token=%ff", headers={
            "content-type": "application/x-www-form-urlencoded"}).status_code == 401  # fmt: skip
        elsewhere = browser.post("/login", data={"token": TOKEN}, headers={"origin": "http://x.y"})
        assert elsewhere.status_code == 403
        answer = browser.post("/login", data={"token": TOKEN})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert TOKEN not in cookie
        assert "Secure" not in cookie
        tls = {"origin": running.address.rstrip("/").replace("http:", "https:")}
        again = browser.post("/login", data={"token": TOKEN}, headers=tls)
        assert "Secure" in again.headers["set-cookie"]
        browser.cookies.clear()
        browser.post("/login", data={"token": TOKEN})
        assert browser.get("/").status_code == 200
        assert browser.get("/api/served").status_code == 200
        assert browser.post("/logout").status_code == 415
        browser.post("/logout", data={"x": "y"})
        assert browser.get("/").status_code == 303
        forged = {"cookie": f"{COOKIE}={'0' * 64}"}
        assert httpx.get(running.address, headers=forged, trust_env=False).status_code == 303


def test_many_at_once_get_one_release_and_no_error(home: Path, tmp_path: Path) -> None:
    store = ("--store", f"sqlite:///{tmp_path / 's.sqlite'}")
    with studio(home / "plan", flags=store) as running:
        plan, statuses = plan_id(running), []
        together = threading.Barrier(6)

        def sign(name: int) -> None:
            with httpx.Client(base_url=running.address, timeout=60, trust_env=False) as client:
                together.wait()
                body = SIGNED | {"by": f"Person {name}", "after": 0}
                statuses.append(client.post(f"/api/plans/{plan}/release", json=body).status_code)

        threads = [threading.Thread(target=sign, args=(name,)) for name in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [200, 409, 409, 409, 409, 409]
        served = running.client.get("/api/served").json()["release"]
        assert served["id"] == 1


def test_a_killed_studio_starts_again_with_what_it_acknowledged(home: Path, tmp_path: Path) -> None:
    store = ("--store", f"sqlite:///{tmp_path / 's.sqlite'}")
    told = 0
    for _ in range(2):
        process, log = start(home / "plan", flags=store)
        client = httpx.Client(base_url=told_address(process), timeout=30, trust_env=False)
        running = Running(process, log, str(client.base_url), client)
        plan = plan_id(running)
        assert (running.client.get("/api/served").json()["release"] or {"id": 0})["id"] == told
        for _ in range(4):
            told = running.post(f"/api/plans/{plan}/release", SIGNED).json()["release"]["id"]
        client.close()
        assert stop(process, signal.SIGKILL) == -signal.SIGKILL
    assert told == 8
    with studio(failing(home / "plan", tmp_path / "other"), flags=store) as running:
        served = running.client.get("/api/served").json()
        assert served["release"]["id"] == 8
        assert not served["ready"]
        answer = running.post("/api/decide", {"features": FEATURES})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "F879")
        back = running.post("/api/rollback", {"to": 1, "by": "Jo", "reason": "x"})
        assert (back.status_code, back.json()["errors"][0]["code"]) == (409, "F879")


def test_another_secret_than_the_history_was_sealed_with_is_named(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ("--store", f"sqlite:///{tmp_path / 's.sqlite'}")
    with studio(home / "plan", flags=store) as running:
        assert running.post(f"/api/plans/{plan_id(running)}/release", SIGNED).status_code == 200
    monkeypatch.setenv("HANDFUL_SECRET", str(tmp_path / "other.json"))
    assert refused(capsys, str(home / "plan"), "--port", "0", *store) == "F894"


def test_the_same_over_postgresql(home: Path) -> None:
    if made_postgres.tools() is None:
        pytest.skip("no PostgreSQL server is installed")
    with made_postgres.server() as url:
        for turn in range(2):
            with studio(home / "plan", flags=("--store", url)) as running:
                plan = plan_id(running)
                edit = {"offer": "mail", "label": f"Letter {turn}", "by": "Jo"}
                assert running.post(f"/api/plans/{plan}/content", edit).status_code == 200
                made = running.post(f"/api/plans/{plan}/release", SIGNED).json()["release"]
                assert made["id"] == turn + 1
                assert running.client.get("/health").json()["served"] == plan
        assert "Letter 1" in running_content(home, url)


def running_content(home: Path, url: str) -> str:
    with studio(home / "plan", flags=("--store", url)) as running:
        return running.client.get(f"/plans/{plan_id(running)}/content").text

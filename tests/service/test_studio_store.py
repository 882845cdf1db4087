"""The store: what was acknowledged is there after a kill, edits show, of two releases one wins."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import apsw
import pytest
from store_writer import SECRET

import made_postgres
from handful.delivery.secret_key import SecretKey
from handful.delivery.studio import database
from handful.delivery.studio.database import Database
from handful.delivery.studio.postgres import open_postgres
from handful.delivery.studio.records import Edit, Release, ReviewAnswer
from handful.delivery.studio.refusing import RefusalError
from handful.delivery.studio.sqlite import open_sqlite
from handful.delivery.studio.store import (
    Store,
    add_edit,
    add_release,
    add_review,
    edits_of,
    open_store,
    releases,
    reviews_of,
    see_plan,
)
from handful.errors import MachineError

ROUNDS = 20
WRITER = Path(__file__).with_name("store_writer.py")
Opened = Callable[[], Database]


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    if made_postgres.tools() is None:
        pytest.skip("no PostgreSQL server is installed")
    with made_postgres.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    """Open the same empty store as often as one likes."""
    with ExitStack() as held:
        if request.param == "sqlite":
            made = lambda: open_sqlite(tmp_path / "studio.sqlite")  # noqa: E731
        else:
            url = request.getfixturevalue("postgres")
            made = lambda: open_postgres(url)  # noqa: E731
            clean = made()
            clean.read("DROP SCHEMA public CASCADE")
            clean.read("CREATE SCHEMA public")
            clean.close()

        def opening() -> Database:
            base = made()
            held.callback(base.close)
            return base

        yield opening


def wanted(plan: str = "aaaaaaaaaaaa", by: str = "Jo") -> Release:
    return Release(0, plan, "plan ü", by, "it's; DROP TABLE x -- %s ?", "", "release", "c" * 64)


def ignore(_: Release) -> None:
    """Nobody is told."""


def test_everything_comes_back_as_it_was_put_in(opened: Opened) -> None:
    store = open_store(opened(), SECRET)
    see_plan(store, "aaaaaaaaaaaa", "a" * 64, "plan", "/tmp/plan")  # noqa: S108 - a name only
    see_plan(store, "aaaaaaaaaaaa", "a" * 64, "moved", "/tmp/moved")  # noqa: S108
    first = add_edit(store, "aaaaaaaaaaaa", Edit("mail", None, "Letter 'ä' %s ?", "Jo", ""))
    second = add_edit(store, "aaaaaaaaaaaa", Edit("mail", "post", "", "", ""))
    review = ReviewAnswer("s" * 12, "Jo", "not fine", "I'd wonder.", "")
    kept = add_review(store, "aaaaaaaaaaaa", "c" * 64, review)
    one = add_release(store, wanted(), 0, ignore)
    two = add_release(store, wanted("bbbbbbbbbbbb"), 1, ignore)
    again = open_store(opened(), SECRET)
    assert edits_of(again, "aaaaaaaaaaaa") == (first, second)
    assert edits_of(again, "bbbbbbbbbbbb") == ()
    assert reviews_of(again, "aaaaaaaaaaaa", "c" * 64) == (kept,)
    assert not reviews_of(again, "aaaaaaaaaaaa", "d" * 64)[0].current
    assert releases(again) == ((one, two), True)
    assert two.at.endswith("Z")
    (line,) = again.database.read("SELECT name, first_seen, last_seen FROM handful_plans")
    assert line[0] == "moved"


def test_what_is_told_before_the_commit_can_take_it_back(opened: Opened) -> None:
    store = open_store(opened(), SECRET)

    def refuse(_: Release) -> None:
        raise OSError("the audit file is full")

    with pytest.raises(OSError, match="full"):
        add_release(store, wanted(), 0, refuse)
    assert releases(store) == ((), True)
    assert add_release(store, wanted(), 0, ignore).id == 1


def test_of_two_releases_at_once_one_wins(opened: Opened) -> None:
    stores = [open_store(opened(), SECRET) for _ in range(2)]
    for turn in range(10):
        outcomes: list[str] = []
        together = threading.Barrier(len(stores))

        def sign(
            store: Store,
            turn: int = turn,
            outcomes: list[str] = outcomes,
            together: threading.Barrier = together,
        ) -> None:
            together.wait()
            try:
                outcomes.append(f"release {add_release(store, wanted(), turn, ignore).id}")
            except RefusalError as refused:
                outcomes.append(refused.obstacles[0].code)

        threads = [threading.Thread(target=sign, args=(store,)) for store in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["F876", f"release {turn + 1}"]
    made, intact = releases(stores[0])
    assert [one.id for one in made] == list(range(1, 11))
    assert intact


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE handful_releases SET signed_by = 'Al' WHERE id = 2",
        "UPDATE handful_releases SET at = '2020-01-01T00:00:00Z' WHERE id = 1",
        "UPDATE handful_releases SET plan = 'bbbbbbbbbbbb' WHERE id = 3",
        "DELETE FROM handful_releases WHERE id = 2",
        "DELETE FROM handful_releases WHERE id = 1",
        "UPDATE handful_served SET release_id = 1",
        "DELETE FROM handful_served",
    ],
)
def test_an_edit_of_the_history_shows(opened: Opened, edit: str) -> None:
    store = open_store(opened(), SECRET)
    for after in range(3):
        add_release(store, wanted(), after, ignore)
    assert releases(store)[1]
    store.database.read(edit)
    assert not releases(store)[1]


def test_another_secret_does_not_fit_and_an_edited_answer_does_not_count(opened: Opened) -> None:
    store = open_store(opened(), SECRET)
    add_release(store, wanted(), 0, ignore)
    answer = ReviewAnswer("s" * 12, "Jo", "not fine", "", "")
    add_review(store, "aaaaaaaaaaaa", "c" * 64, answer)
    stranger = Store(store.database, SecretKey("other", b"x" * 32))
    assert not releases(stranger)[1]
    with pytest.raises(RefusalError) as refused:
        add_release(stranger, wanted(), 1, ignore)
    assert refused.value.obstacles[0].code == "F878"
    store.database.read("UPDATE handful_reviews SET answer = 'fine'")
    assert reviews_of(store, "aaaaaaaaaaaa", "c" * 64) == ()


def test_acknowledged_releases_survive_a_kill(tmp_path: Path) -> None:
    file, rng = tmp_path / "studio.sqlite", random.Random(0)  # noqa: S311 - when to kill
    acknowledged: dict[int, str] = {}
    for _ in range(ROUNDS):
        process = subprocess.Popen(
            [sys.executable, str(WRITER), str(file)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        time.sleep(rng.uniform(0.0, 0.15))
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
        process.wait()
        process.stdout.close()
        # A line that the kill cut in two was not told.
        told = [line.split() for line in lines if line.endswith("\n")]
        acknowledged |= {int(number): plan for number, plan in told}
        store = open_store(open_sqlite(file), SECRET)
        made, intact = releases(store)
        assert store.database.read("PRAGMA integrity_check") == [("ok",)]
        store.database.close()
        assert intact
        found = {one.id: one.plan for one in made}
        assert acknowledged.items() <= found.items()
        # At most one more than was told: committed, and killed before its word was out.
        assert len(found) - max(acknowledged) <= 1
    assert len(acknowledged) >= ROUNDS


def test_a_store_of_another_version_or_no_store_is_named(tmp_path: Path) -> None:
    store = open_store(open_sqlite(tmp_path / "a.sqlite"), SECRET)
    store.database.read("UPDATE handful_schema SET version = 99")
    store.database.close()
    with pytest.raises(MachineError) as later:
        open_store(open_sqlite(tmp_path / "a.sqlite"), SECRET)
    assert "later version" in later.value.findings[0].message
    (tmp_path / "b.sqlite").write_bytes(b"this is no database, " * 100)
    (tmp_path / "c.sqlite").mkdir()
    for name in ("b.sqlite", "c.sqlite", "none/d.sqlite"):
        with pytest.raises(MachineError) as refused:
            open_sqlite(tmp_path / name)
        assert refused.value.findings[0].code == "F874"
    assert (tmp_path / "a.sqlite").stat().st_mode & 0o077 == 0


def test_a_store_is_brought_forward_step_by_step(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(opened(), SECRET)
    one = add_release(store, wanted(), 0, ignore)
    added = ("ALTER TABLE handful_plans ADD COLUMN note TEXT",)
    monkeypatch.setattr(database, "MIGRATIONS", (*database.MIGRATIONS, added))
    monkeypatch.setattr(database, "VERSION", database.VERSION + 1)
    assert database.migrate(store.database) == 1
    assert database.migrate(store.database) == 2
    assert store.database.read("SELECT note FROM handful_plans") == []
    assert releases(store) == ((one,), True)


def test_sqlite_is_one_that_keeps_its_log() -> None:
    assert tuple(map(int, apsw.sqlite_lib_version().split("."))) >= (3, 51, 3)


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(MachineError) as refused:
        open_postgres("postgresql://jo:hunter2@127.0.0.1:1/shop?connect_timeout=2")
    (found,) = refused.value.findings
    assert found.code == "F874"
    assert "hunter2" not in found.message + found.remedy
    assert "jo" not in found.message

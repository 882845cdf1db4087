"""What is no number, and what goes wrong on the way: an answer, and nothing told of the inside."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from handful.delivery.studio.asking import read_address
from handful.delivery.studio.bodies import Edited, plain_name, plain_words
from handful.delivery.studio.content import edit_of
from handful.delivery.studio.fence import Rules, fenced
from handful.delivery.studio.refusing import RefusalError, from_error
from handful.delivery.studio.shelf import fill_shelf
from handful.delivery.studio.sqlite import open_sqlite
from handful.errors import MachineError
from made_serving import ROWS, planned
from made_shop import write_shop


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e400", "x", "0x10"])
@pytest.mark.parametrize("name", ["setup_cost", "population", "assumption.margin", "capacity.a"])
def test_an_address_asks_only_finite_numbers(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"finite|could not convert"):
        read_address({name: text})


def test_an_accident_ends_at_the_fence_and_its_words_are_not_logged() -> None:
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 500, "headers": []})
        raise KeyError("ZQX-00007-ID")

    async def sink(_message: Message) -> None:
        return None

    async def empty() -> Message:
        return {"type": "http.request"}

    said: list[str] = []
    fence = fenced(app, Rules(frozenset({"here"})), _never, said.append)
    scope: dict[str, Any] = {
        "type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"here")]
    }  # fmt: skip
    # In a thread of its own: a browser driven by another test keeps a loop running in this one.
    with ThreadPoolExecutor(1) as aside:
        aside.submit(lambda: asyncio.run(fence(scope, empty, sink))).result()
    assert "KeyError" in said[0]
    assert "ZQX" not in "".join(said)


NAMES = ["", " ", "\u200b", "\u200f\u00ad", "Jo\nRelease 5", "Jo\tDoe", "Jo\u2028Doe", "\u202eeoD"]


@pytest.mark.parametrize("name", [*NAMES, "\u2067eoD\u2069", "a" * 201])
def test_a_name_that_hides_something_is_refused(name: str) -> None:
    with pytest.raises(RefusalError) as refused:
        plain_name(name, "a name")
    assert refused.value.obstacles[0].code == "F880"
    assert name.strip() == "" or name not in refused.value.obstacles[0].message


@pytest.mark.parametrize(
    "name", ["Zo\u00eb", "\u0644\u064a\u0644\u0649", "O\u2019Neil <jo@x>", "\u674e"]
)
def test_names_of_people_are_taken(name: str) -> None:
    assert plain_name(f" {name} ", "a name") == name


def test_a_reason_may_have_lines_but_not_turn_the_writing() -> None:
    assert plain_words("one\ntwo", "a reason", 20) == "one\ntwo"
    with pytest.raises(RefusalError):
        plain_words("one\u202eowt", "a reason", 20)


def test_a_store_that_fails_says_so(tmp_path: Path) -> None:
    file = tmp_path / "studio.sqlite"
    database = open_sqlite(file)
    with pytest.raises(MachineError) as failed:
        database.read("SELECT * FROM handful_gone")
    database.close()
    assert failed.value.findings[0].code == "F874"
    assert str(tmp_path) not in failed.value.findings[0].message
    assert from_error(failed.value).status == 503


def test_a_folder_set_aside_does_not_tell_where_it_lies(tmp_path: Path) -> None:
    write_shop(tmp_path, rows=ROWS)
    good = planned(tmp_path)
    (tmp_path / "empty").mkdir()
    shelf = fill_shelf([good, tmp_path / "empty"])
    assert shelf.refused[0].findings[0].code == "F810"
    assert str(tmp_path) not in shelf.refused[0].findings[0].message
    (plan,) = shelf.plans.values()
    with pytest.raises(RefusalError) as refused:
        edit_of(plan, Edited("mail", label="call"))
    assert refused.value.obstacles[0].code == "F875"
    assert edit_of(plan, Edited("mail", label="Mail")).text == "Mail"


def _never(*_: object) -> Any:
    raise AssertionError

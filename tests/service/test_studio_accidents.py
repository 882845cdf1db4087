"""What is no number, and what goes wrong on the way: an answer, and nothing told of the inside."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from handful.delivery.studio.asking import read_address
from handful.delivery.studio.fence import Rules, fenced


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
    asyncio.run(fence(scope, empty, sink))
    assert "KeyError" in said[0]
    assert "ZQX" not in "".join(said)


def _never(*_: object) -> Any:
    raise AssertionError

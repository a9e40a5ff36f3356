"""What a process keeps of bodies that are not whole yet is bounded, in all and from one address."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from techmarket.api import limits
from techmarket.api.limits import HELD, Limits


async def answer(_scope: Any, receive: Any, send: Any) -> None:
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % len(body)})


class Sender:
    """One request from an address, whose body comes when it is told to."""

    def __init__(self, address: str) -> None:
        self.pieces: asyncio.Queue[tuple[bytes, bool]] = asyncio.Queue()
        self.told: list[Any] = []
        headers = [(b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")]
        scope = {"type": "http", "method": "POST", "path": "/x", "raw_path": b"/x", "headers": headers}
        asking = Limits(answer)({**scope, "query_string": b"", "client": (address, 1)}, self._receive, self._send)
        self.asking = asyncio.create_task(asking)

    async def _receive(self) -> Any:
        body, more = await self.pieces.get()
        return {"type": "http.request", "body": body, "more_body": more}

    async def _send(self, message: Any) -> None:
        self.told.append(message)

    async def say(self, length: int, *, more: bool = False) -> None:
        self.pieces.put_nowait((b" " * length, more))
        while not self.pieces.empty():  # noqa: ASYNC110
            await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def end(self) -> tuple[int, str]:
        self.pieces.put_nowait((b"1", False))
        await self.asking
        body = json.loads(self.told[1]["body"])
        return self.told[0]["status"], body.get("code") if isinstance(body, dict) else ""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HELD_BYTES_MAX", 100_000)
    monkeypatch.setattr(limits, "FREE_BYTES", 1_000)


async def test_long_bodies_from_one_address_wait_for_each_other_and_short_ones_for_nobody() -> None:
    first = Sender("192.0.2.1")
    await first.say(24_000, more=True)
    second, short, other = Sender("192.0.2.1"), Sender("192.0.2.1"), Sender("192.0.2.2")
    for one, length in ((second, 24_000), (short, 900), (other, 24_000)):
        await one.say(length, more=True)
    assert [await one.end() for one in (second, short, other)] == [(503, "market.busy"), (200, ""), (200, "")]
    assert await first.end() == (200, "")
    third = Sender("192.0.2.1")
    await third.say(24_000, more=True)
    assert await third.end() == (200, "")


async def test_all_addresses_together_hold_so_much_and_what_was_let_go_is_free_again() -> None:
    senders = [Sender(f"192.0.2.{n}") for n in range(6)]
    for one in senders:
        await one.say(20_900, more=True)
    assert sorted([(await one.end())[0] for one in senders]) == [200] * 5 + [503]
    gone = Sender("192.0.2.9")
    await gone.say(20_000, more=True)
    gone.asking.cancel()
    await asyncio.wait([gone.asking])
    assert (HELD.total, HELD.addresses) == (0, 0)

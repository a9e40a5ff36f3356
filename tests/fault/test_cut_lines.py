"""A line that breaks behind the commit and before the answer, at every byte: the retry acts once and hears the same.

Between the caller and the market stands a proxy that takes the whole answer, hands on so many bytes of it, and cuts the
line; or so many bytes of the request. Whoever was cut off asks again with the same key, as the contract says. In the
long form (`TECHMARKET_LONG=1`) the line is cut at every byte of a request and of an answer; else at a few telling ones.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from techmarket.app import create_app
from techmarket.db.session import Tx
from tests.follow import served
from tests.identity.make import an_organisation
from tests.listings.make import demand_terms
from tests.trading.make import an_open_lot

IS_LONG = os.environ.get("TECHMARKET_LONG") == "1"
SAME_HEADERS = ("content-type", "etag", "location")
PDF = b"%PDF-1.4\n% Sample photograph of a board\n%%EOF\n"
UPLOADERS = 10 if IS_LONG else 1
"""An organisation's uploads of a day are bounded; so many of them together upload once for every byte."""
REGISTRATION = {"kind": "ENTERPRISE", "name": "示例企业", "administrator": "示例人员"}


@dataclass
class Cutter:
    """A proxy for one request a line; `asked` and `told` are how many bytes of each go through, None for all."""

    to: int
    port: int = 0
    asked: int | None = None
    told: int | None = None
    whole: bytes = b""
    """The last answer as the market gave it."""
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked, told = self.asked, self.told
        there, out = await asyncio.open_connection("127.0.0.1", self.to)
        try:
            request = await read_message(reader)
            out.write(request[:asked])
            if asked is not None and asked < len(request):
                await out.drain()
                out.transport.abort()
            else:
                self.whole = await there.read()  # to its end: by then the market has committed
                writer.write(self.whole[:told])
                await writer.drain()
        finally:
            writer.transport.abort() if (asked, told) != (None, None) else writer.close()
            out.transport.abort()
            self.over.set()


@asynccontextmanager
async def a_cutter(to: int) -> AsyncIterator[Cutter]:
    cutter = Cutter(to)
    server = await asyncio.start_server(cutter.take, "127.0.0.1", 0)
    cutter.port = server.sockets[0].getsockname()[1]
    try:
        yield cutter
    finally:
        server.close()


async def read_message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    (length,) = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")]
    return head + await reader.readexactly(length)


@dataclass(frozen=True)
class Act:
    """A keyed request, and the rows that one effect of it adds: (a query that counts them, how many)."""

    path: str
    who: tuple[str, ...]
    """Keys of callers who take turns, each with as many as the market's own limits let him make; nobody's if none."""
    counts: str
    make: Callable[[int], Any]
    """The body of the request with this number: as long as that with any other."""
    adds: int = 1

    def request(self, once: str, n: int) -> bytes:
        body = self.make(n)
        media = "application/pdf" if isinstance(body, bytes) else "application/json"
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = [f"POST {self.path} HTTP/1.1", "Host: market.test", f"Idempotency-Key: {once}", f"Content-Type: {media}"]
        head += [f"Authorization: Bearer {self.who[n % len(self.who)]}"] if self.who else []
        head += [f"Content-Length: {len(content)}", "Connection: close", "", ""]
        return "\r\n".join(head).encode() + content


async def ask(port: int, request: bytes) -> bytes:
    """As much of an answer as came over the line."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    came = b""
    try:
        writer.write(request)
        while piece := await reader.read(65_536):
            came += piece
    except ConnectionError:
        pass
    finally:
        writer.transport.abort()
    return came


def parts(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split()[1]), headers, body


async def acts(tx: Tx, keys: Any) -> dict[str, Act]:
    unit = await an_organisation(tx, keys=keys)
    uploaders = [(await an_organisation(tx, keys=keys)).key for _ in range(UPLOADERS)]
    bidder = await an_organisation(tx, keys=keys)
    lot = await an_open_lot(tx, [bidder.actor])
    me = f"/v1/organisations/{unit.actor.org}"
    key = {"person_id": str(unit.actor.person), "scopes": ["read"]}
    money = "SELECT count(*) FROM bid"
    return {
        "register": Act("/v1/organisations", (), "SELECT count(*) FROM organisation", lambda _: REGISTRATION),
        "key": Act(f"{me}/keys", (unit.key,), "SELECT count(*) FROM api_key", lambda _: key),
        "draft": Act(
            "/v1/listings",
            (unit.key,),
            "SELECT count(*) FROM listing WHERE state = 'DRAFT'",
            lambda n: {"kind": "DEMAND", "terms": demand_terms(title_en=f"Sample demand {n:05}")},
        ),
        "upload": Act(
            "/v1/evidence", tuple(uploaders), "SELECT count(*) FROM evidence", lambda n: PDF + b"%% %05d\n" % n
        ),
        "bid": Act(
            f"/v1/lots/{lot.id}/bids",
            (bidder.key,),
            money,
            lambda n: {"amount": {"amount": f"{10_000_000 + 10_000 * n}.00", "currency": "CNY"}},
        ),
    }


def places(length: int, head: int) -> Iterable[int]:
    """Where the line is cut: at every byte, or before, in and behind each part of a message."""
    return range(length) if IS_LONG else sorted({0, head, length - 1})


async def test_a_line_cut_at_any_byte_leaves_one_effect_and_the_same_answer_behind(means, tx, keys):
    async with served(create_app(means)) as (base, _), a_cutter(int(base.rpartition(":")[2])) as cutter:
        for name, act in (await acts(tx, keys)).items():
            n = 0
            sample = act.request(key_of(name, 0), 0)
            answer = await once(cutter, tx, act, name, n, asked=None, told=None)
            for asked in places(len(sample), sample.index(b"\r\n\r\n") + 4):
                n += 1
                await once(cutter, tx, act, name, n, asked=asked, told=None)
            for end in places(len(answer), answer.index(b"\r\n\r\n") + 4):
                n += 1
                await once(cutter, tx, act, name, n, asked=None, told=end)
            if IS_LONG:
                print(json.dumps({"request": name, "cuts": n}), file=sys.stderr, flush=True)


async def once(cutter: Cutter, tx: Tx, act: Act, name: str, n: int, *, asked: int | None, told: int | None) -> bytes:
    """One act whose line is cut; asked again with its key it is done once, and the answer is the one that was lost."""
    where = (name, asked, told)
    before = await count(tx, act)
    request = act.request(key_of(name, n), n)
    cutter.asked, cutter.told, cutter.whole = asked, told, b""
    cutter.over.clear()
    came = await ask(cutter.port, request)
    await cutter.over.wait()
    lost, cutter.asked, cutter.told = cutter.whole, None, None
    if told is not None:
        assert lost.startswith(came), where
        assert await count(tx, act) == before + act.adds, where
    again = await patiently(cutter, request)
    status, headers, body = parts(again)
    assert status in (200, 201), (where, again)
    assert await count(tx, act) == before + act.adds, where
    if told is not None or asked is None:
        first_status, first_headers, first_body = parts(lost)
        assert (first_status, first_body) == (status, body), where
        for header in SAME_HEADERS:
            assert first_headers.get(header) == headers.get(header), where
    return again


def key_of(name: str, n: int) -> str:
    """As long for every number: the request is cut at bytes counted in another one."""
    return f"cut-{name}-{n:05}-{'x' * 20}"


async def patiently(cutter: Cutter, request: bytes) -> bytes:
    """While the first is still being handled the retry is told to come again."""
    for _ in range(100):
        again = await ask(cutter.port, request)
        if b" 409 " not in again[:16] or b"idempotency.in_flight" not in again:
            return again
        await asyncio.sleep(0.02)
    raise AssertionError(again)


async def count(tx: Tx, act: Act) -> int:
    async with tx.read() as db:
        return int((await db.execute(text(act.counts))).scalar_one())

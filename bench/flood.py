"""Five gigabytes sent to a data room of the served market: refused, with flat memory, and nothing left: `make flood`.

Once against the ordinary limit, where the market hangs up soon; once with the limit one byte below what is sent, so
that all of it goes through the market and the last byte is one too many.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from bench.harness import Store, own_store, say
from bench.served import MARKET, Served, fresh_keys, serving
from techmarket.db.files import SIZE_MAX
from techmarket.db.keys import Keys
from tests.chunked import send_chunked
from tests.disclosure.make import PDF, a_room
from tests.identity.make import an_organisation

SENT = 5 * 10**9
PART = bytes(1 << 20)
GROWTH_MAX = 64 << 20
WARM_UP = 32 << 20


@dataclass(frozen=True)
class Flood:
    limit: int
    sent: int
    status: int
    growth: int
    seconds: float
    left: int


async def flood(store: Store, keys: Keys, *, limit: int) -> Flood:
    """Send until all is sent or the market hangs up, and watch the memory of its process on the way."""
    owner = await an_organisation(store.tx, keys=keys)
    room = await a_room(store.tx, owner.actor)
    limits = {"TECHMARKET_UPLOAD_BYTES_MAX": str(limit), "TECHMARKET_LOG_JSON": "true"}
    async with serving(MARKET, store, keys, more=limits) as market:
        target = f"/v1/data-rooms/{room.kind}/{room.id}/documents?{urlencode({'name': 'a.pdf', 'unmarked': 'true'})}"
        head = (
            f"POST {target} HTTP/1.1\r\nHost: market.test\r\nAuthorization: Bearer {owner.key}\r\n"
            "Idempotency-Key: flood\r\nContent-Type: application/pdf\r\nConnection: close\r\n"
        )
        before, most, sent = market.process.memory_info().rss, 0, 0

        def parts() -> Iterator[bytes]:
            nonlocal before, most, sent
            yield PDF
            sent += len(PDF)
            while sent < SENT:
                part = PART[: SENT - sent]
                yield part
                sent += len(part)
                size = market.process.memory_info().rss
                if sent <= WARM_UP:  # code and buffers that the first megabytes bring in are no growth
                    before = size
                most = max(most, size)

        began = time.monotonic()
        said = await asyncio.to_thread(send_chunked, market.port, head, parts())
        seconds = time.monotonic() - began
        return Flood(limit, sent, int(said.split()[1]), most - before, seconds, _left(market))


def _left(market: Served) -> int:
    return sum(path.is_file() for path in (market.folder / "objects").rglob("*"))


async def main() -> int:
    keys, wrong = fresh_keys(), 0
    async with own_store() as store:
        for limit in (SIZE_MAX, SENT - 1):
            found = await flood(store, keys, limit=limit)
            say(
                f"limit {found.limit:,} bytes: {found.sent:,} sent in {found.seconds:.1f} s, answer {found.status}, "
                f"memory grew by {found.growth / 2**20:.1f} MiB, {found.left} files left"
            )
            is_whole = limit == SIZE_MAX or found.sent == SENT
            wrong += found.status != 413 or found.growth >= GROWTH_MAX or found.left > 0 or not is_whole
    return wrong


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

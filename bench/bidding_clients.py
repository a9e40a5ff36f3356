"""Bidders over HTTP, many connections in one process: each sends a bid, waits for the answer, and bids again.

Written on the transport itself, since the clients share the processors with what they measure: a comfortable client
library costs more per request than the server.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

INCREMENT = 1_000_000
START = 50_000_000
PATIENCE_S = 20.0


@dataclass
class Heard:
    """What all bidders of one round were told."""

    waits: list[float] = field(default_factory=list)
    accepted: int = 0
    odd: list[str] = field(default_factory=list)


class Bidder(asyncio.Protocol):
    """One connection. What would be enough it reads from the answer, as any robot would."""

    def __init__(self, n: int, lot_id: UUID, headers: str, heard: Heard, stop_at: float) -> None:
        self._chance = random.Random(n).random
        self._head = f"POST /v1/lots/{lot_id}/bids HTTP/1.1\r\nHost: bench\r\n{headers}"
        self._n, self._turn, self._enough = n, 0, START
        self._heard, self._stop_at = heard, stop_at
        self._buffer = b""
        self._minor = 0
        self._asked = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self._bid()

    def _bid(self) -> None:
        self._asked = time.perf_counter()
        if self._asked >= self._stop_at:
            self._transport.close()
            return
        self._turn += 1
        self._minor = self._enough + INCREMENT * int(3 * self._chance())
        body = f'{{"amount":{{"amount":"{self._minor // 100}.{self._minor % 100:02d}","currency":"CNY"}}}}'
        request = (
            f"{self._head}Idempotency-Key: {self._n}-{self._turn}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )
        self._transport.write(request.encode())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, gap, body = self._buffer.partition(b"\r\n\r\n")
        if not gap:
            return
        length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        self._buffer = b""
        self._hear(int(head[9:12]), body)
        self._bid()

    def _hear(self, status: int, body: bytes) -> None:
        heard = self._heard
        heard.waits.append(time.perf_counter() - self._asked)
        if status == 201:
            heard.accepted += 1
            self._enough = self._minor + INCREMENT
        elif status == 409 and (least := body.find(b'"least":{"amount":"')) > 0:
            text = body[least + 19 : body.index(b'"', least + 19)]
            self._enough = int(text.replace(b".", b""))
        else:
            heard.odd.append(f"{status} {body[:200]!r}")
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if time.perf_counter() < self._stop_at and not self._heard.odd:
            self._heard.odd.append(f"cut: {error}")
        if not self.done.done():
            self.done.set_result(None)


async def bid_over_http(port: int, lot_id: UUID, headers: Sequence[str], seconds: float) -> tuple[Heard, float]:
    """All bidders at once, a connection each; returns what they heard and how long it took."""
    loop = asyncio.get_running_loop()
    heard = Heard()
    began = time.perf_counter()
    made = [
        await loop.create_connection(
            lambda n=n, own=own: Bidder(n, lot_id, own, heard, began + seconds),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
        for n, own in enumerate(headers)
    ]
    await asyncio.wait_for(asyncio.gather(*[bidder.done for _, bidder in made]), seconds + PATIENCE_S)
    return heard, time.perf_counter() - began

"""A bare fan-out, to measure the market's stream against: one ASGI function, a task for each watcher, the same ticks.

It passes on what the notifications say, coalesced per tick and as one bytes object for all, and knows nothing else: no
trade, no key, no catching up, no limits, no reader who is slow.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import asyncpg
import uvicorn

from bench.harness import raise_files
from techmarket.api.feeds import TICK_SECONDS, WRITES_PER_SECOND

START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")],
}


class Watcher:
    __slots__ = ("frames", "wake")

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.wake = asyncio.Event()


WATCHERS: set[Watcher] = set()
EVENTS: list[bytes] = []


def hear(_connection: Any, _pid: int, _channel: str, payload: object) -> None:
    lots = json.loads(str(payload))
    EVENTS.extend(f"event: price\nid: {lot['seq']}\ndata: {json.dumps(lot)}\n\n".encode() for lot in lots)


async def tell_on() -> None:
    least, most = TICK_SECONDS
    while True:
        await asyncio.sleep(min(max(len(WATCHERS) / WRITES_PER_SECOND, least), most))
        if EVENTS:
            frame = b"".join(EVENTS)
            EVENTS.clear()
            for watcher in WATCHERS:
                watcher.frames.append(frame)
                watcher.wake.set()


async def stream(receive: Any, send: Any) -> None:
    watcher = Watcher()
    WATCHERS.add(watcher)

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        task.cancel()

    task = asyncio.current_task()
    assert task is not None
    leaving = asyncio.create_task(gone())
    try:
        await send(START)
        await send({"type": "http.response.body", "body": b":\n\n", "more_body": True})
        while True:
            await watcher.wake.wait()
            watcher.wake.clear()
            frames, watcher.frames = watcher.frames, []
            await send({"type": "http.response.body", "body": b"".join(frames), "more_body": True})
    except asyncio.CancelledError:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        leaving.cancel()
        WATCHERS.discard(watcher)


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["path"].endswith("/stream"):
        await stream(receive, send)
        return
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok", "more_body": False})


async def main(port: int) -> None:
    raise_files()
    url = os.environ["TECHMARKET_DATABASE_URL"].replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    await connection.add_listener("trading_lots", hear)
    telling = asyncio.create_task(tell_on())
    config = uvicorn.Config(app, port=port, lifespan="off", http="httptools", access_log=False, log_config=None)
    await uvicorn.Server(config).serve()
    telling.cancel()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(int(sys.argv[1])))

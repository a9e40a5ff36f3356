"""Many watchers in one process: connects them, says so, watches until told when each bid was placed, says what came.

Talks JSON lines with the measurement: out `{"connected", "seconds"}`, in `{seq: placed at}` on the clock that all
processes of a machine share, out `{"got", "again", "lags_ms"}`: prices for each watcher, how many came twice or out of
order, and how many came how many ms late.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from array import array
from collections import Counter

import uvloop

from bench.harness import raise_files

AT_ONCE = 200
OF_ONE_ADDRESS = 100
CONNECT_SECONDS = 180.0
_SEQ = re.compile(rb"event: price\nid: ([0-9]+)")


class Pieces:
    """All watchers get the same bytes: each distinct piece is read once, and counted by its number afterwards."""

    def __init__(self) -> None:
        self.known: dict[bytes, int] = {}
        self.seqs: list[list[int]] = []
        self.came = array("I")
        self.at = array("d")
        self.by = array("I")

    def take(self, watcher: int, piece: bytes) -> None:
        n = self.known.get(piece)
        if n is None:
            n = self.known[piece] = len(self.seqs)
            self.seqs.append([int(seq) for seq in _SEQ.findall(piece)])
        self.came.append(n)
        self.at.append(time.monotonic())
        self.by.append(watcher)


class Watcher(asyncio.Protocol):
    def __init__(self, n: int, request: bytes, pieces: Pieces, connected: asyncio.Future[None]) -> None:
        self._n = n
        self._request = request
        self._pieces = pieces
        self._connected = connected
        self._rest = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self._connected.done():
            if data.startswith(b"HTTP/1.1 200"):
                self._connected.set_result(None)
            else:
                self._connected.set_exception(RuntimeError(data[:200].decode("latin-1")))
        whole = self._rest + data
        if not whole.endswith(b"\n\n\r\n"):  # the end of a framed text; until then it is a part
            self._rest = whole
            return
        self._rest = b""
        self._pieces.take(self._n, whole)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._connected.done():
            self._connected.set_exception(RuntimeError(f"cut off: {error}"))


async def main(port: int, path: str, count: int, first: int) -> None:
    raise_files()
    loop = asyncio.get_running_loop()
    pieces = Pieces()
    request = f"GET {path} HTTP/1.1\r\nHost: market.test\r\nAccept: text/event-stream\r\n\r\n".encode()
    gate = asyncio.Semaphore(AT_ONCE)

    async def connect(n: int) -> asyncio.BaseTransport:
        # Each hundred come from an address of their own, as people do: no address may hold too many lines.
        house = (first + n) // OF_ONE_ADDRESS
        async with gate:
            connected = loop.create_future()
            local = (f"127.1.{house // 250}.{house % 250 + 1}", 0)
            transport, _ = await loop.create_connection(
                lambda: Watcher(n, request, pieces, connected), "127.0.0.1", port, local_addr=local
            )
            await connected
            return transport

    began = time.monotonic()
    async with asyncio.timeout(CONNECT_SECONDS):
        lines = await asyncio.gather(*[connect(n) for n in range(count)])
    say({"connected": len(lines), "seconds": time.monotonic() - began})
    reader = asyncio.StreamReader(limit=1 << 26)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    placed = {int(seq): at for seq, at in json.loads(await reader.readline()).items()}
    got, last, again, lags = [0] * count, [0] * count, 0, Counter[int]()
    for n, at, watcher in zip(pieces.came, pieces.at, pieces.by, strict=True):
        for seq in pieces.seqs[n]:
            if seq in placed:
                got[watcher] += 1
                again += seq <= last[watcher]
                last[watcher] = seq
                lags[max(0, int((at - placed[seq]) * 1000))] += 1
    say({"got": got, "again": again, "lags_ms": sorted(lags.items())})
    for line in lines:
        line.close()


def say(words: object) -> None:
    print(json.dumps(words), flush=True)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))

"""The proxy as it is shipped, run for real in front of the market and of something that says what it was sent.

`python -m tests.fault.behind_the_proxy` (`make proxy`) wherever there is an `nginx`: the tests of every change have
none, and read the file alone. Only the address of the market, the folders and the ports are other ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from bench.harness import own_store
from bench.served import MARKET, free_port, fresh_keys, serving

DEPLOY = Path(__file__).parents[2] / "deploy"
PROXY = "http://127.0.0.1:{}"


class Echo:
    """Says what it was sent; keeps count; lets a stream drip, and hangs up on what was to be done."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *fields = head.rstrip().split("\r\n")
            headers = {name.lower(): value for name, value in (one.split(": ", 1) for one in fields)}
            await reader.readexactly(int(headers.get("content-length", 0)))
            self.asked.append(line)
            if line.startswith("GET /v1/x/stream"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: one\n\n")
                await writer.drain()
                await asyncio.sleep(5)
            elif line.startswith("GET"):
                body = json.dumps(headers).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def proxied(folder: Path, upstream: int, *, trusted: str = "") -> AsyncIterator[tuple[str, Path]]:
    """The shipped file in front of this port; the second is its access log."""
    port, log = free_port(), folder / "access.log"
    await asyncio.to_thread(_write, folder, upstream, port, trusted)
    command = ["nginx", "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
    process = await asyncio.create_subprocess_exec(*command)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            await asyncio.sleep(0.05)
        yield PROXY.format(port), log
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def _write(folder: Path, upstream: int, port: int, trusted: str) -> None:
    folder.mkdir()
    folder.parent.chmod(0o755)
    log = folder / "access.log"
    (folder / "trusted_proxies.conf").write_text(trusted or (DEPLOY / "trusted_proxies.conf").read_text())
    conf = (DEPLOY / "nginx.conf").read_text()
    for shipped, here in (
        (" /tmp/", f" {folder}/"),
        ("http://api:8000", f"http://127.0.0.1:{upstream}"),
        ("listen 8080;", f"listen 127.0.0.1:{port};"),
        ("/etc/nginx/trusted_proxies.conf", f"{folder}/trusted_proxies.conf"),
        ("access_log /dev/stdout market", f"access_log {log} market"),
        ("error_log /dev/stderr", f"error_log {folder}/error.log"),
    ):
        assert shipped in conf, shipped
        conf = conf.replace(shipped, here)
    (folder / "nginx.conf").write_text(conf)


async def what_is_sent_on(folder: Path) -> None:
    echo = Echo()
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    upstream = server.sockets[0].getsockname()[1]
    lies = {"X-Forwarded-For": "203.0.113.9", "X-Request-Id": "mine", "X-Forwarded-Proto": "https"}
    async with server, proxied(folder / "plain", upstream) as (url, log), httpx.AsyncClient(base_url=url) as client:
        heard = (await client.get("/v1/trades?q=secret-wish", headers=lies)).json()
        shown(
            "what a stranger claims about himself ends here",
            heard["x-forwarded-for"] == "127.0.0.1" and heard["x-request-id"] != "mine",
        )
        shown("the host is the one that was asked", heard["host"] == url.removeprefix("http://"))
        shown("the market's figures are for nobody outside", (await client.get("/metrics")).status_code == 404)
        started = time.perf_counter()
        async with client.stream("GET", "/v1/x/stream") as answer:
            first = await anext(answer.aiter_bytes())
        shown(
            "an event of a stream comes at once",
            first == b"data: one\n\n" and time.perf_counter() - started < 2,
        )
        before = len(echo.asked)
        answer = await client.post("/v1/lots/x/bids", content=b"{}")
        shown("what may have been done is not sent again", answer.status_code == 502 and len(echo.asked) == before + 1)
        await client.get("/v1/lots/0f/envelope")
        answer = await client.get("/", headers={"X-Long": "x" * 9_000})
        shown("a head beyond 8 KB is refused", answer.status_code == 400)
        heard = await said_to(url, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 68157440\r\n\r\n")
        shown("a body beyond 64 MB is refused before it comes", heard is not None and b" 413 " in heard)
        shown(
            "a head that is dribbled is let go",
            await said_to(url, b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ") is not None,
        )
        slow = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
        shown("a body that stops is let go", await said_to(url, slow) is not None)
        lines = log.read_text()
        shown(
            "no query and no sealed quote stands in the log",
            "/v1/trades" in lines and "secret-wish" not in lines and "envelope" not in lines,
        )
        shown("every line of the log is JSON", all(json.loads(one) for one in lines.splitlines()))
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    upstream = server.sockets[0].getsockname()[1]
    believed = proxied(folder / "behind", upstream, trusted="set_real_ip_from 127.0.0.1;\n")
    async with server, believed as (url, _), httpx.AsyncClient(base_url=url) as client:
        heard = (await client.get("/", headers=lies)).json()
        shown("what stands before it is believed about the address", heard["x-forwarded-for"] == "203.0.113.9")


async def said_to(url: str, beginning: bytes, *, within: float = 18.0) -> bytes | None:
    """What is heard until the line is closed; None where it stays open."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(beginning)
    heard = b""
    try:
        async with asyncio.timeout(within):
            while more := await reader.read(4_096):
                heard += more
                if b" 413 " in heard:
                    break
    except TimeoutError:
        return None
    except ConnectionError:
        return heard
    finally:
        writer.close()
    return heard


async def the_market_behind(folder: Path) -> None:
    keys = fresh_keys()
    async with (
        own_store() as store,
        serving(MARKET, store, keys, more={"FORWARDED_ALLOW_IPS": "127.0.0.1"}) as served,
        proxied(folder / "market", served.port) as (url, _),
        httpx.AsyncClient(base_url=url) as client,
    ):
        shown("the market answers through it", (await client.get("/healthz")).status_code == 200)
        shown("its pages, too", "techmarket" in (await client.get("/")).text)
        page = await client.get("/v1/listings")
        again = await client.get("/v1/listings", headers={"If-None-Match": page.headers["etag"]})
        shown("tags pass both ways", (page.status_code, again.status_code) == (200, 304))
        shown("a head alone is asked for and comes", (await client.head("/v1/listings")).status_code == 200)
        answers = await asyncio.gather(*[client.get("/v1/search", params={"q": str(n)}) for n in range(200)])
        shown("two hundred at once are answered", {one.status_code for one in answers} == {200})


def shown(what: str, holds: bool) -> None:
    print(f"{'holds ' if holds else 'FAILS '} {what}", flush=True)
    FAILED.extend([] if holds else [what])


FAILED: list[str] = []


async def main() -> int:
    if shutil.which("nginx") is None:
        print("there is no nginx here: install one, or read deploy/nginx.conf", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="techmarket-proxy-") as name:
        await what_is_sent_on(Path(name))
        await the_market_behind(Path(name))
    return int(bool(FAILED))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

"""A receiver of webhooks that behaves as it is told, over real sockets: answers, hangs, redirects, breaks off."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Behave = Callable[["Message"], str]


@dataclass
class Message:
    path: str
    headers: dict[str, str]
    body: bytes
    name: str | None = None
    """The name the caller asked for in TLS."""


@dataclass
class Receiver:
    """Messages as they came. `behave` answers each with a status such as `200`, or `hang`, `cut`, `twice`, `flood`."""

    behave: Behave = lambda _: "200"
    got: list[Message] = field(default_factory=list)
    url: str = ""
    port: int = 0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str | None = None) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            line, *rest = head.strip().split("\r\n")
            headers = {key.lower(): value.strip() for key, _, value in (one.partition(":") for one in rest)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            message = Message(line.split(" ")[1], headers, body, name)
            self.got.append(message)
            await self._answer(self.behave(message), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, how: str, writer: asyncio.StreamWriter) -> None:
        if how == "cut":
            return
        if how == "hang":
            await asyncio.sleep(30)
            return
        if how == "flood":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                await writer.drain()
        status, _, more = how.partition(" ")
        extra = f"{more}\r\n" if more else ""
        answer = f"HTTP/1.1 {status} Said\r\n{extra}Content-Length: 2\r\nConnection: close\r\n\r\nok".encode()
        writer.write(answer * 2 if how.endswith("twice") else answer)
        await writer.drain()


@asynccontextmanager
async def receiving(behave: Behave = lambda _: "200", *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    receiver = Receiver(behave)
    names: list[str | None] = []
    if tls is not None:
        tls.sni_callback = lambda _socket, name, _context: names.append(name)

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await receiver.take(reader, writer, names[-1] if names else None)

    server = await asyncio.start_server(take, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    receiver.url = f"{'https' if tls else 'http'}://127.0.0.1:{receiver.port}/hooks"
    try:
        yield receiver
    finally:
        server.close()

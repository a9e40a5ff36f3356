"""Calling an address that others named: one resolution, checked addresses, no redirects, bounded time and answer."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

import httpcore

from techmarket.db import tracing
from techmarket.kernel.addresses import is_public, read_url

PATIENCE_SECONDS = 15.0
ANSWER_BYTES_MAX = 16_384
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class AddressNotAllowed(Exception):
    """A name has an address that the market does not call; nothing was connected to."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a name, as the system resolves it."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Resolves a name once, looks at every address, and connects to one that was looked at.

    The pool above keeps speaking with the name: certificate, SNI and `Host` are those of the URL.
    """

    def __init__(self, plain: httpcore.AsyncNetworkBackend, resolve: Resolve, *, may_reach_inside: bool) -> None:
        self._plain = plain
        self._resolve = resolve
        self._may_reach_inside = may_reach_inside

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        found = await self._resolve(host, port)
        addresses = [ip_address(one) for one in found]
        if not addresses or not (self._may_reach_inside or all(is_public(one) for one in addresses)):
            raise AddressNotAllowed(host)
        failed: Exception | None = None
        for address in addresses[:4]:
            try:
                return await self._plain.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        assert failed is not None
        raise failed

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
        raise AddressNotAllowed("a socket of this machine")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came of a call: a status with the beginning of the answer, or why there is none."""

    status: int | None
    error: str | None
    answer: bytes
    milliseconds: int
    retry_after: int | None = None

    @property
    def is_accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True)
class Caller:
    """Calls URLs that others named. The defaults are for production; a sandbox may let it reach inside."""

    may_reach_inside: bool = False
    patience_seconds: float = PATIENCE_SECONDS
    answer_bytes_max: int = ANSWER_BYTES_MAX
    resolve: Resolve = resolve
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    plain: httpcore.AsyncNetworkBackend | None = field(default=None, repr=False)

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> Receipt:
        """One POST, never redirected, never longer than the patience, whatever the other side does."""
        return await self._call("POST", url, body, headers, self.answer_bytes_max)

    async def get(self, url: str, headers: dict[str, str] | None = None, *, bytes_max: int | None = None) -> Receipt:
        """One GET, bounded likewise. An answer that fills `bytes_max` may have been longer, and so does not parse."""
        return await self._call("GET", url, None, headers or {}, bytes_max or self.answer_bytes_max)

    async def _call(
        self, method: str, url: str, body: bytes | None, headers: dict[str, str], bytes_max: int
    ) -> Receipt:
        # Neither the address, which is its owner's business, nor a `traceparent` along with the call: by that one
        # would learn which of the things he is told of come from one request, and two houses' traces would be one.
        with tracing.span(f"call {method}", kind="CLIENT") as span:
            receipt = await self._called(method, url, body, headers, bytes_max)
            if span is not None and receipt.status is not None:
                span.tell(http__response__status_code=receipt.status)
            if span is not None and receipt.error is not None:
                span.fail(receipt.error)
        return receipt

    async def _called(
        self, method: str, url: str, body: bytes | None, headers: dict[str, str], bytes_max: int
    ) -> Receipt:
        started = time.monotonic()
        status, error, answer, wait = None, None, b"", None
        try:
            async with asyncio.timeout(self.patience_seconds):
                status, answer, wait = await self._ask(method, url, body, headers, bytes_max)
        except TimeoutError:
            error = "timeout"
        except AddressNotAllowed:
            error = "address_not_allowed"
        except ssl.SSLError:
            error = "tls"
        except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
            error = "tls" if isinstance(failed.__cause__ or failed.__context__, ssl.SSLError) else "connection"
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError, ValueError):
            error = "connection"
        return Receipt(status, error, answer, int((time.monotonic() - started) * 1000), wait)

    async def _ask(
        self, method: str, url: str, body: bytes | None, headers: dict[str, str], bytes_max: int
    ) -> tuple[int, bytes, int | None]:
        target = read_url(url, may_be_plain=self.may_reach_inside)
        if target is None:
            raise AddressNotAllowed(url)
        backend = CheckedBackend(
            self.plain or httpcore.AnyIOBackend(), self.resolve, may_reach_inside=self.may_reach_inside
        )
        sent = [("Host", target.authority), *headers.items()]
        if body is not None:
            sent.append(("Content-Length", str(len(body))))
        # A pool of one call: no connection is kept over which a later name could be reached without a look.
        async with (
            httpcore.AsyncConnectionPool(
                ssl_context=self.tls, max_connections=1, max_keepalive_connections=0, network_backend=backend
            ) as pool,
            pool.stream(
                method,
                httpcore.URL(
                    scheme=target.scheme.encode(),
                    host=target.host.encode(),
                    port=target.port,
                    target=target.path.encode(),
                ),
                headers=[(name.encode(), value.encode()) for name, value in sent],
                content=body,
            ) as response,
        ):
            read = bytearray()
            async for chunk in response.aiter_stream():
                read += chunk
                if len(read) >= bytes_max:
                    break
            return response.status, bytes(read[:bytes_max]), _seconds(response.headers)


def _seconds(headers: list[tuple[bytes, bytes]]) -> int | None:
    for name, value in headers:
        if name.lower() == b"retry-after" and value.isdigit() and len(value) <= 6:
            return int(value)
    return None

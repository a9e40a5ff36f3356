"""The server's HTTP protocol with an end to patience: the server itself lets a half-sent request head wait for ever."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 15.0
HEAD_BYTES_MAX = 64 * 1024


class PatientProtocol(HttpToolsProtocol):
    """Give it to the server as `http=`. A head that is late gets 408, one that never ends 431; then the line is cut.

    Bodies are the business of `limits.Limits`; idle connections between requests are the server's own.
    """

    head_seconds = HEAD_SECONDS
    head_bytes_max = HEAD_BYTES_MAX

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: asyncio.TimerHandle | None = None
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        answered = self.cycle is None or self.cycle.response_complete
        if self._waiting is None and answered:
            self._wait_for_head()
        if self._waiting is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        # Counted here and not by header, because a value is handed over only when it has come to its end.
        if self._waiting is not None and self._head_bytes > self.head_bytes_max:
            self._cut(b"431 Request Header Fields Too Large")

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        self._head_bytes = 0
        self._waiting = self.loop.call_later(self.head_seconds, self._cut, b"408 Request Timeout")

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _cut(self, status: bytes) -> None:
        self._stop_waiting()
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()

"""The server's HTTP protocol with an end to patience, and lines that outlive their request.

The server itself lets a half-sent request head wait for ever, and gives a stream no way but one task for each reader.
Here a route may take the line over once its answer has begun: the task ends, and whoever has the line writes to all
readers in one go, sees who does not read, and is told when somebody leaves.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from techmarket.api import errors
from techmarket.api.limits import refuse

HEAD_SECONDS = 15.0
HEAD_BYTES_MAX = 64 * 1024
UNREAD_SECONDS = 15.0
BUSY_MAX = 2_000
LINES_MAX = 2_500
TALK_BYTES_MAX = 64 * 1024
LINE = "techmarket.line"
"""The extension of a request's scope by which a route takes its line: `scope["extensions"][LINE](on_free, on_end)`."""


class _Lines:
    """Of one server, the longest waiting first: the lines on which nothing is asked, and those with part of a head."""

    def __init__(self) -> None:
        self.idle: dict[PatientProtocol, None] = {}
        self.begun: dict[PatientProtocol, None] = {}

    def forget(self, line: PatientProtocol) -> None:
        self.idle.pop(line, None)
        self.begun.pop(line, None)


_LINES: WeakKeyDictionary[Any, _Lines] = WeakKeyDictionary()


async def _too_many(scope: Scope, receive: Receive, send: Send) -> None:
    await refuse(errors.MarketBusy(retry_after=random.randint(1, 5)), scope, receive, send)  # noqa: S311


class PatientProtocol(HttpToolsProtocol):
    """Give it to the server as `http=`. A head that is late gets 408, one that never ends 431; then the line is cut.

    Bodies are the business of `limits.Limits`; idle connections between requests are the server's own. A line that was
    taken over is cut when its reader has not read for a while. It counts no longer among the server's connections,
    whose number is limited: whoever takes lines limits theirs.

    Idle lines keep nobody out: where there are too many, the one that has been idle for longest goes. No line is idle
    on which something is asked or answered: where nothing is idle, whoever has been sending his head for longest hears
    408 before his time. Limited is how much is answered at the same time; beyond it callers hear that the market is
    busy, and when to come again.
    """

    head_seconds = HEAD_SECONDS
    head_bytes_max = HEAD_BYTES_MAX
    unread_seconds = UNREAD_SECONDS
    busy_max = BUSY_MAX
    lines_max = LINES_MAX

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lines = _LINES.setdefault(self.server_state, _Lines())
        self._waiting: asyncio.TimerHandle | None = None
        self._is_in_head = False
        self._has_begun = False
        self._head_bytes = 0
        self._is_taken = False
        self._on_free: Callable[[], None] | None = None
        self._on_end: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_head()
        if len(self.connections) > self.lines_max:
            self._make_room()
        self._lines.idle[self] = None

    def _make_room(self) -> None:
        for oldest in self._lines.idle:
            self._lines.forget(oldest)
            oldest.transport.close()
            return
        for oldest in self._lines.begun:
            self._lines.forget(oldest)
            oldest._refuse(b"408 Request Timeout")
            return

    def data_received(self, data: bytes) -> None:
        if self._is_taken:
            self._hear(data)
            return
        if not self._is_in_head and (self.cycle is None or self.cycle.response_complete):
            self._is_in_head, self._head_bytes = True, 0
        if self._is_in_head or self._has_begun:
            self._head_bytes += len(data)
        super().data_received(data)
        if not self._is_in_head:
            if self._has_begun and self._head_bytes > self.head_bytes_max:
                self.transport.close()  # amid another answer no other one can be given
            return
        # Nearly every head comes whole, and needs no clock: it is set only for one that does not.
        if self._waiting is None:
            self._wait_for_head()
        # Counted here and not by header, because a value is handed over only when it has come to its end.
        if self._head_bytes > self.head_bytes_max:
            self._refuse(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._has_begun = True
        self._lines.idle.pop(self, None)
        if self._is_in_head:
            self._lines.begun[self] = None
        else:
            self._head_bytes = 0

    def on_headers_complete(self) -> None:
        self._is_in_head = self._has_begun = False
        self._stop_waiting()
        self._lines.forget(self)
        self.scope["extensions"] = {LINE: self._take}  # type: ignore[dict-item]
        if len(self.tasks) < self.busy_max:
            super().on_headers_complete()
            return
        app, self.app = self.app, _too_many
        try:
            super().on_headers_complete()
        finally:
            self.app = app

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._is_taken or self.transport.is_closing() or not self.cycle.response_complete:
            return  # gone, or the next request of this line is being answered already
        if self._has_begun:
            # Part of the next head came while this one was answered: from here on it is late by itself.
            self._is_in_head = True
            self._lines.begun[self] = None
            self._unset_keepalive_if_required()
            if self._waiting is None:
                self._wait_for_head()
        else:
            self._lines.idle[self] = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._lines.forget(self)
        self._stop_waiting()
        super().connection_lost(exc)
        on_end, self._on_free, self._on_end = self._on_end, None, None
        if on_end is not None:
            on_end()

    def _wait_for_head(self) -> None:
        self._waiting = self.loop.call_later(self.head_seconds, self._refuse, b"408 Request Timeout")

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _refuse(self, status: bytes) -> None:
        self._stop_waiting()
        if not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()

    # --- a line that was taken over ---------------------------------------------------------------------------------

    def _take(self, on_free: Callable[[], None], on_end: Callable[[], None]) -> PatientProtocol | None:
        """Hand this line over in the middle of its answer; None when its reader has left or has asked for more."""
        if self.transport.is_closing() or self.pipeline:
            return None
        self._is_taken = True
        self._on_free, self._on_end = on_free, on_end
        self.connections.discard(self)
        # For the server this answer is over; what a task, a request and a parser hold is given back.
        self.cycle.response_complete = True
        self.cycle.on_response = lambda: None
        self.cycle = self.scope = self.headers = self.parser = None  # type: ignore[assignment]
        self._head_bytes = 0
        if self.is_full:
            self._wait_for_reader()
        return self

    @property
    def is_full(self) -> bool:
        """Whether the reader is behind with reading: what is written now would pile up here."""
        return self.flow.write_paused

    def write(self, chunk: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(chunk)

    def end(self) -> None:
        """Finish the answer: what was written is sent, then the line is closed."""
        self.write(b"0\r\n\r\n")
        self.transport.close()

    def cut(self) -> None:
        """Close at once, whatever was not sent yet."""
        self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._is_taken:
            self._wait_for_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._is_taken:
            self._stop_waiting()
            if self._on_free is not None:
                self._on_free()

    def _wait_for_reader(self) -> None:
        if self._waiting is None:
            self._waiting = self.loop.call_later(self.unread_seconds, self.cut)

    def _hear(self, data: bytes) -> None:
        """Nothing more is asked on a line that was taken over; whoever talks on and on is let go."""
        self._head_bytes += len(data)
        if self._head_bytes > TALK_BYTES_MAX:
            self.cut()

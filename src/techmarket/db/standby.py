"""Reads from a standby (备库读): what anybody may see is read there, as long as it is not too far behind.

How far behind is measured, not believed: now and then the primary is asked where its log ends, and the standby how far
it has come. A standby that has reached a place of which the primary spoke at some moment shows all that was committed
by then. Whoever comes with a key or a session reads from the primary, so he finds what he has just written.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

log = structlog.get_logger("techmarket.standby")

BEHIND_SECONDS = 2.0
LOOK_SECONDS = 0.25
LOOK_LIMIT_SECONDS = 1.0
MARKS_KEPT = 240
_WRITTEN = text("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")
_REPLAYED = text("SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() - '0/0'::pg_lsn END")

_is_public: ContextVar[bool] = ContextVar("techmarket_public_read", default=False)


@contextmanager
def public_read(is_public: bool = True) -> Iterator[None]:
    """Whatever is read inside is for everybody: a moment's delay harms nobody."""
    token = _is_public.set(is_public)
    try:
        yield
    finally:
        _is_public.reset(token)


def is_public_read() -> bool:
    return _is_public.get()


class Distance:
    """How far behind a standby is, from what both servers said: places in bytes of the log, times in seconds."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque(maxlen=MARKS_KEPT)
        self._as_of: float | None = None

    def primary_at(self, place: int, asked_at: float) -> None:
        """All that was committed before the question was asked lies before this place."""
        self._marks.append((asked_at, place))

    def standby_at(self, place: int | None) -> None:
        """How far the standby has come; None of a server that follows nobody, of which nothing is known."""
        if place is None:
            self.forget()
            return
        while self._marks and self._marks[0][1] <= place:
            self._as_of = self._marks.popleft()[0]

    def forget(self) -> None:
        self._marks.clear()
        self._as_of = None

    def behind(self, now: float) -> float | None:
        """What the standby shows is at most so many seconds old; None when that cannot be said."""
        return None if self._as_of is None else now - self._as_of


class Standby:
    """The standby of one process. It is read only while `looking` runs and says that it is close enough."""

    def __init__(
        self,
        engine: AsyncEngine,
        primary: AsyncEngine,
        *,
        behind_max: float = BEHIND_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.engine = engine
        self.distance = Distance()
        self._primary = primary
        self._behind_max = behind_max
        self._clock = clock

    def behind(self) -> float | None:
        return self.distance.behind(self._clock())

    def is_close(self) -> bool:
        behind = self.behind()
        return behind is not None and behind <= self._behind_max

    def lost(self, error: BaseException) -> None:
        """A read there failed: until the next look says otherwise, the primary answers."""
        log.warning("standby_lost", error=type(error).__name__)
        self.distance.forget()

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Keep asking both servers while the block runs."""
        task = asyncio.create_task(self._look_on(), name="standby")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            self.distance.forget()

    async def _look_on(self) -> None:
        while True:
            try:
                async with asyncio.timeout(LOOK_LIMIT_SECONDS):
                    await self.look()
            except Exception as error:
                self.lost(error)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Ask both once, the primary first."""
        asked_at = self._clock()
        self.distance.primary_at(await _place(self._primary, _WRITTEN) or 0, asked_at)
        self.distance.standby_at(await _place(self.engine, _REPLAYED))


async def _place(engine: AsyncEngine, question: object) -> int | None:
    async with engine.connect() as connection:
        answer = (await connection.execute(question)).scalar_one()  # type: ignore[call-overload]
        return None if answer is None else int(answer)

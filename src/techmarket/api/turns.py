"""Turns at the database: who asks much waits for himself, and nobody waits for ever.

A process has so many connections. A request takes a turn before it needs one and gives it back when it is answered.
Who asks is found out before that at a door of its own (`Doors`): a quarter of the connections wide, so that a crowd
that is not known yet never stands between those who have a turn and their connection.
Within one organisation (or, without a key, one address) turns are taken in order; between them they go round, and none
of them ever holds all: a quarter stays for the others. Whoever would stand behind too many of his own, or has stood too
long, hears 503 with the seconds to wait, and not silence. Bids have a queue of their own (`trading/bidbook.py`).
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import Counter, Gauge
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.api import errors
from techmarket.db.session import Tx

WAITING_EACH_MAX = 100
WAITING_MAX = 1_000
WAIT_SECONDS = 5.0
AGAIN_TRIES = 10
WAITING = Gauge("techmarket_turns_waiting", "Requests that wait for a turn at the database")
REFUSED = Counter("techmarket_turns_refused_total", "Requests that were told to come again", ["why"])


class Turns:
    """The turns of one process: `places` at once, of which one party holds `each_max` at most."""

    def __init__(self, places: int, *, wait_seconds: float = WAIT_SECONDS, waiting_each_max: int | None = None) -> None:
        self.places = max(2, places)
        self._waiting_each_max = waiting_each_max
        self.each_max = self.places - max(1, self.places // 4)
        self._wait_seconds = wait_seconds
        self._held: dict[str, int] = {}
        self._taken = 0
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._waiting = 0

    async def take(self, whose: str) -> None:
        """A turn for this party, now or after those before it; raises `MarketBusy` rather than wait for ever."""
        if not self._queues.get(whose) and self._is_free_for(whose):
            self._give(whose)
            return
        queue = self._queues.setdefault(whose, deque())
        if len(queue) >= (self._waiting_each_max or WAITING_EACH_MAX) or self._waiting >= WAITING_MAX:
            raise _busy("queue")
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        self._count(+1)
        try:
            async with asyncio.timeout(self._wait_seconds):
                await turn
        except TimeoutError:
            self._forget(whose, turn)
            raise _busy("time") from None
        except asyncio.CancelledError:
            self._forget(whose, turn)
            raise

    def leave(self, whose: str) -> None:
        """The turn is over: the next party in the round that may have one gets it."""
        left = self._held[whose] - 1
        if left:
            self._held[whose] = left
        else:
            del self._held[whose]
        self._taken -= 1
        self._next()

    def _is_free_for(self, whose: str) -> bool:
        return self._taken < self.places and self._held.get(whose, 0) < self.each_max

    def _give(self, whose: str) -> None:
        self._held[whose] = self._held.get(whose, 0) + 1
        self._taken += 1

    def _next(self) -> None:
        for whose in list(self._queues):
            if self._taken >= self.places:
                return
            queue = self._queues[whose]
            while queue and self._is_free_for(whose):
                turn = queue.popleft()
                self._count(-1)
                if turn.done():  # whoever waited has given up in this very moment
                    continue
                self._give(whose)
                turn.set_result(None)
                self._queues.move_to_end(whose)
                break
            if not queue:
                del self._queues[whose]

    def _forget(self, whose: str, turn: asyncio.Future[None]) -> None:
        """Nobody waits for this turn any more; one that was given in the same moment goes to the next."""
        if turn.done() and not turn.cancelled():
            self.leave(whose)
            return
        queue = self._queues.get(whose)
        if queue is not None and turn in queue:
            queue.remove(turn)
            self._count(-1)
            if not queue:
                del self._queues[whose]

    def _count(self, change: int) -> None:
        self._waiting += change
        WAITING.inc(change)


def _busy(why: str) -> errors.MarketBusy:
    REFUSED.labels(why).inc()
    # Spread the retries, so that those who were refused together do not come back together.
    return errors.MarketBusy(retry_after=random.randint(1, 5))  # noqa: S311


class Doors(Turns):
    """Where it is found out who asks, one connection for a moment: those who come with the same key stand in one line.

    The key is not known to be one yet. Who makes up keys gets as many lines, and no more than this door is wide.
    """

    def __init__(self, connections: int) -> None:
        super().__init__(max(2, connections // 4), waiting_each_max=WAITING_MAX // 2)

    @asynccontextmanager
    async def passing(self, raw: str) -> AsyncIterator[None]:
        await self.take(raw)
        try:
            yield
        finally:
            self.leave(raw)


class Turn:
    """The turn of one request, taken when it is known whose it is; a route gives it back.

    An answer that is read on while it is sent (`goes_on`) takes a turn again for each look.
    """

    def __init__(self, turns: Turns, *, goes_on: bool = False) -> None:
        self.goes_on = goes_on
        self._turns = turns
        self._whose: str | None = None
        self._was: str | None = None

    async def take(self, whose: str) -> None:
        if self._whose is None:
            await self._turns.take(whose)
            self._whose = self._was = whose

    def leave(self) -> None:
        if self._whose is not None:
            self._turns.leave(self._whose)
            self._whose = None

    @asynccontextmanager
    async def again(self) -> AsyncIterator[None]:
        """For one more look: in the request's own turn while it lasts, else in one more. It is waited for longer: an
        answer that has begun can be broken off, and not refused."""
        if self._whose is not None or self._was is None:
            yield
            return
        for _ in range(AGAIN_TRIES):
            try:
                await self._turns.take(self._was)
                break
            except errors.MarketBusy:
                await asyncio.sleep(random.uniform(0.5, 1.5))  # noqa: S311
        else:
            await self._turns.take(self._was)
        try:
            yield
        finally:
            self._turns.leave(self._was)


class TurnedTx(Tx):
    """The transactions of an answer that is read on while it is sent."""

    def __init__(self, tx: Tx, turn: Turn) -> None:
        self.__dict__.update(tx.__dict__)
        self._turn = turn

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[AsyncSession]:
        async with self._turn.again(), super()._begin() as db:
            yield db

    @asynccontextmanager
    async def read(self, *, snapshot: bool = False) -> AsyncIterator[AsyncSession]:
        async with self._turn.again(), super().read(snapshot=snapshot) as db:
            yield db

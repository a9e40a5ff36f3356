"""The bid book (报价簿): one batcher per process decides all waiting bids of all lots together, durably and in order.

A batch (`batch.py`) locks its lots in id order, reads the market clock after the lock, looks up participants and
earlier decisions, decides in arrival order with the pure rule, writes set-wise, records one journal row per lot,
commits once and answers each bidder with a receipt. The row lock is the only arbiter, so any number of processes may
run their own book.

While more wait than one batch takes, organisations take turns (`fair_line.py`): a flood of one delays nobody else.

The batcher keeps one connection for itself: borrowing one per batch costs a round trip at its return, during which
bids pile up that nobody flushes.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from techmarket.db import tracing
from techmarket.kernel.seals import Seal
from techmarket.trading import batch, errors
from techmarket.trading.batch import Answer, Waiting
from techmarket.trading.fair_line import FairLine

__all__ = ["Answer", "BidBook", "Heeds"]

log = structlog.get_logger("techmarket.bidbook")

BATCH_MAX = 512
WAITING_MAX = 16_384
WAITING_EACH_MAX = 4_096
"""Of one organisation."""

_LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.InsufficientResourcesError,
)
_WAITED_TOO_LONG = (
    asyncpg.exceptions.LockNotAvailableError,
    asyncpg.exceptions.DeadlockDetectedError,
    asyncpg.exceptions.SerializationError,
)


class Heeds(Protocol):
    """Who wants to hear a channel of the database while the book's own connection lives."""

    channel: str

    def begin(self) -> None: ...

    def hear(self) -> None: ...

    def end(self) -> None: ...


class BidBook:
    """The batcher of this process. `place` may be called by any number of tasks; the first call starts it."""

    def __init__(
        self,
        engine: AsyncEngine,
        seal: Seal,
        *,
        batch_max: int = BATCH_MAX,
        waiting_max: int = WAITING_MAX,
        waiting_each_max: int = WAITING_EACH_MAX,
        heeds: Sequence[Heeds] = (),
    ):
        self._engine = engine
        self._seal = seal
        self._heeds = heeds
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._waiting: FairLine[Waiting] = FairLine(each_max=waiting_each_max)
        self._wake = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._own: AsyncConnection | None = None
        self._connection: Any = None
        self.batches = 0

    async def __aenter__(self) -> BidBook:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Answer what was accepted, take nothing more, give the connection back."""
        self._is_stopping = True
        self._wake.set()
        if self._worker is not None:
            await self._worker
            self._worker = None

    async def place(self, lot_id: UUID, *, org_id: UUID, minor: int, key: str) -> Answer:
        """Have a bid decided. Returns the decision, refusals included; raises only where nothing was decided."""
        if self._is_stopping or len(self._waiting) >= self._waiting_max:
            raise _busy()
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(), name="bidbook", context=tracing.apart())
        waiting = Waiting(lot_id, org_id, minor, key, asyncio.get_running_loop().create_future(), tracing.mark())
        if not self._waiting.join(org_id, waiting):
            raise _busy()
        self._wake.set()
        return await waiting.answer

    async def _work(self) -> None:
        try:
            while self._waiting or not self._is_stopping:
                if not self._waiting:
                    self._wake.clear()
                    await self._wake.wait()
                    await asyncio.sleep(0)  # lets the bids that arrived in the same turn of the loop come along
                    continue
                await self._serve(self._waiting.take(self._batch_max))
        finally:
            for left in self._waiting.take(len(self._waiting)):
                left.say(_busy())
            await self._hang_up()

    async def _serve(self, together: list[Waiting]) -> None:
        """Decide a batch; whatever goes wrong, every bidder of it is answered."""
        try:
            await self._decide(together)
        except _WAITED_TOO_LONG as error:
            log.warning("bids_waited_too_long", error=type(error).__name__, bids=len(together))
            self._answer_all(together, error)
        except _LOST as error:
            log.warning("bid_book_lost_its_connection", error=type(error).__name__, bids=len(together))
            await self._hang_up()
            self._answer_all(together, error)
        except Exception as error:
            if self._connection is None or self._connection.is_closed():
                log.warning("bid_book_lost_its_connection", error=type(error).__name__, bids=len(together))
                await self._hang_up()
                self._answer_all(together, error)
                return
            await self._one_by_one(together, error)
        except BaseException:
            self._answer_all(together, None)
            raise

    async def _one_by_one(self, together: list[Waiting], error: Exception) -> None:
        """One poisoned bid must not fail its neighbours: each gets a batch of its own."""
        if len(together) == 1:
            log.error("bid_could_not_be_decided", exc_info=error)
            together[0].say(error)
            return
        for alone in together:
            await self._serve([alone])

    def _answer_all(self, together: list[Waiting], error: Exception | None) -> None:
        for waiting in together:
            refusal = _busy()
            refusal.__cause__ = error
            waiting.say(refusal)

    async def _connect(self) -> Any:
        if self._connection is None:
            self._own = await self._engine.connect()
            raw = await self._own.get_raw_connection()
            connection: Any = raw.driver_connection
            raw.detach()  # it is the batcher's alone and takes no place in the pool
            await connection.execute(batch.PLANS)
            connection.add_termination_listener(lambda _: self._end_heeding())
            for one in self._heeds:
                await connection.add_listener(one.channel, lambda *_, one=one: one.hear())
                one.begin()
            self._connection = connection
        return self._connection

    def _end_heeding(self) -> None:
        for one in self._heeds:
            one.end()

    async def _hang_up(self) -> None:
        own, self._own, self._connection = self._own, None, None
        self._end_heeding()
        if own is not None:
            try:
                await asyncio.wait_for(own.close(), 5)
            except Exception as error:
                log.warning("bid_book_hung_up_badly", error=type(error).__name__)

    async def _decide(self, waiting: list[Waiting]) -> None:
        marks = [one.mark for one in waiting if one.mark is not None]
        with tracing.going_on("bids decided together", marks):
            answers = await batch.decide(await self._connect(), waiting, self._seal)
        self.batches += 1
        for one, said in answers:
            one.say(said)


def _busy() -> errors.BookBusy:
    # Spread the retries, so that those who were refused together do not come back together.
    return errors.BookBusy(retry_after=random.randint(1, 3))  # noqa: S311

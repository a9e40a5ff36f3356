"""The bid book (报价簿): one batcher per process decides all waiting bids of all lots together, durably and in order.

A batch locks its lots in id order, reads the market clock after the lock, looks up participants and earlier decisions,
decides in arrival order with the pure rule, writes set-wise, records one journal row per lot, commits once and answers
each bidder with a receipt. The row lock is the only arbiter, so any number of processes may run their own book.

The batcher keeps one connection for itself: borrowing one per batch costs a round trip at its return, during which
bids pile up that nobody flushes.
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from techmarket.kernel.ids import new_id
from techmarket.kernel.refusals import NotFound, Refusal
from techmarket.kernel.seals import Seal
from techmarket.trading import errors
from techmarket.trading.events import BidsDecided
from techmarket.trading.lifecycle import BookState, ParticipantState, TradeState
from techmarket.trading.receipts import Entry, Receipt, seal_batch
from techmarket.trading.rules import LEADING, Bid, Decision, LotState, decide, instant

log = structlog.get_logger("techmarket.bidbook")

BATCH_MAX = 512
WAITING_MAX = 16_384
NOTIFY_CHANNEL = "trading_lots"
NOTIFY_LOTS_MAX = 40
"""A payload of NOTIFY holds at most 8,000 bytes."""

_UNKNOWN_TO_BIDDERS = frozenset({TradeState.DRAFT, TradeState.SUBMITTED, TradeState.RETURNED})
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

_LOCK = """
SELECT l.id, l.trade_id, l.state, l.start_price_minor, l.increment_minor, l.limited_seconds, l.free_ends_at, l.hard_end,
       l.effective_end, l.closed_at, l.seq, l.chain, l.leading_seq, l.leading_bidder, l.leading_minor
FROM lot l WHERE l.id = ANY($1::uuid[]) ORDER BY l.id FOR UPDATE OF l
"""
_LOOK_UP = """
SELECT market_now() AS now, t.state AS trade_state, p.id AS participant_id, p.number, p.state AS participant_state,
       b.lot_id, b.seq, b.minor, b.verdict, b.least_minor, b.at, b.chain
FROM unnest($1::uuid[], $2::uuid[], $3::text[]) WITH ORDINALITY AS asked(trade_id, org_id, key, ord)
LEFT JOIN trade t ON t.id = asked.trade_id
LEFT JOIN participant p ON p.trade_id = asked.trade_id AND p.org_id = asked.org_id
LEFT JOIN bid b ON b.participant_id = p.id AND b.key = asked.key
ORDER BY asked.ord
"""
_WRITE = """
WITH entered AS (
  INSERT INTO bid (lot_id, seq, participant_id, bidder, minor, key, verdict, least_minor, at, chain)
  SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::bigint[], $5::bigint[], $6::text[], $7::text[],
                       $8::bigint[], $9::timestamptz[], $10::bytea[])
), moved AS (
  UPDATE lot SET seq = s.seq, chain = s.chain, effective_end = s.effective_end, leading_seq = s.leading_seq,
                 leading_bidder = s.leading_bidder, leading_minor = s.leading_minor
  FROM unnest($11::uuid[], $12::bigint[], $13::bytea[], $14::timestamptz[], $15::bigint[], $16::bigint[],
              $17::bigint[]) AS s(id, seq, chain, effective_end, leading_seq, leading_bidder, leading_minor)
  WHERE lot.id = s.id
), recorded AS (
  INSERT INTO journal_entry (id, kind, refs, facts, salt)
  SELECT e.id, e.kind, e.refs::jsonb, e.facts::jsonb, e.salt
  FROM unnest($18::uuid[], $19::text[], $20::text[], $21::text[], $22::bytea[]) AS e(id, kind, refs, facts, salt)
)
SELECT pg_notify($23, payload) FROM unnest($24::text[]) AS payload
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the book says to one bidder: the decision, what would have been enough, when the lot ends, the receipt."""

    entry: Entry
    least_minor: int
    increment_minor: int
    effective_end: datetime
    receipt: Receipt
    is_repeated: bool

    @property
    def is_accepted(self) -> bool:
        return self.entry.verdict == LEADING


@dataclass(eq=False, slots=True)
class _Waiting:
    lot_id: UUID
    org_id: UUID
    minor: int
    key: str
    answer: asyncio.Future[Answer]

    def say(self, said: Answer | BaseException) -> None:
        # The client may be gone by now; its bid stands all the same and its key finds it again.
        if self.answer.done():
            return
        if isinstance(said, BaseException):
            self.answer.set_exception(said)
        else:
            self.answer.set_result(said)


@dataclass(eq=False, slots=True)
class _Batch:
    """What one batch will write and answer."""

    lots: dict[UUID, LotState] = field(default_factory=dict)
    entered: list[tuple[Decision, UUID, str]] = field(default_factory=list)
    first_seq: dict[UUID, int] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    least: list[int] = field(default_factory=list)
    asked: list[tuple[_Waiting, int, bool]] = field(default_factory=list)
    refused: list[tuple[_Waiting, Refusal]] = field(default_factory=list)

    def enter(self, entry: Entry, least_minor: int) -> int:
        """Put an entry among those the batch is sealed over; returns its place."""
        self.entries.append(entry)
        self.least.append(least_minor)
        return len(self.entries) - 1


class BidBook:
    """The batcher of this process. `place` may be called by any number of tasks; the first call starts it."""

    def __init__(self, engine: AsyncEngine, seal: Seal, *, batch_max: int = BATCH_MAX, waiting_max: int = WAITING_MAX):
        self._engine = engine
        self._seal = seal
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._waiting: deque[_Waiting] = deque()
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
            self._worker = asyncio.create_task(self._work(), name="bidbook")
        waiting = _Waiting(lot_id, org_id, minor, key, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
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
                size = min(len(self._waiting), self._batch_max)
                await self._serve([self._waiting.popleft() for _ in range(size)])
        finally:
            while self._waiting:
                self._waiting.popleft().say(_busy())
            await self._hang_up()

    async def _serve(self, batch: list[_Waiting]) -> None:
        """Decide a batch; whatever goes wrong, every bidder of it is answered."""
        try:
            await self._decide(batch)
        except _WAITED_TOO_LONG as error:
            log.warning("bids_waited_too_long", error=type(error).__name__, bids=len(batch))
            self._answer_all(batch, error)
        except _LOST as error:
            log.warning("bid_book_lost_its_connection", error=type(error).__name__, bids=len(batch))
            await self._hang_up()
            self._answer_all(batch, error)
        except Exception as error:
            if self._connection is None or self._connection.is_closed():
                log.warning("bid_book_lost_its_connection", error=type(error).__name__, bids=len(batch))
                await self._hang_up()
                self._answer_all(batch, error)
                return
            await self._one_by_one(batch, error)
        except BaseException:
            self._answer_all(batch, None)
            raise

    async def _one_by_one(self, batch: list[_Waiting], error: Exception) -> None:
        """One poisoned bid must not fail its neighbours: each gets a batch of its own."""
        if len(batch) == 1:
            log.error("bid_could_not_be_decided", exc_info=error)
            batch[0].say(error)
            return
        for alone in batch:
            await self._serve([alone])

    def _answer_all(self, batch: list[_Waiting], error: Exception | None) -> None:
        for waiting in batch:
            refusal = _busy()
            refusal.__cause__ = error
            waiting.say(refusal)

    async def _connect(self) -> Any:
        if self._connection is None:
            self._own = await self._engine.connect()
            raw = await self._own.get_raw_connection()
            self._connection = raw.driver_connection
            raw.detach()  # it is the batcher's alone and takes no place in the pool
        return self._connection

    async def _hang_up(self) -> None:
        own, self._own, self._connection = self._own, None, None
        if own is not None:
            try:
                await asyncio.wait_for(own.close(), 5)
            except Exception as error:
                log.warning("bid_book_hung_up_badly", error=type(error).__name__)

    async def _decide(self, waiting: list[_Waiting]) -> None:
        connection = await self._connect()
        async with connection.transaction():
            rows = await connection.fetch(_LOCK, sorted({one.lot_id for one in waiting}))
            known = {row["id"]: row for row in rows}
            found = [one for one in waiting if one.lot_id in known]
            looked = await connection.fetch(
                _LOOK_UP,
                [known[one.lot_id]["trade_id"] for one in found],
                [one.org_id for one in found],
                [one.key for one in found],
            )
            batch = _judge(known, found, looked)
            batch.refused += [(one, NotFound()) for one in waiting if one.lot_id not in known]
            receipts: list[Receipt] = []
            if batch.entries:
                root, receipts = seal_batch(batch.entries, self._seal)
                if batch.entered:
                    await connection.execute(_WRITE, *_columns(batch, root))
        self.batches += 1
        for one, refusal in batch.refused:
            one.say(refusal)
        for one, n, is_repeated in batch.asked:
            lot = batch.lots[one.lot_id]
            entry, least = batch.entries[n], batch.least[n]
            one.say(Answer(entry, least, lot.increment_minor, lot.effective_end, receipts[n], is_repeated))


def _judge(known: dict[UUID, Any], found: Sequence[_Waiting], looked: Sequence[Any]) -> _Batch:
    """Decide the bids in the order they arrived. A key that was decided before gets its first decision again."""
    batch = _Batch()
    batch.lots = {lot_id: _lot_of(row) for lot_id, row in known.items() if row["effective_end"] is not None}
    decided: dict[tuple[UUID, str], int] = {}
    for one, row in zip(found, looked, strict=True):
        refusal = _refused_without_entry(row)
        if refusal is not None:
            batch.refused.append((one, refusal))
            continue
        participant_id = row["participant_id"]
        n = decided.get((participant_id, one.key))
        if n is None and row["seq"] is not None:
            n = batch.enter(_entry_again(row), row["least_minor"])
            decided[participant_id, one.key] = n
            is_repeated = True
        else:
            is_repeated = n is not None
        if n is None:
            if known[one.lot_id]["state"] != BookState.OPEN:
                batch.refused.append((one, _not_open(known[one.lot_id])))
                continue
            bid = Bid(row["number"], one.minor, row["participant_state"] == ParticipantState.READY)
            decision = decide(batch.lots[one.lot_id], bid, now=row["now"])
            batch.lots[one.lot_id] = decision.lot
            batch.first_seq.setdefault(one.lot_id, decision.seq)
            batch.entered.append((decision, participant_id, one.key))
            n = batch.enter(_entry_of(decision), decision.least_minor)
            decided[participant_id, one.key] = n
        if batch.entries[n].minor != one.minor or batch.entries[n].lot_id != one.lot_id:
            batch.refused.append((one, errors.BidKeyReused(pointer="/header/Idempotency-Key")))
        else:
            batch.asked.append((one, n, is_repeated))
    return batch


def _refused_without_entry(row: Any) -> Refusal | None:
    """A stranger to the trade is told so; his bid is not a bid and takes no number in the book."""
    if row["trade_state"] is None or row["trade_state"] in _UNKNOWN_TO_BIDDERS:
        return NotFound()
    if row["participant_id"] is None:
        return errors.NotAParticipant()
    return None


def _not_open(lot: Any) -> Refusal:
    if lot["state"] == BookState.CLOSED and lot["effective_end"] is not None:
        return errors.BiddingOver(effective_end=min(lot["effective_end"], lot["closed_at"]))
    return errors.BiddingNotOpen()


def _lot_of(row: Any) -> LotState:
    return LotState(
        row["id"],
        row["start_price_minor"],
        row["increment_minor"],
        timedelta(seconds=row["limited_seconds"]),
        row["free_ends_at"],
        row["hard_end"],
        row["effective_end"],
        row["seq"],
        row["chain"],
        row["leading_seq"],
        row["leading_bidder"],
        row["leading_minor"],
    )


def _entry_of(decision: Decision) -> Entry:
    return Entry(
        decision.lot.lot_id,
        decision.seq,
        decision.bid.bidder,
        decision.bid.minor,
        decision.verdict,
        decision.at,
        decision.chain,
    )


def _entry_again(row: Any) -> Entry:
    return Entry(row["lot_id"], row["seq"], row["number"], row["minor"], row["verdict"], row["at"], row["chain"])


def _columns(batch: _Batch, root: bytes) -> list[Any]:
    """The batch as arrays, one a column."""
    decisions = [decision for decision, _, _ in batch.entered]
    lots = [batch.lots[lot_id] for lot_id in sorted(batch.first_seq)]
    events = [
        BidsDecided(lot.lot_id, batch.first_seq[lot.lot_id], lot.seq, root.hex(), lot.chain.hex()) for lot in lots
    ]
    return [
        [decision.lot.lot_id for decision in decisions],
        [decision.seq for decision in decisions],
        [participant_id for _, participant_id, _ in batch.entered],
        [decision.bid.bidder for decision in decisions],
        [decision.bid.minor for decision in decisions],
        [key for _, _, key in batch.entered],
        [decision.verdict for decision in decisions],
        [decision.least_minor for decision in decisions],
        [decision.at for decision in decisions],
        [decision.chain for decision in decisions],
        [lot.lot_id for lot in lots],
        [lot.seq for lot in lots],
        [lot.chain for lot in lots],
        [lot.effective_end for lot in lots],
        [lot.leading_seq for lot in lots],
        [lot.leading_bidder for lot in lots],
        [lot.leading_minor for lot in lots],
        [new_id() for _ in events],
        [event.kind for event in events],
        [json.dumps(event.refs()) for event in events],
        [json.dumps(event.facts()) for event in events],
        [secrets.token_bytes(16) for _ in events],
        NOTIFY_CHANNEL,
        _payloads(lots),
    ]


def _payloads(lots: Sequence[LotState]) -> list[str]:
    """What watchers are told: where the price stands. One notification a batch, unless its lots do not fit in one."""
    told = [
        {
            "lot": str(lot.lot_id),
            "seq": lot.seq,
            "leading_minor": lot.leading_minor,
            "effective_end": instant(lot.effective_end),
        }
        for lot in lots
    ]
    return [
        json.dumps(told[n : n + NOTIFY_LOTS_MAX], separators=(",", ":")) for n in range(0, len(told), NOTIFY_LOTS_MAX)
    ]


def _busy() -> errors.BookBusy:
    # Spread the retries, so that those who were refused together do not come back together.
    return errors.BookBusy(retry_after=random.randint(1, 3))  # noqa: S311

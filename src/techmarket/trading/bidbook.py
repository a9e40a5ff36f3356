"""The bid book (报价簿): one batcher per process decides all waiting bids of all lots together, durably and in order.

A batch locks its lots in id order, reads the market clock after the lock, looks up participants and earlier decisions,
decides in arrival order with the pure rule, writes set-wise, records one journal row per lot, commits once and answers
each bidder with a receipt. The row lock is the only arbiter, so any number of processes may run their own book.

While more wait than one batch takes, organisations take turns (`fair_line.py`): a flood of one delays nobody else.

The batcher keeps one connection for itself: borrowing one per batch costs a round trip at its return, during which
bids pile up that nobody flushes.
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from techmarket.kernel.ids import new_id
from techmarket.kernel.refusals import NotFound, Refusal
from techmarket.kernel.seals import Seal
from techmarket.trading import errors
from techmarket.trading.events import BidsDecided
from techmarket.trading.fair_line import FairLine
from techmarket.trading.lifecycle import LotState as LotStage
from techmarket.trading.lifecycle import TradeState
from techmarket.trading.methods import BOOKED, BookRules
from techmarket.trading.receipts import Levels, Receipt, seal_tree, tree_over
from techmarket.trading.rules import (
    LEADING,
    NOT_REACHED,
    Bid,
    Entry,
    LotState,
    LotTerms,
    canonical_decision,
    instant,
    told_minor,
)

log = structlog.get_logger("techmarket.bidbook")

BATCH_MAX = 512
WAITING_MAX = 16_384
WAITING_EACH_MAX = 4_096
"""Of one organisation."""
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
SELECT l.id, l.method, l.state, l.start_price_minor, l.increment_minor, l.limited_seconds, l.floor_minor,
       l.step_seconds, l.opened_at, l.free_ends_at, l.hard_end, l.effective_end, l.closed_at, l.seq, l.chain,
       l.leading_seq, l.leading_bidder, l.leading_minor,
       (SELECT s.first_refusal FROM seat s WHERE s.lot_id = l.id AND s.number = l.leading_bidder) AS leader_may_match,
       l.pause_cause, l.pause_reason, l.resumes_at, CASE WHEN l.state = 'WAITING' THEN
         (SELECT t.bidding_opens_at FROM trade t WHERE t.id = l.trade_id) END AS opens_at
FROM lot l WHERE l.id = ANY($1::uuid[]) ORDER BY l.id FOR UPDATE OF l
"""
# One row tells the time for all, and what was decided before comes as one value: most of what a bid costs here is that
# its row is spelled and read. The trade is looked at for strangers alone: who has a seat has found an announced one.
_LOOK_UP = """
SELECT CASE WHEN asked.ord = 1 THEN clock.now END AS now, s.participant_id, s.number, s.state = 'READY' AS is_ready,
       s.first_refusal, (SELECT b FROM bid b WHERE b.participant_id = s.participant_id AND b.key = asked.key) AS known,
       CASE WHEN s.lot_id IS NULL THEN
         (SELECT t.state FROM lot l JOIN trade t ON t.id = l.trade_id WHERE l.id = asked.lot_id) END AS trade_state
FROM (SELECT market_now() AS now OFFSET 0) AS clock
CROSS JOIN unnest($1::uuid[], $2::uuid[], $3::text[]) WITH ORDINALITY AS asked(lot_id, org_id, key, ord)
LEFT JOIN seat s ON s.lot_id = asked.lot_id AND s.org_id = asked.org_id
ORDER BY asked.ord
"""
_PLANS = """
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off
"""
"""The book looks everything up by key. A plan made while the tables were small reads the whole book at every batch,
slower with each bid, until the server next counts its rows."""
_WRITE = """
WITH entered AS (
  INSERT INTO bid (lot_id, seq, participant_id, bidder, minor, key, verdict, least_minor, at, chain)
  SELECT * FROM unnest($1::bid_line[])
), moved AS (
  UPDATE lot SET seq = s.seq, chain = s.chain, effective_end = s.effective_end, leading_seq = s.leading_seq,
                 leading_bidder = s.leading_bidder, leading_minor = s.leading_minor
  FROM unnest($2::uuid[], $3::bigint[], $4::bytea[], $5::timestamptz[], $6::bigint[], $7::bigint[],
              $8::bigint[]) AS s(id, seq, chain, effective_end, leading_seq, leading_bidder, leading_minor)
  WHERE lot.id = s.id
), recorded AS (
  INSERT INTO journal_entry (id, kind, refs, facts, salt)
  SELECT e.id, e.kind, e.refs::jsonb, e.facts::jsonb, e.salt
  FROM unnest($9::uuid[], $10::text[], $11::text[], $12::text[], $13::bytea[]) AS e(id, kind, refs, facts, salt)
)
SELECT pg_notify($14, payload) FROM unnest($15::text[]) AS payload
"""


class Answer(NamedTuple):
    """What the book says to one bidder: the decision, what would have been enough, when the lot ends, the receipt."""

    receipt: Receipt
    least_minor: int
    increment_minor: int
    effective_end: datetime
    reached_at: datetime | None
    is_repeated: bool

    @property
    def entry(self) -> Entry:
        return self.receipt.entry

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
class _Book:
    """The book of one locked lot while a batch is decided; a lot without a book has no state and no rules.

    `first_seq` is the batch's first new entry in it, if any.
    """

    row: Any
    lot: LotState | None
    rules: BookRules | None
    first_seq: int = 0


@dataclass(eq=False, slots=True)
class _Batch:
    """What one batch will write and answer. `named` is what each entry's bidder named, which may be above its price."""

    entries: list[Entry] = field(default_factory=list)
    least: list[int] = field(default_factory=list)
    named: list[int] = field(default_factory=list)
    lines: list[tuple[Any, ...]] = field(default_factory=list)
    asked: list[tuple[_Waiting, _Book, int, bool]] = field(default_factory=list)
    refused: list[tuple[_Waiting, Refusal]] = field(default_factory=list)

    def enter(self, entry: Entry, least_minor: int, named_minor: int) -> int:
        """Put an entry among those the batch is sealed over; returns its place."""
        self.entries.append(entry)
        self.least.append(least_minor)
        self.named.append(named_minor)
        return len(self.entries) - 1


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
        self._waiting: FairLine[_Waiting] = FairLine(each_max=waiting_each_max)
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
            connection: Any = raw.driver_connection
            raw.detach()  # it is the batcher's alone and takes no place in the pool
            await connection.execute(_PLANS)
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

    async def _decide(self, waiting: list[_Waiting]) -> None:
        connection = await self._connect()
        async with connection.transaction():
            rows = await connection.fetch(_LOCK, sorted({one.lot_id for one in waiting}))
            books = {row["id"]: _book_of(row) for row in rows}
            found = [(one, book) for one in waiting if (book := books.get(one.lot_id)) is not None]
            looked = await connection.fetch(
                _LOOK_UP,
                [book.row["id"] for _, book in found],
                [one.org_id for one, _ in found],
                [one.key for one, _ in found],
            )
            batch = _judge(found, looked)
            if len(found) < len(waiting):
                batch.refused += [(one, NotFound()) for one in waiting if one.lot_id not in books]
            tree = tree_over(batch.entries)
            writing = asyncio.ensure_future(_write(connection, books.values(), batch, tree))
            try:
                await asyncio.sleep(0)  # it is on its way now, and the answers are made meanwhile
                answers = _answers(batch, tree, self._seal)
            finally:
                await writing
        self.batches += 1
        for one, refusal in batch.refused:
            one.say(refusal)
        for one, answer in answers:
            one.say(answer)


async def _write(connection: Any, books: Iterable[_Book], batch: _Batch, tree: Levels) -> None:
    if batch.lines:
        await connection.execute(_WRITE, *_written(books, batch, tree[-1][0]))


def _answers(batch: _Batch, tree: Levels, seal: Seal) -> list[tuple[_Waiting, Answer]]:
    """What is said to each once the batch is committed, under one signature."""
    if not batch.entries:
        return []
    sealed = seal_tree(tree, seal)
    return [
        (one, _answer(book, Receipt(batch.entries[n], n, sealed), batch.least[n], is_repeated))
        for one, book, n, is_repeated in batch.asked
    ]


def _answer(book: _Book, receipt: Receipt, least_minor: int, is_repeated: bool) -> Answer:
    lot, rules = book.lot, book.rules
    assert lot is not None
    assert rules is not None
    entry = receipt.entry
    reached_at = rules.reached_at(lot, entry.minor) if entry.verdict == NOT_REACHED else None
    return Answer(receipt, least_minor, lot.terms.increment_minor, lot.effective_end, reached_at, is_repeated)


def _judge(found: Sequence[tuple[_Waiting, _Book]], looked: Sequence[Any]) -> _Batch:
    """Decide the bids in the order they arrived. A key that was decided before gets its first decision again."""
    batch = _Batch()
    decided: dict[tuple[UUID, str], int] = {}
    now: Any = looked[0]["now"] if looked else None
    for (one, book), row in zip(found, looked, strict=True):
        participant_id = row["participant_id"]
        if participant_id is None:
            batch.refused.append((one, _refused_without_entry(row)))
            continue
        known = row["known"]
        n = decided.get((participant_id, one.key))
        is_repeated = n is not None or known is not None
        if n is None:
            lot, rules = book.lot, book.rules
            if known is not None:
                n = batch.enter(_entry_again(known, row["number"], rules), known["least_minor"], known["minor"])
            elif lot is None or rules is None or book.row["state"] != LotStage.OPEN:
                batch.refused.append((one, _not_open(book.row)))
                continue
            else:
                bid = Bid(row["number"], one.minor, row["is_ready"], row["first_refusal"])
                book.lot, entry, least = rules.decide(lot, bid, now=now)
                book.first_seq = book.first_seq or entry.seq
                n = batch.enter(entry, least, one.minor)
                batch.lines.append(_line(entry, participant_id, one, least))
            decided[participant_id, one.key] = n
        if batch.named[n] != one.minor or batch.entries[n].lot_id != book.row["id"]:
            batch.refused.append((one, errors.BidKeyReused(pointer="/header/Idempotency-Key")))
        else:
            batch.asked.append((one, book, n, is_repeated))
    return batch


def _refused_without_entry(row: Any) -> Refusal:
    """A stranger to the lot is told so; his bid is not a bid and takes no number in the book."""
    return NotFound() if row["trade_state"] in _UNKNOWN_TO_BIDDERS else errors.NotAParticipant()


def _not_open(lot: Any) -> Refusal:
    if lot["method"] not in BOOKED:
        return errors.NoBiddingHere(method=lot["method"])
    if lot["state"] == LotStage.PAUSED:
        known = {} if lot["resumes_at"] is None else {"resumes_at": lot["resumes_at"]}
        return errors.BiddingPaused(cause=lot["pause_cause"], reason=lot["pause_reason"], **known)
    if lot["state"] == LotStage.WAITING:
        return errors.BiddingNotOpen(opens_at=lot["opens_at"])
    ended = [at for at in (lot["effective_end"], lot["closed_at"]) if at is not None]
    return errors.BiddingOver(effective_end=min(ended))


def _book_of(row: Any) -> _Book:
    rules = None if row["effective_end"] is None else BOOKED.get(row["method"])
    return _Book(row, None if rules is None else _lot_of(row), rules)


def _lot_of(row: Any) -> LotState:
    terms = LotTerms(
        row["id"],
        row["start_price_minor"],
        row["increment_minor"] or 0,
        timedelta(seconds=row["limited_seconds"] or 0),
        row["free_ends_at"],
        row["hard_end"],
        row["floor_minor"] or 0,
        timedelta(seconds=row["step_seconds"] or 0),
    )
    return LotState(
        terms,
        row["effective_end"],
        row["seq"],
        row["chain"],
        row["leading_seq"],
        row["leading_bidder"],
        row["leading_minor"],
        bool(row["leader_may_match"]),
    )


def _entry_again(known: Any, number: int, rules: BookRules | None) -> Entry:
    lot_id, seq, minor, verdict, at = (known[n] for n in ("lot_id", "seq", "minor", "verdict", "at"))
    if rules is not None:
        minor = told_minor(minor, known["least_minor"], verdict, charges_least=rules.charges_least)
    body = canonical_decision(lot_id=lot_id, seq=seq, bidder=number, minor=minor, verdict=verdict, at=at)
    return Entry(lot_id, seq, number, minor, verdict, at, body, known["chain"])


def _line(entry: Entry, participant_id: UUID, one: _Waiting, least: int) -> tuple[Any, ...]:
    lot_id, seq, bidder, _, verdict, at, _, chain = entry
    return lot_id, seq, participant_id, bidder, one.minor, one.key, verdict, least, at, chain


def _written(books: Iterable[_Book], batch: _Batch, root: bytes) -> list[Any]:
    """What `_WRITE` takes: the new lines as rows; the moved lots and the journal as arrays, one a column."""
    # They were locked, and so came, in the order of their ids.
    moved = [(book.lot, book.first_seq) for book in books if book.lot is not None and book.first_seq]
    lots = [lot for lot, _ in moved]
    events = [BidsDecided(lot.lot_id, first, lot.seq, root.hex(), lot.chain.hex()) for lot, first in moved]
    return [
        batch.lines,
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

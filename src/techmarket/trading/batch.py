"""One batch of the bid book: looked up, decided in arrival order by the pure rule, and written, in one transaction."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from techmarket.db import marks, tracing
from techmarket.kernel.ids import new_id
from techmarket.kernel.refusals import NotFound, Refusal
from techmarket.kernel.seals import Seal
from techmarket.trading import errors
from techmarket.trading.events import BidsDecided
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

NOTIFY_CHANNEL = "trading_lots"
ENTRY_IDS = 8
"""Where the ids of the journal's entries stand in what is written."""
NOTIFY_LOTS_MAX = 40
"""A payload of NOTIFY holds at most 8,000 bytes."""

_UNKNOWN_TO_BIDDERS = frozenset({TradeState.DRAFT, TradeState.SUBMITTED, TradeState.RETURNED})

_SEE = """
SELECT l.id, l.method, l.state, l.start_price_minor, l.increment_minor, l.limited_seconds, l.floor_minor,
       l.step_seconds, l.opened_at, l.free_ends_at, l.hard_end, l.effective_end, l.closed_at, l.seq, l.chain,
       l.leading_seq, l.leading_bidder, l.leading_minor,
       (SELECT s.first_refusal FROM seat s WHERE s.lot_id = l.id AND s.number = l.leading_bidder) AS leader_may_match,
       l.pause_cause, l.pause_reason, l.resumes_at, CASE WHEN l.state = 'WAITING' THEN
         (SELECT t.bidding_opens_at FROM trade t WHERE t.id = l.trade_id) END AS opens_at
FROM lot l WHERE l.id = ANY($1::uuid[])
"""
LOCK = f"""{_SEE} AND l.method = ANY($2::text[])
  AND EXISTS (SELECT FROM seat s WHERE s.lot_id = l.id AND s.org_id = ANY($3::uuid[])) ORDER BY l.id FOR UPDATE OF l
"""
"""A lot without a book, or on which nobody of the batch has a seat, is only looked at: a bid there is refused, and must
not make all others wait for whatever is done to that lot."""
# One row tells the time for all, and what was decided before comes as one value: most of what a bid costs here is that
# its row is spelled and read. The trade is looked at for strangers alone: who has a seat has found an announced one.
LOOK_UP = """
SELECT CASE WHEN asked.ord = 1 THEN clock.now END AS now, s.participant_id, s.number, s.state = 'READY' AS is_ready,
       s.first_refusal, (SELECT b FROM bid b WHERE b.participant_id = s.participant_id AND b.key = asked.key) AS known,
       CASE WHEN s.lot_id IS NULL THEN
         (SELECT t.state FROM lot l JOIN trade t ON t.id = l.trade_id WHERE l.id = asked.lot_id) END AS trade_state
FROM (SELECT market_now() AS now OFFSET 0) AS clock
CROSS JOIN unnest($1::uuid[], $2::uuid[], $3::text[]) WITH ORDINALITY AS asked(lot_id, org_id, key, ord)
LEFT JOIN seat s ON s.lot_id = asked.lot_id AND s.org_id = asked.org_id
ORDER BY asked.ord
"""
PLANS = """
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
class Waiting:
    """A bid that waits for its answer."""

    lot_id: UUID
    org_id: UUID
    minor: int
    key: str
    answer: asyncio.Future[Answer]
    mark: str | None = None
    """Of the trace that this bid belongs to, where its request is followed."""

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
    asked: list[tuple[Waiting, _Book, int, bool]] = field(default_factory=list)
    refused: list[tuple[Waiting, Refusal]] = field(default_factory=list)

    def enter(self, entry: Entry, least_minor: int, named_minor: int) -> int:
        """Put an entry among those the batch is sealed over; returns its place."""
        self.entries.append(entry)
        self.least.append(least_minor)
        self.named.append(named_minor)
        return len(self.entries) - 1


async def decide(connection: Any, waiting: Sequence[Waiting], seal: Seal) -> list[tuple[Waiting, Answer | Refusal]]:
    """Decide these bids durably; returns what each is to be told, once the commit is done.

    Lots are locked in the order of their ids, and the clock is read after the lock.
    """
    async with connection.transaction():
        named = {one.lot_id for one in waiting}
        rows = await connection.fetch(LOCK, sorted(named), [*BOOKED], list({one.org_id for one in waiting}))
        books = {row["id"]: _book_of(row) for row in rows}
        if len(books) < len(named):
            unlocked = await connection.fetch(_SEE, sorted(named - books.keys()))
            books |= {row["id"]: _Book(row, None, None) for row in unlocked}
        found = [(one, book) for one in waiting if (book := books.get(one.lot_id)) is not None]
        looked = await connection.fetch(
            LOOK_UP,
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
            answers = _answers(batch, tree, seal)
        finally:
            await writing
    return [*batch.refused, *answers]


async def _write(connection: Any, books: Iterable[_Book], batch: _Batch, tree: Levels) -> None:
    if batch.lines:
        written = _written(books, batch, tree[-1][0])
        await connection.execute(_WRITE, *written)
        if (mark := tracing.mark()) is not None:
            await connection.execute(marks.KEEP, written[ENTRY_IDS], mark)


def _answers(batch: _Batch, tree: Levels, seal: Seal) -> list[tuple[Waiting, Answer]]:
    """What is said to each once the batch is committed, under one signature."""
    if not batch.entries:
        return []
    sealed = seal_tree(tree, seal)
    return [
        (one, _answer(book, Receipt(batch.entries[n], n, sealed), batch.least[n], batch.named[n], is_repeated))
        for one, book, n, is_repeated in batch.asked
    ]


def _answer(book: _Book, receipt: Receipt, least_minor: int, named_minor: int, is_repeated: bool) -> Answer:
    lot, rules = book.lot, book.rules
    assert lot is not None
    assert rules is not None
    entry = receipt.entry
    reached_at = rules.reached_at(lot, named_minor) if entry.verdict == NOT_REACHED else None
    return Answer(receipt, least_minor, lot.terms.increment_minor, lot.effective_end, reached_at, is_repeated)


def _judge(found: Sequence[tuple[Waiting, _Book]], looked: Sequence[Any]) -> _Batch:
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


def _line(entry: Entry, participant_id: UUID, one: Waiting, least: int) -> tuple[Any, ...]:
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

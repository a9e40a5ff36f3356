"""What watchers of a trade (看盘) are told, read from its rows. A notification only says where to look.

One connection a process listens and reads. All that is told comes from committed rows of the primary, each lot in one
look, so every process tells the same; what was notified while the connection was lost is found by looking again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from techmarket.db import tracing
from techmarket.kernel.refusals import NotFound
from techmarket.trading.lifecycle import LotState, LotStep, Method
from techmarket.trading.repository import HIDDEN
from techmarket.trading.rules import LEADING, LotTerms

log = structlog.get_logger("techmarket.watching")

CHANNEL = "trading_lots"
APPLICATION = "techmarket-watching"
LEADS_KEPT = 512
TURNS_KEPT = 1_000
TELL_PRICES = frozenset({Method.ONLINE_BIDDING, Method.FIXED_PRICE, Method.DESCENDING})
"""The methods whose offers are public as they come. Of all others nothing is told but the state."""
READ_SECONDS = 5.0
BACK_OFF_SECONDS = 3.0

_TRADE = "SELECT t.state, l.id FROM trade t JOIN lot l ON l.trade_id = t.id WHERE t.id = $1 ORDER BY l.n"
_NEWS = f"""
SELECT l.id, l.n, l.seq, l.method, l.state, l.step, l.start_price_minor, l.increment_minor, l.free_ends_at,
       l.effective_end, l.hard_end, l.step_due_at, l.pause_cause, l.pause_reason, l.resumes_at, l.floor_minor,
       l.step_seconds, l.paused_at, l.leading_seq, market_now() AS now,
       b.seqs, b.bidders, b.minors, b.ats, t.turns
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS looked(lot_id, seq, n)
JOIN lot l ON l.id = looked.lot_id
CROSS JOIN LATERAL (
  SELECT array_agg(seq ORDER BY seq) AS seqs, array_agg(bidder ORDER BY seq) AS bidders,
         array_agg(CASE l.method WHEN 'DESCENDING' THEN least_minor ELSE minor END ORDER BY seq) AS minors,
         array_agg(at ORDER BY seq) AS ats
  FROM (SELECT seq, bidder, minor, least_minor, at FROM bid
        WHERE lot_id = l.id AND seq > looked.seq AND verdict = '{LEADING}'
        ORDER BY seq DESC LIMIT {LEADS_KEPT + 1}) newest
) b
CROSS JOIN LATERAL (
  SELECT array_agg(ROW(n, seq, what, state, step, at, free_ends_at, effective_end, hard_end, step_due_at, cause, reason,
                       resumes_at) ORDER BY n) AS turns
  FROM (SELECT * FROM lot_turn WHERE lot_turn.lot_id = l.id AND lot_turn.n > looked.n
        ORDER BY lot_turn.n DESC LIMIT {TURNS_KEPT}) newest
) t
ORDER BY l.n
"""

_SETTINGS = f"""
SET application_name = '{APPLICATION}';
SET enable_seqscan = off; SET enable_bitmapscan = off
"""
"""A plan made while the tables were small would read the whole book at every look."""


class Told(NamedTuple):
    """How far a lot has been told: its last leading bid, and the last turn of its state."""

    seq: int = 0
    n: int = 0


class Looked(NamedTuple):
    """How far a lot has been looked at: the last entry of its book, the last that led, the last turn of its state.

    Entries that did not lead are looked at once and never again, however many they are.
    """

    seq: int = 0
    lead: int = 0
    n: int = 0


class Lead(NamedTuple):
    """A bid that led. `after` is the leading bid before it, so that a reader sees what he was not told."""

    seq: int
    after: int
    bidder: int
    minor: int
    at: datetime


class Turn(NamedTuple):
    """A turn in a lot's state. `seq` is how far its book had come: the turn stands after that entry."""

    n: int
    seq: int
    what: str
    state: LotState
    step: LotStep | None
    at: datetime
    free_ends_at: datetime | None
    effective_end: datetime | None
    hard_end: datetime | None
    step_due_at: datetime | None
    cause: str | None
    reason: str | None
    resumes_at: datetime | None


class Falling(NamedTuple):
    """A price that falls by the clock: by what and how often it falls, and where it stands still."""

    terms: LotTerms
    paused_at: datetime | None
    is_taken: bool


@dataclass(frozen=True, slots=True)
class LotNews:
    """Where a lot stands now, and what is new since it was told last. A sealed lot has no prices to tell."""

    id: UUID
    n: int
    seq: int
    method: Method
    state: LotState
    step: LotStep | None
    start_price_minor: int | None
    increment_minor: int | None
    free_ends_at: datetime | None
    effective_end: datetime | None
    hard_end: datetime | None
    step_due_at: datetime | None
    cause: str | None
    reason: str | None
    resumes_at: datetime | None
    now: datetime
    leads: tuple[Lead, ...]
    turns: tuple[Turn, ...]
    falling: Falling | None = None


class Hears(Protocol):
    """Who wants to hear another channel over the same connection."""

    channel: str

    def hear(self) -> None: ...


class Watch:
    """Listens for this process, and reads for it. `on_news` hears which lots have news; None means: look at all."""

    def __init__(self, engine: AsyncEngine, on_news: Callable[[frozenset[UUID] | None], None]) -> None:
        self._engine = engine
        self._on_news = on_news
        self.heard_by: list[Hears] = []
        self._connection: Any = None
        self._connected = asyncio.Event()
        self._lost = asyncio.Event()
        self._reading = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen; done already is fine."""
        if self._task is None:
            self._task = asyncio.create_task(self._listen_on(), name="watching", context=tracing.apart())

    async def aclose(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def read_trade(self, trade_id: UUID) -> tuple[bool, list[UUID]]:
        """Whether everybody may know of a trade, and its lots in order."""
        rows = await self._fetch(_TRADE, trade_id)
        if not rows:
            raise NotFound()
        return rows[0]["state"] not in HIDDEN, [row["id"] for row in rows]

    async def read_news(self, looked: Mapping[UUID, Looked]) -> list[LotNews]:
        """Where these lots stand, with what is new since the last look: at most the newest 512 prices of each."""
        rows = await self._fetch(
            _NEWS, list(looked), [last.seq for last in looked.values()], [last.n for last in looked.values()]
        )
        return [_news_of(row, looked[row["id"]]) for row in rows]

    async def _fetch(self, query: str, *arguments: Any) -> list[Any]:
        self.start()
        async with self._reading, asyncio.timeout(READ_SECONDS):
            await self._connected.wait()
            try:
                return list(await self._connection.fetch(query, *arguments))
            except BaseException:
                # Whatever it was, a fresh connection looks at everything anew.
                self._lost.set()
                raise

    async def _listen_on(self) -> None:
        """Listen for ever; a lost connection is opened again, and then everything is looked at once."""
        failures = 0
        while True:
            own = None
            try:
                async with asyncio.timeout(READ_SECONDS):
                    own = await self._engine.connect()
                    raw = await own.get_raw_connection()
                    connection: Any = raw.driver_connection
                    raw.detach()  # it is the watchers' alone and takes no place in the pool
                    self._lost.clear()
                    connection.add_termination_listener(lambda _: self._lost.set())
                    await connection.execute(_SETTINGS)
                    await connection.add_listener(CHANNEL, self._hear)
                    for one in self.heard_by:
                        await connection.add_listener(one.channel, lambda *_, one=one: one.hear())
                        one.hear()  # what was said until now nobody heard
                self._connection = connection
                self._connected.set()
                failures = 0
                self._on_news(None)
                await self._lost.wait()
                log.warning("watching_lost_its_connection")
            except (OSError, TimeoutError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                failures += 1
                log.warning("watching_cannot_listen", error=type(error).__name__, failures=failures)
            finally:
                self._connected.clear()
                self._connection = None
                if own is not None:
                    await _hang_up(own)
            await asyncio.sleep(min(0.1 * 2**failures, BACK_OFF_SECONDS) * random.uniform(0.5, 1))  # noqa: S311

    def _hear(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        try:
            self._on_news(frozenset(UUID(one["lot"]) for one in json.loads(str(payload))))
        except (ValueError, TypeError, KeyError):
            self._on_news(None)


async def _hang_up(own: AsyncConnection) -> None:
    with contextlib.suppress(Exception):
        await asyncio.wait_for(own.close(), 2)


def _news_of(row: Any, looked: Looked) -> LotNews:
    leads: list[Lead] = []
    if Method(row["method"]) in TELL_PRICES:
        after = looked.lead
        for seq, bidder, minor, at in zip(
            *(row[name] or () for name in ("seqs", "bidders", "minors", "ats")), strict=True
        ):
            leads.append(Lead(seq, after, bidder, minor, at))
            after = seq
    return LotNews(
        id=row["id"],
        n=row["n"],
        seq=row["seq"],
        method=Method(row["method"]),
        state=LotState(row["state"]),
        step=_step(row["step"]),
        start_price_minor=row["start_price_minor"],
        increment_minor=row["increment_minor"],
        free_ends_at=row["free_ends_at"],
        effective_end=row["effective_end"],
        hard_end=row["hard_end"],
        step_due_at=row["step_due_at"],
        cause=row["pause_cause"],
        reason=row["pause_reason"],
        resumes_at=row["resumes_at"],
        now=row["now"],
        # One more than is kept was read, so that the first of those kept knows whom it beat.
        leads=tuple(leads[-LEADS_KEPT:]),
        turns=tuple(_turn_of(turn) for turn in row["turns"] or ()),
        falling=_falling(row),
    )


def _falling(row: Any) -> Falling | None:
    if row["method"] != Method.DESCENDING or row["free_ends_at"] is None:
        return None
    terms = LotTerms(
        row["id"],
        row["start_price_minor"],
        row["increment_minor"],
        timedelta(0),
        row["free_ends_at"],
        row["hard_end"],
        row["floor_minor"],
        timedelta(seconds=row["step_seconds"]),
    )
    return Falling(terms, row["paused_at"], row["leading_seq"] is not None)


def _turn_of(turn: Any) -> Turn:
    n, seq, what, state, step, *rest = turn
    return Turn(n, seq, what, LotState(state), _step(step), *rest)


def _step(step: str | None) -> LotStep | None:
    return None if step is None else LotStep(step)

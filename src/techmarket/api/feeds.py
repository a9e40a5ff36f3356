"""The fan-out (行情分发): one look at the database a tick, one text for everybody, and nobody waits for anybody.

A tick is as long as it takes to keep at most so many writes a second: 10 ms for few watchers, 250 ms for many. What is
written goes out in slices, between which the loop serves everyone else. A watcher is a line and the place up to which
it was told; the place is one object shared by all who stand there. Whoever does not read is not written to: when he
reads again he gets what he missed, of each lot only the newest prices; when he does not, his line is cut.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Hashable, Sequence
from types import TracebackType
from typing import Protocol
from uuid import UUID

import asyncpg
import structlog
from prometheus_client import Counter as Sum
from prometheus_client import Gauge
from sqlalchemy.ext.asyncio import AsyncEngine

from techmarket.api import errors
from techmarket.api.sse import HEARTBEAT, Place, Story, place_of, retry
from techmarket.db import tracing
from techmarket.trading.watching import Hears, Watch

log = structlog.get_logger("techmarket.live")

WATCHERS_MAX = 12_000
WATCHERS_EACH_MAX = 200
WRITES_PER_SECOND = 40_000
TICK_SECONDS = (0.01, 0.25)
PRICES_A_TICK = (32, 8)
"""The newest prices of a lot that one tick tells, when few watch and when many do."""
MANY = 2_000
SLICE = 100
HEARTBEAT_SECONDS = 15.0
RETRY_MS = 2_000
PRIVATE_SECONDS = 60.0
"""So long a line of a trade that is not public goes on: its reader comes again, and is looked at again. At once he is
where somebody's key, role or organisation was changed and this process is told of it."""

WATCHERS = Gauge("techmarket_watchers", "Streams of trades being told now.")
TOLD = Sum("techmarket_watchers_told_total", "Texts written to watchers.")


class Line(Protocol):
    """A connection whose answer goes on, as the server hands it over."""

    @property
    def is_full(self) -> bool: ...

    def write(self, chunk: bytes) -> None: ...

    def end(self) -> None: ...

    def cut(self) -> None: ...


class Watcher:
    """Whoever watches: on whose account, over which line since when, and how far he was told."""

    __slots__ = ("feed", "line", "place", "since", "turn", "who")

    def __init__(self, who: Hashable, turn: int) -> None:
        self.who = who
        self.turn = turn
        self.feed: Feed | None = None
        self.line: Line | None = None
        self.place: Place = ()
        self.since = time.monotonic()


class Feed:
    """One trade under watch in this process."""

    def __init__(self, story: Story, *, is_public: bool) -> None:
        self.story = story
        self.is_public = is_public
        self.watchers: set[Watcher] = set()
        self.told = story.place


class Live:
    """Everybody who watches in this process. Opens nothing before the first one comes."""

    def __init__(
        self, engine: AsyncEngine, *, watchers_max: int = WATCHERS_MAX, watchers_each_max: int = WATCHERS_EACH_MAX
    ) -> None:
        self._watch = Watch(engine, self._on_news)
        self._watchers_max = watchers_max
        self._watchers_each_max = watchers_each_max
        self._each: Counter[Hashable] = Counter()
        self._feeds: dict[UUID, Feed] = {}
        self._of_lot: dict[UUID, Feed] = {}
        self._opening: dict[UUID, asyncio.Task[Feed]] = {}
        self._news: set[Feed] = set()
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._told_at = 0.0
        self._is_leaving = False
        self.turn = 0
        """How often it was told that somebody's standing was changed."""
        self.count = 0

    async def __aenter__(self) -> Live:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        self.leave()
        tasks = [*self._tasks, *self._opening.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._watch.aclose()

    def leave(self) -> None:
        """This process ends: every line is ended, and its reader comes again elsewhere, not all at the same moment."""
        self._is_leaving = True
        for feed in self._feeds.values():
            self._end(tuple(feed.watchers))

    def look_again(self, longer_than: float = 0.0) -> None:
        """Whoever has followed so long what is not public is to come again, and to show that he still may."""
        now = time.monotonic()
        for feed in self._feeds.values():
            if not feed.is_public:
                self._end([watcher for watcher in feed.watchers if now - watcher.since >= longer_than])

    def heed(self, one: Hears) -> None:
        """Whoever remembers who may what hears over the connection of the watchers, too, that it was changed."""
        self._watch.heard_by.append(one)

    def hear(self) -> None:
        """Somebody's key, role or organisation was changed: also whoever is still on his way is looked at again."""
        self.turn += 1
        self.look_again()

    @staticmethod
    def _end(watchers: Sequence[Watcher]) -> None:
        for watcher in watchers:
            if watcher.line is not None:
                if not watcher.line.is_full:
                    watcher.line.write(chunk_of(retry(random.randint(100, RETRY_MS))))  # noqa: S311
                watcher.line.end()

    # --- coming and going -------------------------------------------------------------------------------------------

    def admit(self, who: Hashable, turn: int | None = None) -> Watcher:
        """Take a place among the watchers of this process and of this organisation or address.

        `turn` is what it was before he was looked at.
        """
        if self._is_leaving:
            raise errors.NotReady(missing="leaving", retry_after=1)
        if self.count >= self._watchers_max:
            raise errors.WatchersFull(watchers_max=self._watchers_max, retry_after=random.randint(2, 10))  # noqa: S311
        if self._each[who] >= self._watchers_each_max:
            raise errors.TooManyStreams(streams_max=self._watchers_each_max, retry_after=5)
        self.count += 1
        self._each[who] += 1
        WATCHERS.inc()
        return Watcher(who, self.turn if turn is None else turn)

    def release(self, watcher: Watcher) -> None:
        """Give the place back."""
        self.count -= 1
        self._each[watcher.who] -= 1
        if not self._each[watcher.who]:
            del self._each[watcher.who]
        WATCHERS.dec()
        if watcher.feed is not None:
            watcher.feed.watchers.discard(watcher)

    async def feed_of(self, trade_id: UUID) -> Feed:
        """The trade as it is told here. Many who come for it at once wait for one look."""
        feed = self._feeds.get(trade_id)
        if feed is not None:
            return feed
        opening = self._opening.get(trade_id)
        if opening is None:
            opening = self._opening[trade_id] = asyncio.create_task(self._open(trade_id))
            opening.add_done_callback(lambda _: self._opening.pop(trade_id, None))
        return await asyncio.shield(opening)

    async def join(self, watcher: Watcher, feed: Feed, last_id: str | None, *, is_short: bool = False) -> bytes:
        """What this reader is told first; from here on he is told what comes. Nothing lies between.

        A short answer has no line to tell more over, so it looks for itself.
        """
        feed = self._still_open(feed)
        watcher.feed = feed
        feed.watchers.add(watcher)  # before anything is waited for: a feed with a watcher is not closed
        story = feed.story
        place = place_of(last_id, lots=len(story.lots))
        if is_short or (place is not None and not story.knows(place)):
            await self._look(feed)  # another process may have told him what was not read here yet
            self._on_news(frozenset(story.lots))
        first = story.whole() if place is None or not story.knows(place) else story.since(place)
        watcher.place = story.place
        return first

    def _still_open(self, feed: Feed) -> Feed:
        """The feed that is told of this trade: one that nobody watched may have been closed while he was on his way."""
        held = self._feeds.setdefault(feed.story.trade_id, feed)
        if held is feed and any(self._of_lot.get(lot_id) is not feed for lot_id in feed.story.lots):
            self._of_lot |= dict.fromkeys(feed.story.lots, feed)
            self._on_news(frozenset(feed.story.lots))
        return held

    def attach(self, watcher: Watcher, line: Line) -> None:
        """The first answer is on its way and the line is ours: tell what has come since."""
        watcher.line = line
        if self._is_leaving:
            line.end()
            return
        if watcher.turn != self.turn and watcher.feed is not None and not watcher.feed.is_public:
            self._end([watcher])  # what was changed while he was on his way may be what he was let in by
            return
        self._bring_up(watcher)

    def go_on(self, watcher: Watcher) -> None:
        """A reader who was behind has read."""
        if not self._is_leaving:
            self._bring_up(watcher)

    async def _open(self, trade_id: UUID) -> Feed:
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._tell_on(), name="live", context=tracing.apart()),
                asyncio.create_task(self._keep_alive(), name="live-heartbeat", context=tracing.apart()),
            ]
        is_public, lot_ids = await self._watch.read_trade(trade_id)
        story = Story(trade_id, lot_ids)
        story.hear(await self._watch.read_news(story.looked))
        feed = Feed(story, is_public=is_public)
        self._feeds[trade_id] = feed
        self._of_lot |= dict.fromkeys(lot_ids, feed)
        # What happened between the look and this line was notified to nobody.
        self._on_news(frozenset(lot_ids))
        return feed

    def _close(self, feed: Feed) -> None:
        del self._feeds[feed.story.trade_id]
        for lot_id in feed.story.lots:
            del self._of_lot[lot_id]
        self._news.discard(feed)

    # --- telling ----------------------------------------------------------------------------------------------------

    def _on_news(self, lot_ids: frozenset[UUID] | None) -> None:
        if lot_ids is None:
            self._news |= set(self._feeds.values())
        else:
            self._news |= {self._of_lot[lot_id] for lot_id in lot_ids & self._of_lot.keys()}
        if self._news:
            self._wake.set()

    def tick_seconds(self) -> float:
        least, most = TICK_SECONDS
        return min(max(self.count / WRITES_PER_SECOND, least), most)

    def _prices_a_tick(self) -> int:
        few, many = PRICES_A_TICK
        return few if self.count < MANY else many

    async def _tell_on(self) -> None:
        """Tell for ever: at once after a pause, then once a tick."""
        clock = asyncio.get_running_loop().time
        while True:
            await self._wake.wait()
            await asyncio.sleep(max(0.0, self._told_at + self.tick_seconds() - clock()))
            self._told_at = clock()
            self._wake.clear()
            feeds, self._news = self._news, set()
            for feed in feeds:
                try:
                    await self._look(feed)
                except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                    # When the connection is there again, all feeds are looked at.
                    log.warning("live_could_not_look", error=type(error).__name__)
                    break
                except Exception as error:  # one trade that cannot be told silences no other
                    log.error("live_could_not_read", trade=str(feed.story.trade_id), exc_info=error)
                    continue
                try:
                    await self._tell(feed)
                except Exception as error:
                    log.error("live_could_not_tell", trade=str(feed.story.trade_id), exc_info=error)

    async def _look(self, feed: Feed) -> None:
        """Read what is new of this trade."""
        feed.story.hear(await self._watch.read_news(feed.story.looked))

    async def _tell(self, feed: Feed) -> None:
        """Tell everyone up to where the story has come: one text for all who stand where we told last."""
        before, after = feed.told, feed.story.place
        if before is after:
            return
        feed.told = after
        chunk = chunk_of(feed.story.since(before, self._prices_a_tick()))
        is_over = feed.story.is_over
        for n, watcher in enumerate(tuple(feed.watchers), start=1):
            line = watcher.line
            if line is not None and watcher.place is before and not line.is_full:
                line.write(chunk)
                watcher.place = after
                if is_over:
                    line.end()
            else:
                self._bring_up(watcher)
            if n % SLICE == 0:
                await asyncio.sleep(0)
        TOLD.inc(len(feed.watchers))

    def _bring_up(self, watcher: Watcher) -> None:
        """Tell one reader what he has missed: he comes, or reads again after a pause."""
        feed, line = watcher.feed, watcher.line
        if feed is None or line is None or line.is_full or watcher.place is feed.story.place:
            return
        line.write(chunk_of(feed.story.since(watcher.place, self._prices_a_tick())))
        watcher.place = feed.story.place
        if feed.story.is_over:
            line.end()

    async def _keep_alive(self) -> None:
        """Let every reader, and every proxy between, know that the line lives; look after what no notification told."""
        beat = chunk_of(HEARTBEAT)
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS * random.uniform(0.9, 1.0))  # noqa: S311
            self.look_again(PRIVATE_SECONDS)
            for feed in tuple(self._feeds.values()):
                if not feed.watchers:
                    self._close(feed)
                    continue
                for n, watcher in enumerate(tuple(feed.watchers), start=1):
                    if watcher.line is not None and not watcher.line.is_full:
                        watcher.line.write(beat)
                    if n % SLICE == 0:
                        await asyncio.sleep(0)
            self._on_news(None)


def chunk_of(text: bytes) -> bytes:
    """A piece of an answer as it goes over the line, framed once for all."""
    return b"%x\r\n%b\r\n" % (len(text), text)

"""Runs what the rooms declared in `db/jobs.py`, in as many workers as there are, each thing on one at a time.

Lines of work: the sequencer turns committed entries into positions and tells everybody who listens; each reaction and
each follower goes through the positions by its own cursor, at once when it hears of new ones, and looks by itself now
and then in case it heard nothing; and periodic jobs are started by pgqueuer's scheduler, whose rows make sure that one
worker takes each. Whatever fails is logged and tried again; nothing is ever only in memory.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.sm import SchedulerManager
from prometheus_client import Counter
from sqlalchemy import text

from techmarket import ROOMS
from techmarket.db import journal, marks, tracing
from techmarket.db.hosts import connect_to
from techmarket.db.jobs import FOLLOWERS, PERIODIC, REACTIONS, Follower, Periodic, Reaction
from techmarket.db.means import Means

SEQUENCER_SECONDS = 0.05
READER_SECONDS = 0.1
READER_BATCH = 100
PASSED_BY_MAX = 1_000
"""So many entries are looked through at once for what concerns nobody."""
FOLLOWER_SECONDS = 1.0
LISTEN_AGAIN_SECONDS = 1.0
NEWS = "techmarket-news"
"""The name of the connection that listens, as the database shows it."""
FOLLOWER_REST_SECONDS = 0.1
"""While the journal grows without end, a follower takes it in pieces of this length and not entry by entry."""
# Well below the database's patience with a transaction that waits: beyond it the cursor's row would never move.
READER_TURN_SECONDS = 3.0
BACK_OFF_SECONDS = 5.0
log = structlog.get_logger("techmarket.jobs")
FAILURES = Counter(
    "techmarket_job_failures_total", "Turns of a job, a reaction or a line of work that failed.", ("job",)
)


def load_jobs() -> None:
    """Import every room's jobs, so that what they declare is known."""
    for room in ROOMS:
        if importlib.util.find_spec(f"techmarket.{room}") and importlib.util.find_spec(f"techmarket.{room}.jobs"):
            importlib.import_module(f"techmarket.{room}.jobs")


async def run_jobs(means: Means, stop: asyncio.Event) -> None:
    """Work until `stop` is set; what is under way is finished first."""
    load_jobs()
    news = News()
    async with asyncio.TaskGroup() as group:
        group.create_task(_keep_up("sequencer", lambda: sequence_once(means), SEQUENCER_SECONDS, stop))
        group.create_task(_keep_up("readers", lambda: read_all(means), READER_SECONDS, stop, news.bell()))
        for follower in FOLLOWERS.values():
            work = partial(_follow, means, follower)
            group.create_task(_keep_up(follower.name, work, FOLLOWER_SECONDS, stop, news.bell()))
        group.create_task(_keep_up("news", lambda: _listen(means, news, stop), LISTEN_AGAIN_SECONDS, stop))
        group.create_task(_keep_up("schedules", lambda: _run_schedules(means, stop), BACK_OFF_SECONDS, stop))


@asynccontextmanager
async def running(means: Means) -> AsyncIterator[None]:
    """The jobs beside the block, ended with it."""
    stop = asyncio.Event()
    task = asyncio.create_task(run_jobs(means, stop))
    try:
        yield
    finally:
        stop.set()
        await task


class News:
    """Wakes every line of work that waits for new positions in the journal."""

    def __init__(self) -> None:
        self._bells: list[asyncio.Event] = []

    def bell(self) -> asyncio.Event:
        self._bells.append(asyncio.Event())
        return self._bells[-1]

    def ring(self) -> None:
        for bell in self._bells:
            bell.set()


async def _keep_up(
    name: str,
    work: Callable[[], Awaitable[int]],
    pause: float,
    stop: asyncio.Event,
    bell: asyncio.Event | None = None,
) -> None:
    """Do the work again and again, at once while there is more or the bell rings; a failure waits longer each time."""
    failures = 0
    while not stop.is_set():
        if bell is not None:
            bell.clear()  # what rings from here on is looked for in another turn
        try:
            done = await work()
            failures = 0
        except Exception as error:
            failures += 1
            done = 0
            FAILURES.labels(name).inc()
            log.error("job_line_failed", line=name, error=type(error).__name__, failures=failures, exc_info=True)
        if done:
            await asyncio.sleep(0)
            continue
        waits = [stop] if bell is None or failures else [stop, bell]
        await _any_of(waits, min(pause * 2**failures, BACK_OFF_SECONDS))


async def _any_of(events: Sequence[asyncio.Event], seconds: float | None) -> None:
    tasks = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


async def _follow(means: Means, follower: Follower) -> int:
    handled = await follower.run(means)
    if handled:
        await asyncio.sleep(FOLLOWER_REST_SECONDS)
    return handled


async def _listen(means: Means, news: News, stop: asyncio.Event) -> int:
    """Ring whenever the sequencer tells that the journal has grown, until the connection is lost or the work ends."""
    connection = await connect_to(means.tx.engine.url, application=NEWS)
    over = asyncio.Event()
    try:
        connection.add_termination_listener(lambda _: over.set())
        await connection.add_listener(journal.GREW_CHANNEL, lambda *_: news.ring())
        news.ring()  # what was told while nobody listened
        await _any_of([stop, over], None)
    finally:
        await connection.close(timeout=2)
    return 0


async def sequence_once(means: Means) -> int:
    """One turn of the sequencer; returns how many entries got their position."""
    async with means.tx.begin() as db:
        return await journal.sequence(db)


async def read_all(means: Means) -> int:
    """One turn of every reaction that is behind; returns how many entries were handled.

    One look tells who is behind, so that an idle market costs one query a turn and not one for each reaction; and one
    statement takes all those past the new entries of which none is theirs, so that an entry costs a turn of the few
    reactions that wait for its kind and not of all.
    """
    async with means.tx.read() as db:
        head = await journal.head(db)
        rows = await db.execute(text("SELECT name, position FROM journal_reader"))
        positions = {row.name: row.position for row in rows}
    behind = [reaction for reaction in REACTIONS.values() if positions.get(reaction.name, 0) < head]
    idle = await _pass_by(means, [one for one in behind if one.name in positions], positions, head)
    return sum([await read_once(means, reaction) for reaction in behind if reaction.name not in idle])


async def _pass_by(means: Means, behind: Sequence[Reaction], positions: Mapping[str, int], head: int) -> frozenset[str]:
    """Take those reactions to the head between whose place and it stands nothing of theirs; returns their names.

    Whoever is far behind goes on by himself, in pieces. A cursor never goes back, so what was seen from an older place
    holds from a newer one; one whose row a worker holds is left to that worker.
    """
    near = [one for one in behind if head - positions[one.name] <= PASSED_BY_MAX]
    if not near:
        return frozenset()
    low = min(positions[one.name] for one in near)
    async with means.tx.begin() as db:
        found = await db.execute(
            text(
                "SELECT e.kind, max(p.n) AS newest FROM journal_position p JOIN journal_entry e USING (seq)"
                " WHERE p.n >= :low AND p.n < :head GROUP BY e.kind"
            ),
            {"low": low, "head": head},
        )
        newest = {row.kind: row.newest for row in found}
        idle = frozenset(one.name for one in near if newest.get(one.event.kind, -1) < positions[one.name])
        if idle:
            await db.execute(
                text(
                    "UPDATE journal_reader SET position = :head WHERE name IN (SELECT name FROM journal_reader"
                    " WHERE name = ANY(:names) AND position >= :low AND position < :head"
                    " ORDER BY name FOR UPDATE SKIP LOCKED)"
                ),
                {"head": head, "low": low, "names": sorted(idle)},
            )
    return idle


async def read_once(means: Means, reaction: Reaction) -> int:
    """Handle the next entries of one reaction, at least once each and in order.

    The cursor's row lock keeps two workers from the same reaction. A failing entry is logged, and the reaction stands
    before it until it succeeds: order matters more than progress, and gates never wait for a reaction.
    """
    async with means.tx.begin() as db:
        await db.execute(
            text("INSERT INTO journal_reader (name, position) VALUES (:name, 0) ON CONFLICT DO NOTHING"),
            {"name": reaction.name},
        )
        query = text("SELECT position FROM journal_reader WHERE name = :name FOR UPDATE SKIP LOCKED")
        position = (await db.execute(query, {"name": reaction.name})).scalar_one_or_none()
        head = await journal.head(db)
        if position is None or position >= head:
            return 0
        entries = await journal.read(db, after=position - 1, kinds=[reaction.event.kind], limit=READER_BATCH)
        entries = [entry for entry in entries if entry.position < head]
        next_position = entries[-1].position + 1 if len(entries) == READER_BATCH else head
        followed = await marks.of_entries(db, [entry.id for entry in entries])
        handled = 0
        clock = asyncio.get_running_loop().time
        turn_ends = clock() + READER_TURN_SECONDS
        for entry in entries:
            if handled and clock() >= turn_ends:
                next_position = entry.position
                break
            try:
                mark = followed.get(entry.id)
                with tracing.going_on(f"job {reaction.name}", [mark] if mark else []):
                    await reaction.handle(means, journal.load(entry, reaction.event))
            except Exception as error:
                FAILURES.labels(reaction.name).inc()
                log.error("reaction_failed", reaction=reaction.name, position=entry.position, exc_info=error)
                next_position = entry.position
                break
            handled += 1
        await db.execute(
            text("UPDATE journal_reader SET position = :position WHERE name = :name"),
            {"position": next_position, "name": reaction.name},
        )
        return handled


async def run_due(means: Means, *names: str) -> None:
    """Run these jobs once, now; without names all that the clock starts and all that follow the journal. For tests
    and for a sandbox that jumped ahead."""
    load_jobs()
    for name, follower in FOLLOWERS.items():
        while (not names or name in names) and await follower.run(means):
            pass
    for name, job in PERIODIC.items():
        if not names or name in names:
            await job.run(means)


async def settle_down(means: Means, *, rounds: int = 20) -> None:
    """Sequence and react until nothing is left to do: for tests, which have no worker."""
    load_jobs()
    for _ in range(rounds):
        for _ in range(rounds):
            if not await sequence_once(means) and not await read_all(means):
                break
        await run_due(means)
        if not await sequence_once(means) and not await read_all(means):
            return
    raise RuntimeError("the jobs go on calling each other")


async def _run_schedules(means: Means, stop: asyncio.Event) -> int:
    connection = await connect_to(means.tx.engine.url, application="techmarket-schedules")
    try:
        scheduler = SchedulerManager(Queries(AsyncpgDriver(connection)))
        for job in PERIODIC.values():
            scheduler.schedule(job.name, expression_of(job.every))(_started(job, means))
        stopper = asyncio.create_task(_pass_on(stop, scheduler.shutdown))
        try:
            await scheduler.run()
        finally:
            stopper.cancel()
    finally:
        await connection.close(timeout=2)
    return 0


async def _pass_on(stop: asyncio.Event, shutdown: asyncio.Event) -> None:
    await stop.wait()
    shutdown.set()


def _started(job: Periodic, means: Means) -> Callable[[Any], Awaitable[None]]:
    async def start(_schedule: Any) -> None:
        try:
            with tracing.root(f"job {job.name}"):
                await job.run(means)
        except Exception as error:
            FAILURES.labels(job.name).inc()
            log.error("job_failed", job=job.name, exc_info=error)

    return start


def expression_of(every: timedelta) -> str:
    """A cron expression with seconds last, for whole seconds below a minute and whole minutes above."""
    seconds = int(every.total_seconds())
    if seconds < 1 or every.total_seconds() != seconds or (seconds > 60 and seconds % 60):
        raise ValueError(f"a job runs every whole second or minute, not every {every}")
    if seconds == 1:
        return "* * * * * *"
    if seconds < 60:
        return f"* * * * * */{seconds}"
    minutes = seconds // 60
    return "* * * * *" if minutes == 1 else f"*/{minutes} * * * *"

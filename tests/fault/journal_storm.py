"""A storm over the journal: writers, sequencers and readers as processes of their own, some of them killed on the way.

The parent starts everything, kills readers and sequencers at random while the writers write, waits until the water is
calm again, and counts. A child is this module run with its role: `python -m tests.fault.journal_storm reader 1`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db import keys as market_keys
from techmarket.db.files import Files
from techmarket.db.jobs import Reaction
from techmarket.db.means import Means
from techmarket.db.session import Tx, make_engine
from techmarket.hub import service as hub
from techmarket.hub.service.telling import tell_on
from techmarket.identity.actor import Actor, OrgKind, Role
from techmarket.jobs import runner
from techmarket.kernel.events import Event
from techmarket.kernel.ids import new_id

ROOT = Path(__file__).parents[2]
URL = "TECHMARKET_STORM_URL"
WRITERS, SEQUENCERS, READERS = 3, 2, 3
THINGS = 200
TASKS = 10  # of one writer; one of them only makes long transactions
MILESTONE_EVERY = 25
ORG = UUID(int=7)


@dataclass(frozen=True)
class Changed(Event):
    """A thing of the storm was changed; `n` counts its changes without a gap, so it tells their order."""

    kind: ClassVar[str] = "storm.changed"
    thing_id: UUID
    n: int


@dataclass(frozen=True)
class Milestone(Event):
    """Every so many changes of a thing; the reaction of the storm is about these."""

    kind: ClassVar[str] = "storm.milestone"
    thing_id: UUID
    n: int


@dataclass(frozen=True)
class Acting:
    """The organisation in whose name everything of the storm is done, as the journal must know it."""

    person_id: UUID | None = None
    org_id: UUID | None = ORG


class Drop(Exception):
    """A use case that fails after it has written."""


# --- the children -----------------------------------------------------------------------------------------------------


@dataclass
class Written:
    """What a writer knows for certain: what was committed, and what it took back."""

    committed: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    transactions: int = 0
    long: int = 0


async def change(db: AsyncSession, thing: UUID, times: int) -> list[str]:
    """Change a thing under its row lock and record each change, as a use case does."""
    taken = await db.execute(
        text("UPDATE storm_thing SET n = n + :times WHERE id = :id RETURNING n"), {"times": times, "id": thing}
    )
    last = taken.scalar_one()
    entries = []
    for n in range(last - times + 1, last + 1):
        event = Milestone(thing, n) if n % MILESTONE_EVERY == 0 else Changed(thing, n)
        entries.append(str(journal.record(db, event, actor=Acting())))
    return entries


async def write_one(tx: Tx, written: Written, chance: random.Random, things: list[UUID], *, is_long: bool) -> int:
    """One use case: commits, fails and rolls back, or takes back a part of itself; a long one stays open meanwhile."""
    thing, fate, times = chance.choice(things), chance.random(), chance.choice((1, 1, 2, 3, 6))
    kept: list[str] = []
    dropped: list[str] = []
    try:
        async with tx.begin() as db:
            kept = await change(db, thing, times)
            await db.flush()
            if is_long:
                await asyncio.sleep(chance.uniform(0.5, 2.0))
            if fate < 0.15:
                raise Drop
            if fate < 0.20:
                with contextlib.suppress(Drop):
                    async with db.begin_nested():
                        dropped = await change(db, thing, 2)
                        await db.flush()
                        raise Drop
    except Drop:
        kept, dropped = [], kept
    written.committed += kept
    written.dropped += dropped
    written.transactions += 1
    written.long += is_long
    return len(kept)


async def be_writer(tx: Tx, number: int, folder: Path, count: int) -> None:
    chance = random.Random(f"{os.environ['TECHMARKET_STORM_SEED']}-{number}")
    things = await list_things(tx)
    written = Written()

    async def go_on(is_long: bool) -> None:
        while len(written.committed) < count:
            await write_one(tx, written, chance, things, is_long=is_long)

    async with asyncio.TaskGroup() as group:
        for n in range(TASKS):
            group.create_task(go_on(n == 0))
    (folder / f"writer-{number}.json").write_text(json.dumps(vars(written)))


async def be_reader(tx: Tx, number: int, _folder: Path, _count: int) -> None:
    """Follows the journal by a cursor that is committed together with what was done about the entries."""
    chance = random.Random()
    name = f"storm-{number}"
    while True:
        async with tx.begin() as db:
            query = text("SELECT position FROM journal_reader WHERE name = :name FOR UPDATE")
            position = (await db.execute(query, {"name": name})).scalar_one()
            entries = await journal.read(db, after=position - 1, limit=chance.choice((1, 50, 500)))
            if entries:
                await db.execute(
                    text(
                        "INSERT INTO storm_seen SELECT :name, * FROM unnest(cast(:n as bigint[]), cast(:id as uuid[]))"
                    ),
                    {"name": name, "n": [entry.position for entry in entries], "id": [entry.id for entry in entries]},
                )
                await db.execute(
                    text("UPDATE journal_reader SET position = :position WHERE name = :name"),
                    {"position": entries[-1].position + 1, "name": name},
                )
            await asyncio.sleep(chance.uniform(0, 0.01))  # so that a kill may fall between the work and its commit
        await asyncio.sleep(0 if entries else 0.02)


async def note_milestone(means: Means, event: Milestone) -> None:
    async with means.tx.begin() as db:
        await db.execute(
            text("INSERT INTO storm_noted (thing, n) VALUES (:t, :n)"), {"t": event.thing_id, "n": event.n}
        )


REACTION = Reaction("storm.note_milestone", Milestone, note_milestone)


async def be_sequencer(tx: Tx, _number: int, folder: Path, _count: int) -> None:
    """A worker as it is: its sequencer, its feed, and one reaction that both workers would like to run."""
    means = Means(tx, market_keys.for_tests(), Files.at(folder / "objects"))

    async def keep(work: Callable[[], Awaitable[int]], pause: float) -> None:
        while True:
            done = await work()
            await asyncio.sleep(0 if done else pause)

    async with asyncio.TaskGroup() as group:
        group.create_task(keep(lambda: runner.sequence_once(means), 0.01))
        group.create_task(keep(lambda: runner.read_once(means, REACTION), 0.05))
        group.create_task(keep(lambda: tell_on(tx), 0.05))


ROLES = {"writer": be_writer, "sequencer": be_sequencer, "reader": be_reader}


async def be(role: str, number: int, folder: Path, count: int) -> None:
    tx = Tx(make_engine(os.environ[URL], pool_size=TASKS, pool_timeout_s=30, application=f"storm-{role}"))
    try:
        await ROLES[role](tx, number, folder, count)
    finally:
        await tx.dispose()


async def list_things(tx: Tx) -> list[UUID]:
    async with tx.read() as db:
        return list((await db.execute(text("SELECT id FROM storm_thing ORDER BY id"))).scalars())


class Follower:
    """A program of the organisation that follows the change feed; it is torn away and goes on from its cursor."""

    ACTOR = Actor(UUID(int=8), ORG, OrgKind.ENTERPRISE, True, frozenset({Role.ADMINISTRATOR}))

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.seen: list[UUID] = []
        self.restarts = 0
        self.cursor: str | None = None
        self.is_at_end = False

    async def follow(self, tx: Tx) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._chance.uniform(0.05, 0.6)):
                    await self._read_on(tx)
            self.restarts += 1

    async def _read_on(self, tx: Tx) -> None:
        while True:
            page = await hub.list_changes(tx, self.ACTOR, cursor=self.cursor, limit=self._chance.choice((1, 20, 100)))
            # What was read and the cursor are kept together, or neither is.
            self.seen += [item.id for item in page.items]
            self.cursor, self.is_at_end = page.next_cursor, page.is_at_end
            await asyncio.sleep(0.01)


# --- the parent -------------------------------------------------------------------------------------------------------


@dataclass
class Storm:
    """What came of it, counted from the writers' notes and from the tables."""

    acknowledged: list[UUID]
    dropped: list[UUID]
    recorded: list[UUID]
    positioned: list[tuple[int, UUID]]
    waiting: int
    seen: dict[str, list[tuple[int, UUID]]]
    order: dict[UUID, list[int]]
    counters: dict[UUID, int]
    milestones: Counter[tuple[UUID, int]]
    noted: Counter[tuple[UUID, int]]
    transactions: int
    long_transactions: int
    followed: list[list[UUID]]
    back: list[UUID]
    restarts: int
    readers_killed: int
    sequencers_killed: int
    seconds: float


class Children:
    """The processes of the storm; none outlives it."""

    def __init__(self, url: str, folder: Path, seed: int) -> None:
        self._folder = folder
        self._env = {
            **os.environ,
            URL: url,
            "TECHMARKET_STORM_SEED": str(seed),
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        }
        self.running: dict[tuple[str, int], subprocess.Popen[bytes]] = {}

    def start(self, role: str, number: int, count: int = 0) -> None:
        command = [sys.executable, "-m", "tests.fault.journal_storm", role, str(number), str(self._folder), str(count)]
        with (self._folder / f"{role}-{number}.log").open("ab") as log:
            self.running[role, number] = subprocess.Popen(
                command, cwd=ROOT, env=self._env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kill(self, role: str, number: int) -> None:
        child = self.running.pop((role, number))
        child.kill()
        child.wait(timeout=10)

    def writers_are_done(self) -> bool:
        codes = [child.poll() for (role, _), child in self.running.items() if role == "writer"]
        return all(code is not None for code in codes)

    def require_nobody_failed(self) -> None:
        for (role, number), child in self.running.items():
            code = child.poll()
            if code is not None and not (role == "writer" and code == 0):
                said = (self._folder / f"{role}-{number}.log").read_text(errors="replace")[-3000:]
                raise AssertionError(f"{role} {number} ended by itself with {code}:\n{said}")

    @contextlib.contextmanager
    def all_ended(self) -> Iterator[None]:
        try:
            yield
        finally:
            for role, number in list(self.running):
                self.kill(role, number)


async def storm(url: str, folder: Path, *, count: int, seed: int, limit_s: float) -> Storm:
    """Let the storm pass over this database until `count` entries are committed and everyone has read them."""
    tx = Tx(make_engine(url, pool_size=4, application="storm"))
    children = Children(url, folder, seed)
    chance = random.Random(seed)
    started = time.monotonic()
    killed: Counter[str] = Counter()
    followers = [Follower(seed + n) for n in range(READERS)]
    try:
        await prepare(tx)
        with children.all_ended():
            following = [asyncio.create_task(one.follow(tx)) for one in followers]
            for n in range(SEQUENCERS):
                children.start("sequencer", n)
            for n in range(READERS):
                children.start("reader", n)
            for n in range(WRITERS):
                children.start("writer", n, -(-count // WRITERS))
            while not children.writers_are_done():
                await asyncio.sleep(chance.uniform(0.5, 1.5))
                within(started, limit_s, "the writers have not ended")
                children.require_nobody_failed()
                role = "sequencer" if chance.random() < 0.3 else "reader"
                number = chance.randrange(SEQUENCERS if role == "sequencer" else READERS)
                children.kill(role, number)
                killed[role] += 1
                children.start(role, number)
            while not await is_calm(tx):
                await asyncio.sleep(0.1)
                within(started, limit_s, "not everything has been positioned and read")
                children.require_nobody_failed()
            for one in followers:
                one.is_at_end = False
            while not all(one.is_at_end for one in followers):
                await asyncio.sleep(0.1)
                within(started, limit_s, "the followers have not come to the end")
            for task in following:
                task.cancel()
            await asyncio.gather(*following, return_exceptions=True)
        return await count_up(tx, folder, followers, killed, time.monotonic() - started)
    finally:
        await tx.dispose()


def within(started: float, limit_s: float, what: str) -> None:
    if time.monotonic() - started > limit_s:
        raise AssertionError(f"after {limit_s:.0f} s {what}")


async def prepare(tx: Tx) -> None:
    # No table of the storm forbids a second row of the same: a reader that handles an entry twice must be seen.
    statements = (
        "CREATE TABLE storm_thing (id uuid PRIMARY KEY, n bigint NOT NULL) WITH (fillfactor = 50)",
        "CREATE TABLE storm_seen (reader text, n bigint, entry uuid)",
        "CREATE TABLE storm_noted (at bigint GENERATED ALWAYS AS IDENTITY, thing uuid, n bigint)",
    )
    async with tx.begin() as db:
        for statement in statements:
            await db.execute(text(statement))
        await db.execute(
            text("INSERT INTO storm_thing SELECT unnest(cast(:ids as uuid[])), 0"),
            {"ids": [new_id() for _ in range(THINGS)]},
        )
        await db.execute(
            text("INSERT INTO journal_reader SELECT 'storm-' || n, 0 FROM generate_series(0, :last) n"),
            {"last": READERS - 1},
        )


async def is_calm(tx: Tx) -> bool:
    async with tx.read() as db:
        waiting = (await db.execute(text("SELECT count(*) FROM journal_waiting"))).scalar_one()
        head = await journal.head(db)
        # Those that run here; the rooms' other readers have their rows from the start and no process in the storm.
        running = "SELECT position FROM journal_reader WHERE name LIKE 'storm%' OR name = 'hub.feed'"
        cursors = (await db.execute(text(running))).scalars().all()
        return waiting == 0 and len(cursors) == READERS + 2 and all(position == head for position in cursors)


def read_notes(folder: Path) -> list[Written]:
    return [Written(**json.loads(path.read_text())) for path in sorted(folder.glob("writer-*.json"))]


async def read_back(tx: Tx) -> list[UUID]:
    """The whole feed from its end to its beginning."""
    found: list[UUID] = []
    cursor: str | None = None
    while True:
        page = await hub.list_changes(tx, Follower.ACTOR, cursor=cursor, is_backwards=True, limit=1_000)
        found += [item.id for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return found


async def count_up(tx: Tx, folder: Path, followers: list[Follower], killed: Counter[str], seconds: float) -> Storm:
    notes = read_notes(folder)
    back = await read_back(tx)
    async with tx.read() as db:

        async def rows(query: str) -> list[Any]:
            return list((await db.execute(text(query))).all())

        positioned = await rows(
            "SELECT p.n, e.id FROM journal_position p JOIN journal_entry e USING (seq) ORDER BY p.n"
        )
        recorded = await rows("SELECT id, kind, refs, facts FROM journal_entry")
        facts = {row.id: (row.kind, UUID(row.refs[0].removeprefix("thing:")), row.facts["n"]) for row in recorded}
        order: dict[UUID, list[int]] = defaultdict(list)
        for _, entry in positioned:
            _, thing, n = facts[entry]
            order[thing].append(n)
        seen: dict[str, list[tuple[int, UUID]]] = defaultdict(list)
        for row in await rows("SELECT reader, n, entry FROM storm_seen ORDER BY reader, n"):
            seen[row.reader].append((row.n, row.entry))
        return Storm(
            acknowledged=[UUID(entry) for note in notes for entry in note.committed],
            dropped=[UUID(entry) for note in notes for entry in note.dropped],
            recorded=[row.id for row in recorded],
            positioned=[(n, entry) for n, entry in positioned],
            waiting=(await rows("SELECT count(*) FROM journal_waiting"))[0][0],
            seen=dict(seen),
            order=dict(order),
            counters={row.id: row.n for row in await rows("SELECT id, n FROM storm_thing")},
            milestones=Counter((thing, n) for kind, thing, n in facts.values() if kind == Milestone.kind),
            noted=Counter((row.thing, row.n) for row in await rows("SELECT thing, n FROM storm_noted")),
            transactions=sum(note.transactions for note in notes),
            long_transactions=sum(note.long for note in notes),
            followed=[one.seen for one in followers],
            back=back,
            restarts=sum(one.restarts for one in followers),
            readers_killed=killed["reader"],
            sequencers_killed=killed["sequencer"],
            seconds=seconds,
        )


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    asyncio.run(be(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))

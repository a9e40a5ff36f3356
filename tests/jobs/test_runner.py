"""The runner: each entry is handled at least once and in order, whoever dies; what the clock starts does start."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from techmarket.db import jobs as declared
from techmarket.db import journal
from techmarket.db.jobs import Follower, Periodic, Reaction
from techmarket.jobs import runner
from techmarket.kernel.events import Event


@dataclass(frozen=True)
class Rang(Event):
    kind: ClassVar[str] = "test.rang"
    bell_id: UUID
    n: int


@pytest.fixture
def only_ours(monkeypatch):
    monkeypatch.setattr(declared, "PERIODIC", {})
    monkeypatch.setattr(declared, "REACTIONS", {})
    monkeypatch.setattr(declared, "FOLLOWERS", {})
    monkeypatch.setattr(runner, "PERIODIC", {})
    monkeypatch.setattr(runner, "REACTIONS", {})
    monkeypatch.setattr(runner, "FOLLOWERS", {})
    monkeypatch.setattr(runner, "load_jobs", lambda: None)


async def ring(tx, count: int) -> None:
    for n in range(count):
        async with tx.begin() as db:
            journal.record(db, Rang(uuid4(), n), actor=None)


async def test_two_workers_handle_every_entry_once_and_in_order(means, tx, only_ours):
    heard: list[int] = []

    async def hear(_means, event: Rang) -> None:
        heard.append(event.n)

    runner.REACTIONS["test.hear"] = Reaction("test.hear", Rang, hear)
    runner.PERIODIC["test.tick"] = Periodic("test.tick", timedelta(seconds=1), lambda _means: asyncio.sleep(0))
    stop = asyncio.Event()
    workers = [asyncio.create_task(runner.run_jobs(means, stop)) for _ in range(2)]
    await ring(tx, 30)
    for _ in range(100):
        if len(heard) == 30:
            break
        await asyncio.sleep(0.05)
    stop.set()
    await asyncio.wait_for(asyncio.gather(*workers), 10)
    assert heard == list(range(30))


async def test_who_follows_the_journal_hears_of_new_entries_without_looking_also_after_a_lost_connection(
    means, tx, only_ours, monkeypatch
):
    for name in ("READER_SECONDS", "FOLLOWER_SECONDS", "BACK_OFF_SECONDS"):
        monkeypatch.setattr(runner, name, 3_600.0)  # nobody looks by himself before the test is over
    monkeypatch.setattr(runner, "LISTEN_AGAIN_SECONDS", 0.01)
    heard: list[int] = []
    looked_up_to: list[int] = []
    news = asyncio.Event()

    async def hear(_means, event: Rang) -> None:
        heard.append(event.n)
        news.set()

    async def follow(_means) -> int:
        async with tx.read() as db:
            looked_up_to.append(await journal.head(db))
        news.set()
        return 0

    async def until(holds) -> None:
        async with asyncio.timeout(20):
            while not holds():
                news.clear()
                await news.wait()

    runner.REACTIONS["test.hear"] = Reaction("test.hear", Rang, hear)
    runner.FOLLOWERS["test.follow"] = Follower("test.follow", follow)
    async with runner.running(means):
        await until(lambda: len(looked_up_to) >= 2)  # once by itself, once when it could hear
        for wanted in (2, 4):
            await ring(tx, 2)
            await until(lambda: len(heard) == wanted and looked_up_to[-1] == wanted)  # noqa: B023
            turns = len(looked_up_to)
            async with tx.begin() as db:
                await db.execute(
                    text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = :name"),
                    {"name": runner.NEWS},
                )
            await until(lambda: len(looked_up_to) > turns)  # noqa: B023  # it listens again
    assert heard == [0, 1, 0, 1]


async def test_a_failing_entry_holds_its_reaction_until_it_succeeds(means, tx, only_ours):
    heard: list[int] = []
    broken = True

    async def hear(_means, event: Rang) -> None:
        if event.n == 1 and broken:
            raise RuntimeError("not yet")
        heard.append(event.n)

    reaction = Reaction("test.hear", Rang, hear)
    await ring(tx, 3)
    await runner.sequence_once(means)
    assert await runner.read_once(means, reaction) == 1
    assert await runner.read_once(means, reaction) == 0
    broken = False
    assert await runner.read_once(means, reaction) == 2
    assert heard == [0, 1, 2]


async def test_a_slow_reaction_keeps_what_it_has_done_and_goes_on_in_the_next_turn(tx, means, only_ours, monkeypatch):
    heard: list[int] = []

    async def hear(_means, event: Rang) -> None:
        heard.append(event.n)

    reaction = Reaction("test.hear", Rang, hear)
    await ring(tx, 3)
    await runner.sequence_once(means)
    monkeypatch.setattr(runner, "READER_TURN_SECONDS", 0.0)
    assert [await runner.read_once(means, reaction) for _ in range(4)] == [1, 1, 1, 0]
    assert heard == [0, 1, 2]


@dataclass(frozen=True)
class Knocked(Event):
    kind: ClassVar[str] = "test.knocked"
    thing_id: UUID


async def test_who_waits_for_another_kind_is_taken_past_new_entries_together_and_not_given_a_turn(
    means, tx, only_ours, monkeypatch
):
    heard: list[int] = []
    turns: list[str] = []
    read_once = runner.read_once

    async def hear(_means, event: Rang) -> None:
        heard.append(event.n)

    async def counted(given, reaction: Reaction) -> int:
        turns.append(reaction.name)
        return await read_once(given, reaction)

    monkeypatch.setattr(runner, "read_once", counted)
    for name in ("test.hear", "test.door", "test.held", "test.new"):
        event, handle = (Rang, hear) if name == "test.hear" else (Knocked, hear)
        runner.REACTIONS[name] = Reaction(name, event, handle)

    async def places() -> dict[str, int]:
        async with tx.read() as db:
            rows = await db.execute(text("SELECT name, position FROM journal_reader WHERE name LIKE 'test.%'"))
            return {row.name: row.position for row in rows}

    await ring(tx, 1)
    await runner.sequence_once(means)
    assert await runner.read_all(means) == 1  # nobody has a place yet: each finds his own
    assert sorted(turns) == ["test.door", "test.hear", "test.held", "test.new"]
    async with tx.begin() as db:
        await db.execute(text("DELETE FROM journal_reader WHERE name = 'test.new'"))
        (head,) = set((await places()).values())
    turns.clear()
    await ring(tx, 3)
    await runner.sequence_once(means)
    async with tx.begin() as db:  # another worker has a turn of this one
        await db.execute(text("SELECT 1 FROM journal_reader WHERE name = 'test.held' FOR UPDATE"))
        assert await runner.read_all(means) == 3
        assert turns == ["test.hear", "test.new"]
        assert await places() == {"test.hear": head + 3, "test.door": head + 3, "test.held": head, "test.new": head + 3}
    assert heard == [0, 0, 1, 2]
    monkeypatch.setattr(runner, "PASSED_BY_MAX", 2)
    turns.clear()
    assert await runner.read_all(means) == 0
    assert (turns, set((await places()).values())) == (["test.held"], {head + 3})  # far behind: on his own


async def test_a_job_of_the_clock_is_started_every_second_or_so(means, only_ours):
    runs: list[float] = []

    async def tick(_means) -> None:
        runs.append(asyncio.get_running_loop().time())

    runner.PERIODIC["test.tick"] = Periodic("test.tick", timedelta(seconds=1), tick)
    async with runner.running(means):
        for _ in range(100):
            if len(runs) >= 2:
                break
            await asyncio.sleep(0.1)
    assert len(runs) >= 2


@pytest.mark.parametrize(
    ("every", "expression"),
    [
        (timedelta(seconds=1), "* * * * * *"),
        (timedelta(seconds=5), "* * * * * */5"),
        (timedelta(minutes=1), "* * * * *"),
        (timedelta(minutes=10), "*/10 * * * *"),
    ],
)
def test_an_interval_is_written_as_a_cron_expression(every, expression):
    assert runner.expression_of(every) == expression


@pytest.mark.parametrize("every", [timedelta(0), timedelta(milliseconds=500), timedelta(seconds=90)])
def test_an_interval_cron_cannot_say_is_refused(every):
    with pytest.raises(ValueError, match="whole second"):
        runner.expression_of(every)


async def test_answers_kept_for_retries_go_after_a_day_and_not_before(means, tx):
    async with tx.begin() as db:
        for name, age in (("old", 25), ("young", 23)):
            await db.execute(
                text(
                    "INSERT INTO idempotency_key (principal, key_hash, fingerprint, at)"
                    " VALUES (:name, 'k', 'f', clock_timestamp() - make_interval(hours => :age))"
                ),
                {"name": name, "age": age},
            )
    await runner.run_due(means, "jobs.forget_old_answers")
    async with tx.read() as db:
        assert (await db.execute(text("SELECT principal FROM idempotency_key"))).scalars().all() == ["young"]

"""When a watcher promotes, and when it leaves that to a person; and how an address of two hosts is read."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InternalError

from techmarket.db import hosts
from techmarket.db.failover import Judge, Seen, Watcher, is_waited_for, name_of, names_alone, names_one
from techmarket.db.hosts import NotTheOne
from techmarket.db.session import make_engine

WELL = Seen(primary_lives=True, is_waited_for=True, standby_lives=True, standby_hears=True)
GONE = Seen(primary_lives=False, is_waited_for=False, standby_lives=True, standby_hears=False)


def judged(*looks: tuple[Seen, float], force: bool = False) -> list[bool]:
    judge = Judge(5.0, force=force)
    return [judge.look(seen, at)[0] for seen, at in looks]


def test_a_standby_that_was_waited_for_is_promoted_once_the_primary_was_silent_long_enough() -> None:
    assert judged((WELL, 0), (GONE, 1), (GONE, 5.9), (GONE, 6)) == [False, False, False, True]


def test_a_primary_that_answers_in_between_is_given_its_whole_time_again() -> None:
    assert judged((WELL, 0), (GONE, 1), (WELL, 4), (GONE, 5), (GONE, 9), (GONE, 10)) == [False] * 5 + [True]


@pytest.mark.parametrize(
    "before, then",
    [
        (replace(WELL, is_waited_for=False), GONE),
        (WELL, replace(GONE, standby_hears=True)),
        (WELL, replace(GONE, standby_lives=False)),
    ],
)
def test_a_standby_that_may_lack_commits_or_hears_the_primary_or_is_gone_is_not_promoted(
    before: Seen, then: Seen
) -> None:
    assert judged((before, 0), (then, 1), (then, 100)) == [False] * 3


def test_a_watcher_that_never_saw_the_primary_leaves_the_decision_to_a_person() -> None:
    assert judged((GONE, 0), (GONE, 100)) == [False, False]
    assert judged((GONE, 0), (GONE, 100), force=True) == [False, True]


def test_only_the_standby_that_is_watched_counts_and_only_when_each_commit_waits_for_it_alone() -> None:
    assert is_waited_for("standby", [("other", False), ("standby", True)])
    for followers in (
        [("other", True), ("standby", False)],  # the other has what was acknowledged
        [("other", True)],
        [("standby", True), ("standby", False)],  # which of them is ours, nobody can tell
        [],
    ):
        assert not is_waited_for("standby", followers)


@pytest.mark.parametrize(
    "conninfo, name",
    [
        ("user=a application_name=standby fallback_application_name=other sslmode=prefer", "standby"),
        ("user=a fallback_application_name=other sslmode=prefer", "cluster"),
        (r"host=a application_name='it\'s one'", "it's one"),
        ("postgresql://a@b/c?application_name=standby&sslmode=prefer", "standby"),
    ],
)
def test_a_standby_is_known_by_the_name_it_gives_its_primary(conninfo: str, name: str) -> None:
    assert (name_of(conninfo, "cluster"), name_of("", "")) == (name, "walreceiver")


def test_a_promoted_server_that_waits_for_itself_is_told_from_one_that_has_a_standby_of_its_own() -> None:
    assert [names_one(names, "one") for names in ("one", 'FIRST 1 (two, "One")', "ANY 1 (*)", "*")] == [True] * 4
    assert [names_one(names, "one") for names in ("", "two", "FIRST 1 (two, onetwo)")] == [False] * 3


def test_a_setting_that_names_others_too_says_nothing_about_whose_it_was() -> None:
    assert [names_alone(names, "one") for names in ("one", 'ANY 1 ("One")')] == [True] * 2
    assert [names_alone(names, "one") for names in ("", "*", "ANY 1 (*)", "FIRST 1 (one, two)")] == [False] * 4


class Primary:
    """What a server says that follows nobody, and what it is told."""

    def __init__(self, names: str, *, has_standby: bool = False) -> None:
        self.names, self.has_standby = names, has_standby
        self.told: list[str] = []

    async def fetchrow(self, question: str) -> object:
        return ("", "one", self.names) if "cluster_name" in question else {"system_identifier": 7, "timeline": 2}

    async def fetchval(self, _question: str) -> bool:
        return self.has_standby

    async def execute(self, statement: str) -> None:
        self.told.append(statement)

    async def close(self, timeout: float) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    ("names", "force", "settles", "stops_waiting"),
    [
        ("one", False, True, True),  # a base of the former primary, promoted: it would wait for itself
        ("ANY 1 (one, two)", False, False, False),  # perhaps the primary, whose standby is away
        ("*", False, False, False),
        ("ANY 1 (one, two)", True, True, True),
        ("two", False, True, False),
    ],
)
async def test_a_primary_whose_standby_may_only_be_away_goes_on_waiting_for_it(
    monkeypatch: pytest.MonkeyPatch, names: str, force: bool, settles: bool, stops_waiting: bool
) -> None:
    server = Primary(names)

    async def connect(_url: str, timeout: float) -> Primary:
        return server

    monkeypatch.setattr("techmarket.db.failover.asyncpg.connect", connect)
    said: list[str] = []
    watcher = Watcher("postgresql://p/x", "postgresql://s/x", force=force, say=said.append)
    assert await watcher._settle() is settles
    assert bool(server.told) is stops_waiting
    assert ["exchange them" in one for one in said] == ([] if settles else [True])


async def test_a_silent_first_host_holds_nobody_up(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "HOST_SECONDS", 0.2)

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    here = make_url(database_url)
    query = {"host": (f"127.0.0.1:{port}", f"127.0.0.1:{here.port}"), "target_session_attrs": "read-write"}
    url = here.set(host=None, port=None, query=query).render_as_string(hide_password=False)
    engine = make_engine(url, pool_size=1)
    try:
        for _ in range(2):  # found once, it is asked first
            began = time.monotonic()
            async with engine.connect() as connection:
                assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
                await connection.invalidate()
            took = time.monotonic() - began
        assert took < 5
    finally:
        await engine.dispose()
        silent.close()
        await silent.wait_closed()


async def test_of_two_that_answer_the_one_that_fits_is_taken(database_url: str) -> None:
    here = make_url(database_url)
    told = {"user": here.username, "password": here.password, "database": here.database, "target_session_attrs": "any"}
    calls: list[str] = []

    async def connect(*, host: str, **more: object) -> str:
        calls.append(host)
        if host == "fenced":
            raise NotTheOne("None of the hosts match the target attribute requirement")
        return host

    one = hosts.Hosts(connect=connect)
    assert [await one.connect(host=["fenced", "right"], port=[1, 2], **told) for _ in range(2)] == ["right"] * 2
    assert calls == ["fenced", "right", "right"], "the one that was right last is asked first"


async def test_when_no_host_fits_the_last_reason_is_told(database_url: str) -> None:
    here = make_url(database_url)
    query = {"host": (f"127.0.0.1:{here.port}",) * 2, "target_session_attrs": "standby"}
    engine = make_engine(here.set(host=None, port=None, query=query).render_as_string(hide_password=False))
    with pytest.raises(InternalError, match="None of the hosts match"):
        async with engine.connect():
            pass
    await engine.dispose()

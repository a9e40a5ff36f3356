"""The journal: what is recorded is positioned once, in order, with no gap, whatever happens around it."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from techmarket.db import journal
from techmarket.kernel.canonical import NotCanonical, canonical_json
from techmarket.kernel.events import Event
from tests.identity.make import an_organisation


@dataclass(frozen=True)
class SomethingHappened(Event):
    kind: ClassVar[str] = "test.something_happened"
    thing_id: UUID
    n: int


async def record(tx, n: int, thing: UUID | None = None) -> UUID:
    async with tx.begin() as db:
        return journal.record(db, SomethingHappened(thing or uuid4(), n), actor=None)


async def sequence(tx) -> int:
    async with tx.begin() as db:
        return await journal.sequence(db)


async def test_positions_are_dense_from_zero_and_give_back_the_event(tx):
    thing = uuid4()
    for n in range(5):
        await record(tx, n, thing)
    assert await sequence(tx) == 5
    async with tx.read() as db:
        entries = await journal.read(db)
    assert [e.position for e in entries] == [0, 1, 2, 3, 4]
    assert [journal.load(e, SomethingHappened) for e in entries] == [SomethingHappened(thing, n) for n in range(5)]


async def test_a_rolled_back_use_case_leaves_no_entry_and_no_gap(tx):
    await record(tx, 1)

    async def fail() -> None:
        async with tx.begin() as db:
            journal.record(db, SomethingHappened(uuid4(), 2), actor=None)
            await db.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    await record(tx, 3)
    await sequence(tx)
    async with tx.read() as db:
        assert [(e.position, e.facts["n"]) for e in await journal.read(db)] == [(0, 1), (1, 3)]


async def test_an_entry_of_a_long_transaction_gets_a_later_position_and_none_is_lost(tx):
    slow = tx.begin()
    db = await slow.__aenter__()
    journal.record(db, SomethingHappened(uuid4(), 1), actor=None)
    await db.flush()
    await record(tx, 2)
    assert await sequence(tx) == 1
    await slow.__aexit__(None, None, None)
    assert await sequence(tx) == 1
    async with tx.read() as db:
        assert [(e.position, e.facts["n"]) for e in await journal.read(db)] == [(0, 2), (1, 1)]


async def test_a_fact_without_canonical_bytes_fails_its_own_act_and_never_the_log(tx):
    await record(tx, 1)
    for n in (2**53, -(2**53)):
        with pytest.raises(NotCanonical):
            await record(tx, n)
    await record(tx, 2**53 - 1)
    assert await sequence(tx) == 2


async def test_two_sequencers_at_once_give_no_position_twice(tx):
    await asyncio.gather(*[record(tx, n) for n in range(40)])
    counts = await asyncio.gather(*[sequence(tx) for _ in range(6)])
    assert sum(counts) == 40
    async with tx.read() as db:
        assert [e.position for e in await journal.read(db)] == list(range(40))


async def test_order_per_object_is_the_order_of_its_changes(tx):
    thing = uuid4()
    async with tx.begin() as db:
        await db.execute(text("INSERT INTO journal_reader VALUES ('row', 0)"))

    async def change() -> None:
        async with tx.begin() as db:
            query = text("SELECT position FROM journal_reader WHERE name = 'row' FOR UPDATE")
            n = (await db.execute(query)).scalar_one()
            await db.execute(text("UPDATE journal_reader SET position = position + 1 WHERE name = 'row'"))
            journal.record(db, SomethingHappened(thing, n), actor=None)

    sequencing = True

    async def keep_sequencing() -> None:
        while sequencing:
            await sequence(tx)
            await asyncio.sleep(0.001)

    keeper = asyncio.create_task(keep_sequencing())
    await asyncio.gather(*[change() for _ in range(60)])
    sequencing = False
    await keeper
    await sequence(tx)
    async with tx.read() as db:
        assert [e.facts["n"] for e in await journal.read(db)] == list(range(60))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_entry SET kind = 'x'",
        "DELETE FROM journal_entry",
        "TRUNCATE journal_entry CASCADE",
        "UPDATE journal_position SET n = n + 1",
        "DELETE FROM journal_position",
        "UPDATE text SET body = ''",
    ],
)
async def test_a_written_line_is_never_changed_or_removed(tx, statement):
    await record(tx, 1)
    await sequence(tx)
    with pytest.raises(DBAPIError, match="never changed"):
        async with tx.begin() as db:
            await db.execute(text(statement))
    async with tx.read() as db:
        assert [e.facts["n"] for e in await journal.read(db)] == [1]


async def test_an_entry_written_past_the_application_is_sequenced_all_the_same(tx):
    async with tx.begin() as db:
        await db.execute(
            text(
                "INSERT INTO journal_entry (id, kind, refs, facts, salt)"
                " VALUES (gen_random_uuid(), 'x', '[]', '{}', 'abc')"
            )
        )
    assert await sequence(tx) == 1


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(facts=st.dictionaries(st.text(max_size=4), json_values, max_size=4))
@example(facts={"n": 10**15, "m": 2**53 - 1, "t": ':1.5,1e5 \x7f\x1f"\\/'})
@example(facts={"z": -(2**53) + 1, "f": 1.0, "g": 1e22, "\ue000": 1, "\U0001f600": 2})
@settings(max_examples=300, deadline=None)
def test_the_bytes_of_an_entry_are_canonical_whichever_way_they_are_spelled(facts):
    thing, at = UUID(int=7), datetime(2026, 3, 2, 2, 0, 0, 5, tzinfo=UTC)
    row = journal.canonical_row(id=thing, at=at, actor=None, org=thing, kind="k", refs=["thing:x"], facts=facts)
    assert row == canonical_json(
        {
            "actor": None,
            "at": "2026-03-02T02:00:00.000005+00:00",
            "facts": facts,
            "id": str(thing),
            "kind": "k",
            "org": str(thing),
            "refs": ["thing:x"],
        }
    )


def test_a_row_names_the_person_by_a_code_of_its_own_that_a_salt_opens():
    person, at = UUID(int=9), datetime(2026, 3, 2, tzinfo=UTC)
    same = {"id": UUID(int=7), "at": at, "actor": person, "org": None, "kind": "k", "refs": [], "facts": {}}
    rows = [journal.canonical_row(**same, actor_salt=salt) for salt in (b"a" * 16, b"b" * 16)]
    codes = [json.loads(row)["actor"] for row in rows]
    assert codes == [hashlib.sha256(salt + person.bytes).hexdigest() for salt in (b"a" * 16, b"b" * 16)]
    assert not any(str(person) in row.decode() for row in rows)
    # What was written before rows had such a salt keeps its bytes, and its leaf.
    assert json.loads(journal.canonical_row(**same))["actor"] == str(person)


async def test_every_entry_of_a_person_gets_a_salt_of_its_own_and_one_of_the_clock_none(tx):
    actor = (await an_organisation(tx)).actor
    async with tx.begin() as db:
        for by in (actor, actor, None):
            journal.record(db, SomethingHappened(UUID(int=1), 1), actor=by)
    async with tx.read() as db:
        query = "SELECT actor, octet_length(actor_salt), actor_salt FROM journal_entry WHERE kind = :k ORDER BY seq"
        one, two, clock = (await db.execute(text(query), {"k": SomethingHappened.kind})).all()
    assert [row[:2] for row in (one, two, clock)] == [(actor.person, 32), (actor.person, 32), (None, None)]
    assert one[2] != two[2]


@pytest.mark.parametrize("odd", [2**53, -(2**53), 10**40, float("nan"), float("inf"), float("-inf"), "\ud800"])
def test_an_entry_that_readers_would_round_has_no_bytes(odd):
    with pytest.raises(NotCanonical):
        journal.canonical_row(
            id=UUID(int=7), at=datetime.now(UTC), actor=None, org=None, kind="k", refs=[], facts={"n": [odd]}
        )

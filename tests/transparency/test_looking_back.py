"""Looking back finds by its indexes exactly what a look at every entry finds, whatever the clocks said meanwhile."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import event, text

from techmarket.db.session import fetched
from techmarket.jobs import runner
from techmarket.transparency import repository_audit, service
from techmarket.transparency.repository_audit import search
from techmarket.transparency.views import AuditQuery
from tests.transparency.make import seal

BEGAN = datetime(2026, 3, 2, tzinfo=UTC)
MINUTES = [0, 1, 2, 9, 3, 4, 5, 6, -5, -4, 7, 8, 60, 61, 2, 62, 63, 64, 64, 64, 65, 3, 66]
"""A clock that ran ahead and was set back, entries that were long in writing, some at one time."""
ORG, PERSON, ELEVATION = (UUID(int=n) for n in (1, 2, 3))
WRITTEN = """
INSERT INTO journal_entry (id, at, actor, org, kind, refs, facts, salt, standing)
SELECT uuidv7(), at, :person, :org, 'test.kind_' || n % 3, jsonb_build_array('thing:' || n), '{}', '\\x00',
       CASE WHEN n % 4 = 0 THEN '{"elevation":"' || :elevation || '"}' ELSE '{"credential":"x"}' END
  FROM unnest(CAST(:ats AS timestamptz[])) WITH ORDINALITY AS t (at, n)
"""


async def written(means, minutes=MINUTES):
    async with means.tx.begin() as db:
        ats = [BEGAN + timedelta(minutes=one) for one in minutes]
        values = {"ats": ats, "person": PERSON, "org": ORG, "elevation": str(ELEVATION)}
        await db.execute(text(WRITTEN), values)
    await seal(means)


async def found(means, **asked):
    async with means.tx.read() as db:
        query = AuditQuery(**asked)
        rows = await search(db, query, is_whole=True, before=None, limit=100)
        assert await repository_audit.count(db, query, is_whole=True, most=100) == len(rows)
    assert [one.n for one in rows] == sorted((one.n for one in rows), reverse=True)
    return [int(one.refs[0].partition(":")[2]) for one in rows]


@pytest.mark.parametrize("span", [2, 512])
async def test_what_was_written_in_a_time_is_found_whole_though_clocks_were_set_and_spans_are_behind(
    means, monkeypatch, span
):
    monkeypatch.setattr(repository_audit, "SPAN", span)
    await written(means)
    while await service.note_spans(means.tx):
        pass
    async with means.tx.read() as db:
        assert (await db.execute(text("SELECT count(*) FROM journal_span"))).scalar_one() == len(MINUTES) // span
    for since, until in itertools.product([None, -4, 3, 61, 67], [None, -6, 2, 9, 64]):
        asked = {
            name: BEGAN + timedelta(minutes=edge)
            for name, edge in (("since", since), ("until", until))
            if edge is not None
        }
        right = [
            n
            for n, minute in reversed(list(enumerate(MINUTES, 1)))
            if (since is None or minute >= since) and (until is None or minute < until)
        ]
        assert await found(means, **asked) == right, asked
        if since is not None and until is not None and since > 3:
            continue
        of_kind = [n for n in right if n % 3 != 2]
        assert await found(means, kinds=("test.kind_1", "test.kind_0", "test.kind_1"), **asked) == of_kind, asked
        assert await found(means, organisation_id=ORG, **asked) == right, asked


async def test_an_entry_without_a_position_is_not_found_yet(means):
    await written(means, [0, 1])
    async with means.tx.begin() as db:
        values = {"ats": [BEGAN], "person": PERSON, "org": ORG, "elevation": str(ELEVATION)}
        await db.execute(text(WRITTEN), values)
    for asked in ({}, {"kinds": ("test.kind_1",)}, {"person_id": PERSON}, {"organisation_id": ORG}):
        assert len(await found(means, **asked)) == (1 if "kinds" in asked else 2)
    while await runner.sequence_once(means):
        pass
    assert len(await found(means)) == 3


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({"kinds": ("test.kind_1", "test.kind_2")}, "ix_journal_entry_newest_of_kind"),
        ({"person_id": PERSON}, "ix_journal_entry_newest_of_actor"),
        ({"organisation_id": ORG}, "ix_journal_entry_newest_of_org"),
        ({"organisation_id": ORG, "since": BEGAN, "until": BEGAN}, "ix_journal_entry_newest_of_org"),
        ({"elevation_id": ELEVATION}, "ix_journal_entry_newest_of_elevation"),
    ],
)
async def test_what_may_be_rare_is_found_by_an_index_of_that_and_never_backwards_through_the_journal(
    means, asked, index
):
    """By plan: where nothing may be put in order, only the index that has the order is left."""
    await written(means)
    sent = []
    engine = means.tx.engine.sync_engine
    note = lambda _c, _cur, statement, values, _ctx, _many: sent.append((statement, values))  # noqa: E731
    event.listen(engine, "before_cursor_execute", note)
    try:
        await found(means, **asked)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    statement, values = next(one for one in sent if "p.n, found.id" in one[0])
    async with means.tx.engine.connect() as connection:
        for way in ("seqscan", "bitmapscan", "sort"):
            await connection.execute(text(f"SET enable_{way} = off"))
        plan = str(await fetched(connection, f"EXPLAIN {statement}", *values))
    assert index in plan
    assert "Backward using pk_journal_entry" not in plan

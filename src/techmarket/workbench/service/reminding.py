"""Deadlines that come up: whoever has to do something by then is reminded, once for each deadline."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.steps import MemberFacts
from techmarket.identity.work import Work
from techmarket.kernel.periods import end_of_day, shanghai_day
from techmarket.workbench import repository
from techmarket.workbench import repository_notes as notes
from techmarket.workbench.events import DeadlineNear
from techmarket.workbench.gathering import all_work
from techmarket.workbench.repository import Candidate, Reader, Row
from techmarket.workbench.rules import remind_until
from techmarket.workbench.service.queueing import work_for
from techmarket.workbench.service.telling import Note, write
from techmarket.workbench.telling import DEADLINE

BATCH = 200
LATEST = timedelta(minutes=1)
"""What is due within a minute is not worth a reminder any more."""


async def remind(tx: Tx) -> int:
    """Remind of what is due by tomorrow night; returns how many deadlines were told.

    Who is reminded is asked of the work queue itself, for each of those who may have to do it: nobody is reminded of
    what he could not do.
    """
    async with tx.begin() as db:
        now = await clock.market_now(db)
        kinds = [one for one in all_work().values() if one.has_deadline]
        due = await repository.list_candidates(db, kinds, since=now + LATEST, until=remind_until(now), limit=BATCH)
        fresh = await notes.put_reminders(db, {one.once for one in due})
        told = [one for one in due if one.once in fresh]
        for one in told:
            # What is one person's own, such as a seat on a panel, is nobody else's in his organisation.
            if one.org_id is not None and one.person_id is None:
                event = DeadlineNear(one.org_id, one.kind, one.object or one.kind, one.due)
                journal.record(db, event, actor=None)
        await _tell(db, told, now)
        return len(fresh)


async def _tell(db: AsyncSession, told: list[Candidate], now: datetime) -> None:
    if not told:
        return
    wanted = {one.once for one in told}
    kinds = {one.kind for one in told}
    # Whole days: a deadline is known by its day, and the moment of one that counts by another clock moves a little.
    days = sorted(shanghai_day(one.due) for one in told)
    since, until = end_of_day(days[0] - timedelta(days=1)), end_of_day(days[-1])
    found: list[Note] = []
    for member in await _who_may(db, told):
        actor = Actor(member.person_id, member.org_id, member.org_kind, member.org_verified, member.roles)
        mine = [one for one in work_for(actor) if one.kind in kinds]
        reader = await repository.reader_of(db, actor)
        async for row in _due(db, reader, mine, since, until):
            once = repository.once_of(row.kind, row.id, row.n, row.due)
            if once in wanted and row.due is not None:
                thing = repository.object_of(all_work()[row.kind], row.id)
                found.append(
                    Note(member.person_id, member.org_id, once, DEADLINE, thing, now, due=row.due, work=row.kind)
                )
    await write(db, found)


async def _due(
    db: AsyncSession, reader: Reader, kinds: list[Work], since: datetime, until: datetime
) -> AsyncIterator[Row]:
    """All that one person has to do in a span of time, however much of it is overdue."""
    after = None
    while True:
        rows = await repository.list_work(db, reader, kinds, due_from=since, due_before=until, after=after, limit=BATCH)
        for row in rows:
            yield row
        if len(rows) < BATCH:
            return
        after = rows[-1].place


async def _who_may(db: AsyncSession, told: list[Candidate]) -> list[MemberFacts]:
    """Everybody whom one of these may concern: the people of the organisations, or the market's staff."""
    orgs = {one.org_id for one in told if one.org_id is not None}
    people = {one.person_id for one in told if one.org_id is None and one.person_id is not None}
    members = await identity.members_of(db, orgs)
    members += await identity.memberships_of(db, people)
    if any(one.org_id is None and one.person_id is None for one in told):
        roles = {role for one in told if one.org_id is None for role in all_work()[one.kind].permission.roles}
        members += await identity.staff_with(db, roles)
    return list(dict.fromkeys(members))

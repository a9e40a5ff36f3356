"""The work queue (待办): what is due for one person, by when and by which operation, as the rooms stand now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from techmarket.db import clock
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.identity.work import Work
from techmarket.kernel.paging import decode_cursor, encode_cursor
from techmarket.workbench import errors, policy, repository
from techmarket.workbench.gathering import all_work
from techmarket.workbench.repository import Row
from techmarket.workbench.rules import urgency
from techmarket.workbench.views import WorkCountsView, WorkCountView, WorkPageView, WorkView


async def list_work(
    tx: Tx,
    actor: Actor,
    *,
    kinds: Sequence[str] = (),
    object_id: UUID | None = None,
    due_before: datetime | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> WorkPageView:
    """What waits for the reader in the organisation he acts for, the most urgent first.

    Nothing here is stored: what was done meanwhile is gone at the next look, whoever did it.
    """
    require(actor, policy.SEE_WORK)
    wanted = work_for(actor, kinds)
    after = None if cursor is None else decode_cursor(cursor, datetime, datetime, str, UUID, str)
    async with tx.read() as db:
        reader = await repository.reader_of(db, actor)
        now = await clock.market_now(db)
        rows = await repository.list_work(
            db, reader, wanted, object_id=object_id, due_before=due_before, after=after, limit=limit + 1
        )
    items = tuple(_view(row, actor, now) for row in rows[:limit])
    return WorkPageView(items, _cursor(rows[limit - 1]) if len(rows) > limit else None, now)


async def count_work(tx: Tx, actor: Actor) -> WorkCountsView:
    """How much of each kind waits for the reader."""
    require(actor, policy.SEE_WORK)
    async with tx.read() as db:
        reader = await repository.reader_of(db, actor)
        now = await clock.market_now(db)
        found = await repository.count_work(db, reader, work_for(actor), now)
    known = all_work()
    kinds = tuple(
        WorkCountView(kind, known[kind].zh, known[kind].en, number, late, next_due)
        for kind, number, late, next_due in found
    )
    return WorkCountsView(kinds, sum(one.count for one in kinds), sum(one.overdue for one in kinds), now)


def work_for(actor: Actor, kinds: Sequence[str] = ()) -> list[Work]:
    """The kinds of work that this actor's operations would let him do; of these only the ones asked for."""
    known = all_work()
    for kind in kinds:
        if kind not in known:
            raise errors.UnknownWorkKind(name=kind, pointer="/query/kind")
    return [one for name, one in sorted(known.items()) if (not kinds or name in kinds) and one.is_for(actor)]


def _cursor(row: Row) -> str:
    due, since, kind, id, n = row.place
    return encode_cursor(due.isoformat(), since.isoformat(), kind, str(id), n)


def _view(row: Row, actor: Actor, now: datetime) -> WorkView:
    work = all_work()[row.kind]
    method, path = work.call.split(" ")
    return WorkView(
        work.kind,
        work.zh,
        work.en,
        repository.object_of(work, row.id),
        actor.org,
        row.since,
        row.due,
        urgency(row.due, now),
        work.operation,
        method,
        path.replace("{id}", str(row.id)).replace("{n}", row.n or ""),
        work.needs(actor),
    )

"""What organisations owe, and the release of what they paid."""

from __future__ import annotations

from uuid import UUID

from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound
from techmarket.settlement import policy, repository, steps
from techmarket.settlement.events import (
    DueOverdue,
)
from techmarket.settlement.lifecycle import DUE, DueState
from techmarket.settlement.rules import Act
from techmarket.settlement.service.acting import ask_second
from techmarket.settlement.service.showing import due_view
from techmarket.settlement.views import DueView, MoneyActView


async def list_dues(
    tx: Tx, actor: Actor, *, state: DueState | None, subject: Ref | None, cursor: str | None, limit: int
) -> Page[DueView]:
    """What my organisation owes or is owed, the newest first; the market sees all."""
    require(actor, policy.SEE_DUES, parties=[actor.org_id])
    async with tx.read() as db:
        rows = await repository.list_dues(
            db,
            org_id=None if actor.is_market else actor.org,
            state=state,
            subject=str(subject) if subject else None,
            after=last_id(cursor),
            limit=limit + 1,
        )
        return page_of(rows, limit, lambda row: (str(row.id),)).map(lambda row: due_view(row, actor))


async def get_due(tx: Tx, actor: Actor, due_id: UUID) -> DueView:
    """One due, for its payer, its payee and the market."""
    async with tx.read() as db:
        due = await repository.get_due(db, due_id)
        parties = [due.payer_org, due.payee_org]
        if not actor.is_market and (actor.org_id is None or actor.org_id not in parties):
            raise NotFound()
        require(actor, policy.SEE_DUES, parties=parties)
        return due_view(due, actor)


async def release_due(tx: Tx, actor: Actor, due_id: UUID) -> DueView | MoneyActView:
    """The market's finance lets the money of a paid due go to its payee; above the market's limit by two people."""
    require(actor, policy.RELEASE)
    async with tx.begin() as db:
        due = await repository.lock_due(db, due_id)
        await steps.require_releasable(db, due)
        waiting = await ask_second(db, actor, Act.RELEASE_DUE, Ref("due", due.id), minor=due.minor, content={})
        if waiting is not None:
            return waiting
        await steps.release(db, due_id=due_id, actor=actor)
        return due_view(await repository.get_due(db, due_id), actor)


async def refund_due(tx: Tx, actor: Actor, due_id: UUID, *, reasons: str) -> DueView | MoneyActView:
    """Two of the market's finance undo a paid due: its money goes back to who paid it, by the way it came."""
    require(actor, policy.REFUND)
    async with tx.begin() as db:
        due = await repository.lock_due(db, due_id)
        DUE.move(due.state, "refund")
        waiting = await ask_second(
            db, actor, Act.REFUND_DUE, Ref("due", due.id), minor=due.minor, content={"reasons": reasons}
        )
        if waiting is not None:
            return waiting
        await steps.refund_due(db, due_id, actor=actor)
        return due_view(await repository.get_due(db, due_id), actor)


async def announce_overdue(tx: Tx, *, limit: int = 100) -> int:
    """A due is overdue once its day has passed; that is told once. Returns how many were told."""
    async with tx.begin() as db:
        now = await clock.market_now(db)
        late = await repository.lock_overdue(db, shanghai_day(now), limit)
        for due in late:
            due.overdue_at = now
            journal.record(db, DueOverdue(due.id, due.subject, due.purpose, due.due_on), actor=None)
        return len(late)

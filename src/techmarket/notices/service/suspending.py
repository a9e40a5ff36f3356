"""The operator stops the clock of a procedure and lets it run on."""

from __future__ import annotations

from uuid import UUID

from techmarket.db import clock
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.notices import extending, policy, repository
from techmarket.notices.showing import seen, whole
from techmarket.notices.views import NoticeView


async def suspend_notice(tx: Tx, actor: Actor, notice_id: UUID, *, reasons: str) -> NoticeView:
    """The operator suspends a notice for reasons that everyone who reads it is told."""
    async with tx.begin() as db:
        notice = seen(actor, await repository.lock_notice(db, notice_id))
        require(actor, policy.SUSPEND)
        now = await clock.market_now(db)
        await extending.suspend(db, notice.id, cause=reasons, actor=actor, now=now)
        return await whole(db, actor, notice, now)


async def resume_notice(tx: Tx, actor: Actor, notice_id: UUID) -> NoticeView:
    """The operator lets the rest of the period run on, with at least what the rulebook asks for."""
    async with tx.begin() as db:
        notice = seen(actor, await repository.lock_notice(db, notice_id))
        require(actor, policy.SUSPEND)
        now = await clock.market_now(db)
        await extending.resume(db, notice.id, actor=actor, now=now)
        return await whole(db, actor, notice, now)

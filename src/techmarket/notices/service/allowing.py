"""The operator lets a price be published again to which an objection was upheld."""

from __future__ import annotations

from uuid import UUID

from techmarket.db import clock
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.notices import errors, policy, repository, telling
from techmarket.notices.events import NoticePriceAllowed
from techmarket.notices.kinds import NoticeKind
from techmarket.notices.lifecycle import NoticeState
from techmarket.notices.showing import seen, whole
from techmarket.notices.views import NoticeView


async def allow_price(tx: Tx, actor: Actor, notice_id: UUID, *, price_minor: int, reasons: str) -> NoticeView:
    """From this price on it may be published again, for reasons that everyone who reads the notice is told.

    Whoever belongs to the seller or to a buyer gives no such word. A later word takes the place of an earlier one.
    """
    async with tx.begin() as db:
        notice = seen(actor, await repository.lock_notice(db, notice_id))
        require(actor, policy.ALLOW_PRICE)
        sides = {notice.owner_org_id, *notice.buyer_org_ids}
        await identity.require_outside(db, actor.person, sides, operation=policy.ALLOW_PRICE.operation)
        if notice.kind is not NoticeKind.PRICE or notice.state is not NoticeState.UPHELD:
            raise errors.NothingUpheld()
        now = await clock.market_now(db)
        notice.allowed_minor, notice.allowed_reasons = price_minor, reasons
        notice.allowed_at, notice.allowed_by_id = now, actor.person
        event = NoticePriceAllowed(notice.id, notice.subject, notice.kind)
        telling.record(db, notice.id, event, actor=actor)
        await db.flush()
        return await whole(db, actor, notice, now)

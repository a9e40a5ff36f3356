"""The owner acts on a pile at once; each listing is decided by itself and answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.refusals import NotFound, Refusal
from techmarket.listings import errors, policy, repository, steps
from techmarket.listings.rules import Action
from techmarket.listings.service.drafting import renew_locked, withdraw_locked
from techmarket.listings.tables import Listing
from techmarket.listings.views import ReviewOutcome

ACTIONS_MAX = 200
_NEEDS = {Action.SUBMIT: policy.SUBMIT, Action.WITHDRAW: policy.WITHDRAW, Action.RENEW: policy.RENEW}
_DONE = {Action.SUBMIT: "submitted", Action.WITHDRAW: "withdrawn", Action.RENEW: "renewed"}


async def act_on_many(
    tx: Tx, actor: Actor, action: Action, listing_ids: Sequence[UUID], *, expires_on: date | None = None
) -> list[ReviewOutcome]:
    """Submit, renew or withdraw many. What one listing refuses leaves the others as they are decided."""
    if len(listing_ids) > ACTIONS_MAX:
        raise errors.ActionsTooMany(most=ACTIONS_MAX, pointer="/body/listing_ids")
    if (expires_on is not None) != (action is Action.RENEW):
        raise errors.LastDayNeeded(pointer="/body/expires_on")
    async with tx.begin() as db:
        locked = {one.id: one for one in await repository.lock_many(db, listing_ids) if steps.may_know(actor, one)}
        outcomes = []
        for listing_id in dict.fromkeys(listing_ids):
            refusal = await _act(db, actor, action, locked.get(listing_id), expires_on)
            code, detail = (None, None) if refusal is None else (refusal.code, refusal.detail("zh-CN"))
            outcomes.append(ReviewOutcome(listing_id, _DONE[action] if refusal is None else "refused", code, detail))
        return outcomes


async def _act(
    db: AsyncSession, actor: Actor, action: Action, listing: Listing | None, expires_on: date | None
) -> Refusal | None:
    if listing is None:
        return NotFound()
    try:
        async with db.begin_nested():
            require(actor, _NEEDS[action], parties=[listing.org_id])
            if action is Action.SUBMIT:
                await steps.submit_locked(db, listing, actor)
            elif action is Action.WITHDRAW:
                await withdraw_locked(db, actor, listing)
            else:
                assert expires_on is not None
                await renew_locked(db, actor, listing, expires_on)
    except Refusal as refusal:
        return refusal
    return None

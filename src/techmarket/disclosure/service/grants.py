"""What an owner opens by hand, and closes again."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock
from techmarket.db.session import Tx
from techmarket.disclosure import doors, errors, policy, repository, steps
from techmarket.disclosure.tables import Grant
from techmarket.disclosure.tiers import Tier
from techmarket.disclosure.views import GrantView
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound

BY_HAND = "owner"


async def grant_access(
    tx: Tx, actor: Actor, subject: Ref, *, organisation_id: UUID, tier: Tier, until: datetime
) -> GrantView:
    """The owner opens a tier to a verified organisation for a time; a new grant takes the place of the former."""
    async with tx.begin() as db:
        room = (await doors.room_for(db, actor, str(subject), lock=True)).room
        require(actor, policy.GRANT, parties=[room.owner_org_id])
        if tier not in (Tier.REGISTERED, Tier.NDA):
            raise errors.TierNotGranted(allowed=[Tier.REGISTERED.name, Tier.NDA.name], pointer="/body/tier")
        await _check_guest(db, room.owner_org_id, organisation_id, until)
        grant_id = await steps.open_tier(
            db, org=organisation_id, subject=subject, tier=tier, basis=BY_HAND, until=until, actor=actor
        )
        found = await repository.lock_grant(db, grant_id)
        assert found is not None
        return _view(found[0])


async def grant_document(
    tx: Tx, actor: Actor, document_id: UUID, *, organisation_id: UUID, until: datetime
) -> GrantView:
    """The owner opens just one document: to someone below its tier, or one that is opened by name only."""
    async with tx.begin() as db:
        admitted = await doors.document_for(db, actor, document_id)
        if admitted is None:
            raise NotFound()
        room = (await doors.room_for(db, actor, admitted.room.subject, lock=True)).room
        require(actor, policy.GRANT, parties=[room.owner_org_id])
        await _check_guest(db, room.owner_org_id, organisation_id, until)
        grant = await steps.open_document(
            db, admitted.found.document, org=organisation_id, basis=BY_HAND, until=until, actor=actor
        )
        return _view(grant)


async def _check_guest(db: AsyncSession, owner_org_id: UUID, organisation_id: UUID, until: datetime) -> None:
    if organisation_id == owner_org_id:
        raise errors.OwnRoom(pointer="/body/organisation_id")
    await identity.require_verified(db, organisation_id)
    now = await clock.market_now(db)
    if until <= now:
        raise errors.GrantInThePast(market_now=now, pointer="/body/until")


async def revoke_grant(tx: Tx, actor: Actor, grant_id: UUID) -> GrantView:
    """The owner takes back what he granted; what a deal or an agreement opened ends with that."""
    async with tx.begin() as db:
        found = await repository.lock_grant(db, grant_id)
        if found is None or not doors.is_inside(actor, found[1]):
            raise NotFound()
        grant, room = found
        require(actor, policy.GRANT, parties=[room.owner_org_id])
        if grant.basis != BY_HAND:
            raise errors.NotYoursToClose(basis=grant.basis)
        await steps.close_grant(db, grant, actor)
        return _view(grant)


async def list_grants(
    tx: Tx, actor: Actor, subject: Ref, *, cursor: str | None = None, limit: int = 20
) -> Page[GrantView]:
    """Whom the data room is open to, newest first: for its owner and the market."""
    before = last_id(cursor)
    async with tx.read() as db:
        room = await doors.room_inside(db, actor, str(subject))
        require(actor, policy.SEE_GRANTS, parties=[room.owner_org_id])
        rows = await repository.list_grants(db, room.subject, before=before, limit=limit + 1)
        return page_of(rows, limit, lambda row: (str(row.id),)).map(_view)


def _view(row: Grant) -> GrantView:
    return GrantView(
        row.id,
        row.subject,
        row.document_id,
        row.org_id,
        Tier(row.tier),
        row.basis,
        row.until,
        row.granted_at,
        row.closed_at,
        row.state,
    )

"""What later rooms ask and tell inside their own transaction: reach, rooms, grants."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.disclosure import repository
from techmarket.disclosure.events import TierClosed, TierOpened
from techmarket.disclosure.lifecycle import GRANT
from techmarket.disclosure.tables import Grant
from techmarket.disclosure.tiers import Tier, reach_of
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref, new_id


async def open_room(db: AsyncSession, subject: Ref, owner_org: UUID) -> None:
    """A subject is born: its owner has a data room, of which strangers do not know yet."""
    await open_rooms(db, {subject: owner_org})


async def open_rooms(db: AsyncSession, owners: Mapping[Ref, UUID]) -> None:
    """The same for many subjects in one statement; a room that is there stays as it is."""
    await repository.open_rooms(db, {str(subject): owner for subject, owner in owners.items()})


async def show_rooms(db: AsyncSession, subjects: Collection[Ref]) -> None:
    """The subjects are public from now on: strangers see their public documents, ask, and read the answers."""
    await repository.set_public(db, [str(subject) for subject in subjects], True)


async def hide_rooms(db: AsyncSession, subjects: Collection[Ref]) -> None:
    """The subjects are no longer public; who has a grant keeps it."""
    await repository.set_public(db, [str(subject) for subject in subjects], False)


async def reach(db: AsyncSession, actor: Actor, subject: Ref, owner_org: UUID) -> Tier:
    """The tier this reader reaches on this subject."""
    return (await reaches(db, actor, {subject: owner_org}))[subject]


async def reaches(db: AsyncSession, actor: Actor, subjects: Mapping[Ref, UUID]) -> dict[Ref, Tier]:
    """The tier this reader reaches on each subject (given with its owner), whatever their number, in one look."""
    grants: dict[str, list[tuple[Tier, datetime | None]]] = {}
    others = [str(subject) for subject, owner in subjects.items() if owner != actor.org_id]
    now = datetime.max.replace(tzinfo=UTC)  # without a grant there is nothing to compare it with
    if others and actor.org_id is not None and not actor.is_market:
        for grant in await repository.list_open_grants(db, actor.org_id, others):
            grants.setdefault(grant.subject, []).append((Tier(grant.tier), grant.until))
        if grants:
            now = await clock.market_now(db)
    return {
        subject: reach_of(
            is_owner=actor.org_id is not None and owner == actor.org_id,
            is_market=actor.is_market,
            is_verified=actor.org_verified,
            grants=grants.get(str(subject), ()),
            now=now,
        )
        for subject, owner in subjects.items()
    }


async def open_tier(
    db: AsyncSession,
    *,
    org: UUID,
    subject: Ref,
    tier: Tier,
    basis: str,
    until: datetime | None = None,
    actor: Actor | None,
) -> UUID:
    """Open a tier of this subject to an organisation. The same basis again takes the place of the former grant.

    `basis` says why it may see, as a code or `kind:id`: `nda`, `trade:…`; ending that reason closes just this grant.
    """
    await _close(db, org, str(subject), basis, actor)
    grant = Grant(
        id=new_id(),
        org_id=org,
        subject=str(subject),
        tier=int(tier),
        basis=basis,
        until=until,
        state=GRANT.initial,
        granted_at=await clock.market_now(db),
        granted_by_id=actor.person_id if actor else None,
    )
    db.add(grant)
    journal.record(db, TierOpened(grant.id, org, str(subject), int(tier), basis, until), actor=actor)
    await db.flush()
    return grant.id


async def close_tier(
    db: AsyncSession, *, org: UUID, subject: Ref, basis: str | None = None, actor: Actor | None
) -> int:
    """Close what was opened to an organisation, for one basis or all; returns how many grants that were."""
    return await _close(db, org, str(subject), basis, actor)


async def _close(db: AsyncSession, org: UUID, subject: str, basis: str | None, actor: Actor | None) -> int:
    grants = await repository.lock_open_grants(db, org, subject, basis)
    for grant in grants:
        await close_grant(db, grant, actor)
    return len(grants)


async def close_grant(db: AsyncSession, grant: Grant, actor: Actor | None) -> None:
    """Close one grant whose row is locked."""
    grant.state = GRANT.move(grant.state, "close")
    grant.closed_at = await clock.market_now(db)
    journal.record(db, TierClosed(grant.id, grant.org_id, grant.subject), actor=actor)
    await db.flush()

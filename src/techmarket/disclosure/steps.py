"""What later rooms ask and tell inside their own transaction: reach, rooms, grants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.disclosure import accesses, errors, repository, rules
from techmarket.disclosure.events import DocumentOpened, FolderOpened, TierClosed, TierOpened
from techmarket.disclosure.lifecycle import GRANT
from techmarket.disclosure.repository import Granted
from techmarket.disclosure.tables import Document, Grant
from techmarket.disclosure.tiers import Reach, Tier, reach_of
from techmarket.disclosure.views import AccessView
from techmarket.identity.actor import Actor
from techmarket.kernel.events import Event
from techmarket.kernel.ids import Ref, new_id

PIECE = 500


async def open_room(db: AsyncSession, subject: Ref, owner_org: UUID) -> None:
    """A subject is born: its owner has a data room, of which strangers do not know yet."""
    await open_rooms(db, {subject: owner_org})


async def open_rooms(db: AsyncSession, owners: Mapping[Ref, UUID]) -> None:
    """The same for many subjects in one statement; a room that is there stays as it is."""
    await repository.open_rooms(db, {str(subject): owner for subject, owner in owners.items()})


async def show_rooms(db: AsyncSession, subjects: Collection[Ref], *, until: date | None = None) -> None:
    """The subjects are public from now on, to the end of a last day if they have one: strangers see their public
    documents, ask, and read the answers."""
    await repository.set_public(db, [str(subject) for subject in subjects], True, until=until)


async def hide_rooms(db: AsyncSession, subjects: Collection[Ref]) -> None:
    """The subjects are no longer public; who has a grant keeps it."""
    await repository.set_public(db, [str(subject) for subject in subjects], False)


async def reach(db: AsyncSession, actor: Actor, subject: Ref, owner_org: UUID) -> Reach:
    """The tier this reader reaches on this subject."""
    return (await reaches(db, actor, {subject: owner_org}))[subject]


async def reaches(db: AsyncSession, actor: Actor, subjects: Mapping[Ref, UUID]) -> dict[Ref, Reach]:
    """The tier this reader reaches on each subject (given with its owner), whatever their number, in one look."""
    granted = Granted()
    others = [str(subject) for subject, owner in subjects.items() if owner != actor.org_id]
    if others and actor.org_id is not None and not actor.is_market:
        granted = await repository.list_granted(db, actor, others)
    return {subject: reach_from(actor, str(subject), owner, granted) for subject, owner in subjects.items()}


async def granted_subjects(db: AsyncSession, actor: Actor, kind: str, *, limit: int) -> list[Ref]:
    """Things of one kind of which a grant in force opens a tier to this reader, the newest grant first."""
    return [Ref.parse(subject) for subject in await repository.subjects_granted(db, actor, kind, limit)]


def reach_from(actor: Actor, subject: str, owner: UUID, granted: Granted) -> Reach:
    """The tier that standing and the grants in force open, each up to what its reason can."""
    return reach_of(
        is_owner=actor.org_id is not None and owner == actor.org_id,
        is_market=actor.is_market,
        is_verified=actor.org_verified,
        grants=[
            (min(Tier(grant.tier), rules.ceiling(grant.basis)), grant.until)
            for grant in granted.tiers
            if grant.subject == subject
        ],
        now=granted.now,
    )


def reach_without_grants(actor: Actor, owner: UUID) -> Reach:
    """The tier that standing alone opens, for a reader who can hold no grant."""
    return reach_from(actor, "", owner, Granted())


async def require_nda(db: AsyncSession, org: UUID, subject: Ref, now: datetime) -> None:
    """Refuse unless this organisation has a running non-disclosure agreement for this subject.

    It stays as it is until this transaction ends.
    """
    if not await repository.is_running(db, org, str(subject), now):
        raise errors.NdaNeeded(subject=str(subject))


async def access_log(db: AsyncSession, subject: Ref) -> AsyncIterator[list[AccessView]]:
    """Who fetched which document of this subject, or was refused it, oldest first and without a gap, piece by piece."""
    after: UUID | None = None
    while True:
        rows = await repository.list_accesses(db, str(subject), after=after, limit=PIECE, oldest_first=True)
        if rows:
            yield await accesses.views(db, rows)
        if len(rows) < PIECE:
            return
        after = rows[-1][0].id


async def open_tier(
    db: AsyncSession,
    *,
    org: UUID,
    subject: Ref,
    tier: Tier,
    basis: str,
    until: datetime | None = None,
    person: UUID | None = None,
    actor: Actor | None,
) -> UUID:
    """Open a tier of this subject to an organisation, or to one person of it.

    The same again, for the same reason, takes the place of the former grant.

    `basis` says why it may see, as a code or `kind:id`: `nda`, `trade:…`; ending that reason closes just this grant.
    """
    grant = _grant(org, person, str(subject), tier, basis, until, actor)
    await _put(db, grant, TierOpened(grant.id, org, grant.subject, int(tier), basis, until), actor)
    return grant.id


async def close_tier(
    db: AsyncSession,
    *,
    org: UUID,
    subject: Ref,
    basis: str | None = None,
    person: UUID | None = None,
    actor: Actor | None,
) -> int:
    """Close what was opened to an organisation and its people, or to one of them, for one basis or all; returns how
    many grants."""
    grants = await repository.lock_open_grants(db, org, str(subject), basis=basis)
    grants = [grant for grant in grants if person is None or grant.person_id == person]
    for grant in grants:
        await close_grant(db, grant, actor)
    return len(grants)


async def close_basis(db: AsyncSession, subjects: Collection[Ref], *, basis: str, actor: Actor | None) -> None:
    """What was opened for this reason is open to nobody any more."""
    for grant in await repository.lock_grants_of_basis(db, [str(one) for one in subjects], basis):
        await close_grant(db, grant, actor)


async def open_folder(
    db: AsyncSession,
    *,
    org: UUID,
    subject: str,
    folder: str,
    basis: str,
    until: datetime,
    person: UUID | None = None,
    actor: Actor,
) -> Grant:
    """Open one folder: what lies in it, now and later, up to what the reason can open."""
    grant = _grant(org, person, subject, min(rules.ceiling(basis), Tier.NDA), basis, until, actor)
    grant.folder = folder
    return await _put(db, grant, FolderOpened(grant.id, org, subject, folder, basis, until), actor)


async def open_document(
    db: AsyncSession,
    document: Document,
    *,
    org: UUID,
    basis: str,
    until: datetime,
    person: UUID | None = None,
    actor: Actor,
) -> Grant:
    """Open one document to an organisation, or to one person of it."""
    grant = _grant(org, person, document.subject, Tier(document.tier), basis, until, actor)
    grant.document_id = document.id
    event = DocumentOpened(grant.id, org, document.id, document.subject, basis, until)
    return await _put(db, grant, event, actor)


def _grant(
    org: UUID, person: UUID | None, subject: str, tier: Tier, basis: str, until: datetime | None, actor: Actor | None
) -> Grant:
    return Grant(
        id=new_id(),
        org_id=org,
        person_id=person,
        subject=subject,
        tier=int(tier),
        basis=basis,
        until=until,
        state=GRANT.initial,
        granted_by_id=actor.person_id if actor else None,
    )


async def _put(db: AsyncSession, grant: Grant, event: Event, actor: Actor | None) -> Grant:
    for former in await repository.lock_replaced(db, grant):
        await close_grant(db, former, actor)
    grant.granted_at = await clock.market_now(db)
    db.add(grant)
    journal.record(db, event, actor=actor)
    await db.flush()
    return grant


async def close_grant(db: AsyncSession, grant: Grant, actor: Actor | None) -> None:
    """Close one grant whose row is locked."""
    grant.state = GRANT.move(grant.state, "close")
    grant.closed_at = await clock.market_now(db)
    journal.record(db, TierClosed(grant.id, grant.org_id, grant.subject), actor=actor)
    await db.flush()


async def holders_of(db: AsyncSession, subject: Ref, tier: Tier) -> frozenset[UUID]:
    """The organisations to whom grants in force open this tier of the subject."""
    opened: dict[UUID, set[Tier]] = {}
    for one in await repository.open_to_organisations(db, str(subject)):
        opened.setdefault(one.org_id, set()).add(min(Tier(one.tier), rules.ceiling(one.basis)))
    return frozenset(org for org, tiers in opened.items() if Reach(max(tiers), under_nda=Tier.NDA in tiers).opens(tier))

"""What an owner opens by hand, and closes again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.disclosure import doors, errors, policy, repository, rules, steps
from techmarket.disclosure.events import PaperAttested
from techmarket.disclosure.tables import DataRoom, Grant
from techmarket.disclosure.tiers import Tier
from techmarket.disclosure.views import GrantView
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound


@dataclass(frozen=True, slots=True)
class Paper:
    """An agreement on paper: its scan in the room, and the day it was signed. Naming it attests that it is genuine."""

    document_id: UUID
    signed_on: date


@dataclass(frozen=True, slots=True)
class Guest:
    """To whom it is opened: an organisation, or one person acting for it."""

    organisation_id: UUID
    person_id: UUID | None = None


async def grant_access(
    tx: Tx, actor: Actor, subject: Ref, guest: Guest, *, tier: Tier, until: datetime, paper: Paper | None = None
) -> GrantView:
    """The owner opens a tier to a verified organisation for a time; a new grant takes the place of the former.

    What is under an agreement opens by hand only where the agreement is on paper.
    """
    async with tx.begin() as db:
        room = (await doors.room_for(db, actor, str(subject), lock=True)).room
        require(actor, policy.GRANT, parties=[room.owner_org_id])
        opening = await begin(db, actor, room, guest, until=until, paper=paper)
        return _view(await opening.tier(tier))


async def grant_folder(
    tx: Tx, actor: Actor, subject: Ref, guest: Guest, *, folder: str, until: datetime, paper: Paper | None = None
) -> GrantView:
    """The owner opens one folder: what lies in it, now and later, but for what is opened by name only."""
    async with tx.begin() as db:
        room = (await doors.room_for(db, actor, str(subject), lock=True)).room
        require(actor, policy.GRANT, parties=[room.owner_org_id])
        opening = await begin(db, actor, room, guest, until=until, paper=paper)
        return _view(await opening.folder(folder))


async def grant_document(
    tx: Tx, actor: Actor, document_id: UUID, guest: Guest, *, until: datetime, paper: Paper | None = None
) -> GrantView:
    """The owner opens just one document: to someone below its tier, or one that is opened by name only."""
    async with tx.begin() as db:
        admitted = await doors.document_for(db, actor, document_id)
        if admitted is None:
            raise NotFound()
        room = (await doors.room_for(db, actor, admitted.room.subject, lock=True)).room
        require(actor, policy.GRANT, parties=[room.owner_org_id])
        opening = await begin(db, actor, room, guest, until=until, paper=paper)
        return _view(await opening.document(document_id))


@dataclass(frozen=True, slots=True)
class Opening:
    """What an owner may open now to one guest until one time, for one reason; the room is locked."""

    db: AsyncSession
    actor: Actor
    room: DataRoom
    guest: Guest
    until: datetime
    basis: str
    has_agreement: bool

    async def tier(self, tier: Tier) -> Grant:
        """The registered tier, which lets a guest into a room that is not public; on paper also the one above."""
        if tier not in (Tier.REGISTERED, Tier.NDA):
            raise errors.TierNotGranted(allowed=[Tier.REGISTERED.name, Tier.NDA.name], pointer="/body/tier")
        if tier > rules.ceiling(self.basis):
            raise errors.PaperNeeded(subject=self.room.subject, pointer="/body/paper")
        grant_id = await steps.open_tier(
            self.db,
            org=self.guest.organisation_id,
            person=self.guest.person_id,
            subject=Ref.parse(self.room.subject),
            tier=tier,
            basis=self.basis,
            until=self.until,
            actor=self.actor,
        )
        found = await repository.lock_grant(self.db, grant_id)
        assert found is not None
        return found[0]

    async def folder(self, folder: str) -> Grant:
        """One whose tier is not above what the reason opens."""
        known = {row.name: Tier(row.tier) for row in await repository.list_folders(self.db, self.room.subject)}
        if folder not in known:
            raise errors.NoSuchFolder(folder=folder, pointer="/body/folder")
        self._check(known[folder])
        return await steps.open_folder(
            self.db,
            org=self.guest.organisation_id,
            person=self.guest.person_id,
            subject=self.room.subject,
            folder=folder,
            basis=self.basis,
            until=self.until,
            actor=self.actor,
        )

    async def document(self, document_id: UUID) -> Grant:
        """One of this room, not withdrawn."""
        found = (await repository.get_documents(self.db, self.room.subject, [document_id])).get(document_id)
        if found is None or found.withdrawn_at is not None:
            raise NotFound()
        self._check(found.tier)
        return await steps.open_document(
            self.db,
            found.document,
            org=self.guest.organisation_id,
            person=self.guest.person_id,
            basis=self.basis,
            until=self.until,
            actor=self.actor,
        )

    def _check(self, tier: Tier) -> None:
        """Above the registered tier only beside an agreement: one that runs here, or one on paper."""
        if tier is Tier.DEAL:
            raise errors.TierNotGranted(allowed=[Tier.REGISTERED.name, Tier.NDA.name], pointer="/body")
        if tier > rules.ceiling(self.basis) and not self.has_agreement:
            raise errors.PaperNeeded(subject=self.room.subject, pointer="/body/paper")


async def begin(
    db: AsyncSession, actor: Actor, room: DataRoom, guest: Guest, *, until: datetime, paper: Paper | None
) -> Opening:
    """Judge the guest, the time and the paper."""
    if guest.organisation_id == room.owner_org_id:
        raise errors.OwnRoom(pointer="/body/organisation_id")
    await identity.require_verified(db, guest.organisation_id)
    if guest.person_id is not None:
        await identity.require_member(db, guest.person_id, guest.organisation_id, pointer="/body/person_id")
    now = await clock.market_now(db)
    if until <= now:
        raise errors.GrantInThePast(market_now=now, pointer="/body/until")
    runs = await repository.is_running(db, guest.organisation_id, room.subject, now)
    basis = rules.BY_HAND if paper is None else await _attest(db, actor, room, guest, paper, shanghai_day(now))
    return Opening(db, actor, room, guest, until, basis, has_agreement=runs)


async def _attest(db: AsyncSession, actor: Actor, room: DataRoom, guest: Guest, paper: Paper, today: date) -> str:
    """The officer names the scan and stands for it by his own act; the basis of the grant says which paper it is."""
    found = (await repository.get_documents(db, room.subject, [paper.document_id])).get(paper.document_id)
    if found is None or not rules.is_paper(
        found.document.media_type,
        is_withdrawn=found.withdrawn_at is not None,
        signed_on=paper.signed_on,
        today=today,
    ):
        raise errors.PaperUnfit(today=today, pointer="/body/paper")
    event = PaperAttested(paper.document_id, guest.organisation_id, room.subject, paper.signed_on)
    journal.record(db, event, actor=actor)
    return rules.basis_of_paper(paper.document_id)


async def revoke_grant(tx: Tx, actor: Actor, grant_id: UUID) -> GrantView:
    """The owner takes back what he granted; what a deal or an agreement opened ends with that."""
    async with tx.begin() as db:
        found = await repository.lock_grant(db, grant_id)
        if found is None or not doors.is_inside(actor, found[1]):
            raise NotFound()
        grant, room = found
        require(actor, policy.GRANT, parties=[room.owner_org_id])
        if not rules.is_by_hand(grant.basis):
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
        row.folder,
        row.document_id,
        row.org_id,
        row.person_id,
        Tier(row.tier),
        row.basis,
        row.until,
        row.granted_at,
        row.closed_at,
        row.state,
    )

"""Asking for access (查阅申请): it says what for and until when; the owner grants all, a part, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.disclosure import doors, errors, policy, repository, rules
from techmarket.disclosure.events import AccessAsked, AccessDecided
from techmarket.disclosure.lifecycle import REQUEST, RequestState
from techmarket.disclosure.service.grants import Guest, Paper, begin
from techmarket.disclosure.tables import AccessRequest
from techmarket.disclosure.tiers import Tier
from techmarket.disclosure.views import RequestView
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import Permission, require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.refusals import NotFound


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be opened: a tier, folders, documents, in any mixture."""

    tier: Tier | None = None
    folders: tuple[str, ...] = ()
    document_ids: tuple[UUID, ...] = ()

    def is_nothing(self) -> bool:
        return self.tier is None and not self.folders and not self.document_ids


async def ask_access(
    tx: Tx, actor: Actor, subject: Ref, wanted: Wanted, *, purpose: str, until: datetime
) -> RequestView:
    """A verified organisation asks the owner; where a tier takes an agreement, that is signed first.

    Folders and documents are those the asker knows of. One request waits at a time; a lapsed one gives way.
    """
    async with tx.begin() as db:
        found = await doors.room_with_documents(db, actor, str(subject), lock=True)
        require(actor, policy.ASK_ACCESS)
        room = found.room
        if doors.owns(actor, room):
            raise errors.OwnRoom()
        now = await clock.market_now(db)
        if until <= now:
            raise errors.GrantInThePast(market_now=now, pointer="/body/until")
        if wanted.is_nothing():
            raise errors.NothingAskedFor(pointer="/body")
        await _check_tier(db, actor, found, wanted.tier, now)
        for document_id in wanted.document_ids:
            admitted = await doors.document_for(db, actor, document_id)
            if admitted is None or admitted.room.subject != room.subject:
                raise NotFound()
        if wanted.folders:
            known = await repository.list_known_folders(db, room.subject, await doors.sight_of(db, actor, found))
            if not set(wanted.folders) <= known:
                raise NotFound()
        waiting = await repository.lock_waiting_request(db, actor.org, room.subject)
        if waiting is not None:
            if not rules.has_lapsed(waiting.state, waiting.until, now):
                raise errors.RequestWaits(request=waiting.id)
            await _decide(db, waiting, "lapse", now, None)
        row = AccessRequest(
            id=new_id(),
            subject=room.subject,
            owner_org_id=room.owner_org_id,
            org_id=actor.org,
            person_id=actor.person,
            purpose=purpose,
            tier=int(wanted.tier) if wanted.tier is not None else None,
            folders=list(dict.fromkeys(wanted.folders)),
            document_ids=list(dict.fromkeys(wanted.document_ids)),
            until=until,
            asked_at=now,
            state=REQUEST.initial,
        )
        db.add(row)
        journal.record(db, AccessAsked(row.id, row.org_id, row.subject, until), actor=actor)
        await db.flush()
        return await _one(db, row, now)


async def _check_tier(
    db: AsyncSession, actor: Actor, found: repository.FoundRoom, tier: Tier | None, now: datetime
) -> None:
    """Above what the asker reaches, below the deal, and an agreement first where the room has a text for it."""
    if tier is None:
        return
    if tier is not Tier.NDA:
        raise errors.TierNotGranted(allowed=[Tier.NDA.name], pointer="/body/tier")
    reach = (await doors.sight_of(db, actor, found)).reach
    if reach is not None and reach.opens(tier):
        raise errors.AccessOpen(reach=reach.highest.name, pointer="/body/tier")
    if found.asks_nda:
        raise errors.NdaNeeded(subject=found.room.subject, pointer="/body/tier")


async def grant_request(
    tx: Tx,
    actor: Actor,
    request_id: UUID,
    *,
    until: datetime,
    wanted: Wanted | None = None,
    only_asker: bool = False,
    paper: Paper | None = None,
) -> RequestView:
    """The owner opens what was asked for, or what he names instead, until a time of his own choice."""
    async with tx.begin() as db:
        row, now = await _for_decision(db, actor, request_id, policy.DECIDE_REQUEST)
        opened = wanted or Wanted(
            Tier(row.tier) if row.tier is not None else None, tuple(row.folders), tuple(row.document_ids)
        )
        if opened.is_nothing():
            raise errors.NothingAskedFor(pointer="/body")
        room = (await doors.room_for(db, actor, row.subject)).room
        guest = Guest(row.org_id, row.person_id if only_asker else None)
        opening = await begin(db, actor, room, guest, until=until, paper=paper)
        if opened.tier is not None:
            await opening.tier(opened.tier)
        for folder in opened.folders:
            await opening.folder(folder)
        for document_id in opened.document_ids:
            await opening.document(document_id)
        row.granted_until = until
        await _decide(db, row, "grant", now, actor)
        return await _one(db, row, now)


async def refuse_request(tx: Tx, actor: Actor, request_id: UUID, *, reason: str) -> RequestView:
    """The owner opens nothing, and says why."""
    async with tx.begin() as db:
        row, now = await _for_decision(db, actor, request_id, policy.DECIDE_REQUEST)
        row.reason = reason
        await _decide(db, row, "refuse", now, actor)
        return await _one(db, row, now)


async def withdraw_request(tx: Tx, actor: Actor, request_id: UUID) -> RequestView:
    """Whoever asked needs it no longer."""
    async with tx.begin() as db:
        row, now = await _for_decision(db, actor, request_id, policy.WITHDRAW_REQUEST)
        await _decide(db, row, "withdraw", now, actor)
        return await _one(db, row, now)


async def get_request(tx: Tx, actor: Actor, request_id: UUID) -> RequestView:
    """For its two sides and the market."""
    async with tx.read() as db:
        row = await repository.find_request(db, request_id)
        if row is None or not _may_know(actor, row):
            raise NotFound()
        require(actor, policy.SEE_REQUESTS, parties=[row.owner_org_id, row.org_id])
        return await _one(db, row, await clock.market_now(db))


async def list_requests(
    tx: Tx, actor: Actor, *, as_owner: bool, cursor: str | None = None, limit: int = 20
) -> Page[RequestView]:
    """Newest first, for each side its own: those others made for my rooms, or those my organisation made."""
    require(actor, policy.SEE_REQUESTS, parties=[actor.org_id])
    before = last_id(cursor)
    async with tx.read() as db:
        rows = await repository.page_requests(
            db,
            owner_org_id=actor.org if as_owner and not actor.is_market else None,
            org_id=None if as_owner else actor.org,
            before=before,
            limit=limit + 1,
        )
        page = page_of(rows, limit, lambda row: (str(row.id),))
        return Page(await _views(db, page.items, await clock.market_now(db)), page.next_cursor)


async def _for_decision(
    db: AsyncSession, actor: Actor, request_id: UUID, wanted: Permission
) -> tuple[AccessRequest, datetime]:
    """Locked: the room first, as everybody does, then the request; and only while it waits."""
    found = await repository.find_request(db, request_id)
    if found is None or not _may_know(actor, found):
        raise NotFound()
    side = found.org_id if wanted is policy.WITHDRAW_REQUEST else found.owner_org_id
    require(actor, wanted, parties=[side])
    await repository.find_room(db, found.subject, actor, lock=True)
    row = await repository.find_request(db, request_id, lock=True)
    assert row is not None
    now = await clock.market_now(db)
    if rules.has_lapsed(row.state, row.until, now):
        raise errors.RequestLapsed(until=row.until)
    return row, now


async def _decide(db: AsyncSession, row: AccessRequest, act: str, now: datetime, actor: Actor | None) -> None:
    row.state = REQUEST.move(row.state, act)
    row.decided_at, row.decided_by_id = now, actor.person if actor is not None else None
    journal.record(db, AccessDecided(row.id, row.org_id, row.subject, row.state.value), actor=actor)
    await db.flush()


def _may_know(actor: Actor, row: AccessRequest) -> bool:
    return actor.is_market or actor.org_id in (row.owner_org_id, row.org_id)


async def _one(db: AsyncSession, row: AccessRequest, now: datetime) -> RequestView:
    return (await _views(db, [row], now))[0]


async def _views(db: AsyncSession, rows: Sequence[AccessRequest], now: datetime) -> list[RequestView]:
    orgs = await identity.get_organisations(db, [row.org_id for row in rows])
    people = await identity.get_people(db, [row.person_id for row in rows])
    return [
        RequestView(
            row.id,
            row.subject,
            row.org_id,
            orgs[row.org_id].name,
            row.person_id,
            people[row.person_id].name,
            row.purpose,
            Tier(row.tier) if row.tier is not None else None,
            tuple(row.folders),
            tuple(row.document_ids),
            row.until,
            row.asked_at,
            RequestState.LAPSED if rules.has_lapsed(row.state, row.until, now) else row.state,
            row.decided_at,
            row.reason,
            row.granted_until,
        )
        for row in rows
    ]

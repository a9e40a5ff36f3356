"""The doors of a data room: who comes in, judged the same way and by the same queries whether a thing exists or not."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.disclosure import repository, rules, steps
from techmarket.disclosure.repository import FoundDocument, FoundRoom, Granted, Sight
from techmarket.disclosure.tables import DataRoom
from techmarket.disclosure.tiers import Reach
from techmarket.identity.actor import Actor
from techmarket.kernel.refusals import NotFound

NO_SUBJECT = "absent"


@dataclass(frozen=True, slots=True)
class Admitted:
    """A document its reader knows of, and whether he may have its bytes."""

    found: FoundDocument
    room: DataRoom
    is_open: bool
    is_owner: bool


def is_inside(actor: Actor, room: DataRoom) -> bool:
    """The owner and the market."""
    return actor.is_market or owns(actor, room)


def owns(actor: Actor, room: DataRoom) -> bool:
    return actor.org_id is not None and actor.org_id == room.owner_org_id


def may_enter(actor: Actor, room: DataRoom, is_invited: bool) -> bool:
    """A room that is not public is there for its owner, the market and those with a grant in force."""
    return room.stands_public or is_inside(actor, room) or is_invited


async def room_for(db: AsyncSession, actor: Actor, subject: str, *, lock: bool = False) -> FoundRoom:
    """A room this reader may know of, or the same not-found as for one that is not there."""
    found = await repository.find_room(db, subject, actor, lock=lock)
    if found is None or not may_enter(actor, found.room, found.is_invited):
        raise NotFound()
    return found


async def room_with_documents(db: AsyncSession, actor: Actor, subject: str, *, lock: bool = False) -> FoundRoom:
    """The same, also for whom just a folder or a document of it is open to: he knows that it is there."""
    found = await repository.find_room(db, subject, actor, lock=lock)
    if found is None or not (may_enter(actor, found.room, found.is_invited) or found.has_documents):
        raise NotFound()
    return found


async def room_inside(db: AsyncSession, actor: Actor, subject: str, *, lock: bool = False) -> DataRoom:
    """For what only the owner and the market know."""
    found = await repository.find_room(db, subject, actor, lock=lock)
    if found is None or not is_inside(actor, found.room):
        raise NotFound()
    return found.room


async def sight_of(db: AsyncSession, actor: Actor, found: FoundRoom) -> Sight:
    """What this reader may know of in a room that he knows of."""
    room = found.room
    granted = Granted()
    if actor.org_id is not None and not is_inside(actor, room):
        granted = await repository.list_granted(db, actor, [room.subject])
    folders = {folder: tier for (subject, folder), tier in granted.folders.items() if subject == room.subject}
    reach = _reach(actor, room, found.is_invited, granted)
    return Sight(reach, granted.documents, folders, is_inside(actor, room))


def _reach(actor: Actor, room: DataRoom, is_invited: bool, granted: Granted) -> Reach | None:
    """Who is not let into the room reaches nothing there."""
    if not may_enter(actor, room, is_invited):
        return None
    return steps.reach_from(actor, room.subject, room.owner_org_id, granted)


async def document_for(db: AsyncSession, actor: Actor, document_id: UUID, *, hold: bool = False) -> Admitted | None:
    """A document this reader knows of; None is the same answer, after the same queries, to what is not there."""
    found = await repository.find_document(db, document_id, actor)
    granted = Granted()
    if actor.org_id is not None and not actor.is_market:
        subject = found.room.subject if found is not None else NO_SUBJECT
        granted = await repository.list_granted(db, actor, [subject], hold=hold)
    if found is None:
        return None
    room, tier, document = found.room, found.found.tier, found.found.document
    inside = is_inside(actor, room)
    reach = _reach(actor, room, found.is_invited, granted)
    named, folder = granted.documents.get(document_id), granted.folders.get((room.subject, document.folder))
    known = rules.is_known(tier, reach=reach, named=named, folder=folder)
    if not known or (found.found.withdrawn_at and not inside):
        return None
    is_open = inside or rules.is_open(tier, reach=reach, by_name=document.by_name, named=named, folder=folder)
    return Admitted(found.found, room, is_open, owns(actor, room))

"""Rooms and folders."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.disclosure.lifecycle import GrantState
from techmarket.disclosure.tables import DataRoom, Grant, NdaText, RoomFolder
from techmarket.identity.actor import Actor


@dataclass(frozen=True, slots=True)
class FoundRoom:
    """A room, whether a tier of it, or a folder or document in it, is open to the reader, whether it asks for an
    agreement."""

    room: DataRoom
    is_invited: bool
    has_documents: bool
    asks_nda: bool


async def open_rooms(db: AsyncSession, owners: Mapping[str, UUID]) -> None:
    if owners:
        rows = [{"subject": subject, "owner_org_id": org, "is_public": False} for subject, org in owners.items()]
        await db.execute(insert(DataRoom).on_conflict_do_nothing(), rows)


async def set_public(
    db: AsyncSession, subjects: Collection[str], is_public: bool, *, until: date | None = None
) -> None:
    query = update(DataRoom).where(DataRoom.subject.in_(subjects)).values(is_public=is_public, public_until=until)
    await db.execute(query.execution_options(synchronize_session=False))


def in_force() -> ColumnElement[bool]:
    """A grant opens something while it is open and its time is not over, by the market's clock."""
    return (Grant.state == GrantState.OPEN) & or_(Grant.until.is_(None), Grant.until > func.market_now())


def is_for(actor: Actor) -> ColumnElement[bool]:
    """A grant is for everyone of an organisation, or for one person acting for it."""
    theirs = or_(Grant.person_id.is_(None), Grant.person_id == actor.person_id)
    return and_(Grant.org_id == actor.org_id, theirs)


def is_invited(actor: Actor) -> Any:
    """A grant of a tier lets its holder into the room; one of a folder or a document opens that and no more."""
    return _holds(actor).where(Grant.document_id.is_(None), Grant.folder.is_(None))


def has_documents(actor: Actor) -> Any:
    return _holds(actor).where(or_(Grant.document_id.is_not(None), Grant.folder.is_not(None)))


def _holds(actor: Actor) -> Any:
    return exists().where(Grant.subject == DataRoom.subject, is_for(actor), in_force())


def asks_nda() -> Any:
    return exists().where(
        NdaText.owner_org_id == DataRoom.owner_org_id,
        or_(NdaText.subject.is_(None), NdaText.subject == DataRoom.subject),
    )


async def find_room(db: AsyncSession, subject: str, actor: Actor, *, lock: bool = False) -> FoundRoom | None:
    """One query, whatever there is and whoever asks."""
    query = select(DataRoom, is_invited(actor), has_documents(actor), asks_nda()).where(DataRoom.subject == subject)
    if lock:
        query = query.with_for_update(of=DataRoom)
    row = (await db.execute(query.execution_options(populate_existing=True))).one_or_none()
    return FoundRoom(*row) if row is not None else None


async def set_folder(db: AsyncSession, subject: str, name: str, tier: int) -> None:
    row = insert(RoomFolder).values(subject=subject, name=name, tier=tier)
    await db.execute(row.on_conflict_do_update(index_elements=["subject", "name"], set_={"tier": tier}))


async def keep_folder(db: AsyncSession, subject: str, name: str) -> None:
    """A folder that nobody set has no tier of its own: the public one."""
    await db.execute(insert(RoomFolder).values(subject=subject, name=name, tier=0).on_conflict_do_nothing())


async def list_folders(db: AsyncSession, subject: str) -> Sequence[RoomFolder]:
    query = select(RoomFolder).where(RoomFolder.subject == subject).order_by(RoomFolder.name)
    return (await db.execute(query.execution_options(populate_existing=True))).scalars().all()

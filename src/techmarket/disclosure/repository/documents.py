"""Documents, as the reader's tier cuts them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.disclosure.repository.rooms import is_invited
from techmarket.disclosure.tables import DataRoom, Document, DocumentWithdrawal, RoomFolder
from techmarket.disclosure.tiers import Reach, Tier
from techmarket.identity.actor import Actor

_TIER = func.greatest(Document.tier, func.coalesce(RoomFolder.tier, 0))
"""A document is never open below the tier of its folder."""


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A document with the tier that holds for it today."""

    document: Document
    tier: Tier
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class FoundAtDoor:
    """The same with all that decides whether the reader may come in."""

    found: FoundDocument
    room: DataRoom
    is_invited: bool


@dataclass(frozen=True, slots=True)
class Sight:
    """What one reader may know of in one room: the tier he reaches, and documents and folders that were opened to him
    by themselves, each up to a tier.

    Who is not let into the room reaches no tier there.
    """

    reach: Reach | None
    documents: Mapping[UUID, Tier]
    folders: Mapping[str, Tier]
    sees_withdrawn: bool


def _documents(*more: Any) -> Select[Any]:
    return (
        select(Document, _TIER, DocumentWithdrawal.at, *more)
        .outerjoin(RoomFolder, and_(RoomFolder.subject == Document.subject, RoomFolder.name == Document.folder))
        .outerjoin(DocumentWithdrawal, DocumentWithdrawal.document_id == Document.id)
    )


def _known(sight: Sight) -> ColumnElement[bool]:
    """`rules.is_known` and the withdrawal, as a condition of the query."""
    reach = sight.reach
    ways: list[ColumnElement[bool]] = (
        [] if reach is None else [_TIER.in_([int(tier) for tier in Tier if reach.opens(tier)])]
    )
    for tier in Tier:
        named = [document_id for document_id, opened in sight.documents.items() if min(opened, Tier.NDA) is tier]
        folders = [folder for folder, opened in sight.folders.items() if min(opened, Tier.NDA) is tier]
        if named or folders:
            ways.append(and_(int(tier) >= _TIER, or_(Document.id.in_(named), Document.folder.in_(folders))))
    known = or_(*ways) if ways else false()
    return known if sight.sees_withdrawn else and_(known, DocumentWithdrawal.at.is_(None))


async def find_document(db: AsyncSession, document_id: UUID, actor: Actor) -> FoundAtDoor | None:
    """One query, whatever there is and whoever asks."""
    query = _documents(DataRoom, is_invited(actor)).join(DataRoom, DataRoom.subject == Document.subject)
    row = (await db.execute(query.where(Document.id == document_id))).one_or_none()
    if row is None:
        return None
    document, tier, withdrawn_at, room, invited = row
    return FoundAtDoor(FoundDocument(document, Tier(tier), withdrawn_at), room, invited)


async def list_documents(
    db: AsyncSession, subject: str, sight: Sight, *, after: UUID | None, limit: int
) -> list[FoundDocument]:
    query = _documents().where(Document.subject == subject, _known(sight)).order_by(Document.id).limit(limit)
    if after is not None:
        query = query.where(Document.id > after)
    return [FoundDocument(row[0], Tier(row[1]), row[2]) for row in await db.execute(query)]


async def list_known_folders(db: AsyncSession, subject: str, sight: Sight) -> frozenset[str]:
    """The folders in which this reader knows of a document, and those that were opened to him."""
    query = _documents().where(Document.subject == subject, _known(sight))
    rows = await db.execute(query.with_only_columns(Document.folder, maintain_column_froms=True).distinct())
    return frozenset(rows.scalars()) | frozenset(sight.folders)


async def get_documents(db: AsyncSession, subject: str, ids: Collection[UUID]) -> dict[UUID, FoundDocument]:
    query = _documents().where(Document.subject == subject, Document.id.in_(ids))
    return {row[0].id: FoundDocument(row[0], Tier(row[1]), row[2]) for row in await db.execute(query)}


async def count_documents(db: AsyncSession, subject: str) -> tuple[int, int]:
    """How many versions a room holds, and how many bytes."""
    query = select(func.count(), func.coalesce(func.sum(Document.size), 0)).where(Document.subject == subject)
    documents, size = (await db.execute(query)).one()
    return int(documents), int(size)


async def find_latest(db: AsyncSession, subject: str, folder: str, name: str) -> FoundDocument | None:
    """The newest version under a name."""
    query = _documents().where(Document.subject == subject, Document.folder == folder, Document.name == name)
    row = (await db.execute(query.order_by(Document.version.desc()).limit(1))).one_or_none()
    return FoundDocument(row[0], Tier(row[1]), row[2]) if row is not None else None


async def find_same_bytes(db: AsyncSession, subject: str, sha256: str) -> UUID | None:
    """The first document of the room with these bytes."""
    query = select(Document.id).where(Document.subject == subject, Document.sha256 == sha256)
    return (await db.execute(query.order_by(Document.id).limit(1))).scalar_one_or_none()

"""The access log: who fetched what, and who was refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.disclosure.tables import Document, DocumentReadRow

REFUSED_AGAIN_SECONDS = 60


async def note_refused(
    db: AsyncSession, read_id: UUID, document_id: UUID, org_id: UUID | None, person_id: UUID | None
) -> None:
    """One statement, whether the document exists or not. The same person is noted at most once a minute."""
    await db.execute(
        text(
            "INSERT INTO document_read (id, document_id, org_id, person_id, at, outcome, is_stamped)"
            " SELECT :id, d.id, :org, :person, market_now(), 'REFUSED', false FROM document d WHERE d.id = :document"
            " AND NOT EXISTS (SELECT 1 FROM document_read r WHERE r.document_id = d.id AND r.person_id = :person"
            " AND r.outcome = 'REFUSED' AND r.at > market_now() - make_interval(secs => :seconds))"
        ),
        {
            "id": read_id,
            "document": document_id,
            "org": org_id,
            "person": person_id,
            "seconds": REFUSED_AGAIN_SECONDS,
        },
    )


async def list_reads(
    db: AsyncSession, document_id: UUID, *, before: UUID | None, limit: int
) -> Sequence[tuple[DocumentReadRow, Document]]:
    query = _reads().where(Document.id == document_id).order_by(DocumentReadRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(DocumentReadRow.id < before)
    return [(row[0], row[1]) for row in await db.execute(query)]


async def list_accesses(
    db: AsyncSession,
    subject: str,
    *,
    before: UUID | None = None,
    after: UUID | None = None,
    limit: int | None = None,
    oldest_first: bool = False,
) -> Sequence[tuple[DocumentReadRow, Document]]:
    """Of a whole room."""
    query = _reads().where(Document.subject == subject).limit(limit)
    query = query.order_by(DocumentReadRow.id if oldest_first else DocumentReadRow.id.desc())
    if before is not None:
        query = query.where(DocumentReadRow.id < before)
    if after is not None:
        query = query.where(DocumentReadRow.id > after)
    return [(row[0], row[1]) for row in await db.execute(query)]


def _reads() -> Any:
    return select(DocumentReadRow, Document).join(Document, Document.id == DocumentReadRow.document_id)

"""What happened to a notice goes into the journal, and its proof remembers the entry."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.identity.actor import Actor
from techmarket.kernel.events import Event
from techmarket.notices.tables import NoticeEntry


def record(db: AsyncSession, notice_id: UUID, event: Event, *, actor: Actor | None) -> UUID:
    """Write down what happened to a notice; returns the entry's id."""
    entry_id = journal.record(db, event, actor=actor)
    db.add(NoticeEntry(entry_id=entry_id, notice_id=notice_id, kind=event.kind))
    return entry_id

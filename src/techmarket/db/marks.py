"""Marks (追踪标记): by which a job goes on with the trace of the act that it reacts to.

They lie beside the journal, never in it: an entry's leaf is what the act was, and whether somebody followed it must not
change the log. Only acts that are followed leave one, and it goes after a day.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, String, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from techmarket.db import tracing
from techmarket.db.base import Base
from techmarket.db.session import Tx

KEPT_HOURS = 24
KEEP = "INSERT INTO journal_mark (entry_id, mark) SELECT unnest($1::uuid[]), $2"


class JournalMark(Base):
    """Which trace the act of an entry belongs to."""

    __tablename__ = "journal_mark"
    __table_args__ = (Index(None, "at"),)

    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    mark: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


def leave(db: AsyncSession, entry_id: UUID) -> None:
    """Beside an entry that is being recorded, where its act is followed."""
    if (mark := tracing.mark()) is not None:
        db.add(JournalMark(entry_id=entry_id, mark=mark))


async def of_entries(db: AsyncSession, ids: Collection[UUID]) -> dict[UUID, str]:
    """The marks of these entries; none is asked for while nothing is followed."""
    if not tracing.is_on() or not ids:
        return {}
    query = text("SELECT entry_id, mark FROM journal_mark WHERE entry_id = ANY(:ids)")
    return {row.entry_id: row.mark for row in await db.execute(query, {"ids": list(ids)})}


async def at_positions(db: AsyncSession, positions: Collection[int]) -> dict[int, str]:
    """The same by the positions of the entries."""
    if not tracing.is_on() or not positions:
        return {}
    query = text(
        "SELECT p.n, m.mark FROM journal_position p JOIN journal_entry e USING (seq)"
        " JOIN journal_mark m ON m.entry_id = e.id WHERE p.n = ANY(:positions)"
    )
    return {row.n: row.mark for row in await db.execute(query, {"positions": list(positions)})}


async def forget_old(tx: Tx) -> None:
    """Drop the marks that nobody goes on from any more."""
    async with tx.begin() as db:
        query = "DELETE FROM journal_mark WHERE at < clock_timestamp() - make_interval(hours => :hours)"
        await db.execute(text(query), {"hours": KEPT_HOURS})

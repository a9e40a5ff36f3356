"""How long notifications and mails are kept."""

from __future__ import annotations

from uuid import UUID

from techmarket.db.means import Kept
from techmarket.db.session import Tx
from techmarket.workbench import repository_notes as notes

BATCH = 1_000


async def prune(tx: Tx, kept: Kept) -> int:
    """Forget what has been kept for its time, some at a time; returns how many rows went."""
    async with tx.begin() as db:
        return await notes.forget_old(db, kept=kept.notifications, unread_kept=kept.unread_notifications, limit=BATCH)


async def forget_person(tx: Tx, person_id: UUID) -> None:
    """Everything that somebody was told, and where and how he wanted to be told it."""
    async with tx.begin() as db:
        await notes.forget_person(db, person_id)

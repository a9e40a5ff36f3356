"""The queries of the public record: turns, and what the journal holds about a trade."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.journal import JournalEntry
from techmarket.trading.tables import LotTurn, Participant


@dataclass(frozen=True, slots=True)
class Noted:
    """An entry of the journal as far as the record asks who made it and what it is about."""

    seq: int
    id: UUID
    org: UUID | None
    kind: str
    facts: dict[str, Any]


async def list_turns(db: AsyncSession, lot_id: UUID) -> Sequence[LotTurn]:
    """Every turn of a lot's state, as its watchers were told."""
    return (await db.execute(select(LotTurn).where(LotTurn.lot_id == lot_id).order_by(LotTurn.n))).scalars().all()


async def noted(
    db: AsyncSession, refs: Collection[str], kinds: Collection[str], *, after: int = 0, limit: int
) -> list[Noted]:
    """What trading noted about these things first of all, in the order it was written."""
    query = text(
        "SELECT seq, id, org, kind, facts FROM journal_entry WHERE kind LIKE 'trading.%'"
        " AND refs ->> 0 = ANY(cast(:refs as text[])) AND kind = ANY(cast(:kinds as text[])) AND seq > :after"
        " ORDER BY seq LIMIT :limit"
    ).columns(facts=JournalEntry.facts.type)
    values = {"refs": sorted(refs), "kinds": sorted(kinds), "after": after, "limit": limit}
    return [Noted(*row) for row in await db.execute(query, values)]


async def all_noted(
    db: AsyncSession, refs: Collection[str], kinds: Collection[str], *, page: int
) -> AsyncIterator[list[Noted]]:
    """The same, page by page."""
    after = 0
    while rows := await noted(db, refs, kinds, after=after, limit=page):
        yield rows
        after = rows[-1].seq


async def entries_by_id(db: AsyncSession, ids: Collection[UUID]) -> Sequence[JournalEntry]:
    return (await db.execute(select(JournalEntry).where(JournalEntry.id.in_(ids)))).scalars().all()


async def numbers_of(db: AsyncSession, trade_id: UUID) -> dict[UUID, int]:
    """The number that each participant of a trade has in public."""
    query = select(Participant.id, Participant.number).where(Participant.trade_id == trade_id)
    return {row[0]: row[1] for row in await db.execute(query)}

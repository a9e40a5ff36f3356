"""Every query of dossiers: the journal by what its entries are about, and the texts they name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.journal import JournalEntry
from techmarket.dossiers.views import Told


@dataclass(frozen=True, slots=True)
class About:
    """An entry as far as its place in a dossier asks."""

    id: UUID
    org: UUID | None
    kind: str
    refs: tuple[str, ...]
    facts: dict[str, object]


async def entries_about(db: AsyncSession, refs: Collection[str], limit: int) -> Sequence[About]:
    """The entries that name one of these things, in the order they were written."""
    query = text(
        "SELECT id, org, kind, refs, facts FROM journal_entry"
        " WHERE refs ?| cast(:refs as text[]) OR facts ->> 'subject' = ANY(cast(:refs as text[]))"
        " ORDER BY seq LIMIT :limit"
    ).columns(refs=JournalEntry.refs.type, facts=JournalEntry.facts.type)
    rows = await db.execute(query, {"refs": sorted(refs), "limit": limit})
    return [About(row.id, row.org, row.kind, tuple(row.refs), row.facts) for row in rows]


async def told_about(db: AsyncSession, refs: Collection[str], kinds: Collection[str]) -> list[Told]:
    """The entries of these kinds that name one of these things, with their positions, in the order they were written.

    Not those that are about a thing by their subject alone: what the public is told is named by reference.
    """
    query = text(
        "SELECT e.id, e.at, e.org, e.kind, e.refs, e.facts, p.n FROM journal_entry e"
        " LEFT JOIN journal_position p USING (seq)"
        " WHERE e.refs ?| cast(:refs as text[]) AND e.kind = ANY(cast(:kinds as text[])) ORDER BY e.seq"
    ).columns(refs=JournalEntry.refs.type, facts=JournalEntry.facts.type)
    rows = await db.execute(query, {"refs": sorted(refs), "kinds": sorted(kinds)})
    return [Told(row.id, row.at, row.org, row.kind, tuple(row.refs), row.facts, row.n) for row in rows]


async def texts_of(db: AsyncSession, hashes: Collection[str]) -> dict[str, bytes]:
    """The bytes behind those hashes that are texts of this market."""
    query = text("SELECT sha256, body FROM text WHERE sha256 = ANY(cast(:hashes as text[]))")
    return {row.sha256: row.body for row in await db.execute(query, {"hashes": sorted(hashes)})}

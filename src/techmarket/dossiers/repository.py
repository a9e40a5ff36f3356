"""Every query of dossiers: the journal by what its entries are about, and the texts they name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.journal import JournalEntry
from techmarket.dossiers.rules import RESTS_ON
from techmarket.dossiers.views import Told


@dataclass(frozen=True, slots=True)
class About:
    """An entry as far as its place in a dossier asks."""

    seq: int
    id: UUID
    org: UUID | None
    kind: str


ABOUT = "journal_about(refs, facts) ?| cast(:refs as text[])"
"""Named by reference, or as the subject: one function in the database, so that one index finds both."""


async def entries_about(db: AsyncSession, refs: Collection[str], after: int, limit: int) -> list[About]:
    """The next entries that are about one of these things, in the order they were written."""
    query = text(
        f"SELECT seq, id, org, kind FROM journal_entry WHERE {ABOUT} AND seq > :after"
        # That another sale rests on the same approval is that sale's business.
        " AND (kind <> ALL(cast(:rests_on as text[])) OR refs ->> 0 = ANY(cast(:refs as text[])))"
        " ORDER BY seq LIMIT :limit"
    )
    given = {"refs": sorted(refs), "after": after, "limit": limit, "rests_on": list(RESTS_ON)}
    rows = await db.execute(query, given)
    return [About(row.seq, row.id, row.org, row.kind) for row in rows]


async def named_beside(db: AsyncSession, refs: Collection[str], kinds: Collection[str]) -> set[str]:
    """The things of these kinds that are named by the entries about those things."""
    query = text(
        "SELECT DISTINCT named.ref FROM journal_entry, jsonb_array_elements_text(refs) AS named(ref)"
        f" WHERE {ABOUT} AND split_part(named.ref, ':', 1) = ANY(cast(:kinds as text[]))"
    )
    return set((await db.execute(query, {"refs": sorted(refs), "kinds": sorted(kinds)})).scalars())


async def told_about(db: AsyncSession, refs: Collection[str], kinds: Collection[str]) -> list[Told]:
    """The entries of these kinds about one of these things, with their positions, in the order they were written."""
    query = text(
        "SELECT e.id, e.at, e.org, e.kind, e.refs, e.facts, p.n, e.actor IS NOT NULL AND e.actor_salt IS NULL AS named"
        " FROM journal_entry e"
        " LEFT JOIN journal_position p USING (seq)"
        f" WHERE {ABOUT} AND e.kind = ANY(cast(:kinds as text[])) ORDER BY e.seq"
    ).columns(refs=JournalEntry.refs.type, facts=JournalEntry.facts.type)
    rows = await db.execute(query, {"refs": sorted(refs), "kinds": sorted(kinds)})
    return [Told(row.id, row.at, row.org, row.kind, tuple(row.refs), row.facts, row.n, row.named) for row in rows]


async def texts_of(db: AsyncSession, hashes: Collection[str]) -> dict[str, bytes]:
    """The bytes behind those hashes that are texts of this market."""
    query = text("SELECT sha256, body FROM text WHERE sha256 = ANY(cast(:hashes as text[]))")
    return {row.sha256: row.body for row in await db.execute(query, {"hashes": sorted(hashes)})}

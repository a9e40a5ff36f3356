"""Every query of transparency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.journal import JournalEntry, JournalPosition
from techmarket.transparency.rules import Node
from techmarket.transparency.tables import CheckpointRow


async def log_id(db: AsyncSession) -> UUID:
    """The log's present identity: the newest one opened."""
    query = text("SELECT log_id FROM journal_log ORDER BY opened_at DESC LIMIT 1")
    return UUID(str((await db.execute(query)).scalar_one()))


async def newest_checkpoint(db: AsyncSession) -> CheckpointRow | None:
    return (await db.execute(select(CheckpointRow).order_by(CheckpointRow.size.desc()).limit(1))).scalar_one_or_none()


async def leaves(db: AsyncSession, start: int, limit: int) -> Sequence[tuple[int, bytes]]:
    query = (
        select(JournalPosition.n, JournalPosition.leaf_hash)
        .where(JournalPosition.n >= start)
        .order_by(JournalPosition.n)
        .limit(limit)
    )
    return [(n, leaf) for n, leaf in (await db.execute(query)).all()]


async def nodes(db: AsyncSession, wanted: Iterable[Node]) -> dict[Node, bytes]:
    """The hashes of these complete subtrees, leaves from the journal and the rest from the tree."""
    wanted = list(wanted)
    upper = [node for node in wanted if node[0] > 0]
    found: dict[Node, bytes] = {}
    if upper:
        query = text(
            "SELECT t.level, t.idx, t.hash FROM tree_node t"
            " JOIN unnest(cast(:levels as int[]), cast(:idxs as bigint[])) AS w(level, idx)"
            " ON t.level = w.level AND t.idx = w.idx"
        )
        rows = await db.execute(query, {"levels": [level for level, _ in upper], "idxs": [idx for _, idx in upper]})
        found |= {(row.level, row.idx): row.hash for row in rows}
    lower = [idx for level, idx in wanted if level == 0]
    if lower:
        rows = await db.execute(
            select(JournalPosition.n, JournalPosition.leaf_hash).where(JournalPosition.n.in_(lower))
        )
        found |= {(0, n): leaf for n, leaf in rows}
    return found


async def keep_nodes(db: AsyncSession, new: Mapping[Node, bytes]) -> None:
    rows = [(level, idx, value) for (level, idx), value in new.items() if level > 0]
    if rows:
        await db.execute(
            text(
                "INSERT INTO tree_node (level, idx, hash) SELECT * FROM"
                " unnest(cast(:levels as int[]), cast(:idxs as bigint[]), cast(:hashes as bytea[]))"
            ),
            {"levels": [r[0] for r in rows], "idxs": [r[1] for r in rows], "hashes": [r[2] for r in rows]},
        )


async def find_entry(db: AsyncSession, entry_id: UUID) -> tuple[JournalEntry, JournalPosition | None] | None:
    query = (
        select(JournalEntry, JournalPosition)
        .outerjoin(JournalPosition, JournalPosition.seq == JournalEntry.seq)
        .where(JournalEntry.id == entry_id)
    )
    row = (await db.execute(query)).one_or_none()
    return (row[0], row[1]) if row else None


async def whole_rows(db: AsyncSession, start: int, limit: int) -> Sequence[tuple[int, bytes, JournalEntry]]:
    """Positions with their leaf and the entry as it stands now."""
    query = (
        select(JournalPosition.n, JournalPosition.leaf_hash, JournalEntry)
        .join(JournalEntry, JournalEntry.seq == JournalPosition.seq)
        .where(JournalPosition.n >= start)
        .order_by(JournalPosition.n)
        .limit(limit)
    )
    return [(n, leaf, entry) for n, leaf, entry in (await db.execute(query)).all()]

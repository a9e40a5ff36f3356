"""Every query of transparency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.journal import JournalEntry, JournalLog, JournalPosition
from techmarket.kernel.refusals import NotFound
from techmarket.transparency.events import LogOpened
from techmarket.transparency.examination import PositionedRow, Signed, Stretch, entry_bytes
from techmarket.transparency.rules import Node
from techmarket.transparency.tables import CheckpointRow, Commitment, Cosignature, PublishedKey

# --- the log and what was signed over it ----------------------------------------------------------------------------


async def log_id(db: AsyncSession) -> UUID:
    """The log's present identity: the newest one opened."""
    query = text("SELECT log_id FROM journal_log ORDER BY opened_at DESC LIMIT 1")
    return UUID(str((await db.execute(query)).scalar_one()))


async def list_logs(db: AsyncSession) -> Sequence[JournalLog]:
    """The present log and those before it, the newest first."""
    return (await db.execute(select(JournalLog).order_by(JournalLog.opened_at.desc()))).scalars().all()


async def opening_entries(db: AsyncSession) -> Sequence[UUID]:
    """The entries that say that another log begins here, the first opened first."""
    query = (
        select(JournalEntry.id).where(JournalEntry.kind == LogOpened.kind).order_by(JournalEntry.at, JournalEntry.id)
    )
    return (await db.execute(query)).scalars().all()


async def newest_checkpoint(db: AsyncSession) -> CheckpointRow | None:
    return (await db.execute(select(CheckpointRow).order_by(CheckpointRow.size.desc()).limit(1))).scalar_one_or_none()


async def checkpoint_of(db: AsyncSession, size: int) -> CheckpointRow | None:
    """The checkpoint of exactly this size, of the newest log that has one."""
    query = select(CheckpointRow).where(CheckpointRow.size == size).limit(1)
    return (await db.execute(query)).scalar_one_or_none()


async def first_checkpoint_over(db: AsyncSession, n: int) -> CheckpointRow | None:
    """The first checkpoint that covers the entry at this position."""
    query = select(CheckpointRow).where(CheckpointRow.size > n).order_by(CheckpointRow.size).limit(1)
    return (await db.execute(query)).scalar_one_or_none()


async def list_checkpoints(
    db: AsyncSession, *, below: int | None, cosigned: bool, limit: int
) -> Sequence[CheckpointRow]:
    query = select(CheckpointRow).order_by(CheckpointRow.size.desc()).limit(limit)
    if below is not None:
        query = query.where(CheckpointRow.size < below)
    if cosigned:
        query = query.where(exists().where(Cosignature.size == CheckpointRow.size))
    return (await db.execute(query)).scalars().all()


async def cosignatures_of(db: AsyncSession, sizes: Iterable[int]) -> dict[int, list[Cosignature]]:
    query = select(Cosignature).where(Cosignature.size.in_(set(sizes))).order_by(Cosignature.witness)
    found: dict[int, list[Cosignature]] = {}
    for row in (await db.execute(query)).scalars():
        found.setdefault(row.size, []).append(row)
    return found


async def newest_cosigned(db: AsyncSession, witness: str | None = None) -> CheckpointRow | None:
    """The largest checkpoint that this witness, or any, has cosigned."""
    query = select(CheckpointRow).join(Cosignature, Cosignature.size == CheckpointRow.size)
    if witness is not None:
        query = query.where(Cosignature.witness == witness)
    return (await db.execute(query.order_by(CheckpointRow.size.desc()).limit(1))).scalar_one_or_none()


async def keep_cosignature(db: AsyncSession, size: int, witness: str, line: str, at: datetime) -> None:
    values = {"size": size, "witness": witness, "line": line, "at": at}
    await db.execute(insert(Cosignature).values(values).on_conflict_do_nothing())


async def published_keys(db: AsyncSession) -> Sequence[PublishedKey]:
    return (await db.execute(select(PublishedKey).order_by(PublishedKey.since, PublishedKey.kid))).scalars().all()


# --- the tree -------------------------------------------------------------------------------------------------------


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


async def tile_hashes(db: AsyncSession, level: int, first: int, width: int) -> list[bytes]:
    """The hashes of `width` complete subtrees side by side, from the one at index `first` on."""
    if level == 0:
        query = "SELECT leaf_hash FROM journal_position WHERE n >= :first AND n < :end ORDER BY n"
    else:
        query = "SELECT hash FROM tree_node WHERE level = :level AND idx >= :first AND idx < :end ORDER BY idx"
    values = {"first": first, "end": first + width} | ({} if level == 0 else {"level": level})
    return list((await db.execute(text(query), values)).scalars())


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


# --- entries --------------------------------------------------------------------------------------------------------


async def find_entry(db: AsyncSession, entry_id: UUID) -> tuple[JournalEntry, JournalPosition | None] | None:
    query = (
        select(JournalEntry, JournalPosition)
        .outerjoin(JournalPosition, JournalPosition.seq == JournalEntry.seq)
        .where(JournalEntry.id == entry_id)
    )
    row = (await db.execute(query)).one_or_none()
    return (row[0], row[1]) if row else None


async def find_entries(
    db: AsyncSession, entry_ids: Iterable[UUID]
) -> Sequence[tuple[JournalEntry, JournalPosition | None]]:
    """These entries with their positions, in the order they were written."""
    query = (
        select(JournalEntry, JournalPosition)
        .outerjoin(JournalPosition, JournalPosition.seq == JournalEntry.seq)
        .where(JournalEntry.id.in_(set(entry_ids)))
        .order_by(JournalEntry.seq)
    )
    return [(row[0], row[1]) for row in await db.execute(query)]


# --- the whole log, for the one who examines it ---------------------------------------------------------------------


# Texts as the database spells them: the examination makes rows of them, whatever was done to an entry. A year before
# the first has the digits of one after it.
ENTRY = (
    "e.id::text AS id, to_char(CASE WHEN e.at >= '0001-01-01 00:00+00' THEN e.at AT TIME ZONE 'UTC' END,"
    " 'YYYY-MM-DD\"T\"HH24:MI:SS.US+00:00') AS at, uuid_send(e.actor) AS actor, e.org::text AS org, e.kind,"
    " e.refs::text AS refs, e.facts::text AS facts, e.salt,"
    # A salt of 32 bytes is made of the standing beside it: beside another standing, or none, it counts for nothing.
    " CASE WHEN octet_length(e.actor_salt) <= 16 AND e.standing IS NULL AND e.standing_salt IS NULL"
    " OR sha256(e.standing_salt || convert_to(e.standing, 'UTF8')) = e.actor_salt"
    " OR e.actor_salt IS NULL AND e.standing IS NULL"
    " THEN e.actor_salt ELSE ''::bytea END AS actor_salt"
)


async def positioned_rows(db: AsyncSession, start: int, end: int) -> list[PositionedRow]:
    """The positions of a stretch with their leaf, and the entry as it stands now or None."""
    query = text(
        f"SELECT p.n, p.leaf_hash, e.seq, {ENTRY} FROM journal_position p LEFT JOIN journal_entry e USING (seq)"
        " WHERE p.n >= :start AND p.n < :end ORDER BY p.n"
    )
    return [
        PositionedRow(n, leaf)
        if seq is None
        else PositionedRow(n, leaf, salt, entry_bytes(id, at, actor, org, kind, refs, facts, actor_salt))
        for n, leaf, seq, id, at, actor, org, kind, refs, facts, salt, actor_salt in await db.execute(
            query, {"start": start, "end": end}
        )
    ]


async def stretch(db: AsyncSession, start: int, end: int) -> Stretch:
    """A stretch of the log as columns: a list for each instead of a row for each, and the tree's levels as bytes.

    What is not as it should be shows by a column that is too short; the slow way then says what.
    """
    rows = text(
        "SELECT array_agg(n), array_agg(leaf_hash), array_agg(id), array_agg(at), array_agg(actor), array_agg(org),"
        " array_agg(kind), array_agg(refs), array_agg(facts), array_agg(salt), array_agg(actor_salt) FROM ("
        f"SELECT p.n, p.leaf_hash, {ENTRY} FROM journal_position p JOIN journal_entry e USING (seq)"
        " WHERE p.n >= :start AND p.n < :end ORDER BY p.n) AS line"
    )
    levels = text(
        "SELECT t.level, string_agg(t.hash, ''::bytea ORDER BY t.idx) AS hashes FROM unnest(cast(:levels as int[]))"
        " AS l(level) JOIN tree_node t ON t.level = l.level AND t.idx >= (cast(:start as bigint) >> l.level)"
        " AND t.idx < (cast(:end as bigint) >> l.level) GROUP BY t.level HAVING bool_and(octet_length(t.hash) = 32)"
    )
    columns = (await db.execute(rows, {"start": start, "end": end})).one()
    n, leaf, id, at, actor, org, kind, refs, facts, salt, actor_salt = (column or [] for column in columns)
    wanted = list(range(1, max(end, 1).bit_length()))
    found = await db.execute(levels, {"levels": wanted, "start": start, "end": end})
    return Stretch(
        start=start,
        end=end,
        n=n,
        leaf=leaf,
        id=id,
        at=at,
        actor=actor,
        org=org,
        kind=kind,
        refs=refs,
        facts=facts,
        salt=salt,
        actor_salt=actor_salt,
        levels={level: bytes(hashes) for level, hashes in found},
        checkpoints=await signed_within(db, start, end),
    )


async def nodes_completed(db: AsyncSession, start: int, end: int) -> dict[Node, bytes]:
    """The stored nodes that the leaves of a stretch complete, leaves left out."""
    levels = range(1, max(end, 1).bit_length())
    query = text(
        "SELECT t.level, t.idx, t.hash FROM unnest(cast(:levels as int[])) AS l(level)"
        " JOIN tree_node t ON t.level = l.level AND t.idx >= (cast(:start as bigint) >> l.level)"
        " AND t.idx < (cast(:end as bigint) >> l.level)"
    )
    rows = await db.execute(query, {"levels": list(levels), "start": start, "end": end})
    return {(level, idx): value for level, idx, value in rows}


async def signed_within(db: AsyncSession, start: int, end: int) -> list[Signed]:
    """The checkpoints over more than `start` and at most `end` entries."""
    query = select(CheckpointRow).where(CheckpointRow.size > start, CheckpointRow.size <= end)
    rows = (await db.execute(query.order_by(CheckpointRow.size))).scalars()
    return [Signed(row.size, row.root, row.note, row.kid) for row in rows]


async def count_never_positioned(db: AsyncSession) -> int:
    """Entries without a position that nobody will give one: written past the trigger, or robbed of their place."""
    query = text(
        "SELECT count(*) FROM journal_entry e WHERE NOT EXISTS (SELECT FROM journal_position p WHERE p.seq = e.seq)"
        " AND NOT EXISTS (SELECT FROM journal_waiting w WHERE w.seq = e.seq)"
    )
    return int((await db.execute(query)).scalar_one())


# --- commitments ----------------------------------------------------------------------------------------------------


async def lock_commitment(db: AsyncSession, commitment_id: UUID) -> Commitment:
    query = select(Commitment).where(Commitment.id == commitment_id).with_for_update()
    row = (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def get_commitment(db: AsyncSession, commitment_id: UUID) -> Commitment:
    row = await db.get(Commitment, commitment_id)
    if row is None:
        raise NotFound()
    return row


async def list_commitments(db: AsyncSession, org_id: UUID, *, before: UUID | None, limit: int) -> Sequence[Commitment]:
    query = select(Commitment).where(Commitment.org_id == org_id).order_by(Commitment.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Commitment.id < before)
    return (await db.execute(query)).scalars().all()

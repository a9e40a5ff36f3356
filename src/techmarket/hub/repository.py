"""Every query of hub."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, insert, literal, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db.session import Tx
from techmarket.hub.tables import ExternalId, ExternalOrganisation, FeedItem, FeedShown, ForeignRelease, ImportJob
from techmarket.hub.telling import JOINED, LEFT, PUBLIC
from techmarket.kernel.refusals import NotFound


async def lock_source(db: AsyncSession, org_id: UUID, source: str) -> None:
    """One batch of a source at a time: the rows to lock may not exist yet, so the name of the source is locked."""
    digest = hashlib.sha256(f"import {org_id} {source}".encode()).digest()
    await db.execute(text("SELECT pg_advisory_xact_lock(:k)"), {"k": int.from_bytes(digest[:8], "big", signed=True)})


async def known_ids(db: AsyncSession, org_id: UUID, source: str, theirs: Iterable[str]) -> dict[str, ExternalId]:
    query = select(ExternalId).where(
        ExternalId.org_id == org_id, ExternalId.source == source, ExternalId.theirs.in_(set(theirs))
    )
    return {row.theirs: row for row in (await db.execute(query)).scalars()}


async def insert_ids(db: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await db.execute(insert(ExternalId), rows)


async def known_organisations(
    db: AsyncSession, org_id: UUID, source: str, theirs: Iterable[str]
) -> dict[str, ExternalOrganisation]:
    query = select(ExternalOrganisation).where(
        ExternalOrganisation.org_id == org_id,
        ExternalOrganisation.source == source,
        ExternalOrganisation.theirs.in_(set(theirs)),
    )
    return {row.theirs: row for row in (await db.execute(query)).scalars()}


async def brought_before(db: AsyncSession, org_id: UUID, organisation_ids: Collection[UUID]) -> UUID | None:
    """The first of these organisations that was imported by this one, from whichever source."""
    query = select(ExternalOrganisation.organisation_id).where(
        ExternalOrganisation.org_id == org_id, ExternalOrganisation.organisation_id.in_(organisation_ids)
    )
    return (await db.execute(query.order_by(ExternalOrganisation.organisation_id).limit(1))).scalar_one_or_none()


async def get_import(db: AsyncSession, import_id: UUID) -> ImportJob:
    row = await db.get(ImportJob, import_id)
    if row is None:
        raise NotFound()
    return row


# --- the change feed --------------------------------------------------------------------------------------------------

FEED = "hub.feed"
"""Where the feed stands in the journal: everything before it has been told."""


class Item(NamedTuple):
    """One change as one reader is told it."""

    n: int
    type: str
    is_public: bool
    id: UUID
    at: datetime
    org: UUID | None
    kind: str
    refs: list[str]
    facts: dict[str, Any]


async def lock_feed(db: AsyncSession) -> int | None:
    """Where the feed stands, for the one who goes on with it; None while another does."""
    await db.execute(
        text("INSERT INTO journal_reader (name, position) VALUES (:name, 0) ON CONFLICT DO NOTHING"), {"name": FEED}
    )
    query = text("SELECT position FROM journal_reader WHERE name = :name FOR UPDATE SKIP LOCKED")
    return (await db.execute(query, {"name": FEED})).scalar_one_or_none()


async def move_feed(db: AsyncSession, position: int) -> None:
    query = text("UPDATE journal_reader SET position = :position WHERE name = :name")
    await db.execute(query, {"position": position, "name": FEED})


async def feed_head(db: AsyncSession) -> int:
    query = text("SELECT position FROM journal_reader WHERE name = :name")
    return int((await db.execute(query, {"name": FEED})).scalar_one_or_none() or 0)


async def feed_head_now(tx: Tx) -> int:
    """At the primary: how far everybody may have read."""
    rows = await tx.look("SELECT position FROM journal_reader WHERE name = $1", FEED)
    return int(rows[0][0]) if rows else 0


async def log_id(db: AsyncSession) -> UUID:
    return UUID(
        str((await db.execute(text("SELECT log_id FROM journal_log ORDER BY opened_at DESC LIMIT 1"))).scalar_one())
    )


async def shown_among(db: AsyncSession, things: Iterable[str]) -> set[str]:
    return set((await db.execute(select(FeedShown.thing).where(FeedShown.thing.in_(set(things))))).scalars())


async def keep_shown(db: AsyncSession, shown: Iterable[str], hidden: Iterable[str]) -> None:
    if fresh := [{"thing": thing} for thing in shown]:
        await db.execute(upsert(FeedShown).on_conflict_do_nothing(), fresh)
    if gone := list(hidden):
        await db.execute(delete(FeedShown).where(FeedShown.thing.in_(gone)))


async def insert_items(db: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await db.execute(insert(FeedItem), rows)


_BRANCH = (
    "(SELECT f.n, f.type, f.audience FROM feed_item f WHERE f.audience = :{audience} AND f.n {side} :at"
    " AND f.n < :head{of_node} AND (cast(:types as text[]) IS NULL OR f.type = ANY(cast(:types as text[]))){more}"
    " ORDER BY f.n {order} LIMIT :limit)"
)
_EVERYTHING = (
    "(SELECT p.n, e.kind AS type, cast(:own as uuid) AS audience"
    " FROM journal_position p JOIN journal_entry e USING (seq) WHERE p.n {side} :at AND p.n < :head"
    " AND (cast(:types as text[]) IS NULL OR e.kind = ANY(cast(:types as text[])))"
    " ORDER BY p.n {order} LIMIT :limit)"
)


async def list_items(
    db: AsyncSession,
    *,
    own: UUID | None,
    sees_all: bool,
    unread: Sequence[str],
    types: Sequence[str] | None,
    at: int,
    head: int,
    is_backwards: bool,
    limit: int,
    node: UUID | None = None,
) -> list[Item]:
    """The next items of a reader beyond `at`: what everyone is told, and what his organisation is told beside it; with
    a node, of its listings alone, and to the market's staff too no more than everyone is told.

    Each branch stops at the limit by its own index, so that a page costs the same wherever it lies. An entry that both
    are told comes once, as the organisation is told it.
    """
    words = {"side": "<" if is_backwards else ">", "order": "DESC" if is_backwards else "ASC"}
    words["of_node"] = " AND f.node_id = :node" if node is not None else ""
    sees_all = sees_all and node is None
    branches = (
        [_BRANCH.format(audience="everyone", more="", **words)] if not sees_all else [_EVERYTHING.format(**words)]
    )
    if node is not None:
        branches += [_BRANCH.format(audience=name, more="", **words) for name in ("left", "joined")]
    if own is not None and not sees_all:
        branches.append(_BRANCH.format(audience="own", more=" AND f.type <> ALL(cast(:unread as text[]))", **words))
    query = (
        f"SELECT t.n, t.type, t.audience = ANY(:open) AS is_public, e.id, e.at, e.org, e.kind, e.refs, e.facts FROM ("
        f"SELECT DISTINCT ON (n) n, type, audience FROM ({' UNION ALL '.join(branches)}) u ORDER BY n, audience DESC) t"
        f" JOIN journal_position p ON p.n = t.n JOIN journal_entry e ON e.seq = p.seq"
        f" ORDER BY t.n {words['order']} LIMIT :limit"
    )
    bound: dict[str, Any] = {"types": types, "at": at, "head": head, "limit": limit, "open": [PUBLIC, LEFT, JOINED]}
    if not sees_all:
        bound["everyone"] = PUBLIC
    if node is not None:
        bound |= {"node": node, "left": LEFT, "joined": JOINED}
    if own is not None:
        bound["own"] = own
        if not sees_all:
            bound["unread"] = list(unread)
    rows = await db.execute(text(query).columns(refs=JSONB, facts=JSONB), bound)
    return [Item(**row._mapping) for row in rows]


# --- open data from elsewhere -----------------------------------------------------------------------------------------


async def insert_release(db: AsyncSession, row: dict[str, Any]) -> bool:
    """Keep a release; False when one of its name is there already."""
    statement = upsert(ForeignRelease).on_conflict_do_nothing().returning(ForeignRelease.release_id)
    return (await db.execute(statement.values(**row))).first() is not None


async def holds_release(db: AsyncSession, row: dict[str, Any]) -> bool:
    """Whether the release is there with this very content; no body comes out of the database for that."""
    same = [getattr(ForeignRelease, name) == value for name, value in row.items()]
    return (await db.execute(select(literal(1)).where(*same))).first() is not None


async def sizes_of(db: AsyncSession, org_id: UUID, ocids: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Of each process, how many releases an organisation has, and their bytes."""
    size = func.sum(func.octet_length(ForeignRelease.body))
    query = select(ForeignRelease.ocid, func.count(), size).group_by(ForeignRelease.ocid)
    rows = await db.execute(query.where(ForeignRelease.org_id == org_id, ForeignRelease.ocid.in_(set(ocids))))
    return {ocid: (count, size) for ocid, count, size in rows}


async def releases_of(db: AsyncSession, org_id: UUID | None, ocid: str) -> Sequence[bytes]:
    query = select(ForeignRelease.body).where(ForeignRelease.org_id == org_id, ForeignRelease.ocid == ocid)
    return (await db.execute(query.order_by(ForeignRelease.release_id))).scalars().all()


async def audiences_of(db: AsyncSession, positions: Collection[int]) -> dict[int, list[UUID]]:
    query = select(FeedItem.n, FeedItem.audience).where(
        FeedItem.n.in_(set(positions)), FeedItem.audience.not_in((PUBLIC, LEFT, JOINED))
    )
    found: dict[int, list[UUID]] = {}
    for row in await db.execute(query.order_by(FeedItem.n, FeedItem.audience)):
        found.setdefault(row.n, []).append(row.audience)
    return found

"""Every query about nodes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy import func as sql
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.hub.tables import FeeShare, Node, NodeRegion
from techmarket.kernel.refusals import NotFound


async def put_node(db: AsyncSession, *, org_id: UUID, code: str, by: UUID) -> bool:
    """A node, or one that had ended, which is one again; False when the code is another's or it is a node already.

    Lock the name of the code first. The code of a node that has ended stays its own: statements name it.
    """
    others = select(Node.org_id).where(Node.code == code, Node.org_id != org_id)
    if (await db.execute(others)).first() is not None:
        return False
    new = upsert(Node).values(org_id=org_id, code=code, by=by)
    again = {"code": code, "by": by, "created_at": sql.market_now(), "ended_at": None}
    query = new.on_conflict_do_update(index_elements=[Node.org_id], set_=again, where=Node.ended_at.is_not(None))
    return (await db.execute(query.returning(Node.org_id))).first() is not None


async def get_node(db: AsyncSession, node_id: UUID) -> Node:
    row = await db.get(Node, node_id)
    if row is None:
        raise NotFound()
    return row


async def lock_node(db: AsyncSession, node_id: UUID) -> Node:
    row = (await db.execute(select(Node).where(Node.org_id == node_id).with_for_update())).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def end_node(db: AsyncSession, node: Node) -> None:
    await db.execute(delete(NodeRegion).where(NodeRegion.node_id == node.org_id))
    await db.execute(update(Node).where(Node.org_id == node.org_id).values(ended_at=sql.market_now()))
    await db.refresh(node)


async def list_nodes(db: AsyncSession) -> Sequence[Node]:
    return (await db.execute(select(Node).order_by(Node.code))).scalars().all()


async def regions_of(db: AsyncSession, node_ids: Iterable[UUID]) -> dict[UUID, tuple[str, ...]]:
    query = select(NodeRegion).where(NodeRegion.node_id.in_(set(node_ids))).order_by(NodeRegion.region)
    found: dict[UUID, list[str]] = {}
    for row in (await db.execute(query)).scalars():
        found.setdefault(row.node_id, []).append(row.region)
    return {id: tuple(regions) for id, regions in found.items()}


async def replace_regions(db: AsyncSession, node_id: UUID, regions: Sequence[str]) -> str | None:
    """Set the regions of a node; returns one that another node looks after, if any."""
    await db.execute(delete(NodeRegion).where(NodeRegion.node_id == node_id, NodeRegion.region.not_in(regions)))
    rows = [{"region": region, "node_id": node_id} for region in sorted(regions)]
    if rows:
        await db.execute(upsert(NodeRegion).on_conflict_do_nothing(), rows)
    taken = select(NodeRegion.region).where(NodeRegion.region.in_(regions), NodeRegion.node_id != node_id)
    return (await db.execute(taken.limit(1))).scalar_one_or_none()


async def nodes_of_regions(db: AsyncSession, regions: Collection[str]) -> dict[str, UUID]:
    rows = await db.execute(select(NodeRegion).where(NodeRegion.region.in_(regions)))
    return {row.region: row.node_id for row in rows.scalars()}


# --- shares of fees ---------------------------------------------------------------------------------------------------


async def shares_of_due(db: AsyncSession, due_id: UUID) -> Sequence[FeeShare]:
    query = select(FeeShare).where(FeeShare.due_id == due_id).order_by(FeeShare.side)
    return (await db.execute(query)).scalars().all()


async def mark_returned(db: AsyncSession, due_id: UUID) -> None:
    query = update(FeeShare).where(FeeShare.due_id == due_id).values(returned_at=sql.market_now())
    await db.execute(query)


async def list_shares(db: AsyncSession, node_id: UUID, *, before: UUID | None, limit: int) -> Sequence[FeeShare]:
    query = select(FeeShare).where(FeeShare.node_id == node_id).order_by(FeeShare.id.desc()).limit(limit)
    if before is not None:
        query = query.where(FeeShare.id < before)
    return (await db.execute(query)).scalars().all()

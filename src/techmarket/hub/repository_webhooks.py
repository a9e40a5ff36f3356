"""Every query of webhooks. Times are real ones: a receiver is not moved by the clock of a sandbox."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.hub.tables import Webhook, WebhookAttempt, WebhookDelivery, WebhookSecret
from techmarket.hub.webhooks import DeliveryState, WebhookState
from techmarket.identity.actor import OrgKind
from techmarket.kernel.refusals import NotFound


async def now(db: AsyncSession) -> datetime:
    moment: datetime = (await db.execute(text("SELECT clock_timestamp()"))).scalar_one()
    return moment


async def lock_webhook(db: AsyncSession, webhook_id: UUID, org_id: UUID | None) -> Webhook:
    """The subscription of this organisation, held; another's is not found, after the same query."""
    query = select(Webhook).where(Webhook.id == webhook_id, Webhook.org_id == org_id).with_for_update(key_share=True)
    row = (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def lock_of_delivery(db: AsyncSession, delivery_id: UUID) -> Webhook:
    """The subscription of a message, held before the message itself, as everyone does."""
    query = select(Webhook).join(WebhookDelivery, WebhookDelivery.webhook_id == Webhook.id)
    query = query.where(WebhookDelivery.id == delivery_id).with_for_update(of=Webhook, key_share=True)
    return (await db.execute(query.execution_options(populate_existing=True))).scalar_one()


async def get_webhook(db: AsyncSession, webhook_id: UUID, org_id: UUID | None) -> Webhook:
    query = select(Webhook).where(Webhook.id == webhook_id, Webhook.org_id == org_id)
    row = (await db.execute(query)).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def lock_organisation(db: AsyncSession, org_id: UUID) -> None:
    """One at a time adds a subscription of an organisation, so that their number is right."""
    await db.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"webhooks of {org_id}"}
    )


async def count_live(db: AsyncSession, org_id: UUID) -> int:
    query = select(func.count()).where(Webhook.org_id == org_id, Webhook.state != WebhookState.ENDED)
    return int((await db.execute(query)).scalar_one())


async def list_webhooks(db: AsyncSession, org_id: UUID | None) -> Sequence[Webhook]:
    query = select(Webhook).where(Webhook.org_id == org_id, Webhook.state != WebhookState.ENDED).order_by(Webhook.id)
    return (await db.execute(query)).scalars().all()


async def waiting_of(db: AsyncSession, webhook_ids: Collection[UUID]) -> dict[UUID, int]:
    query = (
        select(WebhookDelivery.webhook_id, func.count())
        .where(WebhookDelivery.webhook_id.in_(webhook_ids), WebhookDelivery.state == DeliveryState.PENDING)
        .group_by(WebhookDelivery.webhook_id)
    )
    return {row[0]: row[1] for row in await db.execute(query)}


async def valid_secrets(db: AsyncSession, webhook_id: UUID) -> Sequence[WebhookSecret]:
    """The secrets a message is signed with now, the newest first."""
    query = select(WebhookSecret).where(
        WebhookSecret.webhook_id == webhook_id,
        or_(WebhookSecret.ends_at.is_(None), WebhookSecret.ends_at > func.clock_timestamp()),
    )
    return (await db.execute(query.order_by(WebhookSecret.id.desc()))).scalars().all()


# --- messages ---------------------------------------------------------------------------------------------------------


async def lock_behind(db: AsyncSession, head: int) -> tuple[Webhook, str] | None:
    """A subscription whose messages are not written up to the head of the feed, and the kind of its organisation."""
    query = text(
        "SELECT w.id, o.kind FROM webhook w JOIN organisation o ON o.id = w.org_id"
        " WHERE w.state = 'ACTIVE' AND o.state <> 'SUSPENDED' AND w.position < :head"
        " ORDER BY w.position LIMIT 1 FOR UPDATE OF w SKIP LOCKED"
    )
    row = (await db.execute(query, {"head": head})).one_or_none()
    if row is None:
        return None
    return await db.get_one(Webhook, row.id, populate_existing=True), row.kind


async def insert_deliveries(db: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await db.execute(insert(WebhookDelivery).on_conflict_do_nothing(), rows)


async def claim_due(db: AsyncSession, now: datetime, *, limit: int, each: int) -> list[WebhookDelivery]:
    """Messages whose time has come, a few of each subscription, so that one slow receiver holds up nobody else."""
    query = text(
        "SELECT d.id FROM webhook_delivery d JOIN ("
        "  SELECT id, row_number() OVER (PARTITION BY webhook_id ORDER BY next_at, id) AS place"
        "  FROM webhook_delivery WHERE state = 'PENDING' AND next_at <= :now"
        "  AND webhook_id IN (SELECT w.id FROM webhook w JOIN organisation o ON o.id = w.org_id"
        "                     WHERE w.state = 'ACTIVE' AND o.state <> 'SUSPENDED')"
        ") t ON t.id = d.id WHERE t.place <= :each AND d.state = 'PENDING' AND d.next_at <= :now"
        " ORDER BY d.next_at, d.id LIMIT :limit FOR UPDATE OF d SKIP LOCKED"
    )
    ids = list((await db.execute(query, {"now": now, "each": each, "limit": limit})).scalars())
    rows = select(WebhookDelivery).where(WebhookDelivery.id.in_(ids)).order_by(WebhookDelivery.id)
    return list((await db.execute(rows.execution_options(populate_existing=True))).scalars())


async def webhooks_by_id(db: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Webhook]:
    rows = (await db.execute(select(Webhook).where(Webhook.id.in_(ids)))).scalars()
    return {row.id: row for row in rows}


async def lock_delivery(db: AsyncSession, delivery_id: UUID) -> WebhookDelivery | None:
    query = select(WebhookDelivery).where(WebhookDelivery.id == delivery_id).with_for_update()
    return (await db.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()


async def get_delivery(db: AsyncSession, delivery_id: UUID, org_id: UUID | None) -> WebhookDelivery:
    query = select(WebhookDelivery).join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
    row = (
        await db.execute(query.where(WebhookDelivery.id == delivery_id, Webhook.org_id == org_id))
    ).scalar_one_or_none()
    if row is None:
        raise NotFound()
    return row


async def list_deliveries(
    db: AsyncSession, webhook_id: UUID, state: DeliveryState | None, before: UUID | None, limit: int
) -> Sequence[WebhookDelivery]:
    query = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
    if state is not None:
        query = query.where(WebhookDelivery.state == state)
    if before is not None:
        query = query.where(WebhookDelivery.id < before)
    return (await db.execute(query.order_by(WebhookDelivery.id.desc()).limit(limit))).scalars().all()


async def attempts_of(db: AsyncSession, delivery_id: UUID) -> Sequence[WebhookAttempt]:
    query = select(WebhookAttempt).where(WebhookAttempt.delivery_id == delivery_id).order_by(WebhookAttempt.id)
    return (await db.execute(query)).scalars().all()


async def replay_span(db: AsyncSession, webhook_id: UUID, since: datetime, until: datetime, now: datetime) -> int:
    """Every message of a span waits again, whatever became of it; returns how many."""
    query = (
        update(WebhookDelivery)
        .where(
            WebhookDelivery.webhook_id == webhook_id,
            WebhookDelivery.created_at >= since,
            WebhookDelivery.created_at < until,
            WebhookDelivery.n.is_not(None),
        )
        .values(state=DeliveryState.PENDING, attempts=0, next_at=now)
        .returning(WebhookDelivery.id)
    )
    done = await db.execute(query.execution_options(synchronize_session=False))
    return len(done.all())


def is_market(kind: str) -> bool:
    return kind == OrgKind.MARKET


async def forget_deliveries(db: AsyncSession, kept: timedelta, limit: int) -> int:
    """Messages that are done, and were written so long ago, with their attempts; returns how many messages went.

    What waits is kept however old it is. A forgotten message is not written again: its subscription's place in the feed
    lies behind it.
    """
    old = text(
        "WITH old AS (SELECT id FROM webhook_delivery WHERE state <> 'PENDING'"
        " AND created_at < clock_timestamp() - cast(:kept as interval)"
        " ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED),"  # an id begins with its time: the oldest come first
        " tried AS (DELETE FROM webhook_attempt a USING old WHERE a.delivery_id = old.id RETURNING a.id)"
        " SELECT array_agg(id), (SELECT count(*) FROM tried) FROM old"
    )
    ids = (await db.execute(old, {"kept": kept, "limit": limit})).one()[0]
    if not ids:
        return 0
    await db.execute(text("DELETE FROM webhook_delivery WHERE id = ANY(:ids)"), {"ids": ids})
    return len(ids)

"""Every query of webhooks. Times are real ones: a receiver is not moved by the clock of a sandbox."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Room:
    """How many calls there is room for: in all, to receivers that failed last, to one receiver, of one organisation."""

    limit: int
    failing: int
    each: int
    org_each: int
    busy: Mapping[UUID, int]
    """Calls that are under way now, by receiver and by organisation."""


async def claim_due(db: AsyncSession, now: datetime, room: Room) -> list[WebhookDelivery]:
    """Messages whose time has come, in turn among organisations: none waits behind another's slow receivers, and a
    receiver that failed last is tried by one call at a time."""
    query = text(
        "WITH subscribed AS MATERIALIZED (SELECT w.id, w.org_id, w.failing_since IS NOT NULL AS failing"
        "  FROM webhook w JOIN organisation o ON o.id = w.org_id WHERE w.state = 'ACTIVE' AND o.state <> 'SUSPENDED'),"
        " due AS (SELECT m.id, m.next_at, w.org_id, w.failing,"
        "  row_number() OVER (PARTITION BY w.id ORDER BY m.next_at, m.id) AS place"
        "  FROM subscribed w CROSS JOIN LATERAL ("
        "   SELECT id, next_at FROM webhook_delivery"
        "   WHERE webhook_id = w.id AND state = 'PENDING' AND next_at <= :now ORDER BY next_at, id LIMIT greatest(0,"
        "    CASE WHEN w.failing THEN 1 ELSE :each END - coalesce(cast(cast(:busy AS jsonb) ->> w.id::text AS int), 0))"
        "  ) m),"
        " in_turn AS (SELECT id, next_at, failing, coalesce(cast(cast(:busy AS jsonb) ->> org_id::text AS int), 0)"
        "  + row_number() OVER (PARTITION BY org_id ORDER BY place, next_at, id) AS place FROM due),"
        " fitting AS (SELECT id, place, failing,"
        "  row_number() OVER (PARTITION BY failing ORDER BY place, next_at, id) AS nth FROM in_turn"
        "  WHERE place <= :org_each)"
        " SELECT d.id FROM webhook_delivery d JOIN fitting f ON f.id = d.id"
        " WHERE (NOT f.failing OR f.nth <= :failing) AND d.state = 'PENDING' AND d.next_at <= :now"
        " ORDER BY f.place, d.next_at, d.id LIMIT :limit FOR UPDATE OF d SKIP LOCKED"
    )
    bound = {"limit": room.limit, "failing": room.failing, "each": room.each, "org_each": room.org_each, "now": now}
    busy = json.dumps({str(id): count for id, count in room.busy.items()})
    ids = list((await db.execute(query, {**bound, "busy": busy})).scalars())
    rows = select(WebhookDelivery).where(WebhookDelivery.id.in_(ids)).order_by(WebhookDelivery.id)
    return list((await db.execute(rows.execution_options(populate_existing=True))).scalars())


async def count_waiting(db: AsyncSession, webhook_id: UUID, type: str) -> int:
    query = select(func.count()).where(
        WebhookDelivery.webhook_id == webhook_id,
        WebhookDelivery.state == DeliveryState.PENDING,
        WebhookDelivery.type == type,
    )
    return int((await db.execute(query)).scalar_one())


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

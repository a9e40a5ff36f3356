"""What an organisation does with its webhooks: add, change, rotate, try, replay, look at what became of messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.hub import errors, policy, repository, webhooks
from techmarket.hub import repository_webhooks as stored
from techmarket.hub.events import WebhookAdded, WebhookChanged
from techmarket.hub.service.following import check_types
from techmarket.hub.tables import Webhook, WebhookAttempt, WebhookDelivery, WebhookSecret
from techmarket.hub.views import AttemptView, DeliveryView, WebhookView
from techmarket.hub.webhooks import DELIVERY, PING, WEBHOOK, DeliveryState, WebhookState
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.addresses import read_url
from techmarket.kernel.ids import new_id
from techmarket.kernel.paging import Page, last_id, page_of

PINGS_WAITING_MAX = 5
REPLAY_DAYS_MAX = 31


async def add_webhook(
    tx: Tx, keys: Keys, actor: Actor, *, url: str, types: Sequence[str], may_reach_inside: bool = False
) -> WebhookView:
    """Subscribe to changes from now on. The secret is shown this once."""
    require(actor, policy.ADD_WEBHOOK)
    _check(url, types, may_reach_inside)
    async with tx.begin() as db:
        await stored.lock_organisation(db, actor.org)
        if await stored.count_live(db, actor.org) >= webhooks.MAX_EACH:
            raise errors.WebhooksTooMany(webhooks_max=webhooks.MAX_EACH)
        row = Webhook(
            id=new_id(),
            org_id=actor.org,
            by=actor.person,
            url=url,
            types=sorted(set(types)),
            position=await repository.feed_head(db),
        )
        db.add(row)
        await db.flush()
        secret = await _put_secret(db, keys, row)
        journal.record(db, WebhookAdded(row.id, row.org_id), actor=actor)
        await db.flush()
        await db.refresh(row)
        return _view(row, 0, secret=secret)


async def change_webhook(
    tx: Tx,
    actor: Actor,
    webhook_id: UUID,
    *,
    url: str | None = None,
    types: Sequence[str] | None = None,
    may_reach_inside: bool = False,
) -> WebhookView:
    """Send elsewhere, or something else, from now on."""
    async with tx.begin() as db:
        row = await _lock(db, actor, webhook_id)
        _check(row.url if url is None else url, row.types if types is None else types, may_reach_inside)
        row.url = row.url if url is None else url
        row.types = row.types if types is None else sorted(set(types))
        return await _changed(db, actor, row, "terms")


async def enable_webhook(tx: Tx, actor: Actor, webhook_id: UUID) -> WebhookView:
    """Send again: what waited meanwhile, and everything since."""
    async with tx.begin() as db:
        row = await _lock(db, actor, webhook_id)
        row.state = WEBHOOK.move(row.state, "enable")
        row.failing_since = row.disabled_because = None
        return await _changed(db, actor, row, "enabled")


async def end_webhook(tx: Tx, actor: Actor, webhook_id: UUID) -> None:
    """Send nothing there any more."""
    async with tx.begin() as db:
        row = await _lock(db, actor, webhook_id)
        row.state = WEBHOOK.move(row.state, "end")
        await _changed(db, actor, row, "ended")


async def rotate_secret(
    tx: Tx, keys: Keys, actor: Actor, webhook_id: UUID, *, overlap: timedelta = webhooks.OVERLAP_DEFAULT
) -> WebhookView:
    """Another secret, shown this once. For the time of the overlap messages are signed with both, and with no third."""
    async with tx.begin() as db:
        row = await _lock(db, actor, webhook_id)
        now = await stored.now(db)
        until = now + overlap
        for n, old in enumerate(await stored.valid_secrets(db, row.id)):
            ends = until if n == 0 else now
            old.ends_at = ends if old.ends_at is None else min(old.ends_at, ends)
        secret = await _put_secret(db, keys, row)
        view = await _changed(db, actor, row, "secret")
        return _view(row, view.waiting, secret=secret, old_secret_until=until)


async def ping_webhook(tx: Tx, actor: Actor, webhook_id: UUID) -> DeliveryView:
    """Send a message that says nothing, to see whether it arrives; by the same way as every other."""
    async with tx.begin() as db:
        row = await _lock(db, actor, webhook_id)
        if await stored.count_waiting(db, row.id, PING) >= PINGS_WAITING_MAX:
            raise errors.PingsWaiting(pings_max=PINGS_WAITING_MAX)
        now, id = await stored.now(db), new_id()
        made = WebhookDelivery(
            id=id,
            webhook_id=row.id,
            message_id=webhooks.message_id(id),
            type=PING,
            body=webhooks.body_of(type=PING, at=now, data={"webhook_id": str(row.id)}),
            next_at=now,
        )
        db.add(made)
        await db.flush()
        await db.refresh(made)
        return _delivery(made)


async def replay_delivery(tx: Tx, actor: Actor, delivery_id: UUID) -> DeliveryView:
    """Send one message again, under the id it had."""
    async with tx.begin() as db:
        found = await stored.get_delivery(db, delivery_id, actor.org_id)
        await _lock(db, actor, found.webhook_id)
        made = await stored.lock_delivery(db, delivery_id)
        assert made is not None
        made.state, made.attempts, made.next_at = DELIVERY.move(made.state, "replay"), 0, await stored.now(db)
        await db.flush()
        return _delivery(made)


async def replay_span(tx: Tx, actor: Actor, webhook_id: UUID, *, since: datetime, until: datetime) -> int:
    """Send every message again that was written in a span of time, each under the id it had; returns how many."""
    if not since < until or until - since > timedelta(days=REPLAY_DAYS_MAX):
        raise errors.ReplayTooLong(days_max=REPLAY_DAYS_MAX, pointer="/body/since")
    async with tx.begin() as db:
        row = await _lock(db, actor, webhook_id)
        return await stored.replay_span(db, row.id, since, until, await stored.now(db))


async def list_webhooks(tx: Tx, actor: Actor) -> list[WebhookView]:
    async with tx.read() as db:
        require(actor, policy.SEE_WEBHOOKS, parties=[actor.org_id])
        rows = await stored.list_webhooks(db, actor.org_id)
        waiting = await stored.waiting_of(db, [row.id for row in rows])
        return [_view(row, waiting.get(row.id, 0)) for row in rows]


async def get_webhook(tx: Tx, actor: Actor, webhook_id: UUID) -> WebhookView:
    async with tx.read() as db:
        row = await stored.get_webhook(db, webhook_id, actor.org_id)
        require(actor, policy.SEE_WEBHOOKS, parties=[row.org_id])
        return _view(row, (await stored.waiting_of(db, [row.id])).get(row.id, 0))


async def list_deliveries(
    tx: Tx, actor: Actor, webhook_id: UUID, *, state: DeliveryState | None = None, cursor: str | None, limit: int
) -> Page[DeliveryView]:
    """What became of every message, the newest first."""
    before = last_id(cursor)
    async with tx.read() as db:
        row = await stored.get_webhook(db, webhook_id, actor.org_id)
        require(actor, policy.SEE_WEBHOOKS, parties=[row.org_id])
        rows = await stored.list_deliveries(db, row.id, state, before, limit + 1)
        return page_of(rows, limit, lambda one: (str(one.id),)).map(_delivery)


async def get_delivery(tx: Tx, actor: Actor, delivery_id: UUID) -> DeliveryView:
    """One message with its body and every attempt."""
    async with tx.read() as db:
        row = await stored.get_delivery(db, delivery_id, actor.org_id)
        require(actor, policy.SEE_WEBHOOKS, parties=[actor.org_id])
        return _delivery(row, log=[_attempt(one) for one in await stored.attempts_of(db, row.id)])


# --- inside -----------------------------------------------------------------------------------------------------------


def _check(url: str, types: Sequence[str], may_reach_inside: bool) -> None:
    if read_url(url, may_be_plain=may_reach_inside) is None:
        raise errors.UrlNotAllowed(pointer="/body/url")
    check_types(types, pointer="/body/types")


async def _lock(db: AsyncSession, actor: Actor, webhook_id: UUID) -> Webhook:
    row = await stored.lock_webhook(db, webhook_id, actor.org_id)
    require(actor, policy.CHANGE_WEBHOOK, parties=[row.org_id])
    return row


async def _changed(db: AsyncSession, actor: Actor, row: Webhook, what: str) -> WebhookView:
    journal.record(db, WebhookChanged(row.id, row.org_id, what), actor=actor)
    await db.flush()
    return _view(row, (await stored.waiting_of(db, [row.id])).get(row.id, 0))


async def _put_secret(db: AsyncSession, keys: Keys, row: Webhook) -> str:
    secret = webhooks.new_secret()
    db.add(WebhookSecret(id=new_id(), webhook_id=row.id, wrapped=keys.wrap(secret, about=row.id.bytes)))
    await db.flush()
    return webhooks.spelled(secret)


def _view(
    row: Webhook, waiting: int, *, secret: str | None = None, old_secret_until: datetime | None = None
) -> WebhookView:
    return WebhookView(
        row.id,
        row.org_id,
        row.url,
        tuple(row.types),
        WebhookState(row.state),
        row.failing_since,
        row.disabled_because,
        row.created_at,
        waiting,
        secret,
        old_secret_until,
    )


def _delivery(row: WebhookDelivery, log: Sequence[AttemptView] | None = None) -> DeliveryView:
    return DeliveryView(
        row.id,
        row.webhook_id,
        row.message_id,
        row.type,
        DeliveryState(row.state),
        row.attempts,
        row.next_at if row.state is DeliveryState.PENDING else None,
        row.created_at,
        row.delivered_at,
        None if log is None else row.body.decode(),
        tuple(log or ()),
    )


def _attempt(row: WebhookAttempt) -> AttemptView:
    answer = None if row.answer is None else row.answer.decode("utf-8", "replace").replace("\x00", "\ufffd")
    return AttemptView(row.at, row.status, row.error, row.milliseconds, answer)

"""The jobs of webhooks: write down what is to be sent, take what is due, call with no transaction open, note what came.

An attempt is written before its call. If the worker dies in between, the message is due again when its lease is over,
and goes out a second time under the same id: a receiver may see it twice and tells it by the id; none is lost.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal, marks, tracing
from techmarket.db.calling import Receipt
from techmarket.db.keys import Keys
from techmarket.db.means import OutsideCaller
from techmarket.db.session import Tx
from techmarket.hub import repository, webhooks
from techmarket.hub import repository_webhooks as stored
from techmarket.hub.events import WebhookDisabled
from techmarket.hub.service.following import change_of, items_for
from techmarket.hub.tables import Webhook, WebhookAttempt
from techmarket.hub.views import ChangeView
from techmarket.hub.webhooks import LEASE, WEBHOOK, DeliveryState
from techmarket.identity.actor import Role
from techmarket.kernel.ids import new_id

WRITE_BATCH = 200
AT_ONCE = 64
EACH_AT_ONCE = 8
ORG_AT_ONCE = 8
FAILING_AT_ONCE = AT_ONCE // 2
TURN_SECONDS = 20.0
CLOSING_SECONDS = 15.0
"""As long as a call may last: by then those that were made before a turn began to close have ended."""
LOOK_SECONDS = 0.5
GATHER_SECONDS = 0.02
ANSWER_KEPT = 1_024
PRUNE_BATCH = 1_000
PROGRAM = frozenset({Role.ADMINISTRATOR, Role.LISTING_OFFICER, Role.TRADER})
"""A subscription is told of everything that concerns its organisation: its administrator answers for where it goes."""


@dataclass(frozen=True, slots=True)
class Order:
    """One call that is written down and not made yet."""

    attempt_id: UUID
    delivery_id: UUID
    url: str
    body: bytes
    headers: dict[str, str]
    webhook_id: UUID
    org_id: UUID
    is_failing: bool
    mark: str | None = None
    """Of the act that the message tells of, where that is followed."""


async def write_messages(tx: Tx) -> int:
    """Write the next messages of one subscription that is behind; messages and its place in the feed are one commit."""
    async with tx.begin() as db:
        head = await repository.feed_head(db)
        found = await stored.lock_behind(db, head)
        if found is None:
            return 0
        webhook, kind = found
        log = await repository.log_id(db)
        items = await items_for(
            db,
            org=webhook.org_id,
            is_market=stored.is_market(kind),
            roles=PROGRAM,
            types=webhook.types,
            at=webhook.position - 1,
            head=head,
            limit=WRITE_BATCH,
        )
        now = await stored.now(db)
        changes = [(item.n, change_of(item, log)) for item in items]
        followed = await marks.at_positions(db, [n for n, _ in changes])
        with tracing.going_on("job hub.write_messages", list(followed.values())):
            await stored.insert_deliveries(db, [_row(webhook, n, change, now) for n, change in changes])
        webhook.position = items[-1].n + 1 if len(items) == WRITE_BATCH else head
        return len(items) or 1


def _row(webhook: Webhook, n: int, change: ChangeView, now: datetime) -> dict[str, object]:
    data = {"id": str(change.id), "refs": list(change.refs), "facts": change.facts, "cursor": change.cursor}
    return {
        "id": new_id(),
        "webhook_id": webhook.id,
        "n": n,
        "message_id": webhooks.message_id(change.id),
        "type": change.type,
        "body": webhooks.body_of(type=change.type, at=change.at, data=data),
        "state": DeliveryState.PENDING,
        "attempts": 0,
        "next_at": now,
    }


async def send_due(
    tx: Tx, keys: Keys, caller: OutsideCaller, *, now: datetime | None = None, seconds: float = TURN_SECONDS
) -> int:
    """Call for what is due, many at once; returns how many calls were made. `now` is for tests of the schedule.

    As calls end others are made, and what becomes due meanwhile is not kept waiting for the slowest, until nothing is
    due and nothing under way. When the seconds are over, only those of whom nothing is under way get a call more, so
    that the end waits for nobody slow.
    """
    clock, made = asyncio.get_running_loop().time, 0
    ends = clock() + seconds
    calls: dict[asyncio.Task[None], Order] = {}
    try:
        while True:
            room = _room(list(calls.values()), is_closing=made > 0 and clock() >= ends)
            orders = await _take(tx, keys, now, room) if room.limit else []
            made += len(orders)
            calls |= {asyncio.create_task(_send(tx, caller, order, now)): order for order in orders}
            if not calls:
                return made
            await asyncio.wait(calls, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(GATHER_SECONDS)  # others end at about the same time: one look for them all
            _let_go(calls)
            if clock() >= ends + CLOSING_SECONDS:
                break
        await asyncio.gather(*calls)
        return made
    except asyncio.CancelledError:
        for call in calls:
            call.cancel()
        raise
    finally:
        await asyncio.gather(*calls, return_exceptions=True)


def _let_go(calls: dict[asyncio.Task[None], Order]) -> None:
    for call in [one for one in calls if one.done()]:
        del calls[call]
        call.result()


def _room(under_way: Sequence[Order], *, is_closing: bool) -> stored.Room:
    busy = Counter([one.webhook_id for one in under_way]) + Counter([one.org_id for one in under_way])
    failing = FAILING_AT_ONCE - sum(one.is_failing for one in under_way)
    limit = AT_ONCE - len(under_way)
    if is_closing:
        return stored.Room(limit, failing=0, each=1, org_each=1, busy=busy)
    return stored.Room(limit, failing, EACH_AT_ONCE, ORG_AT_ONCE, busy)


async def _take(tx: Tx, keys: Keys, now: datetime | None, room: stored.Room) -> list[Order]:
    """The intent: each message taken is leased, and its attempt stands in the log before the call is made."""
    async with tx.begin() as db:
        at = now or await stored.now(db)
        due = await stored.claim_due(db, at, room)
        owners = await stored.webhooks_by_id(db, {one.webhook_id for one in due})
        secrets = {id: await _secrets(db, keys, id) for id in owners}
        followed = await marks.at_positions(db, [one.n for one in due if one.n is not None])
        orders = []
        timestamp = int(time.time())
        for one in due:
            attempt = WebhookAttempt(id=new_id(), delivery_id=one.id, at=at)
            db.add(attempt)
            one.attempts += 1
            one.next_at = at + LEASE
            headers = webhooks.headers_of(secrets[one.webhook_id], one.message_id, timestamp, one.body)
            owner = owners[one.webhook_id]
            is_failing = owner.failing_since is not None
            mark = followed.get(one.n) if one.n is not None else None
            orders.append(
                Order(attempt.id, one.id, owner.url, one.body, headers, owner.id, owner.org_id, is_failing, mark)
            )
        return orders


async def _secrets(db: AsyncSession, keys: Keys, webhook_id: UUID) -> Sequence[bytes]:
    rows = await stored.valid_secrets(db, webhook_id)
    for row in rows:
        row.wrapped = keys.rewrapped(row.wrapped, about=webhook_id.bytes) or row.wrapped
    return [keys.unwrap(row.wrapped, about=webhook_id.bytes) for row in rows]


async def _send(tx: Tx, caller: OutsideCaller, order: Order, now: datetime | None) -> None:
    with tracing.going_on("job hub.send", [order.mark] if order.mark else []):
        receipt = await caller.post(order.url, order.body, order.headers)
        async with tx.begin() as db:
            await _note(db, order, receipt, now or await stored.now(db))


async def _note(db: AsyncSession, order: Order, receipt: Receipt, now: datetime) -> None:
    """The receipt: what came of the call, and what becomes of the message and its subscription."""
    webhook = await stored.lock_of_delivery(db, order.delivery_id)
    delivery = await stored.lock_delivery(db, order.delivery_id)
    attempt = await db.get_one(WebhookAttempt, order.attempt_id)
    assert delivery is not None
    attempt.status, attempt.error, attempt.milliseconds = receipt.status, receipt.error, receipt.milliseconds
    attempt.answer = receipt.answer[:ANSWER_KEPT]
    if delivery.state is not DeliveryState.PENDING:
        return  # another attempt, after this one's lease had run out, was answered first
    webhook.failing_since = None if receipt.is_accepted else webhook.failing_since or now
    outcome = webhooks.after(
        attempts=delivery.attempts,
        status=receipt.status,
        retry_after=receipt.retry_after,
        now=now,
        failing_since=webhook.failing_since,
    )
    delivery.state = outcome.state
    if outcome.state is DeliveryState.DELIVERED:
        delivery.delivered_at = now
    if outcome.at is not None:
        delivery.next_at = outcome.at
    if outcome.disables is not None and WEBHOOK.can(webhook.state, "disable") and webhook.disabled_because is None:
        webhook.state, webhook.disabled_because = WEBHOOK.move(webhook.state, "disable"), outcome.disables
        journal.record(db, WebhookDisabled(webhook.id, webhook.org_id, outcome.disables), actor=None)


async def prune_deliveries(tx: Tx, kept: timedelta) -> int:
    """Forget messages that are done and have been kept for their time, some at a time; returns how many."""
    async with tx.begin() as db:
        return await stored.forget_deliveries(db, kept, PRUNE_BATCH)

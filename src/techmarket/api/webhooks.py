"""Webhooks over HTTP: an organisation's administrators say where its changes are sent, and see what became of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from techmarket.api.deps import KeysDep, MarketRoute, SignedIn, TxDep, means_of
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Aware, Cursor, Limit, SafeText, Uuid, Wire
from techmarket.hub import errors, service, webhooks
from techmarket.hub.views import DeliveryView, WebhookView
from techmarket.hub.webhooks import DeliveryState, WebhookState
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed, NotFound

router = APIRouter(prefix="/v1", tags=["webhooks"], route_class=MarketRoute)

Url = Annotated[str, SafeText(500), Field(description="https, at a public name or address.")]
Types = Annotated[
    list[Annotated[str, Field(strict=True, pattern=r"^[a-z_]{1,40}\.[a-z_]{1,40}$")]],
    Field(max_length=webhooks.TYPES_MAX, description="Types of changes; empty for everything you may be told."),
]


class WebhookIn(Wire):
    url: Url
    types: Types = Field(default_factory=list)


class WebhookChange(Wire):
    url: Url | None = None
    types: Types | None = None


class RotateIn(Wire):
    overlap_hours: Annotated[int, Field(strict=True, ge=0, le=168)] = Field(
        default=24, description="How long messages are signed with the old secret, too."
    )


class ReplayIn(Wire):
    since: Aware
    until: Aware


class WebhookOut(Wire):
    id: UUID
    organisation_id: UUID
    url: str
    types: list[str]
    state: WebhookState
    failing_since: Aware | None
    disabled_because: str | None = Field(description="`gone`: it answered 410; `failing`: nothing arrived for 5 days.")
    created_at: Aware
    waiting: int = Field(description="messages that have not arrived yet")
    secret: str | None = Field(description="`whsec_…`, shown once: when it is made and when it is rotated")
    old_secret_until: Aware | None


class WebhookList(Wire):
    items: list[WebhookOut]


class AttemptOut(Wire):
    at: Aware
    status: int | None
    error: str | None = Field(
        description="`timeout`, `connection`, `tls` or `address_not_allowed`; with no status either, it was cut off"
    )
    milliseconds: int | None
    answer: str | None = Field(description="the beginning of what came back")


class DeliveryOut(Wire):
    id: UUID
    webhook_id: UUID
    message_id: str = Field(description="`webhook-id`: one for each change, in every attempt and replay")
    type: str
    state: DeliveryState
    attempts: int
    next_at: Aware | None
    created_at: Aware
    delivered_at: Aware | None
    body: str | None = Field(description="the bytes that are sent; only when asked for one message")
    log: list[AttemptOut]


class DeliveryPage(Wire):
    items: list[DeliveryOut]
    next_cursor: str | None


class ReplayOut(Wire):
    count: int = Field(description="messages that are sent again")


def _inside(request: Request) -> bool:
    caller = means_of(request).caller
    return caller is not None and caller.may_reach_inside


_CHANGE = (NotAllowed, NotFound, NotInThisState)


@router.post(
    "/webhooks",
    status_code=201,
    response_model=WebhookOut,
    operation_id="addWebhook",
    responses=refusals(NotAllowed, errors.UrlNotAllowed, errors.UnknownChangeType, errors.WebhooksTooMany),
)
async def add_webhook(body: WebhookIn, request: Request, actor: SignedIn, tx: TxDep, keys: KeysDep) -> WebhookView:
    """Have every change sent to you from now on, signed as the Standard Webhooks specification says. The secret is
    shown this once. A message that is not answered with 2xx within 15 seconds is sent again, up to ten times within
    about three days."""
    return await service.add_webhook(tx, keys, actor, url=body.url, types=body.types, may_reach_inside=_inside(request))


@router.get("/webhooks", response_model=WebhookList, operation_id="listWebhooks", responses=refusals(NotAllowed))
async def list_webhooks(actor: SignedIn, tx: TxDep) -> object:
    """Your organisation's webhooks that have not been ended."""
    return {"items": await service.list_webhooks(tx, actor)}


@router.get(
    "/webhooks/{webhook_id}",
    response_model=WebhookOut,
    operation_id="getWebhook",
    responses=refusals(NotAllowed, NotFound),
)
async def get_webhook(webhook_id: Uuid, actor: SignedIn, tx: TxDep) -> WebhookView:
    """One webhook, and how many messages wait for it."""
    return await service.get_webhook(tx, actor, webhook_id)


@router.patch(
    "/webhooks/{webhook_id}",
    response_model=WebhookOut,
    operation_id="changeWebhook",
    responses=refusals(errors.UrlNotAllowed, errors.UnknownChangeType, NotAllowed, NotFound),
)
async def change_webhook(
    webhook_id: Uuid, body: WebhookChange, request: Request, actor: SignedIn, tx: TxDep
) -> WebhookView:
    """Send elsewhere, or other types, from now on; what waits goes to the new address."""
    return await service.change_webhook(
        tx, actor, webhook_id, url=body.url, types=body.types, may_reach_inside=_inside(request)
    )


@router.delete("/webhooks/{webhook_id}", status_code=204, operation_id="endWebhook", responses=refusals(*_CHANGE))
async def end_webhook(webhook_id: Uuid, actor: SignedIn, tx: TxDep) -> Response:
    """Have nothing sent there any more."""
    await service.end_webhook(tx, actor, webhook_id)
    return Response(status_code=204)


@router.post(
    "/webhooks/{webhook_id}/enablement",
    response_model=WebhookOut,
    operation_id="enableWebhook",
    responses=refusals(*_CHANGE),
)
async def enable_webhook(webhook_id: Uuid, actor: SignedIn, tx: TxDep) -> WebhookView:
    """Send again after it was disabled: what waited, and everything since. Nothing is lost meanwhile."""
    return await service.enable_webhook(tx, actor, webhook_id)


@router.post(
    "/webhooks/{webhook_id}/secret",
    response_model=WebhookOut,
    operation_id="rotateWebhookSecret",
    responses=refusals(NotAllowed, NotFound),
)
async def rotate_secret(webhook_id: Uuid, body: RotateIn, actor: SignedIn, tx: TxDep, keys: KeysDep) -> WebhookView:
    """Another secret, shown this once. Until the overlap ends, `webhook-signature` holds one signature by each."""
    return await service.rotate_secret(tx, keys, actor, webhook_id, overlap=timedelta(hours=body.overlap_hours))


@router.post(
    "/webhooks/{webhook_id}/ping",
    status_code=201,
    response_model=DeliveryOut,
    operation_id="pingWebhook",
    responses=refusals(NotAllowed, NotFound, errors.PingsWaiting),
)
async def ping_webhook(webhook_id: Uuid, actor: SignedIn, tx: TxDep) -> DeliveryView:
    """Have a message sent that says nothing (`webhook.ping`), to see whether it arrives."""
    return await service.ping_webhook(tx, actor, webhook_id)


@router.post(
    "/webhooks/{webhook_id}/replays",
    response_model=ReplayOut,
    operation_id="replayMessages",
    responses=refusals(errors.ReplayTooLong, NotAllowed, NotFound),
)
async def replay_messages(webhook_id: Uuid, body: ReplayIn, actor: SignedIn, tx: TxDep) -> object:
    """Send every message again that was written in a span of time, each under the id it had."""
    return {"count": await service.replay_span(tx, actor, webhook_id, since=body.since, until=body.until)}


@router.get(
    "/webhooks/{webhook_id}/deliveries",
    response_model=DeliveryPage,
    operation_id="listDeliveries",
    responses=refusals(BadCursor, NotAllowed, NotFound),
)
async def list_deliveries(
    webhook_id: Uuid,
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    state: Annotated[DeliveryState | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """What became of every message, the newest first."""
    page = await service.list_deliveries(tx, actor, webhook_id, state=state, cursor=cursor, limit=limit)
    return page_response(page, response, f"/v1/webhooks/{webhook_id}/deliveries", state=state, limit=limit)


@router.get(
    "/webhook-deliveries/{delivery_id}",
    response_model=DeliveryOut,
    operation_id="getDelivery",
    responses=refusals(NotAllowed, NotFound),
)
async def get_delivery(delivery_id: Uuid, actor: SignedIn, tx: TxDep) -> DeliveryView:
    """One message with its bytes, and every attempt to deliver it."""
    return await service.get_delivery(tx, actor, delivery_id)


@router.post(
    "/webhook-deliveries/{delivery_id}/replay",
    response_model=DeliveryOut,
    operation_id="replayDelivery",
    responses=refusals(NotAllowed, NotFound),
)
async def replay_delivery(delivery_id: Uuid, actor: SignedIn, tx: TxDep) -> DeliveryView:
    """Send one message again, under the id it had."""
    return await service.replay_delivery(tx, actor, delivery_id)

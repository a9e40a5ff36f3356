"""Notifications over HTTP: the inbox, how a person wants to be told, and where mail goes."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from starlette.responses import Response as PlainResponse

from techmarket.api.deps import KeysDep, MarketRoute, SignedIn, TxDep, means_of, spend_openly
from techmarket.api.limits import BodyRule
from techmarket.api.observe import NamedRoute
from techmarket.api.paging import link_to
from techmarket.api.refusals import problem, refusals
from techmarket.api.shapes import Aware, Cursor, Limit, Uuid, Wire
from techmarket.identity.permissions import NotVerified
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotFound, Refusal
from techmarket.workbench import errors, service
from techmarket.workbench.service import Mark
from techmarket.workbench.service.mailing import UNSUBSCRIPTIONS
from techmarket.workbench.telling import Delivery
from techmarket.workbench.views import InboxView, MailAddressView, PreferencesView

router = APIRouter(prefix="/v1", tags=["workbench"], route_class=MarketRoute)
BODIES = (BodyRule(UNSUBSCRIPTIONS, bytes_max=1024, media=("application/x-www-form-urlencoded",)),)

KindName = Annotated[str, Field(strict=True, max_length=64, pattern=r"^(\*|[a-z_]+(\.[a-z_]+)?)$")]
Address = Annotated[
    str,
    Field(
        strict=True,
        max_length=254,
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
        r"(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+$",
    ),
]


class NotificationOut(Wire):
    id: UUID
    kind: str
    title_zh: str
    title_en: str
    object: str | None = Field(description="What it is about, as `kind:id`: read there what it says.")
    work: str | None = Field(description="Of a reminder: the kind of work that is due.")
    at: Aware
    due: Aware | None
    read_at: Aware | None
    archived_at: Aware | None


class InboxOut(Wire):
    items: list[NotificationOut]
    next_cursor: str | None
    unread: int


class NotificationMarkIn(Wire):
    mark: Mark
    ids: Annotated[list[Uuid], Field(min_length=1, max_length=100)] | None = None
    until: Uuid | None = Field(default=None, description="Everything up to this one, instead of `ids`.")


class NotificationsMarkedOut(Wire):
    changed: int


class NotificationPreferencesIn(Wire):
    preferences: Annotated[dict[KindName, Delivery], Field(max_length=200)] = Field(
        description="By kind (`trading.award_offered`), by group (`trading`), or `*` for everything else."
    )


class NotificationKindOut(Wire):
    kind: str
    title_zh: str
    title_en: str


class NotificationPreferencesOut(Wire):
    preferences: dict[str, Delivery]
    defaults: dict[str, Delivery] = Field(description="What holds where nothing was said.")
    kinds: list[NotificationKindOut]


class MailAddressIn(Wire):
    address: Address
    language: Literal["zh-CN", "en"]


class MailAddressOut(Wire):
    address: str
    language: str
    is_confirmed: bool = Field(description="False: nothing is sent there yet but the code.")
    is_refused: bool = Field(description="A mail server said for good that nothing can be delivered: set it anew.")


class MailCodeIn(Wire):
    code: Annotated[str, Field(strict=True, pattern=r"^[0-9]{8}$", examples=["12345678"])]


@router.get(
    "/notifications",
    response_model=InboxOut,
    operation_id="listNotifications",
    responses=refusals(BadCursor, errors.UnknownNotificationKind),
)
async def list_notifications(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    state: Annotated[Literal["unread", "read", "archived", "all"], Query()] = "all",
    kind: Annotated[KindName | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> InboxView:
    """What you were told, the newest first: each thing once, and never more than you may know. `all` is everything
    that you have not put away."""
    page = await service.list_notifications(
        tx,
        actor,
        is_read={"unread": False, "read": True}.get(state),
        is_archived=state == "archived",
        kind=kind,
        cursor=cursor,
        limit=limit,
    )
    link = link_to(page, "/v1/notifications", state=state, kind=kind, limit=limit)
    if link is not None:
        response.headers["Link"] = link
    return page


@router.post(
    "/notification-marks",
    response_model=NotificationsMarkedOut,
    operation_id="markNotifications",
    responses=refusals(errors.MarkUnclear),
)
async def mark_notifications(body: NotificationMarkIn, actor: SignedIn, tx: TxDep) -> object:
    """Mark notifications as read, as unread, or put them away. Marking twice changes nothing."""
    changed = await service.mark_notifications(tx, actor, mark=body.mark, ids=body.ids, until=body.until)
    return {"changed": changed}


@router.get(
    "/me/notification-preferences",
    response_model=NotificationPreferencesOut,
    operation_id="getNotificationPreferences",
    responses=refusals(),
)
async def get_preferences(actor: SignedIn, tx: TxDep) -> object:
    """How you want to be told, in the organisation you act for, and all kinds that there are."""
    return _preferences(await service.get_preferences(tx, actor))


@router.put(
    "/me/notification-preferences",
    response_model=NotificationPreferencesOut,
    operation_id="putNotificationPreferences",
    responses=refusals(errors.UnknownNotificationKind),
)
async def put_preferences(body: NotificationPreferencesIn, actor: SignedIn, tx: TxDep) -> object:
    """Say anew how you want to be told: not at all, in the inbox alone, by mail at once, or in one mail each morning
    at eight, Beijing time. The narrowest word counts."""
    return _preferences(await service.put_preferences(tx, actor, body.preferences))


@router.get(
    "/me/mail-address", response_model=MailAddressOut, operation_id="getMailAddress", responses=refusals(NotFound)
)
async def get_address(actor: SignedIn, tx: TxDep) -> MailAddressView:
    """Where your mail goes, and in which language."""
    return await service.get_address(tx, actor)


@router.put(
    "/me/mail-address",
    response_model=MailAddressOut,
    operation_id="putMailAddress",
    responses=refusals(errors.NoMailHere, errors.TooManyCodes, NotVerified),
)
async def put_address(
    body: MailAddressIn, request: Request, actor: SignedIn, tx: TxDep, keys: KeysDep
) -> MailAddressView:
    """Say where mail is to go. A code of eight digits is sent there; nothing else is before it has come back."""
    return await service.put_address(
        tx,
        keys,
        actor,
        address=body.address,
        language=body.language,
        has_mail=means_of(request).mailer is not None,
    )


@router.delete("/me/mail-address", status_code=204, operation_id="dropMailAddress", responses=refusals())
async def drop_address(actor: SignedIn, tx: TxDep) -> None:
    """No mail any more. The inbox goes on."""
    await service.drop_address(tx, actor)


@router.post(
    "/me/mail-address/confirmation",
    response_model=MailAddressOut,
    operation_id="confirmMailAddress",
    responses=refusals(NotFound),
)
async def confirm_address(body: MailCodeIn, actor: SignedIn, tx: TxDep, keys: KeysDep) -> MailAddressView:
    """Bring back the code. A wrong one leaves the address unconfirmed; ten of them end it, and so does a day."""
    return await service.confirm_address(tx, keys, actor, code=body.code)


def _preferences(view: PreferencesView) -> object:
    kinds = [{"kind": kind, "title_zh": one.zh, "title_en": one.en} for kind, one in sorted(view.kinds.items())]
    return {"preferences": view.said, "defaults": view.defaults, "kinds": kinds}


# --- the button of mail programs (RFC 8058): a form without a key, so it stands beside the market's own routes -------


async def _unsubscribe(request: Request) -> PlainResponse:
    await spend_openly(request)
    means = means_of(request)
    try:
        await service.unsubscribe(means.tx, means.keys, request.query_params.get("token", "")[:200])
    except Refusal as refusal:
        return problem(refusal, request)
    return PlainResponse(status_code=204)


def routes() -> list[NamedRoute]:
    return [NamedRoute(UNSUBSCRIPTIONS, _unsubscribe, methods=["POST"])]

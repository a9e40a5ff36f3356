"""Keys of programs over HTTP: issued, rotated with overlap, listed, revoked."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from techmarket.api.deps import KeysDep, MarketRoute, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.sessions import Password, proven_for
from techmarket.api.shapes import Aware, Cursor, Limit, SafeText, Uuid, Wire
from techmarket.identity import errors, service
from techmarket.identity.actor import Scope
from techmarket.identity.permissions import SecondFactorNeeded
from techmarket.identity.views import IssuedKeyView, KeyStanding
from techmarket.kernel.paging import BadCursor

router = APIRouter(prefix="/v1", tags=["keys"], route_class=MarketRoute)

DAY = 86_400
OVERLAP_MAX = 30 * DAY
Overlap = Annotated[
    int,
    Field(strict=True, ge=0, le=OVERLAP_MAX, description="For how many seconds the old one works on beside the new."),
]


Current = Annotated[
    Password | None,
    Field(description="The password you have now; asked for in a session that no fresh second factor proves."),
]
_PROVING = (errors.SessionOnly, errors.SignInFailed, errors.SignInTooOften, errors.SignInBusy, SecondFactorNeeded)


class IssueKey(Wire):
    person_id: UUID
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    expires_at: Aware | None = None
    name: Annotated[str, SafeText(100)] | None = Field(default=None, description="What it is for, in your own words.")
    current: Current = None


class RotateKey(Wire):
    overlap_seconds: Overlap = DAY
    expires_at: Aware | None = None
    current: Current = None


class IssuedKeyOut(Wire):
    id: UUID
    prefix: str
    key: str = Field(description="Shown once. Keep it; the market stores only its hash.")
    scopes: list[Scope]
    expires_at: datetime | None


class KeyOut(Wire):
    id: UUID
    prefix: str
    name: str | None
    person_id: UUID
    person_name: str
    scopes: list[Scope]
    standing: KeyStanding
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None = Field(description="Written about once a minute; None when it was never used.")
    replaces_id: UUID | None


class KeyPage(Wire):
    items: list[KeyOut]
    next_cursor: str | None


@router.post(
    "/organisations/{organisation_id}/keys",
    status_code=201,
    response_model=IssuedKeyOut,
    operation_id="issueKey",
    responses=refusals(errors.ExpiryNotAhead, errors.KeyEnded, *_PROVING),
)
async def issue_key(
    organisation_id: Uuid, body: IssueKey, request: Request, actor: SignedIn, tx: TxDep, keys: KeysDep
) -> IssuedKeyView:
    """Issue a further key for yourself, with no more scopes than the key you ask with, ending no later than that one;
    in a session by your password or a fresh second factor."""
    proven = await proven_for(request, actor, body.current)
    return await service.issue_key(
        tx,
        keys,
        actor,
        organisation_id,
        body.person_id,
        scopes=body.scopes,
        expires_at=body.expires_at,
        name=body.name,
        proven=proven,
    )


@router.get(
    "/organisations/{organisation_id}/keys",
    response_model=KeyPage,
    operation_id="listKeys",
    responses=refusals(BadCursor),
)
async def list_keys(
    organisation_id: Uuid,
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    person_id: Uuid | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """The keys of an organisation without their secrets: all for its administrators, your own otherwise."""
    page = await service.list_keys(tx, actor, organisation_id, person_id=person_id, cursor=cursor, limit=limit)
    path = f"/v1/organisations/{organisation_id}/keys"
    return page_response(page, response, path, person_id=person_id, limit=limit)


@router.post(
    "/keys/{key_id}/rotation",
    status_code=201,
    response_model=IssuedKeyOut,
    operation_id="rotateKey",
    responses=refusals(errors.KeyEnded, errors.KeyRotatedAlready, errors.ExpiryNotAhead, *_PROVING),
)
async def rotate_key(
    key_id: Uuid, body: RotateKey, request: Request, actor: SignedIn, tx: TxDep, keys: KeysDep
) -> IssuedKeyView:
    """Replace a key of your own by one with the same scopes; the old one works on until the overlap is over. By a key
    none is prolonged; in a session it takes your password or a fresh second factor."""
    proven = await proven_for(request, actor, body.current)
    overlap = timedelta(seconds=body.overlap_seconds)
    return await service.rotate_key(tx, keys, actor, key_id, overlap=overlap, expires_at=body.expires_at, proven=proven)


@router.post("/keys/{key_id}/revocation", status_code=204, operation_id="revokeKey", responses=refusals())
async def revoke_key(key_id: Uuid, actor: SignedIn, tx: TxDep) -> None:
    """Revoke a key of your own, or as an administrator any of your organisation; it fails from the next request on."""
    await service.revoke_key(tx, actor, key_id)

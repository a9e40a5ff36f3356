"""Programs that act in their own name (OAuth 2 clients) over HTTP; their tokens come from `oauth.py`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from techmarket.api.deps import KeysDep, MarketRoute, SignedIn, TxDep
from techmarket.api.keys import DAY, Overlap
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Limit, ShortText, Uuid, Wire
from techmarket.identity import errors, service
from techmarket.identity.actor import MACHINE_ROLES, Role, Scope
from techmarket.identity.views import ClientSecretView
from techmarket.kernel.paging import BadCursor

router = APIRouter(prefix="/v1", tags=["keys"], route_class=MarketRoute)


class RegisterClient(Wire):
    name: ShortText
    roles: Annotated[
        list[Role],
        Field(
            min_length=1, max_length=len(MACHINE_ROLES), description=f"Of these: {', '.join(sorted(MACHINE_ROLES))}."
        ),
    ]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    token_seconds: Annotated[int, Field(strict=True, ge=60, le=3600)] = 900


class RotateSecret(Wire):
    overlap_seconds: Overlap = DAY


class ClientOut(Wire):
    id: UUID = Field(description="The `client_id` at the token endpoint.")
    name: str
    organisation_id: UUID
    roles: list[Role]
    scopes: list[Scope]
    token_seconds: int
    created_by: UUID = Field(description="Who registered it; whoever leaves may still know its secret: rotate it.")
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


class ClientSecretOut(Wire):
    client: ClientOut
    client_secret: str = Field(description="Shown once. Keep it; the market stores only its hash.")
    older_secret_ends_at: datetime | None


class ClientPage(Wire):
    items: list[ClientOut]
    next_cursor: str | None


@router.post(
    "/organisations/{organisation_id}/clients",
    status_code=201,
    response_model=ClientSecretOut,
    operation_id="registerClient",
    responses=refusals(errors.NotForMachines),
)
async def register_client(
    organisation_id: Uuid, body: RegisterClient, actor: SignedIn, tx: TxDep, keys: KeysDep
) -> ClientSecretView:
    """Register a program of your organisation with roles and scopes of its own; it gets tokens at `/oauth/token`."""
    return await service.register_client(
        tx,
        keys,
        actor,
        organisation_id,
        name=body.name,
        roles=body.roles,
        scopes=body.scopes,
        token_seconds=body.token_seconds,
    )


@router.get(
    "/organisations/{organisation_id}/clients",
    response_model=ClientPage,
    operation_id="listClients",
    responses=refusals(BadCursor),
)
async def list_clients(
    organisation_id: Uuid,
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """The programs of an organisation, for its administrators and the market's."""
    page = await service.list_clients(tx, actor, organisation_id, cursor=cursor, limit=limit)
    return page_response(page, response, f"/v1/organisations/{organisation_id}/clients", limit=limit)


@router.post(
    "/clients/{client_id}/secrets",
    status_code=201,
    response_model=ClientSecretOut,
    operation_id="rotateClientSecret",
    responses=refusals(errors.ClientIsRevoked),
)
async def rotate_client_secret(
    client_id: Uuid, body: RotateSecret, actor: SignedIn, tx: TxDep, keys: KeysDep
) -> ClientSecretView:
    """Give a program another secret; the one before works on until the overlap is over."""
    overlap = timedelta(seconds=body.overlap_seconds)
    return await service.rotate_client_secret(tx, keys, actor, client_id, overlap=overlap)


@router.post("/clients/{client_id}/revocation", status_code=204, operation_id="revokeClient", responses=refusals())
async def revoke_client(client_id: Uuid, actor: SignedIn, tx: TxDep) -> None:
    """Revoke a program: no more tokens, and those it has fail from the next request on."""
    await service.revoke_client(tx, actor, client_id)

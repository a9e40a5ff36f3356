"""Four eyes inside an organisation over HTTP: which acts, what somebody intends, and a colleague's agreement."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Limit, Uuid, Wire
from techmarket.identity import errors, service
from techmarket.identity.lifecycle import IntentState
from techmarket.identity.permissions import SecondFactorNeeded
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor

router = APIRouter(prefix="/v1", tags=["people"], route_class=MarketRoute)

Operation = Annotated[str, Field(pattern=r"^[a-z_]{1,30}\.[a-z_]{1,33}$", examples=["signing.sign"])]


class ByTwo(Wire):
    operations: Annotated[list[Operation], Field(max_length=100)] = Field(
        description="Names of the permissions table with ²; none asks for nobody."
    )


class Intend(Wire):
    operation: Operation
    method: Literal["POST", "PUT", "PATCH", "DELETE"]
    path: Annotated[str, Field(pattern=r"^/v1/[A-Za-z0-9/_.~-]{1,400}$", examples=["/v1/listings"])]
    body: dict[str, Any] | None = Field(default=None, description="The body word for word; however it is spelled.")


class IntendedActOut(Wire):
    id: UUID = Field(description="Name it in `Agreed-Act`, once a colleague has agreed.")
    organisation_id: UUID
    operation: str
    method: str
    path: str
    body: dict[str, Any] | None
    state: IntentState
    asked_by: UUID
    asked_at: datetime
    expires_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None


class IntendedActPage(Wire):
    items: list[IntendedActOut]
    next_cursor: str | None


@router.put(
    "/organisations/{organisation_id}/by-two",
    response_model=ByTwo,
    operation_id="setByTwo",
    responses=refusals(errors.NotByTwo, errors.NobodyToAgree, errors.SessionOnly, SecondFactorNeeded),
)
async def set_by_two(organisation_id: Uuid, body: ByTwo, actor: SignedIn, tx: TxDep) -> object:
    """Say to which acts a colleague has to agree beforehand; changing that is from then on one of them."""
    held = await service.set_by_two(tx, actor, organisation_id, operations=body.operations)
    return {"operations": list(held)}


@router.post(
    "/organisations/{organisation_id}/intended-acts",
    status_code=201,
    response_model=IntendedActOut,
    operation_id="intendAct",
    responses=refusals(errors.NotByTwo, errors.SecretInIntent, errors.SessionOnly),
)
async def intend_act(organisation_id: Uuid, body: Intend, actor: SignedIn, tx: TxDep) -> object:
    """Say what you are going to do, word for word, for a colleague to agree. It holds for three days."""
    return await service.intend_act(
        tx,
        actor,
        organisation_id,
        operation=body.operation,
        method=body.method,
        path=body.path,
        body=body.body,
    )


@router.get(
    "/organisations/{organisation_id}/intended-acts",
    response_model=IntendedActPage,
    operation_id="listIntendedActs",
    responses=refusals(BadCursor),
)
async def list_intended_acts(
    organisation_id: Uuid,
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    state: Annotated[IntentState | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> object:
    """What you and your colleagues intend, newest first, as far as you may do the same."""
    page = await service.list_intended_acts(tx, actor, organisation_id, state=state, cursor=cursor, limit=limit)
    path = f"/v1/organisations/{organisation_id}/intended-acts"
    return page_response(page, response, path, limit=limit, state=state)


@router.post(
    "/intended-acts/{act_id}/agreement",
    response_model=IntendedActOut,
    operation_id="agreeToAct",
    responses=refusals(errors.OwnAct, errors.NotAgreed, NotInThisState, SecondFactorNeeded),
)
async def agree_to_act(act_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """Agree, as a colleague who may do the same, to exactly this request; its author then does it, once."""
    return await service.agree_to_act(tx, actor, act_id)


@router.post(
    "/intended-acts/{act_id}/refusal",
    response_model=IntendedActOut,
    operation_id="refuseAct",
    responses=refusals(NotInThisState),
)
async def refuse_act(act_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """Refuse what a colleague intends, or take back what you intended, as long as it was not done."""
    return await service.refuse_act(tx, actor, act_id)

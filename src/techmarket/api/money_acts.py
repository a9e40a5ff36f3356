"""Acts with money that need two people, over HTTP: what waits, and how it is sent back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Cursor, Limit, LongText, MoneyOut, Uuid, Wire
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.paging import BadCursor
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.settlement import service
from techmarket.settlement.lifecycle import ActState
from techmarket.settlement.rules import Act
from techmarket.settlement.views import MoneyActView

router = APIRouter(prefix="/v1/bank/acts", tags=["settlement"], route_class=MarketRoute)


class MoneyActOut(Wire):
    id: UUID
    act: Act
    subject: str
    content: dict[str, Any]
    amount: MoneyOut
    state: ActState
    asked_by: UUID
    asked_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    reasons: str | None


class MoneyActPage(Wire):
    items: list[MoneyActOut]
    next_cursor: str | None


class RefuseAct(Wire):
    reasons: LongText


WAITS: dict[int | str, dict[str, Any]] = {
    202: {"model": MoneyActOut, "description": "Nothing has moved: a second person has to do the same."}
}


def done_or_waiting(view: object) -> object:
    """What a route answers: the thing as it is now, or with 202 the act that waits for a second person."""
    if not isinstance(view, MoneyActView):
        return view
    shown = MoneyActOut.model_validate(view, from_attributes=True)
    return JSONResponse(shown.model_dump(mode="json"), status_code=202)


@router.get("", response_model=MoneyActPage, operation_id="listMoneyActs", responses=refusals(NotAllowed, BadCursor))
async def list_acts(
    actor: SignedIn,
    tx: TxDep,
    response: Response,
    state: ActState | None = None,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """What waits for a second person of finance, and what came of the rest, the newest first."""
    page = await service.list_acts(tx, actor, state=state, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/bank/acts", state=state, limit=limit)


@router.post(
    "/{act_id}/refusal",
    response_model=MoneyActOut,
    operation_id="refuseMoneyAct",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def refuse_act(act_id: Uuid, body: RefuseAct, actor: SignedIn, tx: TxDep) -> MoneyActView:
    """Send back what a colleague asked for, or take back what one asked for oneself."""
    return await service.refuse_act(tx, actor, act_id, reasons=body.reasons)

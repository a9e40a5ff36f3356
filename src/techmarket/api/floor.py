"""The operator's floor over HTTP: what runs, and the pause of a lot."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from techmarket.api.deps import MarketRoute, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Aware, Cursor, Limit, MoneyOut, SafeText, Uuid, Wire
from techmarket.api.trading import LotOut, PauseOut
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.trading import errors, service
from techmarket.trading.lifecycle import LotState, LotStep, Method, PauseCause
from techmarket.trading.views import LotView

router = APIRouter(prefix="/v1", tags=["trading"], route_class=MarketRoute)


class PauseLot(Wire):
    cause: PauseCause
    reason: Annotated[str, SafeText(500)] = Field(description="What the bidders are told, in your words.")
    resumes_at: Aware | None = Field(default=None, description="From when it goes on, if that is known.")


class FloorLineOut(Wire):
    trade_id: UUID
    trade_number: str
    lot_id: UUID
    n: int
    title_zh: str
    title_en: str
    method: Method
    state: LotState
    step: LotStep | None
    due_at: datetime | None = Field(description="What is next: the end, the announced resumption, or the step's end.")
    effective_end: datetime | None
    hard_end: datetime | None
    pause: PauseOut | None
    leading: MoneyOut | None
    leading_bidder: int | None
    entries: int
    bidders_ready: int
    now: datetime


class FloorPage(Wire):
    items: list[FloorLineOut]
    next_cursor: str | None


@router.get("/trading/floor", response_model=FloorPage, operation_id="listFloor", responses=refusals(NotAllowed))
async def list_floor(
    actor: SignedIn, tx: TxDep, response: Response, cursor: Cursor | None = None, limit: Limit = 20
) -> object:
    """The lots that are open, paused or under evaluation, whatever is due first on top (operator)."""
    page = await service.list_floor(tx, actor, cursor=cursor, limit=limit)
    return page_response(page, response, "/v1/trading/floor", limit=limit)


@router.post(
    "/lots/{lot_id}/pause",
    response_model=LotOut,
    operation_id="pauseLot",
    responses=refusals(
        errors.JudgeConflicted, NotAllowed, NotFound, NotInThisState, errors.BiddingOver, errors.TermsOutOfRange
    ),
)
async def pause_lot(lot_id: Uuid, body: PauseLot, actor: SignedIn, tx: TxDep) -> LotView:
    """Pause bidding on a lot for a stated reason (operator). Its clock stands still."""
    return await service.pause_lot(tx, actor, lot_id, cause=body.cause, reason=body.reason, resumes_at=body.resumes_at)


@router.post(
    "/lots/{lot_id}/resume",
    response_model=LotOut,
    operation_id="resumeLot",
    responses=refusals(errors.JudgeConflicted, NotAllowed, NotFound, NotInThisState, errors.ResumesLater),
)
async def resume_lot(lot_id: Uuid, actor: SignedIn, tx: TxDep) -> LotView:
    """Let bidding go on (operator): all its times move by exactly as long as the pause was."""
    return await service.resume_lot(tx, actor, lot_id)

"""Acts on an announced trade over HTTP: extended, suspended, resumed, terminated, and the record of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from techmarket.api.deps import MarketRoute, Reader, SignedIn, TxDep
from techmarket.api.refusals import refusals
from techmarket.api.shapes import LongText, Uuid, Wire
from techmarket.api.trading import TradeOut
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.kernel.workdays import CalendarYearMissing
from techmarket.notices import errors as notices
from techmarket.rulebook.errors import NoRuleInForce
from techmarket.trading import errors, service
from techmarket.trading.lifecycle import ActKind, PauseCause, TerminationCause
from techmarket.trading.views import ActView, TradeView

router = APIRouter(prefix="/v1", tags=["trading"], route_class=MarketRoute)


class Reasons(Wire):
    reasons: LongText = Field(description="Told to everyone who reads the trade.")


class SuspendTrade(Reasons):
    cause: PauseCause


class TerminateTrade(Reasons):
    cause: TerminationCause


class ActOut(Wire):
    trade_id: UUID
    n: int
    act: ActKind
    cause: str | None
    reasons: str | None
    by_the_clock: bool = Field(description="Nobody did it: it follows from what was announced, or from its notice.")
    at: datetime
    announcement_ends_at: datetime | None = Field(description="The end of the announcement as it was counted then.")
    bidding_opens_at: datetime | None


class ActList(Wire):
    items: list[ActOut]


@router.post(
    "/trades/{trade_id}/extension",
    response_model=TradeOut,
    operation_id="extendAnnouncement",
    responses=refusals(
        errors.JudgeConflicted,
        NotAllowed,
        NotFound,
        NotInThisState,
        errors.EnoughParticipants,
        errors.TradeIsSuspended,
        notices.ExtensionNotAnnounced,
        notices.ExtensionsUsedUp,
        notices.PeriodOver,
        notices.Paused,
        notices.NoLongerStands,
        CalendarYearMissing,
    ),
)
async def extend(trade_id: Uuid, body: Reasons, actor: SignedIn, tx: TxDep) -> TradeView:
    """Extend an announcement by one announced step, while a lot lacks qualified participants (operator)."""
    return await service.extend_announcement(tx, actor, trade_id, reasons=body.reasons)


@router.post(
    "/trades/{trade_id}/suspension",
    response_model=TradeOut,
    operation_id="suspendTrade",
    responses=refusals(
        errors.JudgeConflicted,
        NotAllowed,
        NotFound,
        NotInThisState,
        errors.TradeIsSuspended,
        notices.PeriodOver,
        notices.NoLongerStands,
        CalendarYearMissing,
    ),
)
async def suspend(trade_id: Uuid, body: SuspendTrade, actor: SignedIn, tx: TxDep) -> TradeView:
    """Stop the clock of an announced trade for a stated cause (operator), at most as long as the rulebook says."""
    return await service.suspend_trade(tx, actor, trade_id, cause=body.cause, reasons=body.reasons)


@router.post(
    "/trades/{trade_id}/resumption",
    response_model=TradeOut,
    operation_id="resumeTrade",
    responses=refusals(
        errors.JudgeConflicted,
        NotAllowed,
        NotFound,
        NotInThisState,
        errors.TradeNotSuspended,
        NoRuleInForce,
        CalendarYearMissing,
    ),
)
async def resume(trade_id: Uuid, body: Reasons, actor: SignedIn, tx: TxDep) -> TradeView:
    """Let the rest of the announcement run on (operator); the opening of the bidding moves with its end."""
    return await service.resume_trade(tx, actor, trade_id, reasons=body.reasons)


@router.post(
    "/trades/{trade_id}/termination",
    response_model=TradeOut,
    operation_id="terminateTrade",
    responses=refusals(
        errors.JudgeConflicted, NotAllowed, NotFound, NotInThisState, errors.SoldAlready, errors.NoMotion
    ),
)
async def terminate(trade_id: Uuid, body: TerminateTrade, actor: SignedIn, tx: TxDep) -> TradeView:
    """End a trade before anybody has signed (operator): deposits go back, the listing is free, the record stays."""
    return await service.terminate(tx, actor, trade_id, cause=body.cause, reasons=body.reasons)


@router.post(
    "/trades/{trade_id}/termination-motion",
    status_code=201,
    response_model=ActOut,
    operation_id="askTermination",
    responses=refusals(NotAllowed, NotFound, NotInThisState, errors.MotionWaits),
)
async def ask_termination(trade_id: Uuid, body: Reasons, actor: SignedIn, tx: TxDep) -> ActView:
    """Ask the market to end one's own trade (seller), with reasons."""
    return await service.ask_termination(tx, actor, trade_id, reasons=body.reasons)


@router.post(
    "/trades/{trade_id}/termination-motion/refusal",
    status_code=201,
    response_model=ActOut,
    operation_id="declineTermination",
    responses=refusals(errors.JudgeConflicted, NotAllowed, NotFound, NotInThisState, errors.NoMotion),
)
async def decline_termination(trade_id: Uuid, body: Reasons, actor: SignedIn, tx: TxDep) -> ActView:
    """Let the trade go on against the seller's motion (operator), with reasons."""
    return await service.decline_termination(tx, actor, trade_id, reasons=body.reasons)


@router.get(
    "/trades/{trade_id}/acts", response_model=ActList, operation_id="listTradeActs", responses=refusals(NotFound)
)
async def list_acts(trade_id: Uuid, actor: Reader, tx: TxDep) -> object:
    """What was done to a trade since its announcement, in order, with reasons."""
    return {"items": await service.list_acts(tx, actor, trade_id)}

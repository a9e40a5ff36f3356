"""Trades, participants, lots and awards over HTTP. Bids themselves come in by `bids.py`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from techmarket.api.deps import MarketRoute, Reader, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import Aware, Cursor, Limit, MoneyOut, PositiveMoney, Uuid, Wire
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.trading import errors, service
from techmarket.trading.lifecycle import AwardState, BookState, Method, ParticipantState, TradeState
from techmarket.trading.views import AwardView, LotView, ParticipantView, TradeView

router = APIRouter(prefix="/v1", tags=["trading"], route_class=MarketRoute)

Seconds = Annotated[int, Field(strict=True, ge=1, le=31 * 86_400)]


class DraftTrade(Wire):
    """What is left out is the rulebook's default on today's date."""

    listing_id: Uuid
    increment: PositiveMoney
    deposit: PositiveMoney
    start_price: PositiveMoney | None = Field(default=None, description="Left out: the listing's own price.")
    free_seconds: Seconds | None = None
    limited_seconds: Seconds | None = None
    hard_stop_seconds: Seconds | None = None
    bidding_opens_at: Aware | None = Field(default=None, description="Left out: when the announcement has ended.")


class RegisterIntent(Wire):
    related: bool = Field(default=False, description="You declare yourself a related party of the seller.")


class Judge(Wire):
    accepted: bool = True


class LotOut(Wire):
    id: UUID
    trade_id: UUID
    state: BookState
    start_price: MoneyOut
    increment: MoneyOut
    leading: MoneyOut | None
    leading_bidder: int | None
    least_next_bid: MoneyOut | None
    seq: int
    chain: str
    opened_at: datetime | None
    free_ends_at: datetime | None
    effective_end: datetime | None
    hard_end: datetime | None
    closed_at: datetime | None
    now: datetime


class TradeOut(Wire):
    id: UUID
    number: str
    state: TradeState
    method: Method
    seller_organisation_id: UUID
    listing_id: UUID
    listing_n: int
    listing_sha256: str
    title_zh: str
    title_en: str
    rule_date: date
    terms_sha256: str
    terms: dict[str, Any] = Field(description="The rules of this trade in machine form; `terms_sha256` is their hash.")
    deposit: MoneyOut
    notice_id: UUID | None
    announcement_ends_at: datetime | None
    bidding_opens_at: datetime | None
    lot: LotOut


class TradeLineOut(Wire):
    id: UUID
    number: str
    state: TradeState
    method: Method
    listing_id: UUID
    lot_id: UUID
    title_zh: str
    title_en: str
    start_price: MoneyOut
    increment: MoneyOut
    deposit: MoneyOut
    leading: MoneyOut | None
    bidding_opens_at: datetime | None
    effective_end: datetime | None


class TradePage(Wire):
    items: list[TradeLineOut]
    next_cursor: str | None


class ParticipantOut(Wire):
    id: UUID
    trade_id: UUID
    organisation_id: UUID
    number: int = Field(description="What the public record calls this bidder.")
    related: bool
    state: ParticipantState
    deposit: MoneyOut
    due_id: UUID | None
    due_reference: str | None = Field(description="Write it into the transfer of the deposit.")


class ParticipantList(Wire):
    items: list[ParticipantOut]


class BidLineOut(Wire):
    seq: int
    bidder: int
    amount: MoneyOut
    verdict: str
    at: datetime
    chain: str


class BidPage(Wire):
    items: list[BidLineOut]
    next_cursor: str | None


class AwardOut(Wire):
    id: UUID
    trade_id: UUID
    lot_id: UUID
    rank: int
    state: AwardState
    seller_organisation_id: UUID
    buyer_organisation_id: UUID
    price: MoneyOut
    deposit: MoneyOut
    notice_id: UUID | None
    sign_by: datetime | None


class AwardList(Wire):
    items: list[AwardOut]


@router.post(
    "/trades",
    status_code=201,
    response_model=TradeOut,
    operation_id="draftTrade",
    responses=refusals(
        NotAllowed,
        NotFound,
        errors.ListingNotTradable,
        errors.StartBelowFloor,
        errors.TermsOutOfRange,
        errors.DepositAboveRule,
    ),
)
async def draft_trade(body: DraftTrade, actor: SignedIn, tx: TxDep) -> TradeView:
    """Draft the trade of one's own published offer, by online bidding."""
    return await service.draft_trade(
        tx,
        actor,
        listing_id=body.listing_id,
        increment_minor=body.increment.minor,
        deposit_minor=body.deposit.minor,
        start_price_minor=body.start_price.minor if body.start_price else None,
        free_seconds=body.free_seconds,
        limited_seconds=body.limited_seconds,
        hard_stop_seconds=body.hard_stop_seconds,
        bidding_opens_at=body.bidding_opens_at,
    )


@router.get("/trades", response_model=TradePage, operation_id="listTrades", responses=refusals())
async def list_trades(
    actor: Reader,
    tx: TxDep,
    response: Response,
    state: TradeState | None = None,
    mine: bool = False,
    cursor: Cursor | None = None,
    limit: Limit = 20,
) -> object:
    """Announced trades, newest first; one's own in every state."""
    page = await service.list_trades(tx, actor, state=state, mine=mine, cursor=cursor, limit=limit)
    query = {"state": state.value if state else None, "mine": "true" if mine else None, "limit": limit}
    return page_response(page, response, "/v1/trades", **query)


@router.get("/trades/{trade_id}", response_model=TradeOut, operation_id="getTrade", responses=refusals(NotFound))
async def get_trade(trade_id: Uuid, actor: Reader, tx: TxDep) -> TradeView:
    """A trade with its rules in machine form and where its lot stands."""
    return await service.get_trade(tx, actor, trade_id)


@router.post(
    "/trades/{trade_id}/submission",
    response_model=TradeOut,
    operation_id="submitTrade",
    responses=refusals(NotAllowed, NotFound, NotInThisState, errors.ListingNotTradable, errors.ListingChanged),
)
async def submit_trade(trade_id: Uuid, actor: SignedIn, tx: TxDep) -> TradeView:
    """Hand the draft in to the operator."""
    return await service.submit_trade(tx, actor, trade_id)


@router.post(
    "/trades/{trade_id}/return",
    response_model=TradeOut,
    operation_id="returnTrade",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def return_trade(trade_id: Uuid, actor: SignedIn, tx: TxDep) -> TradeView:
    """Hand a submitted trade back to its seller (operator)."""
    return await service.return_trade(tx, actor, trade_id)


@router.post(
    "/trades/{trade_id}/announcement",
    response_model=TradeOut,
    operation_id="announceTrade",
    responses=refusals(NotAllowed, NotFound, NotInThisState, errors.ListingChanged, errors.OpensTooEarly),
)
async def announce(trade_id: Uuid, actor: SignedIn, tx: TxDep) -> TradeView:
    """Announce a submitted trade (operator): its notice stands and its listing is engaged."""
    return await service.announce(tx, actor, trade_id)


@router.post(
    "/trades/{trade_id}/participants",
    status_code=201,
    response_model=ParticipantOut,
    operation_id="registerIntent",
    responses=refusals(
        NotAllowed, NotFound, errors.RegistrationClosed, errors.RegisteredAlready, errors.SellerCannotBuy
    ),
)
async def register_intent(trade_id: Uuid, body: RegisterIntent, actor: SignedIn, tx: TxDep) -> ParticipantView:
    """Register one's organisation for a trade while its announcement runs."""
    return await service.register_intent(tx, actor, trade_id, related=body.related)


@router.get(
    "/trades/{trade_id}/participants",
    response_model=ParticipantList,
    operation_id="listParticipants",
    responses=refusals(NotFound),
)
async def list_participants(trade_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """The participants, for the seller and the market; a participant sees itself."""
    return {"items": await service.list_participants(tx, actor, trade_id)}


@router.post(
    "/participants/{participant_id}/admission",
    response_model=ParticipantOut,
    operation_id="admitParticipant",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def admit(participant_id: Uuid, body: Judge, actor: SignedIn, tx: TxDep) -> ParticipantView:
    """Give the market's view on a participant's qualification (operator)."""
    return await service.admit(tx, actor, participant_id, accepted=body.accepted)


@router.post(
    "/participants/{participant_id}/confirmation",
    response_model=ParticipantOut,
    operation_id="confirmParticipant",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def confirm(participant_id: Uuid, body: Judge, actor: SignedIn, tx: TxDep) -> ParticipantView:
    """Confirm an admitted participant (seller); its deposit becomes due."""
    return await service.confirm(tx, actor, participant_id, accepted=body.accepted)


@router.get("/lots/{lot_id}", response_model=LotOut, operation_id="getLot", responses=refusals(NotFound))
async def get_lot(lot_id: Uuid, actor: Reader, tx: TxDep) -> LotView:
    """Where a lot stands now: price, least next bid, end, number of entries."""
    return await service.get_lot(tx, actor, lot_id)


@router.get("/lots/{lot_id}/bids", response_model=BidPage, operation_id="listBids", responses=refusals(NotFound))
async def list_bids(
    lot_id: Uuid, actor: Reader, tx: TxDep, response: Response, cursor: Cursor | None = None, limit: Limit = 20
) -> object:
    """The public record of a lot: every decision in order, bidders by number, each entry with its chain."""
    page = await service.list_bids(tx, actor, lot_id, cursor=cursor, limit=limit)
    return page_response(page, response, f"/v1/lots/{lot_id}/bids", limit=limit)


@router.get(
    "/trades/{trade_id}/awards", response_model=AwardList, operation_id="listAwards", responses=refusals(NotFound)
)
async def list_awards(trade_id: Uuid, actor: SignedIn, tx: TxDep) -> object:
    """The awards of a trade, for the seller and the market; a bidder sees its own."""
    return {"items": await service.list_awards(tx, actor, trade_id)}


@router.get("/awards/{award_id}", response_model=AwardOut, operation_id="getAward", responses=refusals(NotFound))
async def get_award(award_id: Uuid, actor: SignedIn, tx: TxDep) -> AwardView:
    """An award, for its two sides and the market."""
    return await service.get_award(tx, actor, award_id)


@router.post(
    "/awards/{award_id}/release",
    response_model=AwardOut,
    operation_id="leaveAsRunnerUp",
    responses=refusals(NotAllowed, NotFound, NotInThisState),
)
async def leave_as_runner_up(award_id: Uuid, actor: SignedIn, tx: TxDep) -> AwardView:
    """Leave as a waiting runner-up; the deposit goes back."""
    return await service.leave_as_runner_up(tx, actor, award_id)

"""Trades, participants, lots and awards over HTTP. Bids themselves come in by `bids.py`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from techmarket.achievements.errors import ApprovalNotInForce, UnderWay
from techmarket.api.deps import MarketRoute, Reader, SignedIn, TxDep
from techmarket.api.paging import page_response
from techmarket.api.refusals import refusals
from techmarket.api.shapes import (
    Aware,
    Cursor,
    Day,
    Limit,
    MoneyOut,
    NonNegativeMoney,
    PositiveMoney,
    Sha256,
    ShortText,
    Uuid,
    Wire,
)
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.notices.errors import EvidenceMissing
from techmarket.rulebook.errors import NoRuleInForce
from techmarket.trading import errors, service
from techmarket.trading.consortium import DepositFrom
from techmarket.trading.lifecycle import (
    AwardState,
    DepositScope,
    ForfeitCause,
    LotState,
    LotStep,
    Method,
    PauseCause,
    TradeState,
    WaitsFor,
)
from techmarket.trading.relisting import Valuation
from techmarket.trading.service import Afterwards, ConsortiumTerms, ExtensionDraft, LotDraft, PriceGround
from techmarket.trading.views import AwardView, LotView, TradeView

router = APIRouter(prefix="/v1", tags=["trading"], route_class=MarketRoute)

Seconds = Annotated[int, Field(strict=True, ge=1, le=31 * 86_400)]


class LotIn(Wire):
    """One lot. Without a title it has the listing's; a single lot without a price starts at the listing's own."""

    title_zh: ShortText | None = None
    title_en: ShortText | None = None
    achievement_ids: list[Uuid] | None = Field(
        default=None, min_length=1, max_length=100, description="Out of the listing's; left out: all of them."
    )
    start_price: PositiveMoney | None = None
    increment: PositiveMoney | None = None
    floor: PositiveMoney | None = Field(default=None, description="How far a descending price falls.")
    reserve_digest: Sha256 | None = Field(default=None, description="The digest of a secret reserve price.")


class ExtensionIn(Wire):
    """That the announcement may be extended while a lot has too few qualified participants."""

    n: int | None = Field(default=None, strict=True, ge=1, le=60, description="Working days of one step.")
    at_most: int | None = Field(default=None, strict=True, ge=1, le=10, description="How many steps there may be.")
    automatic: bool = Field(default=False, description="The clock does it shortly before the end, by itself.")


class ValuationIn(Wire):
    """What the valuation says that everything offered here is worth together."""

    amount: PositiveMoney
    dated: Day = Field(description="The day the valuation is of.")
    report_sha256: Sha256 | None = Field(default=None, description="Its report, uploaded as evidence.")


class FinalBidIn(Wire):
    """After the session the leaders may each name one last price, unseen."""

    hours: int = Field(strict=True, ge=1, le=168)
    leaders: int = Field(default=2, strict=True, ge=2, le=20, description="How many of the ranking are asked.")


class ConsortiumTermsIn(Wire):
    """Several may register and buy as one (联合体)."""

    members_max: int = Field(strict=True, ge=2, le=10, description="With the representative.")
    deposit_from: DepositFrom = Field(
        default=DepositFrom.REPRESENTATIVE, description="Who pays the deposit; NAMED_MEMBER: whom its agreement names."
    )


class DraftTrade(Wire):
    """What is left out is the rulebook's default on today's date.

    `increment`, `start_price` and the three periods are the short form for one lot; else say `lots` and `rules`.
    """

    listing_id: Uuid
    method: Method = Method.ONLINE_BIDDING
    rules: dict[str, Any] | None = Field(
        default=None, max_length=50, description="The method's terms; what each method knows is told at `rules`."
    )
    lots: list[LotIn] | None = Field(default=None, min_length=1, max_length=100)
    deposit: NonNegativeMoney = Field(description="Nought: no deposit is asked.")
    deposit_scope: DepositScope = DepositScope.TRADE
    deposit_forfeited_when: list[ForfeitCause] | None = Field(
        default=None, max_length=10, description="Left out: everything but that nobody bids."
    )
    increment: PositiveMoney | None = None
    start_price: PositiveMoney | None = Field(default=None, description="Left out: the listing's own price.")
    free_seconds: Seconds | None = None
    limited_seconds: Seconds | None = None
    hard_stop_seconds: Seconds | None = None
    bidding_opens_at: Aware | None = Field(default=None, description="Left out: when the announcement has ended.")
    extension: ExtensionIn | None = Field(default=None, description="Left out: the announcement is never extended.")
    participants_min: int = Field(
        default=1, strict=True, ge=1, le=20, description="With fewer who may bid on it, a lot ends unsold."
    )

    final_bid: FinalBidIn | None = Field(default=None, description="Online bidding alone; left out: none is taken.")
    first_refusal_hours: int | None = Field(
        default=None,
        strict=True,
        ge=1,
        le=720,
        description="How long, after the session, holders of a first refusal are asked to take the winner's price.",
    )
    consortium: ConsortiumTermsIn | None = Field(default=None, description="Left out: no consortium is taken.")
    previous_trade_id: Uuid | None = Field(
        default=None,
        description="Which procedure this lists again; left out: the last one of the same, if it ended without a sale.",
    )
    valuation: ValuationIn | None = None
    consent_sha256: Sha256 | None = Field(
        default=None, description="The written consent to a floor far below the valuation, uploaded as evidence."
    )

    def price_ground(self) -> PriceGround:
        said = self.valuation
        return PriceGround(
            None if said is None else Valuation(said.amount.minor, said.dated),
            None if said is None else said.report_sha256,
            self.consent_sha256,
        )

    def drafted_afterwards(self) -> Afterwards:
        hours = self.first_refusal_hours
        if self.final_bid is None:
            return Afterwards(first_refusal_hours=hours)
        return Afterwards(self.final_bid.hours, self.final_bid.leaders, hours)

    def drafted_consortium(self) -> ConsortiumTerms | None:
        said = self.consortium
        return None if said is None else ConsortiumTerms(said.members_max, said.deposit_from)

    def drafted_extension(self) -> ExtensionDraft | None:
        wanted = self.extension
        return None if wanted is None else ExtensionDraft(wanted.n, wanted.at_most, wanted.automatic)

    def drafted_lots(self) -> list[LotDraft]:
        short = self.increment, self.start_price
        if self.lots is None:
            return [LotDraft(start_price_minor=_minor(self.start_price), increment_minor=_minor(self.increment))]
        if short != (None, None):
            raise errors.TermsSaidTwice(pointer="/body/lots")
        return [
            LotDraft(
                title_zh=lot.title_zh,
                title_en=lot.title_en,
                achievement_ids=None if lot.achievement_ids is None else tuple(lot.achievement_ids),
                start_price_minor=_minor(lot.start_price),
                increment_minor=_minor(lot.increment),
                reserve_digest=lot.reserve_digest,
                floor_minor=_minor(lot.floor),
            )
            for lot in self.lots
        ]

    def drafted_terms(self) -> dict[str, Any]:
        periods = ("free_seconds", "limited_seconds", "hard_stop_seconds")
        short = {name: value for name in periods if (value := getattr(self, name)) is not None}
        if self.rules is not None and short:
            raise errors.TermsSaidTwice(pointer="/body/rules")
        return short if self.rules is None else self.rules


def _minor(money: Money | None) -> int | None:
    return None if money is None else money.minor


class RevealReserve(Wire):
    """What the announced digest was made of: SHA-256 of the lines `techmarket reserve price 1`, salt, amount in fen."""

    amount: PositiveMoney
    salt: Sha256 = Field(description="32 random bytes in hexadecimal.")


class PauseOut(Wire):
    cause: PauseCause
    reason: str
    paused_at: datetime
    resumes_at: datetime | None = Field(description="From when it goes on, if that was said.")


class LotOut(Wire):
    id: UUID
    trade_id: UUID
    n: int
    title_zh: str
    title_en: str
    achievement_ids: list[UUID] | None = Field(description="This lot's part of the listing; null is all of it.")
    method: Method
    state: LotState
    start_price: MoneyOut | None
    increment: MoneyOut | None = Field(description="What a bid beats the best by; a falling price falls by it.")
    floor: MoneyOut | None = Field(description="How far a descending price falls.")
    step_seconds: int | None = Field(description="After so many seconds a descending price falls by the increment.")
    leading: MoneyOut | None
    leading_bidder: int | None
    least_next_bid: MoneyOut | None = Field(description="What a bid must reach now; null once that cannot be.")
    price_falls_at: datetime | None = Field(description="When a descending price falls next.")
    seq: int
    chain: str
    opened_at: datetime | None
    free_ends_at: datetime | None
    effective_end: datetime | None
    hard_end: datetime | None
    pause: PauseOut | None
    closed_at: datetime | None
    step: LotStep | None = Field(description="What a closed lot waits for before it is decided.")
    step_due_at: datetime | None = Field(description="When the clock decides that step by rule.")
    reserve_digest: str | None
    reserve: MoneyOut | None = Field(description="The secret reserve price, once the seller has revealed it.")
    reserve_salt: str | None
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
    terms: dict[str, Any] = Field(description="All terms as announced; `terms_sha256` is their hash.")
    rules: dict[str, Any] = Field(description="The method's rules in machine form: periods, steps, tie, charge.")
    deposit: MoneyOut
    deposit_scope: DepositScope
    previous_id: UUID | None
    notice_id: UUID | None
    announcement_ends_at: datetime | None
    bidding_opens_at: datetime | None
    suspended_at: datetime | None
    resume_by: datetime | None = Field(description="Until when a suspension lasts at most; then the clock ends it.")
    waits_for: WaitsFor | None = Field(
        description="What keeps the end of the announcement from being known; CALENDAR_MISSING ends with the holidays."
    )
    lots: list[LotOut]
    lot: LotOut = Field(description="The first lot, which is the only one of most trades.")


class TradeLineOut(Wire):
    id: UUID
    number: str
    state: TradeState
    method: Method
    listing_id: UUID
    lot_id: UUID
    lots: int = Field(description="How many lots; prices and end below are the first one's.")
    title_zh: str
    title_en: str
    start_price: MoneyOut | None
    increment: MoneyOut | None
    deposit: MoneyOut
    leading: MoneyOut | None
    bidding_opens_at: datetime | None
    effective_end: datetime | None


class TradePage(Wire):
    items: list[TradeLineOut]
    next_cursor: str | None


class BidLineOut(Wire):
    seq: int
    bidder: int
    amount: MoneyOut | None = Field(description="Null while a price falls: what was named too early is told after it.")
    verdict: str
    at: datetime
    chain: str
    is_void: bool = Field(description="Its bidder was shut out before the decision: this price does not stand.")


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
    agent_organisation_id: UUID | None = Field(description="Who bid for the buyer by mandate.")
    member_organisation_ids: list[UUID] = Field(description="Who buys jointly with the buyer, as its consortium.")
    price: MoneyOut
    deposit: MoneyOut
    notice_id: UUID | None
    sign_by: datetime | None
    buyers_turn_at: datetime | None = Field(description="Since when the seller has signed and the buyer is waited for.")


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
        errors.MethodNotOffered,
        errors.TermsSaidTwice,
        errors.TermUnknown,
        errors.TermMalformed,
        errors.TermMissing,
        errors.TermsOutOfRange,
        errors.LotsUnclear,
        errors.StartBelowFloor,
        errors.FallsBelowFloor,
        errors.FloorNotBelowStart,
        errors.WeightsDoNotSum,
        errors.DemandNeeded,
        errors.DepositAboveRule,
        errors.ExtensionOutOfRule,
        errors.NotRelistable,
        errors.FirstFloorBelowValuation,
        errors.ConsentNeeded,
        errors.RevaluationNeeded,
        EvidenceMissing,
        NoRuleInForce,
    ),
)
async def draft_trade(body: DraftTrade, actor: SignedIn, tx: TxDep) -> TradeView:
    """Draft the trade of one's own published offer: one method, one lot or several."""
    return await service.draft_trade(
        tx,
        actor,
        listing_id=body.listing_id,
        method=body.method,
        terms=body.drafted_terms(),
        lots=body.drafted_lots(),
        deposit_minor=body.deposit.minor,
        deposit_scope=body.deposit_scope,
        forfeited_when=body.deposit_forfeited_when,
        bidding_opens_at=body.bidding_opens_at,
        extension=body.drafted_extension(),
        participants_min=body.participants_min,
        previous_id=body.previous_trade_id,
        ground=body.price_ground(),
        afterwards=body.drafted_afterwards(),
        consortium=body.drafted_consortium(),
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
    responses=refusals(
        NotAllowed,
        NotFound,
        NotInThisState,
        errors.ListingChanged,
        errors.DraftedBefore,
        errors.PublicityHidden,
        errors.OpensTooEarly,
        UnderWay,
        ApprovalNotInForce,
    ),
)
async def announce(trade_id: Uuid, actor: SignedIn, tx: TxDep) -> TradeView:
    """Announce a submitted trade (operator): its notice stands and its listing is engaged."""
    return await service.announce(tx, actor, trade_id)


@router.get("/lots/{lot_id}", response_model=LotOut, operation_id="getLot", responses=refusals(NotFound))
async def get_lot(lot_id: Uuid, actor: Reader, tx: TxDep) -> LotView:
    """Where a lot stands now: price, least next bid, end, number of entries."""
    return await service.get_lot(tx, actor, lot_id)


@router.post(
    "/lots/{lot_id}/reserve",
    response_model=LotOut,
    operation_id="revealReserve",
    responses=refusals(NotAllowed, NotFound, errors.NoReserveAwaited, errors.ReserveDiffers),
)
async def reveal_reserve(lot_id: Uuid, body: RevealReserve, actor: SignedIn, tx: TxDep) -> LotView:
    """Reveal the secret reserve price of a closed lot (seller); nobody below it wins."""
    return await service.reveal_reserve(tx, actor, lot_id, minor=body.amount.minor, salt=body.salt)


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

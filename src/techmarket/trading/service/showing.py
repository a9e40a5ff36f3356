"""Rows as the views that leave this room."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import texts
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotFound
from techmarket.notices import steps as notices
from techmarket.settlement import steps as settlement
from techmarket.trading import repository, rules
from techmarket.trading.lifecycle import (
    BookState,
)
from techmarket.trading.tables import Award, BidRow, Lot, Participant, Trade
from techmarket.trading.views import AwardView, BidLineView, LotView, ParticipantView, TradeLineView, TradeView


def require_known(actor: Actor, trade: Trade) -> None:
    """Before its announcement a trade is known to its seller and the market only."""
    if trade.state in repository.HIDDEN and not actor.is_market and actor.org_id != trade.seller_org_id:
        raise NotFound()


async def trade_view(db: AsyncSession, trade: Trade, lot: Lot, now: datetime) -> TradeView:
    return TradeView(
        trade.id,
        trade.number,
        trade.state,
        trade.method,
        trade.seller_org_id,
        trade.listing_id,
        trade.listing_n,
        trade.listing_sha256,
        trade.title_zh,
        trade.title_en,
        trade.rule_date,
        trade.terms_sha256,
        await texts.get(db, trade.terms_sha256),
        Money(trade.deposit_minor),
        trade.notice_id,
        await notices.ends_at(db, trade.notice_id) if trade.notice_id is not None else None,
        trade.bidding_opens_at,
        lot_view(lot, now),
    )


def trade_line(trade: Trade, lot: Lot) -> TradeLineView:
    return TradeLineView(
        trade.id,
        trade.number,
        trade.state,
        trade.method,
        trade.listing_id,
        lot.id,
        trade.title_zh,
        trade.title_en,
        Money(trade.start_price_minor),
        Money(trade.increment_minor),
        Money(trade.deposit_minor),
        money_of(lot.leading_minor),
        trade.bidding_opens_at,
        lot.effective_end,
    )


def lot_view(lot: Lot, now: datetime) -> LotView:
    least = rules.minimum_next_bid(
        lot.leading_minor, start_price_minor=lot.start_price_minor, increment_minor=lot.increment_minor
    )
    return LotView(
        lot.id,
        lot.trade_id,
        lot.state,
        Money(lot.start_price_minor),
        Money(lot.increment_minor),
        money_of(lot.leading_minor),
        lot.leading_bidder,
        None if lot.state is BookState.CLOSED else Money(least),
        lot.seq,
        lot.chain.hex(),
        lot.opened_at,
        lot.free_ends_at,
        lot.effective_end,
        lot.hard_end,
        lot.closed_at,
        now,
    )


def bid_line(bid: BidRow) -> BidLineView:
    return BidLineView(bid.seq, bid.bidder, Money(bid.minor), bid.verdict, bid.at, bid.chain.hex())


async def participant_view(db: AsyncSession, trade: Trade, participant: Participant) -> ParticipantView:
    reference = None
    if participant.due_id is not None:
        dues = await settlement.dues_of(db, Ref("participant", participant.id))
        reference = next(due.reference for due in dues if due.id == participant.due_id)
    return ParticipantView(
        participant.id,
        trade.id,
        participant.org_id,
        participant.number,
        participant.related,
        participant.state,
        Money(trade.deposit_minor),
        participant.due_id,
        reference,
    )


def award_view(award: Award, trade: Trade, participant: Participant) -> AwardView:
    return AwardView(
        award.id,
        trade.id,
        award.lot_id,
        award.rank,
        award.state,
        trade.seller_org_id,
        participant.org_id,
        Money(award.price_minor),
        Money(trade.deposit_minor),
        award.notice_id,
        award.sign_by,
    )


def money_of(minor: int | None) -> Money | None:
    return None if minor is None else Money(minor)

"""What each reader sees of trades, lots, bids, participants and awards."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from techmarket.db.clock import market_now
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.paging import Page, decode_cursor, last_id, page_of
from techmarket.kernel.refusals import NotFound
from techmarket.trading import policy, repository
from techmarket.trading.lifecycle import (
    TradeState,
)
from techmarket.trading.service.showing import (
    award_view,
    bid_line,
    lot_view,
    participant_views,
    require_known,
    trade_line,
    trade_view,
)
from techmarket.trading.views import AwardView, BidLineView, LotView, ParticipantView, TradeLineView, TradeView


async def get_trade(tx: Tx, actor: Actor, trade_id: UUID) -> TradeView:
    """A trade with its rules in machine form; public once announced."""
    async with tx.read() as db:
        trade = await repository.get_trade(db, trade_id)
        require_known(actor, trade)
        return await trade_view(db, trade, await repository.lots_of(db, trade.id), await market_now(db))


async def list_trades(
    tx: Tx,
    actor: Actor,
    *,
    state: TradeState | None = None,
    mine: bool = False,
    of_listing: UUID | None = None,
    among: Collection[UUID] | None = None,
    cursor: str | None = None,
    limit: int,
) -> Page[TradeLineView]:
    """Trades, newest first: the public ones, and one's own in every state; those of a listing, or some of them."""
    after = last_id(cursor)
    async with tx.read() as db:
        rows = await repository.list_trades(
            db,
            reader_org=actor.org_id,
            sees_all=actor.is_market,
            mine=mine,
            state=state,
            of_listing=of_listing,
            among=among,
            after=after,
            limit=limit + 1,
        )
        page = page_of(rows, limit, lambda row: (str(row[0].id),))
        return page.map(lambda row: trade_line(*row))


async def trades_of_awards(tx: Tx, award_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """By award the id of its trade; who may read the trade is asked where it is read."""
    async with tx.read() as db:
        return await repository.trades_of_awards(db, award_ids)


async def get_lot(tx: Tx, actor: Actor, lot_id: UUID) -> LotView:
    """Where a lot stands: price, end, number of entries."""
    async with tx.read() as db:
        lot, trade = await repository.find_lot(db, lot_id)
        require_known(actor, trade)
        return lot_view(lot, await market_now(db))


async def list_bids(tx: Tx, actor: Actor, lot_id: UUID, *, cursor: str | None, limit: int) -> Page[BidLineView]:
    """The public record of a lot, in the order of its book; bidders by number."""
    after = decode_cursor(cursor, int)[0] if cursor is not None else 0
    async with tx.read() as db:
        lot, trade = await repository.find_lot(db, lot_id)
        require_known(actor, trade)
        rows = await repository.list_bids(db, lot_id, after=after, limit=limit + 1)
        void = await repository.numbers_shut_out(db, lot_id)
        return page_of(rows, limit, lambda bid: (bid.seq,)).map(
            lambda bid: bid_line(lot, bid, is_void=bid.bidder in void)
        )


async def list_participants(tx: Tx, actor: Actor, trade_id: UUID) -> Sequence[ParticipantView]:
    """All participants for the seller's officers and the market; a participant sees itself.

    Not for every member of the seller: an inventor has no part in who may buy, and numbers stand for names in public.
    """
    async with tx.read() as db:
        trade = await repository.get_trade(db, trade_id)
        require_known(actor, trade)
        require(actor, policy.SEE_PARTICIPANTS)
        is_officer = bool(actor.roles & policy.SELLERS_OFFICERS)
        sees_all = actor.is_market or (actor.org_id == trade.seller_org_id and is_officer)
        rows = [p for p in await repository.list_participants(db, trade_id) if sees_all or actor.org_id in p.sides]
        return await participant_views(db, rows)


async def get_award(tx: Tx, actor: Actor, award_id: UUID) -> AwardView:
    """An award, for its two sides and the market."""
    async with tx.read() as db:
        award = await repository.get_award(db, award_id)
        trade = await repository.get_trade(db, award.trade_id)
        participant = await repository.get_participant(db, award.participant_id)
        parties = [trade.seller_org_id, *participant.sides]
        mine = actor.org_id in participant.sides or (
            actor.org_id == trade.seller_org_id and bool(actor.roles & policy.SEE_BUYERS)
        )
        if not actor.is_market and not mine:
            raise NotFound()
        require(actor, policy.SEE_AWARD, parties=parties)
        return await award_view(db, award, trade, participant)


async def list_awards(tx: Tx, actor: Actor, trade_id: UUID) -> Sequence[AwardView]:
    """The awards of a trade: all for the seller and the market, one's own for a bidder."""
    async with tx.read() as db:
        trade = await repository.get_trade(db, trade_id)
        require_known(actor, trade)
        require(actor, policy.SEE_PARTICIPANTS)
        views = [
            await award_view(db, award, trade, await repository.get_participant(db, award.participant_id))
            for award in await repository.list_awards(db, trade_id)
        ]
        is_officer = bool(actor.roles & policy.SEE_BUYERS)
        sees_all = actor.is_market or (actor.org_id == trade.seller_org_id and is_officer)
        return [
            view
            for view in views
            if sees_all
            or actor.org_id in (view.buyer_organisation_id, view.agent_organisation_id, *view.member_organisation_ids)
        ]

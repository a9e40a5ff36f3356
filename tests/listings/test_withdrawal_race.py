"""A listing is withdrawn while its trade is announced or the first bid arrives: in either order one story is told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import ANONYMOUS
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotFound
from techmarket.listings import service as listings
from techmarket.listings.lifecycle import ListingState
from techmarket.listings.views import ListingView
from techmarket.notices import service as notices
from techmarket.notices.kinds import NoticeKind
from techmarket.trading import errors
from techmarket.trading import service as trading
from techmarket.trading.bidbook import BidBook
from techmarket.trading.lifecycle import LotState, TerminationCause, TradeState
from techmarket.trading.views import TradeView
from tests.listings.make import an_offer
from tests.races import in_line
from tests.trading.make import Market, a_draft, a_market_at_work, a_qualified, an_open_trade

LISTING = "SELECT 1 FROM listing WHERE id = :id FOR UPDATE"
LOT = "SELECT 1 FROM lot WHERE id = :id FOR UPDATE"


@pytest.fixture
async def market(tx: Tx, keys: Keys) -> Market:
    return await a_market_at_work(tx, keys, buyers=1)


@pytest.fixture
async def book(tx: Tx, keys: Keys) -> AsyncIterator[BidBook]:
    async with BidBook(tx.engine, keys.receipts) as opened:
        yield opened


async def a_submitted(market: Market) -> TradeView:
    offer = await an_offer(market.tx, market.seller, market.operator)
    trade = await a_draft(market, listing_id=offer.id)
    return await trading.submit_trade(market.tx, market.seller, trade.id)


def withdraw(market: Market, trade: TradeView):
    return lambda: listings.withdraw(market.tx, market.seller, trade.listing_id)


def announce(market: Market, trade: TradeView):
    return lambda: trading.announce(market.tx, market.operator, trade.id)


async def standing(market: Market, trade: TradeView) -> tuple[ListingState, TradeState, int]:
    """Where listing and trade stand, and how many announcements the public reads."""
    listing = await listings.get_listing(market.tx, market.seller, trade.listing_id)
    shown = await trading.get_trade(market.tx, market.seller, trade.id)
    found = await notices.list_notices(market.tx, ANONYMOUS, kind=NoticeKind.ANNOUNCEMENT, subject=f"trade:{trade.id}")
    return listing.state, shown.state, len(found.items)


async def test_of_a_withdrawal_and_an_announcement_at_once_the_first_in_line_happens_and_the_other_is_told(
    market: Market,
) -> None:
    trade = await a_submitted(market)
    acts = withdraw(market, trade), announce(market, trade)
    withdrawn, refused = await in_line(market.tx, LISTING, *acts, id=trade.listing_id)
    assert isinstance(withdrawn, ListingView)
    assert isinstance(refused, NotInThisState | NotFound)
    assert await standing(market, trade) == (ListingState.WITHDRAWN, TradeState.SUBMITTED, 0)

    trade = await a_submitted(market)
    acts = announce(market, trade), withdraw(market, trade)
    announced, refused = await in_line(market.tx, LISTING, *acts, id=trade.listing_id)
    assert isinstance(announced, TradeView)
    assert isinstance(refused, NotInThisState)
    assert await standing(market, trade) == (ListingState.ENGAGED, TradeState.ANNOUNCED, 1)


async def test_once_its_trade_is_announced_a_listing_is_not_withdrawn_and_the_first_bidder_stays(
    market: Market,
) -> None:
    trade = await a_submitted(market)
    await trading.announce(market.tx, market.operator, trade.id)
    joined, refused = await in_line(
        market.tx,
        LISTING,
        lambda: a_qualified(market, trade, market.buyers[0]),
        withdraw(market, trade),
        id=trade.listing_id,
    )
    assert isinstance(refused, NotInThisState)
    assert not isinstance(joined, BaseException)
    assert await standing(market, trade) == (ListingState.ENGAGED, TradeState.ANNOUNCED, 1)


@pytest.mark.parametrize("bid_comes_first", [True, False])
async def test_of_a_first_bid_and_the_withdrawal_of_what_is_bid_for_the_first_in_line_counts_and_no_bid_comes_after(
    market: Market, book: BidBook, bid_comes_first: bool
) -> None:
    """What is traded is withdrawn by ending its trade: from then on the listing is free, and goes, too."""
    trade = await an_open_trade(market)
    lot = trade.lot.id

    async def bid():
        return await trading.place_bid(book, market.buyers[0], lot, minor=60_000_000, key="first")

    async def end():
        return await trading.terminate(
            market.tx, market.operator, trade.id, cause=TerminationCause.OTHER, reasons="Sample reasons"
        )

    acts = (bid, end) if bid_comes_first else (end, bid)
    answers = await in_line(market.tx, LOT, *acts, id=lot)
    placed, ended = answers if bid_comes_first else answers[::-1]
    assert isinstance(ended, TradeView)
    if bid_comes_first:
        assert placed.is_accepted
        assert placed.entry.seq == 1
    else:
        assert isinstance(placed, errors.BiddingOver)
    async with market.tx.read() as db:
        told = "SELECT kind FROM journal_entry WHERE kind IN ('trading.bids_decided', 'trading.lot_terminated')"
        kinds = list((await db.execute(text(f"{told} ORDER BY seq"))).scalars())
        entered = (await db.execute(text("SELECT count(*) FROM bid WHERE lot_id = :lot"), {"lot": lot})).scalar_one()
        seq, state = (await db.execute(text("SELECT seq, state FROM lot WHERE id = :lot"), {"lot": lot})).one()
        paid_out = (await db.execute(text("SELECT count(*) FROM payout"))).scalar_one()
    assert kinds == ["trading.bids_decided"] * bid_comes_first + ["trading.lot_terminated"]
    assert (seq, entered, state, paid_out) == (int(bid_comes_first), int(bid_comes_first), LotState.TERMINATED, 1)
    assert await standing(market, trade) == (ListingState.PUBLISHED, TradeState.TERMINATED, 1)  # as it stood, and ended
    gone = await listings.withdraw(market.tx, market.seller, trade.listing_id)
    assert gone.state is ListingState.WITHDRAWN

"""A listing is withdrawn while its trade is announced: one of the two happens, and the other is told so."""

from __future__ import annotations

import asyncio

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import ANONYMOUS
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotFound, Refusal
from techmarket.listings import service as listings
from techmarket.listings.lifecycle import ListingState
from techmarket.notices import service as notices
from techmarket.notices.kinds import NoticeKind
from techmarket.trading import service as trading
from techmarket.trading.lifecycle import TradeState
from tests.listings.make import an_offer
from tests.trading.make import Market, a_draft, a_market_at_work, a_qualified


async def race(market: Market, withdrawal_first: bool) -> tuple[ListingState, TradeState]:
    offer = await an_offer(market.tx, market.seller, market.operator)
    trade = await a_draft(market, listing_id=offer.id)
    await trading.submit_trade(market.tx, market.seller, trade.id)
    acts = [
        listings.withdraw(market.tx, market.seller, offer.id),
        trading.announce(market.tx, market.operator, trade.id),
    ]
    done = await asyncio.gather(*(acts if withdrawal_first else acts[::-1]), return_exceptions=True)
    refused = [one for one in done if isinstance(one, BaseException)]
    assert len(refused) == 1
    assert isinstance(refused[0], NotInThisState | NotFound)
    assert isinstance(refused[0], Refusal)
    listing = await listings.get_listing(market.tx, market.seller, offer.id)
    shown = await trading.get_trade(market.tx, market.seller, trade.id)
    stands = await notices.list_notices(market.tx, ANONYMOUS, kind=NoticeKind.ANNOUNCEMENT, subject=f"trade:{trade.id}")
    assert len(stands.items) == (1 if shown.state is TradeState.ANNOUNCED else 0)
    return listing.state, shown.state


async def test_of_a_withdrawal_and_an_announcement_at_once_exactly_one_happens(tx: Tx, keys: Keys) -> None:
    market = await a_market_at_work(tx, keys, buyers=0)
    ended = [await race(market, withdrawal_first=n % 2 == 0) for n in range(8)]
    assert set(ended) <= {
        (ListingState.WITHDRAWN, TradeState.SUBMITTED),
        (ListingState.ENGAGED, TradeState.ANNOUNCED),
    }


async def test_once_its_trade_is_announced_a_listing_is_not_withdrawn_and_the_first_bidder_stays(
    tx: Tx, keys: Keys
) -> None:
    market = await a_market_at_work(tx, keys, buyers=1)
    offer = await an_offer(tx, market.seller, market.operator)
    trade = await a_draft(market, listing_id=offer.id)
    await trading.submit_trade(tx, market.seller, trade.id)
    await trading.announce(tx, market.operator, trade.id)
    joined, refused = await asyncio.gather(
        a_qualified(market, trade, market.buyers[0]),
        listings.withdraw(tx, market.seller, offer.id),
        return_exceptions=True,
    )
    assert isinstance(refused, NotInThisState)
    assert not isinstance(joined, BaseException)
    assert (await listings.get_listing(tx, market.seller, offer.id)).state is ListingState.ENGAGED

"""A process whose own clock is wrong judges nothing by it: deadlines are the database's, and sequence orders bids."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import time_machine
from sqlalchemy import text

from techmarket.db.clock import market_now
from techmarket.db.means import Means
from techmarket.jobs import runner
from techmarket.trading import service
from techmarket.trading.bidbook import BidBook
from techmarket.trading.lifecycle import LotState
from techmarket.trading.views import LotView
from tests.trading.make import Market, a_market_at_work, an_open_trade

JUMPS = (timedelta(days=40), timedelta(hours=1), timedelta(minutes=-5), timedelta(hours=-1), timedelta(days=-400))


async def a_bidding(means: Means) -> tuple[Market, LotView]:
    market = await a_market_at_work(means.tx, means.keys, buyers=2)
    return market, (await an_open_trade(market)).lot


async def test_jobs_and_bids_of_a_process_with_a_wrong_clock_go_by_the_database(means: Means) -> None:
    market, lot = await a_bidding(means)
    amount = 100_000_000
    async with BidBook(means.tx.engine, means.keys.receipts) as book:
        for n, jump in enumerate(JUMPS):
            async with means.tx.read() as db:
                before = await market_now(db)
            with time_machine.travel(datetime.now(UTC) + jump, tick=True):
                buyer, amount = market.buyers[n % 2], amount + 1_000_000
                answer = await service.place_bid(book, buyer, lot.id, minor=amount, key=f"jump {n}")
                await runner.run_due(
                    means, "trading.close_due", "trading.lapse_due", "notices.clear_due", "listings.expire"
                )
            assert answer.is_accepted, jump
            assert (answer.entry.seq, timedelta(0) <= answer.entry.at - before < timedelta(minutes=1)) == (
                n + 1,
                True,
            ), jump
        view = await service.get_lot(means.tx, market.operator, lot.id)
    assert view.state is LotState.OPEN


async def test_a_database_whose_clock_steps_back_takes_bids_in_their_order(means: Means) -> None:
    """Sequence, not time, orders the book; and a step back closes no lot early."""
    market, lot = await a_bidding(means)
    async with BidBook(means.tx.engine, means.keys.receipts) as book:
        await service.place_bid(book, market.buyers[0], lot.id, minor=101_000_000, key="before")
        async with means.tx.begin() as db:
            await db.execute(text("ALTER FUNCTION market_now() RENAME TO market_now_before"))
            await db.execute(
                text(
                    "CREATE FUNCTION market_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS"
                    " $$ SELECT market_now_before() - interval '5 minutes' $$"
                )
            )
        async with BidBook(means.tx.engine, means.keys.receipts) as again:
            answer = await service.place_bid(again, market.buyers[1], lot.id, minor=102_000_000, key="after")
        assert (answer.entry.seq, answer.is_accepted) == (2, True)

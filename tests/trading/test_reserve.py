"""A secret reserve price: committed by its digest, revealed after the close; nobody below it wins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.kernel.refusals import NotAllowed
from techmarket.trading import errors, service
from techmarket.trading.bidbook import BidBook
from techmarket.trading.lifecycle import AwardState, LotState, LotStep, TradeState
from techmarket.trading.reserve import opens, reserve_digest
from techmarket.trading.service import LotDraft
from techmarket.trading.views import TradeView
from tests.notices.make import move_to
from tests.trading.make import Market, a_market_at_work, an_open_trade

SALT = "5a" * 32
RESERVE = 58_000_000


@pytest.fixture
async def market(tx: Tx, keys: Keys) -> Market:
    return await a_market_at_work(tx, keys, buyers=2)


@pytest.fixture
async def book(tx: Tx, keys: Keys) -> AsyncIterator[BidBook]:
    async with BidBook(tx.engine, keys.receipts) as opened:
        yield opened


async def closed(market: Market, book: BidBook, *minor: int) -> TradeView:
    """A lot with a reserve price of 580,000.00 that is closed after these bids."""
    lot = LotDraft(increment_minor=1_000_000, reserve_digest=reserve_digest(RESERVE, SALT))
    trade = await an_open_trade(market, lots=[lot])
    for n, amount in enumerate(minor):
        await service.place_bid(book, market.buyers[n % 2], trade.lot.id, minor=amount, key=f"bid {n}")
    shown = await service.get_lot(market.tx, market.operator, trade.lot.id)
    assert shown.effective_end is not None
    with pytest.raises(errors.NoReserveAwaited):
        await reveal(market, trade)
    await move_to(market.tx, shown.effective_end)
    assert await service.close_due(market.tx) == 1
    return await service.get_trade(market.tx, market.operator, trade.id)


async def reveal(market: Market, trade: TradeView, minor: int = RESERVE, salt: str = SALT) -> None:
    await service.reveal_reserve(market.tx, market.seller, trade.lot.id, minor=minor, salt=salt)


async def awards(market: Market, trade: TradeView) -> list[tuple[AwardState, int]]:
    return [(a.state, a.price.minor) for a in await service.list_awards(market.tx, market.operator, trade.id)]


def test_only_the_committed_amount_and_salt_open_the_digest() -> None:
    digest = reserve_digest(RESERVE, SALT)
    assert opens(digest, minor=RESERVE, salt=SALT)
    assert not opens(digest, minor=RESERVE + 1, salt=SALT)
    assert not opens(digest, minor=RESERVE, salt="5b" * 32)


async def test_a_revealed_reserve_that_was_reached_lets_the_first_win_and_nobody_below_it_waits(
    market: Market, book: BidBook
) -> None:
    trade = await closed(market, book, 57_000_000, 58_000_000)
    assert trade.terms["reserve"] == {
        "reveal": {"n": 3, "unit": "days"},
        "not_revealed_in_time": "does_not_bind",
    }
    assert (trade.state, trade.lot.state, trade.lot.step) == (
        TradeState.DECIDING,
        LotState.EVALUATING,
        LotStep.RESERVE,
    )
    assert (trade.lot.reserve, await awards(market, trade)) == (None, [])
    with pytest.raises(NotAllowed):
        await service.reveal_reserve(market.tx, market.buyers[0], trade.lot.id, minor=RESERVE, salt=SALT)
    for minor, salt in ((RESERVE + 1, SALT), (RESERVE, "00" * 32)):
        with pytest.raises(errors.ReserveDiffers):
            await reveal(market, trade, minor, salt)
    assert (await service.get_lot(market.tx, market.operator, trade.lot.id)).step is LotStep.RESERVE
    await reveal(market, trade)
    shown = await service.get_lot(market.tx, market.buyers[0], trade.lot.id)
    assert (shown.state, shown.step, shown.reserve, shown.reserve_salt) == (
        LotState.AWARDED,
        None,
        shown.leading,
        SALT,
    )
    assert await awards(market, trade) == [(AwardState.OFFERED, 58_000_000)]
    with pytest.raises(errors.NoReserveAwaited):
        await reveal(market, trade)


async def test_where_nobody_reached_the_reserve_the_lot_is_unsold(market: Market, book: BidBook) -> None:
    trade = await closed(market, book, 56_000_000, 57_000_000)
    await reveal(market, trade)
    ended = await service.get_trade(market.tx, market.operator, trade.id)
    assert (ended.state, ended.lot.state) == (TradeState.UNSOLD, LotState.UNSOLD)
    assert await awards(market, trade) == []


async def test_a_reserve_that_is_not_revealed_in_time_does_not_bind(market: Market, book: BidBook) -> None:
    trade = await closed(market, book, 56_000_000, 57_000_000)
    assert await service.step_due(market.tx) == 0
    assert trade.lot.step_due_at is not None
    await move_to(market.tx, trade.lot.step_due_at)
    with pytest.raises(errors.NoReserveAwaited):
        await reveal(market, trade)
    assert sum(await asyncio.gather(*[service.step_due(market.tx) for _ in range(4)])) == 1
    assert await awards(market, trade) == [(AwardState.OFFERED, 57_000_000), (AwardState.WAITING, 56_000_000)]


async def test_where_nobody_bids_there_is_nothing_to_reveal_for(market: Market, book: BidBook) -> None:
    trade = await closed(market, book)
    assert (trade.state, trade.lot.state) == (TradeState.UNSOLD, LotState.UNSOLD)


async def test_a_reveal_and_the_clock_at_the_end_of_the_time_decide_the_lot_once_whoever_is_first(
    market: Market, book: BidBook
) -> None:
    """In time both orders are possible, and each has its own outcome; at the very end the clock's alone."""
    trade = await closed(market, book, 56_000_000, 60_000_000)
    async with market.tx.begin() as db:
        query = text("UPDATE lot SET step_due_at = market_now() + interval '30 milliseconds' WHERE id = :id")
        await db.execute(query, {"id": trade.lot.id})
    said = await asyncio.gather(
        reveal(market, trade), *(service.step_due(market.tx) for _ in range(2)), return_exceptions=True
    )
    late = [one for one in said if isinstance(one, BaseException)]
    assert all(isinstance(one, errors.NoReserveAwaited) for one in late)
    if late:
        shown = await service.get_lot(market.tx, market.operator, trade.lot.id)
        assert shown.step_due_at is None or shown.step_due_at <= shown.now
        await service.step_due(market.tx)
    lot = await service.get_lot(market.tx, market.operator, trade.lot.id)
    assert (lot.state, lot.step) == (LotState.AWARDED, None)
    # A reserve that was revealed leaves nobody below it waiting; one that was not does not bind.
    both = [(AwardState.OFFERED, 60_000_000), (AwardState.WAITING, 56_000_000)]
    assert await awards(market, trade) == (both if lot.reserve is None else both[:1])
    assert (lot.reserve is None) is bool(late)


async def test_once_the_time_is_over_the_clock_alone_decides_even_where_its_job_has_not_run(
    market: Market, book: BidBook
) -> None:
    trade = await closed(market, book, 56_000_000, 60_000_000)
    assert trade.lot.step_due_at is not None
    await move_to(market.tx, trade.lot.step_due_at)
    said = await asyncio.gather(
        reveal(market, trade),
        *(service.step_due(market.tx) for _ in range(3)),
        reveal(market, trade),
        return_exceptions=True,
    )
    assert [type(said[0]), type(said[-1])] == [errors.NoReserveAwaited] * 2
    assert sorted(one for one in said if isinstance(one, int)) == [0, 0, 1]
    assert await awards(market, trade) == [(AwardState.OFFERED, 60_000_000), (AwardState.WAITING, 56_000_000)]

"""Periods that reach into a year without holidays are waited for by name, and what cannot go on hides nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from techmarket.db.keys import Keys
from techmarket.db.means import Means
from techmarket.db.session import Tx
from techmarket.jobs import runner
from techmarket.notices import service as notices
from techmarket.rulebook import service as rulebook
from techmarket.trading import service
from techmarket.trading.bidbook import BidBook
from techmarket.trading.lifecycle import AwardState, LotState, LotStep, PauseCause, TradeState, WaitsFor
from tests.notices.make import move_to, shanghai
from tests.trading.make import Market, a_market_at_work, a_qualified, an_announced_trade, pay_deposit


@pytest.fixture
async def market(tx: Tx, keys: Keys) -> Market:
    return await a_market_at_work(tx, keys, buyers=1)


@pytest.fixture
async def book(tx: Tx, keys: Keys) -> AsyncIterator[BidBook]:
    async with BidBook(tx.engine, keys.receipts) as opened:
        yield opened


async def enter_2027(market: Market) -> None:
    """New Year's Day is the only holiday that these tests reach."""
    await rulebook.enter_work_days(
        market.tx, market.operator, days=[(date(2027, 1, 1), False)], source="Sample", declares_year=2027
    )


async def test_a_closed_lot_waits_by_name_for_the_holidays_its_result_notice_reaches_and_is_awarded_with_them(
    market: Market, book: BidBook, means: Means
) -> None:
    await move_to(market.tx, shanghai(2026, 12, 14, 9))
    trade = await an_announced_trade(market)
    assert trade.bidding_opens_at == shanghai(2026, 12, 29)
    await pay_deposit(market, await a_qualified(market, trade, market.buyers[0]))
    await move_to(market.tx, shanghai(2026, 12, 29))
    assert await service.open_due(market.tx) == 1
    await service.place_bid(book, market.buyers[0], trade.lot.id, minor=50_000_000, key="a")
    await move_to(market.tx, shanghai(2026, 12, 29, 2))
    assert await service.close_due(market.tx) == 1
    waiting = await service.get_lot(market.tx, market.operator, trade.lot.id)
    assert (waiting.state, waiting.step) == (LotState.EVALUATING, LotStep.CALENDAR)
    (line,) = (await service.list_floor(market.tx, market.operator, limit=20)).items
    assert line.step is LotStep.CALENDAR
    assert await service.list_awards(market.tx, market.operator, trade.id) == []
    await move_to(market.tx, shanghai(2026, 12, 29, 4))
    assert await service.step_due(market.tx) == 1  # looks again, and waits on
    assert (await service.get_lot(market.tx, market.operator, trade.lot.id)).step is LotStep.CALENDAR
    await enter_2027(market)
    await runner.settle_down(means)
    (award,) = await service.list_awards(market.tx, market.operator, trade.id)
    assert (award.state, award.price.minor) == (AwardState.OFFERED, 50_000_000)
    assert award.notice_id is not None
    shown = await notices.get_notice(market.tx, market.buyers[0], award.notice_id)
    assert shown.line.ends_at == shanghai(2027, 1, 7)  # 30 and 31 December, 4, 5 and 6 January


async def test_a_suspension_over_the_new_year_is_resumed_without_its_calendar_and_the_end_is_told_when_it_comes(
    market: Market, means: Means
) -> None:
    await move_to(market.tx, shanghai(2026, 12, 14, 9))
    trade = await an_announced_trade(market)
    await move_to(market.tx, shanghai(2026, 12, 21, 9))  # four days have run: 15 to 18 December
    stopped = await service.suspend_trade(
        market.tx, market.operator, trade.id, cause=PauseCause.OTHER, reasons="Sample reasons"
    )
    assert (stopped.waits_for, stopped.resume_by) == (WaitsFor.RESUMPTION, None)
    await move_to(market.tx, shanghai(2026, 12, 30, 9))
    resumed = await service.resume_trade(market.tx, market.operator, trade.id, reasons="Sample reasons")
    assert (resumed.waits_for, resumed.announcement_ends_at) == (WaitsFor.CALENDAR_MISSING, None)
    assert trade.notice_id is not None
    shown = await notices.get_notice(market.tx, market.seller, trade.notice_id)
    assert (shown.line.ends_at, shown.line.remaining_days) == (None, None)
    assert await service.open_due(market.tx) == 0
    assert (await service.get_trade(market.tx, market.operator, trade.id)).state is TradeState.ANNOUNCED
    await enter_2027(market)
    await runner.settle_down(means)
    after = await service.get_trade(market.tx, market.operator, trade.id)
    # The six left: 31 December, 4, 5, 6, 7 and 8 January.
    assert (after.waits_for, after.announcement_ends_at) == (None, shanghai(2027, 1, 9))
    assert after.bidding_opens_at == shanghai(2027, 1, 9)


async def test_what_cannot_be_opened_yet_hides_nothing_that_can_however_many_there_are(market: Market) -> None:
    stuck = [await an_announced_trade(market) for _ in range(3)]
    for trade in stuck:
        await service.suspend_trade(
            market.tx, market.operator, trade.id, cause=PauseCause.OTHER, reasons="Sample reasons"
        )
    last = await an_announced_trade(market)
    assert last.bidding_opens_at is not None
    await move_to(market.tx, last.bidding_opens_at + timedelta(seconds=1))
    assert await service.open_due(market.tx, limit=1) == 1
    assert (await service.get_trade(market.tx, market.operator, last.id)).state is TradeState.UNSOLD

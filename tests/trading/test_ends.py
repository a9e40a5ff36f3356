"""How a lot ends when few come: the least number of participants that was announced, and a single one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.trading import rules, service
from techmarket.trading.bidbook import BidBook
from techmarket.trading.lifecycle import DepositState, LotState, TradeState
from tests.notices.make import move_to
from tests.settlement.make import escrow
from tests.trading.make import (
    DEPOSIT,
    Market,
    a_market_at_work,
    a_qualified,
    an_announced_trade,
    an_awarded_trade,
    pay_deposit,
)


@pytest.fixture
async def market(tx: Tx, keys: Keys) -> Market:
    return await a_market_at_work(tx, keys, buyers=1)


@pytest.fixture
async def book(tx: Tx, keys: Keys) -> AsyncIterator[BidBook]:
    async with BidBook(tx.engine, keys.receipts) as opened:
        yield opened


async def unsold_because(tx: Tx) -> list[str]:
    async with tx.read() as db:
        rows = await db.execute(text("SELECT facts FROM journal_entry WHERE kind = 'trading.lot_unsold' ORDER BY seq"))
        return [row.facts["cause"] for row in rows]


@pytest.mark.parametrize(
    ("left", "own", "others", "part"),
    [
        (15_000_000, 30_000_000, [20_000_000], 9_000_000),
        (6_000_000, 20_000_000, [], 6_000_000),
        (100, 1, [1, 1], 33),
        (101, 1, [1], 51),
        (100, None, [5_000], 50),
        (100, 5_000, [None, 1], 33),
    ],
)
def test_a_deposit_is_split_over_the_lots_it_still_backs_by_their_start_prices(
    left: int, own: int | None, others: list[int | None], part: int
) -> None:
    assert rules.share_of(left, own, others) == part


@given(st.integers(1, 10**12), st.lists(st.one_of(st.none(), st.integers(1, 10**12)), min_size=1, max_size=8))
def test_the_parts_of_a_deposit_sum_to_it_whatever_the_start_prices(deposit: int, prices: list[int | None]) -> None:
    left, parts = deposit, []
    for n, price in enumerate(prices):
        parts.append(rules.share_of(left, price, prices[n + 1 :]))
        left -= parts[-1]
    assert sum(parts) == deposit
    assert min(parts) >= 0


async def test_with_fewer_than_was_announced_a_lot_ends_unsold_at_the_opening_and_deposits_go_back(
    market: Market,
) -> None:
    trade = await an_announced_trade(market, participants_min=2)
    await pay_deposit(market, await a_qualified(market, trade, market.buyers[0]))
    assert trade.bidding_opens_at is not None
    await move_to(market.tx, trade.bidding_opens_at)
    assert await service.open_due(market.tx) == 1
    after = await service.get_trade(market.tx, market.operator, trade.id)
    assert (after.state, after.lot.state) == (TradeState.UNSOLD, LotState.UNSOLD)
    assert await unsold_because(market.tx) == ["too_few_qualified"]
    (row,) = await service.list_participants(market.tx, market.operator, trade.id)
    assert row.deposits[0].state is DepositState.RELEASED
    assert await escrow(market.tx, market.buyers[0].org) == (DEPOSIT, 0)


async def test_a_single_participant_buys_by_one_quote_not_below_the_floor_where_nothing_else_was_announced(
    market: Market, book: BidBook
) -> None:
    trade = await an_awarded_trade(market, book, 500_000)
    (award,) = await service.list_awards(market.tx, market.operator, trade.id)
    assert (award.rank, award.price.minor) == (1, 50_000_000)


async def test_the_buyer_reads_who_objected_to_the_result_he_is_a_party_of(market: Market, book: BidBook) -> None:
    trade = await an_awarded_trade(market, book, 500_000)
    (award,) = await service.list_awards(market.tx, market.operator, trade.id)
    async with market.tx.read() as db:
        row = await db.execute(text("SELECT reader_org_ids FROM notice WHERE id = :n"), {"n": award.notice_id})
    assert row.scalar_one() == [market.buyers[0].org]

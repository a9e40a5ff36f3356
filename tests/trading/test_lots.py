"""Several lots in one trade: how they are drafted, opened, backed by deposits, decided and ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from techmarket.db.clock import market_now
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.kernel.ids import new_id
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import Refusal
from techmarket.trading import errors, service, steps
from techmarket.trading.bidbook import BidBook
from techmarket.trading.lifecycle import (
    AwardState,
    DepositScope,
    DepositState,
    LotState,
    SeatState,
    TradeState,
)
from techmarket.trading.service import LotDraft
from techmarket.trading.views import ParticipantView, TradeView
from tests.achievements.make import an_achievement
from tests.listings.make import an_offer
from tests.notices.make import move_to, shanghai
from tests.settlement.make import escrow
from tests.trading.make import DEPOSIT, Market, a_draft, a_market_at_work, a_qualified, an_announced_trade, pay_deposit

STEP = 1_000_000


@pytest.fixture
async def market(tx: Tx, keys: Keys) -> Market:
    return await a_market_at_work(tx, keys)


@pytest.fixture
async def book(tx: Tx, keys: Keys) -> AsyncIterator[BidBook]:
    async with BidBook(tx.engine, keys.receipts) as opened:
        yield opened


async def a_pair(market: Market) -> tuple[UUID, list[UUID]]:
    """An offer of two achievements at 500,000.00 together."""
    ids = [(await an_achievement(market.tx, market.seller)).id for _ in range(2)]
    return (await an_offer(market.tx, market.seller, market.operator, achievement_ids=tuple(ids))).id, ids


def two_lots(ids: list[UUID]) -> list[LotDraft]:
    return [
        LotDraft("标的甲", "Lot A", (ids[0],), 30_000_000, STEP),
        LotDraft("标的乙", "Lot B", (ids[1],), 20_000_000, STEP),
    ]


async def announced(market: Market, **terms: Any) -> TradeView:
    listing_id, ids = await a_pair(market)
    drafted = await service.draft_trade(
        market.tx,
        market.seller,
        listing_id=listing_id,
        **({"deposit_minor": DEPOSIT, "lots": two_lots(ids)} | terms),
    )
    await service.submit_trade(market.tx, market.seller, drafted.id)
    return await service.announce(market.tx, market.operator, drafted.id)


async def opened(market: Market, trade: TradeView) -> TradeView:
    assert trade.bidding_opens_at is not None
    await move_to(market.tx, trade.bidding_opens_at)
    assert await service.open_due(market.tx) == 1
    return await service.get_trade(market.tx, market.operator, trade.id)


async def closed(market: Market, trade: TradeView) -> TradeView:
    ends = [lot.effective_end for lot in trade.lots if lot.effective_end is not None]
    await move_to(market.tx, max(ends))
    await service.close_due(market.tx)
    return await service.get_trade(market.tx, market.operator, trade.id)


async def joined(market: Market, trade: TradeView, buyer: int, *lots: int) -> ParticipantView:
    """A buyer who is qualified for these lots, or for all."""
    actor = market.buyers[buyer]
    wanted = [trade.lots[n].id for n in lots]
    mine = await service.register_intent(market.tx, actor, trade.id, lot_ids=wanted)
    await service.admit(market.tx, market.operator, mine.id)
    return await service.confirm(market.tx, market.seller, mine.id)


async def deposits(market: Market, trade: TradeView, buyer: int) -> list[DepositState]:
    (shown,) = await service.list_participants(market.tx, market.buyers[buyer], trade.id)
    return [one.state for one in shown.deposits]


async def seats(market: Market, trade: TradeView, buyer: int) -> list[SeatState]:
    (shown,) = await service.list_participants(market.tx, market.buyers[buyer], trade.id)
    return [one.state for one in shown.seats]


async def award_of(market: Market, trade: TradeView, lot: int, rank: int = 1) -> UUID:
    every = await service.list_awards(market.tx, market.operator, trade.id)
    return next(one.id for one in every if one.lot_id == trade.lots[lot].id and one.rank == rank)


async def conclude(market: Market, award_id: UUID) -> steps.AwardFacts:
    async with market.tx.begin() as db:
        return await steps.conclude_award(db, award_id, now=await market_now(db), actor=market.seller)


async def test_lots_share_the_listings_achievements_and_reach_its_floor_together(market: Market) -> None:
    trade = await announced(market)
    assert [(lot.n, lot.title_en, lot.start_price) for lot in trade.lots] == [
        (1, "Lot A", Money(30_000_000)),
        (2, "Lot B", Money(20_000_000)),
    ]
    assert [lot["start_price"]["amount"] for lot in trade.terms["lots"]] == ["300000.00", "200000.00"]
    noted = "SELECT facts FROM journal_entry WHERE kind = 'trading.lot_announced' ORDER BY seq"
    async with market.tx.read() as db:
        facts = [row.facts for row in await db.execute(text(noted))]
    assert [(one["n"], one["start_price_minor"]) for one in facts] == [(1, 30_000_000), (2, 20_000_000)]


async def test_lots_that_leave_open_what_they_hold_or_start_too_low_are_refused(market: Market) -> None:
    listing_id, ids = await a_pair(market)
    one, _ = two_lots(ids)
    wrong: list[tuple[list[LotDraft], type[Refusal], str]] = [
        ([], errors.TermsOutOfRange, "/body/lots"),
        ([one, LotDraft(start_price_minor=1, increment_minor=1)], errors.LotsUnclear, "/body/lots/1/achievement_ids"),
        (
            [LotDraft(achievement_ids=(new_id(),), increment_minor=1)],
            errors.LotsUnclear,
            "/body/lots/0/achievement_ids",
        ),
        ([one, LotDraft(None, None, (ids[1],), None, STEP)], errors.StartBelowFloor, "/body/lots/1/start_price"),
        ([one, LotDraft(None, None, (ids[1],), 19_999_999, STEP)], errors.StartBelowFloor, "/body/lots/0/start_price"),
        ([one, LotDraft(None, None, (ids[1],), 20_000_000)], errors.TermMissing, "/body/lots/1/increment"),
    ]
    for lots, refusal, pointer in wrong:
        with pytest.raises(refusal) as refused:
            await service.draft_trade(market.tx, market.seller, listing_id=listing_id, deposit_minor=DEPOSIT, lots=lots)
        assert refused.value.pointer == pointer
    async with market.tx.read() as db:
        assert (await db.execute(text("SELECT count(*) FROM trade"))).scalar_one() == 0
    shared = [one, LotDraft(None, None, (ids[0],), 20_000_000, STEP)]  # ordinary licences of one achievement
    await service.draft_trade(market.tx, market.seller, listing_id=listing_id, deposit_minor=DEPOSIT, lots=shared)


async def test_one_achievement_is_in_one_lot_unless_its_licence_is_ordinary(market: Market) -> None:
    achievement = (await an_achievement(market.tx, market.seller)).id
    offer = await an_offer(
        market.tx, market.seller, market.operator, achievement_ids=(achievement,), licence_kind="EXCLUSIVE"
    )
    twice = [LotDraft(None, None, (achievement,), 30_000_000, STEP) for _ in range(2)]
    with pytest.raises(errors.LotsUnclear):
        await service.draft_trade(market.tx, market.seller, listing_id=offer.id, deposit_minor=0, lots=twice)


async def test_a_deposit_for_each_lot_makes_the_seat_of_its_own_lot_ready(market: Market) -> None:
    trade = await announced(market, deposit_scope=DepositScope.LOT)
    mine = await joined(market, trade, 0)
    assert [one.lot_id for one in mine.deposits] == [lot.id for lot in trade.lots]
    first = mine.deposits[0]
    await pay_deposit(market, replace(mine, deposits=(first,)))
    assert await seats(market, trade, 0) == [SeatState.READY, SeatState.WAITING]
    assert await escrow(market.tx, market.buyers[0].org) == (DEPOSIT, 0)


async def test_a_deposit_for_the_trade_makes_every_seat_ready_at_once(market: Market) -> None:
    trade = await announced(market)
    await pay_deposit(market, await joined(market, trade, 0))
    assert await seats(market, trade, 0) == [SeatState.READY, SeatState.READY]


async def test_where_no_deposit_is_asked_whoever_is_confirmed_may_bid(market: Market, book: BidBook) -> None:
    trade = await an_announced_trade(market, deposit_minor=0)
    mine = await a_qualified(market, trade, market.buyers[0])
    assert mine.deposits == ()
    assert await seats(market, trade, 0) == [SeatState.READY]
    trade = await opened(market, trade)
    await service.place_bid(book, market.buyers[0], trade.lot.id, minor=50_000_000, key="a")
    trade = await closed(market, trade)
    assert (trade.state, trade.lot.state) == (TradeState.AWARDED, LotState.AWARDED)
    await move_to(market.tx, shanghai(2026, 4, 24))
    assert await service.lapse_due(market.tx) == 1
    async with market.tx.read() as db:
        assert (await db.execute(text("SELECT count(*) FROM payout"))).scalar_one() == 0


async def test_a_seat_is_only_for_the_lots_one_has_registered_for(market: Market, book: BidBook) -> None:
    trade = await announced(market, deposit_minor=0)
    await joined(market, trade, 0, 0)
    await joined(market, trade, 1)
    with pytest.raises(errors.LotNotOfTrade):
        await service.register_intent(market.tx, market.buyers[2], trade.id, lot_ids=[new_id()])
    trade = await opened(market, trade)
    assert (await service.place_bid(book, market.buyers[0], trade.lots[0].id, minor=30_000_000, key="a")).is_accepted
    with pytest.raises(errors.NotAParticipant):
        await service.place_bid(book, market.buyers[0], trade.lots[1].id, minor=20_000_000, key="b")


async def test_a_lot_nobody_is_qualified_for_is_unsold_at_the_opening_and_the_others_open(market: Market) -> None:
    trade = await announced(market)
    await pay_deposit(market, await joined(market, trade, 0, 1))
    trade = await opened(market, trade)
    assert trade.state is TradeState.DECIDING
    assert [lot.state for lot in trade.lots] == [LotState.UNSOLD, LotState.OPEN]


async def test_each_lot_has_its_own_award_and_the_trade_is_decided_with_the_last(market: Market, book: BidBook) -> None:
    trade = await announced(market)
    for buyer in range(3):
        await pay_deposit(market, await joined(market, trade, buyer))
    trade = await opened(market, trade)
    a, b = (lot.id for lot in trade.lots)
    for n, (buyer, lot, minor) in enumerate(
        [(0, a, 30_000_000), (1, a, 31_000_000), (1, b, 20_000_000), (0, b, 21_000_000)]
    ):
        answer = await service.place_bid(book, market.buyers[buyer], lot, minor=minor, key=f"bid {n}")
        assert answer.is_accepted
    shown = await service.get_lot(market.tx, market.operator, a)
    assert shown.effective_end is not None
    await move_to(market.tx, shown.effective_end)
    assert await service.close_if_due(market.tx, a) is True
    trade = await service.get_trade(market.tx, market.operator, trade.id)
    assert (trade.state, [lot.state for lot in trade.lots]) == (
        TradeState.DECIDING,
        [LotState.AWARDED, LotState.OPEN],
    )
    # Nobody is released while the deposit still backs a seat on the other lot.
    assert await deposits(market, trade, 2) == [DepositState.HELD]
    assert await service.close_due(market.tx) == 1
    trade = await service.get_trade(market.tx, market.operator, trade.id)
    assert trade.state is TradeState.AWARDED
    assert await deposits(market, trade, 2) == [DepositState.RELEASED]
    every = await service.list_awards(market.tx, market.operator, trade.id)
    assert [(one.lot_id, one.rank, one.state, one.buyer_organisation_id) for one in every] == [
        (a, 1, AwardState.OFFERED, market.buyers[1].org),
        (a, 2, AwardState.WAITING, market.buyers[0].org),
        (b, 1, AwardState.OFFERED, market.buyers[0].org),
        (b, 2, AwardState.WAITING, market.buyers[1].org),
    ]


async def test_a_deposit_for_the_trade_pays_each_contract_its_lots_part_and_the_listing_closes_with_the_last_lot(
    market: Market, book: BidBook
) -> None:
    trade = await announced(market)
    await pay_deposit(market, await joined(market, trade, 0))
    trade = await opened(market, trade)
    for lot in trade.lots:
        assert lot.start_price is not None
        await service.place_bid(book, market.buyers[0], lot.id, minor=lot.start_price.minor, key=str(lot.n))
    trade = await closed(market, trade)
    await move_to(market.tx, shanghai(2026, 3, 25))
    first = await conclude(market, await award_of(market, trade, 0))
    # The start prices are 300,000 and 200,000: three fifths of 150,000 belong to the first lot.
    assert (first.deposit_minor, first.achievement_ids) == (9_000_000, trade.lots[0].achievement_ids)
    assert await deposits(market, trade, 0) == [DepositState.HELD]
    assert await escrow(market.tx, market.buyers[0].org) == (DEPOSIT, 9_000_000)  # the rest is held on
    assert (await service.get_trade(market.tx, market.operator, trade.id)).state is TradeState.AWARDED
    second = await conclude(market, await award_of(market, trade, 1))
    assert second.deposit_minor == 6_000_000
    assert await deposits(market, trade, 0) == [DepositState.PAID_IN]
    assert await escrow(market.tx, market.buyers[0].org) == (DEPOSIT, DEPOSIT)
    assert (await service.get_trade(market.tx, market.operator, trade.id)).state is TradeState.CONCLUDED
    async with market.tx.read() as db:
        query = text("SELECT state FROM listing WHERE id = :l")
        assert (await db.execute(query, {"l": trade.listing_id})).scalar_one() == "CLOSED"


async def test_who_does_not_sign_for_one_lot_loses_its_part_alone_and_a_default_costs_what_became_that_price(
    market: Market, book: BidBook
) -> None:
    trade = await announced(market)
    await pay_deposit(market, await joined(market, trade, 0))
    trade = await opened(market, trade)
    for lot in trade.lots:
        assert lot.start_price is not None
        await service.place_bid(book, market.buyers[0], lot.id, minor=lot.start_price.minor, key=str(lot.n))
    trade = await closed(market, trade)
    await move_to(market.tx, shanghai(2026, 3, 25))
    signed, unsigned = await award_of(market, trade, 0), await award_of(market, trade, 1)
    await conclude(market, signed)
    async with market.tx.begin() as db:
        await steps.note_buyers_turn(db, unsigned, now=await market_now(db), actor=market.seller)
    await move_to(market.tx, shanghai(2026, 4, 25))
    assert await service.lapse_due(market.tx) == 1
    assert await deposits(market, trade, 0) == [DepositState.FORFEITED]
    assert await escrow(market.tx, market.buyers[0].org) == (9_000_000, 9_000_000)
    async with market.tx.begin() as db:
        facts = await steps.default_award(db, signed, now=await market_now(db), actor=market.operator)
    assert facts.deposit_minor == 9_000_000
    assert await escrow(market.tx, market.buyers[0].org) == (0, 0)
    assert await escrow(market.tx, market.seller.org) == (DEPOSIT, 0)
    assert (await service.get_trade(market.tx, market.operator, trade.id)).state is TradeState.UNSOLD


async def test_an_upheld_objection_to_one_result_ends_its_lot_and_leaves_the_other(
    market: Market, book: BidBook
) -> None:
    trade = await announced(market, deposit_scope=DepositScope.LOT)
    await pay_deposit(market, await joined(market, trade, 0))
    trade = await opened(market, trade)
    for lot in trade.lots:
        assert lot.start_price is not None
        await service.place_bid(book, market.buyers[0], lot.id, minor=lot.start_price.minor, key=str(lot.n))
    trade = await closed(market, trade)
    assert await service.annul_award(market.tx, await award_of(market, trade, 0)) is True
    trade = await service.get_trade(market.tx, market.operator, trade.id)
    assert (trade.state, [lot.state for lot in trade.lots]) == (
        TradeState.AWARDED,
        [LotState.TERMINATED, LotState.AWARDED],
    )
    assert await deposits(market, trade, 0) == [DepositState.RELEASED, DepositState.HELD]
    assert await seats(market, trade, 0) == [SeatState.GONE, SeatState.READY]
    await move_to(market.tx, shanghai(2026, 3, 25))
    facts = await conclude(market, await award_of(market, trade, 1))
    assert facts.deposit_minor == DEPOSIT
    assert (await service.get_trade(market.tx, market.operator, trade.id)).state is TradeState.CONCLUDED


async def test_a_draft_in_the_short_form_is_one_lot_of_everything(market: Market) -> None:
    draft = await a_draft(market)
    assert [(lot.n, lot.achievement_ids, lot.increment) for lot in draft.lots] == [(1, None, Money(STEP))]
    assert (draft.deposit_scope, draft.previous_id) == (DepositScope.TRADE, None)

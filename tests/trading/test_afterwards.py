"""After the session: best final bids, first refusals, and what races at the end of either step."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import new_id
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotFound, Refusal
from techmarket.notices import errors as notice_errors
from techmarket.trading import errors, final_bids, first_refusal, service
from techmarket.trading.bidbook import BidBook
from techmarket.trading.first_refusal import Basis, ClaimState, Holder
from techmarket.trading.lifecycle import AwardState, ForfeitCause, LotState, LotStep, Method
from techmarket.trading.methods import Standing
from techmarket.trading.service import Afterwards
from techmarket.trading.views import LotView, TradeView
from tests.listings.make import an_offer
from tests.notices.make import an_evidence, move_to
from tests.trading.make import Market, a_draft, a_market_at_work, a_qualified, an_announced_trade, pay_deposit

FINALS = Afterwards(final_bid_hours=2, final_bid_leaders=2)
REFUSAL = Afterwards(first_refusal_hours=24)
amounts = st.lists(st.integers(1, 50), min_size=2, max_size=6)


@pytest.fixture
async def market(tx: Tx, keys: Keys) -> Market:
    return await a_market_at_work(tx, keys)


@pytest.fixture
async def book(tx: Tx, keys: Keys) -> AsyncIterator[BidBook]:
    async with BidBook(tx.engine, keys.receipts) as opened:
        yield opened


async def open_now(market: Market, trade: TradeView) -> None:
    assert trade.bidding_opens_at is not None
    await move_to(market.tx, trade.bidding_opens_at)
    assert await service.open_due(market.tx) >= 1


async def close(market: Market, book: BidBook, trade: TradeView, *bids: tuple[int, int]) -> LotView:
    """These buyers bid these amounts in yuan, and the book is closed."""
    for n, (buyer, yuan) in enumerate(bids):
        answer = await service.place_bid(book, market.buyers[buyer], trade.lot.id, minor=yuan * 100, key=f"bid {n}")
        assert answer.is_accepted
    lot = await service.get_lot(market.tx, market.operator, trade.lot.id)
    assert lot.effective_end is not None
    await move_to(market.tx, lot.effective_end)
    assert await service.close_due(market.tx) == 1
    return await service.get_lot(market.tx, market.operator, trade.lot.id)


async def awards(market: Market, trade: TradeView) -> list[tuple[int, int, AwardState]]:
    """Which buyer, at how many yuan, by rank."""
    place = {buyer.org: n for n, buyer in enumerate(market.buyers)}
    found = await service.list_awards(market.tx, market.operator, trade.id)
    return [(place[one.buyer_organisation_id], one.price.minor // 100, one.state) for one in found]


# --- the best final bid -----------------------------------------------------------------------------------------------


@given(amounts, st.dictionaries(st.integers(1, 6), st.integers(1, 80)))
def test_final_bids_rank_by_price_then_by_the_earlier_standing(prices: list[int], finals: dict[int, int]) -> None:
    ranked = [Standing(n, price) for n, price in enumerate(sorted(prices, reverse=True), start=1)]
    after = final_bids.rank(ranked, finals)
    prices_after = [finals.get(one.number, one.price_minor) for one in ranked]
    assert [one.price_minor for one in after] == sorted(prices_after, reverse=True)
    assert sorted(one.number for one in after) == [one.number for one in ranked]
    for earlier, later in itertools.pairwise(after):
        assert earlier.price_minor > later.price_minor or earlier.number < later.number


def test_without_a_final_bid_a_ranking_by_score_stays_as_it_is() -> None:
    by_score = [Standing(1, 400), Standing(2, 500)]
    assert final_bids.rank(by_score, {}) == by_score


@pytest.mark.parametrize(
    ("of_the_winner", "asked"),
    [(ClaimState.HELD, []), (ClaimState.REFUSED, [2]), (ClaimState.CLAIMED, [2])],
)
def test_a_claim_that_was_refused_or_left_open_takes_no_first_refusal_from_who_holds_one(
    of_the_winner: ClaimState, asked: list[int]
) -> None:
    holders = [Holder(1, Decimal(0), 0, of_the_winner), Holder(2, Decimal(0), 1, ClaimState.HELD)]
    found = first_refusal.who_is_asked(holders, [Standing(1, 500), Standing(2, 400)])
    assert [one.number for one in found] == asked


async def a_trade_with_finals(market: Market) -> TradeView:
    trade = await an_announced_trade(market, afterwards=FINALS)
    for buyer in market.buyers:
        await pay_deposit(market, await a_qualified(market, trade, buyer))
    await open_now(market, trade)
    return trade


async def test_leaders_name_one_last_price_that_nobody_else_reads_before_the_step_has_ended(
    market: Market, book: BidBook
) -> None:
    trade = await a_trade_with_finals(market)
    with pytest.raises(errors.NoFinalBidAwaited) as early:
        await service.put_final_bid(market.tx, market.buyers[1], trade.lot.id, minor=99_000_000)
    opened = await service.get_lot(market.tx, market.operator, trade.lot.id)
    assert early.value.facts == {"session_ends_at": opened.effective_end}
    lot = await close(market, book, trade, (0, 500_000), (1, 510_000), (2, 520_000))
    assert (lot.state, lot.step) == (LotState.EVALUATING, LotStep.FINAL_BID)
    third, second, first = market.buyers
    for who, minor, no in (
        (third, 99_000_000, errors.NotALeader),
        (second, 51_000_000, errors.FinalBidTooLow),
        (market.seller, 99_000_000, errors.NotAParticipant),
    ):
        with pytest.raises(no):
            await service.put_final_bid(market.tx, who, lot.id, minor=minor)
    mine = await service.put_final_bid(market.tx, second, lot.id, minor=53_000_000)
    assert mine.commitment == final_bids.commitment(
        lot_id=lot.id, bidder=mine.bidder, minor=53_000_000, nonce=mine.nonce
    )
    with pytest.raises(errors.FinalBidGiven):
        await service.put_final_bid(market.tx, second, lot.id, minor=54_000_000)
    for reader in (first, third, market.seller, market.operator):
        assert list(await service.list_final_bids(market.tx, reader, lot.id)) == []
    assert [one.amount.minor for one in await service.list_final_bids(market.tx, second, lot.id)] == [53_000_000]
    async with market.tx.read() as db:
        told = await db.execute(text("SELECT facts::text FROM journal_entry WHERE kind LIKE 'trading.final_bid%'"))
        assert ["53000000" in one for one in told.scalars()] == [False]
    assert await awards(market, trade) == []
    assert lot.step_due_at is not None
    await move_to(market.tx, lot.step_due_at)
    assert await service.step_due(market.tx) == 1
    assert await awards(market, trade) == [(1, 530_000, AwardState.OFFERED), (2, 520_000, AwardState.WAITING)]
    assert len(await service.list_final_bids(market.tx, third, lot.id)) == 1


async def test_equal_final_bids_go_to_the_earlier_standing_and_the_last_of_them_ends_the_step(
    market: Market, book: BidBook
) -> None:
    trade = await a_trade_with_finals(market)
    lot = await close(market, book, trade, (0, 500_000), (1, 510_000), (2, 520_000))
    results = await asyncio.gather(
        *[service.put_final_bid(market.tx, market.buyers[1], lot.id, minor=53_000_000) for _ in range(4)],
        return_exceptions=True,
    )
    assert [type(one) for one in results if isinstance(one, Exception)] == [errors.FinalBidGiven] * 3
    await service.put_final_bid(market.tx, market.buyers[2], lot.id, minor=53_000_000)
    assert await awards(market, trade) == [(2, 530_000, AwardState.OFFERED), (1, 530_000, AwardState.WAITING)]


async def test_a_final_bid_at_the_end_of_the_step_counts_or_is_refused_and_there_is_one_winner(
    market: Market, book: BidBook
) -> None:
    trade = await a_trade_with_finals(market)
    lot = await close(market, book, trade, (1, 510_000), (2, 520_000))
    assert lot.step_due_at is not None
    await move_to(market.tx, lot.step_due_at)
    results = await asyncio.gather(
        service.put_final_bid(market.tx, market.buyers[1], lot.id, minor=53_000_000),
        service.step_due(market.tx),
        service.step_due(market.tx),
        return_exceptions=True,
    )
    assert isinstance(results[0], errors.NoFinalBidAwaited)
    # If the clock was first the lot has moved on; if the bidder came first he hears until when it would have been.
    assert results[0].facts in ({}, {"taken_until": lot.step_due_at})
    assert sum(one for one in results[1:] if isinstance(one, int)) == 1
    assert await awards(market, trade) == [(2, 520_000, AwardState.OFFERED), (1, 510_000, AwardState.WAITING)]


async def test_a_leader_who_was_shut_out_names_no_final_price(market: Market, book: BidBook) -> None:
    trade = await a_trade_with_finals(market)
    lot = await close(market, book, trade, (0, 500_000), (1, 510_000), (2, 520_000))
    (mine,) = await service.list_participants(market.tx, market.buyers[1], trade.id)
    await service.forfeit_deposit(
        market.tx, market.operator, mine.deposits[0].id, cause=ForfeitCause.FALSE_PAPERS, reasons="Sample."
    )
    with pytest.raises(errors.NotAParticipant):
        await service.put_final_bid(market.tx, market.buyers[1], lot.id, minor=60_000_000)
    # The next of the session is a leader instead.
    assert (
        await service.put_final_bid(market.tx, market.buyers[0], lot.id, minor=53_000_000)
    ).amount.minor == 53_000_000


async def test_one_leader_alone_is_awarded_at_once(market: Market, book: BidBook) -> None:
    trade = await a_trade_with_finals(market)
    lot = await close(market, book, trade, (1, 510_000))
    assert (lot.state, await awards(market, trade)) == (LotState.AWARDED, [(1, 510_000, AwardState.OFFERED)])


async def test_final_bids_are_announced_for_online_bidding_alone(market: Market) -> None:
    with pytest.raises(errors.TermUnknown):
        await a_draft(market, method=Method.NEGOTIATION, afterwards=FINALS)
    with pytest.raises(errors.TermsOutOfRange):
        await a_draft(market, afterwards=replace(FINALS, final_bid_leaders=1))
    plain = await an_announced_trade(market)
    with pytest.raises(NotFound):
        await service.list_final_bids(market.tx, market.operator, plain.lot.id)


# --- first refusal ----------------------------------------------------------------------------------------------------


def holder(number: int, share: str = "0", claimed: int = 0, state: ClaimState = ClaimState.HELD) -> Holder:
    return Holder(number, Decimal(share), claimed, state)


def test_of_several_holders_the_larger_share_comes_first_then_the_earlier_claim() -> None:
    several = [holder(1, claimed=0), holder(2, "0.1", claimed=1), holder(3, "0.4", claimed=2), holder(4, claimed=3)]
    assert [one.number for one in first_refusal.in_order(several)] == [3, 2, 1, 4]


def test_the_step_is_settled_once_nobody_before_whoever_exercises_is_still_to_be_heard() -> None:
    asked, exercised, waived = ClaimState.ASKED, ClaimState.EXERCISED, ClaimState.WAIVED
    for states, settled in (
        ((asked, asked), False),
        ((asked, exercised), False),
        ((exercised, asked), True),
        ((waived, asked), False),
        ((waived, exercised), True),
        ((waived, waived), True),
    ):
        holders = [holder(n, claimed=n, state=state) for n, state in enumerate(states)]
        assert first_refusal.is_settled(holders) is settled, states


def test_against_a_winner_who_holds_one_himself_nobody_has_a_first_refusal() -> None:
    ranked = [Standing(1, 500), Standing(2, 400)]
    assert first_refusal.who_is_asked([holder(1), holder(3)], ranked) == []
    assert first_refusal.who_is_asked([holder(2), holder(3, state=ClaimState.CLAIMED)], ranked) == [holder(2)]
    assert first_refusal.who_is_asked([holder(2)], []) == []


async def a_trade_with_holders(market: Market, *holders: int, confirmed: bool = True) -> TradeView:
    """These buyers were promised a first refusal by contract; all buyers are ready and the book is open."""
    trade = await an_announced_trade(market, afterwards=REFUSAL)
    for n, buyer in enumerate(market.buyers):
        mine = await a_qualified(market, trade, buyer)
        if n in holders:
            shown = await an_evidence(market.tx, buyer, f"{n:x}" * 64)
            await service.claim_first_refusal(market.tx, buyer, mine.id, basis=Basis.CONTRACT, evidence_sha256=shown)
            if confirmed:
                await service.answer_claim(market.tx, market.seller, mine.id, accepted=True)
        await pay_deposit(market, mine)
    await open_now(market, trade)
    return trade


async def take(market: Market, who: Actor, lot: LotView, *, exercise: bool = True) -> LotView:
    return await service.exercise_first_refusal(market.tx, who, lot.id, exercise=exercise)


async def test_a_holder_takes_the_lot_at_the_winners_price_and_the_former_winner_waits(
    market: Market, book: BidBook
) -> None:
    trade = await a_trade_with_holders(market, 0)
    lot = await close(market, book, trade, (1, 500_000), (2, 510_000))
    assert (lot.state, lot.step, await awards(market, trade)) == (
        LotState.EVALUATING,
        LotStep.FIRST_REFUSAL,
        [],
    )
    for other in market.buyers[1:]:
        with pytest.raises(errors.NoFirstRefusalAwaited):
            await take(market, other, lot)
    after = await take(market, market.buyers[0], lot)
    assert (after.state, after.step) == (LotState.AWARDED, None)
    assert await awards(market, trade) == [(0, 510_000, AwardState.OFFERED), (2, 510_000, AwardState.WAITING)]


async def test_a_silent_holder_has_waived_and_the_lot_goes_to_the_winner_exactly_once(
    market: Market, book: BidBook
) -> None:
    trade = await a_trade_with_holders(market, 0)
    lot = await close(market, book, trade, (1, 500_000), (2, 510_000))
    assert lot.step_due_at is not None
    await move_to(market.tx, lot.step_due_at)
    results = await asyncio.gather(
        take(market, market.buyers[0], lot),
        *[service.step_due(market.tx) for _ in range(3)],
        return_exceptions=True,
    )
    assert isinstance(results[0], errors.NoFirstRefusalAwaited)
    assert sum(one for one in results[1:] if isinstance(one, int)) == 1
    assert await awards(market, trade) == [(2, 510_000, AwardState.OFFERED), (1, 500_000, AwardState.WAITING)]


async def test_a_holder_who_answers_twice_at_once_is_heard_once(market: Market, book: BidBook) -> None:
    trade = await a_trade_with_holders(market, 0)
    lot = await close(market, book, trade, (2, 510_000))
    results = await asyncio.gather(
        take(market, market.buyers[0], lot),
        take(market, market.buyers[0], lot, exercise=False),
        return_exceptions=True,
    )
    refused = [one for one in results if isinstance(one, Refusal)]
    assert [type(one) for one in refused] == [errors.NoFirstRefusalAwaited]
    winner = 0 if isinstance(results[0], LotView) else 2
    assert (await awards(market, trade))[0] == (winner, 510_000, AwardState.OFFERED)


async def test_the_second_holder_waits_for_the_first_and_takes_the_lot_when_that_one_waives(
    market: Market, book: BidBook
) -> None:
    trade = await a_trade_with_holders(market, 0, 1)
    lot = await close(market, book, trade, (2, 510_000))
    waiting = await take(market, market.buyers[1], lot)
    assert (waiting.state, waiting.step) == (LotState.EVALUATING, LotStep.FIRST_REFUSAL)
    with pytest.raises(NotInThisState):
        await take(market, market.buyers[1], lot, exercise=False)
    await take(market, market.buyers[0], lot, exercise=False)
    assert await awards(market, trade) == [(1, 510_000, AwardState.OFFERED), (2, 510_000, AwardState.WAITING)]


async def test_nobody_is_asked_whose_claim_the_seller_left_open_or_who_has_lost_his_seat_or_who_won(
    market: Market, book: BidBook
) -> None:
    left_open = await a_trade_with_holders(market, 0, confirmed=False)
    assert (await close(market, book, left_open, (2, 510_000))).state is LotState.AWARDED
    shut_out = await a_trade_with_holders(market, 0)
    mine = (await service.list_participants(market.tx, market.buyers[0], shut_out.id))[0]
    assert mine.first_refusals[0].state is ClaimState.HELD
    await service.forfeit_deposit(
        market.tx, market.operator, mine.deposits[0].id, cause=ForfeitCause.FALSE_PAPERS, reasons="Sample."
    )
    assert (await close(market, book, shut_out, (2, 510_000))).state is LotState.AWARDED
    winner = await a_trade_with_holders(market, 2)
    assert (await close(market, book, winner, (2, 510_000))).state is LotState.AWARDED


async def test_a_claim_is_founded_on_the_record_or_on_evidence_and_made_in_time(market: Market, book: BidBook) -> None:
    plain = await an_announced_trade(market)
    buyer, other = market.buyers[:2]
    there = await service.register_intent(market.tx, buyer, plain.id)
    with pytest.raises(errors.NoFirstRefusalHere):
        await service.claim_first_refusal(market.tx, buyer, there.id, basis=Basis.COMPLETER)
    offer = await an_offer(market.tx, market.seller, market.operator, mode="TRANSFER", licence_kind=None)
    trade = await an_announced_trade(market, listing_id=offer.id, afterwards=REFUSAL)
    mine = await service.register_intent(market.tx, buyer, trade.id)
    for basis, evidence, no in (
        (Basis.COMPLETER, None, errors.ClaimUnfounded),
        (Basis.CO_OWNER, None, errors.ClaimUnfounded),
        (Basis.CONTRACT, None, errors.ClaimUnfounded),
        (Basis.CONTRACT, "c" * 64, notice_errors.EvidenceMissing),
    ):
        with pytest.raises(no):
            await service.claim_first_refusal(market.tx, buyer, mine.id, basis=basis, evidence_sha256=evidence)
    with pytest.raises(NotFound):
        await service.claim_first_refusal(market.tx, other, mine.id, basis=Basis.COMPLETER)
    with pytest.raises(NotFound):
        await service.answer_claim(market.tx, market.seller, mine.id, accepted=True)
    async with market.tx.begin() as db:
        made = (
            "INSERT INTO completer (achievement_id, position, person_id)"
            " SELECT achievement_id, 9, :person FROM listing_item WHERE listing_id = :listing"
        )
        await db.execute(text(made), {"person": buyer.person, "listing": offer.id})
    held = await service.claim_first_refusal(market.tx, buyer, mine.id, basis=Basis.COMPLETER)
    assert [(one.basis, one.state) for one in held.first_refusals] == [(Basis.COMPLETER, ClaimState.HELD)]
    with pytest.raises(errors.FirstRefusalClaimed):
        await service.claim_first_refusal(market.tx, buyer, mine.id, basis=Basis.COMPLETER)
    with pytest.raises(NotInThisState):
        await service.answer_claim(market.tx, market.seller, mine.id, accepted=True)
    late = await a_qualified(market, trade, other)
    await pay_deposit(market, late)
    await open_now(market, trade)
    with pytest.raises(errors.TooLateToClaim) as too_late:
        await service.claim_first_refusal(market.tx, other, late.id, basis=Basis.COMPLETER)
    assert too_late.value.facts == {"bidding_opens_at": trade.bidding_opens_at}
    with pytest.raises(NotFound):
        await service.claim_first_refusal(market.tx, other, new_id(), basis=Basis.COMPLETER)


async def test_a_first_refusal_is_announced_inside_the_session_or_after_it_not_both(market: Market) -> None:
    with pytest.raises(errors.TermsSaidTwice):
        await a_draft(market, terms={"first_refusal": "in_session"}, afterwards=REFUSAL)
    draft = await a_draft(market, afterwards=REFUSAL)
    assert draft.terms["first_refusal"]["several_holders"] == ["larger_share_of_the_title", "earlier_claim"]

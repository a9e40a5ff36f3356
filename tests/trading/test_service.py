"""A trade from its draft to its award, its lapse and its conclusion; and what races at the turning points."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from techmarket.db.clock import market_now
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import OrgKind, Role
from techmarket.identity.steps import OrganisationFacts
from techmarket.identity.tables import Membership
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.money import Money
from techmarket.kernel.refusals import NotAllowed, NotFound, Refusal
from techmarket.notices import errors as notice_errors
from techmarket.notices import service as notices
from techmarket.settlement import service as bank
from techmarket.settlement import steps as settlement
from techmarket.trading import errors, repository, rules, service, steps
from techmarket.trading.bidbook import BidBook
from techmarket.trading.lifecycle import AwardState, DepositState, LotState, ParticipantState, SeatState, TradeState
from techmarket.trading.rules import BookLine
from techmarket.trading.service.drafting import seller_kinds
from techmarket.trading.views import TradeView
from tests.door import Door
from tests.identity.make import a_member, an_organisation
from tests.listings.make import an_offer
from tests.notices.make import move_to, shanghai
from tests.settlement.make import a_message, escrow, from_the_bank, sheet
from tests.trading.make import (
    DEPOSIT,
    PERIODS,
    Market,
    a_draft,
    a_market_at_work,
    a_qualified,
    an_announced_trade,
    an_awarded_trade,
    an_open_lot,
    an_open_trade,
    draft,
    end_now,
    pay_deposit,
    the_seller_signs,
)


@pytest.fixture
async def market(tx: Tx, keys: Keys) -> Market:
    return await a_market_at_work(tx, keys)


@pytest.fixture
async def book(tx: Tx, keys: Keys) -> AsyncIterator[BidBook]:
    async with BidBook(tx.engine, keys.receipts) as opened:
        yield opened


async def one(tx: Tx, sql: str, **params: Any) -> Any:
    async with tx.read() as db:
        return (await db.execute(text(sql), params)).scalar_one()


async def listing_state(market: Market, trade: TradeView) -> str:
    return str(await one(market.tx, "SELECT state FROM listing WHERE id = :l", l=trade.listing_id))


async def awards_of(market: Market, trade: TradeView) -> list[tuple[int, AwardState, int]]:
    return [(a.rank, a.state, a.price.minor) for a in await service.list_awards(market.tx, market.operator, trade.id)]


async def deposits_of(market: Market, trade: TradeView) -> list[DepositState]:
    """The deposit of each buyer who was asked for one, in the order of the buyers."""
    rows = await service.list_participants(market.tx, market.operator, trade.id)
    by_org = {row.organisation_id: row.deposits[0].state for row in rows if row.deposits}
    return [by_org[buyer.org] for buyer in market.buyers if buyer.org in by_org]


async def award_id(market: Market, trade: TradeView, rank: int) -> UUID:
    return next(a.id for a in await service.list_awards(market.tx, market.operator, trade.id) if a.rank == rank)


async def conclude(market: Market, award: UUID) -> steps.AwardFacts:
    async with market.tx.begin() as db:
        return await steps.conclude_award(db, award, now=await market_now(db), actor=market.seller)


async def kinds_of(tx: Tx) -> list[str]:
    async with tx.read() as db:
        rows = await db.execute(text("SELECT kind FROM journal_entry WHERE kind LIKE 'trading.%' ORDER BY seq"))
        return [row.kind.removeprefix("trading.") for row in rows]


# --- draft and announcement -----------------------------------------------------------------------------------------


async def test_a_draft_takes_what_is_not_said_from_the_rulebook_and_is_known_to_its_seller_and_the_market_only(
    market: Market,
) -> None:
    draft = await a_draft(market, free_seconds=None, limited_seconds=None)
    assert (draft.state, draft.number, draft.rule_date) == (TradeState.DRAFT, "JY-2026-000001", date(2026, 3, 2))
    assert draft.rules == draft.terms["rules"]
    assert [draft.rules[name] for name in PERIODS] == [3600, 180, 86_400]
    assert draft.terms["announcement"] == {"n": 10, "unit": "working_days"}
    assert draft.terms["result_notice"] == {"n": 5, "unit": "working_days"}
    assert draft.terms["signing"] == {"n": 30, "unit": "days"}
    assert draft.lot.start_price == Money(50_000_000)
    assert draft.terms["warnings"] == []
    with pytest.raises(NotFound):
        await service.get_trade(market.tx, market.buyers[0], draft.id)
    assert (await service.list_trades(market.tx, market.buyers[0], limit=20)).items == []
    assert [t.id for t in (await service.list_trades(market.tx, market.seller, limit=20)).items] == [draft.id]


async def test_a_deposit_above_custom_is_said_not_refused_since_its_rule_was_never_read(market: Market) -> None:
    draft = await a_draft(market, deposit_minor=15_000_001)
    assert draft.terms["warnings"] == ["trading.deposit_above_custom"]


async def test_a_draft_is_refused_for_others_offers_low_starts_and_odd_periods(market: Market) -> None:
    offer = await an_offer(market.tx, market.seller, market.operator)
    unpublished = await an_offer(market.tx, market.seller)
    wanted: dict[str, Any] = {"listing_id": offer.id, "increment_minor": 100, "deposit_minor": 100}
    for actor, terms, refusal in (
        (market.buyers[0], {}, NotFound),
        (market.seller, {"listing_id": unpublished.id}, errors.ListingNotTradable),
        (market.seller, {"listing_id": new_id()}, NotFound),
        (market.seller, {"start_price_minor": 49_999_999}, errors.StartBelowFloor),
        (market.seller, {"free_seconds": 59}, errors.TermsOutOfRange),
        (market.seller, {"limited_seconds": 9}, errors.TermsOutOfRange),
    ):
        with pytest.raises(refusal):
            await draft(market.tx, actor, **(wanted | terms))
    assert await one(market.tx, "SELECT count(*) FROM trade") == 0


async def test_announcing_engages_the_listing_and_opens_the_notice_and_bidding_waits_for_its_end(
    market: Market,
) -> None:
    trade = await an_announced_trade(market)
    assert trade.state is TradeState.ANNOUNCED
    assert trade.announcement_ends_at == shanghai(2026, 3, 17)  # 24:00 of the tenth working day, 16 March
    assert trade.bidding_opens_at == trade.announcement_ends_at
    assert await listing_state(market, trade) == "ENGAGED"
    assert (await service.get_trade(market.tx, market.buyers[0], trade.id)).number == "JY-2026-000001"
    with pytest.raises(NotInThisState):
        await service.announce(market.tx, market.operator, trade.id)


async def test_bidding_cannot_open_before_the_announcement_ends(market: Market) -> None:
    draft = await a_draft(market, bidding_opens_at=shanghai(2026, 3, 16, 9))
    await service.submit_trade(market.tx, market.seller, draft.id)
    with pytest.raises(errors.OpensTooEarly) as refused:
        await service.announce(market.tx, market.operator, draft.id)
    assert refused.value.facts["announcement_ends_at"] == shanghai(2026, 3, 17)
    assert (await service.get_trade(market.tx, market.operator, draft.id)).state is TradeState.SUBMITTED
    assert await listing_state(market, draft) == "PUBLISHED"


async def test_an_opening_that_is_past_or_years_away_is_refused_for_deposits_would_wait_for_it(market: Market) -> None:
    for opens in (shanghai(2026, 3, 1), shanghai(2026, 8, 30), shanghai(2199, 1, 1)):
        with pytest.raises(errors.TermsOutOfRange) as refused:
            await a_draft(market, bidding_opens_at=opens)
        assert (refused.value.facts["field"], refused.value.pointer) == ("bidding_opens_at", "/body/bidding_opens_at")
    assert await one(market.tx, "SELECT count(*) FROM trade") == 0


async def test_a_listing_that_changed_since_the_draft_is_refused(market: Market) -> None:
    draft = await a_draft(market)
    async with market.tx.begin() as db:
        await db.execute(text("UPDATE trade SET listing_sha256 = :s"), {"s": "0" * 64})
    with pytest.raises(errors.ListingChanged):
        await service.submit_trade(market.tx, market.seller, draft.id)
    assert (await service.get_trade(market.tx, market.operator, draft.id)).state is TradeState.DRAFT


async def test_only_the_operator_announces_and_a_returned_trade_can_be_handed_in_again(
    market: Market, door: Door
) -> None:
    draft = await a_draft(market)
    await service.submit_trade(market.tx, market.seller, draft.id)
    with pytest.raises(NotAllowed):
        await service.announce(market.tx, market.seller, draft.id)
    with pytest.raises(NotFound):
        await service.announce(market.tx, market.buyers[0], draft.id)
    assert (await door.post(market.operator, f"/v1/trades/{draft.id}/return"))["state"] == "RETURNED"
    assert (await service.submit_trade(market.tx, market.seller, draft.id)).state is TradeState.SUBMITTED


async def test_two_trades_on_one_listing_cannot_both_be_announced(market: Market) -> None:
    offer = await an_offer(market.tx, market.seller, market.operator)
    drafts = [await a_draft(market, listing_id=offer.id) for _ in range(2)]
    for one_draft in drafts:
        await service.submit_trade(market.tx, market.seller, one_draft.id)
    results = await asyncio.gather(
        *[service.announce(market.tx, market.operator, one_draft.id) for one_draft in drafts], return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["NotInThisState", "TradeView"]


# --- participants ---------------------------------------------------------------------------------------------------


async def test_a_participant_is_admitted_confirmed_pays_and_may_bid(market: Market) -> None:
    trade, buyer = await an_announced_trade(market), market.buyers[0]
    mine = await service.register_intent(market.tx, buyer, trade.id)
    assert (mine.state, mine.related, 1000 <= mine.number <= 9999) == (ParticipantState.REGISTERED, False, True)
    with pytest.raises(NotInThisState):
        await service.confirm(market.tx, market.seller, mine.id)
    assert (await service.admit(market.tx, market.operator, mine.id)).state is ParticipantState.ADMITTED
    confirmed = await service.confirm(market.tx, market.seller, mine.id)
    assert confirmed.state is ParticipantState.QUALIFIED
    (asked,) = confirmed.deposits
    assert (asked.state, asked.amount.minor, asked.lot_id) == (DepositState.DUE, DEPOSIT, None)
    assert [seat.state for seat in confirmed.seats] == [SeatState.WAITING]
    await pay_deposit(market, confirmed)
    assert await deposits_of(market, trade) == [DepositState.HELD]
    (shown,) = await service.list_participants(market.tx, buyer, trade.id)
    assert [seat.state for seat in shown.seats] == [SeatState.READY]
    assert await escrow(market.tx, buyer.org) == (DEPOSIT, 0)
    assert await service.hold_deposit(market.tx, asked.due_id) is False  # the same event once more
    assert await escrow(market.tx, buyer.org) == (DEPOSIT, 0)


async def test_registration_is_refused_to_the_seller_the_registered_and_after_the_announcement(market: Market) -> None:
    trade = await an_announced_trade(market)
    await service.register_intent(market.tx, market.buyers[0], trade.id)
    with pytest.raises(errors.RegisteredAlready):
        await service.register_intent(market.tx, market.buyers[0], trade.id)
    with pytest.raises(errors.SellerCannotBuy):
        await service.register_intent(market.tx, market.seller, trade.id)
    assert trade.announcement_ends_at is not None
    await move_to(market.tx, trade.announcement_ends_at)
    with pytest.raises(errors.RegistrationClosed):
        await service.register_intent(market.tx, market.buyers[1], trade.id)
    assert len(await service.list_participants(market.tx, market.operator, trade.id)) == 1


async def test_twenty_registrations_of_one_organisation_at_once_are_one(market: Market) -> None:
    trade = await an_announced_trade(market)
    results = await asyncio.gather(
        *[service.register_intent(market.tx, market.buyers[0], trade.id) for _ in range(20)], return_exceptions=True
    )
    assert [type(r) for r in results if isinstance(r, Exception)] == [errors.RegisteredAlready] * 19


async def test_a_participant_sees_itself_the_seller_and_the_market_see_all(market: Market) -> None:
    trade = await an_announced_trade(market)
    for buyer in market.buyers:
        await service.register_intent(market.tx, buyer, trade.id)
    for actor, count in ((market.buyers[0], 1), (market.seller, 3), (market.operator, 3)):
        assert len(await service.list_participants(market.tx, actor, trade.id)) == count
    other = (await service.list_participants(market.tx, market.buyers[1], trade.id))[0]
    with pytest.raises(NotFound):
        await service.admit(market.tx, market.buyers[0], other.id)


async def test_only_a_company_of_the_state_is_bound_by_the_rules_for_state_assets(market: Market) -> None:
    facts = OrganisationFacts(new_id(), OrgKind.ENTERPRISE, "Sample", None, None, "330100", True, True, True)
    assert seller_kinds(facts) == ("soe", "any")
    seller = (await an_organisation(market.tx, government_established=True)).actor
    offer = await an_offer(market.tx, seller, market.operator)
    drafted = await draft(market.tx, seller, offer.id, increment_minor=1_000_000, deposit_minor=DEPOSIT)
    assert drafted.terms["announcement"] == {"n": 5, "unit": "working_days"}  # the low band of the floor price


# --- bidding and the close ------------------------------------------------------------------------------------------


async def test_bidding_opens_by_the_clock_once_and_its_periods_run_from_the_real_opening(market: Market) -> None:
    trade = await an_announced_trade(market)
    for buyer in market.buyers[:2]:
        await pay_deposit(market, await a_qualified(market, trade, buyer))
    assert await service.open_due(market.tx) == 0
    late = shanghai(2026, 3, 17, 8, 30)
    await move_to(market.tx, late)
    assert sum(await asyncio.gather(*[service.open_due(market.tx) for _ in range(4)])) == 1
    shown = await service.get_trade(market.tx, market.buyers[0], trade.id)
    assert (shown.state, shown.lot.state) == (TradeState.DECIDING, LotState.OPEN)
    assert shown.lot.opened_at is not None
    assert shown.lot.opened_at >= late
    assert shown.lot.free_ends_at == shown.lot.opened_at + timedelta(seconds=3600)
    assert shown.lot.effective_end == shown.lot.free_ends_at + timedelta(seconds=180)
    assert shown.lot.hard_end == shown.lot.free_ends_at + timedelta(seconds=86_400)


async def test_a_trade_nobody_qualified_for_ends_unsold_and_frees_its_listing(market: Market) -> None:
    trade = await an_announced_trade(market)
    await service.register_intent(market.tx, market.buyers[0], trade.id)
    await move_to(market.tx, shanghai(2026, 3, 17))
    assert await service.open_due(market.tx) == 1
    assert (await service.get_trade(market.tx, market.operator, trade.id)).state is TradeState.UNSOLD
    assert await listing_state(market, trade) == "PUBLISHED"
    assert await deposits_of(market, trade) == []
    assert (await service.get_lot(market.tx, market.operator, trade.lot.id)).state is LotState.UNSOLD


async def test_a_book_without_bids_ends_unsold_and_every_deposit_goes_back(market: Market) -> None:
    trade = await an_open_trade(market)
    assert await service.close_due(market.tx) == 0
    assert trade.lot.effective_end is not None
    await move_to(market.tx, trade.lot.effective_end)
    assert await service.close_due(market.tx) == 1
    assert (await service.get_trade(market.tx, market.operator, trade.id)).state is TradeState.UNSOLD
    assert await deposits_of(market, trade) == [DepositState.RELEASED] * 3
    assert await listing_state(market, trade) == "PUBLISHED"
    assert await one(market.tx, "SELECT count(*) FROM payout WHERE minor = :m", m=DEPOSIT) == 3


async def test_the_highest_is_offered_the_lot_the_runner_up_waits_and_the_others_are_released(
    market: Market, book: BidBook
) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000, 640_000)
    assert (trade.state, trade.lot.state) == (TradeState.AWARDED, LotState.AWARDED)
    assert await awards_of(market, trade) == [
        (1, AwardState.OFFERED, 64_000_000),
        (2, AwardState.WAITING, 60_000_000),
    ]
    assert await deposits_of(market, trade) == [DepositState.RELEASED, DepositState.HELD, DepositState.HELD]
    winner = await service.get_award(market.tx, market.buyers[2], await award_id(market, trade, 1))
    # Closed on 17 March: the result notice ends with 24 March, the time to sign thirty days later, 23 April.
    assert winner.sign_by == shanghai(2026, 4, 24)
    shown = await notices.get_notice(market.tx, market.buyers[0], winner.notice_id or new_id())
    assert (shown.line.kind, shown.document["deal_price"]) == ("RESULT", {"amount": "640000.00", "currency": "CNY"})
    with pytest.raises(NotFound):
        await service.get_award(market.tx, market.buyers[0], winner.id)
    assert (await kinds_of(market.tx))[-4:] == ["bids_decided", "lot_closed", "deposit_released", "award_offered"]


async def test_the_public_record_replays_from_the_announced_terms_to_the_same_winner(
    market: Market, book: BidBook
) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000, 640_000)
    page = await service.list_bids(market.tx, market.buyers[0], trade.lot.id, cursor=None, limit=100)
    lot = trade.lot
    assert lot.opened_at is not None
    periods = rules.periods_from(lot.opened_at, free_seconds=3600, limited_seconds=180, hard_stop_seconds=86_400)
    limited = timedelta(seconds=180)
    terms = rules.LotTerms(
        lot.id, lot.start_price.minor, lot.increment.minor, limited, periods.free_ends_at, periods.hard_end
    )
    start = rules.LotState(terms, periods.effective_end, 0, rules.first_chain(lot.id, trade.terms_sha256))
    lines = [BookLine(b.seq, b.bidder, b.amount.minor, b.verdict, b.at, bytes.fromhex(b.chain)) for b in page.items]
    end = rules.replay(start, lines)
    assert end is not None
    assert (end.leading_minor, end.leading_bidder, end.chain.hex()) == (64_000_000, lot.leading_bidder, lot.chain)


async def test_many_workers_close_a_lot_exactly_once(market: Market, book: BidBook) -> None:
    trade = await an_open_trade(market)
    await service.place_bid(book, market.buyers[0], trade.lot.id, minor=50_000_000, key="k")
    assert trade.lot.effective_end is not None
    await move_to(market.tx, trade.lot.effective_end)
    assert sum(await asyncio.gather(*[service.close_due(market.tx) for _ in range(8)])) == 1
    assert await awards_of(market, trade) == [(1, AwardState.OFFERED, 50_000_000)]
    assert (await kinds_of(market.tx)).count("lot_closed") == 1


async def test_a_bid_raced_against_the_close_is_in_the_award_or_refused_never_lost(
    market: Market, book: BidBook
) -> None:
    trade = await an_open_trade(market, limited_seconds=10, free_seconds=60)
    await service.place_bid(book, market.buyers[0], trade.lot.id, minor=50_000_000, key="first")
    lot = await service.get_lot(market.tx, market.operator, trade.lot.id)
    assert lot.effective_end is not None
    await move_to(market.tx, lot.effective_end - timedelta(seconds=0.15))

    async def close_until_done() -> None:
        while not await service.close_if_due(market.tx, trade.lot.id):
            now = await service.get_lot(market.tx, market.operator, trade.lot.id)
            if now.effective_end != lot.effective_end:
                return
            await asyncio.sleep(0.01)

    async def bid(n: int) -> bool:
        await asyncio.sleep(0.01 * n)
        buyer = market.buyers[n % 3]
        try:
            answer = await service.place_bid(book, buyer, trade.lot.id, minor=1, key=f"low {n}")
            last = await service.place_bid(book, buyer, trade.lot.id, minor=answer.least_minor, key=f"race {n}")
        except errors.BiddingOver:
            return False
        return last.is_accepted

    results = await asyncio.gather(close_until_done(), *[bid(n) for n in range(14, 18)])
    accepted = any(results[1:])
    shown = await service.get_lot(market.tx, market.operator, trade.lot.id)
    if accepted:
        assert shown.state is LotState.OPEN
        assert shown.effective_end is not None
        assert shown.effective_end > lot.effective_end
        await move_to(market.tx, shown.effective_end)
        assert await service.close_due(market.tx) == 1
        shown = await service.get_lot(market.tx, market.operator, trade.lot.id)
    assert shown.state is LotState.AWARDED
    assert shown.leading is not None
    assert (await awards_of(market, trade))[0] == (1, AwardState.OFFERED, shown.leading.minor)
    best = await one(market.tx, "SELECT max(minor) FROM bid WHERE verdict = 'leading' AND lot_id = :l", l=lot.id)
    assert shown.leading.minor == best


async def test_a_closed_book_takes_no_entry_but_still_knows_its_keys(market: Market, book: BidBook) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000)
    with pytest.raises(errors.BiddingOver):
        await service.place_bid(book, market.buyers[0], trade.lot.id, minor=70_000_000, key="late")
    again = await service.place_bid(book, market.buyers[1], trade.lot.id, minor=60_000_000, key="bid 1")
    assert (again.is_repeated, again.is_accepted, again.entry.seq) == (True, True, 2)
    assert await one(market.tx, "SELECT count(*) FROM bid") == 2


# --- after the award ------------------------------------------------------------------------------------------------


async def test_a_winner_who_lets_the_signing_date_pass_loses_the_deposit_and_the_runner_up_is_offered_the_lot(
    market: Market, book: BidBook
) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000, 640_000)
    await the_seller_signs(market, await award_id(market, trade, 1))
    await move_to(market.tx, shanghai(2026, 4, 23, 23, 59))
    assert await service.lapse_due(market.tx) == 0
    await move_to(market.tx, shanghai(2026, 4, 24))
    assert sum(await asyncio.gather(*[service.lapse_due(market.tx) for _ in range(4)])) == 1
    assert await awards_of(market, trade) == [
        (1, AwardState.LAPSED, 64_000_000),
        (2, AwardState.OFFERED, 60_000_000),
    ]
    assert (await deposits_of(market, trade))[1:] == [DepositState.HELD, DepositState.FORFEITED]
    assert await escrow(market.tx, market.buyers[2].org) == (0, 0)
    assert await escrow(market.tx, market.seller.org) == (DEPOSIT, 0)  # on its way to the seller's bank
    assert (await sheet(market.tx))["BANK"] == -3 * DEPOSIT
    second = await service.get_award(market.tx, market.buyers[1], await award_id(market, trade, 2))
    assert second.notice_id is not None
    assert second.sign_by is not None
    assert second.sign_by > shanghai(2026, 5, 24)
    assert (await service.get_trade(market.tx, market.operator, trade.id)).state is TradeState.AWARDED


async def test_without_a_runner_up_a_lapse_ends_the_trade_unsold_and_frees_the_listing(
    market: Market, book: BidBook
) -> None:
    trade = await an_awarded_trade(market, book, 560_000)
    await move_to(market.tx, shanghai(2026, 4, 24))
    assert await service.lapse_due(market.tx) == 1
    assert (await service.get_trade(market.tx, market.operator, trade.id)).state is TradeState.UNSOLD
    assert await listing_state(market, trade) == "PUBLISHED"


async def test_a_conclusion_needs_the_cleared_notice_frees_the_deposit_for_the_price_and_closes_the_listing(
    market: Market, book: BidBook
) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000, 640_000)
    first = await award_id(market, trade, 1)
    with pytest.raises(notice_errors.StillRunning):
        await conclude(market, first)
    with pytest.raises(NotInThisState):
        await conclude(market, await award_id(market, trade, 2))
    await move_to(market.tx, shanghai(2026, 3, 25))
    facts = await conclude(market, first)
    assert (facts.state, facts.buyer_org_id, facts.price_minor, facts.deposit_minor) == (
        AwardState.CONCLUDED,
        market.buyers[2].org,
        64_000_000,
        DEPOSIT,
    )
    assert await escrow(market.tx, market.buyers[2].org) == (DEPOSIT, DEPOSIT)
    assert await escrow(market.tx, market.buyers[1].org) == (DEPOSIT, 0)  # on its way back
    assert await awards_of(market, trade) == [
        (1, AwardState.CONCLUDED, 64_000_000),
        (2, AwardState.RELEASED, 60_000_000),
    ]
    assert await deposits_of(market, trade) == [
        DepositState.RELEASED,
        DepositState.RELEASED,
        DepositState.PAID_IN,
    ]
    assert (await service.get_trade(market.tx, market.operator, trade.id)).state is TradeState.CONCLUDED
    assert await listing_state(market, trade) == "CLOSED"
    with pytest.raises(NotInThisState):
        await conclude(market, first)
    assert await service.lapse_award(market.tx, first) is False


async def test_a_conclusion_after_the_signing_date_is_refused_even_before_the_lapse_has_run(
    market: Market, book: BidBook
) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000)
    await move_to(market.tx, shanghai(2026, 4, 24))
    with pytest.raises(errors.SigningDatePassed):
        await conclude(market, await award_id(market, trade, 1))
    assert (await awards_of(market, trade))[0][1] is AwardState.OFFERED


@pytest.mark.parametrize("first", ["conclude", "lapse"])
async def test_last_signature_and_lapse_race_for_the_award_and_whoever_locks_it_first_wins(
    market: Market, book: BidBook, first: str
) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000)
    await the_seller_signs(market, await award_id(market, trade, 1))
    award = await award_id(market, trade, 1)
    signed_at = shanghai(2026, 4, 23, 12)
    await move_to(market.tx, shanghai(2026, 4, 24))
    locked, go = asyncio.Event(), asyncio.Event()

    async def sign() -> str:
        """A last signature that was put in time and reaches the award now."""
        if first == "lapse":
            await locked.wait()
        async with market.tx.begin() as db:
            try:
                await steps.conclude_award(db, award, now=signed_at, actor=market.seller)
            except Refusal as refusal:
                return refusal.code
            locked.set()
            await asyncio.wait_for(go.wait(), 5)
            return "concluded"

    async def lapse() -> bool:
        if first == "conclude":
            await locked.wait()
        return await service.lapse_award(market.tx, award)

    if first == "conclude":
        signing, lapsing = asyncio.create_task(sign()), asyncio.create_task(lapse())
        await locked.wait()
        await asyncio.sleep(0.2)
        assert not lapsing.done()
        go.set()
        assert (await signing, await lapsing) == ("concluded", False)
        assert (await awards_of(market, trade))[0][1] is AwardState.CONCLUDED
        assert await escrow(market.tx, market.buyers[0].org) == (DEPOSIT, 0)  # the runner-up's, on its way back
    else:
        assert await lapse() is True
        locked.set()
        assert await sign() == "lifecycle.not_in_this_state"
        assert [state for _, state, _ in await awards_of(market, trade)] == [AwardState.LAPSED, AwardState.OFFERED]


async def test_conclude_and_lapse_at_the_same_moment_have_one_winner(market: Market, book: BidBook) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000)
    await the_seller_signs(market, await award_id(market, trade, 1))
    award = await award_id(market, trade, 1)
    await move_to(market.tx, shanghai(2026, 4, 24))

    async def sign() -> bool:
        async with market.tx.begin() as db:
            await steps.conclude_award(db, award, now=shanghai(2026, 4, 23), actor=market.seller)
        return True

    results = await asyncio.gather(
        *[service.lapse_award(market.tx, award) for _ in range(3)],
        *[sign() for _ in range(3)],
        return_exceptions=True,
    )
    assert [result for result in results if result is True] == [True]
    state = (await awards_of(market, trade))[0][1]
    assert state is (AwardState.LAPSED if True in results[:3] else AwardState.CONCLUDED)


async def test_a_paused_result_notice_puts_the_time_to_sign_off(market: Market, book: BidBook) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000)
    award = await service.get_award(market.tx, market.buyers[1], await award_id(market, trade, 1))
    assert award.notice_id is not None
    await move_to(market.tx, shanghai(2026, 3, 19, 10))
    objection = await notices.file_objection(market.tx, market.buyers[2], award.notice_id, grounds="Sample grounds.")
    await move_to(market.tx, shanghai(2026, 4, 30))
    assert await service.lapse_due(market.tx) == 0
    assert (await service.get_award(market.tx, market.buyers[1], award.id)).sign_by is None
    await notices.decide_objection(market.tx, market.operator, objection.id, upheld=False, reasons="Sample reasons.")
    assert await service.lapse_due(market.tx) == 0
    later = (await service.get_award(market.tx, market.buyers[1], award.id)).sign_by
    assert later is not None
    assert later > shanghai(2026, 6, 1)
    assert await awards_of(market, trade) == [
        (1, AwardState.OFFERED, 60_000_000),
        (2, AwardState.WAITING, 56_000_000),
    ]


async def test_an_award_whose_objection_was_upheld_never_lapses_however_late_its_annulment_comes(
    market: Market, book: BidBook
) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000)
    award = await service.get_award(market.tx, market.buyers[1], await award_id(market, trade, 1))
    assert award.notice_id is not None
    await move_to(market.tx, shanghai(2026, 3, 19, 10))
    objection = await notices.file_objection(market.tx, market.buyers[2], award.notice_id, grounds="Sample grounds.")
    await notices.decide_objection(market.tx, market.operator, objection.id, upheld=True, reasons="Sample reasons.")
    await move_to(market.tx, shanghai(2026, 7, 1))
    assert await service.lapse_due(market.tx) == 0
    assert await service.annul_award(market.tx, award.id) is True
    assert await one(market.tx, "SELECT count(*) FROM payout WHERE minor = :m", m=DEPOSIT) == 3


async def test_an_upheld_objection_to_the_result_annuls_the_award_and_nobody_loses_a_deposit(
    market: Market, book: BidBook
) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000)
    first = await award_id(market, trade, 1)
    assert await service.annul_award(market.tx, first) is True
    assert await service.annul_award(market.tx, first) is False
    assert [state for _, state, _ in await awards_of(market, trade)] == [AwardState.ANNULLED, AwardState.RELEASED]
    assert await deposits_of(market, trade) == [DepositState.RELEASED] * 3
    assert (await service.get_trade(market.tx, market.operator, trade.id)).state is TradeState.TERMINATED
    assert await listing_state(market, trade) == "PUBLISHED"
    assert await one(market.tx, "SELECT count(*) FROM payout WHERE minor = :m", m=DEPOSIT) == 3


async def test_an_upheld_objection_to_the_announcement_ends_the_trade_and_cancels_open_deposits(
    market: Market,
) -> None:
    trade = await an_announced_trade(market)
    waiting = await a_qualified(market, trade, market.buyers[0])
    await pay_deposit(market, await a_qualified(market, trade, market.buyers[1]))
    assert await service.terminate_trade(market.tx, trade.id) is True
    assert await service.terminate_trade(market.tx, trade.id) is False
    assert await deposits_of(market, trade) == [DepositState.RELEASED] * 2
    assert await one(market.tx, "SELECT state FROM due WHERE id = :d", d=waiting.deposits[0].due_id) == "CANCELLED"
    assert await escrow(market.tx, market.buyers[1].org) == (DEPOSIT, 0)
    assert (await service.get_lot(market.tx, market.operator, trade.lot.id)).state is LotState.TERMINATED
    assert await listing_state(market, trade) == "PUBLISHED"


async def test_a_runner_up_may_leave_with_the_deposit_and_a_later_lapse_finds_nobody(
    market: Market, book: BidBook, door: Door
) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000)
    second = await award_id(market, trade, 2)
    with pytest.raises(NotFound):
        await service.leave_as_runner_up(market.tx, market.buyers[1], second)
    assert (await door.post(market.buyers[0], f"/v1/awards/{second}/release"))["state"] == "RELEASED"
    assert await escrow(market.tx, market.buyers[0].org) == (DEPOSIT, 0)
    await move_to(market.tx, shanghai(2026, 4, 24))
    assert await service.lapse_due(market.tx) == 1
    assert (await service.get_trade(market.tx, market.operator, trade.id)).state is TradeState.UNSOLD


async def test_a_runner_up_who_leaves_while_the_trade_moves_on_waits_and_does_not_deadlock(
    market: Market, book: BidBook
) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000)
    second = await award_id(market, trade, 2)
    async with market.tx.begin() as db:
        await repository.lock_trade(db, trade.id)
        leaving = asyncio.create_task(service.leave_as_runner_up(market.tx, market.buyers[0], second))
        await asyncio.sleep(0.3)
        waiting = await repository.lock_waiting_award(db, trade.lot.id)
        assert waiting is not None
        assert not leaving.done()
    assert (await leaving).state is AwardState.RELEASED


async def test_a_lot_that_cannot_be_closed_keeps_no_other_waiting(market: Market, book: BidBook) -> None:
    trade = await an_open_trade(market)
    stuck = await an_open_lot(market.tx, market.buyers[:1])  # its sample terms say nothing about a result notice
    await service.place_bid(book, market.buyers[0], stuck.id, minor=50_000_000, key="a bid")
    await end_now(market.tx, stuck.id)
    assert trade.lot.effective_end is not None
    await move_to(market.tx, trade.lot.effective_end)
    with pytest.raises(KeyError):
        await service.close_due(market.tx)
    assert await one(market.tx, "SELECT state FROM lot WHERE id = :l", l=stuck.id) == "OPEN"
    assert await one(market.tx, "SELECT state FROM lot WHERE id = :l", l=trade.lot.id) == "UNSOLD"


async def test_a_defaulting_buyer_loses_as_much_as_the_deposit_to_the_seller(market: Market, book: BidBook) -> None:
    trade = await an_awarded_trade(market, book, 560_000)
    first = await award_id(market, trade, 1)
    await move_to(market.tx, shanghai(2026, 3, 25))
    await conclude(market, first)
    async with market.tx.begin() as db:
        facts = await steps.default_award(db, first, now=await market_now(db), actor=market.operator)
    assert facts.state is AwardState.DEFAULTED
    assert await escrow(market.tx, market.buyers[0].org) == (0, 0)
    assert await escrow(market.tx, market.seller.org) == (DEPOSIT, 0)
    assert (await service.get_trade(market.tx, market.operator, trade.id)).state is TradeState.UNSOLD
    assert await listing_state(market, trade) == "PUBLISHED"
    again = await an_announced_trade(market, listing_id=trade.listing_id)
    assert again.previous_id == trade.id


async def test_a_deposit_paid_just_before_the_release_goes_back_whole(market: Market) -> None:
    trade = await an_announced_trade(market)
    mine = await a_qualified(market, trade, market.buyers[0])
    async with market.tx.read() as db:
        due = await settlement.get_due(db, mine.deposits[0].due_id)
    await from_the_bank(market.tx, market.keys, await a_message(market.tx, due))
    assert await service.terminate_trade(market.tx, trade.id) is True
    assert await service.hold_deposit(market.tx, mine.deposits[0].due_id) is False
    assert await escrow(market.tx, market.buyers[0].org) == (DEPOSIT, 0)
    assert (
        await one(market.tx, "SELECT count(*) FROM payout WHERE why = :w", w=str(Ref("deposit", mine.deposits[0].id)))
        == 1
    )


async def test_a_part_of_a_deposit_goes_back_with_the_release(market: Market) -> None:
    trade = await an_announced_trade(market)
    mine = await a_qualified(market, trade, market.buyers[0])
    async with market.tx.read() as db:
        due = await settlement.get_due(db, mine.deposits[0].due_id)
    short = await from_the_bank(market.tx, market.keys, await a_message(market.tx, due, minor=DEPOSIT - 1))
    finance = await a_member(market.tx, market.operator, Role.FINANCE)
    await bank.assign_line(market.tx, finance.actor, short.id, due_id=due.id)
    assert await service.terminate_trade(market.tx, trade.id) is True
    assert await escrow(market.tx, market.buyers[0].org) == (DEPOSIT - 1, 0)
    assert await one(
        market.tx, "SELECT minor FROM payout WHERE why = :w", w=str(Ref("deposit", mine.deposits[0].id))
    ) == (DEPOSIT - 1)


async def test_a_buyer_who_shares_a_person_with_the_seller_is_a_related_party(market: Market) -> None:
    trade = await an_announced_trade(market)
    apart = await service.register_intent(market.tx, market.buyers[0], trade.id)
    async with market.tx.begin() as db:
        db.add(Membership(person_id=market.seller.person, org_id=market.buyers[1].org, roles=["TRADER"], ended_at=None))
    joined = await service.register_intent(market.tx, market.buyers[1], trade.id)
    assert (apart.related, joined.related) == (False, True)


async def test_an_inventor_of_the_seller_does_not_see_who_takes_part(market: Market) -> None:
    trade = await an_announced_trade(market)
    await service.register_intent(market.tx, market.buyers[0], trade.id)
    inventor = (await a_member(market.tx, market.seller, Role.INVENTOR)).actor
    assert list(await service.list_participants(market.tx, inventor, trade.id)) == []
    assert len(await service.list_participants(market.tx, market.seller, trade.id)) == 1

"""An announced procedure as a whole: extended, suspended, resumed, terminated; and what moves with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from techmarket.db.clock import market_now
from techmarket.db.keys import Keys
from techmarket.db.means import Means
from techmarket.db.session import Tx
from techmarket.jobs import runner
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.periods import Length, Unit
from techmarket.kernel.refusals import NotAllowed, Refusal
from techmarket.listings import service as listings
from techmarket.notices import errors as notice_errors
from techmarket.notices import service as notices
from techmarket.settlement import steps as settlement
from techmarket.trading import announcement, errors, service, steps
from techmarket.trading.bidbook import BidBook
from techmarket.trading.lifecycle import (
    ActKind,
    AwardState,
    DepositState,
    LotState,
    PauseCause,
    SeatState,
    TerminationCause,
    TradeState,
    WaitsFor,
)
from techmarket.trading.service import ExtensionDraft
from techmarket.trading.views import TradeView
from tests.door import Door
from tests.listings.make import an_offer
from tests.notices.make import move_to, put_in_its_place, shanghai
from tests.settlement.make import escrow
from tests.trading.make import (
    DEPOSIT,
    Market,
    a_draft,
    a_market_at_work,
    a_qualified,
    an_announced_trade,
    an_awarded_trade,
    an_open_trade,
    pay_deposit,
    the_seller_signs,
)

ENDS = shanghai(2026, 3, 17)
"""24:00 of the tenth working day, 16 March."""


@pytest.fixture
async def market(tx: Tx, keys: Keys) -> Market:
    return await a_market_at_work(tx, keys)


@pytest.fixture
async def book(tx: Tx, keys: Keys) -> AsyncIterator[BidBook]:
    async with BidBook(tx.engine, keys.receipts) as opened:
        yield opened


async def show(market: Market, trade: TradeView) -> TradeView:
    return await service.get_trade(market.tx, market.operator, trade.id)


async def acts_of(market: Market, trade: TradeView) -> list[tuple[ActKind, str | None, bool]]:
    found = await service.list_acts(market.tx, market.buyers[0], trade.id)
    return [(one.act, one.cause, one.by_the_clock) for one in found]


async def one(tx: Tx, sql: str, **params: Any) -> Any:
    async with tx.read() as db:
        return (await db.execute(text(sql), params)).scalar_one()


async def seats_and_deposits(market: Market, trade: TradeView) -> list[tuple[SeatState, DepositState]]:
    rows = await service.list_participants(market.tx, market.operator, trade.id)
    return [(row.seats[0].state, row.deposits[0].state) for row in rows if row.deposits]


async def terminate(market: Market, trade: TradeView, cause: TerminationCause = TerminationCause.OTHER) -> TradeView:
    return await service.terminate(
        market.tx, market.operator, trade.id, cause=cause, reasons="Sample reasons. 示例数据 / sample data"
    )


# --- the rules --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gap", "later", "expected"),
    [(0, 5, 5), (3, 5, 8), (3, 0, 3), (3, -2, 3)],
)
def test_bidding_opens_as_much_later_as_the_announcement_ends_later_and_never_earlier_than_was_said(
    gap: int, later: int, expected: int
) -> None:
    was, day = datetime(2026, 3, 16, 16, tzinfo=UTC), timedelta(days=1)
    opens = announcement.moved_opening(was + gap * day, was=was, ends_at=was + later * day)
    assert opens == was + expected * day


@pytest.mark.parametrize(
    ("n", "unit", "at_most", "least", "most", "fits"),
    [
        (5, Unit.WORKING_DAYS, 2, 5, 2, True),
        (4, Unit.WORKING_DAYS, 2, 5, 2, False),
        (5, Unit.DAYS, 2, 5, 2, False),
        (5, Unit.WORKING_DAYS, 3, 5, 2, False),
        (5, Unit.WORKING_DAYS, 0, 1, None, False),
        (5, Unit.WORKING_DAYS, 9, 1, None, True),
    ],
)
def test_an_extension_counts_in_the_days_of_its_announcement_within_what_the_rulebook_says(
    n: int, unit: Unit, at_most: int, least: int, most: int | None, fits: bool
) -> None:
    with nullcontext() if fits else pytest.raises(errors.ExtensionOutOfRule) as refused:
        announcement.check_extension(Length(n, unit), at_most, unit=Unit.WORKING_DAYS, least=least, most=most)
    assert fits or refused.value.pointer == "/body/extension"


def test_the_clock_looks_once_before_the_end_and_only_where_that_was_announced() -> None:
    ends_at, step = datetime(2026, 3, 16, 16, tzinfo=UTC), Length(5, Unit.WORKING_DAYS)
    by_itself = announcement.ExtensionTerms(step, 2, is_automatic=True, look_before=timedelta(minutes=60))
    by_hand = announcement.ExtensionTerms(step, 2, is_automatic=False, look_before=timedelta(minutes=60))
    assert announcement.look_at(ends_at, by_itself) == datetime(2026, 3, 16, 15, tzinfo=UTC)
    assert [announcement.look_at(ends_at, one) for one in (by_hand, None)] == [None, None]
    assert announcement.look_at(None, by_itself) is None
    assert not announcement.lacks_participants([1, 2], 1)
    assert announcement.lacks_participants([1, 2], 2)


# --- extension --------------------------------------------------------------------------------------------------------


async def test_an_announcement_is_extended_as_announced_while_a_lot_lacks_participants_and_the_opening_moves(
    market: Market,
) -> None:
    trade = await an_announced_trade(
        market, extension=ExtensionDraft(), participants_min=2, bidding_opens_at=shanghai(2026, 3, 18, 9)
    )
    assert trade.terms["extension"] == {
        "n": 5,
        "unit": "working_days",
        "at_most": 2,
        "automatic": False,
        "look_before": {"n": 60, "unit": "minutes"},
        "when": "a_lot_has_fewer_qualified_participants_than_participants_min",
    }
    waits = await a_qualified(market, trade, market.buyers[0])
    await move_to(market.tx, shanghai(2026, 3, 16, 23, 59))  # on the last day
    with pytest.raises(NotAllowed):
        await service.extend_announcement(market.tx, market.seller, trade.id, reasons="Sample")
    longer = await service.extend_announcement(market.tx, market.operator, trade.id, reasons="Sample reasons")
    assert longer.announcement_ends_at == shanghai(2026, 3, 24)  # 17, 18, 19, 20 and 23 March are the five
    assert longer.bidding_opens_at == shanghai(2026, 3, 25, 9)  # as much later
    async with market.tx.read() as db:
        due = await settlement.get_due(db, waits.deposits[0].due_id)
    assert due.due_on.isoformat() == "2026-03-25"
    assert await service.open_due(market.tx) == 0
    await a_qualified(market, trade, market.buyers[1])
    with pytest.raises(errors.EnoughParticipants) as refused:
        await service.extend_announcement(market.tx, market.operator, trade.id, reasons="Sample")
    assert refused.value.facts == {"least": 2}
    assert await acts_of(market, trade) == [(ActKind.EXTENDED, None, False)]
    assert (await show(market, trade)).announcement_ends_at == shanghai(2026, 3, 24)


async def test_nothing_is_extended_that_was_not_announced_is_used_up_or_is_over(market: Market) -> None:
    plain = await an_announced_trade(market)
    with pytest.raises(notice_errors.ExtensionNotAnnounced):
        await service.extend_announcement(market.tx, market.operator, plain.id, reasons="Sample")
    once = await an_announced_trade(market, extension=ExtensionDraft(n=1, at_most=1))
    await service.extend_announcement(market.tx, market.operator, once.id, reasons="Sample")
    with pytest.raises(notice_errors.ExtensionsUsedUp):
        await service.extend_announcement(market.tx, market.operator, once.id, reasons="Sample")
    late = await an_announced_trade(market, extension=ExtensionDraft())
    await move_to(market.tx, ENDS)
    with pytest.raises(notice_errors.PeriodOver):
        await service.extend_announcement(market.tx, market.operator, late.id, reasons="Sample")
    with pytest.raises(errors.ExtensionOutOfRule):
        await a_draft(market, extension=ExtensionDraft(at_most=3))
    assert [(await show(market, trade)).announcement_ends_at for trade in (plain, late)] == [ENDS, ENDS]


async def test_the_clock_extends_by_itself_as_often_as_announced_until_enough_are_qualified(market: Market) -> None:
    trade = await an_announced_trade(market, extension=ExtensionDraft(is_automatic=True))
    await move_to(market.tx, ENDS - timedelta(minutes=61))
    assert await service.extend_due(market.tx) == 0
    await move_to(market.tx, ENDS - timedelta(minutes=60))
    assert sum(await asyncio.gather(*[service.extend_due(market.tx) for _ in range(4)])) == 1
    assert (await show(market, trade)).bidding_opens_at == shanghai(2026, 3, 24)
    await move_to(market.tx, shanghai(2026, 3, 23, 23, 30))
    assert await service.extend_due(market.tx) == 1
    await move_to(market.tx, shanghai(2026, 3, 30, 23, 30))
    assert await service.extend_due(market.tx) == 0  # used up
    assert (await show(market, trade)).announcement_ends_at == shanghai(2026, 3, 31)
    assert await acts_of(market, trade) == [(ActKind.EXTENDED, None, True)] * 2
    await move_to(market.tx, shanghai(2026, 3, 31))
    assert await service.open_due(market.tx) == 1
    assert (await show(market, trade)).state is TradeState.UNSOLD


async def test_the_clock_extends_nothing_that_has_its_participants(market: Market) -> None:
    trade = await an_announced_trade(market, extension=ExtensionDraft(is_automatic=True))
    await a_qualified(market, trade, market.buyers[0])
    await move_to(market.tx, ENDS - timedelta(minutes=30))
    assert await service.extend_due(market.tx) == 0
    assert (await show(market, trade)).announcement_ends_at == ENDS
    assert await acts_of(market, trade) == []


async def test_two_operators_extend_at_once_and_each_step_is_announced_and_counted_once(market: Market) -> None:
    trade = await an_announced_trade(market, extension=ExtensionDraft(n=1, at_most=1))
    results = await asyncio.gather(
        *[service.extend_announcement(market.tx, market.operator, trade.id, reasons="Sample") for _ in range(4)],
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in results) == ["ExtensionsUsedUp"] * 3 + ["TradeView"]
    assert (await show(market, trade)).announcement_ends_at == shanghai(2026, 3, 18)


async def test_an_extension_at_the_last_moment_and_the_opening_never_both_happen(market: Market) -> None:
    """Whoever comes first wins: a longer announcement does not open, an opened trade is not announced any longer."""
    trade = await an_announced_trade(market, extension=ExtensionDraft())
    await move_to(market.tx, ENDS - timedelta(milliseconds=200))
    extended, *_ = await asyncio.gather(
        service.extend_announcement(market.tx, market.operator, trade.id, reasons="Sample"),
        move_to(market.tx, ENDS),
        *[service.open_if_due(market.tx, trade.id) for _ in range(6)],
        *[notices_clear(market) for _ in range(2)],
        return_exceptions=True,
    )
    await service.open_if_due(market.tx, trade.id)
    after = await show(market, trade)
    if isinstance(extended, BaseException):
        assert isinstance(extended, notice_errors.PeriodOver | NotInThisState)
        assert (after.state, after.announcement_ends_at) == (TradeState.UNSOLD, ENDS)
    else:
        assert (after.state, after.announcement_ends_at) == (TradeState.ANNOUNCED, shanghai(2026, 3, 24))


async def notices_clear(market: Market) -> None:
    await notices.clear_due(market.tx)


# --- suspension -------------------------------------------------------------------------------------------------------


async def test_a_suspended_announcement_stands_still_and_runs_on_with_what_was_left(market: Market) -> None:
    trade = await an_announced_trade(market, bidding_opens_at=shanghai(2026, 3, 17, 9))
    await move_to(market.tx, shanghai(2026, 3, 10, 15))  # five days have run: 3 to 9 March
    stopped = await service.suspend_trade(
        market.tx, market.operator, trade.id, cause=PauseCause.RIGHTS_IN_DISPUTE, reasons="Sample reasons"
    )
    assert (stopped.announcement_ends_at, stopped.waits_for) == (None, WaitsFor.RESUMPTION)
    assert stopped.resume_by == shanghai(2026, 4, 11)  # a month on, to the end of that day
    with pytest.raises(errors.TradeIsSuspended) as refused:
        await suspend(market, trade)
    assert refused.value.facts == {"resume_by": stopped.resume_by}
    with pytest.raises(errors.TradeIsSuspended):
        await service.extend_announcement(market.tx, market.operator, trade.id, reasons="Sample")
    with pytest.raises(NotAllowed):
        await service.resume_trade(market.tx, market.seller, trade.id, reasons="Sample")
    await move_to(market.tx, ENDS + timedelta(days=2))
    assert await service.open_due(market.tx) == 0
    resumed = await service.resume_trade(market.tx, market.operator, trade.id, reasons="Sample reasons")
    assert resumed.announcement_ends_at == shanghai(2026, 3, 27)  # the five left: 20, 23, 24, 25 and 26 March
    assert resumed.bidding_opens_at == shanghai(2026, 3, 27, 9)
    assert (resumed.waits_for, resumed.suspended_at, resumed.resume_by) == (None, None, None)
    with pytest.raises(errors.TradeNotSuspended):
        await service.resume_trade(market.tx, market.operator, trade.id, reasons="Sample")
    assert await acts_of(market, trade) == [
        (ActKind.SUSPENDED, "RIGHTS_IN_DISPUTE", False),
        (ActKind.RESUMED, None, False),
    ]


async def test_no_suspension_outlasts_the_rule_and_the_clock_resumes_it(market: Market) -> None:
    trade = await an_announced_trade(market)
    await suspend(market, trade)
    await move_to(market.tx, shanghai(2026, 4, 2, 23, 59))
    assert await service.resume_due(market.tx) == 0
    await move_to(market.tx, shanghai(2026, 4, 3))  # a month after 2 March
    assert sum(await asyncio.gather(*[service.resume_due(market.tx) for _ in range(3)])) == 1
    after = await show(market, trade)
    assert (after.suspended_at, after.waits_for) == (None, None)
    # Ten days on: 6 April is the Tomb-sweeping holiday, so 7 to 10, 13 to 17 and 20 April.
    assert after.announcement_ends_at == after.bidding_opens_at == shanghai(2026, 4, 21)
    assert await acts_of(market, trade) == [(ActKind.SUSPENDED, "OTHER", False), (ActKind.RESUMED, None, True)]


async def test_what_is_done_to_the_notice_itself_is_followed_once_and_an_objection_moves_the_opening_too(
    market: Market, means: Means
) -> None:
    trade = await an_announced_trade(market)
    assert trade.notice_id is not None
    await notices.suspend_notice(market.tx, market.operator, trade.notice_id, reasons="Sample reasons")
    await runner.settle_down(means)
    assert (await show(market, trade)).waits_for is WaitsFor.RESUMPTION
    assert await service.follow_announcement(market.tx, trade.id) is False
    await move_to(market.tx, shanghai(2026, 3, 4, 9))
    await notices.resume_notice(market.tx, market.operator, trade.notice_id)
    await runner.settle_down(means)
    after = await show(market, trade)
    assert after.announcement_ends_at == after.bidding_opens_at == shanghai(2026, 3, 19)  # 5 March is the first day
    objection = await notices.file_objection(
        market.tx, market.buyers[0], trade.notice_id, grounds="A sample doubt about the owner."
    )
    assert (await show(market, trade)).waits_for is WaitsFor.OBJECTION
    await move_to(market.tx, shanghai(2026, 3, 6, 9))
    await notices.decide_objection(market.tx, market.operator, objection.id, upheld=False, reasons="Sample reasons")
    await runner.settle_down(means)
    after = await show(market, trade)
    assert after.announcement_ends_at == after.bidding_opens_at
    assert after.bidding_opens_at is not None
    assert after.bidding_opens_at > shanghai(2026, 3, 19)
    assert await acts_of(market, trade) == [(ActKind.SUSPENDED, "OTHER", True), (ActKind.RESUMED, None, True)]
    new = await put_in_its_place(market.tx, market.operator, trade.notice_id, note_en="A sample note")
    extended = await service.suspend_trade(  # before the trade has heard of it
        market.tx, market.operator, trade.id, cause=PauseCause.OTHER, reasons="Sample reasons"
    )
    await service.resume_trade(market.tx, market.operator, trade.id, reasons="Sample reasons")
    assert extended.waits_for is WaitsFor.RESUMPTION
    await runner.settle_down(means)
    after = await show(market, trade)
    assert (after.notice_id, after.announcement_ends_at) == (new.line.id, after.bidding_opens_at)
    assert after.bidding_opens_at == shanghai(2026, 3, 21)  # ten working days from 6 March, afresh


# --- termination ------------------------------------------------------------------------------------------------------


async def test_a_terminated_announcement_frees_the_listing_gives_every_deposit_back_and_is_on_record(
    market: Market,
) -> None:
    trade = await an_announced_trade(market)
    assert trade.notice_id is not None
    held = await a_qualified(market, trade, market.buyers[0])
    await pay_deposit(market, held)
    await a_qualified(market, trade, market.buyers[1])
    with pytest.raises(NotAllowed):
        await service.terminate(market.tx, market.seller, trade.id, cause=TerminationCause.OTHER, reasons="Sample")
    ended = await terminate(market, trade, TerminationCause.RIGHTS_IN_DISPUTE)
    assert (ended.state, ended.lot.state) == (TradeState.TERMINATED, LotState.TERMINATED)
    assert await seats_and_deposits(market, trade) == [(SeatState.GONE, DepositState.RELEASED)] * 2
    assert await escrow(market.tx, market.buyers[0].org) == (DEPOSIT, 0)  # on its way back to the bank
    assert await one(market.tx, "SELECT sum(minor) FROM payout") == DEPOSIT
    assert await one(market.tx, "SELECT state FROM listing") == "PUBLISHED"
    assert await one(market.tx, "SELECT state FROM notice WHERE id = :n", n=trade.notice_id) == "WITHDRAWN"
    (act,) = await service.list_acts(market.tx, market.buyers[2], trade.id)
    assert (act.act, act.cause, act.reasons) == (
        ActKind.TERMINATED,
        "RIGHTS_IN_DISPUTE",
        "Sample reasons. 示例数据 / sample data",
    )
    with pytest.raises(NotInThisState):
        await terminate(market, trade)
    with pytest.raises(errors.RegistrationClosed):
        await service.register_intent(market.tx, market.buyers[2], trade.id)
    again = await an_announced_trade(market, listing_id=trade.listing_id)
    assert again.state is TradeState.ANNOUNCED


async def test_on_the_sellers_motion_the_operator_terminates_or_lets_it_go_on_with_reasons(
    market: Market, door: Door
) -> None:
    trade = await an_announced_trade(market)
    with pytest.raises(errors.NoMotion):
        await terminate(market, trade, TerminationCause.SELLERS_MOTION)
    for actor in (market.buyers[0], market.operator):
        with pytest.raises(NotAllowed):
            await service.ask_termination(market.tx, actor, trade.id, reasons="Sample")
    await service.ask_termination(market.tx, market.seller, trade.id, reasons="Sample reasons")
    with pytest.raises(errors.MotionWaits):
        await service.ask_termination(market.tx, market.seller, trade.id, reasons="Sample")
    path, said = f"/v1/trades/{trade.id}/termination-motion/refusal", {"reasons": "Buyers rely on it."}
    declined = await door.post(market.operator, path, said, status=201)
    assert (declined["act"], declined["reasons"]) == ("TERMINATION_DECLINED", "Buyers rely on it.")
    with pytest.raises(errors.NoMotion):
        await service.decline_termination(market.tx, market.operator, trade.id, reasons="Sample")
    assert (await show(market, trade)).state is TradeState.ANNOUNCED
    await service.ask_termination(market.tx, market.seller, trade.id, reasons="Sample reasons")
    assert (await terminate(market, trade, TerminationCause.SELLERS_MOTION)).state is TradeState.TERMINATED
    assert [act for act, *_ in await acts_of(market, trade)] == [
        ActKind.TERMINATION_ASKED,
        ActKind.TERMINATION_DECLINED,
        ActKind.TERMINATION_ASKED,
        ActKind.TERMINATED,
    ]


async def test_an_offered_award_is_annulled_with_its_notice_by_a_termination_and_nobody_loses_a_deposit(
    market: Market, book: BidBook
) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000, 640_000)
    ended = await terminate(market, trade, TerminationCause.AUTHORITY_ORDER)
    assert (ended.state, ended.lot.state) == (TradeState.TERMINATED, LotState.TERMINATED)
    awards = await service.list_awards(market.tx, market.operator, trade.id)
    assert [one.state for one in awards] == [AwardState.ANNULLED, AwardState.RELEASED]
    assert await one(market.tx, "SELECT state FROM notice WHERE id = :n", n=awards[0].notice_id) == "WITHDRAWN"
    assert await seats_and_deposits(market, trade) == [(SeatState.GONE, DepositState.RELEASED)] * 3
    assert await one(market.tx, "SELECT state FROM listing") == "PUBLISHED"
    assert await service.lapse_due(market.tx) == 0


async def test_nothing_is_terminated_once_a_lot_is_signed_and_a_signature_and_a_termination_never_both_win(
    market: Market, book: BidBook
) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000)
    award = (await service.list_awards(market.tx, market.operator, trade.id))[0]
    await the_seller_signs(market, award.id)
    await move_to(market.tx, shanghai(2026, 3, 25))  # the result notice has ended

    async def conclude() -> None:
        async with market.tx.begin() as db:
            await steps.conclude_award(db, award.id, now=await market_now(db), actor=market.seller)

    signed, ended = await asyncio.gather(conclude(), terminate(market, trade), return_exceptions=True)
    state = (await show(market, trade)).state
    if isinstance(signed, BaseException):
        assert isinstance(signed, NotInThisState | Refusal)
        assert state is TradeState.TERMINATED
    else:
        assert isinstance(ended, errors.SoldAlready)
        assert state is TradeState.CONCLUDED
        with pytest.raises(errors.SoldAlready):
            await terminate(market, trade)


async def test_two_operators_terminate_at_once_and_deposits_go_back_once(market: Market) -> None:
    trade = await an_announced_trade(market)
    await pay_deposit(market, await a_qualified(market, trade, market.buyers[0]))
    results = await asyncio.gather(*[terminate(market, trade) for _ in range(4)], return_exceptions=True)
    assert sorted(type(one).__name__ for one in results) == ["NotInThisState"] * 3 + ["TradeView"]
    assert await one(market.tx, "SELECT count(*) FROM payout") == 1
    assert [act for act, *_ in await acts_of(market, trade)] == [ActKind.TERMINATED]


async def test_a_first_bid_and_a_termination_at_once_leave_no_lead_after_the_end(market: Market, book: BidBook) -> None:
    trade = await an_open_trade(market)
    bids = [
        service.place_bid(book, buyer, trade.lot.id, minor=(60 + n) * 1_000_000, key="first")
        for n, buyer in enumerate(market.buyers)
    ]
    *answers, ended = await asyncio.gather(*bids, terminate(market, trade), return_exceptions=True)
    assert isinstance(ended, TradeView)
    last = await one(market.tx, "SELECT seq FROM lot WHERE id = :l", l=trade.lot.id)
    decided = await one(market.tx, "SELECT count(*) FROM bid WHERE lot_id = :l", l=trade.lot.id)
    assert last == decided
    for answer in answers:
        assert not isinstance(answer, BaseException) or isinstance(answer, Refusal)
    assert await seats_and_deposits(market, trade) == [(SeatState.GONE, DepositState.RELEASED)] * 3
    with pytest.raises(errors.BiddingOver):
        await service.place_bid(book, market.buyers[0], trade.lot.id, minor=90_000_000, key="late")


async def test_a_listing_is_not_withdrawn_from_under_its_trade_neither_before_nor_beside_the_first_bid(
    market: Market, book: BidBook
) -> None:
    trade = await an_open_trade(market)
    bid, withdrawn = await asyncio.gather(
        service.place_bid(book, market.buyers[0], trade.lot.id, minor=60_000_000, key="first"),
        listings.withdraw(market.tx, market.seller, trade.listing_id),
        return_exceptions=True,
    )
    assert not isinstance(bid, BaseException)
    assert bid.is_accepted
    assert isinstance(withdrawn, NotInThisState)
    offer = await an_offer(market.tx, market.seller, market.operator)
    draft = await a_draft(market, listing_id=offer.id)
    await service.submit_trade(market.tx, market.seller, draft.id)
    announced, withdrawn = await asyncio.gather(
        service.announce(market.tx, market.operator, draft.id),
        listings.withdraw(market.tx, market.seller, offer.id),
        return_exceptions=True,
    )
    assert [isinstance(announced, NotInThisState), isinstance(withdrawn, NotInThisState)].count(True) == 1


async def suspend(market: Market, trade: TradeView) -> TradeView:
    return await service.suspend_trade(
        market.tx, market.operator, trade.id, cause=PauseCause.OTHER, reasons="Sample reasons"
    )

"""Deposits: what each kind of payment comes to, when one goes back, and for which announced causes one is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity.actor import Role
from techmarket.kernel.lifecycle import NotInThisState
from techmarket.kernel.refusals import NotAllowed, NotFound
from techmarket.notices import errors as notice_errors
from techmarket.notices import service as notices
from techmarket.settlement import service as bank
from techmarket.settlement import steps as settlement
from techmarket.settlement.lifecycle import LineState
from techmarket.settlement.rules import Outcome
from techmarket.settlement.steps import DueFacts
from techmarket.trading import errors, service
from techmarket.trading.bidbook import BidBook
from techmarket.trading.lifecycle import (
    AwardState,
    DepositScope,
    DepositState,
    ForfeitCause,
    LotState,
    ParticipantState,
    SeatState,
    TradeState,
)
from techmarket.trading.views import DepositView, TradeView
from tests.identity.make import a_member
from tests.ledger.make import moved
from tests.notices.make import move_to, shanghai
from tests.settlement.make import a_message, escrow, from_the_bank, sheet
from tests.trading.make import (
    DEPOSIT,
    Market,
    a_market_at_work,
    a_qualified,
    an_announced_trade,
    an_awarded_trade,
    an_open_trade,
    pay_deposit,
    the_seller_signs,
)

EVERY_CAUSE = tuple(ForfeitCause)


@pytest.fixture
async def market(tx: Tx, keys: Keys) -> Market:
    return await a_market_at_work(tx, keys)


@pytest.fixture
async def book(tx: Tx, keys: Keys) -> AsyncIterator[BidBook]:
    async with BidBook(tx.engine, keys.receipts) as opened:
        yield opened


async def deposit_of(market: Market, trade: TradeView, buyer: int = 0) -> DepositView:
    (shown,) = await service.list_participants(market.tx, market.buyers[buyer], trade.id)
    return shown.deposits[0]


async def due_of(market: Market, deposit: DepositView) -> DueFacts:
    async with market.tx.read() as db:
        return await settlement.get_due(db, deposit.due_id)


async def facts_of(market: Market, kind: str) -> list[Any]:
    async with market.tx.read() as db:
        rows = await db.execute(text("SELECT refs, facts FROM journal_entry WHERE kind = :k ORDER BY seq"), {"k": kind})
        return list(rows)


async def open_now(market: Market, trade: TradeView) -> None:
    assert trade.bidding_opens_at is not None
    await move_to(market.tx, trade.bidding_opens_at)
    assert await service.open_due(market.tx) == 1


# --- what each kind of payment comes to -----------------------------------------------------------------------------


async def test_a_short_payment_waits_for_the_rest_and_the_deposit_is_held_with_the_last_fen(market: Market) -> None:
    trade = await an_announced_trade(market)
    await a_qualified(market, trade, market.buyers[0])
    asked = await deposit_of(market, trade)
    due = await due_of(market, asked)
    short = await from_the_bank(market.tx, market.keys, await a_message(market.tx, due, minor=DEPOSIT - 700))
    assert (short.outcome, short.state) == (Outcome.SHORT, LineState.UNMATCHED)
    finance = (await a_member(market.tx, market.operator, Role.FINANCE)).actor
    await bank.assign_line(market.tx, finance, short.id, due_id=due.id)
    waiting = await deposit_of(market, trade)
    assert (waiting.state, waiting.outstanding.minor) == (DepositState.DUE, 700)
    await from_the_bank(market.tx, market.keys, await a_message(market.tx, due, minor=700))
    assert await service.hold_deposit(market.tx, due.id) is True
    held = await deposit_of(market, trade)
    assert (held.state, held.outstanding.minor) == (DepositState.HELD, 0)
    assert await escrow(market.tx, market.buyers[0].org) == (DEPOSIT, 0)


async def test_what_is_over_a_deposit_goes_back_when_a_person_has_looked_at_it(market: Market) -> None:
    trade = await an_announced_trade(market)
    await a_qualified(market, trade, market.buyers[0])
    due = await due_of(market, await deposit_of(market, trade))
    over = await from_the_bank(market.tx, market.keys, await a_message(market.tx, due, minor=DEPOSIT + 700))
    assert (over.outcome, over.state) == (Outcome.OVER, LineState.UNMATCHED)
    finance = (await a_member(market.tx, market.operator, Role.FINANCE)).actor
    await bank.assign_line(market.tx, finance, over.id, due_id=due.id)
    assert await service.hold_deposit(market.tx, due.id) is True
    assert await escrow(market.tx, market.buyers[0].org) == (DEPOSIT + 700, 0)
    async with market.tx.read() as db:
        rows = await db.execute(text("SELECT minor, why, org_id FROM payout"))
        assert [tuple(row) for row in rows] == [(700, f"bank_line:{over.id}", market.buyers[0].org)]


async def test_a_deposit_from_another_account_than_the_one_named_waits_for_a_person(market: Market) -> None:
    trade = await an_announced_trade(market)
    mine = await service.register_intent(market.tx, market.buyers[0], trade.id, payer_account="6222-0001")
    await service.admit(market.tx, market.operator, mine.id)
    await service.confirm(market.tx, market.seller, mine.id)
    due = await due_of(market, await deposit_of(market, trade))
    other = await from_the_bank(market.tx, market.keys, await a_message(market.tx, due, payer_account="6222-0002"))
    assert (other.outcome, other.state) == (Outcome.PAYER_DIFFERS, LineState.UNMATCHED)
    right = await from_the_bank(market.tx, market.keys, await a_message(market.tx, due, payer_account="6222-0001"))
    assert right.outcome is Outcome.MATCHED


async def test_with_the_opening_an_unpaid_deposit_is_dropped_and_what_comes_later_goes_back_by_itself(
    market: Market,
) -> None:
    trade = await an_announced_trade(market)
    for buyer in market.buyers[:2]:
        await a_qualified(market, trade, buyer)
    due = await due_of(market, await deposit_of(market, trade, 0))
    paid = await due_of(market, await deposit_of(market, trade, 1))
    await from_the_bank(market.tx, market.keys, await a_message(market.tx, paid))  # nobody has heard of it yet
    await open_now(market, trade)
    late = await deposit_of(market, trade, 0)
    assert (late.state, late.outstanding.minor) == (DepositState.RELEASED, 0)
    assert (await deposit_of(market, trade, 1)).state is DepositState.HELD
    shown = await service.list_participants(market.tx, market.operator, trade.id)
    seats = {one.organisation_id: one.seats[0].state for one in shown}
    assert seats == {market.buyers[0].org: SeatState.GONE, market.buyers[1].org: SeatState.READY}
    line = await from_the_bank(market.tx, market.keys, await a_message(market.tx, due))
    assert (line.outcome, line.state) == (Outcome.NOT_OPEN, LineState.RETURNED)
    assert await sheet(market.tx) == {"BANK": -2 * DEPOSIT, "ESCROW": DEPOSIT, "SUSPENSE": DEPOSIT}
    assert await service.hold_deposit(market.tx, due.id) is False


async def test_a_part_that_came_in_time_goes_back_with_the_opening(market: Market) -> None:
    trade = await an_announced_trade(market)
    await pay_deposit(market, await a_qualified(market, trade, market.buyers[1]))
    await a_qualified(market, trade, market.buyers[0])
    due = await due_of(market, await deposit_of(market, trade))
    short = await from_the_bank(market.tx, market.keys, await a_message(market.tx, due, minor=500))
    finance = (await a_member(market.tx, market.operator, Role.FINANCE)).actor
    await bank.assign_line(market.tx, finance, short.id, due_id=due.id)
    await open_now(market, trade)
    back = await deposit_of(market, trade)
    assert back.state is DepositState.RELEASED
    async with market.tx.read() as db:
        rows = await db.execute(text("SELECT minor, why FROM payout"))
        assert [tuple(row) for row in rows] == [(500, f"deposit:{back.id}")]


async def test_payment_and_opening_at_the_same_moment_leave_the_deposit_held_or_on_its_way_back(market: Market) -> None:
    trade = await an_announced_trade(market)
    await pay_deposit(market, await a_qualified(market, trade, market.buyers[1]))
    await a_qualified(market, trade, market.buyers[0])
    due = await due_of(market, await deposit_of(market, trade))
    message = await a_message(market.tx, due)
    assert trade.bidding_opens_at is not None
    await move_to(market.tx, trade.bidding_opens_at)

    async def pay() -> None:
        await from_the_bank(market.tx, market.keys, message)
        await service.hold_deposit(market.tx, due.id)

    await asyncio.gather(pay(), *[service.open_if_due(market.tx, trade.id) for _ in range(3)])
    ended = await deposit_of(market, trade)
    (line,) = (await facts_of(market, "settlement.bank_line_received"))[1:]
    if ended.state is DepositState.HELD:
        assert line.facts["outcome"] == "MATCHED"
        assert await escrow(market.tx, market.buyers[0].org) == (DEPOSIT, 0)
    else:
        assert (ended.state, line.facts["outcome"]) == (DepositState.RELEASED, "NOT_OPEN")
        assert await escrow(market.tx, market.buyers[0].org) == (0, 0)


# --- going back -----------------------------------------------------------------------------------------------------


async def test_a_released_deposit_goes_back_within_the_announced_time_and_its_payout_is_on_record(
    market: Market, book: BidBook
) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000, 640_000)
    assert trade.terms["deposit_return"] == {"n": 3, "unit": "working_days"}
    back = await deposit_of(market, trade, 0)
    # Released on Tuesday 17 March in Shanghai: three working days on is Friday the 20th.
    assert (back.state, back.return_by) == (DepositState.RELEASED, shanghai(2026, 3, 21))
    (noted,) = await facts_of(market, "trading.deposit_released")
    async with market.tx.read() as db:
        payout_id = (await db.execute(text("SELECT id FROM payout"))).scalar_one()
    assert f"deposit:{back.id}" in noted.refs
    assert f"payout:{payout_id}" in noted.refs


# --- losing it ------------------------------------------------------------------------------------------------------


async def test_every_cause_but_silence_is_announced_unless_the_seller_says_otherwise(market: Market) -> None:
    trade = await an_announced_trade(market)
    assert trade.terms["deposit_forfeited_when"] == [
        "breach_of_rules",
        "fails_to_pay",
        "false_papers",
        "refuses_to_sign",
        "withdraws_after_paying",
    ]


async def test_whoever_withdraws_before_paying_owes_nothing(market: Market) -> None:
    trade = await an_announced_trade(market)
    mine = await a_qualified(market, trade, market.buyers[0])
    with pytest.raises(NotFound):
        await service.withdraw(market.tx, market.buyers[1], mine.id)
    left = await service.withdraw(market.tx, market.buyers[0], mine.id)
    assert left.state is ParticipantState.WITHDRAWN
    assert [seat.state for seat in left.seats] == [SeatState.GONE]
    assert [one.state for one in left.deposits] == [DepositState.RELEASED]
    with pytest.raises(NotInThisState):
        await service.withdraw(market.tx, market.buyers[0], mine.id)


@pytest.mark.parametrize("announced", [True, False])
async def test_whoever_withdraws_after_paying_loses_the_deposit_only_if_that_was_announced(
    market: Market, announced: bool
) -> None:
    causes = [ForfeitCause.WITHDRAWS_AFTER_PAYING] if announced else []
    trade = await an_announced_trade(market, forfeited_when=causes)
    mine = await a_qualified(market, trade, market.buyers[0])
    await pay_deposit(market, mine)
    left = await service.withdraw(market.tx, market.buyers[0], mine.id)
    if announced:
        assert (left.deposits[0].state, left.deposits[0].cause) == (
            DepositState.FORFEITED,
            ForfeitCause.WITHDRAWS_AFTER_PAYING,
        )
        assert await escrow(market.tx, market.seller.org) == (DEPOSIT, 0)
        (noted,) = await facts_of(market, "trading.deposit_forfeited")
        assert noted.facts == {"cause": "withdraws_after_paying"}
        assert await moved(market.tx, noted.refs) == [("deposit.forfeited", DEPOSIT)]
    else:
        assert left.deposits[0].state is DepositState.RELEASED
        assert await escrow(market.tx, market.seller.org) == (0, 0)


async def test_money_that_came_counts_as_paid_before_the_job_that_holds_it_has_run(market: Market) -> None:
    trade = await an_announced_trade(market)
    both = [await a_qualified(market, trade, buyer) for buyer in market.buyers[:2]]
    for mine in both:
        async with market.tx.read() as db:
            due = await settlement.get_due(db, mine.deposits[0].due_id)
        await from_the_bank(market.tx, market.keys, await a_message(market.tx, due))
    left = await service.withdraw(market.tx, market.buyers[0], both[0].id)
    assert (left.deposits[0].state, left.deposits[0].cause) == (
        DepositState.FORFEITED,
        ForfeitCause.WITHDRAWS_AFTER_PAYING,
    )
    assert not await service.hold_deposit(market.tx, left.deposits[0].due_id)
    await shut_out(market, both[1].deposits[0], ForfeitCause.FALSE_PAPERS)
    assert (await deposit_of(market, trade, 1)).state is DepositState.FORFEITED
    assert (await escrow(market.tx, market.seller.org))[0] == 2 * DEPOSIT


async def test_nobody_withdraws_once_bidding_is_open(market: Market) -> None:
    trade = await an_open_trade(market)
    (mine,) = await service.list_participants(market.tx, market.buyers[0], trade.id)
    with pytest.raises(errors.TooLateToWithdraw):
        await service.withdraw(market.tx, market.buyers[0], mine.id)
    assert (await deposit_of(market, trade)).state is DepositState.HELD


async def test_withdrawal_and_opening_at_the_same_moment_have_one_order(market: Market) -> None:
    trade = await an_announced_trade(market)
    for buyer in market.buyers[:2]:
        await pay_deposit(market, await a_qualified(market, trade, buyer))
    (mine,) = await service.list_participants(market.tx, market.buyers[0], trade.id)
    assert trade.bidding_opens_at is not None
    await move_to(market.tx, trade.bidding_opens_at)
    left, opened = await asyncio.gather(
        service.withdraw(market.tx, market.buyers[0], mine.id),
        service.open_if_due(market.tx, trade.id),
        return_exceptions=True,
    )
    assert opened is True
    (now,) = await service.list_participants(market.tx, market.buyers[0], trade.id)
    if isinstance(left, errors.TooLateToWithdraw):
        assert (now.state, now.seats[0].state) == (ParticipantState.QUALIFIED, SeatState.READY)
    else:
        assert (now.state, now.seats[0].state) == (ParticipantState.WITHDRAWN, SeatState.GONE)


@pytest.mark.parametrize("announced", [True, False])
async def test_where_it_was_announced_silence_costs_every_deposit_of_a_lot_nobody_bids_on(
    market: Market, announced: bool
) -> None:
    causes = EVERY_CAUSE if announced else None
    trade = await an_open_trade(market, forfeited_when=causes)
    assert trade.lot.effective_end is not None
    await move_to(market.tx, trade.lot.effective_end)
    assert await service.close_due(market.tx) == 1
    expected = DepositState.FORFEITED if announced else DepositState.RELEASED
    assert [(await deposit_of(market, trade, n)).state for n in range(3)] == [expected] * 3
    assert (await escrow(market.tx, market.seller.org))[0] == (3 * DEPOSIT if announced else 0)
    assert (await service.get_trade(market.tx, market.operator, trade.id)).state is TradeState.UNSOLD


async def test_silence_costs_nothing_where_somebody_else_has_bid(market: Market, book: BidBook) -> None:
    trade = await an_awarded_trade(market, book, 560_000, forfeited_when=EVERY_CAUSE)
    assert [(await deposit_of(market, trade, n)).state for n in range(3)] == [
        DepositState.HELD,
        DepositState.RELEASED,
        DepositState.RELEASED,
    ]


async def shut_out(market: Market, deposit: DepositView, cause: ForfeitCause = ForfeitCause.BREACH_OF_RULES) -> None:
    await service.forfeit_deposit(market.tx, market.operator, deposit.id, cause=cause, reasons="Sample reasons.")


async def test_the_operator_shuts_out_for_announced_causes_with_reasons_and_nobody_else_does(market: Market) -> None:
    trade = await an_open_trade(market, forfeited_when=[ForfeitCause.FALSE_PAPERS])
    mine = await deposit_of(market, trade)
    with pytest.raises(NotAllowed):
        await service.forfeit_deposit(
            market.tx, market.seller, mine.id, cause=ForfeitCause.FALSE_PAPERS, reasons="Sample reasons."
        )
    with pytest.raises(errors.CauseNotAnnounced) as refused:
        await shut_out(market, mine)
    assert refused.value.facts["announced"] == ["false_papers"]
    assert (await deposit_of(market, trade)).state is DepositState.HELD
    await shut_out(market, mine, ForfeitCause.FALSE_PAPERS)
    lost = await deposit_of(market, trade)
    assert (lost.state, lost.cause, lost.reasons) == (
        DepositState.FORFEITED,
        ForfeitCause.FALSE_PAPERS,
        "Sample reasons.",
    )
    assert await escrow(market.tx, market.buyers[0].org) == (0, 0)
    with pytest.raises(NotInThisState):
        await shut_out(market, mine, ForfeitCause.FALSE_PAPERS)


async def test_whoever_is_shut_out_bids_no_more_and_his_bids_win_nothing(market: Market, book: BidBook) -> None:
    trade = await an_open_trade(market)
    await service.place_bid(book, market.buyers[0], trade.lot.id, minor=60_000_000, key="a")
    await service.place_bid(book, market.buyers[1], trade.lot.id, minor=61_000_000, key="b")
    await shut_out(market, await deposit_of(market, trade, 1))
    answer = await service.place_bid(book, market.buyers[1], trade.lot.id, minor=62_000_000, key="c")
    assert answer.entry.verdict == "trading.not_qualified"
    low = await service.place_bid(book, market.buyers[0], trade.lot.id, minor=61_000_000, key="d")
    assert (low.entry.verdict, low.least_minor) == ("trading.bid_too_low", 62_000_000)  # the book stays as it is
    record = (await service.list_bids(market.tx, market.operator, trade.lot.id, cursor=None, limit=20)).items
    assert [(line.seq, line.is_void) for line in record] == [(1, False), (2, True), (3, True), (4, False)]
    lot = await service.get_lot(market.tx, market.operator, trade.lot.id)
    assert lot.effective_end is not None
    await move_to(market.tx, lot.effective_end)
    assert await service.close_due(market.tx) == 1
    (award,) = await service.list_awards(market.tx, market.operator, trade.id)
    assert (award.buyer_organisation_id, award.price.minor) == (market.buyers[0].org, 60_000_000)


async def test_a_winner_who_is_shut_out_loses_the_award_and_the_runner_up_steps_in(
    market: Market, book: BidBook
) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000)
    await shut_out(market, await deposit_of(market, trade, 1))
    every = await service.list_awards(market.tx, market.operator, trade.id)
    assert [one.state for one in every] == [AwardState.LAPSED, AwardState.OFFERED]
    assert [(await deposit_of(market, trade, n)).state for n in (0, 1)] == [DepositState.HELD, DepositState.FORFEITED]


async def test_nobody_steps_in_for_a_winner_while_an_objection_to_the_result_may_end_the_lot_for_all(
    market: Market, book: BidBook
) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000)
    first = next(one for one in await service.list_awards(market.tx, market.operator, trade.id) if one.rank == 1)
    assert first.notice_id is not None
    objection = await notices.file_objection(market.tx, market.buyers[2], first.notice_id, grounds="Sample grounds.")
    with pytest.raises(notice_errors.Paused):
        await shut_out(market, await deposit_of(market, trade, 1))
    await notices.decide_objection(market.tx, market.operator, objection.id, upheld=True, reasons="Sample reasons.")
    with pytest.raises(notice_errors.Upheld):  # before its event has come, too
        await shut_out(market, await deposit_of(market, trade, 1))
    assert await service.annul_award(market.tx, first.id)
    assert (await service.get_trade(market.tx, market.operator, trade.id)).state is TradeState.TERMINATED


async def test_a_runner_up_who_is_shut_out_waits_no_longer(market: Market, book: BidBook) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000)
    await shut_out(market, await deposit_of(market, trade, 0))
    every = await service.list_awards(market.tx, market.operator, trade.id)
    assert [one.state for one in every] == [AwardState.OFFERED, AwardState.RELEASED]


async def lapse_after(market: Market, trade: TradeView, *, when: datetime) -> bool:
    await move_to(market.tx, when)
    return await service.lapse_due(market.tx) == 1


async def first_award(market: Market, trade: TradeView) -> UUID:
    return (await service.list_awards(market.tx, market.operator, trade.id))[0].id


async def test_if_the_seller_has_not_signed_in_time_nobody_loses_a_deposit_and_the_lot_is_unsold(
    market: Market, book: BidBook
) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000)
    assert await lapse_after(market, trade, when=shanghai(2026, 4, 24))
    every = await service.list_awards(market.tx, market.operator, trade.id)
    assert [one.state for one in every] == [AwardState.ANNULLED, AwardState.RELEASED]
    assert [(await deposit_of(market, trade, n)).state for n in (0, 1)] == [DepositState.RELEASED] * 2
    ended = await service.get_trade(market.tx, market.operator, trade.id)
    assert (ended.state, ended.lot.state) == (TradeState.UNSOLD, LotState.UNSOLD)
    (noted,) = await facts_of(market, "trading.award_annulled")
    assert noted.facts == {"cause": "seller_did_not_sign"}
    assert await escrow(market.tx, market.seller.org) == (0, 0)


async def test_a_seller_who_signs_on_the_last_day_leaves_the_buyer_his_own_time(market: Market, book: BidBook) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000)
    first = await first_award(market, trade)
    await move_to(market.tx, shanghai(2026, 4, 23, 18))
    await the_seller_signs(market, first)
    await the_seller_signs(market, first)  # said twice is said once
    award = await service.get_award(market.tx, market.buyers[1], first)
    # Thursday 23 April: five working days on is Thursday the 30th.
    assert award.sign_by == shanghai(2026, 5, 1)
    assert not await lapse_after(market, trade, when=shanghai(2026, 4, 30, 23, 59))
    assert await lapse_after(market, trade, when=shanghai(2026, 5, 1))
    every = await service.list_awards(market.tx, market.operator, trade.id)
    assert [one.state for one in every] == [AwardState.LAPSED, AwardState.OFFERED]
    (noted,) = await facts_of(market, "trading.deposit_forfeited")
    assert noted.facts == {"cause": "refuses_to_sign"}


async def test_a_winner_who_does_not_sign_keeps_the_deposit_where_that_was_not_announced(
    market: Market, book: BidBook
) -> None:
    trade = await an_awarded_trade(market, book, 560_000, forfeited_when=[])
    await the_seller_signs(market, await first_award(market, trade))
    assert await lapse_after(market, trade, when=shanghai(2026, 4, 24))
    assert (await deposit_of(market, trade)).state is DepositState.RELEASED
    assert await escrow(market.tx, market.seller.org) == (0, 0)


async def test_a_deposit_per_lot_is_lost_for_its_own_lot_alone(market: Market, book: BidBook) -> None:
    trade = await an_awarded_trade(market, book, 560_000, 600_000, deposit_scope=DepositScope.LOT)
    lost = await deposit_of(market, trade, 1)
    assert lost.lot_id == trade.lot.id
    await shut_out(market, lost)
    assert (await deposit_of(market, trade, 1)).state is DepositState.FORFEITED

"""What the clock and other rooms' events start: each may come twice and does its work once."""

from __future__ import annotations

from uuid import UUID

from techmarket.db.jobs import PERIODIC, REACTIONS
from techmarket.db.keys import Keys
from techmarket.db.means import Means
from techmarket.db.session import Tx
from techmarket.kernel.ids import new_id
from techmarket.notices import service as notices
from techmarket.notices.events import ObjectionUpheld
from techmarket.notices.kinds import NoticeKind
from techmarket.settlement import steps as settlement
from techmarket.settlement.events import DuePaid
from techmarket.settlement.rules import Purpose
from techmarket.trading import jobs, service
from techmarket.trading.lifecycle import DepositState, TradeState
from tests.notices.make import move_to
from tests.settlement.make import a_message, escrow, from_the_bank
from tests.trading.make import DEPOSIT, a_market_at_work, a_qualified, an_announced_trade


def test_every_job_of_trading_is_declared() -> None:
    assert {name for name in PERIODIC if name.startswith("trading.")} == {
        "trading.open_due",
        "trading.close_due",
        "trading.go_on_due",
        "trading.close_slots_due",
        "trading.renew_covers",
        "trading.scores_due",
        "trading.step_due",
        "trading.lapse_due",
        "trading.extend_due",
        "trading.resume_due",
        "trading.silence_due",
    }
    assert {name for name in REACTIONS if name.startswith("trading.")} == {
        "trading.hold_deposit",
        "trading.end_after_objection",
        "trading.follow_suspension",
        "trading.follow_resumption",
        "trading.follow_extension",
        "trading.follow_decision",
        "trading.follow_withdrawal",
        "trading.follow_calendar",
        "trading.follow_replacement",
    }


async def test_a_paid_deposit_is_held_once_however_often_the_event_comes(tx: Tx, keys: Keys, means: Means) -> None:
    market = await a_market_at_work(tx, keys, buyers=1)
    trade = await an_announced_trade(market)
    mine = await a_qualified(market, trade, market.buyers[0])
    async with tx.read() as db:
        due = await settlement.get_due(db, mine.deposits[0].due_id)
    await from_the_bank(tx, keys, await a_message(tx, due))
    for _ in range(2):
        await jobs.hold_deposit(means, DuePaid(due.id, str(due.subject), Purpose.DEPOSIT))
    await jobs.hold_deposit(means, DuePaid(new_id(), f"contract:{new_id()}", Purpose.PRICE))
    (shown,) = await service.list_participants(tx, market.buyers[0], trade.id)
    assert [one.state for one in shown.deposits] == [DepositState.HELD]
    assert await escrow(tx, market.buyers[0].org) == (DEPOSIT, 0)


async def test_an_upheld_objection_to_the_announcement_ends_the_trade_by_its_event(
    tx: Tx, keys: Keys, means: Means
) -> None:
    market = await a_market_at_work(tx, keys, buyers=1)
    trade = await an_announced_trade(market)
    assert trade.notice_id is not None
    objection = await notices.file_objection(tx, market.buyers[0], trade.notice_id, grounds="Sample grounds.")
    await notices.decide_objection(tx, market.operator, objection.id, upheld=True, reasons="Sample reasons.")
    event = ObjectionUpheld(objection.id, trade.notice_id, f"trade:{trade.id}", NoticeKind.ANNOUNCEMENT, ())
    for _ in range(2):
        await jobs.end_after_objection(means, event)
    assert (await service.get_trade(tx, market.operator, trade.id)).state is TradeState.TERMINATED
    await jobs.end_after_objection(
        means, ObjectionUpheld(new_id(), new_id(), f"contract:{new_id()}", NoticeKind.PRICE, ())
    )


async def test_a_trade_under_objection_does_not_open_until_its_notice_has_ended(
    tx: Tx, keys: Keys, means: Means
) -> None:
    market = await a_market_at_work(tx, keys, buyers=1)
    trade = await an_announced_trade(market)
    await a_qualified(market, trade, market.buyers[0])
    assert trade.notice_id is not None
    assert trade.bidding_opens_at is not None
    notice_id: UUID = trade.notice_id
    objection = await notices.file_objection(tx, market.buyers[0], notice_id, grounds="Sample grounds.")
    await move_to(tx, trade.bidding_opens_at)
    assert await jobs.open_due(means) == 0
    await notices.decide_objection(tx, market.operator, objection.id, upheld=False, reasons="Sample reasons.")
    assert await jobs.open_due(means) == 0
    later = (await service.get_trade(tx, market.operator, trade.id)).announcement_ends_at
    assert later is not None
    assert later > trade.bidding_opens_at
    await move_to(tx, later)
    assert await jobs.open_due(means) == 1

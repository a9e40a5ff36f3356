"""Deposits (保证金) inside a transaction: asked for, held, given back, paid in, forfeited; and the seats they back.

The trade is locked by the caller, so that nobody else moves its deposits meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal, texts
from techmarket.db.clock import market_now
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.periods import Length, Unit, end_of_period, shanghai_day
from techmarket.kernel.workdays import CalendarYearMissing
from techmarket.ledger import steps as ledger
from techmarket.ledger.steps import Purpose as Account
from techmarket.rulebook import steps as rulebook
from techmarket.settlement import steps as settlement
from techmarket.trading import repository, rules
from techmarket.trading.events import (
    BidderShutOut,
    DepositAsked,
    DepositForfeited,
    DepositHeld,
    DepositPaidIn,
    DepositReleased,
    RunnerUpReleased,
)
from techmarket.trading.lifecycle import (
    AWARD,
    DEPOSIT,
    SEAT,
    STANDING_AWARDS,
    UNDECIDED,
    DepositScope,
    DepositState,
    ForfeitCause,
    SeatState,
)
from techmarket.trading.tables import Award, Deposit, Lot, Participant, Seat, Trade

BY_LOT = "each_contract_its_lot_s_part_by_start_price"
"""Of a deposit for the whole trade, as the terms say it."""
FORMER_WORDS = {"winner_does_not_sign_in_time": "refuses_to_sign", "winner_does_not_pay": "fails_to_pay"}


async def ask(db: AsyncSession, trade: Trade, participant: Participant, *, actor: Actor | None) -> None:
    """A qualified participant owes the deposit of the trade, or of each of its lots; where none is asked it may bid."""
    seats = await repository.seats_of_participants(db, [participant.id])
    if trade.deposit_minor == 0:
        for seat in seats:
            seat.state = SEAT.move(seat.state, "be_ready")
        return
    assert trade.bidding_opens_at is not None
    backed = [seat.lot_id for seat in seats] if trade.deposit_scope is DepositScope.LOT else [None]
    for lot_id in backed:
        deposit_id = new_id()
        due = await settlement.raise_due(
            db,
            payer=participant.deposit_payer_id,
            payee=None,
            minor=trade.deposit_minor,
            due_on=shanghai_day(trade.bidding_opens_at),
            subject=Ref("deposit", deposit_id),
            purpose=settlement.Purpose.DEPOSIT,
            payer_account=participant.payer_account,
            actor=actor,
        )
        db.add(
            Deposit(
                id=deposit_id,
                participant_id=participant.id,
                lot_id=lot_id,
                minor=trade.deposit_minor,
                due_id=due.id,
                state=DEPOSIT.initial,
            )
        )
        journal.record(db, DepositAsked(deposit_id, participant.id, trade.id, due.id), actor=actor)


async def hold(db: AsyncSession, trade: Trade, participant: Participant, deposit: Deposit) -> None:
    """A paid deposit is held, and the seats it backs are ready."""
    deposit.hold_id = await _hold(db, trade, participant, deposit)
    deposit.state = DEPOSIT.move(deposit.state, "hold")
    for seat in await repository.seats_of_participants(db, [participant.id]):
        if deposit.lot_id in (None, seat.lot_id) and seat.state is SeatState.WAITING:
            seat.state = SEAT.move(seat.state, "be_ready")
    journal.record(db, DepositHeld(deposit.id, participant.id, trade.id, deposit.hold_id), actor=None)


async def hold_what_came(db: AsyncSession, trade: Trade, participant: Participant, deposit: Deposit) -> None:
    """Money that came counts from when it came, whether or not the job that holds it has run."""
    if deposit.state is DepositState.DUE and await settlement.is_paid_by_now(db, deposit.due_id):
        await hold(db, trade, participant, deposit)


async def _hold(db: AsyncSession, trade: Trade, participant: Participant, deposit: Deposit) -> UUID:
    """Set aside what of the deposit has not become price."""
    source = await ledger.account(db, purpose=Account.ESCROW, owner=participant.deposit_payer_id)
    target = await ledger.account(db, purpose=Account.DEPOSITS, subject=Ref("trade", trade.id))
    rest = deposit.minor - deposit.paid_in_minor
    return await ledger.hold(db, source=source, target=target, minor=rest, why=Ref("deposit", deposit.id))


async def release_idle(db: AsyncSession, trade: Trade, *, actor: Actor | None) -> None:
    """Everything that no longer backs a bid or an award goes back, and its payer's seats are left."""
    await db.flush()
    deposits = [one for one in await repository.lock_deposits(db, trade.id) if DEPOSIT.can(one.state, "release")]
    lots = await repository.lots_of(db, trade.id)
    awards = [one for one in await repository.list_awards(db, trade.id) if one.state in STANDING_AWARDS]
    seats = await repository.seats_of(db, trade.id)
    idle = [one for one in deposits if rules.is_idle(_backed(one, lots, seats, awards))]
    if not idle:
        return
    payers = {p.id: p for p in await repository.list_participants(db, trade.id)}
    owners = sorted({payers[one.participant_id].deposit_payer_id for one in idle})
    return_by = await _return_by(db, trade)
    await ledger.lock(db, [await ledger.account(db, purpose=Account.ESCROW, owner=org) for org in owners])
    for deposit in idle:
        deposit.return_by = return_by
        await _release(db, trade, payers[deposit.participant_id], deposit, actor=actor)
        for seat in seats:
            if seat.participant_id == deposit.participant_id and deposit.lot_id in (None, seat.lot_id):
                leave(seat)
    await db.flush()


def leave(seat: Seat) -> None:
    if SEAT.can(seat.state, "leave"):
        seat.state = SEAT.move(seat.state, "leave")


def _backed(
    deposit: Deposit, lots: Sequence[Lot], seats: Sequence[Seat], awards: Sequence[Award]
) -> list[rules.Backed]:
    payer = deposit.participant_id
    seated = {seat.lot_id for seat in seats if seat.participant_id == payer and seat.state is not SeatState.GONE}
    offered = {award.lot_id for award in awards if award.participant_id == payer}
    return [
        rules.Backed(lot.state in UNDECIDED, lot.id in seated, lot.id in offered)
        for lot in lots
        if deposit.lot_id in (None, lot.id)
    ]


async def _release(
    db: AsyncSession, trade: Trade, participant: Participant, deposit: Deposit, *, actor: Actor | None
) -> None:
    """Whatever came of a deposit, a part of it too, goes back by the way it came."""
    was = deposit.state
    deposit.state = DEPOSIT.move(was, "release")
    if was is DepositState.HELD:
        assert deposit.hold_id is not None
        await ledger.void_hold(db, deposit.hold_id)
        back = deposit.minor - deposit.paid_in_minor
    else:
        back = await settlement.drop_due(db, deposit.due_id, actor)
    if back:
        await _pay_back(db, trade, participant, deposit, back, actor)


async def _pay_back(
    db: AsyncSession, trade: Trade, participant: Participant, deposit: Deposit, minor: int, actor: Actor | None
) -> None:
    payout_id = await pay_out(
        db,
        participant.deposit_payer_id,
        minor,
        why=Ref("deposit", deposit.id),
        actor=actor,
        back_of=deposit.due_id,
    )
    journal.record(db, DepositReleased(deposit.id, participant.id, trade.id, payout_id), actor=actor)


async def _return_by(db: AsyncSession, trade: Trade) -> datetime | None:
    """Until when what is released now must have left the market; unknown while a calendar year is missing."""
    length = (await texts.get(db, trade.terms_sha256)).get("deposit_return")
    if length is None:
        return None
    try:
        calendar = await rulebook.work_calendar(db)
        return end_of_period(await market_now(db), Length(length["n"], Unit(length["unit"])), calendar=calendar)
    except CalendarYearMissing:
        return None


async def close_registration(db: AsyncSession, trade: Trade) -> None:
    """With the opening it is too late to pay: a deposit that has come is held, what is still open is dropped.

    Whoever is not ready then has no seat.
    """
    participants = {one.id: one for one in await repository.list_participants(db, trade.id)}
    return_by = await _return_by(db, trade)
    for deposit in await repository.lock_deposits(db, trade.id):
        if deposit.state is not DepositState.DUE:
            continue
        participant = participants[deposit.participant_id]
        came = await settlement.drop_due(db, deposit.due_id, None)
        if came == deposit.minor:
            await hold(db, trade, participant, deposit)
            continue
        deposit.state, deposit.return_by = DEPOSIT.move(deposit.state, "release"), return_by
        if came:
            await _pay_back(db, trade, participant, deposit, came, None)
    await db.flush()
    for seat in await repository.seats_of(db, trade.id):
        if seat.state is SeatState.WAITING:
            leave(seat)
    await db.flush()


async def pay_in(db: AsyncSession, trade: Trade, participant: Participant, award: Award, *, actor: Actor | None) -> int:
    """The winner's deposit becomes price: it is free in the buyer's escrow, and the caller takes it. Returns how much.

    Of a deposit that backs several lots, this lot's announced part; the rest goes on backing the others. The first
    trades announced no parts: theirs is paid in whole with the last award it backs.
    """
    deposit = await repository.find_backing(db, participant.id, award.lot_id)
    if deposit is None or deposit.state is not DepositState.HELD:
        return 0
    await db.flush()
    lots, seats = await repository.lots_of(db, trade.id), await repository.seats_of(db, trade.id)
    standing = [one for one in await repository.list_awards(db, trade.id) if one.state in STANDING_AWARDS]
    prices = {lot.id: lot.start_price_minor for lot in lots}
    others = [lot.id for lot in lots if not rules.is_idle(_backed(deposit, [lot], seats, standing))]
    share = deposit.minor - deposit.paid_in_minor
    if others:
        if (await texts.get(db, trade.terms_sha256)).get("deposit_applied") != BY_LOT:
            return 0
        share = rules.share_of(share, prices[award.lot_id], [prices[one] for one in others])
    if share == 0:
        return 0
    assert deposit.hold_id is not None
    was = deposit.hold_id
    await ledger.void_hold(db, was)
    deposit.paid_in_minor += share
    award.captured_minor = share
    if deposit.paid_in_minor == deposit.minor:
        deposit.state = DEPOSIT.move(deposit.state, "pay_in")
    else:
        deposit.hold_id = await _hold(db, trade, participant, deposit)
    if participant.deposit_payer_id != participant.buyer_org_id:
        await ledger.post(
            db,
            debit=await ledger.account(db, purpose=Account.ESCROW, owner=participant.deposit_payer_id),
            credit=await ledger.account(db, purpose=Account.ESCROW, owner=participant.buyer_org_id),
            minor=share,
            why=Ref("award", award.id),
            code="deposit.for_the_consortium",
        )
    journal.record(db, DepositPaidIn(deposit.id, participant.id, trade.id, was, award.id), actor=actor)
    return share


async def announced_causes(db: AsyncSession, trade: Trade) -> frozenset[ForfeitCause]:
    """For what this trade's deposits may be forfeited. The first trades named two causes in other words."""
    said = (await texts.get(db, trade.terms_sha256)).get("deposit_forfeited_when", ())
    return frozenset(ForfeitCause(FORMER_WORDS.get(one, one)) for one in said)


async def forfeit(
    db: AsyncSession,
    trade: Trade,
    participant: Participant,
    deposit: Deposit,
    *,
    cause: ForfeitCause,
    actor: Actor | None,
    reasons: str | None = None,
) -> bool:
    """A held deposit goes to the seller, for an announced cause alone; its payer has no seat any more, nor waits.

    Returns whether it was forfeited: what was not announced, or is not held, is not.
    """
    if deposit.state is not DepositState.HELD or cause not in await announced_causes(db, trade):
        return False
    deposit.state = DEPOSIT.move(deposit.state, "forfeit")
    deposit.cause, deposit.reasons = cause, reasons
    rest = deposit.minor - deposit.paid_in_minor
    assert deposit.hold_id is not None
    seller = await ledger.account(db, purpose=Account.ESCROW, owner=trade.seller_org_id)
    transfer_id = await ledger.post_hold(db, deposit.hold_id, credit=seller, code="deposit.forfeited")
    await pay_out(db, trade.seller_org_id, rest, why=Ref("deposit", deposit.id), actor=actor)
    await _shut_out(db, trade, participant, deposit, cause=cause, actor=actor)
    for award in await repository.lock_waiting_awards(db, participant.id):
        if deposit.lot_id in (None, award.lot_id):
            award.state = AWARD.move(award.state, "release")
            journal.record(db, RunnerUpReleased(award.id, trade.id), actor=actor)
    journal.record(db, DepositForfeited(deposit.id, participant.id, trade.id, transfer_id, cause.value), actor=actor)
    await db.flush()
    return True


async def _shut_out(
    db: AsyncSession,
    trade: Trade,
    participant: Participant,
    deposit: Deposit,
    *,
    cause: ForfeitCause,
    actor: Actor | None,
) -> None:
    """Without the deposit there is no seat. On lots that have opened and are not decided his bids stand no more, which
    the public record says of each. The book stays as it is: whoever bids on beats the price that was bid, and at the
    close the best bid that stands wins at its own price."""
    lots = {lot.id: lot for lot in await repository.lots_of(db, trade.id)}
    for seat in await repository.seats_of_participants(db, [participant.id]):
        if deposit.lot_id not in (None, seat.lot_id):
            continue
        lot, was_seated = lots[seat.lot_id], SEAT.can(seat.state, "leave")
        leave(seat)
        is_asked = lot.opened_at is not None and lot.state in UNDECIDED and cause is not ForfeitCause.NOBODY_BIDS
        if was_seated and is_asked:
            seat.shut_out_at = await market_now(db)
            journal.record(db, BidderShutOut(lot.id, trade.id, seat.number), actor=actor)


async def forfeit_paid_in(
    db: AsyncSession, trade: Trade, participant: Participant, deposit: Deposit, award: Award, *, actor: Actor | None
) -> bool:
    """What of a deposit had become this price is forfeited after all: as much leaves the buyer's escrow.

    What still backs other lots goes on doing so.
    """
    cause = ForfeitCause.FAILS_TO_PAY
    if award.captured_minor == 0 or cause not in await announced_causes(db, trade):
        return False
    if deposit.state is DepositState.PAID_IN:
        deposit.state, deposit.cause = DEPOSIT.move(deposit.state, "forfeit"), cause
    transfer_id = await ledger.post(
        db,
        debit=await ledger.account(db, purpose=Account.ESCROW, owner=participant.buyer_org_id),
        credit=await ledger.account(db, purpose=Account.ESCROW, owner=trade.seller_org_id),
        minor=award.captured_minor,
        why=Ref("award", award.id),
        code="deposit.forfeited",
    )
    await pay_out(db, trade.seller_org_id, award.captured_minor, why=Ref("award", award.id), actor=actor)
    journal.record(db, DepositForfeited(deposit.id, participant.id, trade.id, transfer_id, cause.value), actor=actor)
    await db.flush()
    return True


async def forfeit_silence(db: AsyncSession, trade: Trade, lot: Lot) -> None:
    """Where it was announced, those who were ready lose their deposits when nobody bids: on the lot that each deposit
    backs, or, if it backs the whole trade, on any lot at all."""
    if ForfeitCause.NOBODY_BIDS not in await announced_causes(db, trade):
        return
    lots = await repository.lots_of(db, trade.id)
    nobody_at_all = all(one.leading_seq is None and (one.id == lot.id or one.state not in UNDECIDED) for one in lots)
    participants = {one.id: one for one in await repository.list_participants(db, trade.id)}
    for deposit in await repository.lock_deposits(db, trade.id):
        if deposit.lot_id == lot.id or (deposit.lot_id is None and nobody_at_all):
            payer = participants[deposit.participant_id]
            await forfeit(db, trade, payer, deposit, cause=ForfeitCause.NOBODY_BIDS, actor=None)


async def pay_out(
    db: AsyncSession, org_id: UUID, minor: int, *, why: Ref, actor: Actor | None, back_of: UUID | None = None
) -> UUID:
    """What goes back to whoever paid a due (`back_of`) takes the way it came."""
    return await settlement.instruct_payout(
        db,
        org=org_id,
        minor=minor,
        channel=settlement.Channel.ESCROW,
        why=why,
        actor=actor,
        back_of=back_of,
    )

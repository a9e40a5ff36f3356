"""Deposits (保证金) inside a transaction: asked for, held, given back, paid in, forfeited; and the seats they back.

The trade is locked by the caller, so that nobody else moves its deposits meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.periods import shanghai_day
from techmarket.ledger import steps as ledger
from techmarket.ledger.steps import Purpose as Account
from techmarket.settlement import steps as settlement
from techmarket.trading import repository, rules
from techmarket.trading.events import DepositAsked, DepositForfeited, DepositHeld, DepositPaidIn, DepositReleased
from techmarket.trading.lifecycle import (
    DEPOSIT,
    SEAT,
    STANDING_AWARDS,
    UNDECIDED,
    DepositScope,
    DepositState,
    SeatState,
)
from techmarket.trading.tables import Award, Deposit, Lot, Participant, Seat, Trade


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
            payer=participant.org_id,
            payee=None,
            minor=trade.deposit_minor,
            due_on=shanghai_day(trade.bidding_opens_at),
            subject=Ref("deposit", deposit_id),
            purpose=settlement.Purpose.DEPOSIT,
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
    source = await ledger.account(db, purpose=Account.ESCROW, owner=participant.org_id)
    target = await ledger.account(db, purpose=Account.DEPOSITS, subject=Ref("trade", trade.id))
    deposit.hold_id = await ledger.hold(
        db, source=source, target=target, minor=deposit.minor, why=Ref("deposit", deposit.id)
    )
    deposit.state = DEPOSIT.move(deposit.state, "hold")
    for seat in await repository.seats_of_participants(db, [participant.id]):
        if deposit.lot_id in (None, seat.lot_id) and seat.state is SeatState.WAITING:
            seat.state = SEAT.move(seat.state, "be_ready")
    journal.record(db, DepositHeld(deposit.id, participant.id, trade.id, deposit.hold_id), actor=None)


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
    owners = sorted({payers[one.participant_id].org_id for one in idle})
    await ledger.lock(db, [await ledger.account(db, purpose=Account.ESCROW, owner=org) for org in owners])
    for deposit in idle:
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
        back = deposit.minor
    elif (await settlement.get_due(db, deposit.due_id)).is_paid:
        back = deposit.minor
    else:
        back = await settlement.cancel_due(db, deposit.due_id, actor)
    if back:
        await pay_out(db, participant.org_id, back, why=Ref("deposit", deposit.id), actor=actor)
        journal.record(db, DepositReleased(deposit.id, participant.id, trade.id), actor=actor)


async def pay_in(db: AsyncSession, trade: Trade, participant: Participant, award: Award, *, actor: Actor | None) -> int:
    """The winner's deposit becomes price: it is free in the buyer's escrow, and the caller takes it. Returns how much.

    A deposit for the whole trade backs every award of its payer and is paid in with the last of them.
    """
    deposit = await repository.find_backing(db, participant.id, award.lot_id)
    if deposit is None or deposit.state is not DepositState.HELD:
        return 0
    await db.flush()
    lots, seats = await repository.lots_of(db, trade.id), await repository.seats_of(db, trade.id)
    others = [one for one in await repository.list_awards(db, trade.id) if one.state in STANDING_AWARDS]
    if not rules.is_idle(_backed(deposit, lots, seats, others)):
        return 0
    assert deposit.hold_id is not None
    await ledger.void_hold(db, deposit.hold_id)
    deposit.state = DEPOSIT.move(deposit.state, "pay_in")
    journal.record(db, DepositPaidIn(deposit.id, participant.id, trade.id, award.id), actor=actor)
    return deposit.minor


async def forfeit(
    db: AsyncSession, trade: Trade, participant: Participant, deposit: Deposit, *, cause: str, actor: Actor | None
) -> None:
    """A held deposit goes to the seller, for one of the announced reasons."""
    deposit.state = DEPOSIT.move(deposit.state, "forfeit")
    assert deposit.hold_id is not None
    seller = await ledger.account(db, purpose=Account.ESCROW, owner=trade.seller_org_id)
    transfer_id = await ledger.post_hold(db, deposit.hold_id, credit=seller, code="deposit.forfeited")
    await pay_out(db, trade.seller_org_id, deposit.minor, why=Ref("deposit", deposit.id), actor=actor)
    for seat in await repository.seats_of_participants(db, [participant.id]):
        if deposit.lot_id in (None, seat.lot_id):
            leave(seat)
    journal.record(db, DepositForfeited(deposit.id, participant.id, trade.id, transfer_id, cause), actor=actor)
    await db.flush()


async def forfeit_paid_in(
    db: AsyncSession, trade: Trade, participant: Participant, deposit: Deposit, award: Award, *, actor: Actor | None
) -> None:
    """A deposit that had become price is forfeited after all: an amount as high leaves the buyer's escrow."""
    deposit.state = DEPOSIT.move(deposit.state, "forfeit")
    transfer_id = await ledger.post(
        db,
        debit=await ledger.account(db, purpose=Account.ESCROW, owner=participant.org_id),
        credit=await ledger.account(db, purpose=Account.ESCROW, owner=trade.seller_org_id),
        minor=deposit.minor,
        why=Ref("award", award.id),
        code="deposit.forfeited",
    )
    await pay_out(db, trade.seller_org_id, deposit.minor, why=Ref("award", award.id), actor=actor)
    event = DepositForfeited(deposit.id, participant.id, trade.id, transfer_id, "fails_to_pay")
    journal.record(db, event, actor=actor)
    await db.flush()


async def pay_out(db: AsyncSession, org_id: UUID, minor: int, *, why: Ref, actor: Actor | None) -> None:
    await settlement.instruct_payout(
        db, org=org_id, minor=minor, channel=settlement.Channel.ESCROW, why=why, actor=actor
    )

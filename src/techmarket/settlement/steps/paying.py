"""Payouts: instructed by rooms, confirmed, failed or returned by whoever pays."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref, new_id
from techmarket.ledger import steps as ledger
from techmarket.settlement import repository
from techmarket.settlement.events import PayoutConfirmed, PayoutFailed, PayoutInstructed
from techmarket.settlement.lifecycle import BANK_LINE, PAYOUT, PayoutState
from techmarket.settlement.rules import Channel
from techmarket.settlement.tables import Payout


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    org: UUID
    minor: int
    channel: Channel
    why: Ref
    back_of: UUID | None = None
    """The due whose payer gets his money back: it goes to the account it came from (原路退回)."""


@dataclass(frozen=True, slots=True)
class PayoutFacts:
    id: UUID
    org: UUID | None
    minor: int
    channel: Channel
    state: PayoutState
    why: Ref
    settled_at: datetime | None


async def instruct_payout(
    db: AsyncSession,
    *,
    org: UUID,
    minor: int,
    channel: Channel,
    why: Ref,
    actor: Actor | None,
    back_of: UUID | None = None,
) -> UUID:
    """Write down that an organisation is to be paid, once for one reason. See `instruct_payouts`."""
    payout_id = (await instruct_payouts(db, [PayoutOrder(org, minor, channel, why, back_of)]))[0]
    journal.record(db, PayoutInstructed(payout_id, str(why), channel), actor=actor)
    return payout_id


async def instruct_payouts(db: AsyncSession, orders: Sequence[PayoutOrder]) -> list[UUID]:
    """Many payouts as one; the caller's own event tells of them.

    By escrow the money is held in the organisation's escrow until the bank confirms. By payroll the unit owes it in
    its own book until the unit confirms that it paid.
    """
    by_escrow = [order for order in orders if order.channel is Channel.ESCROW]
    by_payroll = [order for order in orders if order.channel is Channel.PAYROLL]
    bank = await ledger.account(db, purpose=ledger.Purpose.BANK) if by_escrow else None
    escrows = {org: await escrow_of(db, org) for org in sorted({order.org for order in by_escrow})}
    holds = (
        await ledger.hold_many(db, [ledger.Holding(escrows[o.org], bank, o.minor, o.why) for o in by_escrow])
        if bank
        else []
    )
    wages = {org: await _payroll_accounts(db, org) for org in sorted({order.org for order in by_payroll})}
    transfers = await ledger.post_many(
        db, [ledger.Posting(*wages[o.org][:2], o.minor, o.why, "payroll.instructed") for o in by_payroll]
    )
    held, owed = iter(holds), iter(transfers)
    routes = await repository.routes_of(db, {order.back_of for order in orders if order.back_of is not None})
    payouts = [
        Payout(
            id=new_id(),
            org_id=order.org,
            minor=order.minor,
            channel=order.channel,
            state=PAYOUT.initial,
            why=str(order.why),
            to_account=routes.get(order.back_of, (None, None))[0] if order.back_of else None,
            to_name=routes.get(order.back_of, (None, None))[1] if order.back_of else None,
            hold_id=next(held) if order.channel is Channel.ESCROW else None,
            transfer_id=next(owed) if order.channel is Channel.PAYROLL else None,
        )
        for order in orders
    ]
    db.add_all(payouts)
    await db.flush()
    return [payout.id for payout in payouts]


async def escrow_of(db: AsyncSession, org_id: UUID) -> UUID:
    """Where an organisation's own money in the market stands."""
    return await ledger.account(db, purpose=ledger.Purpose.ESCROW, owner=org_id)


async def _payroll_accounts(db: AsyncSession, org_id: UUID) -> tuple[UUID, UUID, UUID]:
    book = ledger.book_of_unit(org_id)
    expense = await ledger.account(db, book=book, purpose=ledger.Purpose.EXPENSE)
    payable = await ledger.account(db, book=book, purpose=ledger.Purpose.PAYABLE)
    return expense, payable, await ledger.account(db, book=book, purpose=ledger.Purpose.BANK)


async def get_payout(db: AsyncSession, payout_id: UUID) -> PayoutFacts:
    return _payout_facts(await repository.get_payout(db, payout_id))


async def paid_out(db: AsyncSession, org_id: UUID, why: Ref) -> int:
    """How much the market was told to pay the organisation for this reason, unless it failed."""
    return await repository.live_payout_minor(db, why=str(why), org_id=org_id, channel=Channel.ESCROW)


async def confirm_payout(
    db: AsyncSession, payout_id: UUID, *, actor: Actor | None, bank_reference: str | None = None
) -> PayoutFacts:
    """The money has left: the bank, or for payroll the unit, says so."""
    payout = await repository.lock_payout(db, payout_id)
    payout.state = PAYOUT.move(payout.state, "confirm")
    payout.bank_reference = bank_reference
    payout.settled_at = await clock.market_now(db)
    if payout.hold_id is not None:
        await ledger.post_hold(db, payout.hold_id, code="payout.confirmed")
    else:
        assert payout.org_id is not None
        _, payable, bank = await _payroll_accounts(db, payout.org_id)
        await ledger.post(
            db, debit=payable, credit=bank, minor=payout.minor, why=Ref("payout", payout.id), code="payroll.confirmed"
        )
    await db.flush()
    journal.record(db, PayoutConfirmed(payout.id, payout.why, payout.channel), actor=actor)
    return _payout_facts(payout)


async def return_payout(db: AsyncSession, payout_id: UUID, *, actor: Actor | None) -> PayoutFacts:
    """Money that had left came back (退汇): it is where it was before, and the same reason may be paid anew."""
    payout = await repository.lock_payout(db, payout_id)
    payout.state = PAYOUT.move(payout.state, "bounce")
    payout.settled_at = await clock.market_now(db)
    assert payout.hold_id is not None  # the bank pays out of holds only
    held = await ledger.get_hold(db, payout.hold_id)
    await ledger.post(
        db,
        debit=held.target,
        credit=held.source,
        minor=payout.minor,
        why=Ref("payout", payout.id),
        code="payout.returned",
    )
    for line in await repository.lock_lines_of_payouts(db, [payout.id]):
        line.state = BANK_LINE.move(line.state, "reopen")
        line.payout_id = None
    await db.flush()
    journal.record(db, PayoutFailed(payout.id, payout.why, payout.channel), actor=actor)
    return _payout_facts(payout)


async def fail_payout(
    db: AsyncSession, payout_id: UUID, *, actor: Actor | None, bank_reference: str | None = None
) -> PayoutFacts:
    """The money could not leave: it is free again, and the same reason may be paid anew."""
    return (await _keep_here(db, [payout_id], "fail", actor, bank_reference))[0]


async def stop_payout(db: AsyncSession, payout_id: UUID, *, actor: Actor | None) -> PayoutFacts:
    """Call off what the bank has not been told of; of what it was told, its answer comes first (`NotInThisState`)."""
    return (await stop_payouts(db, [payout_id], actor=actor))[0]


async def stop_payouts(db: AsyncSession, payout_ids: Collection[UUID], *, actor: Actor | None) -> list[PayoutFacts]:
    """Many called off as one: all or none."""
    return await _keep_here(db, payout_ids, "stop", actor, None)


async def lock_payouts(db: AsyncSession, payout_ids: Collection[UUID]) -> list[PayoutFacts]:
    """Locked in the order of their ids: where they stand they stay until the caller commits."""
    return [_payout_facts(payout) for payout in await repository.lock_payouts(db, payout_ids)]


async def _keep_here(
    db: AsyncSession, payout_ids: Collection[UUID], how: str, actor: Actor | None, bank_reference: str | None
) -> list[PayoutFacts]:
    payouts = await repository.lock_payouts(db, payout_ids)
    now = await clock.market_now(db)
    for payout in payouts:
        payout.state = PAYOUT.move(payout.state, how)
        payout.bank_reference = bank_reference
        payout.settled_at = now
    await ledger.void_holds(db, [payout.hold_id for payout in payouts if payout.hold_id is not None])
    owed = {p.transfer_id: Ref("payout", p.id) for p in payouts if p.hold_id is None and p.transfer_id is not None}
    await ledger.reverse_many(db, owed)
    for line in await repository.lock_lines_of_payouts(db, payout_ids):
        line.state = BANK_LINE.move(line.state, "reopen")
        line.payout_id = None
    await db.flush()
    for payout in payouts:
        journal.record(db, PayoutFailed(payout.id, payout.why, payout.channel), actor=actor)
    return [_payout_facts(payout) for payout in payouts]


def _payout_facts(payout: Payout) -> PayoutFacts:
    return PayoutFacts(
        payout.id,
        payout.org_id,
        payout.minor,
        payout.channel,
        payout.state,
        Ref.parse(payout.why),
        payout.settled_at,
    )

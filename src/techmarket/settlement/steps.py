"""What later rooms may do in settlement inside their own transaction. Lock your own row first, then call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.money import Money
from techmarket.kernel.periods import shanghai_day
from techmarket.ledger import steps as ledger
from techmarket.rulebook import steps as rulebook
from techmarket.settlement import errors, repository, rules
from techmarket.settlement.events import (
    DueCancelled,
    DuePaid,
    DueRaised,
    PayoutConfirmed,
    PayoutFailed,
    PayoutInstructed,
    Released,
)
from techmarket.settlement.lifecycle import BANK_LINE, DUE, PAYOUT, DueState, PayoutState
from techmarket.settlement.rules import Channel, Purpose
from techmarket.settlement.tables import Due, Payout

__all__ = [
    "Channel",
    "DueFacts",
    "DueState",
    "PayoutFacts",
    "PayoutOrder",
    "PayoutState",
    "Purpose",
    "ReleaseFacts",
    "cancel_due",
    "confirm_payout",
    "drop_due",
    "dues_of",
    "fail_payout",
    "get_due",
    "get_payout",
    "instruct_payout",
    "instruct_payouts",
    "pay_from_escrow",
    "raise_due",
    "release",
    "require_paid",
]

EXCHANGE_FEE = "tariff.exchange_fee"


@dataclass(frozen=True, slots=True)
class DueFacts:
    id: UUID
    reference: str
    payer_org: UUID
    payee_org: UUID | None
    minor: int
    paid_minor: int
    fee_minor: int | None
    due_on: date
    rule_date: date
    subject: Ref
    purpose: Purpose
    state: DueState
    paid_at: datetime | None
    released_at: datetime | None

    @property
    def outstanding_minor(self) -> int:
        return self.minor - self.paid_minor

    @property
    def is_paid(self) -> bool:
        return self.state is DueState.PAID


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    due_id: UUID
    minor: int
    fee_minor: int
    payout_id: UUID | None


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    org: UUID
    minor: int
    channel: Channel
    why: Ref


@dataclass(frozen=True, slots=True)
class PayoutFacts:
    id: UUID
    org: UUID | None
    minor: int
    channel: Channel
    state: PayoutState
    why: Ref
    settled_at: datetime | None


# --- dues -----------------------------------------------------------------------------------------------------------


async def raise_due(
    db: AsyncSession,
    *,
    payer: UUID,
    payee: UUID | None,
    minor: int,
    due_on: date,
    subject: Ref,
    purpose: Purpose,
    actor: Actor | None,
    rule_date: date | None = None,
    payer_account: str | None = None,
) -> DueFacts:
    """Somebody owes an amount by a day; the reference is what he puts on his bank transfer.

    Without a payee the money stays the payer's own (a deposit). `rule_date` chooses the tariff at release; it is the
    project's own date, or today. With `payer_account` only money from that account pays it by itself.
    """
    ledger_amount(minor)
    today = shanghai_day(await clock.market_now(db))
    due = Due(
        id=new_id(),
        reference=await repository.next_reference(db, today.year),
        payer_org=payer,
        payee_org=payee,
        minor=minor,
        paid_minor=0,
        due_on=due_on,
        rule_date=rule_date or today,
        subject=str(subject),
        purpose=purpose,
        payer_account=payer_account,
        state=DUE.initial,
    )
    db.add(due)
    await db.flush()
    journal.record(db, DueRaised(due.id, due.subject, purpose), actor=actor)
    return facts_of(due)


def ledger_amount(minor: int) -> None:
    """A due is whole fen above nought, within what a bank message can carry."""
    if isinstance(minor, bool) or not isinstance(minor, int):
        raise TypeError("a due is whole fen")
    if not 0 < minor <= rules.MINOR_MAX:
        raise ValueError(f"a due lies between 1 and {rules.MINOR_MAX} fen, not {minor}")


async def cancel_due(db: AsyncSession, due_id: UUID, actor: Actor | None) -> int:
    """An open due is dropped; what was paid towards it is the payer's again. Returns how much that is."""
    due = await repository.lock_due(db, due_id)
    due.state = DUE.move(due.state, "cancel")
    freed = due.paid_minor
    if due.paid_minor and due.payee_org is not None:
        await ledger.post(
            db,
            debit=await due_escrow(db, due),
            credit=await escrow_of(db, due.payer_org),
            minor=due.paid_minor,
            why=Ref("due", due.id),
            code="due.cancelled",
        )
    due.paid_minor = 0
    await db.flush()
    journal.record(db, DueCancelled(due.id, due.subject, due.purpose), actor=actor)
    return freed


async def drop_due(db: AsyncSession, due_id: UUID, actor: Actor | None) -> int:
    """What a due without a payee asked for is not needed any more: it is cancelled, unless the money has come already.

    Returns how much came in, which is the payer's own either way.
    """
    due = await repository.lock_due(db, due_id)
    if due.payee_org is not None:
        raise ValueError("money with a payee is not the payer's own")
    return due.paid_minor if due.state is DueState.PAID else await cancel_due(db, due_id, actor)


async def put_off(db: AsyncSession, due_id: UUID, due_on: date) -> None:
    """An open due is owed by a later day; it is not overdue before that."""
    due = await repository.lock_due(db, due_id)
    if due.state is DueState.OPEN and due.due_on < due_on:
        due.due_on, due.overdue_at = due_on, None
        await db.flush()


async def get_due(db: AsyncSession, due_id: UUID) -> DueFacts:
    return facts_of(await repository.get_due(db, due_id))


async def dues_of(db: AsyncSession, subject: Ref) -> list[DueFacts]:
    """Every due of a subject in the order raised, the cancelled ones too."""
    return [facts_of(due) for due in await repository.dues_of(db, str(subject))]


async def require_paid(db: AsyncSession, subject: Ref, now: datetime | None = None) -> None:
    """Gate: every due of the subject is paid. With `now`, only those whose day has come by then are asked for."""
    today = shanghai_day(now) if now is not None else date.max
    waiting = [
        due.reference
        for due in await repository.dues_of(db, str(subject))
        if due.state is DueState.OPEN and due.due_on <= today
    ]
    if waiting:
        raise errors.DuesOpen(references=waiting)


async def pay_from_escrow(db: AsyncSession, due_id: UUID, *, minor: int, actor: Actor | None) -> DueFacts:
    """Money the payer has in the market already, such as a captured deposit, pays a due or a part of it."""
    due = await repository.lock_due(db, due_id)
    DUE.move(due.state, "pay")
    outstanding = due.minor - due.paid_minor
    if minor > outstanding:
        raise errors.MoreThanDue(reference=due.reference, outstanding=Money(outstanding))
    await take_payment(db, due, minor, actor=actor)
    return facts_of(due)


async def take_payment(db: AsyncSession, due: Due, minor: int, *, actor: Actor | None) -> None:
    """Count money that stands in the payer's escrow towards a locked, open due; the last fen makes it paid."""
    if due.payee_org is not None:
        await ledger.post(
            db,
            debit=await escrow_of(db, due.payer_org),
            credit=await due_escrow(db, due),
            minor=minor,
            why=Ref("due", due.id),
            code="due.paid",
        )
    now = await clock.market_now(db)
    due.paid_minor += minor
    if due.paid_minor == due.minor:
        due.state, due.paid_at = DUE.move(due.state, "pay"), now
        journal.record(db, DuePaid(due.id, due.subject, due.purpose), actor=actor)
    await db.flush()


async def release(
    db: AsyncSession, *, due_id: UUID, actor: Actor | None, fee_code: str | None = EXCHANGE_FEE
) -> ReleaseFacts:
    """Paid money goes to the payee less the fee by tariff, and the payout is instructed; once per due.

    The tariff is the row of the due's rule date. A due of purpose FEE is the market's own and goes to its fees whole.
    """
    due = await repository.lock_due(db, due_id)
    if due.payee_org is None:
        raise errors.NothingToRelease(reference=due.reference)
    if due.released_at is not None:
        raise errors.ReleasedAlready(reference=due.reference)
    if due.state is not DueState.PAID:
        raise errors.NotPaidYet(reference=due.reference)
    fee = due.minor if due.purpose is Purpose.FEE else await _fee(db, due, fee_code)
    why = Ref("due", due.id)
    source, payee = await due_escrow(db, due), await escrow_of(db, due.payee_org)
    fees = await ledger.account(db, purpose=ledger.Purpose.FEES)
    # The fee leaves the payee's account, not the due's: the payer sees the due's transfers and has no part in the fee.
    moves = [(source, payee, due.minor, "due.released"), (payee, fees, fee, "fee.taken")]
    await ledger.post_many(
        db, [ledger.Posting(giver, taker, minor, why, code) for giver, taker, minor, code in moves if minor > 0]
    )
    payout_id = None
    if due.minor > fee:
        payout_id = await instruct_payout(
            db, org=due.payee_org, minor=due.minor - fee, channel=Channel.ESCROW, why=why, actor=actor
        )
    due.fee_minor = fee
    due.released_at = await clock.market_now(db)
    await db.flush()
    journal.record(db, Released(due.id, due.subject, due.purpose, payout_id), actor=actor)
    return ReleaseFacts(due.id, due.minor, fee, payout_id)


async def _fee(db: AsyncSession, due: Due, fee_code: str | None) -> int:
    if fee_code is None:
        return 0
    rate = await rulebook.get_rule(db, fee_code, on=due.rule_date)
    payer = await rulebook.get_rule(db, f"{fee_code}.payer", on=due.rule_date)
    if payer.value != "payee":
        raise errors.FeePayerUnknown(payer=payer.value)
    rounding = await rulebook.get_rule(db, f"{fee_code}.rounding", on=due.rule_date)
    return rules.fee_of(due.minor, rate.decimal, rounding.value)


async def escrow_of(db: AsyncSession, org_id: UUID) -> UUID:
    return await ledger.account(db, purpose=ledger.Purpose.ESCROW, owner=org_id)


async def due_escrow(db: AsyncSession, due: Due) -> UUID:
    """Where the money of a paid due waits for its release: apart from all other money of the payer."""
    return await ledger.account(db, purpose=ledger.Purpose.ESCROW, owner=due.payer_org, subject=Ref("due", due.id))


def facts_of(due: Due) -> DueFacts:
    return DueFacts(
        due.id,
        due.reference,
        due.payer_org,
        due.payee_org,
        due.minor,
        due.paid_minor,
        due.fee_minor,
        due.due_on,
        due.rule_date,
        Ref.parse(due.subject),
        due.purpose,
        due.state,
        due.paid_at,
        due.released_at,
    )


# --- payouts --------------------------------------------------------------------------------------------------------


async def instruct_payout(
    db: AsyncSession, *, org: UUID, minor: int, channel: Channel, why: Ref, actor: Actor | None
) -> UUID:
    """Write down that an organisation is to be paid, once for one reason. See `instruct_payouts`."""
    payout_id = (await instruct_payouts(db, [PayoutOrder(org, minor, channel, why)]))[0]
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
    payouts = [
        Payout(
            id=new_id(),
            org_id=order.org,
            minor=order.minor,
            channel=order.channel,
            state=PAYOUT.initial,
            why=str(order.why),
            hold_id=next(held) if order.channel is Channel.ESCROW else None,
            transfer_id=next(owed) if order.channel is Channel.PAYROLL else None,
        )
        for order in orders
    ]
    db.add_all(payouts)
    await db.flush()
    return [payout.id for payout in payouts]


async def _payroll_accounts(db: AsyncSession, org_id: UUID) -> tuple[UUID, UUID, UUID]:
    book = ledger.book_of_unit(org_id)
    expense = await ledger.account(db, book=book, purpose=ledger.Purpose.EXPENSE)
    payable = await ledger.account(db, book=book, purpose=ledger.Purpose.PAYABLE)
    return expense, payable, await ledger.account(db, book=book, purpose=ledger.Purpose.BANK)


async def get_payout(db: AsyncSession, payout_id: UUID) -> PayoutFacts:
    return _payout_facts(await repository.get_payout(db, payout_id))


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
    line = await repository.lock_line_of_payout(db, payout.id)
    if line is not None:
        line.state = BANK_LINE.move(line.state, "reopen")
        line.payout_id = None
    await db.flush()
    journal.record(db, PayoutFailed(payout.id, payout.why, payout.channel), actor=actor)
    return _payout_facts(payout)


async def fail_payout(
    db: AsyncSession, payout_id: UUID, *, actor: Actor | None, bank_reference: str | None = None
) -> PayoutFacts:
    """The money could not leave: it is free again, and the same reason may be paid anew."""
    payout = await repository.lock_payout(db, payout_id)
    payout.state = PAYOUT.move(payout.state, "fail")
    payout.bank_reference = bank_reference
    payout.settled_at = await clock.market_now(db)
    if payout.hold_id is not None:
        await ledger.void_hold(db, payout.hold_id)
    elif payout.transfer_id is not None:
        await ledger.reverse(db, payout.transfer_id, Ref("payout", payout.id))
    line = await repository.lock_line_of_payout(db, payout.id)
    if line is not None:
        line.state = BANK_LINE.move(line.state, "reopen")
        line.payout_id = None
    await db.flush()
    journal.record(db, PayoutFailed(payout.id, payout.why, payout.channel), actor=actor)
    return _payout_facts(payout)


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

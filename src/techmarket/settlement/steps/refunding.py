"""Refunds: what was paid for a deal that does not stand goes back to who paid it, by the way it came."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref
from techmarket.kernel.periods import shanghai_day
from techmarket.ledger import steps as ledger
from techmarket.rulebook import steps as rulebook
from techmarket.settlement import errors, repository
from techmarket.settlement.events import DueRefunded
from techmarket.settlement.lifecycle import DUE, DueState, PayoutState
from techmarket.settlement.rules import Channel, Purpose
from techmarket.settlement.steps.invoicing import correct_invoices
from techmarket.settlement.steps.owing import EXCHANGE_FEE, due_escrow, pay_from_escrow, raise_due
from techmarket.settlement.steps.own import require_own
from techmarket.settlement.steps.paying import escrow_of, fail_payout, instruct_payout
from techmarket.settlement.tables import Due


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """Money still in the market is paid back at once (`payout_id`); what the payee has, he owes (`refund_due_id`)."""

    due_id: UUID
    minor: int
    fee_minor: int
    payout_id: UUID | None
    refund_due_id: UUID | None


async def refund_due(db: AsyncSession, due_id: UUID, *, actor: Actor | None) -> RefundFacts:
    """A paid due is undone (退款). What the market still has goes back by the original route; what the payee got, he
    owes the payer by a due of its own. The market gives its fee back where the tariff says so.
    """
    due = await repository.lock_due(db, due_id)
    state = DUE.move(due.state, "refund")
    if due.payee_org is None or due.purpose in (Purpose.REFUND, Purpose.FEE):
        raise errors.NothingToRefund(reference=due.reference)
    fee = 0
    if due.released_at is None:
        await _move(db, await due_escrow(db, due), due, due.minor)
        refund = None
    else:
        fee = await _give_fee_back(db, due)
        refund = None if await _catch(db, due, fee, actor) else await _owed_back(db, due, fee, actor)
    due.state, due.refund_due_id = state, refund
    await db.flush()
    payout_id = None
    if refund is None:
        payout_id = await instruct_payout(
            db,
            org=due.payer_org,
            minor=due.minor,
            channel=Channel.ESCROW,
            why=Ref("refund", due.id),
            actor=actor,
            back_of=due.id,
        )
    await correct_invoices(db, due.id, fee_returned=fee > 0)
    journal.record(db, DueRefunded(due.id, due.subject, due.purpose, refund), actor=actor)
    return RefundFacts(due.id, due.minor, fee, payout_id, refund)


async def _move(db: AsyncSession, source: UUID, due: Due, minor: int) -> None:
    target = await escrow_of(db, due.payer_org)
    await ledger.post(db, debit=source, credit=target, minor=minor, why=Ref("due", due.id), code="due.refunded")


async def fee_kept(db: AsyncSession, due_id: UUID) -> int:
    """What the market has kept of a due as its fee: nothing once a refund gave it back."""
    due = await repository.get_due(db, due_id)
    gave_back = due.state is DueState.REFUNDED and await _fee_returns(db, due)
    return 0 if gave_back else due.fee_minor or 0


async def _fee_returns(db: AsyncSession, due: Due) -> bool:
    return (await rulebook.get_rule(db, f"{EXCHANGE_FEE}.returned_on_refund", on=due.rule_date)).is_set


async def _give_fee_back(db: AsyncSession, due: Due) -> int:
    if not due.fee_minor or not await _fee_returns(db, due):
        return 0
    assert due.payee_org is not None
    await require_own(db, due.fee_minor)
    fees = await ledger.account(db, purpose=ledger.Purpose.FEES)
    payee = await escrow_of(db, due.payee_org)
    await ledger.post(db, debit=fees, credit=payee, minor=due.fee_minor, why=Ref("due", due.id), code="fee.returned")
    return due.fee_minor


async def _catch(db: AsyncSession, due: Due, fee_minor: int, actor: Actor | None) -> bool:
    """The payee's payout has not been given to the bank yet: it is called off, and the money is here."""
    assert due.payee_org is not None
    payout = await repository.lock_payout_of(db, why=str(Ref("due", due.id)), org_id=due.payee_org)
    if payout is None or payout.state is not PayoutState.INSTRUCTED or fee_minor < (due.fee_minor or 0):
        return False
    await fail_payout(db, payout.id, actor=actor)
    await _move(db, await escrow_of(db, due.payee_org), due, due.minor)
    return True


async def _owed_back(db: AsyncSession, due: Due, fee_minor: int, actor: Actor | None) -> UUID:
    """What the payee has received he owes the payer, today; the fee that came back is the first part of it."""
    assert due.payee_org is not None
    owed = await raise_due(
        db,
        payer=due.payee_org,
        payee=due.payer_org,
        minor=due.minor,
        due_on=shanghai_day(await clock.market_now(db)),
        subject=Ref.parse(due.subject),
        purpose=Purpose.REFUND,
        rule_date=due.rule_date,
        actor=actor,
    )
    if fee_minor:
        await pay_from_escrow(db, owed.id, minor=fee_minor, actor=actor)
    return owed.id

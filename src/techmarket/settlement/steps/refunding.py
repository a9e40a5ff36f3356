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
from techmarket.settlement.repository import statements
from techmarket.settlement.rules import Channel, Purpose
from techmarket.settlement.steps.invoicing import correct_invoices
from techmarket.settlement.steps.owing import EXCHANGE_FEE, due_escrow, pay_from_escrow, raise_due
from techmarket.settlement.steps.own import require_own_for_fee
from techmarket.settlement.steps.paying import escrow_of, instruct_payout, stop_payout
from techmarket.settlement.tables import Due, Payout


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
    fee, refund = 0, None
    payout = await repository.lock_last_payout_of(db, why=str(Ref("due", due.id)), org_id=due.payee_org)
    await _lock_accounts(db, due)
    if due.released_at is None:
        await _move(db, await due_escrow(db, due), due, due.minor)
    else:
        fee = await _give_fee_back(db, due)
        here = await _catch(db, due, payout, fee, actor)
        if here < due.minor:
            refund = await _owed_back(db, due, here, actor)
        else:
            await _move(db, await escrow_of(db, due.payee_org), due, due.minor)
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


async def _lock_accounts(db: AsyncSession, due: Due) -> None:
    """Every account that a refund may move, in the one order for all, before the first move."""
    assert due.payee_org is not None
    purposes = (ledger.Purpose.BANK, ledger.Purpose.FEES, ledger.Purpose.EXPENSE)
    accounts = {await ledger.account(db, purpose=purpose) for purpose in purposes}
    accounts |= {await escrow_of(db, org) for org in (due.payer_org, due.payee_org)}
    await ledger.lock(db, accounts | {await due_escrow(db, due)})


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
    await require_own_for_fee(db, due.id, due.fee_minor)
    due.unshared_minor = 0
    fees = await ledger.account(db, purpose=ledger.Purpose.FEES)
    payee = await escrow_of(db, due.payee_org)
    await ledger.post(db, debit=fees, credit=payee, minor=due.fee_minor, why=Ref("due", due.id), code="fee.returned")
    return due.fee_minor


async def _catch(db: AsyncSession, due: Due, payout: Payout | None, fee_minor: int, actor: Actor | None) -> int:
    """How much of the due lies free with the payee here. A payout that the bank does not know yet is called off; of
    one that failed the money is here still, unless the bank shows that it left or the payee has used it.
    """
    assert due.payee_org is not None
    if payout is None:
        return fee_minor
    if payout.state is PayoutState.INSTRUCTED and fee_minor >= (due.fee_minor or 0):
        await stop_payout(db, payout.id, actor=actor)
    elif payout.state is not PayoutState.FAILED or await statements.is_missing(db, payout.why):
        return fee_minor
    return min(due.minor, payout.minor + fee_minor, await ledger.available(db, await escrow_of(db, due.payee_org)))


async def _owed_back(db: AsyncSession, due: Due, here_minor: int, actor: Actor | None) -> UUID:
    """What the payee has received he owes the payer, today; the fee that came back and what lies here still are the
    first part of it.
    """
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
    if here_minor:
        await pay_from_escrow(db, owed.id, minor=here_minor, actor=actor)
    return owed.id

"""What people and the bank do in settlement: money arrives, is matched or looked at, released, paid out."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.db.keys import Keys
from techmarket.db.session import Tx
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.identity.permissions import require
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.money import Money
from techmarket.kernel.paging import Page, last_id, page_of
from techmarket.kernel.periods import shanghai_day
from techmarket.kernel.refusals import NotFound
from techmarket.ledger import steps as ledger
from techmarket.settlement import errors, policy, repository, rules, steps
from techmarket.settlement.events import (
    BankLineAssigned,
    BankLineReceived,
    BankLineReturned,
    DueOverdue,
    PayoutInstructed,
    PayoutSent,
)
from techmarket.settlement.lifecycle import BANK_LINE, DUE, PAYOUT, DueState, LineState, PayoutState
from techmarket.settlement.rules import BankMessage, Channel, Outcome
from techmarket.settlement.tables import BankLine, Due, Payout
from techmarket.settlement.views import BankLineView, DueView, PayoutView

# --- the bank's door ------------------------------------------------------------------------------------------------


async def receive_bank_message(tx: Tx, keys: Keys, raw: bytes, signature: str, timestamp: str) -> BankLineView:
    """Money has arrived at the bank. The same message has one effect and one answer, however often it comes.

    The signature's age is judged by real time: the market clock of a sandbox never revives an old message.
    """
    rules.require_genuine(keys.bank_secret, raw, signature=signature, timestamp=timestamp, real_now=datetime.now(UTC))
    message = rules.read_message(raw)
    digest = hashlib.sha256(raw).digest()
    async with tx.begin() as db:
        line_id = await repository.put_line(db, message, digest)
        if line_id is None:
            known = await repository.line_by_message(db, message.message_id)
            if known.body_sha256 != digest:
                raise errors.MessageDiffers(message_id=message.message_id)
            return _line_view(known)
        line = await repository.lock_line(db, line_id)
        due = await repository.lock_due_by_reference(db, message.reference)
        line.outcome = await _judge(db, message, due)
        bank = await ledger.account(db, purpose=ledger.Purpose.BANK)
        if due is not None and line.outcome is Outcome.MATCHED:
            escrow = await steps.escrow_of(db, due.payer_org)
            line.state = BANK_LINE.move(line.state, "match")
            line.due_id = due.id
        else:
            escrow = await _suspense(db, line)
        await ledger.post(
            db, debit=bank, credit=escrow, minor=line.minor, why=Ref("bank_line", line.id), code="bank.received"
        )
        await db.flush()
        journal.record(db, BankLineReceived(line.id, line.outcome), actor=None)
        if due is not None and line.outcome is Outcome.MATCHED:
            await steps.take_payment(db, due, line.minor, actor=None)
        elif due is not None and rules.goes_back_by_itself(
            line.outcome, due.purpose, is_cancelled=due.state is DueState.CANCELLED
        ):
            await _return(db, line, None)
        return _line_view(line)


async def _judge(db: AsyncSession, message: BankMessage, due: Due | None) -> Outcome:
    if due is None:
        return rules.judge_line(message, outstanding_minor=None, is_open=False, payer_names=())
    payer = await identity.get_organisation(db, due.payer_org)
    return rules.judge_line(
        message,
        outstanding_minor=due.minor - due.paid_minor,
        is_open=due.state is DueState.OPEN,
        payer_names=(payer.name, payer.name_en),
        payer_account=due.payer_account,
    )


async def _suspense(db: AsyncSession, line: BankLine) -> UUID:
    return await ledger.account(db, purpose=ledger.Purpose.SUSPENSE, subject=Ref("bank_line", line.id))


async def assign_line(tx: Tx, actor: Actor, line_id: UUID, *, due_id: UUID) -> BankLineView:
    """A person says which due unmatched money is for: too little counts as a part, what is over stays the payer's.

    What is over a deposit would stay for nothing: it goes back at once.
    """
    require(actor, policy.ASSIGN_LINE)
    async with tx.begin() as db:
        line = await repository.lock_line(db, line_id)
        line.state = BANK_LINE.move(line.state, "assign")
        due = await repository.lock_due(db, due_id)
        DUE.move(due.state, "pay")
        line.due_id = due.id
        suspense, escrow = await _suspense(db, line), await steps.escrow_of(db, due.payer_org)
        await ledger.post(
            db, debit=suspense, credit=escrow, minor=line.minor, why=Ref("bank_line", line.id), code="bank.assigned"
        )
        wanted = min(line.minor, due.minor - due.paid_minor)
        await steps.take_payment(db, due, wanted, actor=actor)
        if due.payee_org is None and line.minor > wanted:
            await steps.instruct_payout(
                db,
                org=due.payer_org,
                minor=line.minor - wanted,
                channel=Channel.ESCROW,
                why=Ref("bank_line", line.id),
                actor=actor,
            )
        journal.record(db, BankLineAssigned(line.id, due.id), actor=actor)
        return _line_view(line)


async def return_line(tx: Tx, actor: Actor, line_id: UUID) -> BankLineView:
    """Money that is for no due goes back to the account it came from, by a payout the bank has to confirm."""
    require(actor, policy.RETURN_LINE)
    async with tx.begin() as db:
        line = await repository.lock_line(db, line_id)
        await _return(db, line, actor)
        return _line_view(line)


async def _return(db: AsyncSession, line: BankLine, actor: Actor | None) -> None:
    line.state = BANK_LINE.move(line.state, "return")
    suspense, bank = await _suspense(db, line), await ledger.account(db, purpose=ledger.Purpose.BANK)
    why = Ref("bank_line", line.id)
    payout = Payout(
        id=new_id(),
        org_id=None,
        minor=line.minor,
        channel=Channel.ESCROW,
        state=PAYOUT.initial,
        why=str(why),
        hold_id=await ledger.hold(db, source=suspense, target=bank, minor=line.minor, why=why),
    )
    db.add(payout)
    await db.flush()
    line.payout_id = payout.id
    journal.record(db, BankLineReturned(line.id, payout.id), actor=actor)
    await db.flush()


async def list_lines(
    tx: Tx, actor: Actor, *, state: LineState | None, cursor: str | None, limit: int
) -> Page[BankLineView]:
    """What the bank has told, oldest first; the unmatched ones wait for a person."""
    require(actor, policy.SEE_BANK_LINES)
    async with tx.read() as db:
        rows = await repository.list_lines(db, state=state, after=last_id(cursor), limit=limit + 1)
        return page_of(rows, limit, lambda row: (str(row.id),)).map(_line_view)


# --- dues -----------------------------------------------------------------------------------------------------------


async def list_dues(
    tx: Tx, actor: Actor, *, state: DueState | None, subject: Ref | None, cursor: str | None, limit: int
) -> Page[DueView]:
    """What my organisation owes or is owed, the newest first; the market sees all."""
    require(actor, policy.SEE_DUES, parties=[actor.org_id])
    async with tx.read() as db:
        rows = await repository.list_dues(
            db,
            org_id=None if actor.is_market else actor.org,
            state=state,
            subject=str(subject) if subject else None,
            after=last_id(cursor),
            limit=limit + 1,
        )
        return page_of(rows, limit, lambda row: (str(row.id),)).map(lambda row: _due_view(row, actor))


async def get_due(tx: Tx, actor: Actor, due_id: UUID) -> DueView:
    """One due, for its payer, its payee and the market."""
    async with tx.read() as db:
        due = await repository.get_due(db, due_id)
        parties = [due.payer_org, due.payee_org]
        if not actor.is_market and (actor.org_id is None or actor.org_id not in parties):
            raise NotFound()
        require(actor, policy.SEE_DUES, parties=parties)
        return _due_view(due, actor)


async def release_due(tx: Tx, actor: Actor, due_id: UUID) -> DueView:
    """The market's finance lets the money of a paid due go to its payee."""
    require(actor, policy.RELEASE)
    async with tx.begin() as db:
        await steps.release(db, due_id=due_id, actor=actor)
        return _due_view(await repository.get_due(db, due_id), actor)


async def announce_overdue(tx: Tx, *, limit: int = 100) -> int:
    """A due is overdue once its day has passed; that is told once. Returns how many were told."""
    async with tx.begin() as db:
        now = await clock.market_now(db)
        late = await repository.lock_overdue(db, shanghai_day(now), limit)
        for due in late:
            due.overdue_at = now
            journal.record(db, DueOverdue(due.id, due.subject, due.purpose, due.due_on), actor=None)
        return len(late)


# --- payouts --------------------------------------------------------------------------------------------------------


async def list_payouts(
    tx: Tx, actor: Actor, *, state: PayoutState | None, cursor: str | None, limit: int
) -> Page[PayoutView]:
    """What was paid out to my organisation or by its payroll, the newest first; the market sees all."""
    require(actor, policy.SEE_PAYOUTS, parties=[actor.org_id])
    async with tx.read() as db:
        rows = await repository.list_payouts(
            db,
            org_id=None if actor.is_market else actor.org,
            state=state,
            after=last_id(cursor),
            limit=limit + 1,
        )
        return page_of(rows, limit, lambda row: (str(row.id),)).map(_payout_view)


async def send_payout(tx: Tx, actor: Actor, payout_id: UUID) -> PayoutView:
    """The instruction has been given to the bank."""
    require(actor, policy.SETTLE_PAYOUT)
    async with tx.begin() as db:
        payout = await _lock_for_the_bank(db, payout_id)
        payout.state = PAYOUT.move(payout.state, "send")
        journal.record(db, PayoutSent(payout.id), actor=actor)
        return _payout_view(payout)


async def settle_payout(
    tx: Tx, actor: Actor, payout_id: UUID, *, is_confirmed: bool, bank_reference: str
) -> PayoutView:
    """The bank's answer: paid, or it could not be."""
    require(actor, policy.SETTLE_PAYOUT)
    async with tx.begin() as db:
        payout = await _lock_for_the_bank(db, payout_id)
        step = steps.confirm_payout if is_confirmed else steps.fail_payout
        await step(db, payout_id, actor=actor, bank_reference=bank_reference)
        return _payout_view(payout)


async def renew_payout(tx: Tx, actor: Actor, payout_id: UUID) -> PayoutView:
    """What the bank could not pay is instructed anew, for the same reason and amount."""
    require(actor, policy.SETTLE_PAYOUT)
    async with tx.begin() as db:
        failed = await _lock_for_the_bank(db, payout_id)
        if failed.state is not PayoutState.FAILED or failed.org_id is None:
            raise errors.NothingToRenew()
        if await repository.has_live_payout(db, why=failed.why, org_id=failed.org_id, channel=failed.channel):
            raise errors.NothingToRenew()
        order = steps.PayoutOrder(failed.org_id, failed.minor, failed.channel, Ref.parse(failed.why))
        [fresh] = await steps.instruct_payouts(db, [order])
        journal.record(db, PayoutInstructed(fresh, failed.why, failed.channel), actor=actor)
        return _payout_view(await repository.get_payout(db, fresh))


async def _lock_for_the_bank(db: AsyncSession, payout_id: UUID) -> Payout:
    payout = await repository.lock_payout(db, payout_id)
    if payout.channel is Channel.PAYROLL:
        raise errors.PaidByTheUnit()
    return payout


# --- views ----------------------------------------------------------------------------------------------------------


def _due_view(due: Due, actor: Actor) -> DueView:
    # The fee is between the market and the payee; the payer has no part in it.
    sees_fee = due.fee_minor is not None and (actor.is_market or actor.org_id == due.payee_org)
    return DueView(
        due.id,
        due.reference,
        due.payer_org,
        due.payee_org,
        Money(due.minor),
        Money(due.paid_minor),
        Money(0 if due.state is DueState.CANCELLED else due.minor - due.paid_minor),
        Money(due.fee_minor) if sees_fee and due.fee_minor is not None else None,
        due.due_on,
        due.subject,
        due.purpose,
        due.state,
        due.paid_at,
        due.released_at,
    )


def _line_view(line: BankLine) -> BankLineView:
    assert line.outcome is not None
    return BankLineView(
        line.id,
        line.message_id,
        line.payer_account,
        line.payer_name,
        Money(line.minor),
        line.reference,
        line.booked_at,
        line.received_at,
        line.outcome,
        line.state,
        line.due_id,
        line.payout_id,
    )


def _payout_view(payout: Payout) -> PayoutView:
    return PayoutView(
        payout.id,
        payout.org_id,
        Money(payout.minor),
        payout.channel,
        payout.state,
        payout.why,
        payout.bank_reference,
        payout.instructed_at,
        payout.settled_at,
    )

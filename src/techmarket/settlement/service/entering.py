"""What every way in has in common: money that came is entered, pays a due, waits for a person, or goes back."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import journal
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref, new_id
from techmarket.ledger import steps as ledger
from techmarket.settlement import rules, steps
from techmarket.settlement.events import BankLineReceived, BankLineReturned
from techmarket.settlement.lifecycle import BANK_LINE, PAYOUT, DueState
from techmarket.settlement.rules import BankMessage, Channel, Outcome
from techmarket.settlement.tables import BankLine, Due, Payout


async def enter(db: AsyncSession, line: BankLine, message: BankMessage, due: Due | None, actor: Actor | None) -> None:
    """Money that came pays its due if everything is right, else it waits apart. Line and due are locked."""
    line.outcome = await _judge(db, message, due)
    bank = await ledger.account(db, purpose=ledger.Purpose.BANK)
    if due is not None and line.outcome is Outcome.MATCHED:
        escrow = await steps.escrow_of(db, due.payer_org)
        line.state = BANK_LINE.move(line.state, "match")
        line.due_id = due.id
    else:
        escrow = await suspense_of(db, line)
    await ledger.post(
        db, debit=bank, credit=escrow, minor=line.minor, why=Ref("bank_line", line.id), code="bank.received"
    )
    await db.flush()
    journal.record(db, BankLineReceived(line.id, line.outcome), actor=actor)
    if due is not None and line.outcome is Outcome.MATCHED:
        await steps.take_payment(db, due, line.minor, actor=actor)
    elif due is not None and rules.goes_back_by_itself(
        line.outcome, due.purpose, is_cancelled=due.state is DueState.CANCELLED
    ):
        await give_back(db, line, actor)


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


async def suspense_of(db: AsyncSession, line: BankLine) -> UUID:
    return await ledger.account(db, purpose=ledger.Purpose.SUSPENSE, subject=Ref("bank_line", line.id))


async def give_back(db: AsyncSession, line: BankLine, actor: Actor | None) -> None:
    line.state = BANK_LINE.move(line.state, "return")
    suspense, bank = await suspense_of(db, line), await ledger.account(db, purpose=ledger.Purpose.BANK)
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

"""What every way in has in common: money that came is entered, pays a due, waits for a person, or goes back."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.db import clock, journal
from techmarket.identity import steps as identity
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref, new_id
from techmarket.kernel.periods import shanghai_day
from techmarket.ledger import steps as ledger
from techmarket.rulebook import steps as rulebook
from techmarket.settlement import repository, rules, steps
from techmarket.settlement.events import BankLineReceived, BankLineReturned
from techmarket.settlement.lifecycle import BANK_LINE, PAYOUT, DueState, LineState
from techmarket.settlement.rules import BankMessage, Channel, Outcome, Tolerance
from techmarket.settlement.steps.own import own_money
from techmarket.settlement.tables import BankLine, Due, Payout


async def tolerance(db: AsyncSession) -> Tolerance:
    """How exactly money has to fit today, as the rulebook says."""
    today = shanghai_day(await clock.market_now(db))
    short, over, in_text = [
        await rulebook.get_rule(db, f"settlement.matching.{name}", on=today)
        for name in ("short_max", "over_max", "reference_in_text")
    ]
    return Tolerance(short.int, over.int, in_text.is_set)


async def new_line(db: AsyncSession, message: BankMessage, body_sha256: bytes) -> BankLine | None:
    """A line for money not known yet, locked; None if it is. One that was voided with its statement comes to life."""
    line_id = await repository.put_line(db, message, body_sha256)
    if line_id is not None:
        return await repository.lock_line(db, line_id)
    known = await repository.line_by_message(db, message.message_id)
    if known.state is not LineState.VOIDED:
        return None
    line = await repository.lock_line(db, known.id)
    if line.state is not LineState.VOIDED:
        return None
    line.state = BANK_LINE.move(line.state, "reopen")
    line.body_sha256, line.payer_account, line.payer_name = body_sha256, message.payer_account, message.payer_name
    line.minor, line.reference, line.booked_at = message.minor, message.reference, message.booked_at
    await db.flush()
    return line


async def enter(
    db: AsyncSession,
    line: BankLine,
    message: BankMessage,
    due: Due | None,
    actor: Actor | None,
    *,
    tolerated: Tolerance,
) -> None:
    """Money that came pays its due if everything is right, else it waits apart. Line and due are locked."""
    bank = await ledger.account(db, purpose=ledger.Purpose.BANK)
    await _lock_accounts(db, line, bank, due)
    line.outcome = await _judge(db, message, due, tolerated)
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
        await _bear_shortage(db, line, due)
        await count_towards(db, line, due, actor)
    elif due is not None and rules.goes_back_by_itself(
        line.outcome, due.purpose, is_cancelled=due.state is DueState.CANCELLED
    ):
        await give_back(db, line, actor)


async def _lock_accounts(db: AsyncSession, line: BankLine, bank: UUID, due: Due | None) -> None:
    """Every account that this money may move, in the one order for all, before the first move."""
    accounts = {bank}
    if due is not None:
        accounts |= {await steps.escrow_of(db, due.payer_org)}
        accounts |= {await steps.due_escrow(db, due)} if due.payee_org is not None else set()
        if line.minor < due.minor - due.paid_minor:  # the market may bear the rest
            accounts |= {
                await ledger.account(db, purpose=purpose) for purpose in (ledger.Purpose.FEES, ledger.Purpose.EXPENSE)
            }
    await ledger.lock(db, accounts)


async def _judge(db: AsyncSession, message: BankMessage, due: Due | None, tolerated: Tolerance) -> Outcome:
    if due is None:
        return rules.judge_line(message, outstanding_minor=None, is_open=False, payer_names=())
    payer = await identity.get_organisation(db, due.payer_org)
    outstanding = due.minor - due.paid_minor
    outcome = rules.judge_line(
        message,
        outstanding_minor=outstanding,
        is_open=due.state is DueState.OPEN,
        payer_names=(payer.name, payer.name_en),
        payer_account=due.payer_account,
        tolerance=tolerated,
    )
    if outcome is Outcome.MATCHED and message.minor < outstanding:
        # The market bears what it tolerates, and it can bear only what is its own.
        return outcome if (await own_money(db)).free >= outstanding - message.minor else Outcome.SHORT
    return outcome


async def _bear_shortage(db: AsyncSession, line: BankLine, due: Due) -> None:
    """A shortage within what is tolerated, such as another bank's charge, becomes the market's own expense."""
    lacking = due.minor - due.paid_minor - line.minor
    if lacking > 0:
        await ledger.post(
            db,
            debit=await ledger.account(db, purpose=ledger.Purpose.EXPENSE),
            credit=await steps.escrow_of(db, due.payer_org),
            minor=lacking,
            why=Ref("bank_line", line.id),
            code="bank.shortage_borne",
        )


async def count_towards(db: AsyncSession, line: BankLine, due: Due, actor: Actor | None) -> None:
    """Money in the payer's escrow pays its due; what is over stays the payer's.

    What is over a deposit would stay for nothing: it goes back at once, to the account it came from.
    """
    outstanding = due.minor - due.paid_minor
    # A matched line that is short was topped up; one that a person assigns counts as a part.
    counted = outstanding if line.outcome is Outcome.MATCHED else min(line.minor, outstanding)
    await steps.take_payment(db, due, counted, actor=actor)
    if due.payee_org is None and line.minor > counted:
        await steps.instruct_payout(
            db,
            org=due.payer_org,
            minor=line.minor - counted,
            channel=Channel.ESCROW,
            why=Ref("bank_line", line.id),
            actor=actor,
            back_of=due.id,
        )


async def suspense_of(db: AsyncSession, line: BankLine) -> UUID:
    return await ledger.account(db, purpose=ledger.Purpose.SUSPENSE, subject=Ref("bank_line", line.id))


async def give_back(db: AsyncSession, line: BankLine, actor: Actor | None) -> None:
    """Money that is for nothing here goes back to the account it came from."""
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
        to_account=line.payer_account or None,
        to_name=line.payer_name or None,
        hold_id=await ledger.hold(db, source=suspense, target=bank, minor=line.minor, why=why),
    )
    db.add(payout)
    await db.flush()
    line.payout_id = payout.id
    journal.record(db, BankLineReturned(line.id, payout.id), actor=actor)
    await db.flush()

"""Paying: fixed parts fall due, what is paid is marked where it belongs, and what came late bears its interest."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from techmarket.contracts import plans, repository, rules
from techmarket.contracts.events import LateInterestRaised, PaymentUndone, PlanLinePaid, RoyaltyPaid
from techmarket.contracts.lifecycle import PLAN_LINE, LineState
from techmarket.contracts.rules import DeadlineKind, LineKind, PartyRole
from techmarket.contracts.service.watching import done, watch_payment
from techmarket.contracts.service.writing import terms_of
from techmarket.contracts.tables import Contract, PlanLine, RoyaltyReport
from techmarket.db import clock, journal
from techmarket.db.session import Tx
from techmarket.identity.actor import Actor
from techmarket.kernel.ids import Ref
from techmarket.kernel.periods import shanghai_day
from techmarket.rulebook import steps as rulebook
from techmarket.settlement import steps as settlement
from techmarket.settlement.rules import MINOR_MAX, Purpose
from techmarket.settlement.steps import DueFacts


async def mark_paid(tx: Tx, due_id: UUID) -> bool:
    """A paid due marks its plan line, report or correction, and what came late bears the interest that was agreed.

    Twice is harmless; says whether it changed anything.
    """
    async with tx.begin() as db:
        contract_id = await repository.contract_of_due(db, due_id)
        if contract_id is None:
            return False
        contract = await repository.lock_contract(db, contract_id)
        due = await settlement.get_due(db, due_id)
        if not due.is_paid:  # it went back before this was told
            return False
        await done(db, contract.id, DeadlineKind.PAYMENT, about=due.id, at=due.paid_at or await clock.market_now(db))
        line = await repository.find_line_by_due(db, due_id)
        if line is not None:
            if line.state is not LineState.DUE:
                return False
            line.state = PLAN_LINE.move(line.state, "pay")
            line.interest_due_id = await _interest_on_line(db, contract, line, due)
            journal.record(db, PlanLinePaid(contract.id, line.id), actor=None)
            return True
        said = await repository.find_report_by_due(db, due_id) or await repository.find_correction_by_due(db, due_id)
        if said is None or said.paid_at is not None:
            return False
        said.paid_at = await clock.market_now(db)
        report_id = said.id if isinstance(said, RoyaltyReport) else said.report_id
        said.interest_due_id = await _interest_on_royalty(db, contract, report_id, due)
        journal.record(db, RoyaltyPaid(contract.id, report_id), actor=None)
        return True


async def mark_refunded(tx: Tx, due_id: UUID) -> bool:
    """A paid due that was undone is paid no longer, nor is its plan line, report or correction. Twice is harmless."""
    async with tx.begin() as db:
        contract_id = await repository.contract_of_due(db, due_id)
        if contract_id is None:
            return False
        contract = await repository.lock_contract(db, contract_id)
        line = await repository.find_line_by_due(db, due_id)
        if line is not None:
            if not PLAN_LINE.can(line.state, "refund"):
                return False
            line.state = PLAN_LINE.move(line.state, "refund")
            journal.record(db, PaymentUndone(contract.id, due_id), actor=None)
            return True
        said = await repository.find_report_by_due(db, due_id) or await repository.find_correction_by_due(db, due_id)
        if said is None or said.paid_at is None:
            return False
        said.paid_at = None
        journal.record(db, PaymentUndone(contract.id, due_id), actor=None)
        return True


async def _interest_on_line(db: AsyncSession, contract: Contract, line: PlanLine, due: DueFacts) -> UUID | None:
    """An instalment that bears interest bears it from the contract's effect to the day of its payment."""
    rate = terms_of(line).interest_daily_rate
    if rate is None or contract.in_force_at is None or due.paid_at is None:
        return None
    since, until = shanghai_day(contract.in_force_at), shanghai_day(due.paid_at)
    return await _raise_interest(db, contract, due, plans.late_interest(due.minor, rate, due_on=since, paid_on=until))


async def _interest_on_royalty(db: AsyncSession, contract: Contract, report_id: UUID, due: DueFacts) -> UUID | None:
    """A royalty paid late bears the agreed interest from the day after it was due."""
    report = await repository.get_report(db, report_id)
    line = next(one for one in await repository.plan_of(db, contract.id) if one.id == report.plan_line_id)
    royalty = terms_of(line).royalty
    if royalty is None or royalty.late_daily_rate is None or due.paid_at is None:
        return None
    minor = plans.late_interest(
        due.minor, royalty.late_daily_rate, due_on=due.due_on, paid_on=shanghai_day(due.paid_at)
    )
    return await _raise_interest(db, contract, due, minor)


async def _raise_interest(db: AsyncSession, contract: Contract, late: DueFacts, minor: int) -> UUID | None:
    """Interest is due with the money that bears it: on the day that was paid."""
    if minor <= 0 or late.paid_at is None:
        return None
    raised = await settlement.raise_due(
        db,
        payer=late.payer_org,
        payee=late.payee_org,
        minor=min(minor, MINOR_MAX),  # more than a bank message can carry is nobody's interest
        due_on=shanghai_day(late.paid_at),
        subject=Ref("contract", contract.id),
        purpose=Purpose.INTEREST,
        rule_date=contract.rule_date,
        actor=None,
    )
    watch_payment(db, contract, raised)
    journal.record(db, LateInterestRaised(contract.id, raised.id), actor=None)
    return raised.id


async def raise_fixed_parts(
    db: AsyncSession, contract: Contract, parties: dict[PartyRole, UUID], *, now: datetime, actor: Actor
) -> None:
    """The fixed parts are due as agreed; the deposit taken with the award pays the first of them as far as it goes.

    What the deposit was above them goes back to the buyer: it is not the seller's, and nothing else would free it.
    """
    left = contract.deposit_minor
    for line in await repository.plan_of(db, contract.id):
        if line.kind is LineKind.EQUITY:
            line.state = PLAN_LINE.move(line.state, "contribute")
        if line.kind in plans.ON_EFFECT and line.state is LineState.PLANNED:
            await raise_line(db, contract, line, parties, start=now, actor=actor)
            line.credited_minor = rules.deposit_for_fee(line.minor or 0, left)
            if line.credited_minor:
                assert line.due_id is not None
                await settlement.pay_from_escrow(db, line.due_id, minor=line.credited_minor, actor=actor)
            left -= line.credited_minor
    if left and contract.award_id is not None:
        await settlement.instruct_payout(
            db,
            org=parties[PartyRole.PAYER],
            minor=left,
            channel=settlement.Channel.ESCROW,
            why=Ref("award", contract.award_id),
            actor=actor,
        )
    contract.deposit_minor = 0


async def raise_line(
    db: AsyncSession,
    contract: Contract,
    line: PlanLine,
    parties: dict[PartyRole, UUID],
    *,
    start: datetime,
    actor: Actor | None,
) -> None:
    """A fixed part falls due, by its own day or within its period from the start."""
    assert line.minor is not None
    calendar = await rulebook.work_calendar(db)
    due = await settlement.raise_due(
        db,
        payer=parties[PartyRole.PAYER],
        payee=parties[PartyRole.PAYEE],
        minor=line.minor,
        due_on=plans.due_day(
            terms_of(line), start, default=plans.length_of(line.due_n, line.due_unit), calendar=calendar
        ),
        subject=Ref("contract", contract.id),
        purpose=Purpose.ENTRY_FEE if line.kind is LineKind.ENTRY_FEE else Purpose.PRICE,
        rule_date=contract.rule_date,
        actor=actor,
    )
    line.due_id, line.state = due.id, PLAN_LINE.move(line.state, "raise")
    watch_payment(db, contract, due)
